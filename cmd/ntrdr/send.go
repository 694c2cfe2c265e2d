package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/internal/volume"
	"github.com/ntrdr/ntrdr/mailclient"
)

func sendCommand() *command {
	return &command{
		name: "send", args: "URL|DIR", summary: "the sender alone: one message to a live postoffice, through the redirector",
		long: "Plays MSMAIL32 on a workstation of its own: the message waits in a local postoffice in memory and is sent to\n" +
			"the postoffice behind the URL by the seven steps of KB Q143413, through the redirector under the policy and\n" +
			"over the shaped link. It exits when the redirector has nothing left to write. With sender and recipient in one\n" +
			"postoffice, the client posts the message there itself, and that may be a directory, too.",
		example: "  ntrdr send --policies nt351 --link ras-28.8 smb1://mailuser:secret@127.0.0.1:4450/MAILDATA\n" +
			"  ntrdr po init maildata\n  ntrdr send --from NET/HQ/BOB --to NET/HQ/BOB maildata",
		run: runSend,
	}
}

// sendFlags are send's own flags.
type sendFlags struct {
	storyFlags
	link, loss string
	outages    []string
	from, to   string
	cycle      time.Duration
	spooler    bool
	maxSize    int // KB
	asJSON     bool
}

// defaultCycle separates two attempts.
//
// src: KB Q148707 (5 minutes)
const defaultCycle = 5 * time.Minute

func (f *sendFlags) add(c *invocation) {
	f.storyFlags.add(c.flags)
	c.flags.Lookup("policies").DefValue = defaultPolicies[0]
	f.policies = defaultPolicies[:1]
	c.flags.StringVar(&f.link, "link", "ras-28.8", "link of the connection: a profile's name, or a file; none: not shaped")
	c.flags.StringVar(&f.loss, "loss", "1%", "loss of IP packets each way, in percent")
	c.flags.StringArrayVar(&f.outages, "outage", nil, "an outage, such as 12s:90s (may be repeated)")
	c.flags.StringVar(&f.from, "from", "NET/BRANCH/ALICE", "sender")
	c.flags.StringVar(&f.to, "to", "NET/HQ/BOB", "recipient, at the postoffice behind the URL")
	c.flags.DurationVar(&f.cycle, "cycle", defaultCycle, "wait between two attempts")
	c.flags.BoolVar(&f.spooler, "spooler", false, "wait as a client's spooler does: 2s after a locked file, 60s after a lost server (KB Q86100)")
	c.flags.IntVar(&f.maxSize, "max-lan-mail-size", 0, "largest message in KB, attachments included (KB Q131852); 0: no limit")
	c.flags.BoolVar(&f.asJSON, "json", false, "print JSON")
}

// check makes of the flags a letter, how to send it, and how to reach the server.
func (f *sendFlags) check(c *invocation) (m mailclient.Message, spec bench.Spec, sf stationFlags, err error) {
	spec, policies, err := f.spec(c)
	if err != nil {
		return m, spec, sf, err
	}
	switch {
	case c.flags.NArg() != 1:
		return m, spec, sf, badInput("say where to send to: the URL of a postoffice")
	case len(policies) != 1:
		return m, spec, sf, badInput("send takes one policy")
	case f.cycle <= 0:
		return m, spec, sf, badInput("--cycle: %v is not positive", f.cycle)
	case f.maxSize < 0:
		return m, spec, sf, badInput("--max-lan-mail-size: %d is negative", f.maxSize)
	}
	spec.Policy = policies[0]
	sf = stationFlags{settings: policies[0], seed: f.seed}
	if f.link != "none" {
		p, err := lookupLink("--link", f.link)
		if err != nil {
			return m, spec, sf, err
		}
		sf.link = &p
	}
	if sf.loss, err = parseLoss(f.loss); err != nil {
		return m, spec, sf, err
	}
	if sf.outages, err = parseOutages(f.outages); err != nil {
		return m, spec, sf, err
	}
	m, err = newLetter(f.from, f.to, spec.MessageSize)
	return m, spec, sf, err
}

func runSend(c *invocation) error {
	var f sendFlags
	f.add(c)
	if err := c.parse(1); err != nil {
		return err
	}
	m, spec, sf, err := f.check(c)
	if err != nil {
		return err
	}
	if from, to := m.From, m.To[0]; strings.EqualFold(from.Network+"/"+from.PO, to.Network+"/"+to.PO) {
		return onPostoffice(c, c.flags.Arg(0), sf, func(s *station) error {
			defer context.AfterFunc(c.ctx, s.abort)()
			return s.post(c, &f, spec, m)
		})
	}
	s, err := connect(c, c.flags.Arg(0), machine.ActorSenderHost, sf)
	if err != nil {
		return err
	}
	defer s.close()
	return s.send(c, &f, spec, m)
}

