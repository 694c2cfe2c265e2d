package rdr

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// echoInterval is how often a server is asked whether it is still there while a request
// waits for it that has no timer.
//
// src: KB Q135360 (an SMB echo every 30 seconds)
const echoInterval = 30 * time.Second

// useCircuit returns the live circuit, connecting if there is none; the caller is done
// with it when it says so. Only name-based calls come here: an open handle never
// outlives its circuit. A circuit that is down and has not said so yet is given up
// first.
//
// src: KB Q184998
func (r *Redirector) useCircuit() (*circuit, error) {
	if err := r.running(); err != nil {
		return nil, err
	}
	r.connecting.AcquireExclusive()
	defer r.connecting.Release()
	if live := r.begin(); live != nil {
		err := live.remote.Err()
		if err == nil {
			return live, nil
		}
		live.done()
		live.OnCircuitLost(err)
	}
	remote, err := r.connect()
	if err != nil {
		return nil, err
	}
	c := &circuit{r: r, remote: remote, limits: remote.Limits(), uses: 1, over: r.rt.NewEvent(rt.Notification)}
	c.queue = newQueue(c)
	r.mu.Lock()
	r.live = c
	r.mu.Unlock()
	remote.SetHandler(c)
	c.watchIdle(r.cfg.KeepConn)
	return c, nil
}

// begin counts a use of the live circuit, nil if there is none.
func (r *Redirector) begin() *circuit {
	r.mu.Lock()
	live := r.live
	if live != nil {
		live.uses++
	}
	r.mu.Unlock()
	return live
}

// done ends a use: from now on the circuit may be idle.
func (c *circuit) done() {
	c.r.mu.Lock()
	c.uses--
	c.used = c.r.rt.Elapsed()
	c.r.mu.Unlock()
}

// watchIdle looks after d whether the circuit has been idle for too long.
func (c *circuit) watchIdle(d time.Duration) {
	c.r.rt.AfterFunc(d, func() { c.r.rt.Go("keep connection", c.dropIfIdle) })
}

// dropIfIdle ends a circuit on which nothing is open, and nothing has been asked for
// KeepConn, without a word to anybody: the next call by name connects again. A dormant
// file is open.
//
// src: KB Q102981 (KeepConn); that open files keep the circuit is assumed (as at the
// server, KB Q102967).
func (c *circuit) dropIfIdle() {
	r := c.r
	r.connecting.AcquireExclusive() // so that nobody begins to use it meanwhile
	defer r.connecting.Release()
	left, gone := c.idleFor(r.rt.Elapsed())
	switch {
	case gone:
		return
	case left > 0:
		c.watchIdle(left)
		return
	}
	r.mu.Lock()
	c.lost = true
	r.mu.Unlock()
	c.end()
	_ = c.remote.Hangup() // nothing is left on it that could fail
}

// idleFor returns how long the circuit must stay idle yet to be dropped.
func (c *circuit) idleFor(now time.Duration) (left time.Duration, gone bool) {
	r := c.r
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case c.lost || r.live != c:
		return 0, true
	case c.uses > 0 || c.opens > 0:
		return r.cfg.KeepConn, false
	}
	return c.used + r.cfg.KeepConn - now, false
}

// countOpen counts what is open on the circuit.
func (c *circuit) countOpen(n int) {
	c.r.mu.Lock()
	c.opens += n
	c.used = c.r.rt.Elapsed()
	c.r.mu.Unlock()
}

// longTerm makes a request that the server may answer at any time, and that has no timer
// therefore. An ECHO that gets no answer is what ends it if the server is gone.
//
// src: KB Q135360; [MS-CIFS] §3.2.6.1 (requests without a timer)
func (c *circuit) longTerm(request func() error) error {
	c.countLongTerm(1)
	defer c.countLongTerm(-1)
	return request()
}

func (c *circuit) countLongTerm(n int) {
	c.r.mu.Lock()
	c.waiting += n
	start := c.waiting == 1 && n > 0
	if start {
		c.echoes++
	}
	round := c.echoes
	c.r.mu.Unlock()
	if start {
		c.armEcho(round)
	}
}

// armEcho sends the next ECHO unless the requests of this round have been answered.
func (c *circuit) armEcho(round int) {
	c.r.rt.AfterFunc(echoInterval, func() { c.r.rt.Go("echo", func() { c.echo(round) }) })
}

func (c *circuit) echo(round int) {
	if !c.echoDue(round) {
		return
	}
	if err := c.remote.Echo(); err != nil && circuitGone(err) {
		return
	}
	c.armEcho(round)
}

func (c *circuit) echoDue(round int) bool {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	return c.waiting > 0 && c.echoes == round && !c.lost
}
