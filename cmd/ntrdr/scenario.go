package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/link"
)

// storyFlags are the flags that repro and bench share: what is sent, and under which
// policies.
type storyFlags struct {
	policies       []string
	policyFiles    []string
	set            []string
	edition        string
	seed           uint64
	size           byteSize
	poll           time.Duration
	flushBeforeKey bool
	path           string
	closeAfterKey  bool
	live           bool // no flag: the policies that need a live server can be named

	policyWords spelling
}

// Defaults of a trial.
//
// src: KB Q132060 (an average message is 8 KB; 32 KB is the most that a body shows,
// KB Q125256); assumed (the poll is accelerated from the documented 5 minutes).
const (
	defaultSize = 32 << 10
	defaultPoll = 5 * time.Second
)

func (f *storyFlags) add(set *pflag.FlagSet) {
	f.size, f.poll = defaultSize, defaultPoll
	if f.policies == nil {
		f.policies = defaultPolicies
	}
	set.StringSliceVar(&f.policies, "policies", f.policies, "built-in policies, by name")
	set.StringArrayVar(&f.policyFiles, "policy", nil, "a policy of your own: a .reg file (may be repeated)")
	set.StringArrayVar(&f.set, "set", nil, "change a registry value of every policy: NAME=VALUE, see ntrdr params (may be repeated)")
	set.StringVar(&f.edition, "edition", defaultEdition, "the model underneath: "+editionNames())
	set.Uint64Var(&f.seed, "seed", 1, "seed of the first trial")
	set.Var(&f.size, "message-size", "size of the message file, such as 8KB or 1MB")
	set.BoolVar(&f.flushBeforeKey, "flush-before-key", false, "the sender calls FlushFileBuffers before step 5")
	set.StringVar(&f.path, "path", string(bench.P1), "how the message file is opened: P1 read/write deny-write, P2 read/write deny-all, P3 write-only deny-write")
	set.BoolVar(&f.closeAfterKey, "close-after-key", false, "the sender closes the message file after the KEY")
}

// addPoll is for the commands that have a Mailer beside the sender.
func (f *storyFlags) addPoll(set *pflag.FlagSet) {
	set.DurationVar(&f.poll, "poll", defaultPoll, "the Mailer's poll interval (accelerated; the documented one is 5m)")
}

// spec checks the flags and makes the part of a Spec that they decide.
func (f *storyFlags) spec(c *invocation) (bench.Spec, []bench.Settings, error) {
	policies, files := f.policies, f.policyFiles
	if len(files) > 0 && !c.flags.Changed("policies") {
		policies = nil // a policy of one's own replaces the default pair
	}
	settings, err := selectPolicies(c, policies, files, f.edition, f.live)
	if err != nil {
		return bench.Spec{}, nil, err
	}
	if settings, err = changed(c, settings, f.set); err != nil {
		return bench.Spec{}, nil, err
	}
	for i, s := range settings {
		if i < len(policies) {
			f.policyWords.note(s.Policy.Name, "--policies", policies[i])
		} else {
			f.policyWords.note(s.Policy.Name, "--policy", files[i-len(policies)])
		}
	}
	switch p := bench.Path(f.path); p {
	case bench.P1, bench.P2, bench.P3:
	default:
		return bench.Spec{}, nil, badInput("--path: %q is none of P1, P2, P3", f.path)
	}
	if f.poll < time.Second || f.poll > time.Hour {
		return bench.Spec{}, nil, badInput("--poll: %v is not between 1s and 1h", f.poll)
	}
	if int(f.size) < minMessageSize {
		return bench.Spec{}, nil, badInput("--message-size: a message file has at least %d bytes", minMessageSize)
	}
	return bench.Spec{
		Commit: commit(), Seed: f.seed, MessageSize: int(f.size), Poll: f.poll,
		FlushBeforeKey: f.flushBeforeKey, Path: bench.Path(f.path), CloseAfterKey: f.closeAfterKey,
	}, settings, nil
}

// minMessageSize leaves room for the header fields of a message.
//
// src: KB Q108027 (a small real message file has 552 bytes)
const minMessageSize = 552

func parseLoss(text string) (float64, error) {
	v, err := link.ParseLoss(text)
	if err != nil {
		return 0, badInput("--loss: %w", err)
	}
	return v, nil
}

func parseOutages(texts []string) ([]link.Outage, error) {
	var list []link.Outage
	for _, t := range texts {
		o, err := link.ParseOutage(t)
		if err != nil {
			return nil, badInput("--outage: %w", err)
		}
		list = append(list, o)
	}
	return list, nil
}

// percent spells a fraction.
func percent(f float64) string { return strconv.FormatFloat(f*100, 'g', 4, 64) + " %" }

// count spells a number of things.
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// optional formats a number that may be unknown.
func optional(format string, v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf(format, *v)
}
