package mailclient

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// A clean send delivers and leaves both postoffices in order, whenever the message file
// is closed.
func TestCleanSend(t *testing.T) {
	for _, variant := range []POClose{CloseBeforeKey, CloseAfterKey} {
		t.Run(variant.String(), func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.sendCfg.POClose = variant
				m := w.message()
				m.To = []Address{bob, cyd}
				m.Attachments = []Attachment{{"PLAN.XLS", []byte("1,2,3")}, {"EMPTY.TXT", nil}}
				r := w.send(m)
				want := Result{
					Token: "<HQ.00000003>", LocalID: 3, Told: ToldSuccess, Attempts: 1,
					Announcements: []Announcement{{MAI: 3, Slot: 0, Closed: true}}, AppStart: w.k.Now(), AppEnd: w.k.Now(),
				}
				if diff := cmp.Diff(r, want); diff != "" {
					t.Fatalf("result (-got +want):\n%s", diff)
				}
				if got := len(w.remote.files[MAIPath(3)].data); got != m.FileSize {
					t.Errorf("message file has %d bytes, want %d", got, m.FileSize)
				}
				w.cycle()
				w.wantCodes("delivered")
				w.wantCopies(r.Token, 1, 0)
				mail := w.inbox(w.remote, "CYD")[0].Message
				if mail.RefCount != 2 || !strings.HasPrefix(string(mail.Text), m.Text) {
					t.Errorf("reference counter %d, text %.20q", mail.RefCount, mail.Text)
				}
				for _, fs := range []FS{w.local, w.remote} {
					if diff := cmp.Diff(w.findings(fs), []string{}); diff != "" {
						t.Errorf("check (-got +want):\n%s", diff)
					}
				}
				if _, err := w.remote.Stat(P1Path(3)); !isMissing(err) {
					t.Errorf("envelope: %v, want it gone", err)
				}
			})
		})
	}
}

// The remote calls of one send, in the order of the seven steps.
func TestRemoteCalls(t *testing.T) {
	for _, variant := range []POClose{CloseBeforeKey, CloseAfterKey} {
		t.Run(variant.String(), func(t *testing.T) {
			inWorld(t, func(w *world) {
				var calls strings.Builder
				w.sendCfg.POClose, w.sendCfg.FlushBeforeKey = variant, variant == CloseAfterKey
				w.sendCfg.OnStep = func(n int, text string) { fmt.Fprintf(&calls, "step %d: %s\n", n, text) }
				w.sendCfg.OnCall = func(step, op, path string, err error) { fmt.Fprintf(&calls, "  %s %s %s %v\n", step, op, path, err) }
				m := w.message()
				m.Attachments = []Attachment{{"PLAN.XLS", []byte("1,2,3")}}
				w.send(m)
				golden(t, "calls-"+variant.String()+".txt", calls.String())
			})
		})
	}
}

// What a sender's trace says is the log of the articles.
func TestSessionLog(t *testing.T) {
	inWorld(t, func(w *world) {
		w.send(w.message())
		w.cycle()
		var got []string
		for _, e := range w.rec.Events() {
			if e.Kind == trace.MailLog || e.Kind == trace.Verdict {
				got = append(got, strings.TrimSpace(e.Actor+": "+e.Op+" "+e.Text))
			}
		}
		want := []string{
			`sender:  Target file: N:MAI\MA1\00000001.MAI`,
			`sender:  Sending P2...`,
			`sender:  Sending P1...`,
			`sender:  P1 file successfully sent.`,
			`mailer:  Delivering new mail to NET/BRANCH.`,
			`mailer:  Processing received mail queue at: N: NET/BRANCH.`,
			`mailer:  INQUEUE file: N:MAI\MA1\00000001.MAI`,
			`mailer: delivered message 00000001 delivered`,
			`mailer:  Delivering of mail from INQUEUE3 is complete.`,
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("log (-got +want):\n%s", diff)
		}
	})
}

// An outbound mailbag whose KEY is locked or corrupt is a critical error.
//
// src: KB Q127002
func TestCriticalError(t *testing.T) {
	key := KeyPath("00000002") // HQ's mailbag for BRANCH, after ANN's
	tests := map[string]func(w *world){
		"locked": func(w *world) {
			_, err := w.local.Open(key, openUpdate)
			w.ok(err)
		},
		"corrupt": func(w *world) { w.local.files[key].data = make([]byte, KeySize-1) },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				s, err := NewSender(w.sendCfg)
				w.ok(err)
				_, err = s.Submit(w.message())
				w.ok(err)
				spoil(w)
				s.Run()
				want := "A Critical error has occurred M:" + key
				if !slices.ContainsFunc(w.rec.Events(), func(e trace.Event) bool { return e.Kind == trace.MailLog && e.Text == want }) {
					t.Errorf("the log does not say %q", want)
				}
			})
		})
	}
}

