package mailclient

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// damage is what a broken transfer left of an announced message.
var damages = []struct {
	name string
	do   func(w *world)
	want string
	size int64 // of the message file as the Mailer read it
}{
	{"message file is empty", func(w *world) { w.remote.files[MAIPath(3)].data = nil }, "[023] TRUNCATED", 0},
	{"half of the message file", func(w *world) { w.truncate(MAIPath(3), 10000) }, "[023] TRUNCATED", 10000},
	{"one byte is missing", func(w *world) { w.truncate(MAIPath(3), 19999) }, "[023] TRUNCATED", 19999},
	{"one byte too many", func(w *world) {
		n := w.remote.files[MAIPath(3)]
		n.data = append(n.data, 0)
	}, "[023] TRAILING", 20001},
	{"full length, a page of zeros", func(w *world) { clear(w.remote.files[MAIPath(3)].data[8192:12288]) }, "[023] CHECKSUM", 20000},
	{"full length, first page zero", func(w *world) { clear(w.remote.files[MAIPath(3)].data[:4096]) }, "[023] TLV", 20000},
	{"a recipient's element overruns", func(w *world) { w.remote.files[MAIPath(3)].data[0x2C] = 0x7F }, "[023] TLV", 20000},
	{"another whole message", func(w *world) {
		b, err := (&MAI{From: ann, To: []Address{bob}, Posted: w.k.Now()}).Encode()
		w.ok(err)
		w.remote.files[MAIPath(3)].data = b
	}, "[023] HEADER", 120},
	{"no message file", func(w *world) { w.ok(w.remote.Delete(MAIPath(3))) }, "[016] MISSING", -1},
	{"no envelope", func(w *world) { w.ok(w.remote.Delete(P1Path(3))) }, "[021] MISSING", -1},
	{"empty envelope", func(w *world) { w.truncate(P1Path(3), 0) }, "[024] TRUNCATED", -1},
	{"half an envelope", func(w *world) { w.truncate(P1Path(3), 30) }, "[024] TRUNCATED", -1},
	{"envelope of zeros", func(w *world) { clear(w.remote.files[P1Path(3)].data) }, "[024] FIELD", -1},
	{"envelope without recipients", func(w *world) {
		v := &Envelope{MAI: 3, Rcpts: []Rcpt{{RcptFrom, ann}}}
		w.remote.files[P1Path(3)].data = v.Encode()
	}, "[024] NORCPT", -1},
	{"envelope of another message", func(w *world) {
		v := &Envelope{MAI: 4, Rcpts: []Rcpt{{RcptTo, bob}}}
		w.remote.files[P1Path(3)].data = v.Encode()
	}, "[024] HEADER", -1},
	{"no attachment", func(w *world) { w.ok(w.remote.Delete(ATTPath(2))) }, "[018] MISSING", 20000},
	{"half an attachment", func(w *world) { w.truncate(ATTPath(1), 500) }, "[018] SHORT", 20000},
	{"attachment with a hole", func(w *world) { clear(w.remote.files[ATTPath(1)].data[:100]) }, "[018] CHECKSUM", 20000},
	{"everything missing: the envelope counts", func(w *world) {
		w.ok(w.remote.Delete(MAIPath(3)))
		w.ok(w.remote.Delete(P1Path(3)))
	}, "[021] MISSING", -1},
	{"no damage", func(*world) {}, "delivered", 20000},
}

func (w *world) truncate(path string, n int) {
	f := w.remote.files[path]
	f.data = f.data[:n]
}

// sendDamaged sends a message with two attachments and damages it before the Mailer looks.
func (w *world) sendDamaged(damage func(*world)) Result {
	w.t.Helper()
	m := w.message()
	m.Attachments = []Attachment{{"A.DAT", []byte(strings.Repeat("attached", 125))}, {"B.DAT", []byte("b")}}
	r := w.send(m)
	damage(w)
	return r
}

// Each state that a broken transfer leaves has its code, from the Mailer and from Check.
func TestVerdicts(t *testing.T) {
	for _, tt := range damages {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				looks := 0
				w.mailCfg.OnLook = func(path string) {
					if path == MAIPath(3) {
						looks++
					}
				}
				r := w.sendDamaged(tt.do)
				findings := strings.Join(w.findings(w.remote), "\n")
				if code := strings.Fields(tt.want)[0]; code != "delivered" && !strings.Contains(findings, code) {
					t.Errorf("check says %q, want %s", findings, code)
				}
				w.cycle()
				w.wantCodes(tt.want)
				if v := w.verdicts[0]; v.Size != tt.size || v.Token != r.Token || v.MAI != 3 || v.Slot != 0 {
					t.Errorf("verdict %+v, want size %d", v, tt.size)
				}
				if badEnvelope := strings.Contains(tt.name, "envelope"); (looks == 0) != badEnvelope {
					t.Errorf("the message file was opened %d times", looks)
				}
				if r := w.cycle(); r.Live != 0 {
					t.Errorf("the queue still has %d records", r.Live)
				}
			})
		})
	}
}

