package bench

import (
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/mailclient"
)

// World is where a trial happens.
type World = machine.World

// The two postoffices of a trial and their users.
//
// src: assumed (any names will do)
var (
	localPO  = mailclient.InitConfig{Network: "NET", PO: "BRANCH", Users: []string{"ALICE"}, Externals: []mailclient.PostofficeName{{Network: "NET", PO: "HQ"}}}
	remotePO = mailclient.InitConfig{Network: "NET", PO: "HQ", Users: []string{"BOB"}, Externals: []mailclient.PostofficeName{{Network: "NET", PO: "BRANCH"}}}
)

// finalCycles is how many Mailer cycles must pass after the sender is done and
// nothing is dirty, before a trial is over.
//
// src: assumed (one to see what came last, one to be sure)
const finalCycles = 2

// settlePoll separates two looks at whether dirty data is left.
//
// src: assumed (the lazy writer's period is as fine as it needs to be)
const settlePoll = time.Second

// trial is one Spec being played in a World.
type trial struct {
	spec   Spec
	w      *World
	sender *mailclient.Sender
	mailer *mailclient.Mailer
	wire   *wireWatch
	start  time.Time
	calls  int

	mu        rt.Mutex             // guards the rest, which the Mailer's task shares
	token     mailclient.Token     // of the message, once it is submitted
	verdicts  []mailclient.Verdict // that name the message, or no message
	settledAt time.Time            // when the sender was done and nothing dirty; zero: not yet
	cycles    int                  // complete Mailer cycles begun after settledAt
	enough    rt.Event             // cycles == finalCycles
}

func newTrial(s Spec, w *World) (*trial, error) {
	t := &trial{
		spec: s, w: w, wire: newWireWatch(machine.ActorSenderHost), start: w.RT.Now(),
		enough: w.RT.NewEvent(rt.Notification), mu: w.RT.NewMutex(),
	}
	w.Trace.Watch(func(e Event) {
		t.wire.see(e)
		if s.OnEvent != nil {
			s.OnEvent(w, e)
		}
	})
	var err error
	if t.sender, err = mailclient.NewSender(t.senderConfig()); err != nil {
		return nil, err
	}
	t.mailer, err = mailclient.NewMailer(t.mailerConfig())
	return t, err
}

func (t *trial) senderConfig() mailclient.SenderConfig {
	c := mailclient.DefaultSenderConfig()
	c.Runtime, c.Trace = t.w.RT, t.w.Trace.Actor(machine.ActorSender)
	c.Local, c.Remote = machine.LocalFS(t.w.Local), t.w.SenderFS
	c.RemoteNetwork, c.RemotePO = remotePO.Network, remotePO.PO
	t.spec.Configure(&c)
	c.OnCall = func(step, op, path string, err error) {
		t.calls++
		if t.spec.OnCall != nil {
			t.spec.OnCall(t.w, Call{N: t.calls, Step: step, Op: op, Path: path, Err: err})
		}
	}
	return c
}

func (t *trial) mailerConfig() mailclient.MailerConfig {
	c := mailclient.DefaultMailerConfig()
	c.Runtime, c.PO, c.Trace = t.w.RT, t.w.MailerFS, t.w.Trace.Actor(machine.ActorMailer)
	c.Poll = t.spec.Poll
	c.OnVerdict = func(v mailclient.Verdict) {
		t.mu.Lock()
		defer t.mu.Unlock()
		if v.Token == t.token || v.Token == "" {
			t.verdicts = append(t.verdicts, v)
		}
	}
	server := t.w.Trace.Actor(machine.ActorServer)
	c.OnLook = func(path string) {
		if t.w.FileState != nil && server.Wants(trace.FileState) {
			size, opens := t.w.FileState(path)
			server.Emit(trace.Event{Kind: trace.FileState, Path: path, Off: size, Len: int64(opens)})
		}
	}
	if t.spec.Mailer != nil {
		t.spec.Mailer(&c)
	}
	return c
}

// play is the story: the drive is connected, the Mailer polls, the message is sent,
// and two more polls pass after everything has settled.
func (t *trial) play() error {
	t.w.RT.Go("Mailer", t.poll)
	if err := t.w.Sender.Redirector.Connect(); err != nil {
		t.w.Trace.Actor(machine.ActorSender).Emit(trace.Event{Kind: trace.AppNote, Text: "the drive could not be connected: " + err.Error()})
	}
	token, err := t.sender.Submit(t.message())
	if err != nil {
		return fmt.Errorf("submit: %w", err)
	}
	t.mu.Lock()
	t.token = token
	t.mu.Unlock()
	t.sender.Run()
	t.settle()
	t.mu.Lock()
	t.settledAt = t.w.RT.Now()
	t.mu.Unlock()
	t.enough.Wait(rt.Forever)
	if t.w.MailerIdle != nil {
		t.w.MailerIdle.Wait(rt.Forever)
	}
	return nil
}

// message is what the trial sends: a file of exactly the size asked for.
func (t *trial) message() mailclient.Message {
	return mailclient.Message{
		From:     mailclient.Address{Network: localPO.Network, PO: localPO.PO, Mailbox: localPO.Users[0]},
		To:       []mailclient.Address{{Network: remotePO.Network, PO: remotePO.PO, Mailbox: remotePO.Users[0]}},
		Subject:  "Quarterly figures",
		FileSize: t.spec.MessageSize,
	}
}

