package machine

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

const noOplocks = serverKey + `"EnableOplocks"=dword:0` + "\n"

// Byte-range locks on the wire.
var lockEffects = []effect{
	{
		set: "UseUnlockBehind=0", given: "EnableOplocks=0",
		observe: func(s *story) string {
			h := s.file("F", denyNone)
			s.lock(h, 0, 10)
			return s.pace(func() { s.unlock(h, 0, 10) })
		},
		stock: "at once", changed: "after an answer",
	},
	{
		set: "UseLockReadUnlock=0", given: "EnableOplocks=0", observe: lockReadWriteUnlock,
		stock: "LOCK_AND_READ WRITE_AND_UNLOCK", changed: "LOCKING_ANDX READ_ANDX WRITE_ANDX LOCKING_ANDX",
	},
	{
		set: "LockQuota=9", given: "EnableOplocks=0", observe: lockReadWriteUnlock,
		stock: "LOCK_AND_READ WRITE_AND_UNLOCK", changed: "LOCKING_ANDX READ_ANDX WRITE_ANDX LOCKING_ANDX",
	},
}

// nameEffects: calls by path.
var nameEffects = []effect{
	{
		set: "NtrdrSearchBeforeDelete=0",
		observe: func(s *story) string {
			s.putF("x")
			mark := s.mark()
			s.must(s.ws1.Delete("F"))
			return strings.Join(s.sent(mark), " ")
		},
		stock: "TRANSACTION2 DELETE", changed: "DELETE",
	},
}

// lockReadWriteUnlock is what a database does with a record.
func lockReadWriteUnlock(s *story) string {
	s.putF("0123456789")
	h := s.file("F", denyNone)
	mark := s.mark()
	s.lock(h, 0, 10)
	if _, err := h.ReadAt(make([]byte, 10), 0); err != nil {
		s.t.Error(err)
	}
	s.write(h, make([]byte, 10), 0)
	s.unlock(h, 0, 10)
	s.ws1.Idle().Wait(rt.Forever)
	return strings.Join(s.sent(mark), " ")
}

func exclusive(off, n uint64) nt.LockRange { return nt.LockRange{Offset: off, Length: n} }

// shared is a lock of ten bytes.
func shared(off uint64) nt.LockRange { return nt.LockRange{Offset: off, Length: 10, Shared: true} }

func (s *story) lock(h *rdr.Handle, off, n uint64) {
	s.t.Helper()
	if err := h.Lock(exclusive(off, n), false); err != nil {
		s.t.Error(err)
	}
}

func (s *story) unlock(h *rdr.Handle, off, n uint64) {
	s.t.Helper()
	if err := h.Unlock(exclusive(off, n)); err != nil {
		s.t.Error(err)
	}
}

// onWS2 opens the file F from the other workstation.
func (s *story) onWS2(p nt.CreateParams) *rdr.Handle {
	s.t.Helper()
	f, err := s.ws2.Open("F", p)
	if err != nil {
		s.t.Fatal(err)
	}
	return f.(*rdr.Handle)
}

func (s *story) wantErr(want nt.Status, err error) {
	s.t.Helper()
	if !errors.Is(err, want) {
		s.t.Errorf("got %v, want %v", err, want)
	}
}

// wantRead reads with h and compares.
func (s *story) wantRead(h *rdr.Handle, off int64, want string) {
	s.t.Helper()
	got := make([]byte, len(want))
	if n, err := h.ReadAt(got, off); (err != nil && !errors.Is(err, io.EOF)) || string(got[:n]) != want {
		s.t.Errorf("at %d: %q, %v; want %q", off, got[:n], err, want)
	}
}

// wantReadShort reads n bytes at the start, of which there are fewer.
func (s *story) wantReadShort(h *rdr.Handle, n int, want string) {
	s.t.Helper()
	got := make([]byte, n)
	if n, err := h.ReadAt(got, 0); !errors.Is(err, io.EOF) || string(got[:n]) != want {
		s.t.Errorf("%q, %v; want %q", got[:n], err, want)
	}
}

