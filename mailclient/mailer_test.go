package mailclient

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// Some recipients get the message, the sender is told of the others.
func TestRecipients(t *testing.T) {
	inWorld(t, func(w *world) {
		m := w.message()
		m.To = []Address{{"NET", "BRANCH", "ZOE"}, bob}
		m.Cc = []Address{{"net", "branch", "Cyd"}, {"NET", "BRANCH", "YAN"}}
		r := w.send(m)
		w.cycle()
		w.wantCodes("[002] MISSING")
		v := w.verdicts[0]
		if diff := cmp.Diff(v.Delivered, []Address{bob, m.Cc[0]}); diff != "" {
			t.Errorf("delivered (-got +want):\n%s", diff)
		}
		if diff := cmp.Diff(v.Failed, []Address{m.To[0], m.Cc[1]}); diff != "" {
			t.Errorf("failed (-got +want):\n%s", diff)
		}
		w.wantCopies(r.Token, 1, 0)
		if !strings.Contains(v.NDR, " [002] Mail was received that was addressed to unknown addresses.\r\n") {
			t.Errorf("NDR %q", v.NDR)
		}
	})
}

// The 4097th record does not fit.
func TestFullMailbag(t *testing.T) {
	inWorld(t, func(w *world) {
		key := &Key{Slots: MaxSlots - 1, Live: MaxSlots - 1}
		bag := ID(1).String() // Bob's
		w.remote.files[KeyPath(bag)].data = key.Encode()
		w.remote.files[MBGPath(bag)].data = make([]byte, (MaxSlots-1)*RecordSize)
		w.send(w.message())
		w.send(w.message())
		w.cycle()
		w.wantCodes("delivered", "[017] SIZE")
		if _, err := w.remote.Stat(MAIPath(2)); !isMissing(err) {
			t.Errorf("message file of nobody: %v, want it deleted", err)
		}
	})
}

// A user's mailbag in use is tried in three cycles; who has the message gets it once.
func TestMailbagContention(t *testing.T) {
	for closedAfter, want := range map[int]string{0: "[008] DENIED", 2: "delivered"} {
		inWorld(t, func(w *world) {
			m := w.message()
			m.Cc = []Address{cyd}
			r := w.send(m)
			f, err := w.remote.Open(KeyPath(ID(2).String()), openUpdate) // Cyd's
			w.ok(err)
			for cycle := 1; cycle <= 3; cycle++ {
				w.cycle()
				if cycle == closedAfter {
					w.ok(f.Close())
				}
			}
			w.wantCodes(want)
			w.wantCopies(r.Token, 1, 0)
		})
	}
}

// Two Mailers on one queue: the semaphore lets one in. Without share modes both work, and
// the second finds what the first has taken away.
func TestTwoMailers(t *testing.T) {
	for _, noShare := range []bool{false, true} {
		inWorld(t, func(w *world) {
			token := w.send(w.message()).Token
			w.remote.noShare = noShare
			done := w.k.NewSemaphore(0)
			skipped := 0
			for _, name := range []string{"external", "gateway"} {
				cfg := w.mailCfg
				cfg.PO = &wire{fs: w.remote, rt: w.k, latency: 100 * time.Millisecond}
				w.k.Go(name, func() {
					defer done.Release()
					m, err := NewMailer(cfg)
					w.ok(err)
					if name == "gateway" {
						w.k.Sleep(1250 * time.Millisecond)
					}
					r, err := m.Cycle()
					w.ok(err)
					if r.Skipped != "" {
						skipped++
					}
				})
			}
			for range 2 {
				done.Acquire(rt.Forever)
			}
			w.remote.noShare = false
			if !noShare {
				w.wantCodes("delivered")
				w.wantCopies(token, 1, 0)
				if skipped != 1 {
					t.Errorf("%d Mailers skipped the cycle, want 1", skipped)
				}
				return
			}
			if got := w.codes(); len(got) < 2 || skipped != 0 {
				t.Errorf("without share modes: verdicts %v, %d skipped; want a second delivery or an error", got, skipped)
			}
		})
	}
}

