package machine

import (
	"errors"
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// How circuits begin and end, and what the boxes do.
var circuitEffects = []effect{
	{
		set: "NtrdrPopupWait=30",
		observe: func(s *story) string {
			h := s.file("F", nt.ShareRead)
			s.write(h, make([]byte, 100), 0)
			s.fullDisk()
			s.close(h)
			return "CLOSE after " + s.until(func() bool { return s.opens("F") == 0 })
		},
		stock: "CLOSE after 0s", changed: "CLOSE after 30s",
	},
	{
		set: "KeepConn=60",
		observe: func(s *story) string {
			s.close(s.file("F", nt.ShareRead))
			mark := s.mark()
			return "dropped after " + s.until(func() bool { return s.happenedSince(mark, ActorSenderHost, trace.CircuitDown) })
		},
		stock: "dropped after 10m0s", changed: "dropped after 1m0s",
	},
	{
		set: "ConnectMaxTimeout=10",
		observe: func(s *story) string {
			s.Link.Reset()
			s.RT.Sleep(time.Second)
			s.Link.Down(15 * time.Second)
			return result(func() error { _, err := s.ws1.Stat("F"); return err })
		},
		stock: "error 2", changed: "error 121", // not found; the semaphore timeout
	},
	{
		set:   "NtrdrNagle=1",
		given: "UseWriteBehind=0",
		observe: func(s *story) string {
			h := s.file("F", nt.ShareRead)
			took := s.elapsed(func() { s.write(h, make([]byte, 2000), 0) }) // a full segment and a short one
			return fmt.Sprint(took.Round(100 * time.Millisecond))
		},
		link:  "lan10",
		stock: "0s", changed: "200ms",
	},
	{
		set: "NtrdrReconnectVc0=0",
		observe: func(s *story) string {
			s.file("F", nt.ShareNone)
			s.ghost()
			return result(func() error { _, err := s.ws1.Open("F", create(readWrite, nt.ShareNone)); return err })
		},
		link:  "lan10",
		stock: "success", changed: "error 32",
	},
}

// The defects of certain builds.
var quirkEffects = []effect{
	{
		set:   "NtrdrQuirkSemaphore298=1",
		given: "UseWriteBehind=0",
		observe: func(s *story) string {
			h := s.file("F", nt.ShareRead)
			for i := range int64(100) {
				if _, err := h.WriteAt(make([]byte, 4096), i*4096); err != nil {
					return fmt.Sprintf("error %d after %d writes", win32(err), i)
				}
			}
			return "copied"
		},
		stock: "copied", changed: "error 298 after 16 writes",
	},
	{
		set: "NtrdrQuirkIgnoreOplockBreak=1",
		observe: func(s *story) string {
			s.write(s.file("F", denyNone), make([]byte, 100), 0)
			return "the second open: " + s.openFromWS2("F", denyNone, time.Second)
		},
		stock: "the second open: success after 0s", changed: "the second open: sharing violation after 35s",
	},
	{
		set:   "NtrdrQuirkDormantZeroStop=1",
		given: "DormantFileLimit=0",
		observe: func(s *story) string {
			s.close(s.file("F", denyNone))
			s.RT.Sleep(time.Second)
			return result(s.ws1.Connect)
		},
		stock: "success", changed: "error 31: STOP 0x0000001E KMODE_EXCEPTION_NOT_HANDLED in rdr.sys",
	},
	{
		set: "NtrdrQuirkDropLastL2Error=1",
		observe: func(s *story) string {
			h := s.writeOnly("L2")
			s.write(h, make([]byte, 100), 0)
			s.fullDisk()
			s.close(h)
			s.RT.Sleep(time.Minute)
			return s.events()
		},
		stock: "events 26 3025", changed: "events",
	},
	{
		set: "NtrdrQuirkInt21LostWrite=1",
		observe: func(s *story) string {
			h, err := s.ws1.OpenDOS("DOS", create(readWrite, nt.ShareRead))
			if err != nil {
				return err.Error()
			}
			s.write(h, []byte("all of it"), 0)
			s.close(h)
			s.RT.Sleep(time.Minute)
			s.wantOnServer("DOS", "all of it")
			return s.events()
		},
		stock: "events", changed: "events 26",
	},
	{
		set: "NtrdrQuirkInvalidTidLoop14Min=1",
		observe: func(s *story) string {
			s.Server.Unshare(ShareName)
			var what string
			took := s.elapsed(func() { what = result(func() error { _, err := s.ws1.Stat("F"); return err }) })
			return fmt.Sprintf("%s after %v, %s", what, took.Round(time.Minute), s.events())
		},
		stock: "error 64 after 0s, events", changed: "error 64 after 14m0s, events",
	},
	{
		set:  "NtrdrQuirkSessionSetupOneSmb=1",
		link: "lan10",
		observe: func(s *story) string {
			p := create(readWrite, denyNone)
			p.Options |= nt.NoIntermediateBuffer
			h := s.open("F", p)
			s.write(h, make([]byte, 4096), 0)
			what := "all copied"
			var all []rt.Event
			for i := range 8 { // the replies fill TCP's window, so that a segment has parts of two
				all = append(all, s.beside("copy", func() {
					_, err := h.ReadAt(make([]byte, 4096), 0)
					if err == nil {
						_, err = s.ws1.Find(fmt.Sprint("none", i))
					}
					if win32(err) == 59 {
						what = "error 59"
					}
				}))
			}
			for _, e := range all {
				e.Wait(rt.Forever)
			}
			return what
		},
		stock: "all copied", changed: "error 59",
	},
}

// result is what a call returns, as its caller sees it.
func result(call func() error) string {
	err := call()
	var e *nt.Error
	switch {
	case err == nil:
		return "success"
	case errors.As(err, &e) && e.Err != nil && e.Status == nt.StatusUnsuccessful:
		return fmt.Sprintf("error %d: %v", win32(err), e.Err)
	}
	return fmt.Sprintf("error %d", win32(err))
}

// events are the numbers in ws1's event log.
func (s *story) events() string {
	text := "events"
	for _, e := range s.ws1.EventLog() {
		text += fmt.Sprintf(" %d", e.ID)
	}
	return text
}

// happenedSince is happened for what is in the trace from mark on.
func (s *story) happenedSince(mark int, actor string, k trace.Kind) bool {
	for _, e := range s.Trace.Events()[mark:] {
		if e.Actor == actor && e.Kind == k {
			return true
		}
	}
	return false
}

// ghost makes ws1 lose its circuit while the server does not notice: half-open, with
// everything still open at the server.
func (s *story) ghost() {
	s.t.Helper()
	s.RT.Sleep(time.Second) // the server waits for no acknowledgement
	s.Link.Down(2 * time.Minute)
	if _, err := s.ws1.Stat("F"); err == nil {
		s.t.Error("the circuit lives")
	}
	s.RT.Sleep(3 * time.Minute)
}

// win32 is the error code that the application gets.
func win32(err error) uint32 {
	var st nt.Status
	errors.As(err, &st)
	return st.Win32()
}
