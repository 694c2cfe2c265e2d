package tcplink

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// Proxy passes every connection that l accepts on to the address to, through s, until
// l is closed. It returns when the connections have ended, too. An end that closes is
// taken to be done: there are no half-closed connections.
func Proxy(l *Listener, to string, s *Shaper) error {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		c, err := l.l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return s.Close()
		case err != nil:
			return errors.Join(fmt.Errorf("proxy: %w", err), s.Close())
		}
		all.Go(func() { relay(c, to, s) })
	}
}

// relay passes what c sends to the server and back until either ends. Its errors
// are those of the ends, which notice them as the end of the connection.
func relay(c net.Conn, to string, s *Shaper) {
	defer c.Close() //nolint:errcheck // nobody is left to be told
	d := Dialer{Addr: to, Shaper: s}
	server, err := d.connect(deadlineOf(longest))
	if err != nil {
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(c, server.c)
		_ = c.Close()
	})
	_, _ = io.Copy(server.c, c)
	_ = server.Close()
	back.Wait()
}
