package machine

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/mailclient"
)

// The three switches of a close, in all combinations: a write-only handle writes one
// full write-behind buffer and 100 bytes more on a slow link, and is closed. What does
// the server have when the write returns, and when the close returns?
func TestTheThreeSwitchesOfAClose(t *testing.T) {
	type moment struct {
		Size  int64
		Opens int
	}
	rows := []struct {
		async, behind, waits       bool // UseAsyncWriteBehind, UseCloseBehind, NtrdrCloseWaitsForFlush
		afterTheWrite, afterClosed moment
	}{
		{async: true, behind: true, waits: false, afterTheWrite: moment{0, 1}, afterClosed: moment{0, 1}},
		{async: true, behind: true, waits: true, afterTheWrite: moment{0, 1}, afterClosed: moment{4196, 1}},
		{async: true, behind: false, waits: false, afterTheWrite: moment{0, 1}, afterClosed: moment{4196, 0}},
		{async: true, behind: false, waits: true, afterTheWrite: moment{0, 1}, afterClosed: moment{4196, 0}},
		{async: false, behind: true, waits: false, afterTheWrite: moment{4096, 1}, afterClosed: moment{4096, 1}},
		{async: false, behind: true, waits: true, afterTheWrite: moment{4096, 1}, afterClosed: moment{4196, 1}},
		{async: false, behind: false, waits: false, afterTheWrite: moment{4096, 1}, afterClosed: moment{4196, 0}},
		{async: false, behind: false, waits: true, afterTheWrite: moment{4096, 1}, afterClosed: moment{4196, 0}},
	}
	digit := map[bool]int{true: 1}
	for _, r := range rows {
		set := fmt.Sprintf("UseAsyncWriteBehind=%d UseCloseBehind=%d NtrdrCloseWaitsForFlush=%d", digit[r.async], digit[r.behind], digit[r.waits])
		t.Run(set, func(t *testing.T) {
			tell(t, "ras-28.8", regLines(t, set), func(s *story) {
				now := func() (m moment) {
					m.Size, m.Opens = s.FileState("F")
					return m
				}
				h := s.open("F", create(nt.GenericWrite, nt.ShareRead))
				s.write(h, make([]byte, 4196), 0)
				if diff := cmp.Diff(r.afterTheWrite, now()); diff != "" {
					t.Errorf("when the write returns (-want +got):\n%s", diff)
				}
				s.close(h)
				if diff := cmp.Diff(r.afterClosed, now()); diff != "" {
					t.Errorf("when the close returns (-want +got):\n%s", diff)
				}
				s.ws1.Idle().Wait(rt.Forever)
				if diff := cmp.Diff(moment{4196, 0}, now()); diff != "" {
					t.Errorf("in the end (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// Three buffers a file: three requests are on their way when the fourth buffer is
// needed, and its writer waits for one answer.
func TestAFileHasThreeWriteBehindBuffers(t *testing.T) {
	tell(t, "ras-28.8", "", func(s *story) {
		h := s.open("F", create(nt.GenericWrite, nt.ShareRead))
		mark := s.mark()
		if took := s.elapsed(func() { s.write(h, make([]byte, 3*4096), 0) }); took != 0 {
			t.Errorf("three buffers: %v", took)
		}
		took := s.elapsed(func() { s.write(h, make([]byte, 4096), 3*4096) })
		if took < time.Second || took > 2*time.Second { // one core write at this speed
			t.Errorf("the fourth buffer: %v", took)
		}
		s.wantSent(mark, "WRITE_ANDX", "WRITE_ANDX", "WRITE_ANDX")
	})
}

// What a buffer takes: writes that follow each other; everything else starts another,
// and an overlap waits until what it overlaps has been sent.
func TestWhichWritesShareABuffer(t *testing.T) {
	rows := []struct {
		name   string
		writes []int64 // offsets of writes of 100 bytes
		sent   int     // WRITEs before the flush
		wires  int     // and with it
	}{
		{"one after the other", []int64{0, 100, 200, 300}, 0, 1},
		{"a gap", []int64{0, 200}, 0, 2},
		{"backwards", []int64{300, 200, 100}, 0, 3},
		{"the same again", []int64{0, 0}, 1, 2},
		{"an overlap of one byte", []int64{0, 99}, 1, 2},
		{"a fourth place", []int64{0, 1000, 2000, 3000}, 1, 4},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			tell(t, "t1", "", func(s *story) {
				h := s.open("F", create(nt.GenericWrite, nt.ShareRead))
				mark := s.mark()
				want := make([]byte, 0, 4096)
				for i, off := range r.writes {
					p := bytes.Repeat([]byte{byte(i + 1)}, 100)
					s.write(h, p, off)
					want = want[:max(len(want), int(off)+100)]
					copy(want[off:], p)
				}
				if n := strings.Count(strings.Join(s.sent(mark), " "), "WRITE"); n != r.sent {
					t.Errorf("%d WRITEs before the flush, want %d", n, r.sent)
				}
				s.must(h.Flush())
				if n := strings.Count(strings.Join(s.sent(mark), " "), "WRITE"); n != r.wires {
					t.Errorf("%d WRITEs, want %d", n, r.wires)
				}
				s.close(h)
				s.ws1.Idle().Wait(rt.Forever)
				if got, err := s.Volume.ReadFile("F"); err != nil || !bytes.Equal(got, want) {
					t.Errorf("the server has %d other bytes, %v", len(got), err)
				}
			})
		})
	}
}

// The trigger "the file can no longer be cached": another workstation opens the file, and
// what is in the buffers reaches the server before the oplock is released.
func TestABreakSendsTheWriteBehindBuffers(t *testing.T) {
	tell(t, "t1", "", func(s *story) {
		h := s.open("F", create(nt.GenericWrite, denyNone))
		s.write(h, []byte("in a buffer"), 0)
		mark := s.mark()
		other := s.onWS2(create(nt.GenericRead, denyNone))
		s.wantSent(mark, "WRITE_ANDX", "LOCKING_ANDX")
		s.wantRead(other, 0, "in a buffer")
	})
}

// A read through another handle of the machine sees what is in the buffers.
func TestAReadSendsTheWriteBehindBuffersFirst(t *testing.T) {
	tell(t, "t1", "", func(s *story) {
		writer := s.open("F", create(nt.GenericWrite, nt.ShareRead|nt.ShareWrite))
		reader := s.open("F", create(nt.GenericRead, nt.ShareRead|nt.ShareWrite))
		s.write(writer, []byte("in a buffer"), 0)
		mark := s.mark()
		s.wantRead(reader, 0, "in a buffer")
		if sent := s.sent(mark); len(sent) == 0 || sent[0] != "WRITE_ANDX" {
			t.Errorf("sent %v", sent)
		}
	})
}

// dormant closes a file of ws1 so that it stays open at the server.
func (s *story) dormant(path string) {
	s.t.Helper()
	s.close(s.open(path, create(readWrite, denyNone)))
	s.RT.Sleep(time.Second)
	if n := s.opens(path); n != 1 {
		s.t.Errorf("%s is open %d times at the server: not dormant", path, n)
	}
}

// A dormant file is renamed: by the workstation that keeps it, which closes it first,
// and by another, which makes the server break the oplock.
func TestADormantFileIsRenamed(t *testing.T) {
	for name, fs := range map[string]func(s *story) mailclient.FS{
		"by its own workstation": func(s *story) mailclient.FS { return s.SenderFS },
		"by another":             func(s *story) mailclient.FS { return s.ws2 },
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, "t1", "", func(s *story) {
				s.dormant("TMP.NME")
				mark := s.mark()
				s.must(fs(s).Rename("TMP.NME", "GAL.NME"))
				if sent := s.sent(mark); len(sent) == 0 || sent[0] != "CLOSE" {
					t.Errorf("sent %v", sent)
				}
				if size, _ := s.FileState("GAL.NME"); size != 0 {
					t.Errorf("GAL.NME has %d bytes", size)
				}
			})
		})
	}
}

// 45 files may be dormant, and the 46th sends the oldest away.
func TestFortyFiveFilesMayBeDormant(t *testing.T) {
	tell(t, "lan10", lanmanKey+`"CacheFileTimeout"=dword:00000e10`, func(s *story) {
		for i := range 46 {
			s.close(s.open(fmt.Sprintf("F%02d", i), create(readWrite, denyNone)))
			s.ws1.Idle().Wait(rt.Forever)
		}
		for i := range 46 {
			want := 1
			if i == 0 {
				want = 0
			}
			if n := s.opens(fmt.Sprintf("F%02d", i)); n != want {
				t.Errorf("F%02d is open %d times, want %d", i, n, want)
			}
		}
	})
}

// A dormant file is open at the server, and only there: another open with other rights
// closes it first, one that overwrites it too.
func TestADormantFileIsUsedAgainOnlyAsItWasOpened(t *testing.T) {
	rows := []struct {
		name string
		p    nt.CreateParams
		want []string
	}{
		{"the same", create(readWrite, denyNone), nil},
		{"fewer rights", create(nt.GenericRead, denyNone), []string{"CLOSE", "NT_CREATE_ANDX"}},
		{"another share mode", create(readWrite, nt.ShareRead), []string{"CLOSE", "NT_CREATE_ANDX"}},
		{"write-through", nt.CreateParams{
			Access: readWrite, Share: denyNone, Disposition: nt.FileOpenIf, Options: nt.WriteThrough,
		}, []string{"CLOSE", "NT_CREATE_ANDX"}},
		{"overwriting", nt.CreateParams{Access: readWrite, Share: denyNone, Disposition: nt.FileOverwriteIf}, []string{"CLOSE", "NT_CREATE_ANDX"}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			tell(t, "t1", "", func(s *story) {
				s.dormant("F")
				mark := s.mark()
				s.open("F", r.p)
				s.wantSent(mark, r.want...)
			})
		})
	}
}

// One request may be outstanding. The open of a file that the workstation itself has
// open and dirty makes the server break the oplock; the flush must wait for its turn
// behind the open, and the open for the flush, until OplockBreakWait is over.
//
// KB Q233082.
func TestWithOneRequestAtATimeAReopenDeadlocksForThirtyFiveSeconds(t *testing.T) {
	for set, wants := range map[string]struct{ min, max time.Duration }{
		"MaxMpxCt=1":                    {35 * time.Second, 40 * time.Second},
		"MaxMpxCt=1 OplockBreakWait=10": {10 * time.Second, 15 * time.Second},
		"MaxMpxCt=50":                   {0, time.Second},
	} {
		t.Run(set, func(t *testing.T) {
			tell(t, "t1", regLines(t, set), func(s *story) {
				h := s.open("F", create(readWrite, denyNone))
				s.write(h, []byte("dirty"), 0)
				var err error
				took := s.elapsed(func() { _, err = s.ws1.Open("F", create(nt.GenericRead, denyNone)) })
				if took < wants.min || took > wants.max {
					t.Errorf("the open took %v (%v), want %v to %v", took, err, wants.min, wants.max)
				}
				s.RT.Sleep(time.Minute)
				if !s.happened(ActorServer, trace.OplockAck) {
					t.Error("the break has not been answered")
				}
				if n, _ := s.FileState("F"); n != 5 {
					t.Errorf("the server has %d bytes", n)
				}
			})
		})
	}
}
