package bench

import (
	"fmt"

	"github.com/ntrdr/ntrdr/bench/workload"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/mailclient"
)

// The two postoffices of a trial and their users.
//
// src: assumed (any names will do)
var (
	localPO  = mailclient.InitConfig{Network: "NET", PO: "BRANCH", Users: []string{"ALICE"}, Externals: []mailclient.PostofficeName{{Network: "NET", PO: "HQ"}}}
	remotePO = mailclient.InitConfig{Network: "NET", PO: "HQ", Users: []string{"BOB"}, Externals: []mailclient.PostofficeName{{Network: "NET", PO: "BRANCH"}}}
)

// Mail is the workload of KB Q143413: one message of Size bytes is sent to a
// postoffice that a Mailer reads. The other fields of the Spec say how.
type Mail struct{ Size int }

// Name is mail with the size.
func (m Mail) Name() string { return "mail-" + workload.SizeName(m.Size) }

// Bytes is the size of the message file.
func (m Mail) Bytes() int { return m.Size }

// Prepare makes the two postoffices.
func (m Mail) Prepare(local, share workload.FS) error { return initPostoffices(local, share) }

// Start plays the usual mail.
func (m Mail) Start(st workload.Stage) (workload.Run, error) {
	return mail{&Spec{MessageSize: m.Size, Path: P1}}.Start(st)
}

// mail is a Mail with everything that its Spec says of it.
type mail struct{ spec *Spec }

func (m mail) Name() string                                  { return Mail{m.spec.MessageSize}.Name() }
func (m mail) Bytes() int                                    { return m.spec.MessageSize }
func (m mail) Prepare(local, share workload.FS) error        { return initPostoffices(local, share) }
func (m mail) Start(st workload.Stage) (workload.Run, error) { return newMailRun(m.spec, st) }

// mailRun is the sender and the Mailer of one trial.
type mailRun struct {
	spec   *Spec
	st     workload.Stage
	sender *mailclient.Sender
	mailer *mailclient.Mailer

	mu       rt.Mutex             // guards the rest, which the Mailer's task shares
	token    mailclient.Token     // of the message, once it is submitted
	verdicts []mailclient.Verdict // that name the message, or no message
}

func newMailRun(s *Spec, st workload.Stage) (*mailRun, error) {
	m := &mailRun{spec: s, st: st, mu: st.Runtime.NewMutex()}
	var err error
	if m.sender, err = mailclient.NewSender(m.senderConfig()); err != nil {
		return nil, err
	}
	m.mailer, err = mailclient.NewMailer(m.mailerConfig())
	return m, err
}

func (m *mailRun) senderConfig() mailclient.SenderConfig {
	c := mailclient.DefaultSenderConfig()
	c.Runtime, c.Trace = m.st.Runtime, m.st.App
	c.Local, c.Remote = m.st.Local, m.st.Share
	c.RemoteNetwork, c.RemotePO = remotePO.Network, remotePO.PO
	m.spec.Configure(&c)
	c.OnCall = m.st.OnCall
	return c
}

func (m *mailRun) mailerConfig() mailclient.MailerConfig {
	c := mailclient.DefaultMailerConfig()
	c.Runtime, c.PO, c.Trace = m.st.Runtime, m.st.Reader, m.st.Look
	c.OnVerdict = func(v mailclient.Verdict) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if v.Token == m.token || v.Token == "" {
			m.verdicts = append(m.verdicts, v)
		}
	}
	c.OnLook = m.st.OnOpen
	if m.spec.Poll > 0 {
		c.Poll = m.spec.Poll
	}
	if m.spec.Mailer != nil {
		m.spec.Mailer(&c)
	}
	return c
}

// Play submits the message and sends it.
func (m *mailRun) Play() error {
	token, err := m.sender.Submit(m.message())
	if err != nil {
		return fmt.Errorf("submit: %w", err)
	}
	m.mu.Lock()
	m.token = token
	m.mu.Unlock()
	m.sender.Run()
	return nil
}

// message is what the trial sends: a file of exactly the size asked for.
func (m *mailRun) message() mailclient.Message {
	return mailclient.Message{
		From:     mailclient.Address{Network: localPO.Network, PO: localPO.PO, Mailbox: localPO.Users[0]},
		To:       []mailclient.Address{{Network: remotePO.Network, PO: remotePO.PO, Mailbox: remotePO.Users[0]}},
		Subject:  "Quarterly figures",
		FileSize: m.spec.MessageSize,
	}
}

// Look is a cycle of the Mailer. One that could not look at the queue, or left something
// in it, is not complete.
func (m *mailRun) Look() bool {
	report, err := m.mailer.Cycle()
	return err == nil && report.Skipped == "" && report.Waiting == 0
}

// Role knows the files that the sender writes for its message at the remote postoffice.
func (m *mailRun) Role(path string) workload.Role {
	switch {
	case isKey(path):
		return workload.Announces
	case ofMessage(path):
		return workload.Written
	}
	return workload.Foreign
}

// Report opens the recipient's mailbag.
func (m *mailRun) Report(server workload.FS) (workload.Report, error) {
	sent := m.sender.Progress()
	copies, raised, err := m.inbox(server)
	if err != nil {
		return workload.Report{}, err
	}
	verdicts := about(sent, m.verdicts)
	r := workload.Report{Attempts: sent.Attempts, Begun: sent.AppStart, Ended: sent.AppEnd}
	r.Code, r.Reason = mailCode(sent, verdicts, raised)
	for _, v := range verdicts {
		raised = append(raised, v.Code)
	}
	r.Observation = Observation{Told: sent.Told, Raised: raised, Copies: copies}
	for _, v := range m.verdicts {
		if v.Code == mailclient.CodeNone {
			r.Delivered = v.At
			break
		}
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
func (m *mailRun) inbox(fs mailclient.FS) (copies int, raised []mailclient.Code, err error) {
	c := mailclient.DefaultReaderConfig()
	c.Runtime, c.PO, c.Mailbox, c.OmitText = m.st.Runtime, fs, remotePO.Users[0], true
	reader, err := mailclient.NewReader(c)
	if err != nil {
		return 0, nil, err
	}
	in, err := reader.Read()
	if err != nil {
		return 0, nil, fmt.Errorf("the recipient's mailbag: %w", err)
	}
	copies, corrupt := in.Copies(m.token)
	if corrupt > 0 {
		raised = append(raised, mailclient.CodeBadMessageFile)
	}
	return copies, raised, nil
}

// mailCode chooses the code to show: the first that the Mailer raised, else the sender's
// own.
func mailCode(sent mailclient.Result, verdicts []mailclient.Verdict, reader []mailclient.Code) (code, reason string) {
	for _, v := range verdicts {
		if v.Code != mailclient.CodeNone {
			return v.Code.String(), string(v.Reason)
		}
	}
	switch {
	case len(reader) > 0:
		code = reader[0].String()
	case sent.Code != mailclient.CodeNone:
		code = sent.Code.String()
	}
	return code, ""
}
