package smb1client

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

func added(t *testing.T, m *mux, command smbwire.Command) *call {
	t.Helper()
	w := &call{command: command}
	if err := m.add(w); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestMuxMatch(t *testing.T) {
	var m mux
	read, write := added(t, &m, smbwire.CmdReadAndX), added(t, &m, smbwire.CmdWriteAndX)
	gone, given := added(t, &m, smbwire.CmdEcho), added(t, &m, smbwire.CmdFlush)
	m.finish(gone)
	m.abandon(given)
	for _, c := range []struct {
		name    string
		mid     smbwire.MID
		command smbwire.Command
		want    *call
		err     error
	}{
		{"its reply", write.mid, smbwire.CmdWriteAndX, write, nil},
		{"out of order", read.mid, smbwire.CmdReadAndX, read, nil},
		{"another command", read.mid, smbwire.CmdWriteAndX, read, errWrongCommand},
		{"never sent", 999, smbwire.CmdReadAndX, nil, errUnknownMID},
		{"the MID of breaks", smbwire.BreakMID, smbwire.CmdLockingAndX, nil, errUnknownMID},
		{"answered already", gone.mid, smbwire.CmdEcho, nil, errUnknownMID},
		{"given up", given.mid, smbwire.CmdFlush, nil, errLateReply},
		{"given up, a second reply", given.mid, smbwire.CmdFlush, nil, errUnknownMID},
	} {
		got, err := m.match(c.mid, c.command)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: got %v, %v, want %v, %v", c.name, got, err, c.want, c.err)
		}
	}
}

// No MID is given out that is in use, in quarantine, or the MID of breaks.
func TestMuxMIDs(t *testing.T) {
	var m mux
	m.next = 0xFFFD
	held := added(t, &m, smbwire.CmdReadAndX)
	given := added(t, &m, smbwire.CmdReadAndX)
	m.abandon(given)
	m.next = 0xFFFD
	got := []smbwire.MID{held.mid, given.mid, added(t, &m, smbwire.CmdReadAndX).mid, added(t, &m, smbwire.CmdReadAndX).mid}
	if diff := cmp.Diff([]smbwire.MID{0xFFFD, 0xFFFE, 0, 1}, got); diff != "" {
		t.Errorf("MIDs (-want +got):\n%s", diff)
	}
}

func TestMuxExhausted(t *testing.T) {
	var m mux
	for mid := range smbwire.BreakMID {
		m.await(&call{mid: mid})
	}
	if err := m.add(&call{}); !errors.Is(err, errNoMID) {
		t.Errorf("got %v, want %v", err, errNoMID)
	}
	if n := len(m.drain()); n != 0xFFFF || len(m.waiting) != 0 {
		t.Errorf("drained %d and left %d", n, len(m.waiting))
	}
}

func TestQuarantineIsBounded(t *testing.T) {
	var m mux
	first := added(t, &m, smbwire.CmdLockingAndX)
	m.abandon(first)
	for range maxQuarantine {
		m.abandon(added(t, &m, smbwire.CmdLockingAndX))
	}
	if _, err := m.match(first.mid, smbwire.CmdLockingAndX); !errors.Is(err, errUnknownMID) || len(m.quarantine) != maxQuarantine {
		t.Errorf("got %v with %d in quarantine", err, len(m.quarantine))
	}
}

