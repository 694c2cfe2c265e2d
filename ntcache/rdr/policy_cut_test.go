package rdr_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// disk is what files hold; an empty one is none.
type disk map[string][]byte

func (d disk) apply(number int, c *call, upTo int) {
	switch c.kind {
	case writes:
		p := d[c.path]
		if grow := int(c.off) + upTo - len(p); grow > 0 && upTo > 0 {
			p = append(p, make([]byte, grow)...)
		}
		copy(p[min(int(c.off), len(p)):], bytes.Repeat([]byte{byte(number)}, upTo))
		d[c.path] = p
	case sizes:
		p := make([]byte, c.off)
		copy(p, d[c.path])
		d[c.path] = p
	case deletes:
		d[c.path] = nil
	case renames:
		d[c.path], d[c.to] = nil, d[c.path]
	case closes, unlocks, mkdirs: // nothing that files hold
	}
}

// same reports whether two disks hold the same files, of those named.
func (d disk) same(o disk, names []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return !bytes.Equal(d[n], o[n]) })
}

// prefix returns how many calls at most made the server's disk what it is, of which the
// next may be half done; -1: no prefix of the calls gives it.
func (w *world) prefix() int {
	server := disk(w.Volume.Snapshot())
	var names []string
	for _, c := range w.calls {
		names = append(names, c.path, c.to)
	}
	for name := range server { // map order: all are compared
		names = append(names, name)
	}
	have, most := disk{}, -1
	for i, c := range w.calls {
		if have.same(server, names) {
			most = i
		}
		if c.kind == writes {
			have.apply(i, c, arrived(server[c.path], c.off, byte(i), c.n))
			if have.same(server, names) {
				most = i
			}
		}
		have.apply(i, c, c.n)
	}
	if have.same(server, names) {
		return len(w.calls)
	}
	return most
}

// arrived is how many of n bytes from off on carry a number.
func arrived(content []byte, off int64, number byte, n int) (have int) {
	for have < n && int(off)+have < len(content) && content[int(off)+have] == number {
		have++
	}
	return have
}

// careful is an application that writes two files by turns and stops at the first error.
func careful(w *world) {
	m, k := w.tryOpen("M"), w.tryOpen("K")
	if m == nil || k == nil {
		return
	}
	for i := range int64(3) {
		if m.write(i*5000, 5000) != nil || k.write(i*100, 100) != nil {
			return
		}
	}
	if m.write(2000, 1000) != nil || m.close() != nil || k.setSize(600) != nil || k.close() != nil {
		return
	}
	if w.rename("M", "N") == nil {
		_ = w.delete("K")
	}
}

// tryOpen returns nil if the file cannot be opened.
func (w *world) tryOpen(path string) *file {
	h, err := w.rdr.Open(path, denyWrite)
	if err != nil {
		return nil
	}
	return &file{w, h, path}
}

// The circuit breaks after each packet in turn. What a call returned for without an
// error has arrived; with the ordered policies the server has a prefix of the calls, and
// the next call tells of what is lost.
func TestPoliciesWhenTheCircuitBreaks(t *testing.T) {
	for _, p := range promises() {
		for name, kind := range map[string]link.OutageKind{"reset": link.Cut, "silence": link.Silence} { // map order: subtests
			t.Run(fmt.Sprintf("%s/%s", p.policy, name), func(t *testing.T) {
				var last int64
				tell := func(w *world) {
					p.watch(w)
					careful(w)
					w.settle()
					w.RT.Sleep(10 * time.Minute)
					last = w.Link.Delivered()
					p.lostASuffix(w)
				}
				calm := play(t, setting{policy: p.policy}, tell)
				for packet, end := calm.connected+1, last; packet <= end && !t.Failed(); packet++ {
					at := link.Outage{Kind: kind, Packet: packet, Duration: 3 * time.Minute}
					play(t, setting{policy: p.policy, outages: []link.Outage{at}}, tell)
					if t.Failed() {
						t.Errorf("broken after packet %d", packet)
					}
				}
			})
		}
	}
}

// lostASuffix checks what the server has in the end, and that somebody is told of the rest.
func (p promise) lostASuffix(w *world) {
	w.t.Helper()
	if !p.across {
		return
	}
	n := w.prefix()
	if n < 0 {
		w.t.Error("the server has what no prefix of the calls gives")
	}
	told := slices.ContainsFunc(w.calls, func(c *call) bool { return c.err != nil })
	_, err := w.rdr.Stat("")
	_, again := w.rdr.Stat("") // the first may have met a circuit that had gone unseen
	answered := !slices.ContainsFunc(w.calls, func(c *call) bool { return c.answered != c.whole() })
	if !told && (n < len(w.calls) && err == nil || answered && again != nil) {
		w.t.Errorf("the server has what %d of %d calls did, and nobody has been told: the next calls say %v, %v", n, len(w.calls), err, again)
	}
}