// [023] reaches the sender as the text of the articles, in the log and by mail.
func TestCorruptMessageIsAnnounced(t *testing.T) {
	inWorld(t, func(w *world) {
		w.sendDamaged(func(w *world) { w.truncate(MAIPath(3), 8192) })
		w.k.Sleep(5 * time.Minute)
		w.cycle()
		head := "System log entry on: 10-02-95 09:05\r\n" +
			" External program has detected a mail problem.\r\n" +
			" Message data:\r\n" +
			"   From: NET/HQ/ANN   Date: 10-02-95   Time: 09:00   Subject: budget <HQ.00000003>\r\n"
		tail := " [023] Message was not delivered: message file was corrupted.\r\n" +
			" Mail item was not delivered to:\r\n" +
			"   NET/BRANCH/BOB"
		if diff := cmp.Diff(w.verdicts[0].NDR, head+tail); diff != "" {
			t.Errorf("NDR (-got +want):\n%s", diff)
		}
		if diff := cmp.Diff(string(w.remote.files[systemLogPath].data), head+tail+"\r\n"); diff != "" {
			t.Errorf("SYSTEM.LOG (-got +want):\n%s", diff)
		}
		// The failure mail waits in BRANCH's queue for HQ; a sender there takes it home.
		cfg := w.sendCfg
		cfg.Local, cfg.Remote, cfg.RemotePO = w.remote, w.local, "HQ"
		back, err := NewSender(cfg)
		w.ok(err)
		if r := back.Run(); r.Told != ToldSuccess {
			t.Fatalf("failure mail: %+v", r)
		}
		w.mailCfg.PO = w.local
		w.mailer = nil
		w.cycle()
		in := w.inbox(w.local, "ANN")
		want := head + strings.Repeat("-", 78) + "\r\n" + tail
		if len(in) != 1 || in[0].Message.From.String() != "NET/BRANCH/POSTMASTER" || in[0].Message.Subject != "Mail failure" {
			t.Fatalf("Ann has %+v", in)
		}
		if diff := cmp.Diff(in[0].Text, want); diff != "" {
			t.Errorf("failure mail (-got +want):\n%s", diff)
		}
	})
}

// A message file that somebody has open is left in the queue for three cycles.
func TestDeniedMessageFile(t *testing.T) {
	tests := map[string]struct {
		deniedIsCorrupt bool
		share           nt.ShareAccess
		cycles          int // until the file is closed; 0 is never
		want            []string
	}{
		"never closed":                   {false, nt.ShareNone, 0, []string{"[012] DENIED"}},
		"closed before the second cycle": {false, nt.ShareNone, 1, []string{"delivered"}},
		"closed before the third cycle":  {false, nt.ShareNone, 2, []string{"delivered"}},
		"denied is corrupt":              {true, nt.ShareNone, 0, []string{"[023] DENIED"}},
		// The file is whole, only its reference counter cannot be written.
		"readable, never closed": {false, nt.ShareRead, 0, []string{"delivered"}},
		"readable, closed":       {false, nt.ShareRead, 1, []string{"delivered"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.mailCfg.DeniedIsCorrupt = tt.deniedIsCorrupt
				w.send(w.message())
				f, err := w.remote.Open(MAIPath(1), nt.CreateParams{Access: readWrite, Share: tt.share, Disposition: nt.FileOpen})
				w.ok(err)
				for cycle := 1; cycle <= 3; cycle++ {
					r := w.cycle()
					if cycle == 1 && !tt.deniedIsCorrupt && r.Waiting != 1 {
						t.Errorf("first cycle: %+v, want the record left in the queue", r)
					}
					if cycle == tt.cycles {
						w.ok(f.Close())
					}
				}
				w.wantCodes(tt.want...)
			})
		})
	}
}

// The KEY announces a record that the MBG does not have yet, or never gets.
func TestKeyAheadOfMBG(t *testing.T) {
	for _, arrives := range []bool{true, false} {
		inWorld(t, func(w *world) {
			r := w.send(w.message())
			n := w.remote.files[MBGPath(Inqueue)]
			record := n.data
			n.data = nil
			for cycle := range 3 {
				w.cycle()
				if cycle == 1 && arrives {
					n.data = record
				}
			}
			if arrives {
				w.wantCodes("delivered")
				w.wantCopies(r.Token, 1, 0)
				return
			}
			w.wantCodes("[001] AHEAD")
			if v := w.verdicts[0]; v.Slot != r.Announcements[0].Slot || v.Token != "" {
				t.Errorf("verdict %+v", v)
			}
			key, err := ParseKey("KEY", w.remote.files[KeyPath(Inqueue)].data)
			if w.ok(err); key.Slots != 0 {
				t.Errorf("%d slots for an empty MBG", key.Slots)
			}
			r = w.send(w.message()) // the mailbag is usable again
			w.cycle()
			w.wantCopies(r.Token, 1, 0)
		})
	}
}

