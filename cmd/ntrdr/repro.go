package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/capture"
	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/report"
	"github.com/ntrdr/ntrdr/internal/rt"
)

func reproCommand() *command {
	return &command{
		name: "repro", summary: "runs KB Q143413 under two policies, side by side",
		long: "Sends one message through the redirector under each policy, over the same link with the same weather, and\n" +
			"shows what the sender was told, what the server held, and what the Mailer made of it.\n\n" +
			"With --seeds N it runs N seeds a policy and prints the share of each outcome. With --server it does the\n" +
			"same in real time against a live server: the sender speaks SMB1 through the shaped link, and the Mailer\n" +
			"reads through go-smb2, which always shares read and write; two live Mailers are not supported. On a live\n" +
			"link a lost packet becomes a stall drawn from the tcp-nt351 retransmission rule.\n\n" +
			"An --outage is START:DURATION, or segment=N:DURATION for the sender's Nth data segment.",
		example: "  ntrdr repro --link ras-28.8 --loss 2% --message-size 64KB",
		run:     runRepro,
	}
}

// reproFlags are repro's own flags.
type reproFlags struct {
	storyFlags
	tcp      tcpFlags
	link     string
	workload string
	loss     string
	outages  []string
	seeds    int
	server   string
	timeline string
	pcap     string
	html     string
	expect   []string
	asJSON   bool
	width    int
}

// The forms of the timeline.
const (
	timelineStory = "story"
	timelineFull  = "full"
	timelineNone  = "none"
)

// defaultWidth is the width of a side-by-side timeline outside a terminal.
const defaultWidth = 140

func (f *reproFlags) add(c *invocation) {
	set := c.flags
	f.storyFlags.add(set)
	f.addPoll(set)
	set.StringVar(&f.link, "link", "ras-28.8", "link of the sender: a profile's name, or a file; see ntrdr link list")
	set.StringVar(&f.workload, "workload", "mail", "what the application does: a workload's name, such as log-20, or a file; see ntrdr bench --list-workloads")
	set.StringVar(&f.loss, "loss", "1%", "loss of IP packets each way, in percent")
	f.tcp.add(set)
	set.StringArrayVar(&f.outages, "outage", nil, "an outage: 12s:90s or segment=20:90s of silence, or reset, half-open, stall=90s instead of 90s (may be repeated)")
	set.IntVar(&f.seeds, "seeds", 1, "run this many seeds a policy and count the outcomes")
	set.StringVar(&f.server, "server", "embedded:", "embedded: or smb1://user:password@host:port/share/path")
	set.StringVar(&f.timeline, "timeline", timelineStory, "--timeline=FORM: story, full (every event of the trace) or none; --timeline alone is full")
	set.Lookup("timeline").NoOptDefVal = timelineFull
	set.StringVar(&f.pcap, "pcap", "", "write the sender's SMBs to this pcapng file, in made-up TCP without losses; with several policies the name gets the policy's")
	set.StringVar(&f.html, "html", "", "write a self-contained page with both timelines to this file")
	set.StringSliceVar(&f.expect, "expect", nil, "POLICY=OUTCOME,...: exit with 1 unless every run of the policy ends so")
	set.BoolVar(&f.asJSON, "json", false, "print JSON")
	width := terminalWidth()
	if width == 0 {
		width = defaultWidth
	}
	set.IntVar(&f.width, "width", width, "columns of the side-by-side timeline")
}

// parsed is what the flags say, checked.
type parsed struct {
	base     bench.Spec
	policies []bench.Settings
	expect   map[string]bench.Outcome
}

