package smb1client

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// shared opens a file that others may open too.
func shared(t *testing.T, tree *Tree, path string) FileHandle {
	t.Helper()
	h, _, err := tree.Create(path, CreateParams{
		Access: ReadData | WriteData, Disposition: FileOpenIf, Share: ShareRead | ShareWrite | ShareDelete,
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (l *live) testRaw(t *testing.T) {
	tree := l.logon(t, l.options())
	h := shared(t, tree, `raw`)
	data := bytes.Repeat([]byte("raw data "), 7000)
	for _, row := range []struct {
		name   string
		mode   WriteMode
		inline int
	}{
		{"write-behind", 0, 0},
		{"write-through", WriteModeThrough, 0},
		{"with data inside", 0, 4096},
		{"write-through, with data inside", WriteModeThrough, 4096},
	} {
		for i := range data {
			data[i]++
		}
		if n, err := tree.WriteRaw(h, data, 7, row.mode, row.inline); n != len(data) || err != nil {
			t.Errorf("%s: %d of %d bytes, %v", row.name, n, len(data), err)
		}
		got := make([]byte, len(data))
		if n, err := tree.ReadRaw(h, got, 7); n != len(data) || err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: read %d bytes, %v", row.name, n, err)
		}
	}
	if n, err := tree.ReadRaw(h, make([]byte, 100), int64(len(data))); n != 7 || !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %d, %v", n, err)
	}
	if n, err := tree.ReadRaw(h, make([]byte, 100), 1<<30); n != 0 || !errors.Is(err, nt.StatusSMBUseStandard) {
		t.Errorf("beyond the end: %d, %v", n, err)
	}
}

func (l *live) testLockAndRead(t *testing.T) {
	first, second := l.logon(t, l.options()), l.logon(t, l.options())
	a, b := shared(t, first, `lar`), shared(t, second, `lar`)
	if _, err := first.WriteAt(a, []byte("0123456789"), 0, 0); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	if n, err := first.LockAndRead(a, got, 3); n != 4 || err != nil || string(got) != "3456" {
		t.Errorf("%d, %v, %q", n, err, got)
	}
	one := LockRange{Offset: 6, Length: 1}
	if err := second.Lock(b, one, 0); err == nil {
		t.Error("nothing is locked")
	}
	if n, err := first.WriteAndUnlock(a, []byte("abcd"), 3); n != 4 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if err := second.Lock(b, one, 0); err != nil {
		t.Errorf("still locked: %v", err)
	}
	if _, err := first.WriteAndUnlock(a, []byte("abcd"), 0); !errors.Is(err, nt.StatusRangeNotLocked) {
		t.Errorf("unlock of what is not locked: %v", err)
	}
	if err := first.LockAll(a, []LockRange{{Offset: 20, Length: 1}, {Offset: 21, Length: 1, Shared: true}}); err != nil {
		t.Error(err)
	}
	if err := errors.Join(second.Lock(b, LockRange{Offset: 21, Length: 1, Shared: true}, 0), first.Close(a, 0)); err != nil {
		t.Error(err)
	}
	if err := second.Lock(b, LockRange{Offset: 20, Length: 1}, 0); err != nil {
		t.Errorf("after the close of its owner: %v", err)
	}
}

func (l *live) testWaits(t *testing.T) {
	first, second := l.logon(t, l.options()), l.logon(t, l.options())
	a, b := shared(t, first, `waits`), shared(t, second, `waits`)
	r := LockRange{Offset: 5, Length: 5}
	if err := first.Lock(a, r, 0); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := second.Lock(b, r, 500*time.Millisecond); !errors.Is(err, nt.StatusFileLockConflict) || time.Since(began) < 500*time.Millisecond {
		t.Errorf("a wait in vain: %v after %v", err, time.Since(began))
	}
	wait := func(end func() error) error {
		var got error
		done := l.rt.NewEvent(rt.Notification)
		l.rt.Go("waiter", func() {
			got = second.Lock(b, r, rt.Forever)
			done.Set()
		})
		for second.LongTerm() == 0 {
			l.rt.Sleep(time.Millisecond)
		}
		l.rt.Sleep(50 * time.Millisecond)
		if err := end(); err != nil {
			t.Error(err)
		}
		done.Wait(rt.Forever)
		return got
	}
	if err := wait(func() error { return second.CancelWaits(b) }); err == nil {
		t.Error("a lock that was cancelled is granted")
	} else {
		t.Logf("cancelled: %v", err)
	}
	if err := wait(func() error { return first.Unlock(a, r) }); err != nil {
		t.Errorf("unlocked meanwhile: %v", err)
	}
}

func (l *live) testNotify(t *testing.T) {
	first, second := l.logon(t, l.options()), l.logon(t, l.options())
	if err := second.Mkdir(`watched`); err != nil {
		t.Fatal(err)
	}
	dir, _, err := first.Create(`watched`, CreateParams{
		Access: GenericRead, Disposition: FileOpen, Options: DirectoryFile, Share: ShareRead | ShareWrite | ShareDelete,
	})
	if err != nil {
		t.Fatal(err)
	}
	watch := func(do func() error) (changes []Change, err error) {
		done := l.rt.NewEvent(rt.Notification)
		l.rt.Go("watcher", func() {
			changes, err = first.NotifyChange(dir, NotifyFileName|NotifyDirName, true)
			done.Set()
		})
		for first.LongTerm() == 0 {
			l.rt.Sleep(time.Millisecond)
		}
		l.rt.Sleep(100 * time.Millisecond)
		if err := do(); err != nil {
			t.Error(err)
		}
		done.Wait(rt.Forever)
		return changes, err
	}
	got, err := watch(func() error { return second.Mkdir(`watched\sub`) })
	if diff := cmp.Diff(got, []Change{{Action: nt.NotifyAdded, Name: "sub"}}); err != nil || diff != "" {
		t.Errorf("%v (-got +want)\n%s", err, diff)
	}
	if _, err := watch(func() error { return first.CancelWaits(dir) }); !errors.Is(err, nt.StatusCancelled) {
		t.Errorf("cancelled: %v", err)
	}
	if got, err := watch(func() error { return first.Close(dir, 0) }); len(got) > 0 {
		t.Errorf("closed, and a change is told: %v", got)
	} else {
		t.Logf("closed: %v", err) // nothing on Samba 4.17
	}
}
