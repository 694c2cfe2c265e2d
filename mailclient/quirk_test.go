package mailclient

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// together runs tasks and waits for all of them.
func (w *world) together(tasks ...func()) {
	w.t.Helper()
	done := w.k.NewSemaphore(0)
	for i, task := range tasks {
		w.k.Go(fmt.Sprint("task ", i), func() {
			defer done.Release()
			task()
		})
	}
	for range tasks {
		done.Acquire(rt.Forever)
	}
}

// mailerAt is a Mailer on its own way to the postoffice, where each call takes latency.
func (w *world) mailerAt(latency time.Duration, fs func(FS) FS, change func(*MailerConfig)) *Mailer {
	w.t.Helper()
	cfg := w.mailCfg
	cfg.PO = fs(&wire{fs: w.remote, rt: w.k, latency: latency})
	change(&cfg)
	m, err := NewMailer(cfg)
	w.ok(err)
	return m
}

func same(fs FS) FS { return fs }

// An External with its semaphore and a program with -V20, which knows none, empty one
// queue. All of one kind, and every message is delivered once; mixed, one is delivered by
// both, and the routing files of others, which were delivered, are missing.
//
// src: KB Q103960
func TestMixedCompatV20(t *testing.T) {
	for name, tt := range map[string]struct {
		locks  [2]QueueLock
		want   []string
		copies int // of the first message
	}{
		"none":  {[2]QueueLock{LockSemaphore, LockSemaphore}, []string{"delivered", "delivered", "delivered"}, 1},
		"all":   {[2]QueueLock{LockLegacy, LockLegacy}, []string{"delivered", "delivered", "delivered"}, 1},
		"mixed": {[2]QueueLock{LockSemaphore, LockLegacy}, []string{"[021] MISSING", "[021] MISSING", "delivered", "delivered", "delivered", "delivered"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				var tokens []Token
				for range 3 {
					tokens = append(tokens, w.send(w.message()).Token)
				}
				w.mailCfg.SendNDR = false
				var tasks []func()
				for i, lock := range tt.locks {
					m := w.mailerAt(time.Duration(50-45*i)*time.Millisecond, same, func(c *MailerConfig) { c.QueueLock = lock })
					tasks = append(tasks, func() {
						w.k.Sleep(time.Duration(i) * time.Second) // External is ahead and slower
						for range 2 {
							_, err := m.Cycle()
							w.ok(err)
							w.k.Sleep(5 * time.Minute)
						}
					})
				}
				w.together(tasks...)
				got := w.codes()
				slices.Sort(got)
				if diff := cmp.Diff(got, tt.want); diff != "" {
					t.Errorf("verdicts (-got +want):\n%s", diff)
				}
				w.wantCopies(tokens[0], tt.copies, 0)
				w.wantCopies(tokens[1], 1, 0)
				w.wantCopies(tokens[2], 1, 0)
			})
		})
	}
}

// The outbound mailbag's semaphore goes before the message is cleaned up, and a second
// program dispatches for the same postoffice.
//
// src: KB Q136004
func TestUnlockBeforeCleanup(t *testing.T) {
	for _, early := range []bool{false, true} {
		t.Run(fmt.Sprint(early), func(t *testing.T) {
			inWorld(t, func(w *world) {
				token, err := w.newSender(w.local, false).Submit(w.message())
				w.ok(err)
				var results []Result
				run := func(begins, latency time.Duration) func() {
					s := w.newSender(&wire{fs: w.local, rt: w.k, latency: latency}, early)
					w.ok(s.load()) // both have been running for a while
					return func() {
						w.k.Sleep(begins)
						r := s.Run()
						for r.Told == ToldNone && r.Err != nil { // the semaphore was taken
							w.k.Sleep(time.Second)
							r = s.Run()
						}
						results = append(results, r)
					}
				}
				w.together(run(0, 200*time.Millisecond), run(300*time.Millisecond, 20*time.Millisecond))
				w.cycle()
				whole, _ := w.inbox(w.remote, "BOB").Copies(token)
				if (whole > 1) != early {
					t.Errorf("Bob has %d copies: %+v", whole, results)
				}
			})
		})
	}
}

// newSender makes a sender on a way of its own to the local postoffice.
func (w *world) newSender(local FS, early bool) *Sender {
	w.t.Helper()
	cfg := w.sendCfg
	cfg.Local, cfg.Remote, cfg.UnlockBeforeCleanup = local, &wire{fs: w.remote, rt: w.k}, early
	cfg.Cycle, cfg.Retries = 300*time.Millisecond, 100
	s, err := NewSender(cfg)
	w.ok(err)
	return s
}

