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
	"github.com/ntrdr/ntrdr/internal/trace"
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

func runMailer(c *invocation) error {
	poll := c.flags.Duration("poll", defaultPoll, "between two cycles (accelerated; the documented one is 5m)")
	count := c.flags.Int("count", 0, "end after this many verdicts; 0: never")
	asJSON := c.flags.Bool("json", false, "print one JSON object a verdict")
	policy := c.flags.String("policies", "nt351", "policy of the Mailer's workstation")
	if err := c.parse(1); err != nil {
		return err
	}
	if c.flags.NArg() != 1 {
		return badInput("say which postoffice: its URL")
	}
	if *poll <= 0 || *count < 0 {
		return badInput("--poll %v and --count %d must be positive", *poll, *count)
	}
	set, err := builtinPolicy(*policy, defaultEdition)
	if err != nil {
		return err
	}
	s, err := connect(c, c.flags.Arg(0), machine.ActorMailerHost, stationFlags{settings: set, seed: uint64(os.Getpid())})
	if err != nil {
		return err
	}
	defer s.close()
	s.trace.Watch(func(e trace.Event) { tell(c, e) })
	cfg := mailclient.DefaultMailerConfig()
	cfg.Runtime, cfg.PO, cfg.Trace, cfg.Poll = s.rt, s.fs, s.trace.Actor(machine.ActorMailer), *poll
	show := printVerdict
	if *asJSON {
		show = encodeVerdict
	}
	return s.mail(c, cfg, *count, show)
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
	if err := s.rt.Do("mailer", func() {
		m.Run(stop)
		s.ws.Redirector.Idle().Wait(rt.Forever)
	}); err != nil {
		return peerError{err}
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
