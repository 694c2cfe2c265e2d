package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/mailclient"
)

func mailerCommand() *command {
	return &command{
		name: "mailer", args: "URL", summary: "the Mailer alone: polls a live postoffice and delivers",
		long: "Polls INQUEUE3 of the postoffice behind the URL, delivers to the users' mailbags, and raises [023] and the\n" +
			"other codes, until it is interrupted or has judged --count messages.",
		example: "  ntrdr mailer --poll 1s --count 1 smb1://mailuser:secret@127.0.0.1:4450/MAILDATA",
		run:     runMailer,
	}
}

// mailerFlags are mailer's own flags.
type mailerFlags struct {
	poll                   time.Duration
	count                  int
	asJSON                 bool
	policy, checks, lock   string
	deniedIsCorrupt, early bool
	noNDR                  bool
}

func (f *mailerFlags) add(c *invocation) {
	c.flags.DurationVar(&f.poll, "poll", defaultPoll, "between two cycles (accelerated; the documented one is 5m)")
	c.flags.IntVar(&f.count, "count", 0, "end after this many verdicts; 0: never")
	c.flags.BoolVar(&f.asJSON, "json", false, "print one JSON object a verdict")
	c.flags.StringVar(&f.policy, "policies", "nt351", "policy of the Mailer's workstation")
	c.flags.StringVar(&f.checks, "checks", "full", "how much of a message file is examined: none, length or full (KB Q130382)")
	c.flags.StringVar(&f.lock, "lock", "held", "how INQUEUE3 is kept from others: held, semaphore, or legacy as with -V20 (KB Q103960)")
	c.flags.BoolVar(&f.deniedIsCorrupt, "denied-is-corrupt", false, "[023] at once for a message file that cannot be opened, not [012] after three cycles")
	c.flags.BoolVar(&f.early, "delete-p1-first", false, "delete the routing file before the queue is updated (KB Q136379)")
	c.flags.BoolVar(&f.noNDR, "no-ndr", false, "queue no failure mail")
}

// The words of --checks and --lock.
var (
	checksWords = map[string]mailclient.Checks{"none": mailclient.ChecksNone, "length": mailclient.ChecksLength, "full": mailclient.ChecksFull}
	lockWords   = map[string]mailclient.QueueLock{
		"held": mailclient.LockHeld, "semaphore": mailclient.LockSemaphore, "legacy": mailclient.LockLegacy,
	}
)

// config makes a Mailer's configuration of the flags.
func (f *mailerFlags) config() (cfg mailclient.MailerConfig, err error) {
	cfg = mailclient.DefaultMailerConfig()
	var known bool
	if cfg.Checks, known = checksWords[f.checks]; !known {
		return cfg, badInput("--checks: %q is none of none, length and full", f.checks)
	}
	if cfg.QueueLock, known = lockWords[f.lock]; !known {
		return cfg, badInput("--lock: %q is none of held, semaphore and legacy", f.lock)
	}
	if f.poll <= 0 || f.count < 0 {
		return cfg, badInput("--poll %v and --count %d must be positive", f.poll, f.count)
	}
	cfg.Poll, cfg.SendNDR = f.poll, !f.noNDR
	cfg.DeniedIsCorrupt, cfg.DeleteP1BeforeQueueUpdate = f.deniedIsCorrupt, f.early
	return cfg, nil
}

func runMailer(c *invocation) error {
	var f mailerFlags
	f.add(c)
	if err := c.parse(1); err != nil {
		return err
	}
	if c.flags.NArg() != 1 {
		return badInput("say which postoffice: its URL")
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	set, err := builtinPolicy(f.policy, defaultEdition)
	if err != nil {
		return err
	}
	s, err := connect(c, c.flags.Arg(0), machine.ActorMailerHost, stationFlags{settings: set, seed: uint64(os.Getpid())})
	if err != nil {
		return err
	}
	defer s.close()
	cfg.Runtime, cfg.PO, cfg.Trace = s.rt, s.fs, s.trace.Actor(machine.ActorMailer)
	show := printVerdict
	if f.asJSON {
		show = encodeVerdict
	}
	return s.mail(c, cfg, f.count, show)
}

// mail runs the Mailer until it is interrupted or has judged count messages.
func (s *station) mail(c *invocation, cfg mailclient.MailerConfig, count int, show func(*invocation, mailclient.Verdict) error) error {
	stop := s.rt.NewEvent(rt.Notification)
	defer context.AfterFunc(c.ctx, stop.Set)()
	judged := 0
	var printErr error
	cfg.OnVerdict = func(v mailclient.Verdict) {
		printErr = show(c, v)
		if judged++; judged == count || printErr != nil {
			stop.Set()
		}
	}
	m, err := mailclient.NewMailer(cfg)
	if err != nil {
		return inputError{err}
	}
	if err := s.do("mailer", func() error { m.Run(stop); return nil }); err != nil {
		return err
	}
	return printErr
}

func printVerdict(c *invocation, v mailclient.Verdict) (err error) {
	if v.Code == mailclient.CodeNone {
		_, err = fmt.Fprintf(c.stdout, "delivered %q to %v\n", v.Subject, v.Delivered)
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "%s %s (%d of %d bytes)\n", v.Code.Line(""), v.Reason, v.Size, v.Declared)
	return err
}

// verdictJSON is the object of `mailer --json`.
type verdictJSON struct {
	Schema    string   `json:"schema"`
	Commit    string   `json:"commit"`
	At        string   `json:"at"`
	Outcome   string   `json:"outcome"` // delivered or refused
	Code      string   `json:"code"`
	Reason    string   `json:"reason"`
	Path      string   `json:"path"`
	Size      int64    `json:"size"` // -1: not read
	Declared  int64    `json:"declared"`
	Subject   string   `json:"subject"`
	Delivered []string `json:"delivered"`
	Failed    []string `json:"failed"`
}

func encodeVerdict(c *invocation, v mailclient.Verdict) error {
	j := verdictJSON{
		Schema: bench.Schema, Commit: commit(), At: v.At.UTC().Format(time.RFC3339Nano), Outcome: "delivered",
		Reason: string(v.Reason), Path: v.Path, Size: v.Size, Declared: v.Declared, Subject: v.Subject,
		Delivered: texts(v.Delivered), Failed: texts(v.Failed),
	}
	if v.Code != mailclient.CodeNone {
		j.Outcome, j.Code = "refused", v.Code.String()
	}
	return json.NewEncoder(c.stdout).Encode(j)
}

func texts(list []mailclient.Address) []string {
	out := make([]string, 0, len(list))
	for _, a := range list {
		out = append(out, a.String())
	}
	return out
}
