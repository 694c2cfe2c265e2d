package rdr

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt/simtest"
)

// locker is memory that keeps exclusive byte-range locks, and refuses what it is told
// to. One range fits into each of its requests.
type locker struct {
	*memory
	asked  []string
	has    []nt.LockRange
	refuse []nt.LockRange
	unlock error // what each Unlock gets
	acked  int   // how many ranges were locked at the last acknowledgement
}

func (l *locker) lock(op string, ranges ...nt.LockRange) error {
	l.note(op)
	for _, r := range ranges {
		l.r.Sleep(time.Millisecond)
		if err := l.lockOne(r); err != nil {
			return err
		}
	}
	return nil
}

func (l *locker) note(op string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, op)
}

func (l *locker) lockOne(r nt.LockRange) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.ContainsFunc(append(l.refuse, l.has...), func(have nt.LockRange) bool { return overlap(have, r) }) {
		return nt.StatusLockNotGranted
	}
	l.has = append(l.has, r)
	return nil
}

func (l *locker) Lock(_ nt.FileHandle, r nt.LockRange, _ time.Duration) error {
	return l.lock("lock", r)
}

func (l *locker) LockAll(_ nt.FileHandle, ranges []nt.LockRange) error {
	return l.lock("lock all", ranges...)
}

func (l *locker) Unlock(_ nt.FileHandle, r nt.LockRange) error {
	l.note("unlock")
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.has, r); i >= 0 && l.unlock == nil {
		l.has = slices.Delete(l.has, i, i+1)
		return nil
	}
	if l.unlock == nil {
		return nt.StatusRangeNotLocked
	}
	return l.unlock
}

func (l *locker) AckBreak(nt.FileHandle, nt.OplockLevel) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked = len(l.has)
	return nil
}

func (l *locker) LockAndRead(nt.FileHandle, []byte, int64) (int, error) {
	return 0, nt.StatusNotSupported
}

func (l *locker) WriteAndUnlock(nt.FileHandle, []byte, int64) (int, error) {
	return 0, nt.StatusNotSupported
}

// withLocker plays a story on a server that answers at once.
func withLocker(t *testing.T, change func(*Config), story func(k *simrt.Kernel, l *locker, d *Redirector)) {
	t.Helper()
	simtest.Run(t, simrt.Options{}, func(k *simrt.Kernel) {
		l := &locker{memory: newMemory(k)}
		d := redirector(t, k, l.memory)
		d.connect = func() (Remote, error) { return l, nil }
		if change != nil {
			change(&d.cfg)
		}
		story(k, l, d)
	})
}

func noOplock(c *Config) { c.UseOpportunisticLocking = false }

