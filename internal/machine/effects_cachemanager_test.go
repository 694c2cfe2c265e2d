package machine

import (
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// What the Cache Manager's values do.
var cacheManagerEffects = []effect{
	{
		set: "NtrdrPhysicalMemory=4",
		observe: func(s *story) string {
			h := s.file("F", nt.ShareRead)
			for n := int64(0); ; n += 65536 {
				if s.elapsed(func() { s.write(h, make([]byte, 65536), n) }) > 0 {
					return fmt.Sprintf("held back after %d KB", n>>10)
				}
			}
		},
		stock: "held back after 4032 KB", changed: "held back after 448 KB",
	},
	{
		set: "NtrdrPageSize=8192", // of a page that is written in part, the rest is read first
		observe: func(s *story) string {
			h := s.file("F", nt.ShareRead)
			s.write(h, make([]byte, 20000), 0)
			s.close(h)
			s.ws1.Idle().Wait(rt.Forever)
			h = s.open("F", create(readWrite, nt.ShareRead))
			mark := s.mark()
			s.write(h, []byte("x"), 100)
			return fmt.Sprintf("%d bytes read", s.asked(mark, "READ_ANDX"))
		},
		stock: "4096 bytes read", changed: "8192 bytes read",
	},
	{
		set: "ReadAheadThroughput=200", // T1 carries 188 KB/s
		observe: func(s *story) string {
			h := s.file("F", nt.ShareRead)
			s.write(h, make([]byte, 200<<10), 0)
			s.close(h)
			s.ws1.Idle().Wait(rt.Forever)
			h = s.open("F", create(readWrite, nt.ShareRead))
			for i := range int64(3) {
				if _, err := h.ReadAt(make([]byte, 4096), i*4096); err != nil {
					return err.Error()
				}
			}
			s.RT.Sleep(time.Minute)
			return s.pace(func() {
				if _, err := h.ReadAt(make([]byte, 4096), 32<<10); err != nil {
					s.t.Error(err)
				}
			})
		},
		stock: "at once", changed: "after an answer",
	},
	{
		set: "NtrdrQuirkMappedStaleFid=1",
		observe: func(s *story) string {
			a := s.file("A", nt.ShareRead)
			s.write(a, make([]byte, 100), 0)
			m, err := a.Map()
			if err != nil {
				return err.Error()
			}
			s.Link.Reset()
			s.RT.Sleep(time.Second)
			b := s.file("B", nt.ShareRead)
			s.write(b, []byte("another file's"), 0)
			if err := b.Flush(); err != nil {
				return err.Error()
			}
			got := make([]byte, 14)
			if _, err := m.ReadAt(got, 0); err != nil {
				return fmt.Sprintf("error %d", win32(err))
			}
			return string(got)
		},
		stock: "error 64", changed: "another file's",
	},
	{
		set: "NtrdrQuirkWriteThroughTailCached=1",
		observe: func(s *story) string {
			p := create(readWrite, nt.ShareRead)
			p.Options |= nt.WriteThrough
			h := s.open("F", p)
			s.write(h, make([]byte, 5000), 0)
			size, _ := s.FileState("F")
			return fmt.Sprintf("%d bytes on the server", size)
		},
		stock: "5000 bytes on the server", changed: "4096 bytes on the server",
	},
}

// asked is how many bytes ws1 has asked for, or sent, with a command since mark.
func (s *story) asked(mark int, op string) (n int64) {
	for _, e := range s.Trace.Events()[mark:] {
		if e.Actor == ActorSenderHost && e.Kind == trace.SMBSend && e.Op == op {
			n += e.Len
		}
	}
	return n
}
