package rdr

import (
	"testing"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
)

func TestReadAheadGranularityByLink(t *testing.T) {
	for _, r := range []struct {
		name    string
		minimum uint32 // ReadAheadThroughput, KB/s
		speed   int64  // bytes a second
		want    int
	}{
		{"T1", NoMinimumThroughput, 193_000, 32768},
		{"28.8 kbit/s: a raw read of 32 KB takes longer than 5 s", NoMinimumThroughput, 3600, 4096},
		{"just fast enough for raw", NoMinimumThroughput, 6554, 32768},
		{"just too slow for raw", NoMinimumThroughput, 6553, 4096},
		{"unknown speed", 1000, 0, 32768},
		{"below the minimum", 200, 193_000, 0},
		{"at the minimum", 200, 200 * 1024, 32768},
		{"no minimum at all", 0, 1200, 4096},
	} {
		c := Stock()
		c.ReadAheadThroughput = r.minimum
		if got := c.readAhead(r.speed); got != r.want {
			t.Errorf("%s: %d, want %d", r.name, got, r.want)
		}
	}
}

// A handle is closed while its file is mapped: the file stays open at the server, and
// what is written through the mapping gets there.
func TestAMappingKeepsItsFileOpen(t *testing.T) {
	inEveryOrder(t, 20, func(r rt.Runtime) {
		m := newMemory(r)
		d := redirector(t, r, m)
		h, err := d.Open("F", nt.CreateParams{Access: nt.GenericRead | nt.GenericWrite, Share: nt.ShareRead, Disposition: nt.FileOpenIf})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.WriteAt([]byte("cached"), 0); err != nil {
			t.Fatal(err)
		}
		v, err := h.Map()
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		d.Idle().Wait(rt.Forever)
		if got := string(m.bytesOf("F")); got != "cached" || d.Files() != 1 {
			t.Errorf("after the close: %q, %d files", got, d.Files())
		}
		if _, err := v.WriteAt([]byte("mapped"), 0); err != nil {
			t.Error(err)
		}
		v.Unmap()
		v.Unmap()
		d.Idle().Wait(rt.Forever)
		if got := string(m.bytesOf("F")); got != "mapped" || d.Files() != 0 {
			t.Errorf("after the end of the mapping: %q, %d files", got, d.Files())
		}
	})
}
