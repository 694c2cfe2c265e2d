package workload

import (
	"maps"
	"math/rand/v2"
	"testing"
)

// disk is what a server holds: names and bytes.
type disk map[string][]byte

// replay makes the disk after the first k operations, by doing them.
func replay(p *plan, k int) disk {
	d := disk{}
	for i := range p.before {
		s := &p.before[i]
		if s.verb == vFile {
			d[s.name] = make([]byte, s.n)
			stamp(d[s.name], s.object.id, 0, 0, 0)
		}
	}
	for i := range p.steps[:k] {
		s := &p.steps[i]
		switch s.verb {
		case vOpen:
			if d[s.name] == nil {
				d[s.name] = []byte{}
			}
		case vWrite:
			b := make([]byte, max(int64(len(d[s.name])), s.off+s.n))
			copy(b, d[s.name])
			stamp(b[s.off:s.off+s.n], s.object.id, p.salt, s.op, s.off)
			d[s.name] = b
		case vSetSize:
			b := make([]byte, s.n)
			copy(b, d[s.name])
			d[s.name] = b
		case vDelete:
			delete(d, s.name)
		case vRename:
			d[s.to] = d[s.name]
			delete(d, s.name)
		default:
		}
	}
	return d
}

// testRun is a run of a script, for its rules.
func testRun(t testing.TB, s *Script) *scriptRun {
	t.Helper()
	p, err := s.newPlan(7, rand.New(rand.NewPCG(7, 7)).Int64N)
	if err != nil {
		t.Fatal(err)
	}
	return &scriptRun{s: s, plan: p}
}