func mustOpen(t *testing.T, d *Redirector) *Handle {
	t.Helper()
	h, err := d.Open("F", nt.CreateParams{Access: readWrite, Share: denyNone, Disposition: nt.FileOpenIf})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func eventIDs(d *Redirector) (ids []EventID) {
	for _, e := range d.EventLog() {
		ids = append(ids, e.ID)
	}
	return ids
}

func bytesAt(off uint64) nt.LockRange { return nt.LockRange{Offset: off, Length: 10} }

// An unlock-behind that fails is told to nobody but the event log; one that is awaited
// is told to the application.
func TestWhoIsToldOfAnUnlockThatFails(t *testing.T) {
	for _, behind := range []bool{true, false} {
		withLocker(t, func(c *Config) { noOplock(c); c.UseUnlockBehind = behind }, func(_ *simrt.Kernel, l *locker, d *Redirector) {
			h := mustOpen(t, d)
			if err := h.Lock(bytesAt(0), false); err != nil {
				t.Fatal(err)
			}
			l.unlock = nt.StatusRangeNotLocked
			err := h.Unlock(bytesAt(0))
			d.Idle().Wait(rt.Forever)
			ids := eventIDs(d)
			if (err == nil) != behind || slices.Equal(ids, []EventID{EventFailedUnlock}) != behind {
				t.Errorf("UseUnlockBehind %v: %v, events %v", behind, err, ids)
			}
		})
	}
}

// A break finds three cached locks. The server has all that it grants before the oplock
// is released; one that it refuses is gone, and the event log says so.
func TestALockThatTheServerRefusesAtTheBreakIsLost(t *testing.T) {
	withLocker(t, nil, func(_ *simrt.Kernel, l *locker, d *Redirector) {
		h := mustOpen(t, d)
		for _, off := range []uint64{0, 100, 200} {
			if err := h.Lock(bytesAt(off), false); err != nil {
				t.Fatal(err)
			}
		}
		l.refuse = []nt.LockRange{bytesAt(100)}
		l.handler.OnBreak(h.open.h, nt.OplockNone)
		if diff := cmp.Diff([]nt.LockRange{bytesAt(0), bytesAt(200)}, l.has); diff != "" || l.acked != 2 {
			t.Errorf("%d locks at the acknowledgement; the server's locks (-want +got):\n%s", l.acked, diff)
		}
		if diff := cmp.Diff([]EventID{EventInvalidLockReply}, eventIDs(d)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if err := h.Unlock(bytesAt(100)); err == nil {
			t.Error("the refused lock can be unlocked")
		}
		if err := h.Unlock(bytesAt(200)); err != nil {
			t.Error(err)
		}
		d.Idle().Wait(rt.Forever)
		if diff := cmp.Diff([]nt.LockRange{bytesAt(0)}, l.has); diff != "" {
			t.Errorf("the server's locks (-want +got):\n%s", diff)
		}
	})
}

// All cached locks travel in one call.
func TestCachedLocksTravelTogether(t *testing.T) {
	withLocker(t, nil, func(_ *simrt.Kernel, l *locker, d *Redirector) {
		h := mustOpen(t, d)
		for _, off := range []uint64{0, 100, 200} {
			if err := h.Lock(bytesAt(off), false); err != nil {
				t.Fatal(err)
			}
		}
		l.handler.OnBreak(h.open.h, nt.OplockNone)
		if diff := cmp.Diff([]string{"lock all"}, l.asked); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
}

// Two tasks of one application use one handle. The second waits until the first
// unlocks, or until the server must be asked, because the oplock has broken.
func TestALockWaitsOnThisMachine(t *testing.T) {
	for name, end := range map[string]func(h *Handle, l *locker) error{
		"unlock": func(h *Handle, _ *locker) error { return h.Unlock(bytesAt(0)) },
		"close":  func(h *Handle, _ *locker) error { return h.Close() },
		"loss": func(_ *Handle, l *locker) error {
			l.die(nt.StatusUnexpectedNetworkError)
			return nil
		},
	} {
		withLocker(t, nil, func(k *simrt.Kernel, l *locker, d *Redirector) {
			h := mustOpen(t, d)
			if err := h.Lock(bytesAt(0), false); err != nil {
				t.Fatal(err)
			}
			var err error
			var granted time.Time
			second := beside(k, "second", func() {
				err = h.Lock(bytesAt(5), true)
				granted = k.Now()
			})
			k.Sleep(time.Second)
			before := k.Now()
			if err := end(h, l); err != nil {
				t.Error(err)
			}
			if !second.Wait(time.Minute) {
				t.Fatalf("%s: the lock waits on", name)
			}
			if (err == nil) != (name == "unlock") || granted.Before(before) {
				t.Errorf("%s: %v after %v", name, err, granted)
			}
		})
	}
}

// Tasks lock, write and unlock one record each while the oplock breaks, and another
// tries to get one of them: every lock is known to the server at the end of the break, or
// has been unlocked, and the server never has one that this machine has given to another.
func TestLocksAndABreakInEveryOrder(t *testing.T) {
	story := func(r rt.Runtime) {
		l := &locker{memory: newMemory(r)}
		d := redirector(t, r, l.memory)
		d.connect = func() (Remote, error) { return l, nil }
		h := mustOpen(t, d)
		var ended []rt.Event
		for i := range uint64(3) {
			ended = append(ended, beside(r, "locker", func() {
				for range 5 {
					if err := h.Lock(bytesAt(100*i), false); i == 0 && errors.Is(err, nt.StatusLockNotGranted) {
						continue // the rival has it
					} else if err != nil {
						t.Error(err)
					}
					if _, err := h.WriteAt([]byte("0123456789"), int64(100*i)); err != nil {
						t.Error(err)
					}
					if err := h.Unlock(bytesAt(100 * i)); err != nil {
						t.Error(err)
					}
				}
			}))
		}
		ended = append(ended, beside(r, "rival", func() {
			for range 20 {
				if h.Lock(bytesAt(5), false) == nil {
					if err := h.Unlock(bytesAt(5)); err != nil {
						t.Error(err)
					}
				}
				r.Sleep(time.Millisecond)
			}
		}))
		r.Sleep(time.Duration(r.Rand("break").IntN(4)) * time.Millisecond)
		l.handler.OnBreak(h.open.h, nt.OplockNone)
		for _, e := range ended {
			e.Wait(rt.Forever)
		}
		d.Idle().Wait(rt.Forever)
		if len(l.has) != 0 || len(d.EventLog()) != 0 || len(h.f.locks.held) != 0 {
			t.Errorf("locks left at the server %v, here %d; events %v", l.has, len(h.f.locks.held), d.EventLog())
		}
	}
	t.Run("in every order", func(t *testing.T) { inEveryOrder(t, 100, story) })
	t.Run("in parallel", func(t *testing.T) { parallel(t, story) })
}

// Rules for two locks: shared ones go together, an owner may read-lock its own, and
// what only touches does not overlap.
func TestWhichLocksGoTogether(t *testing.T) {
	a, b := &serverOpen{}, &serverOpen{}
	x, s := nt.LockRange{Offset: 10, Length: 10}, nt.LockRange{Offset: 10, Length: 10, Shared: true}
	rows := []struct {
		name   string
		have   heldLock
		who    *serverOpen
		want   nt.LockRange
		allows bool
	}{
		{"exclusive on exclusive, another", heldLock{o: a, r: x}, b, x, false},
		{"exclusive on exclusive, the same", heldLock{o: a, r: x}, a, x, false},
		{"shared on exclusive, another", heldLock{o: a, r: x}, b, s, false},
		{"shared on exclusive, the same", heldLock{o: a, r: x}, a, s, true},
		{"shared on shared", heldLock{o: a, r: s}, b, s, true},
		{"exclusive on shared, the same", heldLock{o: a, r: s}, a, x, false},
		{"one byte of it", heldLock{o: a, r: x}, b, nt.LockRange{Offset: 19, Length: 1}, false},
		{"the byte behind", heldLock{o: a, r: x}, b, nt.LockRange{Offset: 20, Length: 1}, true},
		{"the byte ahead", heldLock{o: a, r: x}, b, nt.LockRange{Offset: 9, Length: 1}, true},
		{"to the end of everything", heldLock{o: a, r: x}, b, nt.LockRange{Offset: 15, Length: 1<<64 - 1}, false},
		{"empty", heldLock{o: a, r: x}, b, nt.LockRange{Offset: 15}, true},
	}
	for _, r := range rows {
		if got := r.have.allows(r.who, r.want); got != r.allows {
			t.Errorf("%s: %v, want %v", r.name, got, r.allows)
		}
	}
}