func TestDrainInOrderOfCalls(t *testing.T) {
	var m mux
	m.next = 0xFFFE
	var want []*call
	for range 5 {
		want = append(want, added(t, &m, smbwire.CmdReadAndX))
	}
	m.finish(want[1])
	want = slices.Delete(want, 1, 2)
	if got := m.drain(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestGathering(t *testing.T) {
	part := func(total, at int, data string) *smbwire.Message {
		return &smbwire.Message{Chain: []smbwire.Body{&smbwire.Transaction2Response{
			TotalData: uint16(total), DataDisplacement: uint16(at), Data: []byte(data),
		}}}
	}
	for _, c := range []struct {
		name  string
		parts []*smbwire.Message
		want  string
		bad   bool
	}{
		{name: "one part", parts: []*smbwire.Message{part(3, 0, "abc")}, want: "abc"},
		{name: "three parts", parts: []*smbwire.Message{part(6, 0, "ab"), part(6, 2, "cd"), part(6, 4, "ef")}, want: "abcdef"},
		{name: "the total shrinks", parts: []*smbwire.Message{part(9, 0, "ab"), part(4, 2, "cd")}, want: "abcd"},
		{name: "a hole", parts: []*smbwire.Message{part(6, 0, "ab"), part(6, 3, "d")}, bad: true},
		{name: "an overlap", parts: []*smbwire.Message{part(6, 0, "ab"), part(6, 1, "bc")}, bad: true},
		{name: "an empty part", parts: []*smbwire.Message{part(6, 0, "ab"), part(6, 2, "")}, bad: true},
		{name: "more than announced", parts: []*smbwire.Message{part(3, 0, "ab"), part(3, 2, "cd")}, bad: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var g gathering
			for i, p := range c.parts {
				whole, err := g.add(p)
				last := i == len(c.parts)-1
				switch {
				case (err != nil) != (c.bad && last), (whole != nil) != (last && !c.bad):
					t.Fatalf("part %d: got %v, %v", i, whole, err)
				case whole != nil:
					if got := string(whole.Chain[0].(*smbwire.Transaction2Response).Data); got != c.want {
						t.Errorf("got %q, want %q", got, c.want)
					}
				}
			}
		})
	}
}

func TestFileTable(t *testing.T) {
	tree := &Tree{}
	levels := func(ft *fileTable, f *openFile) (got []nt.OplockLevel) {
		for {
			l, ok := ft.next(f)
			if !ok {
				return got
			}
			got = append(got, l)
		}
	}
	t.Run("a break waits until the handle is known", func(t *testing.T) {
		ft := newFileTable()
		ft.opened(&openFile{fid: 5, tree: tree})
		if f, ok := ft.broken(5, nt.OplockLevelII); f != nil || !ok {
			t.Fatalf("got %v, %v", f, ok)
		}
		f := ft.handled(5)
		if diff := cmp.Diff([]nt.OplockLevel{nt.OplockLevelII}, levels(&ft, f)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a break overtakes the reply of its create", func(t *testing.T) {
		ft := newFileTable()
		ft.creating = 2
		if _, ok := ft.broken(5, nt.OplockNone); !ok {
			t.Fatal("the break was dropped")
		}
		ft.opened(&openFile{fid: 4, tree: tree})
		ft.createEnded()
		ft.opened(&openFile{fid: 5, tree: tree})
		ft.createEnded()
		if f := ft.handled(4); f != nil {
			t.Error("the break went to another file")
		}
		if diff := cmp.Diff([]nt.OplockLevel{nt.OplockNone}, levels(&ft, ft.handled(5))); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("nobody knows the file", func(t *testing.T) {
		ft := newFileTable()
		if _, ok := ft.broken(5, nt.OplockNone); ok {
			t.Error("the break was kept")
		}
	})
	t.Run("one task a file, and none for a closed one", func(t *testing.T) {
		ft := newFileTable()
		ft.opened(&openFile{fid: 5, tree: tree})
		ft.handled(5)
		f, _ := ft.broken(5, nt.OplockLevelII)
		if second, _ := ft.broken(5, nt.OplockNone); f == nil || second != nil {
			t.Errorf("tasks to start: %v and %v", f, second)
		}
		ft.closed(5)
		ft.opened(&openFile{fid: 5, tree: tree}) // the server gives the FID out again
		if got := levels(&ft, f); got != nil {
			t.Errorf("breaks of a closed file were run: %v", got)
		}
	})
}
