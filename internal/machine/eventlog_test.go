package machine

import (
	"errors"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// boxes counts the pop-ups on the screen of ws1 so far.
func (s *story) boxes() (n int) {
	for _, e := range s.Trace.Events() {
		if e.Actor == ActorSenderHost && e.Kind == trace.Popup {
			n++
		}
	}
	return n
}

// fullDisk makes the server's disk as full as it can be.
func (s *story) fullDisk() { s.Volume.SetCapacity(0) }

// The thread that lost the data stands still until the user clicks OK: here the one
// that closes the file (KB Q168460).
func TestTheBoxStopsItsThreadUntilOK(t *testing.T) {
	tellAll(t, "lan10", rdrKey+`"NtrdrPopupWait"=dword:1e`, func(s *story) {
		h := s.open("F", create(readWrite, nt.ShareRead))
		s.write(h, make([]byte, 100), 0)
		s.fullDisk()
		mark := s.mark()
		s.close(h)
		s.RT.Sleep(29 * time.Second)
		s.wantSent(mark, "WRITE_ANDX")
		s.wantEvents(rdr.EventLostDelayedWrite)
		s.RT.Sleep(2 * time.Second)
		s.wantSent(mark, "WRITE_ANDX", "CLOSE")
	})
}

// While a box of the file is on the screen another thread that loses data of the file
// raises no second one, and does not wait (KB Q168460).
func TestThereIsOneBoxAFileAtATime(t *testing.T) {
	tellAll(t, "lan10", rdrKey+`"NtrdrPopupWait"=dword:1e`+"\n"+lanmanKey+`"UseCloseBehind"=dword:0`, func(s *story) {
		h := s.open("F", create(readWrite, nt.ShareRead))
		s.fullDisk()
		s.write(h, make([]byte, 100), 8192)
		s.RT.Sleep(4 * time.Second) // the lazy writer fails, and stands still
		s.Volume.SetCapacity(1 << 20)
		s.write(h, make([]byte, 100), 0)
		if err := h.Flush(); err == nil {
			t.Error("the flush does not tell what was lost")
		}
		s.fullDisk()
		s.write(h, make([]byte, 100), 16384)
		s.close(h)
		s.RT.Sleep(time.Second)
		if n := s.boxes(); n != 1 || s.opens("F") != 0 {
			t.Errorf("%d boxes, %d opens", n, s.opens("F"))
		}
	})
}

// The error of a raw write that nobody waited for comes with the next request on the
// file, whichever that is. Its caller gets it, and the loss is told ([MS-CIFS] §3.2.5.18).
func TestALostRawWriteIsToldByAnyNextRequest(t *testing.T) {
	const held = 16384
	x := nt.LockRange{Offset: 0, Length: 10}
	for name, next := range map[string]func(h *rdr.Handle) error{
		"a paging read":     func(h *rdr.Handle) error { _, err := h.ReadAt(make([]byte, 10), 0); return err },
		"a lock":            func(h *rdr.Handle) error { return h.Lock(x, false) },
		"a lock that waits": func(h *rdr.Handle) error { return h.Lock(x, true) },
		"a flush":           (*rdr.Handle).Flush,
	} {
		t.Run(name, func(t *testing.T) {
			tellAll(t, "t1", "", func(s *story) {
				f, err := s.ws2.Open("F", create(nt.GenericWrite, nt.ShareNone))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := f.WriteAt(make([]byte, held), 0); err != nil {
					t.Fatal(err)
				}
				_ = f.Close()
				s.RT.Sleep(time.Minute)
				h := s.open("F", create(readWrite, nt.ShareRead))
				s.Volume.SetCapacity(held + 4096) // room for what is in the request of the raw write
				s.write(h, make([]byte, 8192), held)
				s.RT.Sleep(10 * time.Second)
				s.wantEvents()
				if err := next(h); !errors.Is(err, nt.StatusDiskFull) {
					t.Errorf("%s: %v", name, err)
				}
				s.wantEvents(rdr.EventLostDelayedWrite)
				s.close(h)
				s.RT.Sleep(time.Minute)
				s.wantEvents(rdr.EventLostDelayedWrite)
			})
		})
	}
}

// FlushFileBuffers tells what became of a raw write that was not answered, without
// SMB_COM_FLUSH too.
func TestFlushFileBuffersAsksForTheErrorOfARawWrite(t *testing.T) {
	tellAll(t, "t1", rdrKey+`"NtrdrFlushSendsSMBFlush"=dword:0`, func(s *story) {
		h := s.open("F", create(readWrite, nt.ShareRead))
		s.Volume.SetCapacity(4096)
		s.write(h, make([]byte, 8192), 0)
		if err := h.Flush(); !errors.Is(err, nt.StatusDiskFull) {
			t.Error(err)
		}
	})
}

// A file that was to be deleted on close, and is not, has an event of its own
// (KB Q168845).
func TestADeleteOnCloseThatFailsIsLogged(t *testing.T) {
	tellAll(t, "lan10", "", func(s *story) {
		p := create(readWrite|nt.Delete, denyNone)
		p.Options |= nt.DeleteOnClose
		h := s.open("F", p)
		if err := s.Volume.Remove("F"); err != nil { // somebody at the server is faster
			t.Fatal(err)
		}
		s.close(h)
		s.RT.Sleep(time.Minute)
		s.wantEvents(rdr.EventDeleteOnClose)
	})
}
