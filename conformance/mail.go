package conformance

import (
	"slices"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/volume"
	"github.com/ntrdr/ntrdr/mailclient"
)

// mailPlan is a mail story: a message that is sent, again and again with other seeds.
type mailPlan struct {
	trials         int
	size           int
	poll           time.Duration
	path           bench.Path
	closeAfterKey  bool
	flushBeforeKey bool
	sender         []func(*mailclient.SenderConfig)
	mailer         []func(*mailclient.MailerConfig)
}

// defaultMail is the story of `ntrdr repro`, once.
//
// src: KB Q125256 (32 KB is the most that a body shows); assumed (the poll is
// accelerated from the documented 5 minutes).
func defaultMail() mailPlan {
	return mailPlan{trials: 1, size: 32 << 10, poll: 5 * time.Second, path: bench.P1}
}

// maxTrials bounds a story, which keeps the traces of all its trials.
const maxTrials = 200

// mailCommands are the lines of a section mail.
var mailCommands = []setupCommand{
	{
		"trials N", "how often the message is sent, with seeds from `seed` on; 1 if nothing is said", simulated,
		func(a *args) func(*setup) {
			n := a.size("N")
			if n < 1 || n > maxTrials {
				a.fail("there can be 1 to %d trials", maxTrials)
			}
			return func(s *setup) { s.mail.trials = int(n) }
		},
	},
	{
		"message SIZE", "of the message file; 32KB if nothing is said", simulated,
		func(a *args) func(*setup) {
			n := a.size("SIZE")
			return func(s *setup) { s.mail.size = int(n) }
		},
	},
	{
		"poll DURATION", "between two cycles of the Mailer; 5s if nothing is said", simulated,
		func(a *args) func(*setup) {
			d := a.duration()
			return func(s *setup) { s.mail.poll = d }
		},
	},
	{
		"path P1|P2|P3|deny-none", "how the message file is opened: P1 read/write deny-write, P2 read/write deny-all, P3 write-only deny-write",
		simulated, parseMailPath,
	},
	{
		"close after-key|before-key", "when the message file is closed; before-key if nothing is said", simulated,
		func(a *args) func(*setup) {
			when := a.word("after-key or before-key")
			if when != "after-key" && when != "before-key" {
				a.fail("%q is neither after-key nor before-key", when)
			}
			return func(s *setup) { s.mail.closeAfterKey = when == "after-key" }
		},
	},
	{
		"flush-before-key", "the sender calls FlushFileBuffers on the message file before step 5", simulated,
		func(*args) func(*setup) { return func(s *setup) { s.mail.flushBeforeKey = true } },
	},
	{
		"denied-is-corrupt", "the Mailer takes a message file that it cannot open for corrupted, at once", simulated,
		func(*args) func(*setup) {
			return mailerSetting(func(c *mailclient.MailerConfig) { c.DeniedIsCorrupt = true })
		},
	},
	{
		"chunk SIZE", "of one write of the message file; 8KB if nothing is said", simulated,
		func(a *args) func(*setup) {
			n := a.size("SIZE")
			return senderSetting(func(c *mailclient.SenderConfig) { c.Chunk = int(n) })
		},
	},
}

func mailerSetting(f func(*mailclient.MailerConfig)) func(*setup) {
	return func(s *setup) { s.mail.mailer = append(s.mail.mailer, f) }
}

func senderSetting(f func(*mailclient.SenderConfig)) func(*setup) {
	return func(s *setup) { s.mail.sender = append(s.mail.sender, f) }
}

func parseMailPath(a *args) func(*setup) {
	p := bench.Path(a.word("path"))
	if known := []bench.Path{bench.P1, bench.P2, bench.P3, bench.DenyNone}; !slices.Contains(known, p) {
		a.fail("%q is none of %q", p, known)
	}
	return func(s *setup) { s.mail.path = p }
}

// spec is the bench.Spec of a mail story's first trial.
func (s *setup) spec(name string) (bench.Spec, error) {
	policy, err := settings(name, append(s.values["ws1"], s.values["server"]...), s.edition)
	if err != nil {
		return bench.Spec{}, err
	}
	profile, err := link.ByName(s.link)
	if err != nil {
		return bench.Spec{}, err
	}
	m := s.mail
	return bench.Spec{
		Policy: policy, Link: profile, Loss: s.loss, Outages: s.outages, Seed: s.seed, Shuffle: s.shuffle,
		MessageSize: m.size, Poll: m.poll, Path: m.path, CloseAfterKey: m.closeAfterKey, FlushBeforeKey: m.flushBeforeKey,
		KeepEvents: true,
		Sender: func(c *mailclient.SenderConfig) {
			for _, f := range m.sender {
				f(c)
			}
		},
		Mailer: func(c *mailclient.MailerConfig) {
			for _, f := range m.mailer {
				f(c)
			}
		},
	}, nil
}

// runMail plays all trials of a version of a mail story.
func (c *Case) runMail(r *Result, v *variant) error {
	s := c.setupOf(v)
	spec, err := s.spec(c.name(v))
	if err != nil {
		return err
	}
	var trials []*observed
	for range s.mail.trials {
		o, err := c.runTrial(v, s, spec)
		if err != nil {
			return err
		}
		trials = append(trials, o)
		spec.Seed++
	}
	for _, e := range v.expect {
		ok, seen := e.judgeTrials(trials)
		r.Findings = append(r.Findings, Finding{Variant: v.name, Line: e.line, Expected: e.text, Observed: seen, Holds: ok})
	}
	r.Traces = append(r.Traces, StoryTrace{v.name, trials[0].events})
	return nil
}

func (c *Case) runTrial(v *variant, s *setup, spec bench.Spec) (*observed, error) {
	var sim *bench.Sim
	var guard *world
	spec.OnWorld = func(w *bench.Sim) {
		sim = w
		guard = simGuard(w)
	}
	watch := newWatch(s.triggers, "", func(t trigger) { guard.cut(t.actor, t.silence) })
	spec.OnEvent = func(w *bench.World, e bench.Event) { watch.see(w.RT, e) }
	result, err := bench.Run(spec)
	if err != nil {
		return nil, err
	}
	o := &observed{
		events: nameAll(result.Events, ""), steps: map[string]*stepRun{}, states: map[look][]namedState{}, trial: &result,
	}
	for _, e := range v.expect {
		for _, l := range e.looks {
			o.states[l] = mailStates(sim.Volume, l.path)
		}
	}
	return o, nil
}

// mailStates looks at files of a postoffice. A message file that the Mailer would
// accept is whole.
func mailStates(v *volume.Mem, pattern string) []namedState {
	var list []namedState
	for _, p := range allFiles(v, "") {
		if !matchPath(pattern, p) {
			continue
		}
		b, err := v.ReadFile(p)
		if err != nil {
			continue
		}
		content := "damaged"
		if _, err := mailclient.ParseMAI(p, b); err == nil {
			content = "whole"
		}
		list = append(list, namedState{p, fileState{size: int64(len(b)), opens: -1, content: content}})
	}
	return list
}
