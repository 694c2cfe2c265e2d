package rdr

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
)

// The server's disk is full. Who is told, in each combination of the three switches,
// when a write-only handle writes a full buffer and 100 bytes, and is closed? The close
// never says anything.
func TestWhereTheErrorOfAWriteBehindGoes(t *testing.T) {
	behind := []EventID{EventLostDelayedWrite, EventWriteBehindFlushFailed}
	for _, async := range []bool{true, false} {
		for _, closeBehind := range []bool{true, false} {
			for _, waits := range []bool{true, false} {
				name := fmt.Sprintf("UseAsyncWriteBehind %v, UseCloseBehind %v, NtrdrCloseWaitsForFlush %v", async, closeBehind, waits)
				t.Run(name, func(t *testing.T) {
					onMemory(t, func(_ *simrt.Kernel, m *memory, d *Redirector) {
						d.cfg.UseAsyncWriteBehind, d.cfg.UseCloseBehind, d.cfg.NtrdrCloseWaitsForFlush = async, closeBehind, waits
						m.full = true
						h, err := d.Open("F", writeOnly())
						if err != nil {
							t.Fatal(err)
						}
						_, err = h.WriteAt(make([]byte, 4096), 0)
						if told := errors.Is(err, nt.StatusDiskFull); told == async {
							t.Errorf("the write that fills the buffer: %v", err)
						}
						if err := h.Close(); err != nil {
							t.Errorf("close: %v", err)
						}
						d.Idle().Wait(rt.Forever)
						if diff := cmp.Diff(behind, eventIDs(d)); diff != "" {
							t.Errorf("events (-want +got):\n%s", diff)
						}
					})
				})
			}
		}
	}
}

// An error that nobody was told of is told to the next who asks: a write, or
// FlushFileBuffers; once.
func TestTheErrorOfAWriteBehindIsToldOnce(t *testing.T) {
	for name, ask := range map[string]func(h *Handle) error{
		"write": func(h *Handle) error { _, err := h.WriteAt([]byte("x"), 50_000); return err },
		"flush": func(h *Handle) error { return h.Flush() },
	} {
		onMemory(t, func(_ *simrt.Kernel, m *memory, d *Redirector) {
			m.full = true
			h, err := d.Open("F", writeOnly())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.WriteAt(make([]byte, 4096), 0); err != nil {
				t.Fatal(err)
			}
			d.Idle().Wait(rt.Forever)
			m.full = false
			if err := ask(h); !errors.Is(err, nt.StatusDiskFull) {
				t.Errorf("%s: %v", name, err)
			}
			if err := ask(h); err != nil {
				t.Errorf("%s, the second time: %v", name, err)
			}
		})
	}
}
