package machine

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// Which writes and closes return before the server has answered.
var writeEffects = []effect{
	{
		set:     "UseWriteBehind=0",
		observe: func(s *story) string { return s.paceOfWrite(s.file("F", nt.ShareRead), 4096) },
		stock:   "at once", changed: "after an answer",
	},
	{
		set:     "UseWriteBehind=0",
		given:   "NtrdrWriteBehindScope=writeonly",
		observe: func(s *story) string { return s.paceOfWrite(s.writeOnly("F"), 100) },
		stock:   "at once", changed: "after an answer",
	},
	{
		set:     "UseAsyncWriteBehind=0", // the write fills a buffer, which is sent
		observe: func(s *story) string { return s.paceOfWrite(s.writeOnly("F"), 4096) },
		stock:   "at once", changed: "after an answer",
	},
	{
		set: "UseCloseBehind=0",
		observe: func(s *story) string {
			h := s.file("F", nt.ShareRead)
			return s.pace(func() { s.close(h) })
		},
		stock: "at once", changed: "after an answer",
	},
}

// What may be cached, and how long a closed file stays open at the server.
var cacheEffects = []effect{
	{
		set:     "UtilizeNtCaching=0",
		observe: func(s *story) string { return s.secondRead(s.file("F", nt.ShareRead)) },
		stock:   "from the cache", changed: "from the server",
	},
	{
		set:     "UseOpportunisticLocking=0",
		observe: func(s *story) string { return s.secondRead(s.file("F", denyNone)) },
		stock:   "from the cache", changed: "from the server",
	},
	{
		set:     "BufFilesDenyWrite=0",
		observe: func(s *story) string { return s.secondRead(s.file("F", nt.ShareRead)) },
		stock:   "from the cache", changed: "from the server",
	},
	{
		set:   "BufReadOnlyFiles=0",
		given: "UseOpportunisticLocking=0",
		observe: func(s *story) string {
			p := create(readWrite, denyNone)
			p.Attributes = nt.AttrReadOnly
			h := s.open("F", p) // the creator of a read-only file may write to it
			return s.secondRead(h)
		},
		stock: "from the cache", changed: "from the server",
	},
	{
		set: "CacheFileTimeout=3",
		observe: func(s *story) string {
			s.close(s.file("F", denyNone))
			return "CLOSE after " + s.until(func() bool { return s.opens("F") == 0 })
		},
		stock: "CLOSE after 10s", changed: "CLOSE after 3s",
	},
	{
		set: "DormantFileLimit=2",
		observe: func(s *story) string {
			for _, name := range []string{"A", "B", "C"} {
				s.close(s.file(name, denyNone))
				s.RT.Sleep(time.Second)
			}
			return fmt.Sprintf("A %d, B %d, C %d opens", s.opens("A"), s.opens("B"), s.opens("C"))
		},
		stock: "A 1, B 1, C 1 opens", changed: "A 0, B 1, C 1 opens",
	},
}

// What the wire and its timers show.
var wireEffects = []effect{
	{
		set:     "MaxCmds=2",
		observe: threeAtOnce,
		stock:   "3 requests outstanding", changed: "2 requests outstanding",
	},
	{
		set:     "LowerSearchBufferSize=1024",
		observe: searchOfTwenty,
		stock:   "1 request", changed: "3 requests",
	},
	{
		set:     "LowerSearchThreshold=0",
		given:   "UpperSearchBufferSize=1024",
		observe: searchOfTwenty,
		stock:   "1 request", changed: "3 requests",
	},
	{
		set:     "UpperSearchBufferSize=1024",
		given:   "LowerSearchThreshold=0",
		observe: searchOfTwenty,
		stock:   "1 request", changed: "3 requests",
	},
	{
		set: "ConnectMaxTimeout=20",
		observe: func(s *story) string {
			s.Link.Reset()
			s.Link.Down(time.Hour)
			s.RT.Sleep(time.Second)
			var err error
			took := s.elapsed(func() { _, err = s.ws1.Stat("F") })
			if !errors.Is(err, nt.StatusIOTimeout) {
				s.t.Errorf("stat: %v", err)
			}
			return "no path after " + took.Round(time.Second).String()
		},
		stock: "no path after 45s", changed: "no path after 20s",
	},
	{
		set:  "SessTimeout=10",
		link: "x25-9.6", // on faster links TCP gives up first
		observe: func(s *story) string {
			s.Link.Down(time.Hour)
			return "given up after " + s.elapsed(func() {
				if err := s.ws1.Mkdir("D"); !errors.Is(err, nt.StatusIOTimeout) {
					s.t.Errorf("mkdir: %v", err)
				}
			}).Round(time.Second).String()
		},
		stock: "given up after 45s", changed: "given up after 10s",
	},
}

