package volume

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
)

type fixedClock time.Time

func (c *fixedClock) Now() time.Time { return time.Time(*c) }

func newClock() *fixedClock {
	c := fixedClock(time.Date(1996, 1, 2, 3, 4, 5, 0, time.UTC))
	return &c
}

func newMem() *Mem { return NewMem(newClock(), nil, StockLimits()) }

func newDir(t *testing.T) *Dir {
	t.Helper()
	d, err := OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// each runs a test on both volumes: they must not differ where NT does not.
func each(t *testing.T, f func(t *testing.T, v Volume)) {
	t.Helper()
	t.Run("mem", func(t *testing.T) { f(t, newMem()) })
	t.Run("dir", func(t *testing.T) { f(t, newDir(t)) })
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func put(t *testing.T, v Volume, path, text string) {
	t.Helper()
	f := must[File](t)(v.Create(path, 0))
	must[int](t)(f.WriteAt([]byte(text), 0))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, v Volume, path string) string {
	t.Helper()
	f := must[File](t)(v.Open(path))
	info := must[nt.FileInfo](t)(f.Stat())
	b := make([]byte, info.Size)
	if _, err := f.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func mkdir(t *testing.T, v Volume, path string) {
	t.Helper()
	if err := v.Mkdir(path, 0); err != nil {
		t.Fatal(err)
	}
}

func listed(t *testing.T, v Volume, dir, pattern string) []string {
	t.Helper()
	var got []string
	for _, i := range must[[]nt.FileInfo](t)(v.List(dir, pattern, "", 1000)) {
		got = append(got, i.Name)
	}
	return got
}

func TestNamesIgnoreCaseAndKeepIt(t *testing.T) {
	each(t, func(t *testing.T, v Volume) {
		mkdir(t, v, `MailData`)
		put(t, v, `\maildata\Inbox.mbg`, "x")
		info := must[nt.FileInfo](t)(v.Stat(`MAILDATA\INBOX.MBG`))
		if info.Name != "Inbox.mbg" {
			t.Errorf("Name = %q, want Inbox.mbg", info.Name)
		}
		if _, err := v.Create(`MailData\INBOX.mbg`, 0); !errors.Is(err, nt.StatusObjectNameCollision) {
			t.Errorf("Create in another case: %v", err)
		}
		if err := v.Rename(`maildata\inbox.MBG`, `maildata\INBOX.MBG`); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"INBOX.MBG"}, listed(t, v, "mailDATA", "*")); diff != "" {
			t.Error("after a rename of case alone:", diff)
		}
	})
}

func TestWhatIsFoundCanBeOpenedWhileItIsThere(t *testing.T) {
	each(t, func(t *testing.T, v Volume) {
		put(t, v, "Inbox", "x")
		found := must[Found](t)(v.Find(`\INBOX`))
		if found.Info.Name != "Inbox" || found.Info.Size != 1 {
			t.Errorf("found %+v", found.Info)
		}
		f := must[File](t)(found.Open())
		if info := must[nt.FileInfo](t)(f.Stat()); info != found.Info {
			t.Errorf("opened %+v, found %+v", info, found.Info)
		}
		if err := errors.Join(f.Close(), v.Remove("inbox")); err != nil {
			t.Fatal(err)
		}
		if _, err := found.Open(); !errors.Is(err, nt.StatusObjectNameNotFound) {
			t.Errorf("opened when it was gone: %v", err)
		}
		if _, err := v.Find("inbox"); !errors.Is(err, nt.StatusObjectNameNotFound) {
			t.Errorf("found when it was gone: %v", err)
		}
		if err := must[File](t)(must[Found](t)(v.Find("")).Open()).Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestGapReadsAsZero(t *testing.T) {
	each(t, func(t *testing.T, v Volume) {
		f := must[File](t)(v.Create("a", 0))
		must[int](t)(f.WriteAt([]byte("head"), 0))
		must[int](t)(f.WriteAt([]byte("tail"), 10))
		if err := f.Truncate(16); err != nil {
			t.Fatal(err)
		}
		if got, want := get(t, v, "a"), "head\x00\x00\x00\x00\x00\x00tail\x00\x00"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if err := f.Truncate(2); err != nil {
			t.Fatal(err)
		}
		if err := f.Truncate(6); err != nil {
			t.Fatal(err)
		}
		if got, want := get(t, v, "a"), "he\x00\x00\x00\x00"; got != want {
			t.Errorf("shrunk and grown: got %q, want %q", got, want)
		}
		must[int](t)(f.WriteAt([]byte("x"), 7))
		if got, want := get(t, v, "a"), "he\x00\x00\x00\x00\x00x"; got != want {
			t.Errorf("grown by a write: got %q, want %q", got, want)
		}
		p := make([]byte, 4)
		if n, err := f.ReadAt(p, 6); n != 2 || !errors.Is(err, io.EOF) || string(p[:n]) != "\x00x" {
			t.Errorf("ReadAt at the end = %d %q, %v", n, p[:n], err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestStatuses(t *testing.T) {
	each(t, func(t *testing.T, v Volume) {
		mkdir(t, v, "D")
		mkdir(t, v, `D\Sub`)
		put(t, v, `D\f`, "x")
		put(t, v, "g", "x")
		open := func(path string) error { _, err := v.Open(path); return err }
		list := func(path string) error { _, err := v.List(path, "*", "", 1); return err }
		for _, row := range []struct {
			what string
			err  error
			want nt.Status
		}{
			{"missing name", open("nope"), nt.StatusObjectNameNotFound},
			{"missing directory", open(`nope\f`), nt.StatusObjectPathNotFound},
			{"a file is no directory", open(`g\f`), nt.StatusObjectPathNotFound},
			{"dot dot", open(`..\etc\passwd`), nt.StatusObjectNameInvalid},
			{"slash", open(`D/f`), nt.StatusObjectNameInvalid},
			{"stream", open(`g:s`), nt.StatusObjectNameInvalid},
			{"empty component", open(`D\\f`), nt.StatusObjectNameInvalid},
			{"nul", open("g\x00"), nt.StatusObjectNameInvalid},
			{"long", open(strings.Repeat("x", 300)), nt.StatusObjectNameInvalid},
			{"deep", open(strings.Repeat(`a\`, 600) + "a"), nt.StatusObjectNameInvalid},
			{"mkdir over a file", v.Mkdir("G", 0), nt.StatusObjectNameCollision},
			{"mkdir without parent", v.Mkdir(`x\y`, 0), nt.StatusObjectPathNotFound},
			{"remove a full directory", v.Remove("D"), nt.StatusDirectoryNotEmpty},
			{"remove the root", v.Remove(""), nt.StatusAccessDenied},
			{"rename onto another", v.Rename("g", `d\F`), nt.StatusObjectNameCollision},
			{"rename what is missing", v.Rename("nope", "x"), nt.StatusObjectNameNotFound},
			{"rename the root", v.Rename("", "x"), nt.StatusAccessDenied},
			{"list a file", list("g"), nt.StatusNotADirectory},
			{"list nothing", list("nope"), nt.StatusObjectPathNotFound},
		} {
			if !errors.Is(row.err, row.want) {
				t.Errorf("%s: got %v, want %v", row.what, row.err, row.want)
			}
		}
	})
}

func TestListIsSortedAndResumes(t *testing.T) {
	each(t, func(t *testing.T, v Volume) {
		for _, n := range []string{"c.txt", "B.txt", "a.txt", "d.bin", "E"} {
			put(t, v, n, n)
		}
		if diff := cmp.Diff([]string{"a.txt", "B.txt", "c.txt", "d.bin", "E"}, listed(t, v, "", "*")); diff != "" {
			t.Error(diff)
		}
		var got []string
		after := ""
		for {
			page := must[[]nt.FileInfo](t)(v.List("", "*.txt", after, 2))
			if len(page) == 0 {
				break
			}
			for _, i := range page {
				got = append(got, i.Name)
			}
			after = page[len(page)-1].Name
			if err := v.Remove(after); err != nil { // a resumed list does not care
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff([]string{"a.txt", "B.txt", "c.txt"}, got); diff != "" {
			t.Error("in pages:", diff)
		}
		if diff := cmp.Diff([]string{"a.txt", "E"}, append(listed(t, v, "", "A.TXT"), listed(t, v, "", "e")...)); diff != "" {
			t.Error("by name:", diff)
		}
	})
}

func TestReadOnlyIsNotRemoved(t *testing.T) {
	each(t, func(t *testing.T, v Volume) {
		put(t, v, "f", "x")
		if err := v.Change("f", Change{Attributes: nt.AttrReadOnly}); err != nil {
			t.Fatal(err)
		}
		if err := v.Remove("f"); !errors.Is(err, nt.StatusCannotDelete) {
			t.Errorf("Remove: %v", err)
		}
		if err := v.Change("f", Change{Attributes: nt.AttrNormal}); err != nil {
			t.Fatal(err)
		}
		if err := v.Remove("f"); err != nil {
			t.Error(err)
		}
	})
}

func TestWrittenTimeCanBeSet(t *testing.T) {
	at := time.Date(1995, 5, 6, 7, 8, 10, 0, time.UTC)
	each(t, func(t *testing.T, v Volume) {
		put(t, v, "f", "x")
		if err := v.Change("f", Change{Written: nt.FileTimeOf(at)}); err != nil {
			t.Fatal(err)
		}
		if got := must[nt.FileInfo](t)(v.Stat("f")).Written.Time(); !got.Equal(at) {
			t.Errorf("Written = %v, want %v", got, at)
		}
	})
}

func TestMatch(t *testing.T) {
	for _, row := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "a.b", true},
		{"*.*", "readme", true},
		{"*.mbg", "IN.MBG", true},
		{"*.mbg", "in.mbgx", false},
		{"a*c*e", "abcde", true},
		{"a*c*e", "abcd", false},
		{"?.b", "a.b", true},
		{"?.b", ".b", false},
		{"??", "a", false},
		{">>", "a", true},
		{">>", "abc", false},
		{`>>>>>>>>">>>`, "a.b", true},
		{`>>>>>>>>">>>`, "readme", true},
		{`>>>>>>>>">>>`, "readme.html", false},
		{"<.b", "x.a.b", true},
		{"<.b", "x.b.a", false},
		{"<", "noext", true},
		{"<", "has.ext", false},
		{`a"`, "a", true},
		{`a"`, "a.", true},
		{`a"b`, "a.b", true},
		{`a"b`, "ab", false},
		{"ä?", "Äx", true},
		{strings.Repeat("*a", 40), strings.Repeat("a", 200) + "b", false},
	} {
		if got := Match(row.pattern, row.name); got != row.want {
			t.Errorf("Match(%q, %q) = %v, want %v", row.pattern, row.name, got, row.want)
		}
	}
}

func TestLimits(t *testing.T) {
	m := NewMem(newClock(), nil, Limits{Capacity: 100, FileSize: 60, Entries: 3})
	put(t, m, "a", strings.Repeat("x", 60))
	f := must[File](t)(m.Create("b", 0))
	for _, row := range []struct {
		what string
		do   func() error
	}{
		{"a byte past the file limit", func() error { _, err := f.WriteAt([]byte("x"), 60); return err }},
		{"a sparse file past the capacity", func() error { return f.Truncate(41) }},
		{"an offset that overflows", func() error { _, err := f.WriteAt([]byte("x"), 1<<62); return err }},
		{"more than one entry more", func() error {
			return errors.Join(m.Mkdir("c", 0), m.Mkdir("d", 0))
		}},
	} {
		if err := row.do(); !errors.Is(err, nt.StatusDiskFull) {
			t.Errorf("%s: %v", row.what, err)
		}
	}
	if err := m.Remove("a"); err != nil {
		t.Fatal(err)
	}
	if _, free := m.Space(); free != 100 {
		t.Errorf("free = %d after the file was removed, want 100", free)
	}
}

func TestRemovedFileKeepsItsSpaceWhileOpen(t *testing.T) {
	m := NewMem(newClock(), nil, Limits{Capacity: 100, FileSize: 100, Entries: 3})
	f := must[File](t)(m.Create("a", 0))
	must[int](t)(f.WriteAt(make([]byte, 40), 0))
	if err := m.Remove("a"); err != nil {
		t.Fatal(err)
	}
	if _, free := m.Space(); free != 60 {
		t.Errorf("free = %d while open, want 60", free)
	}
	must[int](t)(f.WriteAt(make([]byte, 10), 40))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, free := m.Space(); free != 100 {
		t.Errorf("free = %d after the close, want 100", free)
	}
}

func TestDirectoryDoesNotMoveIntoItself(t *testing.T) {
	m := newMem()
	if err := m.MkdirAll(`a\b`); err != nil {
		t.Fatal(err)
	}
	if err := m.Rename("a", `a\b\c`); !errors.Is(err, nt.StatusInvalidParameter) {
		t.Errorf("got %v", err)
	}
}

func TestSnapshot(t *testing.T) {
	m := newMem()
	if err := m.MkdirAll(`MAILDATA\KEY`); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{`MAILDATA\KEY\1.KEY`: "key", "top": "old"} {
		if err := m.WriteFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.WriteFile("TOP", []byte("new")); err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{
		`MAILDATA\`: nil, `MAILDATA\KEY\`: nil, `MAILDATA\KEY\1.KEY`: []byte("key"), "top": []byte("new"),
	}
	if diff := cmp.Diff(want, m.Snapshot()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]byte("new"), must[[]byte](t)(m.ReadFile(`\Top`))); diff != "" {
		t.Error(diff)
	}
}

func TestDirIsConfined(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	inside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(inside, "link")); err != nil {
		t.Skip("no symbolic links here (run it on a file system that has them, on Windows in developer mode):", err)
	}
	d, err := OpenDir(inside)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	if f, err := d.Open("link"); err == nil {
		t.Error("opened", f)
	}
	if got := listed(t, d, "", "*"); got != nil {
		t.Errorf("listed %q", got)
	}
}

// Writing a file in order copies it a constant number of times.
func TestAppendDoesNotReallocateEachWrite(t *testing.T) {
	m := newMem()
	f := must[File](t)(m.Create("a", 0))
	block, off := make([]byte, 4096), int64(0)
	n := testing.AllocsPerRun(1000, func() {
		must[int](t)(f.WriteAt(block, off))
		off += int64(len(block))
	})
	if n >= 1 {
		t.Errorf("%v allocations a write, want less than one", n)
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("*.mbg", "a.mbg")
	f.Add(`<">?*`, "a.b.c")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if strings.ContainsRune(pattern+name, '\\') {
			return // neither is a name
		}
		if Match(pattern, name) != Match(Fold(pattern), Fold(name)) {
			t.Errorf("case matters to Match(%q, %q)", pattern, name)
		}
	})
}
