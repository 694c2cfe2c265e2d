package machine

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// Raw mode.
var rawEffects = []effect{
	{
		set: "UseRawWrite=0",
		observe: func(s *story) string {
			h := s.uncached("F")
			return s.transfers(func() { s.write(h, make([]byte, 8192), 0) })
		},
		stock: "WRITE_RAW 8192, RAW 4096", changed: "WRITE_ANDX 4096, WRITE_ANDX 4096",
	},
	{
		set: "UseRawRead=0",
		observe: func(s *story) string {
			h := s.uncached("F")
			s.write(h, make([]byte, 12288), 0)
			return s.transfers(func() {
				if _, err := h.ReadAt(make([]byte, 12288), 0); err != nil && !errors.Is(err, io.EOF) {
					s.t.Error(err)
				}
			})
		},
		stock: "READ_RAW 12288", changed: "READ_ANDX 4096, READ_ANDX 4096, READ_ANDX 4096",
	},
	{
		set: "UseWriteRawData=0",
		observe: func(s *story) string {
			h := s.uncached("F")
			return s.transfers(func() { s.write(h, make([]byte, 8192), 0) })
		},
		stock: "WRITE_RAW 8192, RAW 4096", changed: "WRITE_RAW 8192, RAW 8192",
	},
	{
		set:  "RawIoTimeLimit=7", // 8192 bytes take 6.8 s
		link: "x25-9.6",
		observe: func(s *story) string {
			h := s.uncached("F")
			return s.transfers(func() { s.write(h, make([]byte, 8192), 0) })
		},
		stock: "WRITE_ANDX 4096, WRITE_ANDX 4096", changed: "WRITE_RAW 8192, RAW 4096",
	},
	{
		set: "NtrdrQuirkRawOddSplit=1",
		observe: func(s *story) string {
			h := s.uncached("LARGE")
			return s.transfers(func() { s.write(h, make([]byte, 100_000), 0) })
		},
		stock: "WRITE_RAW 61440, RAW 57344, WRITE_RAW 38560, RAW 34464", changed: "WRITE_RAW 50000, RAW 45904, WRITE_RAW 50000, RAW 45904",
	},
}

// uncached opens a file whose reads and writes all go to the server.
func (s *story) uncached(path string) *rdr.Handle {
	p := create(readWrite, denyNone)
	p.Options |= nt.NoIntermediateBuffer
	return s.open(path, p)
}

// transfers lists what ws1 sends while f runs, with the bytes of data.
func (s *story) transfers(f func()) string {
	mark := s.mark()
	f()
	var all []string
	for _, e := range s.Trace.Events()[mark:] {
		if e.Actor == ActorSenderHost && e.Kind == trace.SMBSend {
			all = append(all, fmt.Sprintf("%s %d", e.Op, e.Len))
		}
	}
	return strings.Join(all, ", ")
}
