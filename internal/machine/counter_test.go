package machine

import (
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// A counter in a file, which handles of two workstations add to under a lock: whatever is
// cached, kept for the unlock or sent behind somebody's back, no addition is lost.
func TestALockedCounterLosesNoAddition(t *testing.T) {
	t.Parallel()
	w := newParallelWorld(t)
	defer w.end()
	const tasks, rounds = 6, 100
	adder := func(i int) {
		for range rounds {
			h, err := w.ws[i%2].Redirector.Open("COUNT", create(readWrite, denyNone))
			if err != nil {
				t.Error(err)
				return
			}
			if err := errors.Join(addOne(h), addOne(h), h.Close()); err != nil {
				t.Error(err)
				return
			}
		}
	}
	if err := w.r.Do("story", func() {
		w.together("adder", tasks, adder)
		for _, ws := range w.ws {
			ws.Redirector.Idle().Wait(rt.Forever)
		}
	}); err != nil {
		t.Fatal(err)
	}
	got, err := w.share.ReadFile("COUNT")
	if err != nil || len(got) != 8 || binary.LittleEndian.Uint64(got) != tasks*rounds*2 {
		t.Errorf("the counter is % x, %v; want %d", got, err, tasks*rounds*2)
	}
}

// addOne adds one to the counter.
func addOne(h *rdr.Handle) error {
	x := nt.LockRange{Length: 8}
	if err := h.Lock(x, true); err != nil {
		return err
	}
	var b [8]byte
	_, err := h.ReadAt(b[:], 0)
	if errors.Is(err, io.EOF) {
		err = nil // the first one
	}
	if err == nil {
		binary.LittleEndian.PutUint64(b[:], binary.LittleEndian.Uint64(b[:])+1)
		_, err = h.WriteAt(b[:], 0)
	}
	return errors.Join(err, h.Unlock(x))
}
