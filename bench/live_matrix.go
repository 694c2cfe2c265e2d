package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// LiveTrialLimit is the real time that one live trial may take if the Matrix does not
// say.
//
// src: assumed (a sender that fares badly on a slow link tries for half an hour)
const LiveTrialLimit = time.Hour

// How often a live server is asked whether it is there, and how many times in a row it
// must not answer before a run ends. Its trials would go on for long: a sender tries
// again after minutes.
//
// src: assumed (half a minute, which a server that is started anew needs at most)
const (
	ProbeEvery   = 10 * time.Second
	probesFailed = 3
)

// Live is where a Matrix is played in real time: against live servers.
type Live struct {
	// Peers are the ways to the server: trial n, counted through the whole matrix, takes
	// Peers[n % len(Peers)]. Each trial has a new directory of its own there, and a link
	// of its own.
	Peers []Peer
	// Probe is how often the server is asked whether it is there; 0 is ProbeEvery.
	Probe time.Duration
	// OnTrial, if set, is told of each trial that has ended, as it ends, one at a time.
	OnTrial func(*Result)
}

// Where says where the trials of a Matrix are played: results of one are none of another.
type Where string

// Where trials are played.
const (
	Simulated    Where = "simulated"
	LiveShaped   Where = "live"
	LiveUnshaped Where = "live, unshaped" // see Peer.Unshaped
)

// Where says where the trials are played.
func (m Matrix) Where() Where {
	switch {
	case m.Live == nil:
		return Simulated
	case len(m.Live.Peers) > 0 && m.Live.Peers[0].Unshaped:
		return LiveUnshaped
	}
	return LiveShaped
}

// PeerError says that a live server is not there, not any more, or does not let us in.
type PeerError struct{ Err error }

// Error says what was tried last.
func (e *PeerError) Error() string { return "live server: " + e.Err.Error() }

// Unwrap returns what was tried last.
func (e *PeerError) Unwrap() error { return e.Err }

// liveRun is one run of a Matrix against live servers.
type liveRun struct {
	m     Matrix
	dir   string // of this run, at the server
	limit time.Duration

	mu      sync.Mutex
	next    int            // number of the trial that begins next; guarded by mu, as all below
	groups  map[int]*Group // begun and not handed on
	left    map[int]int    // trials of a group that have not ended
	handed  int            // groups handed on
	failure error          // what ended the run
}

// eachLive is Each against live servers. Every trial is begun as soon as a worker is
// free, whatever its policy. A server that is gone ends the run with a PeerError.
func (m Matrix) eachLive(ctx context.Context, from, workers int, each func(*Group) error) error {
	if len(m.Live.Peers) == 0 {
		return errors.New("bench: no live server")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	run := &liveRun{
		m: m, limit: m.TrialLimit, next: from * len(m.Policies), handed: from,
		dir: m.liveDir(), groups: map[int]*Group{}, left: map[int]int{},
	}
	if run.limit == 0 {
		run.limit = LiveTrialLimit
	}
	if _, err := m.Live.Peers[0].NewDir(run.dir); err != nil {
		return &PeerError{err}
	}
	var all, watching sync.WaitGroup
	watching.Go(func() { run.watch(ctx, cancel) })
	for range workers {
		all.Go(func() { run.work(ctx, cancel, each) })
	}
	all.Wait()
	failed := ctx.Err()
	cancel()
	watching.Wait()
	if run.failure != nil {
		return run.failure
	}
	return failed
}

// liveDir is the directory of a run at its server. Shards may begin in one moment.
func (m Matrix) liveDir() string {
	name := "ntrdr-bench-" + time.Now().UTC().Format("20060102T150405.000")
	if !m.Shard.whole() {
		name += fmt.Sprintf("-%d-of-%d", m.Shard.Index, m.Shard.Count)
	}
	return name
}

// watch ends the run when the server is not there any more.
func (l *liveRun) watch(ctx context.Context, cancel func()) {
	every := l.m.Live.Probe
	if every == 0 {
		every = ProbeEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for failed := 0; failed < probesFailed; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := l.m.Live.Peers[0].Check()
		if failed++; err == nil {
			failed = 0
		} else if failed == probesFailed {
			l.fail(&PeerError{err})
			cancel()
		}
	}
}

// work plays one trial after another.
func (l *liveRun) work(ctx context.Context, cancel func(), each func(*Group) error) {
	for ctx.Err() == nil {
		n, ok := l.take()
		if !ok {
			return
		}
		r, err := l.play(ctx, n)
		if err == nil {
			err = l.pass(n, r, each)
		}
		if err != nil {
			l.fail(err)
			cancel()
		}
	}
}

func (l *liveRun) take() (n int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n = l.next
	if n >= l.m.Total() {
		return 0, false
	}
	l.next++
	return n, true
}

// fail notes what ended the run; what comes of it afterwards says less.
func (l *liveRun) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failure == nil {
		l.failure = err
	}
}

// play plays trial n. A trial that fails at a server which is still there has a Result
// that says so.
func (l *liveRun) play(ctx context.Context, n int) (Result, error) {
	policies := len(l.m.Policies)
	s := l.m.policed(l.m.group(n/policies), n%policies)
	peer := l.m.Live.Peers[n%len(l.m.Live.Peers)].In(l.dir)
	own, err := peer.NewDir(fmt.Sprintf("%d-%s-%d", n, s.Policy.Policy.Name, s.Seed))
	if err != nil {
		return Result{}, &PeerError{err}
	}
	limited, cancel := context.WithTimeout(ctx, l.limit)
	defer cancel()
	r, err := RunLive(limited, s, own)
	switch {
	case err == nil:
		return r, nil
	case ctx.Err() != nil:
		return r, ctx.Err()
	case limited.Err() != nil:
		err = fmt.Errorf("the trial did not end within %v", l.limit)
	}
	if _, gone := peer.NewDir(fmt.Sprintf("%d-failed", n)); gone != nil {
		return r, &PeerError{errors.Join(err, gone)}
	}
	return brokenResult(s, err), nil
}

// pass takes a result into its group, and hands on the groups whose turn it is.
func (l *liveRun) pass(n int, r Result, each func(*Group) error) error {
	policies := len(l.m.Policies)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.m.Live.OnTrial != nil {
		l.m.Live.OnTrial(&r)
	}
	g := l.groups[n/policies]
	if g == nil {
		g = &Group{N: n / policies, Results: make([]Result, policies)}
		l.groups[g.N], l.left[g.N] = g, policies
	}
	g.Results[n%policies] = r
	l.left[g.N]--
	for g := l.groups[l.handed]; g != nil && l.left[g.N] == 0; g = l.groups[l.handed] {
		for i := range g.Results {
			g.keep(&g.Results[i], l.m.Keep)
		}
		if err := each(g); err != nil {
			return err
		}
		delete(l.groups, g.N)
		delete(l.left, g.N)
		l.handed++
	}
	return nil
}
