package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/tools/netns"
	"github.com/ntrdr/ntrdr/internal/tools/samba"
)

// trial is what is kept of one.
type trial struct {
	Policy  string
	Seed    uint64
	Outcome bench.Outcome
	Silent  bool
	Exposed exposure
}

func trialOf(r *bench.Result) trial {
	return trial{r.Policy, r.Seed, r.Outcome, r.Silent, exposureOf(r.Events)}
}

// play plays all trials of a link in a world.
type play func(ctx context.Context, f *flags, p place, m reader) ([]trial, error)

// world is a place where trials are played, and the simulation that it must agree with.
type world struct {
	name, tcp string
	play      play
	like      int // index of its simulation, itself for one
}

// minRTO is Linux's.
const minRTO = 200 * time.Millisecond

// worlds are the simulated ones, then the live ones that there can be here.
//
// The kernel in the namespaces recovers as NewReno does: see package netns.
func worlds() []world {
	kernel := link.TCP{Flavour: link.TCPNewReno, MinRTO: minRTO}
	list := []world{
		{"simulated", "tcp-nt351", simulated(link.TCP{}), 0},
		{"simulated", kernel.Flavour.String() + " 0.2 s", simulated(kernel), 1},
		{"shaped, Samba", "tcp-nt351", shaped, 0},
	}
	if what := netns.Missing(); what != "" {
		fmt.Fprintln(os.Stderr, "agree: skipped: real packet loss needs", what)
		return list
	}
	return append(list,
		world{"netns, Samba", "Linux reno", namespaces(netns.Reno), 1},
		world{"netns, Samba", "Linux nt351", namespaces(netns.NT351), 0})
}

// matrix is the trials on a link. The server of a simulated one holds an opener as long as
// the reader's does.
func (f *flags) matrix(p place, m reader, trials int) (x bench.Matrix, err error) {
	edition, ok := registry.LookupEdition(f.edition)
	if !ok {
		return x, fmt.Errorf("there is no edition %q", f.edition)
	}
	loss, err := link.ParseLoss(f.loss)
	if err != nil {
		return x, err
	}
	x = bench.Matrix{
		Links: []link.Profile{p.Profile}, Losses: []float64{loss}, Trials: trials,
		Base: bench.Spec{Seed: f.seed, MessageSize: f.size, Poll: f.poll, Path: bench.P1, KeepEvents: true},
	}
	for name := range strings.SplitSeq(f.policies, ",") {
		policy, err := registry.Builtin(name)
		if err != nil {
			return x, err
		}
		if m.hold == 0 {
			if policy, err = policy.With("agree", "SharingViolationRetries=0"); err != nil {
				return x, err
			}
			policy.Name = name
		}
		x.Policies = append(x.Policies, policy.On(edition))
	}
	return x, nil
}

// each plays a matrix, and keeps no trace.
func each(ctx context.Context, x bench.Matrix, workers int) (list []trial, err error) {
	err = x.Each(ctx, 0, workers, func(g *bench.Group) error {
		for i := range g.Results {
			list = append(list, trialOf(&g.Results[i]))
		}
		return nil
	})
	return list, err
}

func simulated(tcp link.TCP) play {
	return func(ctx context.Context, f *flags, p place, m reader) ([]trial, error) {
		x, err := f.matrix(p, m, f.simulated)
		if err != nil {
			return nil, err
		}
		x.Base.TCP = tcp
		return each(ctx, x, runtime.GOMAXPROCS(0))
	}
}

func shaped(ctx context.Context, f *flags, p place, m reader) (ts []trial, err error) {
	s, err := samba.Launch(samba.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	peer := bench.Peer{Host: "127.0.0.1", Addr: s.Addr, User: s.User, Password: s.Password, Share: s.Share, SMB1Mailer: m.smb1}
	return f.live(ctx, p, m, []bench.Peer{peer})
}

// live plays many trials at once, and says on stderr how far it is.
func (f *flags) live(ctx context.Context, p place, m reader, peers []bench.Peer) ([]trial, error) {
	x, err := f.matrix(p, m, f.trials)
	if err != nil {
		return nil, err
	}
	ended := 0
	x.Live = &bench.Live{Peers: peers, OnTrial: func(r *bench.Result) {
		ended++
		fmt.Fprintf(os.Stderr, "%3d of %d  %s %s seed %d: %s %s\n", ended, x.Total(), r.Link, r.Policy, r.Seed, r.Outcome, r.Error)
	}}
	return each(ctx, x, f.atOnce)
}

// namespaces plays each trial on a link of its own between two namespaces: this command
// runs again in the client's.
func namespaces(flavour netns.Flavour) play {
	return func(ctx context.Context, f *flags, p place, m reader) (ts []trial, err error) {
		x, err := f.matrix(p, m, f.trials)
		if err != nil {
			return nil, err
		}
		links := min(x.Total(), netns.MaxLinks)
		n, err := netns.Up(netns.Config{Profile: p.Profile, Loss: x.Losses[0], Seed: f.seed, Links: links, TCP: flavour})
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, n.Close()) }()
		direct := netns.ServerAddr(0) + ":445"
		s, err := samba.Launch(samba.Options{Inside: &samba.Place{Addr: direct, Enter: n.Server.Enter}})
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, s.Stop()) }()
		var peers []bench.Peer
		for i := range links {
			addr := netns.ServerAddr(i + 1)
			peers = append(peers, bench.Peer{
				Host: addr, Addr: addr + ":445", User: s.User, Password: s.Password, Share: s.Share,
				Direct: direct, Unshaped: true, SMB1Mailer: m.smb1,
			})
		}
		return f.again(ctx, n.Client, p, m, peers)
	}
}

// again runs this command inside a namespace, and reads the trials that it prints.
func (f *flags) again(ctx context.Context, where *netns.Namespace, p place, m reader, peers []bench.Peer) (ts []trial, err error) {
	text, err := json.Marshal(peers)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "--inside", string(text), "--link", p.source, "--mailers", m.name, "--policies", f.policies, "--edition", f.edition,
		"--loss", f.loss, "--trials", fmt.Sprint(f.trials), "--at-once", fmt.Sprint(f.atOnce), "--size", fmt.Sprint(f.size), "--poll", f.poll.String(), "--seed", fmt.Sprint(f.seed))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := where.Run(cmd); err != nil {
		return nil, err
	}
	for d := json.NewDecoder(&out); ; {
		var t trial
		switch err := d.Decode(&t); {
		case errors.Is(err, io.EOF):
			return ts, nil
		case err != nil:
			return nil, err
		}
		ts = append(ts, t)
	}
}

func (f *flags) runInside(ctx context.Context) error {
	var peers []bench.Peer
	if err := json.Unmarshal([]byte(f.inside), &peers); err != nil {
		return err
	}
	list, err := f.profiles()
	if err != nil {
		return err
	}
	mailers, err := f.readers()
	if err != nil {
		return err
	}
	ts, err := f.live(ctx, list[0], mailers[0], peers)
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	for i := range ts {
		if err := out.Encode(&ts[i]); err != nil {
			return err
		}
	}
	return nil
}