// Under a batch oplock locks cost no SMB. When it breaks the server gets them all in one
// request, after the data and before the oplock is released: the other workstation never
// sees a file that is not locked.
func TestCachedLocksAreSentBeforeTheOplockIsReleased(t *testing.T) {
	tell(t, "t1", "", func(s *story) {
		h := s.open("F", create(readWrite, denyNone))
		mark := s.mark()
		s.lock(h, 0, 10)
		s.lock(h, 20, 10)
		if err := h.Lock(shared(40), false); err != nil {
			t.Error(err)
		}
		s.lock(h, 60, 10)
		s.unlock(h, 60, 10)
		s.wantErr(nt.StatusRangeNotLocked, h.Unlock(exclusive(60, 10)))
		s.wantErr(nt.StatusLockNotGranted, h.Lock(exclusive(5, 1), false))
		s.wantErr(nt.StatusFileLockConflict, func() error { _, err := h.WriteAt([]byte("x"), 45); return err }())
		s.write(h, []byte("dirty"), 0)
		s.wantSent(mark)
		other := s.onWS2(create(readWrite, denyNone))
		s.wantSent(mark, "WRITE_ANDX", "LOCKING_ANDX", "LOCKING_ANDX", "LOCKING_ANDX")
		s.wantErr(nt.StatusLockNotGranted, other.Lock(exclusive(9, 1), false))
		s.wantErr(nt.StatusLockNotGranted, other.Lock(exclusive(49, 1), false))
		if err := other.Lock(shared(40), false); err != nil {
			t.Errorf("a shared lock beside a shared lock: %v", err)
		}
		_, err := other.ReadAt(make([]byte, 1), 25)
		s.wantErr(nt.StatusFileLockConflict, err)
		if err := other.Lock(exclusive(60, 10), false); err != nil {
			t.Errorf("what was unlocked under the oplock is locked: %v", err)
		}
	})
}

// A lock that waits is granted when the holder unlocks, and the wait has no timer.
func TestALockWaitsAtTheServer(t *testing.T) {
	tell(t, "t1", noOplocks, func(s *story) {
		h := s.open("F", create(readWrite, denyNone))
		other := s.onWS2(create(readWrite, denyNone))
		if err := other.Lock(exclusive(0, 10), false); err != nil {
			t.Fatal(err)
		}
		s.wantErr(nt.StatusLockNotGranted, h.Lock(exclusive(0, 10), false))
		s.RT.Go("unlock", func() {
			s.RT.Sleep(2 * time.Minute)
			if err := other.Unlock(exclusive(0, 10)); err != nil {
				t.Error(err)
			}
		})
		took := s.elapsed(func() {
			if err := h.Lock(exclusive(0, 10), true); err != nil {
				t.Error(err)
			}
		})
		if took < 2*time.Minute || took > 121*time.Second {
			t.Errorf("it waited %v", took)
		}
	})
}

// A lock brings the range with it; reads are served from that until the unlock, which
// takes the write of the range along.
func TestALockReadsAndAnUnlockWrites(t *testing.T) {
	tell(t, "t1", noOplocks, func(s *story) {
		s.putF("0123456789abcdef")
		h := s.open("F", create(readWrite, denyNone))
		mark := s.mark()
		s.lock(h, 4, 8)
		s.wantRead(h, 4, "456789ab")
		s.wantRead(h, 6, "67")
		s.wantSent(mark, "LOCK_AND_READ")
		s.write(h, []byte("WRITTEN!"), 4)
		s.wantRead(h, 4, "WRITTEN!")
		if s.ws1.DirtyBytes() != 8 {
			t.Errorf("%d dirty bytes", s.ws1.DirtyBytes())
		}
		s.unlock(h, 4, 8)
		s.ws1.Idle().Wait(rt.Forever)
		s.wantSent(mark, "LOCK_AND_READ", "WRITE_AND_UNLOCK")
		s.wantRead(h, 0, "0123WRITTEN!cdef") // from the server: the unlock has ended what was kept
		s.wantSent(mark, "LOCK_AND_READ", "WRITE_AND_UNLOCK", "READ_ANDX")
	})
}

