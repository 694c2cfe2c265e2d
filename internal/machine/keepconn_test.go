package machine

import (
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

const keepConn1Minute = lanmanKey + `"KeepConn"=dword:3c` + "\n"

// Open files keep the circuit, dormant ones too; after the last CLOSE it is idle.
func TestWhatKeepsACircuitUp(t *testing.T) {
	rows := []struct {
		name, lines string
		share       nt.ShareAccess
		close       bool
		want        string // after the open, or close
	}{
		{"nothing open", "", nt.ShareRead, true, "1m0s"},
		{"a dormant file, for ten seconds", "", denyNone, true, "1m10s"},
		{"an open file", "", nt.ShareRead, false, "never"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			tellAll(t, "lan10", keepConn1Minute+r.lines, func(s *story) {
				h := s.open("F", create(readWrite, r.share))
				if r.close {
					s.close(h)
				}
				mark := s.mark()
				if got := s.until(func() bool { return s.happenedSince(mark, ActorSenderHost, trace.CircuitDown) }); got != r.want {
					t.Errorf("dropped after %s, want %s", got, r.want)
				}
				s.wantEvents()
			})
		})
	}
}

// The next call by name connects again, and works.
func TestACircuitThatTheClientDroppedIsMadeAgain(t *testing.T) {
	tellAll(t, "lan10", keepConn1Minute, func(s *story) {
		s.RT.Sleep(2 * time.Minute)
		mark := s.mark()
		s.open("F", create(readWrite, denyNone))
		s.wantSent(mark, "NEGOTIATE", "SESSION_SETUP_ANDX", "SESSION_SETUP_ANDX", "TREE_CONNECT_ANDX", "NT_CREATE_ANDX")
	})
}

// Use puts the end off: a call by name every fifty seconds keeps the circuit.
func TestACircuitInUseIsNotIdle(t *testing.T) {
	tellAll(t, "lan10", keepConn1Minute, func(s *story) {
		mark := s.mark()
		for range 10 {
			s.RT.Sleep(50 * time.Second)
			if _, err := s.ws1.Find("*"); err != nil {
				t.Error(err)
			}
		}
		if s.happenedSince(mark, ActorSenderHost, trace.CircuitDown) {
			t.Error("the circuit was dropped")
		}
	})
}

// The request that was on its way when the circuit died gets error 59; after that the
// handle is dead for ever, 64, while a new open connects (KB Q161968, Q184998).
func TestADeadHandleSays59ThenAlways64(t *testing.T) {
	tellAll(t, "ras-28.8", "", func(s *story) {
		p := create(readWrite, denyNone)
		p.Options |= nt.NoIntermediateBuffer
		h := s.open("F", p)
		s.RT.AfterFunc(500*time.Millisecond, s.Link.Reset)
		_, first := h.WriteAt(make([]byte, 4096), 0)
		_, second := h.WriteAt(make([]byte, 4096), 0)
		again := s.open("F", p)
		_, third := h.ReadAt(make([]byte, 10), 0)
		if win32(first) != 59 || win32(second) != 64 || win32(third) != 64 {
			t.Errorf("errors %v; %v; %v", first, second, third)
		}
		s.write(again, []byte("new"), 0)
	})
}
