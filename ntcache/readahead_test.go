package ntcache_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/ntcache"
)

// at is a read of one page.
func at(pages ...int64) []paging {
	var list []paging
	for _, p := range pages {
		list = append(list, paging{Off: p * 4096, Len: 4096})
	}
	return list
}

// A handle reads with a pause after each read; beyond is what has been read at the far
// end that no read asked for.
func TestReadAheadFollowsThePatternOfTheLastReads(t *testing.T) {
	sequential := ntcache.HandleFlags{Sequential: true}
	random := ntcache.HandleFlags{Random: true}
	rows := []struct {
		name        string
		flags       ntcache.HandleFlags
		granularity int
		reads       []paging
		beyond      []paging
	}{
		{"one read", ntcache.HandleFlags{}, 4096, at(10), nil},
		{"two reads in a row", ntcache.HandleFlags{}, 4096, at(10, 11), nil},
		{"three reads in a row", ntcache.HandleFlags{}, 4096, at(10, 11, 12), at(13)},
		{"four reads in a row", ntcache.HandleFlags{}, 4096, at(10, 11, 12, 13), at(13, 14)},
		{"three reads in a row, backwards", ntcache.HandleFlags{}, 4096, at(12, 11, 10), at(9)},
		{"a stride forwards", ntcache.HandleFlags{}, 4096, at(10, 20, 30), at(40)},
		{"a stride backwards", ntcache.HandleFlags{}, 4096, at(40, 30, 20), at(10)},
		{"page 4000, then 3000", ntcache.HandleFlags{}, 4096, at(5000, 4000, 3000), at(2000)},
		{"a stride that breaks", ntcache.HandleFlags{}, 4096, at(10, 20, 31), nil},
		{"a stride that is confirmed later", ntcache.HandleFlags{}, 4096, at(10, 12, 20, 28), at(36)},
		{"the same page three times", ntcache.HandleFlags{}, 4096, at(10, 10, 10), nil},
		{"before the start of the file", ntcache.HandleFlags{}, 4096, at(4, 2, 0), nil},
		{"past the end of the file", ntcache.HandleFlags{}, 4096, at(8189, 8190, 8191), nil},
		{"up to the end of the file", ntcache.HandleFlags{}, 65536, at(8185, 8186, 8187), nil},
		{"reads of all sizes in a row", ntcache.HandleFlags{}, 4096, []paging{{Off: 0, Len: 100}, {Off: 100, Len: 5000}, {Off: 5100, Len: 10}}, at(2)},
		{"granularity of 32 KB, from its next multiple", ntcache.HandleFlags{}, 32768, at(1, 2, 3), []paging{{Off: 32768, Len: 32768}}},
		{"granularity of 32 KB backwards: a range at a time", ntcache.HandleFlags{}, 32768, at(12, 11, 10), at(9)},
		{"read-ahead switched off", ntcache.HandleFlags{}, 0, at(10, 11, 12), nil},
		{"sequential scan, from the first read and twice as much", sequential, 4096, at(10), []paging{{Off: 11 * 4096, Len: 8192}}},
		{"sequential scan at 32 KB", sequential, 32768, at(1), []paging{{Off: 32768, Len: 65536}}},
		{"random access", random, 4096, at(10, 11, 12, 13), nil},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
				d := &disk{k: k, data: make([]byte, 32<<20), perRead: 10 * time.Millisecond}
				s := m.NewMap("f", d, 32<<20)
				s.SetReadAhead(r.granularity)
				pm := s.NewPrivate(r.flags)
				asked := map[int64]bool{}
				var beyond []paging
				for _, q := range r.reads {
					before := len(d.log)
					for p := q.Off / 4096; p*4096 < q.Off+int64(q.Len); p++ {
						asked[p] = true
					}
					if _, err := pm.CopyRead(make([]byte, q.Len), q.Off); err != nil {
						t.Fatal(err)
					}
					k.Sleep(time.Second)
					for _, l := range d.log[before:] {
						if !asked[l.Off/4096] {
							beyond = append(beyond, paging{Off: l.Off, Len: l.Len})
						}
					}
				}
				if diff := cmp.Diff(r.beyond, beyond); diff != "" {
					t.Errorf("read ahead (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// The application comes to a page that is being read ahead: it waits for it, and the
// page is read once.
func TestAReaderWaitsForWhatIsOnItsWay(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k, data: pattern(1 << 20), perRead: time.Second}
		pm := m.NewMap("f", d, 1<<20).NewPrivate(ntcache.HandleFlags{})
		for i := range int64(4) {
			if _, err := pm.CopyRead(make([]byte, 4096), i*4096); err != nil {
				t.Fatal(err)
			}
		}
		want := []paging{
			{0, "in", 0, 4096},
			{time.Second, "in", 4096, 4096},
			{2 * time.Second, "in", 8192, 4096},
			{3 * time.Second, "in", 12288, 4096}, // ahead
		}
		if diff := cmp.Diff(want, d.log); diff != "" || k.Now().Sub(simrt.DefaultStart()) != 4*time.Second {
			t.Errorf("at %v; paging requests (-want +got):\n%s", k.Now().Sub(simrt.DefaultStart()), diff)
		}
	})
}

func TestTwoReadersOfOnePageCauseOnePagingRead(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k, data: pattern(65536), perRead: time.Second}
		s := m.NewMap("f", d, 65536)
		for range 3 {
			k.Go("reader", func() {
				if _, err := s.CopyRead(make([]byte, 4096), 4096); err != nil {
					t.Error(err)
				}
			})
		}
		k.Sleep(3 * time.Second)
		if diff := cmp.Diff([]paging{{0, "in", 4096, 4096}}, d.log); diff != "" {
			t.Errorf("paging requests (-want +got):\n%s", diff)
		}
	})
}

