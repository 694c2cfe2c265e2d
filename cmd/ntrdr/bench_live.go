package main

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ntrdr/ntrdr/bench"
)

// liveFlags are bench's flags for trials against a live server.
type liveFlags struct {
	server   string
	direct   string
	unshaped bool
}

func (f *liveFlags) add(c *invocation) {
	c.flags.StringVar(&f.server, "server", "", "play live, against smb1://user:password@host:port/share/path; --workers trials at once, each with a directory and a link of its own")
	c.flags.StringVar(&f.direct, "direct", "", "live: host:port of another way to the server, for the Mailer, where --server's is a link already")
	c.flags.BoolVar(&f.unshaped, "unshaped", false, "live: the way to --server is a link already; --links tells its speed, and --loss is only a label")
}

// defaultLiveWorkers is how many live trials are played at once: they wait most of the
// time.
const defaultLiveWorkers = 30

// apply makes m a live matrix if a server is named.
func (f *liveFlags) apply(c *invocation, m *bench.Matrix, workers *int) error {
	if f.server == "" {
		if f.direct != "" || f.unshaped {
			return badInput("--direct and --unshaped need --server")
		}
		return nil
	}
	peer, err := parseServer(f.server)
	if err != nil {
		return err
	}
	peer.Direct, peer.Unshaped = f.direct, f.unshaped
	m.Live = &bench.Live{Peers: []bench.Peer{peer}}
	if !c.flags.Changed("workers") {
		*workers = defaultLiveWorkers
	}
	return nil
}

// watch says how far a live matrix is: which trial has ended how, and now and then that
// others go on.
func (f *liveFlags) watch(c *invocation, m bench.Matrix) (stop func()) {
	if m.Live == nil {
		return func() {}
	}
	begun := time.Now()
	c.stderr = &lockedWriter{w: c.stderr}
	var ended atomic.Int64
	m.Live.OnTrial = func(r *bench.Result) {
		fmt.Fprintf(c.stderr, "%4d of %d  %s %s loss %s seed %d: %s\n", ended.Add(1), m.Total(), r.Policy, r.Link, percent(r.Loss), r.Seed, trialText(r))
	}
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		tick := time.NewTicker(livePeriod)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				fmt.Fprintf(c.stderr, "%d of %d trials have ended after %.0f s\n", ended.Load(), m.Total(), time.Since(begun).Seconds())
			}
		}
	})
	return func() {
		close(done)
		watcher.Wait()
	}
}

// lockedWriter lets several goroutines write lines.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// livePeriod separates two lines that say that a live bench goes on.
const livePeriod = 10 * time.Second

func trialText(r *bench.Result) string {
	switch {
	case r.Error != "":
		return r.Error
	case r.Silent:
		return fmt.Sprintf("%s, told %s: silent", r.Outcome, r.Told)
	}
	return fmt.Sprintf("%s, told %s", r.Outcome, r.Told)
}

// liveError makes the failure of the server the exit status of one.
func liveError(err error) error {
	if _, ok := errors.AsType[*bench.PeerError](err); ok {
		return peerError{err}
	}
	return err
}