// putF writes the file F from the other workstation.
func (s *story) putF(data string) {
	s.t.Helper()
	f := s.onWS2(create(readWrite, nt.ShareNone))
	if _, err := f.WriteAt([]byte(data), 0); err != nil {
		s.t.Fatal(err)
	}
	if err := errors.Join(f.Flush(), f.Close()); err != nil {
		s.t.Fatal(err)
	}
	s.RT.Sleep(time.Second)
}

// A range at the end of the file is locked whole, and read as far as there is data.
func TestALockAcrossTheEndOfTheFile(t *testing.T) {
	tell(t, "t1", noOplocks, func(s *story) {
		s.putF("0123")
		h := s.open("F", create(readWrite, denyNone))
		s.lock(h, 2, 8)
		p := make([]byte, 8)
		if n, err := h.ReadAt(p, 2); n != 2 || !errors.Is(err, io.EOF) {
			t.Errorf("read %q, %v", p[:n], err)
		}
		if n, err := h.ReadAt(p, 6); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("read %q, %v", p[:n], err)
		}
	})
}

// Each thing that sends what a lock buffer keeps before its unlock does.
func TestWhatEndsTheWaitOfAWriteForItsUnlock(t *testing.T) {
	rows := []struct {
		name string
		do   func(s *story, h *rdr.Handle)
		want []string
	}{
		{"FlushFileBuffers", func(s *story, h *rdr.Handle) { s.must(h.Flush()) }, []string{"WRITE_ANDX", "FLUSH"}},
		{"close", func(s *story, h *rdr.Handle) { s.close(h) }, []string{"WRITE_ANDX", "CLOSE"}},
		{"a write of part of the range", func(s *story, h *rdr.Handle) { s.write(h, []byte("x"), 3) }, []string{"WRITE_ANDX", "WRITE_ANDX"}},
		{"a read of more than the range", func(s *story, h *rdr.Handle) { s.wantReadShort(h, 11, "kept kept ") }, []string{"WRITE_ANDX", "READ_ANDX"}},
		{"a query of the size", func(s *story, h *rdr.Handle) {
			size, err := h.Size()
			s.must(err)
			if size != 10 {
				s.t.Errorf("size %d", size)
			}
		}, []string{"WRITE_ANDX", "TRANSACTION2"}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			tell(t, "t1", noOplocks, func(s *story) {
				h := s.open("F", create(readWrite, denyNone))
				s.lock(h, 0, 10)
				s.write(h, []byte("kept kept "), 0)
				mark := s.mark()
				r.do(s, h)
				s.ws1.Idle().Wait(rt.Forever)
				s.wantSent(mark, r.want...)
				if n, _ := s.FileState("F"); n != 10 {
					t.Errorf("the server has %d bytes", n)
				}
			})
		})
	}
}

func (s *story) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Error(err)
	}
}

// Data is kept up to LockQuota a file, then locks and writes go as without the value.
func TestLockQuotaBoundsWhatIsKept(t *testing.T) {
	tell(t, "t1", noOplocks, func(s *story) {
		s.putF(string(bytes.Repeat([]byte("x"), 10000)))
		h := s.open("F", create(readWrite, denyNone))
		mark := s.mark()
		s.lock(h, 0, 4096)
		s.lock(h, 4096, 2048)
		s.lock(h, 6144, 1) // 6144 bytes are kept
		s.write(h, []byte("y"), 6144)
		s.wantSent(mark, "LOCK_AND_READ", "LOCK_AND_READ", "LOCKING_ANDX", "WRITE_ANDX")
		s.unlock(h, 4096, 2048)
		s.ws1.Idle().Wait(rt.Forever)
		mark = s.mark()
		s.lock(h, 9000, 1)
		s.wantSent(mark, "LOCK_AND_READ")
	})
}