// What the server decides.
var serverEffects = []effect{
	{
		set:     "EnableOplocks=0",
		observe: func(s *story) string { return s.secondRead(s.file("F", denyNone)) },
		stock:   "from the cache", changed: "from the server",
	},
	{
		set:     "OplockBreakWait=20",
		link:    "x25-9.6", // on faster links TCP gives up first
		observe: silentHolder,
		stock:   "the second open: sharing violation after 35s", changed: "the second open: sharing violation after 20s",
	},
	{
		set:     "EnableOplockForceClose=1",
		link:    "x25-9.6", // on faster links TCP gives up first
		observe: silentHolder,
		stock:   "the second open: sharing violation after 35s", changed: "the second open: success after 35s",
	},
	{
		set:     "MaxMpxCt=2",
		observe: threeAtOnce,
		stock:   "3 requests outstanding", changed: "2 requests outstanding",
	},
	{
		set: "SizReqBuf=3000", // not so small that raw mode is used
		observe: func(s *story) string {
			h := s.file("F", nt.ShareRead)
			s.write(h, make([]byte, 4096), 0)
			mark := s.mark()
			if err := h.Flush(); err != nil {
				s.t.Error(err)
			}
			return strings.Join(s.sent(mark), " ")
		},
		stock:   "WRITE_ANDX FLUSH",
		changed: "WRITE_ANDX WRITE_ANDX FLUSH",
	},
	{
		set:     "AutoDisconnect=3",
		given:   "KeepConn=65535", // or the workstation hangs up first
		observe: untilDropped,
		stock:   "dropped after 15m0s", changed: "dropped after 3m0s",
	},
	{
		set:     "Disc=3",
		edition: "nt35",
		given:   "KeepConn=65535",
		observe: untilDropped,
		stock:   "dropped after 15m0s", changed: "dropped after 3m0s",
	},
	{
		set:     "SharingViolationRetries=2",
		observe: openOfAnother,
		stock:   "sharing violation after 1s", changed: "sharing violation after 400ms",
	},
	{
		set:     "SharingViolationDelay=100",
		observe: openOfAnother,
		stock:   "sharing violation after 1s", changed: "sharing violation after 500ms",
	},
}

