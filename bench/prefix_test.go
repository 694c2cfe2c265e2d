package bench

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbserver"
)

func written(path string, off int64, data string) smbserver.Changed {
	return smbserver.Changed{Kind: smbserver.ChangeWritten, Path: path, Off: off, Data: []byte(data)}
}

func changed(kind smbserver.ChangeKind, path string) smbserver.Changed {
	return smbserver.Changed{Kind: kind, Path: path}
}

// What the application did, A, and what the server has then seen, S.
func TestWhatAServerHoldsIsAPrefixOrNot(t *testing.T) {
	moved := smbserver.Changed{Kind: smbserver.ChangeRenamed, Path: "TMP", To: "DOC"}
	sized := func(n int64) smbserver.Changed {
		return smbserver.Changed{Kind: smbserver.ChangeSized, Path: "OLD", Off: n}
	}
	for _, row := range []struct {
		name   string
		app    []smbserver.Changed
		failed int // this operation was told an error, counted from 1
		server []smbserver.Changed
		ok     bool
	}{
		{"nothing", []smbserver.Changed{written("A", 0, "x")}, 0, nil, true},
		{"all", []smbserver.Changed{written("A", 0, "x"), written("B", 0, "y")}, 0, []smbserver.Changed{written("A", 0, "x"), written("B", 0, "y")}, true},
		{"the first of two", []smbserver.Changed{written("A", 0, "x"), written("B", 0, "y")}, 0, []smbserver.Changed{written("A", 0, "x")}, true},
		{"the second of two", []smbserver.Changed{written("A", 0, "x"), written("B", 0, "y")}, 0, []smbserver.Changed{written("B", 0, "y")}, false},
		{"half of a write", []smbserver.Changed{written("A", 0, "wxyz")}, 0, []smbserver.Changed{written("A", 0, "wx")}, true},
		{"the other half", []smbserver.Changed{written("A", 0, "wxyz")}, 0, []smbserver.Changed{written("A", 2, "yz")}, false},
		{"half of the second", []smbserver.Changed{written("A", 0, "x"), written("B", 0, "yz")}, 0, []smbserver.Changed{written("A", 0, "x"), written("B", 0, "y")}, true},
		{"half of the second without the first", []smbserver.Changed{written("A", 0, "x"), written("B", 0, "yz")}, 0, []smbserver.Changed{written("B", 0, "y")}, false},
		{"something else", []smbserver.Changed{written("A", 0, "x")}, 0, []smbserver.Changed{written("A", 0, "y")}, false},
		{"more than was done", []smbserver.Changed{written("A", 0, "x")}, 0, []smbserver.Changed{written("A", 0, "x"), written("A", 1, "x")}, false},
		{"a new empty file is early", []smbserver.Changed{written("A", 0, "x"), changed(smbserver.ChangeCreated, "B")}, 0, []smbserver.Changed{changed(smbserver.ChangeCreated, "B")}, true},
		{"two writes at once", []smbserver.Changed{written("A", 0, "wx"), written("A", 2, "yz")}, 0, []smbserver.Changed{written("A", 0, "wxy")}, true},
		{"a write that a later one covers", []smbserver.Changed{written("A", 0, "x"), written("A", 0, "y")}, 0, []smbserver.Changed{written("A", 0, "y")}, true},
		{"a hole", []smbserver.Changed{written("A", 2, "x")}, 0, []smbserver.Changed{written("A", 2, "x")}, true},
		{"a rename without the write before it", []smbserver.Changed{written("TMP", 0, "x"), moved}, 0, []smbserver.Changed{moved}, true},
		{"a rename that follows its write", []smbserver.Changed{written("TMP", 0, "x"), moved}, 0, []smbserver.Changed{written("TMP", 0, "x"), moved}, true},
		{"a rename that overtakes one elsewhere", []smbserver.Changed{written("TMP", 0, "x"), written("A", 0, "x"), moved}, 0, []smbserver.Changed{written("TMP", 0, "x"), moved}, false},
		{"an old file is cut", []smbserver.Changed{sized(0), written("OLD", 0, "n")}, 0, []smbserver.Changed{sized(0)}, true},
		{"an old file is cut too early", []smbserver.Changed{written("A", 0, "x"), sized(0)}, 0, []smbserver.Changed{sized(0)}, false},
		{"an old file is removed too early", []smbserver.Changed{written("A", 0, "x"), changed(smbserver.ChangeRemoved, "OLD")}, 0, []smbserver.Changed{changed(smbserver.ChangeRemoved, "OLD")}, false},
		{"a failed write is there", []smbserver.Changed{written("A", 0, "x"), written("B", 0, "y")}, 1, []smbserver.Changed{written("A", 0, "x")}, true},
		{"a failed write is not there", []smbserver.Changed{written("A", 0, "x"), written("B", 0, "y")}, 1, []smbserver.Changed{written("B", 0, "y")}, true},
		{"no names are told apart by case", []smbserver.Changed{written(`\a`, 0, "x")}, 0, []smbserver.Changed{written("A", 0, "x")}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newPrefixWatch(func(path string) []byte {
				if path == "OLD" {
					return []byte("old content")
				}
				return nil
			}, func() time.Duration { return time.Second })
			for i, ch := range row.app {
				_ = w.call(ch, func() error {
					if i+1 == row.failed {
						return errors.New("told")
					}
					return nil
				})
			}
			for _, ch := range row.server {
				w.see(ch)
			}
			if got := w.found == ""; got != row.ok {
				t.Errorf("a prefix: %v, want %v; found %q", got, row.ok, w.found)
			}
			if !row.ok && !strings.HasPrefix(w.found, "1s: no prefix of the application's operations gives ") {
				t.Errorf("found %q", w.found)
			}
		})
	}
}

// Once the application was told that its writes may be lost, it starts anew; before, and
// if nobody tells it, what comes later must not be there alone.
func TestWhatWasToldMayBeLost(t *testing.T) {
	for name, told := range map[string]nt.Status{
		"nothing": nt.StatusSuccess, "the name is taken": nt.StatusObjectNameCollision, "the circuit is gone": nt.StatusNetworkNameDeleted,
	} {
		w := newPrefixWatch(func(string) []byte { return nil }, func() time.Duration { return time.Second })
		ok := func() error { return nil }
		if err := w.call(written("A", 0, "first attempt"), ok); err != nil {
			t.Fatal(err)
		}
		if told != nt.StatusSuccess {
			_ = w.told(told)
		}
		again := written("B", 0, "second attempt")
		if err := w.call(again, ok); err != nil {
			t.Fatal(err)
		}
		w.see(again)
		if lossAllowed := told == nt.StatusNetworkNameDeleted; lossAllowed != (w.found == "") {
			t.Errorf("told %s: found %q", name, w.found)
		}
	}
}

// What the server has seen is not kept.
func TestThePrefixWatchForgets(t *testing.T) {
	w := newPrefixWatch(func(string) []byte { return nil }, func() time.Duration { return 0 })
	for i := range 1000 {
		ch := written("A", int64(i), string(rune('a'+i%26)))
		if err := w.call(ch, func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		w.see(ch)
		if len(w.log) > 1 || w.found != "" {
			t.Fatalf("%d operations are kept, found %q", len(w.log), w.found)
		}
	}
}
