// Command agree plays the same mail trials in simulation, against a throwaway Samba over
// a shaped link, and (as root) against one over network namespaces, where the kernel's
// TCP meets real packet loss; and prints the outcomes side by side. It ends with status 1
// if a live rate and the simulated one are not within each other's 95 % Clopper-Pearson
// bounds.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/tools/netns"
	"github.com/ntrdr/ntrdr/internal/tools/samba"
)

// flags are what is played.
type flags struct {
	links, policies, loss, edition  string
	trials, simulated, size, atOnce int
	poll                            time.Duration
	seed                            uint64
	inside                          string // servers: this process is inside a namespace
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	var f flags
	flag.StringVar(&f.links, "links", "t1,ras-28.8", "link profiles")
	flag.StringVar(&f.policies, "policies", "nt351,q143413", "built-in policies")
	flag.StringVar(&f.edition, "edition", "kb143413", "the model underneath")
	flag.StringVar(&f.loss, "loss", "1%", "loss of packets each way")
	flag.IntVar(&f.trials, "trials", 30, "live trials a cell")
	flag.IntVar(&f.atOnce, "at-once", 20, "live trials at once; more than some 30 logons at a time are too many for Samba")
	flag.IntVar(&f.simulated, "simulated", 1000, "simulated trials a cell")
	flag.IntVar(&f.size, "size", 32<<10, "bytes of the message")
	flag.DurationVar(&f.poll, "poll", 5*time.Second, "the Mailer's poll")
	flag.Uint64Var(&f.seed, "seed", 1, "first seed")
	flag.StringVar(&f.inside, "inside", "", "used by the command itself")
	flag.Parse()
	agree, err := f.run(ctx)
	stop()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "agree:", err)
		os.Exit(2)
	case !agree:
		os.Exit(1)
	}
}

func (f *flags) run(ctx context.Context) (agree bool, err error) {
	if f.inside != "" {
		return true, f.runInside(ctx)
	}
	// Flush tells what writing to it has come to.
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(out, "link\tpolicy\tworld\tTCP\tn\tcorrupted\t95 %\tsilent\t95 %\tdelivered\t95 %\tagrees")
	agree = true
	for name := range strings.SplitSeq(f.links, ",") {
		p, err := link.ByName(name)
		if err != nil {
			return false, err
		}
		ok, err := f.compare(ctx, out, p)
		if err != nil {
			return false, errors.Join(err, out.Flush())
		}
		agree = agree && ok
	}
	return agree, out.Flush()
}

// matrix is the trials on a link.
func (f *flags) matrix(p link.Profile, trials int) (m bench.Matrix, err error) {
	edition, ok := registry.LookupEdition(f.edition)
	if !ok {
		return m, fmt.Errorf("there is no edition %q", f.edition)
	}
	loss, err := link.ParseLoss(f.loss)
	if err != nil {
		return m, err
	}
	m = bench.Matrix{
		Links: []link.Profile{p}, Losses: []float64{loss}, Trials: trials,
		Base: bench.Spec{Seed: f.seed, MessageSize: f.size, Poll: f.poll, Path: bench.P1},
	}
	for name := range strings.SplitSeq(f.policies, ",") {
		policy, err := registry.Builtin(name)
		if err != nil {
			return m, err
		}
		m.Policies = append(m.Policies, policy.On(edition))
	}
	return m, nil
}