// Four attempts in 15 minutes, then [005]; the sender has the failure mail, the queue is
// empty, and the next message goes through.
func TestRetryCountExceeded(t *testing.T) {
	inWorld(t, func(w *world) {
		w.wire.down = true
		start := w.k.Now()
		r := w.send(w.message())
		if r.Told != ToldError || r.Code != CodeRetryCount || r.Attempts != 4 || StatusOf(r.Err) != nt.StatusVirtualCircuitClosed {
			t.Errorf("result %+v", r)
		}
		if got := w.k.Now().Sub(start); got != 15*time.Minute {
			t.Errorf("gave up after %v, want 15m", got)
		}
		want := "System log entry on: 10-02-95 09:15\r\n" +
			" External program has detected a mail problem.\r\n" +
			" Message data:\r\n" +
			"   From: NET/HQ/ANN   Date: 10-02-95   Time: 09:00   Subject: budget <HQ.00000001>\r\n" +
			" [005] Mail retry count exceeded sending to: NET /BRANCH\r\n" +
			" Mail item was not delivered to:\r\n" +
			"   NET/BRANCH/BOB"
		if diff := cmp.Diff(r.NDR, want); diff != "" {
			t.Errorf("NDR (-got +want):\n%s", diff)
		}
		in := w.inbox(w.local, "ANN")
		if len(in) != 1 || !in[0].Whole || in[0].Message.Subject != "Mail failure" || in[0].Message.From.String() != "NET/HQ/POSTMASTER" {
			t.Errorf("Ann has %+v", in)
		}
		if diff := cmp.Diff(w.findings(w.local), []string{}); diff != "" {
			t.Errorf("check (-got +want):\n%s", diff)
		}
		w.wire.down = false
		r = w.send(w.message())
		w.cycle()
		w.wantCopies(r.Token, 1, 0)
	})
}

// INQUEUE3 in use is a retry; the second attempt finds it free.
func TestBusyQueueIsARetry(t *testing.T) {
	for _, path := range []string{LockPath(Inqueue), KeyPath(Inqueue), MBGPath(Inqueue), ControlPath} {
		t.Run(path, func(t *testing.T) {
			inWorld(t, func(w *world) {
				f, err := w.remote.Open(path, openLock)
				w.ok(err)
				w.k.AfterFunc(time.Minute, func() { f.Close() })
				r := w.send(w.message())
				if r.Told != ToldSuccess || r.Attempts != 2 || StatusOf(r.Err) != nt.StatusSharingViolation {
					t.Errorf("result %+v", r)
				}
				w.cycle()
				w.wantCopies(r.Token, 1, 0)
			})
		})
	}
}

// A taken name costs a number, 16 at most.
func TestNameCollision(t *testing.T) {
	for taken, want := range map[int]Told{0: ToldSuccess, 15: ToldSuccess, 64: ToldError} {
		t.Run(fmt.Sprint(taken), func(t *testing.T) {
			inWorld(t, func(w *world) {
				for i := range taken {
					w.ok(writeFile(w.remote, MAIPath(ID(i+1)), createNew, nil))
				}
				if r := w.send(w.message()); r.Told != want {
					t.Errorf("%d names taken: %+v, want %v", taken, r, want)
				}
			})
		})
	}
}

// Two senders of two postoffices and one that is used again fill the same queue.
func TestSeveralSenders(t *testing.T) {
	inWorld(t, func(w *world) {
		other := newMemFS()
		w.ok(Init(other, InitConfig{Network: "NET", PO: "DEPOT", Users: []string{"DAN"}, Externals: []PostofficeName{{"NET", "BRANCH"}}}))
		cfg := w.sendCfg
		cfg.Local, cfg.Remote = other, &wire{fs: w.remote, rt: w.k, latency: time.Second}
		w.wire.latency = time.Second
		done := w.k.NewSemaphore(0)
		var tokens []Token
		w.k.Go("depot", func() {
			defer done.Release()
			s, err := NewSender(cfg)
			w.ok(err)
			m := w.message()
			m.From = Address{"NET", "DEPOT", "DAN"}
			r, err := s.Send(m)
			w.ok(err)
			tokens = append(tokens, r.Token)
		})
		for range 3 {
			tokens = append(tokens, w.send(w.message()).Token)
		}
		done.Acquire(time.Hour)
		w.cycle()
		for _, token := range tokens {
			w.wantCopies(token, 1, 0)
		}
		w.wantCodes("delivered", "delivered", "delivered", "delivered")
	})
}

