package main

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/ntrdr/ntrdr/bench"
)

func exploreCommand() *command {
	return &command{
		name: "explore", summary: "cuts the circuit after every segment of a trial in turn: exhaustive where bench is random",
		long: "Plays a trial undisturbed and counts the TCP segments that the sender's link delivers, of both directions. Then\n" +
			"plays it again for each of them, with a disturbance right after it: reset (both ends at once), silence-60s (the link\n" +
			"is down, and back after 60 s), stall-5s, stall-40s, stall-120s (the line stands still and loses nothing). Everything\n" +
			"else is as it was, and the command checks that it is: up to the disturbance each packet is the same.\n" +
			"The Mailer polls 1 s after each change that the sender's workstation makes at the server, and at the end.\n\n" +
			"prefix counts the trials in which the server held, at some moment, files that no prefix of the application's\n" +
			"operations gives (a new empty file excepted, and what it was told may be lost): only where it is 0, what a failure\n" +
			"loses is a suffix.\n\n" +
			"In the strip each character is a stretch of cuts and shows the worst of them: . delivered, f failed and told,\n" +
			"p pending, L lost silently, C corrupted.\n\n" +
			"--replay SEGMENT:KIND plays one of the trials alone. --expect takes POLICY=safe (nothing corrupted, nothing silent),\n" +
			"POLICY=no-WHAT and POLICY=some-WHAT, where WHAT is an outcome, silent or prefix; the exit status is 1 otherwise.",
		example: "  ntrdr explore --policies nt351,q143413 --links t1 --message-size 8KB --html cuts.html\n" +
			"  ntrdr explore --policies nt351 --links t1 --message-size 8KB --replay 60:reset",
		run: runExplore,
	}
}

// exploreFlags are explore's own flags.
type exploreFlags struct {
	storyFlags
	linkFlags
	workload workloadFlags
	tcp      tcpFlags
	loss     string
	every    int64
	workers  int
	replay   string
	whole    bool
	expect   []string
	asJSON   bool
	html     string
	width    int
}

func (f *exploreFlags) add(c *invocation) {
	set := c.flags
	f.storyFlags.add(set)
	f.addPoll(set)
	f.names = []string{"ras-28.8"}
	f.linkFlags.add(set)
	f.workload.add(set)
	set.StringVar(&f.loss, "loss", "0", "loss of IP packets each way, in percent")
	f.tcp.add(set)
	set.Int64Var(&f.every, "every", 1, "cut after every Nth segment only: not exhaustive")
	set.IntVar(&f.workers, "workers", runtime.GOMAXPROCS(0), "trials run at once")
	set.StringVar(&f.replay, "replay", "", "play one trial alone: SEGMENT:KIND, such as 60:reset")
	set.BoolVar(&f.whole, "timeline", false, "with --replay: print every event of the trace")
	set.StringSliceVar(&f.expect, "expect", nil, "POLICY=safe, POLICY=no-corrupted, POLICY=some-silent, ...: exit with 1 otherwise")
	set.BoolVar(&f.asJSON, "json", false, "print one JSON object a policy, workload and link")
	set.StringVar(&f.html, "html", "", "write a self-contained page with a map of all cuts to this file")
	set.IntVar(&f.width, "width", 100, "columns of the strips")
}

// exploring is what the flags say, checked.
type exploring struct {
	explorations []bench.Exploration // links outermost, then workloads, then policies
	expect       []expectation
}

func (f *exploreFlags) check(c *invocation) (p exploring, err error) {
	base, policies, err := f.spec(c)
	if err != nil {
		return p, err
	}
	if base.Loss, err = parseLoss(f.loss); err != nil {
		return p, err
	}
	if base.TCP, err = f.tcp.tcp(); err != nil {
		return p, err
	}
	base.NoTrace = f.replay == ""
	links, err := f.profiles(c)
	if err != nil {
		return p, err
	}
	workloads, err := f.workload.load(base)
	if err != nil {
		return p, err
	}
	if len(workloads) == 0 {
		workloads = append(workloads, nil) // mail
	}
	for _, base.Link = range links {
		for _, base.Workload = range workloads {
			for _, base.Policy = range policies {
				p.explorations = append(p.explorations, bench.Exploration{Spec: base, Every: f.every})
			}
		}
	}
	if p.expect, err = parseExpectations(f.expect, policies); err != nil {
		return p, err
	}
	return p, f.checkRest(p)
}

func (f *exploreFlags) checkRest(p exploring) error {
	switch {
	case len(p.explorations) == 0:
		return badInput("--links needs at least one entry")
	case f.every < 1 || f.workers < 1:
		return badInput("--every %d and --workers %d must be at least 1", f.every, f.workers)
	case f.width < minWidth:
		return badInput("--width: at least %d columns", minWidth)
	case f.whole && f.replay == "":
		return badInput("--timeline shows one trial: say which with --replay SEGMENT:KIND")
	case f.replay != "" && len(f.expect) > 0:
		return badInput("--expect is about all cuts, --replay about one")
	case f.html != "" && f.replay != "":
		return badInput("--html is about all cuts, --replay about one")
	}
	return checkOutput(f.html)
}

// expectation is a POLICY=WHAT of --expect.
type expectation struct {
	text, policy string
	is           func(bench.CutTrial) bool
	some         bool // expected at least once, else never
}