// post lets a client put a message into its own postoffice.
func (s *station) post(c *invocation, f *sendFlags, spec bench.Spec, m mailclient.Message) error {
	cfg := mailclient.DefaultClientConfig()
	cfg.Runtime, cfg.PO = s.rt, s.fs
	cfg.Spooler.IdleRequiredInterval = 0 // nobody types
	return s.do("send", func() error {
		client, err := mailclient.NewClient(cfg)
		if err != nil {
			return inputError{err}
		}
		res := mailclient.Result{Told: mailclient.ToldSuccess, Attempts: 1}
		if res.Token, err = client.Send(m); err != nil {
			res.Told = mailclient.ToldError
		}
		return f.report(c, spec, res, err)
	})
}

func newLetter(from, to string, size int) (mailclient.Message, error) {
	sender, err := mailclient.ParseAddress(from)
	if err != nil {
		return mailclient.Message{}, badInput("--from: %w", err)
	}
	recipient, err := mailclient.ParseAddress(to)
	if err != nil {
		return mailclient.Message{}, badInput("--to: %w", err)
	}
	return mailclient.Message{
		From: sender, To: []mailclient.Address{recipient}, Subject: "Quarterly figures", FileSize: size,
	}, nil
}

// sentJSON is the object of `send --json`.
type sentJSON struct {
	Schema   string `json:"schema"`
	Commit   string `json:"commit"`
	Policy   string `json:"policy"`
	Told     string `json:"told"`
	Code     string `json:"code"`
	Attempts int    `json:"attempts"`
	Error    string `json:"error,omitempty"`
}

// send makes the local postoffice, sends, and waits until nothing is dirty.
func (s *station) send(c *invocation, f *sendFlags, spec bench.Spec, m mailclient.Message) error {
	sender, err := s.newSender(spec, m, f)
	if err != nil {
		return inputError{err}
	}
	var res mailclient.Result
	defer context.AfterFunc(c.ctx, s.abort)()
	var sendErr error
	err = s.do("send", func() error {
		res, sendErr = sender.Send(m)
		if n := s.ws.Redirector.DirtyBytes(); n > 0 {
			fmt.Fprintf(c.stderr, "the sender is done; the redirector still has %d bytes to write\n", n)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return f.report(c, spec, res, sendErr)
}

// report prints the result; a sender that was not told success is exit status 1.
func (f *sendFlags) report(c *invocation, spec bench.Spec, res mailclient.Result, err error) error {
	told := res.Told == mailclient.ToldSuccess
	if f.asJSON {
		j := sentJSON{
			Schema: bench.Schema, Commit: spec.Commit, Policy: spec.Policy.Policy.Name, Told: res.Told.String(), Attempts: res.Attempts,
		}
		if res.Code != mailclient.CodeNone {
			j.Code = res.Code.String()
		}
		if !told && err != nil {
			j.Error = err.Error()
		}
		if err := json.NewEncoder(c.stdout).Encode(j); err != nil {
			return err
		}
	}
	if !told {
		return unmetError{fmt.Sprintf("told %v %v after %s: %v", res.Told, res.Code, count(res.Attempts, "attempt"), err)}
	}
	if f.asJSON {
		return nil
	}
	_, err = fmt.Fprintf(c.stdout, "told success after %s\n", count(res.Attempts, "attempt"))
	return err
}

// newSender makes a local postoffice in memory and MSMAIL32 on it.
func (s *station) newSender(spec bench.Spec, m mailclient.Message, f *sendFlags) (*mailclient.Sender, error) {
	local := machine.LocalFS(volume.NewMem(s.rt, s.rt.NewMutex(), volume.StockLimits()))
	to := m.To[0]
	err := mailclient.Init(local, mailclient.InitConfig{
		Network: m.From.Network, PO: m.From.PO, Users: []string{m.From.Mailbox},
		Externals: []mailclient.PostofficeName{{Network: to.Network, PO: to.PO}},
	})
	if err != nil {
		return nil, err
	}
	cfg := mailclient.DefaultSenderConfig()
	cfg.Runtime, cfg.Local, cfg.Remote, cfg.Trace = s.rt, local, s.fs, s.trace.Actor(machine.ActorSender)
	cfg.RemoteNetwork, cfg.RemotePO, cfg.Cycle, cfg.MaxLanMailSize = to.Network, to.PO, f.cycle, f.maxSize
	if f.spooler {
		spooler := mailclient.DefaultSpooler()
		cfg.Spooler = &spooler
	}
	spec.Configure(&cfg)
	return mailclient.NewSender(cfg)
}

// tell prints what an event of a live run says to its watcher.
func tell(c *invocation, e trace.Event) {
	switch e.Kind {
	case trace.AppNote, trace.Verdict, trace.EventLog, trace.MailLog, trace.LinkDown, trace.LinkUp:
		fmt.Fprintf(c.stderr, "%8.2f s  %-7s %s\n", e.At.Seconds(), e.Actor, e.Text)
	}
}
