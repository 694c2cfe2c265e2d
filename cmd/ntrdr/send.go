package main

import (
	"context"
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/internal/volume"
	"github.com/ntrdr/ntrdr/mailclient"
)

func sendCommand() *command {
	return &command{
		name: "send", args: "URL", summary: "the sender alone: one message to a live postoffice, through the redirector",
		long: "Plays MSMAIL32 on a workstation of its own: the message waits in a local postoffice in memory and is sent to\n" +
			"the postoffice behind the URL by the seven steps of KB Q143413, through the redirector under the policy and\n" +
			"over the shaped link. It exits when the redirector has nothing left to write.",
		example: "  ntrdr send --policies nt351 --link ras-28.8 smb1://mailuser:secret@127.0.0.1:4450/MAILDATA",
		run:     runSend,
	}
}

func runSend(c *invocation) error {
	var f storyFlags
	f.add(c.flags)
	c.flags.Lookup("policies").DefValue = "nt351"
	f.policies = []string{"nt351"}
	linkName := c.flags.String("link", "ras-28.8", "link profile of the connection; none: not shaped")
	loss := c.flags.String("loss", "1%", "loss of IP packets each way, in percent")
	outages := c.flags.StringArray("outage", nil, "an outage, such as 12s:90s (may be repeated)")
	from := c.flags.String("from", "NET/BRANCH/ALICE", "sender")
	to := c.flags.String("to", "NET/HQ/BOB", "recipient, at the postoffice behind the URL")
	cycle := c.flags.Duration("cycle", 5*time.Minute, "wait between two attempts")
	if err := c.parse(1); err != nil {
		return err
	}
	if c.flags.NArg() != 1 {
		return badInput("say where to send to: the URL of a postoffice")
	}
	spec, policies, err := f.spec(c)
	if err != nil {
		return err
	}
	if len(policies) != 1 {
		return badInput("send takes one policy")
	}
	sf := stationFlags{settings: policies[0], seed: f.seed}
	if *linkName != "none" {
		p, err := lookupLink("--link", *linkName)
		if err != nil {
			return err
		}
		sf.link = &p
	}
	if sf.loss, err = parseLoss(*loss); err != nil {
		return err
	}
	if sf.outages, err = parseOutages(*outages); err != nil {
		return err
	}
	if *cycle <= 0 {
		return badInput("--cycle: %v is not positive", *cycle)
	}
	m, err := newLetter(*from, *to, spec.MessageSize)
	if err != nil {
		return err
	}
	s, err := connect(c, c.flags.Arg(0), machine.ActorSenderHost, sf)
	if err != nil {
		return err
	}
	defer s.close()
	s.trace.Watch(func(e trace.Event) { tell(c, e) })
	return s.send(c, &f, m, *cycle)
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

// send makes the local postoffice, sends, and waits until nothing is dirty.
func (s *station) send(c *invocation, f *storyFlags, m mailclient.Message, cycle time.Duration) error {
	local := machine.LocalFS(volume.NewMem(s.rt, s.rt.NewMutex(), volume.StockLimits()))
	to := m.To[0]
	err := mailclient.Init(local, mailclient.InitConfig{
		Network: m.From.Network, PO: m.From.PO, Users: []string{m.From.Mailbox},
		Externals: []mailclient.PostofficeName{{Network: to.Network, PO: to.PO}},
	})
	if err != nil {
		return inputError{err}
	}
	cfg := mailclient.DefaultSenderConfig()
	cfg.Runtime, cfg.Local, cfg.Remote, cfg.Trace = s.rt, local, s.fs, s.trace.Actor(machine.ActorSender)
	cfg.RemoteNetwork, cfg.RemotePO, cfg.Cycle = to.Network, to.PO, cycle
	cfg.FlushBeforeKey = f.flushBeforeKey
	if f.closeAfterKey {
		cfg.POClose = mailclient.CloseAfterKey
	}
	switch f.path {
	case "P2":
		cfg.MessageShare = nt.ShareNone
	case "P3":
		cfg.MessageAccess = nt.GenericWrite
	}
	sender, err := mailclient.NewSender(cfg)
	if err != nil {
		return inputError{err}
	}
	var res mailclient.Result
	defer context.AfterFunc(c.ctx, s.abort)()
	doErr := s.rt.Do("send", func() {
		res, err = sender.Send(m)
		s.ws.Redirector.Idle().Wait(rt.Forever)
	})
	switch {
	case doErr != nil:
		return peerError{doErr}
	case res.Told != mailclient.ToldSuccess:
		return unmetError{fmt.Sprintf("told %v %v after %s: %v", res.Told, res.Code, count(res.Attempts, "attempt"), err)}
	}
	_, err = fmt.Fprintf(c.stdout, "told success after %s\n", count(res.Attempts, "attempt"))
	return err
}

// tell prints what an event of a live run says to its watcher.
func tell(c *invocation, e trace.Event) {
	switch e.Kind {
	case trace.AppNote, trace.Verdict, trace.EventLog, trace.MailLog, trace.LinkDown, trace.LinkUp:
		fmt.Fprintf(c.stderr, "%8.2f s  %-7s %s\n", e.At.Seconds(), e.Actor, e.Text)
	}
}