func parseExpectations(texts []string, policies []bench.Settings) (list []expectation, err error) {
	for _, t := range texts {
		policy, what, ok := strings.Cut(t, "=")
		if !ok || !slices.ContainsFunc(policies, func(s bench.Settings) bool { return s.Policy.Name == policy }) {
			return nil, badInput("--expect: %q is not POLICY=WHAT for a policy that is explored", t)
		}
		e := expectation{text: t, policy: policy, is: bench.CutTrial.Failing}
		if what != "safe" {
			sign, name, _ := strings.Cut(what, "-")
			e.some = sign == "some"
			if e.is = trialsThat(name); e.is == nil || sign != "some" && sign != "no" {
				return nil, badInput("--expect: %q is none of safe, no-WHAT, some-WHAT with WHAT one of %v, silent, prefix", what, bench.Outcomes())
			}
		}
		list = append(list, e)
	}
	return list, nil
}

// trialsThat are those with an outcome, or silent, or with a prefix violation.
func trialsThat(name string) func(bench.CutTrial) bool {
	switch {
	case name == "silent":
		return func(t bench.CutTrial) bool { return t.Silent }
	case name == "prefix":
		return func(t bench.CutTrial) bool { return t.Prefix }
	case slices.Contains(bench.Outcomes(), bench.Outcome(name)):
		return func(t bench.CutTrial) bool { return t.Outcome == bench.Outcome(name) }
	}
	return nil
}

// met returns the first expectation that does not hold.
func (p exploring) met(all []explored) error {
	for _, x := range all {
		for _, e := range p.expect {
			if n := x.Count(e.is); e.policy == x.Spec.Policy.Policy.Name && (n > 0) != e.some {
				return unmetError{fmt.Sprintf("%s does not hold for %s on %s: %d of %d trials", e.text, x.Spec.WorkloadName(), x.Spec.Link.Name, n, x.Trials())}
			}
		}
	}
	return nil
}

func runExplore(c *invocation) error {
	var f exploreFlags
	f.add(c)
	if err := c.parse(0); err != nil {
		return err
	}
	if done, err := f.workload.told(c.stdout); done || err != nil {
		return err
	}
	p, err := f.check(c)
	if err != nil {
		return err
	}
	if f.replay != "" {
		return f.runReplay(c, p)
	}
	defer collectRarely()()
	all, err := f.runAll(c, p)
	if len(all) > 0 { // what was done before an interrupt is shown, too
		err = errors.Join(err, f.show(c, all))
	}
	if err != nil {
		return err
	}
	return p.met(all)
}

// runAll runs the explorations, one after another, and prints each as it ends if --json
// asks for that.
func (f *exploreFlags) runAll(c *invocation, p exploring) (all []explored, err error) {
	for i, x := range p.explorations {
		var m *meter
		planned := func(trials int) {
			s := x.Spec
			m = newMeter(c, fmt.Sprintf("trials of %s, %s on %s (%d of %d)", s.Policy.Policy.Name, s.WorkloadName(), s.Link.Name, i+1, len(p.explorations)), trials)
		}
		found, err := x.Run(c.ctx, f.workers, planned, func() { m.step() })
		if m != nil {
			m.finish()
		}
		if err != nil {
			return all, err
		}
		e, err := f.judge(c, found)
		if err != nil {
			return all, err
		}
		all = append(all, e)
		if f.asJSON {
			if err := printJSON(c.stdout, e); err != nil {
				return all, err
			}
		}
	}
	return all, nil
}

// show writes the page that was asked for, and prints the tables.
func (f *exploreFlags) show(c *invocation, all []explored) error {
	if f.html != "" {
		if err := f.writePage(c, all); err != nil {
			return err
		}
	}
	if f.asJSON {
		return nil
	}
	return f.print(c.stdout, all)
}

// parseReplay reads SEGMENT:KIND.
func parseReplay(text string) (segment int64, d bench.Disturbance, err error) {
	number, kind, _ := strings.Cut(text, ":")
	segment, err = strconv.ParseInt(strings.TrimPrefix(number, "segment="), 10, 64)
	if err != nil || segment < 1 {
		return 0, d, badInput("--replay: %q is not SEGMENT:KIND, such as 60:reset", text)
	}
	var names []string
	for _, d := range bench.Disturbances() {
		if d.Name == kind {
			return segment, d, nil
		}
		names = append(names, d.Name)
	}
	return 0, d, badInput("--replay: kind %q is none of %s", kind, strings.Join(names, ", "))
}

// runReplay plays one trial of each exploration.
func (f *exploreFlags) runReplay(c *invocation, p exploring) error {
	segment, d, err := parseReplay(f.replay)
	if err != nil {
		return err
	}
	for _, x := range p.explorations {
		s := bench.CutSpec(x.Spec, d, segment)
		s.KeepEvents = f.whole
		r, err := bench.Run(s)
		if err != nil {
			return err
		}
		for _, e := range r.Events {
			fmt.Fprintln(c.stdout, e)
		}
		if r.Packets < segment {
			return badInput("--replay: the trial delivers %d segments", r.Packets)
		}
		prefix := "the server always held a prefix of the application's operations"
		if r.Prefix != "" {
			prefix = r.Prefix
		}
		fmt.Fprintf(c.stdout, "%s, %s on %s, %s after segment %d: %s\n  %s\n  trace checksum %s\n",
			r.Policy, r.Workload, r.Link, d.Name, segment, verdictLine(&r), prefix, r.Checksum)
	}
	return nil
}
