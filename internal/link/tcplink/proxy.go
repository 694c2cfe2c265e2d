package tcplink

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/ntrdr/ntrdr/internal/link"
)

// Proxy passes connections of any clients on to a server through a Shaper.
type Proxy struct {
	// To is the server's host:port.
	To string
	// Shaper is the link that all connections share; Serve closes it.
	Shaper *Shaper
	// Log, if not nil, is told of each connection's begin and end. It is called from
	// several goroutines, one at a time.
	Log func(text string)

	logMu sync.Mutex
	last  atomic.Int64 // number of the last connection
}

// Serve passes on every connection that l accepts until l is closed. It returns when
// the connections have ended, too. An end that closes is taken to be done: there are no
// half-closed connections.
func (p *Proxy) Serve(l *Listener) error {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		c, err := l.l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return p.Shaper.Close()
		case err != nil:
			return errors.Join(fmt.Errorf("proxy: %w", err), p.Shaper.Close())
		}
		all.Go(func() { p.relay(c) })
	}
}

func (p *Proxy) log(format string, args ...any) {
	if p.Log != nil {
		p.logMu.Lock()
		defer p.logMu.Unlock()
		p.Log(fmt.Sprintf(format, args...))
	}
}

// relay passes what c sends to the server and back until either ends. The ends notice
// its errors as the end of the connection.
func (p *Proxy) relay(c net.Conn) {
	defer c.Close() //nolint:errcheck // nobody is left to be told
	n := p.last.Add(1)
	d := Dialer{Addr: p.To, Shaper: p.Shaper}
	server, err := d.connect(deadlineOf(longest))
	if err != nil {
		p.log("connection %d from %v: %v", n, c.RemoteAddr(), err)
		return
	}
	p.log("connection %d from %v to %s", n, c.RemoteAddr(), p.To)
	var back sync.WaitGroup
	var down int64
	back.Go(func() {
		var err error
		down, err = io.Copy(c, server.c)
		hangUp(c, err)
	})
	up, _ := io.Copy(server.c, c)
	_ = server.Close()
	back.Wait()
	p.log("connection %d ended: %d bytes up, %d down", n, up, down)
}

// hangUp closes the client's connection as its link has ended: where that broke, the
// client hears a reset.
func hangUp(c net.Conn, err error) {
	if t, ok := c.(*net.TCPConn); ok && (errors.Is(err, link.ErrReset) || errors.Is(err, link.ErrAborted)) {
		_ = t.SetLinger(0) // a socket that has gone already cannot be told
	}
	_ = c.Close()
}
