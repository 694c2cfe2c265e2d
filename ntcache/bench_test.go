package ntcache_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/invariant"
	"github.com/ntrdr/ntrdr/internal/rt/wallrt"
	"github.com/ntrdr/ntrdr/ntcache"
)

const (
	benchFile = 64 << 20
	benchCall = 64 << 10
)

// zeros is a file of zeros that takes everything.
type zeros struct{}

func (zeros) PageIn(p []byte, _ int64) (int, error)  { clear(p); return len(p), nil }
func (zeros) PageOut(p []byte, _ int64) (int, error) { return len(p), nil }
func (zeros) LostData(int64, error)                  {}
func (zeros) AcquireForLazyWrite(bool) bool          { return true }
func (zeros) ReleaseFromLazyWrite()                  {}
func (zeros) AcquireForReadAhead(bool) bool          { return true }
func (zeros) ReleaseFromReadAhead()                  {}

// BenchmarkCopy compares CopyRead and CopyWrite of a resident file of 64 MB, 64 KB a
// call, with copy of the same bytes in the same direction and the same run: x-plain is
// their share of its rate.
func BenchmarkCopy(b *testing.B) {
	from, to := plainCopy()
	read, write := resident(b)
	plain := benchCopy(b, "plain-read", 0, from)
	benchCopy(b, "CopyRead", plain, read)
	plain = benchCopy(b, "plain-write", 0, to)
	benchCopy(b, "CopyWrite", plain, write)
}

// benchCopy measures move, which moves one call's bytes at off, over the whole file, and
// returns the nanoseconds a call.
func benchCopy(b *testing.B, name string, plain float64, move func(p []byte, off int64)) (perCall float64) {
	b.Run(name, func(b *testing.B) {
		p := make([]byte, benchCall)
		off := int64(0)
		b.SetBytes(benchCall)
		b.ReportAllocs()
		for b.Loop() {
			move(p, off)
			off = (off + benchCall) % benchFile
		}
		perCall = float64(b.Elapsed().Nanoseconds()) / float64(b.N)
		if plain > 0 {
			b.ReportMetric(plain/perCall, "x-plain")
		}
	})
	return perCall
}

func plainCopy() (read, write func(p []byte, off int64)) {
	file := make([]byte, benchFile)
	for i := range file {
		file[i] = byte(i) // or the system maps one page of zeros everywhere
	}
	return func(p []byte, off int64) { copy(p, file[off:]) }, func(p []byte, off int64) { copy(file[off:], p) }
}

// resident returns how a handle of a resident file is read and written.
func resident(tb testing.TB) (read, write func(p []byte, off int64)) {
	r := wallrt.New(1)
	tb.Cleanup(r.Close)
	cfg := ntcache.Stock().WithMemory(4 * benchFile)
	cfg.DirtyThreshold = 2 * benchFile / cfg.PageSize
	cfg.LazyFirstDelay = time.Hour
	m, err := ntcache.New(r, cfg, nil)
	if err != nil {
		tb.Fatal(err)
	}
	s := m.NewMap("f", zeros{}, benchFile)
	pm := s.NewPrivate(ntcache.HandleFlags{})
	for off := int64(0); off < benchFile; off += benchCall {
		if err := s.CopyWrite(make([]byte, benchCall), off); err != nil {
			tb.Fatal(err)
		}
	}
	read = func(p []byte, off int64) {
		if n, err := pm.CopyRead(p, off); n != len(p) || err != nil && !errors.Is(err, io.EOF) {
			tb.Fatal(n, err)
		}
	}
	write = func(p []byte, off int64) {
		pm.Throttle(len(p))
		if err := pm.CopyWrite(p, off); err != nil {
			tb.Fatal(err)
		}
	}
	return read, write
}

func TestCopyingResidentBytesAllocatesNothing(t *testing.T) {
	if invariant.Enabled {
		t.Skip("enabled checks may allocate: run it without -race and -tags invariants")
	}
	read, write := resident(t)
	p := make([]byte, benchCall)
	for name, move := range map[string]func([]byte, int64){"read": read, "write": write} { // map order: each for itself
		off := int64(0)
		if n := testing.AllocsPerRun(500, func() { move(p, off); off = (off + benchCall) % benchFile }); n != 0 {
			t.Errorf("a %s of 64 KB allocates %v times", name, n)
		}
	}
}