// The update of INQUEUE3.KEY is lost after the delivery: the record is processed again.
func TestQueueUpdateLost(t *testing.T) {
	tests := []struct {
		deleteFirst bool
		want        []string
		copies      int
	}{
		{false, []string{"delivered", "delivered"}, 2},
		{true, []string{"delivered", "[021] MISSING"}, 1},
	}
	for _, tt := range tests {
		inWorld(t, func(w *world) {
			token := w.send(w.message()).Token
			way := &wire{fs: w.remote, rt: w.k}
			lost := false
			way.before = func(op, path string) error {
				if op == "write" && path == KeyPath(Inqueue) && !lost {
					lost = true
					way.cut()
					return errCircuit
				}
				return nil
			}
			w.mailCfg.PO, w.mailCfg.DeleteP1BeforeQueueUpdate = way, tt.deleteFirst
			if _, err := w.cycleErr(); StatusOf(err) != nt.StatusVirtualCircuitClosed {
				t.Errorf("cycle: %v, want the circuit's error", err)
			}
			w.cycle()
			w.wantCodes(tt.want...)
			w.wantCopies(token, tt.copies, 0)
		})
	}
}

// The Mailer survives a break after any call and delivers in the end.
func TestMailerAfterBrokenCircuit(t *testing.T) {
	for n, more := 1, true; more; n++ {
		inWorld(t, func(w *world) {
			token := w.send(w.message()).Token
			calls := 0
			way := &wire{fs: w.remote, rt: w.k}
			way.before = func(string, string) error {
				if calls++; calls == n {
					way.cut()
					return errCircuit
				}
				return nil
			}
			w.mailCfg.PO, w.mailCfg.Poll = way, 5*time.Second
			var err error
			w.mailer, err = NewMailer(w.mailCfg)
			w.ok(err)
			stop := w.k.NewEvent(rt.Notification)
			w.k.AfterFunc(time.Minute, stop.Set)
			w.mailer.Run(stop)
			if whole, corrupt := w.inbox(w.remote, "BOB").Copies(token); whole == 0 || corrupt > 0 {
				t.Errorf("break at call %d: %d whole, %d corrupt copies", n, whole, corrupt)
			}
			more = calls >= n
		})
	}
}

// Run polls from its phase on.
func TestMailerPolls(t *testing.T) {
	inWorld(t, func(w *world) {
		var at []time.Duration
		start := w.k.Now()
		way := &wire{fs: w.remote, rt: w.k}
		way.before = func(op, path string) error {
			if op == "open" && path == KeyPath(Inqueue) {
				at = append(at, w.k.Now().Sub(start))
			}
			return nil
		}
		w.mailCfg.PO, w.mailCfg.Poll, w.mailCfg.Phase = way, 5*time.Second, 2*time.Second
		m, err := NewMailer(w.mailCfg)
		w.ok(err)
		stop := w.k.NewEvent(rt.Notification)
		w.k.AfterFunc(13*time.Second, stop.Set)
		m.Run(stop)
		if diff := cmp.Diff(at, []time.Duration{2 * time.Second, 7 * time.Second, 12 * time.Second}); diff != "" {
			t.Errorf("cycles (-got +want):\n%s", diff)
		}
	})
}

// While a sender has the queue, the Mailer skips its cycle.
func TestMailerWaitsForSender(t *testing.T) {
	for _, path := range []string{LockPath(Inqueue), KeyPath(Inqueue)} {
		inWorld(t, func(w *world) {
			w.send(w.message())
			f, err := w.remote.Open(path, openLock)
			w.ok(err)
			if r := w.cycle(); r.Skipped == "" {
				t.Errorf("report %+v, want the cycle skipped", r)
			}
			w.ok(f.Close())
			w.cycle()
			w.wantCodes("delivered")
		})
	}
}

// A reader without inbox shadowing takes its mail along.
func TestReaderDrains(t *testing.T) {
	inWorld(t, func(w *world) {
		m := w.message()
		m.Cc = []Address{cyd}
		m.Attachments = []Attachment{{"A", []byte("a")}}
		w.send(m)
		w.cycle()
		for i, mailbox := range []string{"BOB", "CYD"} {
			cfg := DefaultReaderConfig()
			cfg.Runtime, cfg.PO, cfg.Mailbox, cfg.Drain = w.k, w.remote, mailbox, true
			r, err := NewReader(cfg)
			w.ok(err)
			in, err := r.Read()
			w.ok(err)
			if len(in) != 1 || !in[0].Whole || len(w.inbox(w.remote, mailbox)) != 0 {
				t.Errorf("%s has %+v", mailbox, in)
			}
			if _, err := w.remote.Stat(MAIPath(2)); isMissing(err) != (i == 1) {
				t.Errorf("after %s: message file %v", mailbox, err)
			}
		}
		if diff := cmp.Diff(w.findings(w.remote), []string{}); diff != "" {
			t.Errorf("check (-got +want):\n%s", diff)
		}
	})
}
