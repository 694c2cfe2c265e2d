package rdr

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt/simtest"
)

// onMemory plays a story on a server that answers at once.
func onMemory(t *testing.T, story func(k *simrt.Kernel, m *memory, d *Redirector)) {
	t.Helper()
	simtest.Run(t, simrt.Options{}, func(k *simrt.Kernel) {
		m := newMemory(k)
		story(k, m, redirector(t, k, m))
	})
}

func wantAcks(t *testing.T, m *memory, want ...nt.OplockLevel) {
	t.Helper()
	if diff := cmp.Diff(want, m.acked); diff != "" {
		t.Errorf("acknowledged (-want +got):\n%s", diff)
	}
}

// The server breaks the oplock that it has just granted before the reply to the open has
// been dealt with. The handle never has the right that it lost.
func TestABreakThatIsFasterThanTheReplyToTheOpen(t *testing.T) {
	onMemory(t, func(_ *simrt.Kernel, m *memory, d *Redirector) {
		if err := d.Connect(); err != nil {
			t.Fatal(err)
		}
		m.opened = func() { m.handler.OnBreak(nt.FileHandle{Circuit: 1, FID: 1}, nt.OplockNone) }
		h := mustOpen(t, d)
		if h.open.caching != (caching{}) || h.open.oplock != nt.OplockNone {
			t.Errorf("after the break it has %v and %+v", h.open.oplock, h.open.caching)
		}
		wantAcks(t, m, nt.OplockNone)
	})
}

// A break that finds the CLOSE on its way is not answered: the CLOSE answers it.
func TestABreakThatCrossesTheCloseIsNotAnswered(t *testing.T) {
	onMemory(t, func(k *simrt.Kernel, m *memory, d *Redirector) {
		d.cfg.CacheFileTimeout = 0
		h := mustOpen(t, d)
		if _, err := h.WriteAt([]byte("x"), 0); err != nil {
			t.Fatal(err)
		}
		m.closed = func() { m.handler.OnBreak(h.open.h, nt.OplockNone) }
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		d.Idle().Wait(rt.Forever)
		k.Sleep(time.Second)
		wantAcks(t, m)
		if n := d.Files(); n != 0 || len(d.early) != 0 {
			t.Errorf("%d files and %d breaks are remembered", n, len(d.early))
		}
	})
}

// A break that comes while a close is still flushing is answered by the CLOSE behind the
// data: an acknowledgement would let the second opener meet a file that is still open.
func TestABreakDuringTheFlushOfAClose(t *testing.T) {
	onMemory(t, func(k *simrt.Kernel, m *memory, d *Redirector) {
		m.perOp = time.Second
		h := mustOpen(t, d)
		if _, err := h.WriteAt(make([]byte, 8192), 0); err != nil {
			t.Fatal(err)
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		k.Sleep(500 * time.Millisecond)
		m.handler.OnBreak(h.open.h, nt.OplockNone)
		d.Idle().Wait(rt.Forever)
		wantAcks(t, m)
		if n := len(m.bytesOf("F")); n != 8192 || m.written != 8192 {
			t.Errorf("the server has %d bytes, %d were sent", n, m.written)
		}
		if n := d.Files(); n != 0 {
			t.Errorf("%d files are known: it is dormant", n)
		}
	})
}

// While the lazy writer's run is on the wire the break comes. The oplock is released
// when that and all that is dirty has been answered, and nothing is sent twice.
func TestABreakWhileAFlushIsOnTheWire(t *testing.T) {
	onMemory(t, func(k *simrt.Kernel, m *memory, d *Redirector) {
		m.perOp = 10 * time.Second
		h := mustOpen(t, d)
		if _, err := h.WriteAt(make([]byte, 4096), 0); err != nil {
			t.Fatal(err)
		}
		k.Sleep(5 * time.Second) // the lazy writer began after three
		if _, err := h.WriteAt(make([]byte, 4096), 65536); err != nil {
			t.Fatal(err)
		}
		broken := beside(k, "break", func() { m.handler.OnBreak(h.open.h, nt.OplockNone) })
		k.Sleep(17 * time.Second)
		wantAcks(t, m)
		broken.Wait(rt.Forever)
		wantAcks(t, m, nt.OplockNone)
		if m.written != 8192 {
			t.Errorf("%d bytes were sent", m.written)
		}
	})
}

// The circuit dies while a break is being answered: the data is lost, and nobody hangs.
func TestACircuitThatDiesDuringABreak(t *testing.T) {
	onMemory(t, func(k *simrt.Kernel, m *memory, d *Redirector) {
		h := mustOpen(t, d)
		if _, err := h.WriteAt(make([]byte, 200_000), 0); err != nil {
			t.Fatal(err)
		}
		m.perOp = time.Second
		broken := beside(k, "break", func() { m.handler.OnBreak(h.open.h, nt.OplockNone) })
		k.Sleep(1500 * time.Millisecond)
		m.die(nt.StatusUnexpectedNetworkError)
		if !broken.Wait(time.Minute) {
			t.Fatal("the break is still being answered")
		}
		if diff := cmp.Diff([]EventID{EventUnexpectedError, EventLostDelayedWrite}, eventIDs(d)); diff != "" || d.DirtyBytes() != 0 {
			t.Errorf("%d bytes dirty, events (-want +got):\n%s", d.DirtyBytes(), diff)
		}
	})
}

// First a reader, then a writer elsewhere: to level II, which is answered, and to none,
// which is not. What was cached is gone after the second.
func TestASecondBreakEndsTheReadCacheWithoutAnAnswer(t *testing.T) {
	onMemory(t, func(_ *simrt.Kernel, m *memory, d *Redirector) {
		m.grow("F", 4096)
		h := mustOpen(t, d)
		read := func() byte {
			p := make([]byte, 1)
			if _, err := h.ReadAt(p, 0); err != nil {
				t.Error(err)
			}
			return p[0]
		}
		m.handler.OnBreak(h.open.h, nt.OplockLevelII)
		if got := read(); got != 0 || h.open.caching != (caching{read: true}) {
			t.Errorf("read %d with %+v", got, h.open.caching)
		}
		m.files["F"][0] = 7 // another machine's write, which has broken level II
		if got := read(); got != 0 {
			t.Errorf("read %d: not from the cache", got)
		}
		m.handler.OnBreak(h.open.h, nt.OplockNone)
		if got := read(); got != 7 || h.open.caching != (caching{}) {
			t.Errorf("read %d with %+v", got, h.open.caching)
		}
		wantAcks(t, m, nt.OplockLevelII)
	})
}
