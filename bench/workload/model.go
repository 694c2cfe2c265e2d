package workload

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// grain is the number of bytes that carry one stamp. Offsets, lengths and sizes are
// multiples of it.
const grain = 16

// stamp fills p, whose first byte is at off of the object, with what operation op
// writes there: each grain carries object, operation and offset.
func stamp(p []byte, object int, salt uint16, op int, off int64) {
	for i := 0; i+grain <= len(p); i += grain {
		binary.LittleEndian.PutUint16(p[i:], uint16(object+1))
		binary.LittleEndian.PutUint16(p[i+2:], salt)
		binary.LittleEndian.PutUint32(p[i+4:], uint32(op))
		binary.LittleEndian.PutUint64(p[i+8:], uint64(off)+uint64(i))
	}
}

// What a grain can hold beside the number of an operation.
const (
	zeros   int32 = -1
	foreign int32 = -2
)

// change is what one operation did to an object's content.
type change struct {
	op   int
	off  int64
	n    int64 // of a write
	size int64 // of the object afterwards
}

// object is a file, whatever its names.
type object struct {
	id      int
	changes []change // the first makes it
}

func (o *object) size() int64 { return o.changes[len(o.changes)-1].size }

// naming is what a name stands for from an operation on; a nil object: nothing.
type naming struct {
	op      int
	object  *object
	renamed bool
}

// history is everything that the names of a plan stood for.
type history struct {
	salt    uint16
	objects []*object
	names   map[string][]naming
	order   []string // names as they first appeared
	last    int      // number of the last operation
}

// seen is what a look found under a name.
type seen struct {
	busy    bool
	missing bool
	size    int64
	object  int     // by its first stamp; -1: none told
	ops     []int32 // a grain each
}

// decode reads the stamps of a file.
func (h *history) decode(b []byte) seen {
	s := seen{size: int64(len(b)), object: -1, ops: make([]int32, 0, len(b)/grain)}
	for i := 0; i+grain <= len(b); i += grain {
		g := b[i : i+grain]
		id, salt := binary.LittleEndian.Uint16(g), binary.LittleEndian.Uint16(g[2:])
		op, off := binary.LittleEndian.Uint32(g[4:]), binary.LittleEndian.Uint64(g[8:])
		switch {
		case id == 0 && salt == 0 && op == 0 && off == 0:
			s.ops = append(s.ops, zeros)
			continue
		case id == 0 || int(id) > len(h.objects) || off != uint64(i) || int(op) > h.last || salt != h.saltOf(int(op)):
			s.ops = append(s.ops, foreign)
			continue
		case s.object < 0:
			s.object = int(id) - 1
		case s.object != int(id)-1:
			s.ops = append(s.ops, foreign)
			continue
		}
		s.ops = append(s.ops, int32(op))
	}
	return s
}

// saltOf tells trials apart; what was there before is the same in all.
func (h *history) saltOf(op int) uint16 {
	if op == 0 {
		return 0
	}
	return h.salt
}

// newest is the latest operation whose effect is seen under the name, -1 for none. An
// empty file tells nothing: that it is there may be ahead of everything.
func (h *history) newest(name string, s *seen) int {
	newest := -1
	for _, op := range s.ops {
		newest = max(newest, int(op))
	}
	if s.object >= 0 {
		for _, n := range h.names[name] {
			if n.renamed && n.object.id == s.object {
				newest = max(newest, n.op)
			}
		}
	}
	return newest
}

// painter follows an object through its changes and counts the grains in which it
// differs from what was seen.
type painter struct {
	seen  *seen
	want  []int32
	wrong int
	size  int64
}

func newPainter(s *seen) *painter {
	p := &painter{seen: s, want: make([]int32, len(s.ops))}
	for i := range p.want {
		p.want[i] = zeros
		p.count(i, 1)
	}
	return p
}

func (p *painter) count(i, by int) {
	if p.want[i] != p.seen.ops[i] {
		p.wrong += by
	}
}

func (p *painter) apply(c change) {
	op := int32(c.op)
	from, to := c.off/grain, (c.off+c.n)/grain
	if c.size < p.size { // what is cut off is zeros when the file grows again
		op, from, to = zeros, c.size/grain, p.size/grain
	}
	for i := from; i < min(to, int64(len(p.want))); i++ {
		p.count(int(i), -1)
		p.want[i] = op
		p.count(int(i), 1)
	}
	p.size = c.size
}

func (p *painter) matches() bool { return p.wrong == 0 && p.size == p.seen.size }

// states calls each with every state that a name has had, as the span of operations
// after which it had it, and whether it is the state that was seen. It ends when each
// returns true.
func (h *history) states(name string, s *seen, each func(from, to int, same bool) bool) {
	list := h.names[name]
	if len(list) == 0 || list[0].op > 0 {
		end := h.last
		if len(list) > 0 {
			end = list[0].op - 1
		}
		if each(0, end, s.missing) {
			return
		}
	}
	for i, n := range list {
		end := h.last
		if i+1 < len(list) {
			end = list[i+1].op - 1
		}
		if n.object == nil {
			if each(n.op, end, s.missing) {
				return
			}
			continue
		}
		if h.contents(n, end, s, each) {
			return
		}
	}
}