// world is a place where trials are played, and the simulation that it must agree with.
type world struct {
	name, tcp string
	play      func(ctx context.Context, f *flags, p link.Profile) ([]bench.Result, error)
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

func simulated(tcp link.TCP) func(context.Context, *flags, link.Profile) ([]bench.Result, error) {
	return func(ctx context.Context, f *flags, p link.Profile) ([]bench.Result, error) {
		m, err := f.matrix(p, f.simulated)
		if err != nil {
			return nil, err
		}
		m.Base.TCP = tcp
		return m.Run(ctx, runtime.GOMAXPROCS(0), func() {})
	}
}

func shaped(ctx context.Context, f *flags, p link.Profile) (rs []bench.Result, err error) {
	s, err := samba.Launch(samba.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	peer := bench.Peer{Host: "127.0.0.1", Addr: s.Addr, User: s.User, Password: s.Password, Share: s.Share}
	return f.live(ctx, p, []bench.Peer{peer})
}

// live plays many trials at once, and says on stderr how far it is.
func (f *flags) live(ctx context.Context, p link.Profile, peers []bench.Peer) ([]bench.Result, error) {
	m, err := f.matrix(p, f.trials)
	if err != nil {
		return nil, err
	}
	ended := 0
	m.Live = &bench.Live{Peers: peers, OnTrial: func(r *bench.Result) {
		ended++
		fmt.Fprintf(os.Stderr, "%3d of %d  %s %s seed %d: %s %s\n", ended, m.Total(), r.Link, r.Policy, r.Seed, r.Outcome, r.Error)
	}}
	return m.Run(ctx, f.atOnce, func() {})
}

// namespaces plays each trial on a link of its own between two namespaces: this command
// runs again in the client's.
func namespaces(flavour netns.Flavour) func(context.Context, *flags, link.Profile) ([]bench.Result, error) {
	return func(ctx context.Context, f *flags, p link.Profile) (rs []bench.Result, err error) {
		m, err := f.matrix(p, f.trials)
		if err != nil {
			return nil, err
		}
		n, err := netns.Up(netns.Config{Profile: p, Loss: m.Losses[0], Seed: f.seed, Links: min(m.Total(), netns.MaxLinks), TCP: flavour})
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
		for i := range min(m.Total(), netns.MaxLinks) {
			addr := netns.ServerAddr(i + 1)
			peers = append(peers, bench.Peer{
				Host: addr, Addr: addr + ":445", User: s.User, Password: s.Password, Share: s.Share, Direct: direct, Unshaped: true,
			})
		}
		return f.again(ctx, n.Client, p, peers)
	}
}

// again runs this command inside a namespace, and reads the results that it prints.
func (f *flags) again(ctx context.Context, where *netns.Namespace, p link.Profile, peers []bench.Peer) (rs []bench.Result, err error) {
	text, err := json.Marshal(peers)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "--inside", string(text), "--links", p.Name, "--policies", f.policies, "--edition", f.edition,
		"--loss", f.loss, "--trials", fmt.Sprint(f.trials), "--at-once", fmt.Sprint(f.atOnce), "--size", fmt.Sprint(f.size), "--poll", f.poll.String(), "--seed", fmt.Sprint(f.seed))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := where.Run(cmd); err != nil {
		return nil, err
	}
	for d := json.NewDecoder(&out); ; {
		var r bench.Result
		switch err := d.Decode(&r); {
		case errors.Is(err, io.EOF):
			return rs, nil
		case err != nil:
			return nil, err
		}
		rs = append(rs, r)
	}
}

func (f *flags) runInside(ctx context.Context) error {
	var peers []bench.Peer
	if err := json.Unmarshal([]byte(f.inside), &peers); err != nil {
		return err
	}
	p, err := link.ByName(f.links)
	if err != nil {
		return err
	}
	rs, err := f.live(ctx, p, peers)
	if err != nil {
		return err
	}
	return bench.WriteJSONL(os.Stdout, rs)
}

// compare prints a row for each policy in each world.
func (f *flags) compare(ctx context.Context, out io.Writer, p link.Profile) (agree bool, err error) {
	agree = true
	reference := make([]map[string]counts, 0)
	for _, w := range worlds() {
		rs, err := w.play(ctx, f, p)
		if err != nil {
			return false, fmt.Errorf("%s, %s: %w", w.name, p.Name, err)
		}
		here := count(rs)
		reference = append(reference, here)
		fmt.Fprintf(os.Stderr, "agree: %s, %s, %s: done\n", p.Name, w.name, w.tcp)
		for name := range strings.SplitSeq(f.policies, ",") {
			c, ref := here[name], reference[w.like][name]
			verdict := "-"
			if ref != c {
				verdict = "yes"
				if !c.agrees(ref) {
					verdict, agree = "NO", false
				}
			}
			_, _ = fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", p.Name, name, w.name, w.tcp, c.n,
				rate(c.corrupted, c.n), rate(c.silent, c.n), rate(c.delivered, c.n), verdict)
		}
	}
	return agree, nil
}

// counts are the outcomes of a policy.
type counts struct{ n, corrupted, silent, delivered int }

func count(rs []bench.Result) map[string]counts {
	by := map[string]counts{}
	for i := range rs {
		c := by[rs[i].Policy]
		c.n++
		switch rs[i].Outcome {
		case bench.Corrupted:
			c.corrupted++
		case bench.Delivered:
			c.delivered++
		default:
		}
		if rs[i].Silent {
			c.silent++
		}
		by[rs[i].Policy] = c
	}
	return by
}

// agrees reports whether each rate is within the other's bounds.
func (c counts) agrees(o counts) bool {
	return within(c.corrupted, c.n, o.corrupted, o.n) && within(c.silent, c.n, o.silent, o.n) && within(c.delivered, c.n, o.delivered, o.n)
}

// within reports whether k of n is a rate within the bounds that the simulation would
// have after as many trials, and the simulated rate within the bounds of k of n. The
// simulation has more trials, so that its own chance does not blur the comparison.
func within(k, n, simulated, of int) bool {
	if n == 0 || of == 0 {
		return false
	}
	inside := func(k int, r float64) bool {
		low, high := bench.ClopperPearson(k, n)
		return low <= r && r <= high
	}
	r := float64(simulated) / float64(of)
	return inside(k, r) && inside(int(math.Round(r*float64(n))), float64(k)/float64(n))
}

func rate(k, n int) string {
	low, high := bench.ClopperPearson(k, n)
	return fmt.Sprintf("%d\t%.3f-%.3f", k, low, high)
}