// Two Externals on a server without share modes: both have the queue, and one reports
// files as missing that the other has dealt with.
//
// src: KB Q126750
func TestNoShareModes(t *testing.T) {
	for _, enforced := range []bool{true, false} {
		inWorld(t, func(w *world) {
			w.send(w.message())
			w.mailCfg.SendNDR = false
			way := same
			if !enforced {
				way = Unshared
			}
			var tasks []func()
			for i := range 2 {
				m := w.mailerAt(time.Duration(50-45*i)*time.Millisecond, way, func(*MailerConfig) {})
				tasks = append(tasks, func() {
					w.k.Sleep(time.Duration(i) * 500 * time.Millisecond)
					_, err := m.Cycle()
					w.ok(err)
				})
			}
			w.together(tasks...)
			missing := slices.ContainsFunc(w.codes(), func(c string) bool { return c == "[021] MISSING" || c == "[016] MISSING" })
			if missing == enforced {
				t.Errorf("enforced=%v: verdicts %q", enforced, w.codes())
			}
		})
	}
}

// A compress while a program is at work on the mailbag it has read: what it then marks
// deleted is another record.
//
// src: KB Q101749
func TestCompressUnderAReader(t *testing.T) {
	inWorld(t, func(w *world) {
		for range 3 {
			w.send(w.message())
		}
		b, err := openMailbag(w.remote, Inqueue)
		w.ok(err)
		w.ok(b.remove(0))
		w.ok(b.close())
		m := w.mailerAt(0, same, func(c *MailerConfig) { c.QueueLock = LockSemaphore })
		m.cfg.OnLook = func(string) {
			if _, err := w.remote.Stat(copyPath); err == nil || m.cfg.PerPass != 50 {
				return
			}
			m.cfg.PerPass++ // once
			if n, err := Compress(w.remote, Inqueue); n != 1 || err != nil {
				t.Errorf("compress: %d removed, %v", n, err)
			}
		}
		_, err = m.Cycle()
		w.ok(err)
		if got := strings.Join(w.findings(w.remote), "\n"); !strings.Contains(got, "[021]") {
			t.Errorf("check says %q, want a record that was delivered and one that was not", got)
		}
	})
}

// A compress keeps the live records in their order and makes the mailbag smaller.
//
// src: KB Q146113
func TestCompress(t *testing.T) {
	inWorld(t, func(w *world) {
		for range 5 {
			w.send(w.message())
		}
		w.cycle()
		b, err := openMailbag(w.remote, bagBob)
		w.ok(err)
		for _, slot := range []int{0, 3} {
			w.ok(b.remove(slot))
		}
		w.ok(b.close())
		before := w.inbox(w.remote, "BOB")
		if n, err := Compress(w.remote, bagBob); n != 2 || err != nil {
			t.Errorf("compress: %d removed, %v; want 2", n, err)
		}
		after := w.inbox(w.remote, "BOB")
		for i := range after {
			if after[i].Slot != i || after[i].Token != before[i].Token {
				t.Errorf("slot %d has %s, want %s", after[i].Slot, after[i].Token, before[i].Token)
			}
		}
		if got := len(w.remote.files[MBGPath(bagBob)].data); got != 3*RecordSize || len(after) != 3 {
			t.Errorf("MBG of %d bytes, %d messages", got, len(after))
		}
		key, err := ParseKey("KEY", w.remote.files[KeyPath(bagBob)].data)
		w.ok(err)
		if slot, ok := key.FreeSlot(); slot != 3 || !ok {
			t.Errorf("next slot %d, want 3", slot)
		}
	})
}

// A vacant slot is used again before the mailbag grows.
//
// src: KB Q77926, Q119088
func TestVacantSlotIsUsedAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		for range 3 {
			w.send(w.message())
		}
		w.cycle()
		b, err := openMailbag(w.remote, bagBob)
		w.ok(err)
		w.ok(b.remove(1))
		w.ok(b.close())
		r := w.send(w.message())
		w.cycle()
		for _, it := range w.inbox(w.remote, "BOB") {
			if it.Token == r.Token && it.Slot != 1 {
				t.Errorf("the new message is in slot %d, want 1", it.Slot)
			}
		}
		if got := len(w.remote.files[MBGPath(bagBob)].data); got != 3*RecordSize {
			t.Errorf("MBG of %d bytes, want three records", got)
		}
	})
}

// The recovery of a stuck queue: everybody is told, and nothing is left over.
//
// src: KB Q221963
func TestReturnQueue(t *testing.T) {
	inWorld(t, func(w *world) {
		w.send(w.message())
		w.send(w.message())
		w.put(P1Path(0x77), nil) // stranded
		w.put(populate, nil)
		cfg := w.mailCfg
		if n, err := ReturnQueue(cfg); n != 2 || err != nil {
			t.Errorf("%d returned, %v; want 2", n, err)
		}
		if diff := cmp.Diff(w.findings(w.remote), []string{}); diff != "" {
			t.Errorf("check (-got +want):\n%s", diff)
		}
		if r := w.cycle(); r.Live != 0 {
			t.Errorf("report %+v", r)
		}
		b, err := openMailbagRead(w.remote, "00000003") // to HQ
		w.ok(err)
		if b.key.Live != 2 {
			t.Errorf("%d failure mails, want 2", b.key.Live)
		}
	})
}