// Attachments get names of the remote postoffice, and the message file says so.
func TestAttachmentsAreRenamed(t *testing.T) {
	inWorld(t, func(w *world) {
		w.remote.files[ControlPath].data = (&Control{Mailbag: 9, Letter: 0x50}).Encode()
		m := w.message()
		m.Attachments = []Attachment{{"A", []byte("aa")}, {"B", []byte("b")}}
		r := w.send(m)
		if got := r.Announcements[0].MAI; got != 0x52 {
			t.Errorf("message file %v, want 00000052", got)
		}
		w.cycle()
		w.wantCopies(r.Token, 1, 0)
		if got := string(w.remote.files[ATTPath(0x50)].data); got != "aa" {
			t.Errorf("first attachment %q", got)
		}
	})
}

// A message to both postoffices is stored once and queued in each mailbag; what cannot be
// addressed or stored is refused.
func TestSubmit(t *testing.T) {
	inWorld(t, func(w *world) {
		s, err := NewSender(w.sendCfg)
		w.ok(err)
		m := w.message()
		m.Cc = []Address{ann, cyd}
		token, err := s.Submit(m)
		w.ok(err)
		in := w.inbox(w.local, "ANN")
		if whole, _ := in.Copies(token); whole != 1 || in[0].Message.RefCount != 2 {
			t.Errorf("Ann has %+v", in)
		}
		if n, err := s.Pending(); n != 1 || err != nil {
			t.Errorf("%d messages wait, %v; want 1", n, err)
		}
		s.Run()
		if n, err := s.Pending(); n != 0 || err != nil {
			t.Errorf("%d messages wait, %v; want none", n, err)
		}
		if got := w.inbox(w.local, "ANN")[0].Message.RefCount; got != 1 {
			t.Errorf("reference counter %d after the dispatch, want 1", got)
		}
		for name, change := range map[string]func(*Message){
			"no recipient":       func(m *Message) { m.To = nil },
			"unknown postoffice": func(m *Message) { m.To = []Address{{"NET", "MOON", "BOB"}} },
			"bad address":        func(m *Message) { m.Cc = []Address{{"NET", "BRANCH", "B/B"}} },
			"bad token":          func(m *Message) { m.Token = "HQ.1" },
			"too small":          func(m *Message) { m.FileSize = 50 },
			"priority":           func(m *Message) { m.Priority = 9 },
			"subject":            func(m *Message) { m.Subject = "a\x00b" },
			"attachment":         func(m *Message) { m.Attachments = []Attachment{{"A", make([]byte, maxATT+1)}} },
		} {
			m := w.message()
			change(&m)
			if _, err := s.Submit(m); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
	})
}

// A configuration that cannot work is refused at once.
func TestConfigs(t *testing.T) {
	inWorld(t, func(w *world) {
		for i, change := range []func(*SenderConfig){
			func(c *SenderConfig) { c.Runtime = nil },
			func(c *SenderConfig) { c.Chunk = 0 },
			func(c *SenderConfig) { c.NameAttempts = 0 },
			func(c *SenderConfig) { c.MessageAccess = nt.GenericRead },
			func(c *SenderConfig) { c.RemotePO = "" },
		} {
			cfg := w.sendCfg
			change(&cfg)
			if _, err := NewSender(cfg); err == nil {
				t.Errorf("sender %d: no error", i)
			}
		}
		for i, change := range []func(*MailerConfig){
			func(c *MailerConfig) { c.PO = nil },
			func(c *MailerConfig) { c.Poll = 0 },
			func(c *MailerConfig) { c.Retries = 0 },
			func(c *MailerConfig) { c.Checks = 9 },
		} {
			cfg := w.mailCfg
			change(&cfg)
			if _, err := NewMailer(cfg); err == nil {
				t.Errorf("mailer %d: no error", i)
			}
		}
		w.sendCfg.RemotePO = "MOON"
		s, err := NewSender(w.sendCfg)
		w.ok(err)
		if r := s.Run(); r.Err == nil || r.Told != ToldNone {
			t.Errorf("no outbound mailbag: %+v", r)
		}
	})
}

// With an empty queue Run returns at once and leaves no lock.
func TestNothingToSend(t *testing.T) {
	inWorld(t, func(w *world) {
		s, err := NewSender(w.sendCfg)
		w.ok(err)
		if diff := cmp.Diff(s.Run(), Result{}); diff != "" {
			t.Errorf("result (-got +want):\n%s", diff)
		}
		if diff := cmp.Diff(w.findings(w.local), []string{}); diff != "" {
			t.Errorf("check (-got +want):\n%s", diff)
		}
	})
}