func (f *reproFlags) check(c *invocation) (p parsed, err error) {
	if p.base, p.policies, err = f.spec(c); err != nil {
		return p, err
	}
	if p.base.Link, err = lookupLink("--link", f.link); err != nil {
		return p, err
	}
	if p.base.Workload, err = lookupWorkload("--workload", f.workload); err != nil {
		return p, err
	}
	if p.base.Loss, err = parseLoss(f.loss); err != nil {
		return p, err
	}
	if p.base.Outages, err = parseOutages(f.outages); err != nil {
		return p, err
	}
	if p.base.TCP, err = f.tcp.tcp(); err != nil {
		return p, err
	}
	if p.expect, err = parseExpect(f.expect, p.policies); err != nil {
		return p, err
	}
	switch {
	case f.seeds < 1 || f.seeds > maxTrials:
		return p, badInput("--seeds: %d is not between 1 and %d", f.seeds, maxTrials)
	case !slices.Contains([]string{timelineStory, timelineFull, timelineNone}, f.timeline):
		return p, badInput("--timeline: %q is none of story, full, none", f.timeline)
	case f.width < minWidth:
		return p, badInput("--width: at least %d columns", minWidth)
	case f.seeds > 1 && (f.pcap != "" || f.html != "" || f.live()):
		return p, badInput("--seeds excludes --pcap, --html and a live --server")
	case f.live() && (c.flags.Changed("flavour") || c.flags.Changed("min-rto")):
		return p, badInput("--flavour and --min-rto: a live --server brings its own TCP")
	}
	return p, f.checkPlaces()
}

// checkPlaces checks where the trial is to happen and where its files go.
func (f *reproFlags) checkPlaces() error {
	for _, path := range []string{f.pcap, f.html} {
		if err := checkOutput(path); err != nil {
			return err
		}
	}
	if !f.live() {
		return nil
	}
	if _, err := parseServer(f.server); err != nil {
		return badInput("--server: %w", err)
	}
	return nil
}

// minWidth is what two columns of words need.
const minWidth = 60

func (f *reproFlags) live() bool { return f.server != "embedded:" }

func parseExpect(texts []string, policies []bench.Settings) (map[string]bench.Outcome, error) {
	expect := map[string]bench.Outcome{}
	for _, t := range texts {
		name, outcome, ok := strings.Cut(t, "=")
		known := slices.ContainsFunc(policies, func(s bench.Settings) bool { return s.Policy.Name == name })
		switch {
		case !ok || !slices.Contains(bench.Outcomes(), bench.Outcome(outcome)):
			return nil, badInput("--expect: %q is not POLICY=OUTCOME with one of %v", t, bench.Outcomes())
		case !known:
			return nil, badInput("--expect: policy %q is not run", name)
		case expect[name] != "":
			return nil, badInput("--expect: policy %q is given twice", name)
		}
		expect[name] = bench.Outcome(outcome)
	}
	return expect, nil
}

func runRepro(c *invocation) error {
	var f reproFlags
	f.add(c)
	if err := c.parse(0); err != nil {
		return err
	}
	p, err := f.check(c)
	if err != nil {
		return err
	}
	if f.seeds > 1 {
		return runSeeds(c, &f, p)
	}
	results, err := f.runEach(c, p)
	if err != nil {
		return err
	}
	if err := f.print(c, p, results); err != nil {
		return err
	}
	return met(p.expect, results)
}

// runEach runs one trial a policy.
func (f *reproFlags) runEach(c *invocation, p parsed) ([]bench.Result, error) {
	var results []bench.Result
	for _, set := range p.policies {
		s := p.base
		s.Policy, s.KeepEvents = set, true
		play := player(f.runSimulated)
		if f.live() {
			play = f.runLive
		}
		r, err := f.captured(c, s, len(p.policies), play)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

func (f *reproFlags) runSimulated(_ *invocation, s bench.Spec) (bench.Result, error) {
	return bench.Run(s)
}

// captured runs play with the sender's connections written to the --pcap file.
func (f *reproFlags) captured(c *invocation, s bench.Spec, policies int, play player) (r bench.Result, err error) {
	if f.pcap == "" {
		return play(c, s)
	}
	path := pcapName(f.pcap, s.Policy.Policy.Name, policies)
	err = writeFile(path, func(w io.Writer) error {
		var (
			cw   *capture.Writer
			werr error
		)
		s.Wrap = func(r rt.Runtime, d link.Dialer) link.Dialer {
			if cw, werr = capture.NewWriter(w, r, new(sync.Mutex)); werr != nil {
				return d
			}
			return cw.Dialer(d, captureClient, captureServer)
		}
		if r, err = play(c, s); err != nil {
			return err
		}
		if werr != nil {
			return werr
		}
		return cw.Close()
	})
	return r, err
}

// player runs one trial, simulated or live.
type player func(*invocation, bench.Spec) (bench.Result, error)

// Addresses of the two ends in a capture: from the blocks reserved for documentation.
//
// The port is that of SMB without NetBIOS names, because no session request is modelled.
//
// src: RFC 5737 (192.0.2.0/24); [MS-SMB] §2.1 (port 445)
var (
	captureClient = netip.AddrFrom4([4]byte{192, 0, 2, 1})
	captureServer = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 10}), 445)
)