// settle waits until nothing that the sender wrote is on its way.
func (t *trial) settle() {
	for {
		t.w.Sender.Redirector.Idle().Wait(rt.Forever)
		if t.w.Sender.Redirector.DirtyBytes() == 0 {
			return
		}
		t.w.RT.Sleep(settlePoll)
	}
}

// poll is the Mailer: a cycle every Poll, its phase drawn from a stream of its own.
// A cycle that could not look at the queue, or left something in it, is not counted.
func (t *trial) poll() {
	phase := time.Duration(t.w.RT.Rand("mailer-phase").Int64N(int64(t.spec.Poll)))
	next := t.start.Add(phase)
	for !t.enough.Wait(next.Sub(t.w.RT.Now())) {
		begun := t.w.RT.Now()
		report, err := t.mailer.Cycle()
		if err == nil && report.Skipped == "" && report.Waiting == 0 {
			t.countCycle(begun)
		}
		for !next.After(t.w.RT.Now()) {
			next = next.Add(t.spec.Poll)
		}
	}
}

// countCycle counts a complete cycle of the Mailer, if everything had settled before.
func (t *trial) countCycle(begun time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.settledAt.IsZero() && !begun.Before(t.settledAt) {
		if t.cycles++; t.cycles == finalCycles {
			t.enough.Set()
		}
	}
}

// result puts together what happened. The postoffice is read through fs.
func (t *trial) result(fs mailclient.FS) (Result, error) {
	sent := t.sender.Progress()
	copies, raised, err := t.inbox(fs)
	if err != nil {
		return Result{}, err
	}
	r := Result{
		Schema: Schema, Commit: t.spec.Commit, ProfileHash: t.spec.ProfileHash(),
		Policy: t.spec.Policy.Policy.Name, Edition: t.spec.Policy.Edition.Name,
		Link: t.spec.Link.Name, TCP: t.spec.TCP.String(), Loss: t.spec.Loss, Workload: t.spec.Workload(), Seed: t.spec.Seed,
		Told: sent.Told.String(), Attempts: sent.Attempts, Copies: copies, Bytes: t.spec.MessageSize,
		Checksum: t.w.Trace.Checksum(), Events: t.w.Trace.Events(),
	}
	verdicts := about(sent, t.verdicts)
	r.setCode(sent, verdicts, raised)
	for _, v := range verdicts {
		raised = append(raised, v.Code)
	}
	r.Outcome, r.Silent = Classify(Observation{Told: sent.Told, Raised: raised, Copies: copies})
	t.setTimes(&r, sent)
	for _, e := range t.w.Sender.Redirector.EventLog() {
		r.EventLog = append(r.EventLog, LogEvent{
			Seconds: e.At.Sub(t.start).Seconds(), Source: e.Source, ID: int(e.ID), Path: e.Path, Text: e.Text, Ours: e.Ours,
		})
	}
	return r, nil
}

// about picks the verdicts on the message: those that name it, on a slot that one of
// its attempts announced, or on the whole queue.
func about(sent mailclient.Result, all []mailclient.Verdict) (list []mailclient.Verdict) {
	for _, v := range all {
		named := v.Token != "" || v.Slot < 0
		for _, a := range sent.Announcements {
			named = named || a.Slot == v.Slot
		}
		if named {
			list = append(list, v)
		}
	}
	return list
}

// inbox opens the recipient's mailbag as a reading client would.
func (t *trial) inbox(fs mailclient.FS) (copies int, raised []mailclient.Code, err error) {
	c := mailclient.DefaultReaderConfig()
	c.Runtime, c.PO, c.Mailbox = t.w.RT, fs, remotePO.Users[0]
	reader, err := mailclient.NewReader(c)
	if err != nil {
		return 0, nil, err
	}
	in, err := reader.Read()
	if err != nil {
		return 0, nil, fmt.Errorf("the recipient's mailbag: %w", err)
	}
	copies, corrupt := in.Copies(t.token)
	if corrupt > 0 {
		raised = append(raised, mailclient.CodeBadMessageFile)
	}
	return copies, raised, nil
}

// setCode chooses the code to show: the first that the Mailer raised, else the
// sender's own.
func (r *Result) setCode(sent mailclient.Result, verdicts []mailclient.Verdict, reader []mailclient.Code) {
	for _, v := range verdicts {
		if v.Code != mailclient.CodeNone {
			r.Code, r.Reason = v.Code.String(), string(v.Reason)
			return
		}
	}
	switch {
	case len(reader) > 0:
		r.Code = reader[0].String()
	case sent.Code != mailclient.CodeNone:
		r.Code = sent.Code.String()
	}
}

// setTimes fills in the times, all from the first call of step 3.
func (t *trial) setTimes(r *Result, sent mailclient.Result) {
	if sent.AppStart.IsZero() {
		return
	}
	zero := sent.AppStart.Sub(t.start)
	at := func(d time.Duration) *float64 { return seconds(d - zero) }
	r.AppStart = seconds(zero)
	if !sent.AppEnd.IsZero() {
		r.App = seconds(sent.AppEnd.Sub(sent.AppStart))
	}
	if sent.Told == mailclient.ToldSuccess && t.wire.reached && !t.wire.cut {
		r.Durable = at(t.wire.lastClose)
	}
	if t.wire.keyReached {
		r.KeyVisible = at(t.wire.keyClose)
	}
	for _, v := range t.verdicts {
		if v.Code == mailclient.CodeNone {
			r.Delivered = seconds(v.At.Sub(sent.AppStart))
			break
		}
	}
}

func seconds(d time.Duration) *float64 {
	s := float64(d.Microseconds()) / 1e6
	return &s
}