// The KEY announces a slot that was used before, and the MBG still has the old record.
func TestStaleRecord(t *testing.T) {
	inWorld(t, func(w *world) {
		w.send(w.message())
		w.cycle()
		n := w.remote.files[MBGPath(Inqueue)]
		old := string(n.data)
		r := w.send(w.message())
		fresh := string(n.data)
		n.data = []byte(old)
		if r := w.cycle(); r.Waiting != 1 {
			t.Errorf("report %+v, want the record left in the queue", r)
		}
		n.data = []byte(fresh)
		w.cycle()
		w.wantCodes("delivered", "delivered")
		w.wantCopies(r.Token, 1, 0)
	})
}

// A queue whose files break their size rule is [001] once and skipped until it is repaired.
func TestBrokenQueue(t *testing.T) {
	tests := map[string]func(*world){
		"KEY too short":    func(w *world) { w.truncate(KeyPath(Inqueue), 559) },
		"KEY missing":      func(w *world) { w.ok(w.remote.Delete(KeyPath(Inqueue))) },
		"MBG missing":      func(w *world) { w.ok(w.remote.Delete(MBGPath(Inqueue))) },
		"MBG not a record": func(w *world) { w.truncate(MBGPath(Inqueue), 115) },
		"KEY miscounts":    func(w *world) { w.remote.files[KeyPath(Inqueue)].data[4]++ },
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.send(w.message())
				key, mbg := w.remote.files[KeyPath(Inqueue)], w.remote.files[MBGPath(Inqueue)]
				goodKey, goodMBG := string(key.data), string(mbg.data)
				damage(w)
				for range 2 {
					if r := w.cycle(); !strings.HasPrefix(r.Skipped, "broken") {
						t.Errorf("report %+v", r)
					}
				}
				if len(w.verdicts) != 1 || w.verdicts[0].Code != CodeUndeliverable || w.verdicts[0].Slot != -1 {
					t.Errorf("verdicts %+v", w.verdicts)
				}
				if got := w.findings(w.remote); len(got) == 0 || !strings.Contains(got[0], "[001]") {
					t.Errorf("check says %q", got)
				}
				key.data, mbg.data = []byte(goodKey), []byte(goodMBG)
				w.remote.files[KeyPath(Inqueue)], w.remote.files[MBGPath(Inqueue)] = key, mbg
				if r := w.cycle(); len(r.Verdicts) != 1 || r.Verdicts[0].Code != CodeNone {
					t.Errorf("after the repair: %+v", r)
				}
			})
		})
	}
}

// Older readers believe more.
func TestChecks(t *testing.T) {
	tests := []struct {
		checks Checks
		damage string
		want   string
	}{
		{ChecksLength, "half of the message file", "[023] TRUNCATED"},
		{ChecksLength, "full length, a page of zeros", "delivered"},
		{ChecksNone, "half of the message file", "delivered"},
		{ChecksNone, "message file is empty", "delivered"},
		{ChecksNone, "no message file", "[016] MISSING"},
	}
	for _, tt := range tests {
		t.Run(tt.checks.String()+" "+tt.damage, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.mailCfg.Checks = tt.checks
				for _, d := range damages {
					if d.name == tt.damage {
						w.sendDamaged(d.do)
					}
				}
				w.cycle()
				w.wantCodes(tt.want)
			})
		})
	}
}

// A client only warns of a record that declares another checksum than the file has.
func TestReaderOfDifferentHeader(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.send(w.message())
		w.cycle()
		w.remote.files[MBGPath(ID(1).String())].data[recCRC]++
		w.wantCopies(r.Token, 1, 0)
		if it := w.inbox(w.remote, "BOB")[0]; !strings.Contains(it.Detail, "record declares") {
			t.Errorf("item %+v, want a warning", it)
		}
	})
}

// A user who opens a damaged message reads the text of the article.
func TestReaderOfDamagedMail(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.send(w.message())
		w.cycle()
		w.wantCopies(r.Token, 1, 0)
		w.truncate(MAIPath(1), 5000)
		w.wantCopies(r.Token, 0, 1)
		it := w.inbox(w.remote, "BOB")[0]
		if it.Text != MailSystemError || it.Code != CodeBadMessageFile || it.Reason != ReasonTruncated || it.Message != nil {
			t.Errorf("item %+v", it)
		}
		if got := w.findings(w.remote); len(got) != 1 || !strings.Contains(got[0], "[023]") {
			t.Errorf("check says %q", got)
		}
	})
}