// What our own values change: the readings that the sources leave open.
var ourEffects = []effect{
	{
		set:     "NtrdrWriteBehindScope=writeonly",
		given:   "UseWriteBehind=0",
		observe: func(s *story) string { return s.paceOfWrite(s.file("F", nt.ShareRead), 4096) },
		stock:   "after an answer", changed: "at once",
	},
	{
		set: "NtrdrL2Dispatch=fourth",
		observe: func(s *story) string {
			h := s.writeOnly("F")
			mark := s.mark()
			s.write(h, make([]byte, 3*4096), 0)
			s.RT.Sleep(time.Minute)
			return fmt.Sprintf("%d of 3 full buffers sent", len(s.sent(mark)))
		},
		stock: "3 of 3 full buffers sent", changed: "0 of 3 full buffers sent",
	},
	{
		set: "NtrdrCloseWaitsForFlush=1",
		observe: func(s *story) string {
			h := s.file("F", nt.ShareRead)
			s.write(h, make([]byte, 4096), 0)
			return s.pace(func() { s.close(h) })
		},
		stock: "at once", changed: "after an answer",
	},
	{
		set:     "NtrdrWritePolicy=write-through",
		observe: func(s *story) string { return s.paceOfWrite(s.file("F", nt.ShareRead), 4096) },
		stock:   "at once", changed: "after an answer",
	},
	{
		set: "NtrdrWritePolicy=flush-on-close",
		observe: func(s *story) string {
			h := s.file("F", nt.ShareRead)
			s.write(h, make([]byte, 4096), 0)
			return s.pace(func() { s.close(h) })
		},
		stock: "at once", changed: "after an answer",
	},
	{
		set:     "NtrdrWritePolicy=ordered",
		link:    "ras-28.8",
		observe: twoFilesBehind,
		stock:   "closed at the server: SHORT, LONG", changed: "closed at the server: LONG, SHORT",
	},
	{
		set: "NtrdrWritePolicy=ordered-durable",
		observe: func(s *story) string {
			first, second := s.file("A", nt.ShareRead), s.file("B", nt.ShareRead)
			s.write(first, make([]byte, 4096), 0)
			return s.pace(func() { s.close(second) })
		},
		stock: "at once", changed: "after an answer",
	},
	{
		set:   "NtrdrQueueLimit=4096",
		given: "NtrdrWritePolicy=ordered",
		observe: func(s *story) string {
			h := s.file("F", nt.ShareRead)
			s.write(h, make([]byte, 4096), 0)
			return s.pace(func() { s.write(h, make([]byte, 4096), 4096) })
		},
		stock: "at once", changed: "after an answer",
	},
	{
		set:     "NtrdrQueueRequests=1",
		given:   "NtrdrWritePolicy=ordered",
		link:    "vsat-geo",
		observe: sentOf(8*4096, 500*time.Millisecond),
		stock:   "22 sent", changed: "1 sent",
	},
	{
		set:     "NtrdrQueueSpan=1",
		given:   "NtrdrWritePolicy=ordered",
		link:    "vsat-geo",
		observe: sentOf(8*4096, 500*time.Millisecond),
		stock:   "22 sent", changed: "2 sent",
	},
	{
		set:     "NtrdrQueueRequestSize=512",
		given:   "NtrdrWritePolicy=ordered",
		observe: sentOf(4096, time.Second),
		stock:   "1 sent", changed: "8 sent",
	},
	{
		set:     "NtrdrQueueAhead=60000",
		given:   "NtrdrWritePolicy=ordered",
		link:    "x25-9.6",
		observe: sentOf(8*4096, time.Second),
		stock:   "1 sent", changed: "2 sent",
	},
}

// sentOf writes n bytes and counts what has been sent of them after a while.
func sentOf(n int, after time.Duration) func(*story) string {
	return func(s *story) string {
		h := s.file("F", nt.ShareRead)
		mark := s.mark()
		s.write(h, make([]byte, n), 0)
		s.RT.Sleep(after)
		return fmt.Sprintf("%d sent", len(s.sent(mark)))
	}
}

// twoFilesBehind closes a long file and then a short one, and says which of them the server
// has closed first.
func twoFilesBehind(s *story) string {
	long, short := s.file("LONG", nt.ShareRead), s.file("SHORT", nt.ShareRead)
	s.write(long, make([]byte, 40_000), 0)
	s.write(short, make([]byte, 100), 0)
	s.close(long)
	s.close(short)
	s.until(func() bool { return s.opens("LONG")+s.opens("SHORT") == 0 })
	return "closed at the server: " + strings.Join(s.closedAtServer(), ", ")
}

// file opens a file for reading and writing, creating it if need be.
func (s *story) file(path string, share nt.ShareAccess) *rdr.Handle {
	return s.open(path, create(readWrite, share))
}

// writeOnly opens a file that others may read for writing: it has no L1.
func (s *story) writeOnly(path string) *rdr.Handle {
	return s.open(path, create(nt.GenericWrite, nt.ShareRead))
}

// pace says whether f, which makes one call, had to wait.
func (s *story) pace(f func()) string {
	mark := s.mark()
	before := s.Kernel.Now()
	f()
	if s.Kernel.Now().Equal(before) {
		return "at once"
	}
	if len(s.received(mark)) == 0 {
		return "after no answer"
	}
	return "after an answer"
}

func (s *story) paceOfWrite(h *rdr.Handle, n int) string {
	return s.pace(func() { s.write(h, make([]byte, n), 0) })
}

