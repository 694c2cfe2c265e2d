package machine

import (
	"fmt"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// What the constants of the model decide.
var modelEffects = []effect{
	{
		set:     "NtrdrWriteBehindBuffers=1",
		observe: func(s *story) string { return s.paceOfWrite(s.writeOnly("F"), 2*4096) },
		stock:   "at once", changed: "after an answer",
	},
	{
		set: "NtrdrWriteBehindBufferSize=1000",
		observe: func(s *story) string {
			h := s.writeOnly("F")
			mark := s.mark()
			s.write(h, make([]byte, 1000), 0)
			s.RT.Sleep(time.Minute)
			return fmt.Sprintf("%d sent", len(s.sent(mark)))
		},
		stock: "0 sent", changed: "1 sent",
	},
	{
		set: "NtrdrOplockOnDenyNoneOnly=0",
		observe: func(s *story) string {
			s.close(s.file("F", nt.ShareRead))
			s.RT.Sleep(time.Second)
			return fmt.Sprintf("%d open after the close", s.opens("F"))
		},
		stock: "0 open after the close", changed: "1 open after the close",
	},
	{
		set:     "NtrdrCacheDenyWriteWrites=0",
		observe: func(s *story) string { return s.paceOfWrite(s.file("F", nt.ShareRead), 100) },
		stock:   "at once", changed: "after an answer",
	},
	{
		set: "NtrdrFlushSendsSMBFlush=0",
		observe: func(s *story) string {
			h := s.file("F", nt.ShareRead)
			s.write(h, make([]byte, 100), 0)
			mark := s.mark()
			if err := h.Flush(); err != nil {
				s.t.Error(err)
			}
			return strings.Join(s.sent(mark), " ")
		},
		stock: "WRITE_ANDX FLUSH", changed: "WRITE_ANDX",
	},
	{
		set:     "NtrdrFindBufferSize=16384",
		given:   "UpperSearchBufferSize=1024",
		observe: searchOfTwenty,
		stock:   "1 request", changed: "3 requests",
	},
	{
		set:     "NtrdrLazyFirstDelay=1000",
		observe: func(s *story) string { return s.heldAfter(1, 2*time.Second) },
		stock:   "0 bytes at the server", changed: "4096 bytes at the server",
	},
	{
		set:     "NtrdrLazyScanPeriod=10000",
		link:    "lan10",
		observe: func(s *story) string { return s.heldAfter(64, 5500*time.Millisecond) },
		stock:   "86016 bytes at the server", changed: "32768 bytes at the server", // 8, 7 and 6 of 64 pages; 8
	},
	{
		set:     "NtrdrLazyFraction=2",
		link:    "lan10",
		observe: func(s *story) string { return s.heldAfter(64, 3500*time.Millisecond) },
		stock:   "32768 bytes at the server", changed: "131072 bytes at the server",
	},
	{
		set:     "NtrdrLazySmallAllPages=2",
		link:    "lan10",
		observe: func(s *story) string { return s.heldAfter(8, 3500*time.Millisecond) },
		stock:   "32768 bytes at the server", changed: "4096 bytes at the server",
	},
	{
		set: "NtrdrFileDirtyLimit=4",
		observe: func(s *story) string {
			h := s.file("F", nt.ShareRead)
			return s.pace(func() {
				for i := range 8 {
					s.write(h, make([]byte, 4096), int64(i)*4096)
				}
			})
		},
		stock: "at once", changed: "after an answer",
	},
	{
		set:     "NtrdrFastReadAhead=4096",
		observe: readAhead,
		stock:   "at 32 KB: read ahead", changed: "at 32 KB: waits for the server",
	},
	{
		set:     "NtrdrSlowReadAhead=32768",
		link:    "x25-9.6",
		observe: readAhead,
		stock:   "at 32 KB: waits for the server", changed: "at 32 KB: read ahead",
	},
	{
		set:   "NtrdrSemaphoreWrites=3",
		given: "NtrdrQuirkSemaphore298=1 UseWriteBehind=0",
		observe: func(s *story) string {
			h := s.file("F", nt.ShareRead)
			for i := range 100 {
				if _, err := h.WriteAt(make([]byte, 512), int64(i)*512); err != nil {
					return fmt.Sprintf("write %d: %s", i+1, result(func() error { return err }))
				}
			}
			return "no error"
		},
		stock: "write 17: error 298", changed: "write 4: error 298",
	},
	{
		set:     "NtrdrConcurrentFileFlushes=1",
		link:    "x25-9.6", // raw mode, which would lock the circuit, is never used on it
		observe: twoFilesBehind,
		stock:   "closed at the server: SHORT, LONG", changed: "closed at the server: LONG, SHORT",
	},
}

// held says how much of a file the server has.
func (s *story) held(path string) string {
	n, _ := s.FileState(path)
	return fmt.Sprintf("%d bytes at the server", n)
}

// heldAfter says how much of a file of that many dirty pages has been written behind
// the application after d.
func (s *story) heldAfter(pages int, d time.Duration) string {
	h := s.file("F", nt.ShareRead)
	s.write(h, make([]byte, pages*4096), 0)
	s.RT.Sleep(d)
	return s.held("F")
}

// closedAtServer lists the files that the server has closed, in order.
func (s *story) closedAtServer() (paths []string) {
	for _, e := range s.Trace.Events() {
		if e.Kind == trace.FileClosed && e.Actor == ActorServer {
			paths = append(paths, strings.TrimPrefix(e.Path, `\`))
		}
	}
	return paths
}

// readAhead reads three pages in a row and, after a pause, one at 32 KB, where the
// redirector's large granularity begins. It says where that was found.
func readAhead(s *story) string {
	f, err := s.Volume.Create("F", nt.AttrArchive)
	if err == nil {
		_, err = f.WriteAt(make([]byte, 128<<10), 0)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	h := s.file("F", nt.ShareRead)
	read := func(off int64) {
		if _, err := h.ReadAt(make([]byte, 4096), off); err != nil {
			s.t.Error(err)
		}
	}
	for off := int64(0); off < 3*4096; off += 4096 {
		read(off)
	}
	s.RT.Sleep(5 * time.Minute)
	if s.elapsed(func() { read(32 << 10) }) > 0 {
		return "at 32 KB: waits for the server"
	}
	return "at 32 KB: read ahead"
}
