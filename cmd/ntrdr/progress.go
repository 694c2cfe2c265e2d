package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// ticker prints a line of progress now and then where no bar can be drawn.
type ticker struct {
	mu    sync.Mutex
	w     io.Writer
	what  string // is counted
	total int
	done  int
	next  time.Time
}

// tickPeriod separates two lines of progress.
const tickPeriod = 5 * time.Second

// newTicker prints to stderr, or nowhere if that is a terminal, which has a bar.
func newTicker(c *invocation, what string, total int) *ticker {
	w := c.stderr
	if c.tty {
		w = io.Discard
	}
	return &ticker{w: w, what: what, total: total, next: time.Now().Add(tickPeriod)}
}

// step counts one thing done. It may be called from several goroutines.
func (t *ticker) step() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done++
	if now := time.Now(); now.After(t.next) {
		fmt.Fprintf(t.w, "%d of %d %s\n", t.done, t.total, t.what)
		t.next = now.Add(tickPeriod)
	}
}
