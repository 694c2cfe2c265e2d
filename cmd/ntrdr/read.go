package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/mailclient"
)

func readCommand() *command {
	return &command{
		name: "read", args: "URL|DIR", summary: "a user's client alone: downloads a mailbag, or polls it",
		long: "Reads the mailbag of a user, on the postoffice in a directory or, through the redirector under the policy, behind\n" +
			"the URL. What it cannot read whole it shows as MAIL SYSTEM ERROR, with the code that a Mailer would give. It\n" +
			"exits after one look, and with status 1 if anything was not whole; with --poll it goes on until it is\n" +
			"interrupted or has shown --count messages. Without --drain the mailbag stays as it is.",
		example: "  ntrdr po init maildata\n  ntrdr send --from NET/HQ/BOB --to NET/HQ/BOB maildata\n  ntrdr read --mailbox BOB maildata\n" +
			"  ntrdr read --poll 10m --drain smb1://mailuser:secret@127.0.0.1:4450/MAILDATA",
		run: runRead,
	}
}

// readFlags are read's own flags.
type readFlags struct {
	mailbox, policy, client   string
	poll                      time.Duration
	count                     int
	drain, stop, text, asJSON bool
	shown, damaged            int
	failed                    error // of the output
	done                      rt.Event
}

func (f *readFlags) add(c *invocation) {
	c.flags.StringVar(&f.mailbox, "mailbox", "BOB", "the user")
	c.flags.DurationVar(&f.poll, "poll", 0, "between two looks (a client's default was 10m); 0: look once")
	c.flags.IntVar(&f.count, "count", 0, "with --poll: end after this many messages; 0: never")
	c.flags.BoolVar(&f.drain, "drain", false, "take what was read out of the mailbag, as without inbox shadowing")
	c.flags.BoolVar(&f.stop, "stop-on-corrupt", false, "download nothing behind a message that cannot be read (KB Q104277)")
	c.flags.StringVar(&f.client, "client", "3.0", "version of the client: 3.0 takes a locked message for damaged, 3.2 waits (KB Q107756)")
	c.flags.BoolVar(&f.text, "text", false, "print the text of the messages")
	c.flags.BoolVar(&f.asJSON, "json", false, "print one JSON object a message")
	c.flags.StringVar(&f.policy, "policies", "nt351", "policy of the client's workstation")
}

func runRead(c *invocation) error {
	f := &readFlags{}
	f.add(c)
	if err := c.parse(1); err != nil {
		return err
	}
	switch {
	case c.flags.NArg() != 1:
		return badInput("say which postoffice: its URL or directory")
	case f.poll < 0 || f.count < 0:
		return badInput("--poll %v and --count %d must be positive", f.poll, f.count)
	case f.client != "3.0" && f.client != "3.2":
		return badInput("--client: %q is neither 3.0 nor 3.2", f.client)
	}
	set, err := builtinPolicy(f.policy, defaultEdition)
	if err != nil {
		return err
	}
	return onPostoffice(c, c.flags.Arg(0), stationFlags{settings: set, seed: uint64(os.Getpid())}, func(s *station) error {
		return f.read(c, s)
	})
}

// read looks once or polls.
func (f *readFlags) read(c *invocation, s *station) error {
	cfg := mailclient.DefaultReaderConfig()
	cfg.Runtime, cfg.PO, cfg.Mailbox = s.rt, s.fs, f.mailbox
	cfg.Drain, cfg.StopOnCorrupt, cfg.LockedIsEmpty = f.drain, f.stop, f.client == "3.0"
	cfg.OnMail = func(it mailclient.Item) { f.show(c, it) }
	cfg.OnError = func(err error) { fmt.Fprintf(c.stderr, "ntrdr read: %v\n", err) }
	if f.poll > 0 {
		cfg.Poll = f.poll
	}
	reader, err := mailclient.NewReader(cfg)
	if err != nil {
		return badInput("--mailbox: %w", err)
	}
	if f.poll > 0 {
		f.done = s.rt.NewEvent(rt.Notification)
		defer context.AfterFunc(c.ctx, f.done.Set)()
		if err := s.do("read", func() error { reader.Run(f.done); return nil }); err != nil {
			return err
		}
		return f.failed
	}
	defer context.AfterFunc(c.ctx, s.abort)()
	err = s.do("read", func() error {
		in, err := reader.Read()
		for _, it := range in {
			f.show(c, it)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case f.failed != nil:
		return f.failed
	case f.damaged > 0:
		return unmetError{fmt.Sprintf("%d of %s could not be read whole", f.damaged, count(f.shown, "message"))}
	case f.shown == 0 && !f.asJSON:
		fmt.Fprintln(c.stdout, "no mail")
	}
	return nil
}

// show prints one message and counts it.
func (f *readFlags) show(c *invocation, it mailclient.Item) {
	f.shown++
	if !it.Whole {
		f.damaged++
	}
	out := f.print
	if f.asJSON {
		out = encodeItem
	}
	if err := out(c, it); err != nil {
		f.failed = err
	}
	if f.done != nil && (f.failed != nil || f.shown == f.count) {
		f.done.Set()
	}
}

func (f *readFlags) print(c *invocation, it mailclient.Item) error {
	var b strings.Builder
	if it.Record == nil {
		fmt.Fprintf(&b, "slot %d\n", it.Slot)
	} else {
		fmt.Fprintf(&b, "%q from %s, %d bytes, %s\n", it.Record.Subject, it.Record.Sender, it.Record.Size, count(int(it.Record.ATTs), "attachment"))
	}
	if !it.Whole {
		fmt.Fprintf(&b, "%s reason=%s %s\n", it.Code.Line(""), it.Reason, it.Detail)
	} else if it.Detail != "" {
		fmt.Fprintf(&b, "warning: %s\n", it.Detail)
	}
	if f.text || it.Text == mailclient.MailSystemError {
		fmt.Fprintf(&b, "%s\n", strings.ReplaceAll(it.Text, "\r\n", "\n"))
	}
	_, err := fmt.Fprint(c.stdout, b.String())
	return err
}

// itemJSON is an object of `read --json`.
type itemJSON struct {
	Schema   string `json:"schema"`
	Commit   string `json:"commit"`
	Slot     int    `json:"slot"`
	Path     string `json:"path"` // of the message file
	Sender   string `json:"sender"`
	Subject  string `json:"subject"`
	Declared int64  `json:"declared"` // size of the message file, as the record says
	Whole    bool   `json:"whole"`
	Code     string `json:"code"`
	Reason   string `json:"reason"`
	Detail   string `json:"detail"`
	Text     string `json:"text"` // what the user sees
}

func encodeItem(c *invocation, it mailclient.Item) error {
	j := itemJSON{
		Schema: bench.Schema, Commit: commit(), Slot: it.Slot, Whole: it.Whole, Code: it.Code.String(),
		Reason: string(it.Reason), Detail: it.Detail, Text: it.Text,
	}
	if r := it.Record; r != nil {
		j.Path, j.Sender, j.Subject, j.Declared = mailclient.MAIPath(r.MAI), r.Sender, r.Subject, int64(r.Size)
	}
	return json.NewEncoder(c.stdout).Encode(j)
}