// pcapName puts the policy's name into the file's if there are several.
func pcapName(path, policy string, policies int) string {
	if policies == 1 {
		return path
	}
	base, ext := path, ""
	if i := strings.LastIndexByte(path, '.'); i > strings.LastIndexAny(path, `/\`) {
		base, ext = path[:i], path[i:]
	}
	return base + "-" + policy + ext
}

// print shows the results in the form that was asked for.
func (f *reproFlags) print(c *invocation, p parsed, results []bench.Result) error {
	var runs []report.Run
	for i := range results {
		r := &results[i]
		runs = append(runs, report.Run{Title: r.Policy, Outcome: verdictLine(r), Events: r.Events})
	}
	if f.html != "" {
		if err := writeFile(f.html, func(w io.Writer) error { return report.HTML(w, runs) }); err != nil {
			return err
		}
	}
	if f.asJSON {
		return json.NewEncoder(c.stdout).Encode(newReproJSON(f, p, results))
	}
	printHeader(c.stdout, f, p)
	switch f.timeline {
	case timelineStory:
		if err := report.Timeline(c.stdout, runs, f.width); err != nil {
			return err
		}
	case timelineFull:
		printTraces(c.stdout, results)
	case timelineNone:
		for i := range results {
			fmt.Fprintf(c.stdout, "%s: %s\n", results[i].Policy, verdictLine(&results[i]))
		}
	}
	return nil
}

func printHeader(w io.Writer, f *reproFlags, p parsed) {
	poll := ""
	if p.base.Poll == defaultPoll {
		poll = " (accelerated)"
	}
	what, reader := "KB Q143413: one message of "+f.size.String(), "Mailer"
	if p.base.Workload != nil {
		what, reader = p.base.WorkloadName(), "reader's"
	}
	fmt.Fprintf(w, "%s over %s%s, loss %s, %s poll %v%s, seed %d, %s\n\n",
		what, p.base.Link.Name, tcpOf(p.base.TCP), percent(p.base.Loss), reader, p.base.Poll, poll, p.base.Seed, redacted(f.server))
}

func printTraces(w io.Writer, results []bench.Result) {
	for i := range results {
		r := &results[i]
		fmt.Fprintf(w, "# %s: %s\n", r.Policy, verdictLine(r))
		for _, e := range r.Events {
			fmt.Fprintln(w, e)
		}
	}
}

// verdictLine says in one line what became of a message.
func verdictLine(r *bench.Result) string {
	line := string(r.Outcome)
	if r.Code != "" {
		line += " " + r.Code
		if r.Reason != "" {
			line += " " + r.Reason
		}
	}
	line += "; sender told " + r.Told
	if r.Silent {
		line += " (silent)"
	}
	return line + fmt.Sprintf("; attempts %d, copies %d", r.Attempts, r.Copies)
}

// met checks the expectations.
func met(expect map[string]bench.Outcome, results []bench.Result) error {
	for i := range results {
		r := &results[i]
		if want, ok := expect[r.Policy]; ok && r.Outcome != want {
			return unmetError{fmt.Sprintf("policy %s, seed %d: %s, expected %s", r.Policy, r.Seed, r.Outcome, want)}
		}
	}
	return nil
}