func (h *history) contents(n naming, end int, s *seen, each func(from, to int, same bool) bool) bool {
	p := newPainter(s)
	for j, c := range n.object.changes {
		p.apply(c)
		to := end
		if j+1 < len(n.object.changes) {
			to = min(end, n.object.changes[j+1].op-1)
		}
		from := max(n.op, c.op)
		if from <= to && each(from, to, !s.missing && p.matches() && (s.object < 0 || s.object == n.object.id)) {
			return true
		}
	}
	return false
}

// torn reports whether a name is as no operation left it.
func (h *history) torn(name string, s *seen) bool {
	found := false
	h.states(name, s, func(_, _ int, same bool) bool {
		found = same
		return found
	})
	return !found
}

// disordered reports whether a name is neither as an operation left it nor as a
// beginning of the write that came next would leave it.
func (h *history) disordered(name string, s *seen) bool {
	if !h.torn(name, s) {
		return false
	}
	for _, n := range h.names[name] {
		if n.object != nil && (s.object < 0 || s.object == n.object.id) && n.object.halfDone(s) {
			return false
		}
	}
	return true
}

// halfDone reports whether what was seen is the object after some of its changes, and
// the beginning of the write that is the next.
func (o *object) halfDone(s *seen) bool {
	p := newPainter(s)
	for _, c := range o.changes {
		if c.n > 0 && p.begun(c) {
			return true
		}
		p.apply(c)
	}
	return false
}

// begun reports whether what was seen is the present state and a beginning of the write
// c. The stamp in which that ends may be cut through.
func (p *painter) begun(c change) bool {
	wrong, at := p.wrong, c.off/grain
	end := min((c.off+c.n)/grain, int64(len(p.want)))
	for at < end && p.seen.ops[at] == int32(c.op) {
		if p.want[at] != int32(c.op) {
			wrong--
		}
		at++
	}
	if at < end && p.seen.ops[at] == foreign {
		wrong-- // it is some of the old stamp and some of the new
	}
	return wrong == 0 && (p.seen.size == p.size || p.seen.size/grain == at && p.seen.size > p.size && p.seen.size <= c.off+c.n)
}

// finished reports whether a name is as the last operation left it.
func (h *history) finished(name string, s *seen) bool {
	found := false
	h.states(name, s, func(_, to int, same bool) bool {
		found = found || same && to == h.last
		return found
	})
	return found
}

// whole reports whether a file that was seen has all that was ever written into it.
func (h *history) whole(s *seen) bool {
	if s.missing || s.busy || s.object < 0 {
		return false
	}
	p := newPainter(s)
	for _, c := range h.objects[s.object].changes {
		p.apply(c)
	}
	return p.matches()
}

// behind says what a name lacks of what it was after operation op, or "". Later
// operations may be seen as well.
func (h *history) behind(name string, s *seen, op int) string {
	why := ""
	ok := false
	h.namings(name, op, func(n *naming, at int) bool {
		switch {
		case n == nil || n.object == nil:
			ok = ok || s.missing
		case s.missing:
			why = "MISSING"
		case s.object >= 0 && s.object != n.object.id:
			why = "OLD"
		default:
			lack := n.object.lacking(s, at)
			if lack != "" && why == "" {
				why = lack
			}
			ok = ok || lack == ""
		}
		return ok
	})
	if ok {
		return ""
	}
	return why
}

// namings calls each with what the name stood for after op, and from then on.
func (h *history) namings(name string, op int, each func(n *naming, at int) bool) {
	list := h.names[name]
	if len(list) == 0 || list[0].op > op {
		if each(nil, op) {
			return
		}
	}
	for i := range list {
		if i+1 < len(list) && list[i+1].op <= op {
			continue
		}
		if each(&list[i], max(op, list[i].op)) {
			return
		}
	}
}

// lacking says what is missing of an object as it was after op.
func (o *object) lacking(s *seen, op int) string {
	p := newPainter(s)
	shrinks := false
	for _, c := range o.changes {
		if c.op <= op {
			p.apply(c)
			continue
		}
		shrinks = shrinks || c.size < p.size
	}
	if s.size < p.size && !shrinks {
		return "SHORT"
	}
	for i, want := range p.want {
		switch got := s.ops[i]; {
		case got == foreign:
			return "MIXED"
		case got >= want || shrinks && got == zeros:
		case got == zeros:
			return "ZEROS"
		default:
			return "OLD"
		}
	}
	return ""
}

// flaw names what is wrong with a torn or unfinished file.
func (h *history) flaw(s *seen) string {
	switch {
	case s.missing:
		return "MISSING"
	case s.size == 0:
		return "EMPTY"
	}
	if s.object < 0 {
		return "MIXED"
	}
	o := h.objects[s.object]
	if why := o.lacking(s, int(slices.Max(s.ops))); why != "" {
		return why
	}
	if why := o.lacking(s, h.last); why != "" {
		return why
	}
	return "MIXED"
}

func (s *seen) String() string {
	switch {
	case s.busy:
		return "in use"
	case s.missing:
		return "not there"
	}
	return fmt.Sprintf("%d bytes", s.size)
}