// The far end fails while it is read ahead: nobody is told, and the application's own
// read gets the error.
func TestReadAheadFailsSilently(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k, data: pattern(65536)}
		pm := m.NewMap("f", d, 65536).NewPrivate(ntcache.HandleFlags{Sequential: true})
		if _, err := pm.CopyRead(make([]byte, 4096), 0); err != nil {
			t.Fatal(err)
		}
		d.failRead = errors.New("circuit down")
		k.Sleep(time.Second)
		if d.lost != 0 || len(d.log) != 2 {
			t.Errorf("lost %d, paging requests %v", d.lost, d.log)
		}
		if _, err := pm.CopyRead(make([]byte, 4096), 4096); !errors.Is(err, d.failRead) {
			t.Errorf("read: %v", err)
		}
	})
}

// With one worker thread: read-ahead that is queued after the flush of a second file
// goes before it.
func TestReadAheadGoesBeforeWriteBehind(t *testing.T) {
	cfg := ntcache.Stock()
	cfg.ConcurrentFileFlushes = 1
	run(t, cfg, func(k *simrt.Kernel, m *ntcache.Manager) {
		var all []*disk
		for range 3 {
			all = append(all, &disk{k: k, data: pattern(65536), perWrite: time.Second, perRead: time.Second})
		}
		for _, d := range all[:2] {
			s := m.NewMap("written", d, 65536)
			mustWrite(t, s, pattern(4096), 0)
			m.WriteBehind(s, func() { _ = s.FlushBehind() })
		}
		pm := m.NewMap("read", all[2], 65536).NewPrivate(ntcache.HandleFlags{Sequential: true})
		all[2].perRead = 0
		if _, err := pm.CopyRead(make([]byte, 4096), 0); err != nil {
			t.Fatal(err)
		}
		k.Sleep(5 * time.Second)
		got := [3]time.Duration{all[0].log[0].At, all[2].log[1].At, all[1].log[0].At}
		if want := [3]time.Duration{0, time.Second, time.Second}; got != want {
			t.Errorf("first flush, read-ahead, second flush at %v, want %v", got, want)
		}
	})
}

// What was to be read ahead is not, once the file has been purged: nobody may use it.
func TestAPurgeCallsReadAheadOff(t *testing.T) {
	cfg := ntcache.Stock()
	cfg.ConcurrentFileFlushes = 1
	run(t, cfg, func(k *simrt.Kernel, m *ntcache.Manager) {
		busy := m.NewMap("busy", &disk{k: k, perWrite: time.Second}, 0)
		mustWrite(t, busy, pattern(10), 0)
		m.WriteBehind(busy, func() { _ = busy.FlushBehind() })
		k.Sleep(time.Millisecond)
		d := &disk{k: k, data: pattern(65536)}
		s := m.NewMap("f", d, 65536)
		pm := s.NewPrivate(ntcache.HandleFlags{Sequential: true})
		if _, err := pm.CopyRead(make([]byte, 4096), 0); err != nil {
			t.Fatal(err)
		}
		if !s.Purge() {
			t.Error("the purge failed")
		}
		k.Sleep(5 * time.Second)
		if len(d.log) != 1 {
			t.Errorf("paging requests %v, want the application's alone", d.log)
		}
	})
}

// A handle that is closed reads no further ahead, and its file's map goes.
func TestReadAheadEndsWithItsHandle(t *testing.T) {
	run(t, ntcache.Stock(), func(k *simrt.Kernel, m *ntcache.Manager) {
		d := &disk{k: k, data: pattern(1 << 20), perRead: time.Second}
		s := m.NewMap("f", d, 1<<20)
		pm := s.NewPrivate(ntcache.HandleFlags{Sequential: true})
		for i := range int64(2) {
			if _, err := pm.CopyRead(make([]byte, 4096), i*16384); err != nil {
				t.Fatal(err)
			}
		}
		flushed := k.NewEvent(rt.Notification)
		pm.Uninitialize(flushed)
		if !flushed.Wait(0) {
			t.Error("nothing was dirty, and the event is not set")
		}
		k.Sleep(10 * time.Second)
		if u := m.Usage(); len(d.log) > 3 || u.Pages != 0 || u.Views != 0 {
			t.Errorf("paging requests %v; usage %+v, want none", d.log, u)
		}
	})
}
