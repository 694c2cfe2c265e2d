package mailclient

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt/simtest"
	"github.com/ntrdr/ntrdr/internal/trace"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files of testdata")

// world is two postoffices, HQ (local) and BRANCH (remote), and the agents between them.
type world struct {
	t        testing.TB
	k        *simrt.Kernel
	local    *memFS
	remote   *memFS
	wire     *wire // the sender's way to remote
	rec      *trace.Recorder
	sendCfg  SenderConfig
	mailCfg  MailerConfig
	sender   *Sender
	mailer   *Mailer
	verdicts []Verdict
}

var (
	ann = Address{"NET", "HQ", "ANN"}
	bob = Address{"NET", "BRANCH", "BOB"}
	cyd = Address{"NET", "BRANCH", "CYD"}
)

// inWorld runs a story in virtual time.
func inWorld(t *testing.T, story func(*world)) {
	t.Helper()
	simtest.Run(t, simrt.Options{Deadline: 48 * time.Hour}, func(k *simrt.Kernel) {
		w := &world{t: t, k: k, local: newMemFS(), remote: newMemFS(), rec: trace.NewRecorder(k, nil, true)}
		w.wire = &wire{fs: w.remote, rt: k}
		w.ok(Init(w.local, InitConfig{Network: "NET", PO: "HQ", Users: []string{"ANN"}, Externals: []PostofficeName{{"NET", "BRANCH"}}}))
		w.ok(Init(w.remote, InitConfig{Network: "NET", PO: "BRANCH", Users: []string{"BOB", "CYD"}, Externals: []PostofficeName{{"NET", "HQ"}}}))
		w.sendCfg = DefaultSenderConfig()
		w.sendCfg.Runtime, w.sendCfg.Local, w.sendCfg.Remote = k, w.local, w.wire
		w.sendCfg.RemoteNetwork, w.sendCfg.RemotePO = "NET", "BRANCH"
		w.sendCfg.Trace = w.rec.Actor("sender")
		w.mailCfg = DefaultMailerConfig()
		w.mailCfg.Runtime, w.mailCfg.PO, w.mailCfg.Trace = k, w.remote, w.rec.Actor("mailer")
		w.mailCfg.OnVerdict = func(v Verdict) { w.verdicts = append(w.verdicts, v) }
		story(w)
	})
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) message() Message {
	return Message{From: ann, To: []Address{bob}, Subject: "budget", Text: "Dear Bob,\r\n", FileSize: 20000}
}

// send sends one message with the present configuration.
func (w *world) send(m Message) Result {
	w.t.Helper()
	if w.sender == nil {
		var err error
		w.sender, err = NewSender(w.sendCfg)
		w.ok(err)
	}
	r, err := w.sender.Send(m)
	w.ok(err)
	return r
}

// cycle lets the Mailer work once.
func (w *world) cycle() CycleReport {
	w.t.Helper()
	r, err := w.cycleErr()
	w.ok(err)
	return r
}

func (w *world) cycleErr() (CycleReport, error) {
	w.t.Helper()
	if w.mailer == nil {
		var err error
		w.mailer, err = NewMailer(w.mailCfg)
		w.ok(err)
	}
	return w.mailer.Cycle()
}

// inbox reads a mailbox of a postoffice.
func (w *world) inbox(fs FS, mailbox string) Inbox {
	w.t.Helper()
	cfg := DefaultReaderConfig()
	cfg.Runtime, cfg.PO, cfg.Mailbox = w.k, fs, mailbox
	r, err := NewReader(cfg)
	w.ok(err)
	in, err := r.Read()
	w.ok(err)
	return in
}

// codes lists the codes of the verdicts so far.
func (w *world) codes() []string {
	list := []string{}
	for _, v := range w.verdicts {
		s := v.Code.String()
		if v.Code == CodeNone {
			s = "delivered"
		} else if v.Reason != ReasonNone {
			s += " " + string(v.Reason)
		}
		list = append(list, s)
	}
	return list
}

func (w *world) wantCodes(want ...string) {
	w.t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(w.codes(), want); diff != "" {
		w.t.Errorf("verdicts (-got +want):\n%s", diff)
	}
}

// wantCopies compares the whole and the corrupt copies of a message in Bob's mailbox.
func (w *world) wantCopies(token Token, whole, corrupt int) {
	w.t.Helper()
	gotWhole, gotCorrupt := w.inbox(w.remote, "BOB").Copies(token)
	if gotWhole != whole || gotCorrupt != corrupt {
		w.t.Errorf("Bob has %d whole and %d corrupt copies of %s, want %d and %d", gotWhole, gotCorrupt, token, whole, corrupt)
	}
}

// findings checks a postoffice and renders what was found.
func (w *world) findings(fs FS) []string {
	w.t.Helper()
	list, err := Check(fs)
	w.ok(err)
	lines := []string{}
	for _, f := range list {
		lines = append(lines, f.String())
	}
	return lines
}

// golden compares a text with a file of testdata, or rewrites the file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, string(want)); diff != "" {
		t.Errorf("%s (-got +want):\n%s", path, diff)
	}
}