func script(t testing.TB, name string) *Script {
	t.Helper()
	s, err := ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// see looks at a disk.
func (r *scriptRun) see(d disk) map[string]seen {
	all := map[string]seen{}
	for _, name := range r.plan.order {
		b, there := d[name]
		if !there {
			all[name] = seen{missing: true, object: -1}
			continue
		}
		all[name] = r.plan.decode(b)
	}
	return all
}

// verdict is the code and reason of the first rule that forbids the disk.
func (r *scriptRun) verdict(d disk, done bool) string {
	for i := range r.s.never {
		if f := r.judge(&r.s.never[i], r.see(d), done); f.code != "" {
			return f.code + " " + f.reason
		}
	}
	return ""
}

// What the application itself makes of its files is never forbidden, after whichever
// operation the reader looks; and in the end it is all that is expected.
func TestNoPrefixOfTheOperationsIsForbidden(t *testing.T) {
	for _, name := range []string{"copy", "log-20", "isam-20", "build-5", "office-2"} {
		r := testRun(t, script(t, name))
		n := len(r.plan.steps)
		for k := range n + 1 {
			d := replay(r.plan, k)
			if got := r.verdict(d, k == n); got != "" {
				t.Errorf("%s after %d of %d operations: %s", name, k, n, got)
			}
			if why := r.lacking(r.see(d)); k == n && why.code != "" {
				t.Errorf("%s at the end: %v", name, why)
			}
		}
	}
}

// zero makes zeros of a range.
func zero(b []byte, from, to int) []byte {
	b = append([]byte{}, b...)
	clear(b[from:to])
	return b
}

func TestStatesThatAReaderMayNeverSee(t *testing.T) {
	rows := []struct {
		name     string
		workload string
		at       float64 // of the operations, which are done
		done     bool
		change   func(now, before disk)
		want     string
	}{
		{"a copy that still grows", "copy", 0.5, false, func(_, _ disk) {}, ""},
		{"a short copy after success", "copy", 1, true, func(d, _ disk) { d["COPY.DAT"] = d["COPY.DAT"][:64<<10] }, ""},
		{"an empty copy after success", "copy", 1, true, func(d, _ disk) { d["COPY.DAT"] = nil }, ""},
		{"no copy after success", "copy", 1, true, func(d, _ disk) { delete(d, "COPY.DAT") }, ""},
		{"a hole in a copy after success", "copy", 1, true, func(d, _ disk) { d["COPY.DAT"] = zero(d["COPY.DAT"], 4096, 8192) }, "disordered ZEROS"},
		{"a hole in a copy that still grows", "copy", 0.5, false, func(d, _ disk) { d["COPY.DAT"] = zero(d["COPY.DAT"], 4096, 8192) }, "disordered ZEROS"},
		{"a copy of the right length whose end is zeros", "copy", 1, true, func(d, _ disk) { d["COPY.DAT"] = zero(d["COPY.DAT"], 200<<10, 256<<10) }, "disordered ZEROS"},
		{"a copy that ends within a write", "copy", 1, true, func(d, _ disk) { d["COPY.DAT"] = d["COPY.DAT"][:100<<10] }, ""},
		{"a copy that ends within a stamp", "copy", 1, true, func(d, _ disk) { d["COPY.DAT"] = d["COPY.DAT"][:100<<10+7] }, ""},
		{"a copy that ends within a write, and then zeros", "copy", 1, true, func(d, _ disk) { d["COPY.DAT"] = zero(d["COPY.DAT"][:101<<10], 100<<10, 101<<10) }, "disordered SHORT"},
		{"a copy whose writes have changed places", "copy", 1, true, func(d, _ disk) { copy(d["COPY.DAT"][64<<10:], d["COPY.DAT"][:64<<10]) }, "disordered MIXED"},
		{"another trial's copy", "copy", 1, true, func(d, _ disk) { stamp(d["COPY.DAT"], 1, 1, 2, 0) }, "disordered MIXED"},
		{"a log that is ahead of its index", "log", 1, true, func(d, b disk) { d["LOG.IDX"] = b["LOG.IDX"] }, ""},
		{"an index that is ahead of its log", "log", 1, true, func(d, b disk) { d["LOG.DAT"] = b["LOG.DAT"] }, "ahead SHORT"},
		{"a record that is zeros", "log", 0.5, false, func(d, _ disk) { d["LOG.DAT"] = zero(d["LOG.DAT"], 1024, 2048) }, "ahead ZEROS"},
		{"a log that is not there", "log", 0.5, false, func(d, _ disk) { delete(d, "LOG.DAT") }, "ahead MISSING"},
		{"a table whose last header is missing", "isam", 1, true, func(d, b disk) { copy(d["TABLE.DAT"], b["TABLE.DAT"][:4096]) }, "torn OLD"},
		{"a table whose header is ahead", "isam", 0.5, false, func(d, b disk) { copy(d["TABLE.DAT"][4096:], b["TABLE.DAT"][4096:]) }, "torn OLD"},
		{"a record that is torn", "isam", 0.5, false, func(d, _ disk) { d["TABLE.DAT"] = zero(d["TABLE.DAT"], 8192, 8704) }, "torn ZEROS"},
		{"a manifest beside a short product", "build", 1, true, func(d, _ disk) { d["PROG.EXE"] = d["PROG.EXE"][:2048] }, "ahead SHORT"},
		{"a manifest beside an empty object", "build", 1, true, func(d, _ disk) { d[`OBJ\F003.OBJ`] = nil }, "ahead SHORT"},
		{"an empty manifest beside an empty object", "build", 1, true, func(d, _ disk) { d[`OBJ\F003.OBJ`], d["MANIFEST.TXT"] = nil, nil }, ""},
		{"a torn document", "office", 1, true, func(d, _ disk) { d["REPORT.DOC"] = d["REPORT.DOC"][:8192] }, "torn SHORT"},
		{"an empty document", "office", 1, true, func(d, _ disk) { d["REPORT.DOC"] = nil }, "torn EMPTY"},
		{"the document of the save before", "office", 1, true, func(d, b disk) { d["REPORT.DOC"] = b["REPORT.DOC"] }, ""},
		{"no document, and a whole new one", "office", 1, false, func(d, _ disk) { d["REPORT.TMP"] = d["REPORT.DOC"]; delete(d, "REPORT.DOC") }, ""},
		{"no document, and half a new one", "office", 1, false, func(d, _ disk) { d["REPORT.TMP"] = d["REPORT.DOC"][:4096]; delete(d, "REPORT.DOC") }, "missing MISSING"},
		{"neither", "office", 1, true, func(d, _ disk) { delete(d, "REPORT.DOC") }, "missing MISSING"},
		{"another trial's bytes", "office", 1, true, func(d, _ disk) { stamp(d["REPORT.DOC"], 1, 1, 2, 0) }, "torn MIXED"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := testRun(t, script(t, row.workload))
			n := len(r.plan.steps)
			d := replay(r.plan, int(float64(n)*row.at))
			for name := range d { // map order: each is copied
				d[name] = append([]byte{}, d[name]...)
			}
			row.change(d, replay(r.plan, int(float64(n)*row.at*0.6)))
			if got := r.verdict(d, row.done); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// What is out of order in a file that is written over in place, and then made longer.
func TestABeginningOfAWriteInPlaceIsInOrder(t *testing.T) {
	w, err := Load("w.txt", []byte(`before
  file A.DAT 8k
application
  open f A.DAT
  write f 2k 2k
  write f 6k 4k
reader
  look A.DAT
  never A.DAT out of order
  expect A.DAT whole
`))
	if err != nil {
		t.Fatal(err)
	}
	r := testRun(t, w)
	old, first, last := replay(r.plan, 1)["A.DAT"], replay(r.plan, 2)["A.DAT"], replay(r.plan, 3)["A.DAT"]
	join := func(b []byte, at int, rest []byte) []byte { return append(append([]byte{}, b[:at]...), rest[at:]...) }
	for name, row := range map[string]struct {
		file []byte
		want string
	}{
		"the first half of a write":                     {join(first, 3<<10, old), ""},
		"a write that ends within a stamp":              {join(first, 3<<10+3, old), ""},
		"the second half of a write":                    {join(old, 3<<10, first), "disordered OLD"},
		"half a write, and the file ends there":         {first[:3<<10], "disordered SHORT"},
		"the part of a write that is over the old end":  {last[:8<<10], ""},
		"a write that goes past the old end, half done": {last[:9<<10+5], ""},
		"the second write without the first":            {join(old, 6<<10, last), "disordered OLD"},
		"some bytes after the end":                      {append(append([]byte{}, last...), 1, 2, 3), "disordered MIXED"},
	} {
		if got := r.verdict(disk{"A.DAT": row.file}, false); got != row.want {
			t.Errorf("%s: got %q, want %q", name, got, row.want)
		}
	}
}

// Whatever of the later writes is missing, a mixture is called torn.
func TestAnyMixtureOfTwoMomentsOfATableIsTorn(t *testing.T) {
	r := testRun(t, script(t, "isam-20"))
	n := len(r.plan.steps)
	late, early := replay(r.plan, n), replay(r.plan, n/2)
	for block := 0; block < len(late["TABLE.DAT"]); block += 4096 {
		d := maps.Clone(late)
		b := append([]byte{}, late["TABLE.DAT"]...)
		copy(b[block:block+4096], early["TABLE.DAT"][block:])
		d["TABLE.DAT"] = b
		same := string(b) == string(late["TABLE.DAT"])
		if got := r.verdict(d, false); (got == "") != same {
			t.Errorf("block %d as it was half way: %q, the same bytes: %v", block/4096, got, same)
		}
	}
}