// An unlock is sent after the writes that the lock protected, and a lock after what was
// written before it.
func TestLocksAndWritesKeepTheirOrder(t *testing.T) {
	for name, lines := range map[string]string{
		"unlock-behind": noOplocks, "awaited": noOplocks + lanmanKey + `"UseUnlockBehind"=dword:0`,
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, "t1", lines, func(s *story) {
				h := s.open("F", create(nt.GenericWrite, denyNone))
				mark := s.mark()
				s.write(h, []byte("before"), 0) // in a write-behind buffer
				s.lock(h, 100, 50)
				s.wantSent(mark, "WRITE_ANDX", "LOCKING_ANDX")
				s.write(h, []byte("inside"), 110)
				s.unlock(h, 100, 50)
				s.ws1.Idle().Wait(rt.Forever)
				s.wantSent(mark, "WRITE_ANDX", "LOCKING_ANDX", "WRITE_ANDX", "LOCKING_ANDX")
			})
		})
	}
}

// A lock does not overtake an unlock that is on its way behind the application: with
// the same range it would be refused.
func TestALockWaitsForAnUnlockBehind(t *testing.T) {
	tell(t, "ras-28.8", noOplocks, func(s *story) {
		h := s.open("F", create(readWrite, denyNone))
		for range 20 {
			s.lock(h, 0, 10)
			s.unlock(h, 0, 10)
		}
		s.ws1.Idle().Wait(rt.Forever)
		if log := s.ws1.EventLog(); len(log) != 0 {
			t.Errorf("event log %v", log)
		}
	})
}

// Two handles of one machine on a file that only it may write: while one of them has a
// lock at the server neither is served from the cache, and afterwards both see what was
// written meanwhile.
func TestALockEndsTheCachingOfTheOtherHandles(t *testing.T) {
	tell(t, "t1", "", func(s *story) {
		writer := s.open("F", create(readWrite, nt.ShareRead))
		s.write(writer, bytes.Repeat([]byte("a"), 200), 0) // dirty
		reader := s.open("F", create(nt.GenericRead, nt.ShareRead|nt.ShareWrite))
		s.must(reader.Lock(shared(0), false))
		if n, _ := s.FileState("F"); n != 200 {
			t.Errorf("the lock came before the data: the server has %d bytes", n)
		}
		_, err := writer.WriteAt([]byte("b"), 5)
		s.wantErr(nt.StatusFileLockConflict, err)
		mark := s.mark()
		s.write(writer, []byte("b"), 100)
		s.wantSent(mark, "WRITE_ANDX")
		s.wantRead(reader, 98, "aabaa")
		third := s.open("F", create(nt.GenericRead, nt.ShareRead|nt.ShareWrite))
		s.write(writer, bytes.Repeat([]byte("c"), 10), 200)
		s.wantRead(third, 195, "aaaaacccccccccc")
		s.must(reader.Unlock(shared(0)))
		s.ws1.Idle().Wait(rt.Forever)
		s.wantRead(writer, 98, "aabaa")
		s.wantRead(writer, 195, "aaaaacccccccccc")
		mark = s.mark()
		s.write(writer, []byte("d"), 5)
		s.wantRead(writer, 3, "aadaa")
		s.wantSent(mark)
		s.wantRead(reader, 3, "aadaa")
	})
}