// secondRead reads 100 bytes twice and says where the second read found them.
func (s *story) secondRead(h *rdr.Handle) string {
	s.t.Helper()
	s.write(h, make([]byte, 100), 0)
	s.read(h)
	s.RT.Sleep(time.Second)
	mark := s.mark()
	s.read(h)
	if len(s.sent(mark)) > 0 {
		return "from the server"
	}
	return "from the cache"
}

func (s *story) read(h *rdr.Handle) {
	s.t.Helper()
	if n, err := h.ReadAt(make([]byte, 100), 0); n != 100 || (err != nil && !errors.Is(err, io.EOF)) {
		s.t.Errorf("read %d, %v", n, err)
	}
}

// opens is how often the server has the file open.
func (s *story) opens(path string) int {
	_, n := s.FileState(path)
	return n
}

// until waits for a condition and says how long, in seconds. It gives up after an hour.
func (s *story) until(cond func() bool) string {
	began := s.Kernel.Now()
	for s.Kernel.Now().Sub(began) < time.Hour {
		if cond() {
			return s.Kernel.Now().Sub(began).Truncate(time.Second).String()
		}
		s.RT.Sleep(100 * time.Millisecond)
	}
	return "never"
}

// happened reports whether an event of the kind is in the trace.
func (s *story) happened(actor string, k trace.Kind) bool {
	for _, e := range s.Trace.Events() {
		if e.Actor == actor && e.Kind == k {
			return true
		}
	}
	return false
}

// threeAtOnce asks three questions at a time and says how many were on the wire.
func threeAtOnce(s *story) string {
	var all []rt.Event
	mark := s.mark()
	for _, name := range []string{"A", "B", "C"} {
		all = append(all, s.beside(name, func() {
			if _, err := s.ws1.Stat(name); !errors.Is(err, nt.StatusObjectNameNotFound) {
				s.t.Errorf("stat: %v", err)
			}
		}))
	}
	for _, e := range all {
		e.Wait(rt.Forever)
	}
	now, most := 0, 0
	for _, e := range s.Trace.Events()[mark:] {
		switch {
		case e.Actor != ActorSenderHost:
		case e.Kind == trace.SMBSend:
			now++
			most = max(most, now)
		case e.Kind == trace.SMBRecv:
			now--
		}
	}
	return fmt.Sprintf("%d requests outstanding", most)
}

// untilDropped leaves the circuit alone until the server drops it.
func untilDropped(s *story) string {
	return "dropped after " + s.until(func() bool { return s.happened(ActorServer, trace.CircuitDown) })
}

// searchOfTwenty lists a directory of twenty files and says what that took.
func searchOfTwenty(s *story) string {
	for i := range 20 {
		if f, err := s.Volume.Create(fmt.Sprintf("FILE%04d.MAI", i), nt.AttrArchive); err != nil || f.Close() != nil {
			s.t.Errorf("create: %v", err)
		}
	}
	mark := s.mark()
	if list, err := s.ws1.Find("*.MAI"); len(list) != 20 || err != nil {
		s.t.Errorf("%d entries, %v", len(list), err)
	}
	if n := len(s.sent(mark)); n != 1 {
		return fmt.Sprintf("%d requests", n)
	}
	return "1 request"
}

// silentHolder opens what ws1 has an oplock on, while ws1's link is down.
func silentHolder(s *story) string {
	s.file("F", denyNone)
	s.Link.Down(time.Hour)
	return "the second open: " + s.openFromWS2("F", denyNone, time.Second)
}

// openOfAnother opens from another workstation what ws1 shares with nobody.
func openOfAnother(s *story) string {
	s.file("F", nt.ShareNone)
	return s.openFromWS2("F", denyNone, 50*time.Millisecond)
}

// openFromWS2 says what comes of an open from the other workstation, and when.
func (s *story) openFromWS2(path string, share nt.ShareAccess, round time.Duration) string {
	result := "success"
	took := s.elapsed(func() {
		_, err := s.ws2.Open(path, create(nt.GenericRead, share))
		switch {
		case errors.Is(err, nt.StatusSharingViolation):
			result = "sharing violation"
		case err != nil:
			result = err.Error()
		}
	})
	return result + " after " + took.Round(round).String()
}