// A second handle is opened while the first has a lock and unsent data: from then on
// nothing is cached.
func TestASecondOpenMeetsALock(t *testing.T) {
	tell(t, "t1", "", func(s *story) {
		writer := s.open("F", create(readWrite, nt.ShareRead))
		s.lock(writer, 0, 10)
		s.write(writer, []byte("0123456789 and more"), 0)
		reader := s.open("F", create(nt.GenericRead, nt.ShareRead|nt.ShareWrite))
		if n, _ := s.FileState("F"); n != 19 {
			t.Errorf("the server has %d bytes", n)
		}
		s.wantRead(reader, 10, " and more")
		_, err := reader.ReadAt(make([]byte, 1), 0)
		s.wantErr(nt.StatusFileLockConflict, err)
		s.wantRead(writer, 0, "0123456789")
	})
}

// The circuit breaks while a write waits for its unlock: it is lost, and so is the lock.
func TestALossTakesLocksAndKeptWrites(t *testing.T) {
	tell(t, "t1", noOplocks, func(s *story) {
		h := s.open("F", create(readWrite, denyNone))
		s.lock(h, 0, 4)
		s.write(h, []byte("kept"), 0)
		s.Link.Reset()
		s.RT.Sleep(time.Second)
		s.wantErr(nt.StatusNetworkNameDeleted, h.Unlock(exclusive(0, 4)))
		var ids []rdr.EventID
		for _, e := range s.ws1.EventLog() {
			ids = append(ids, e.ID)
		}
		if diff := cmp.Diff([]rdr.EventID{rdr.EventUnexpectedError, rdr.EventLostDelayedWrite}, ids); diff != "" {
			t.Errorf("event log (-want +got):\n%s", diff)
		}
		s.close(h)
		again := s.open("F", create(readWrite, denyNone))
		s.lock(again, 0, 4)
	})
}

// Closing a watch ends the wait, and its request is free again: only two are allowed.
func TestClosingAWatchEndsItsWait(t *testing.T) {
	tell(t, "t1", regLines(t, "MaxMpxCt=2"), func(s *story) {
		s.must(s.ws1.Mkdir("D"))
		var watches []*rdr.Watch
		var ended []rt.Event
		for range 2 {
			w, err := s.ws1.Watch("D", nt.NotifyFileName, false)
			if err != nil {
				t.Fatal(err)
			}
			watches = append(watches, w)
			e := s.RT.NewEvent(rt.Notification)
			ended = append(ended, e)
			s.RT.Go("watch", func() {
				defer e.Set()
				if c, err := w.Next(); err == nil {
					t.Errorf("a watch that was closed tells of %v", c)
				}
			})
			s.RT.Sleep(time.Second)
		}
		for i, w := range watches {
			s.must(w.Close())
			if !ended[i].Wait(10 * time.Second) {
				t.Error("it waits on")
			}
		}
		if took := s.elapsed(func() { s.must(s.ws1.Mkdir("E")) }); took > time.Second {
			t.Errorf("mkdir took %v", took)
		}
		if _, err := watches[0].Next(); !errors.Is(err, nt.StatusInvalidHandle) {
			t.Errorf("a closed watch waits: %v", err)
		}
	})
}

// A page is more than an application asks for: a lock of another machine beside what it
// reads is no reason to refuse that.
func TestACachedReadBesideALockOfAnotherMachine(t *testing.T) {
	tellAll(t, "lan10", "", func(s *story) {
		other := s.onWS2(create(readWrite, denyNone))
		if _, err := other.WriteAt([]byte("0123456789"), 0); err != nil {
			t.Fatal(err)
		}
		s.must(other.Close())
		s.RT.Sleep(time.Minute)
		h := s.open("F", create(readWrite, nt.ShareRead)) // cached: nobody else may write
		other = s.onWS2(create(nt.GenericRead, denyNone))
		s.must(other.Lock(exclusive(0, 2), false))
		got := make([]byte, 3)
		if _, err := h.ReadAt(got, 5); err != nil || string(got) != "567" {
			t.Errorf("beside the lock: %q, %v", got, err)
		}
		_, err := h.ReadAt(got, 1)
		s.wantErr(nt.StatusFileLockConflict, err)
	})
}
