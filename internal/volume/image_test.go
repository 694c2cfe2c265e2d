package volume

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// tree is every path with its description and content.
func tree(t *testing.T, m *Mem, dir string, all map[string]any) map[string]any {
	t.Helper()
	for _, i := range must[[]nt.FileInfo](t)(m.List(dir, "*", "", 100)) {
		path := Join(dir, i.Name)
		all[path] = i
		if i.IsDir() {
			tree(t, m, path, all)
		} else {
			all[path+" data"] = string(must[[]byte](t)(m.ReadFile(path)))
		}
	}
	return all
}

// Whatever a volume that began with an image does, the image and every other volume of it
// stay as they were.
func TestVolumesOfAnImageDoNotTouchEachOther(t *testing.T) {
	source := newMem()
	for _, dir := range []string{"A", `A\B`, "C"} {
		if err := source.Mkdir(dir, 0); err != nil {
			t.Fatal(err)
		}
	}
	put(t, source, `A\B\one`, "the first file")
	put(t, source, `A\two`, "2")
	want := tree(t, source, "", map[string]any{})
	img := source.Image()

	for name, change := range map[string]func(t *testing.T, m *Mem) error{
		"write":    func(_ *testing.T, m *Mem) error { return m.WriteFile(`A\B\one`, []byte("overwritten")) },
		"create":   func(t *testing.T, m *Mem) error { put(t, m, `A\B\new`, "x"); return nil },
		"remove":   func(_ *testing.T, m *Mem) error { return m.Remove(`a\b\ONE`) },
		"rename":   func(_ *testing.T, m *Mem) error { return m.Rename(`A\B`, `C\B`) },
		"rmdir":    func(_ *testing.T, m *Mem) error { return m.Remove("C") },
		"mkdir":    func(_ *testing.T, m *Mem) error { return m.Mkdir(`A\B\D`, 0) },
		"change":   func(_ *testing.T, m *Mem) error { return m.Change(`A\two`, Change{Attributes: nt.AttrHidden}) },
		"truncate": func(t *testing.T, m *Mem) error { return truncateAndExtend(t, m, `A\B\one`) },
		"nothing":  func(*testing.T, *Mem) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			changed, other := NewMemFrom(img, newClock(), nil, StockLimits()), NewMemFrom(img, newClock(), nil, StockLimits())
			if err := change(t, changed); err != nil {
				t.Fatal(err)
			}
			got := tree(t, changed, "", map[string]any{})
			if same := cmp.Equal(want, got); same != (name == "nothing") {
				t.Errorf("the volume that was changed: as before %v", same)
			}
			for who, m := range map[string]*Mem{"source": source, "other": other, "later": NewMemFrom(img, newClock(), nil, StockLimits())} {
				if diff := cmp.Diff(want, tree(t, m, "", map[string]any{})); diff != "" {
					t.Errorf("%s (-before +after):\n%s", who, diff)
				}
			}
		})
	}
	if err := source.WriteFile(`A\two`, []byte("later than the image")); err != nil {
		t.Fatal(err)
	}
	if got := tree(t, NewMemFrom(img, newClock(), nil, StockLimits()), "", map[string]any{}); !cmp.Equal(want, got) {
		t.Error("a change of the source reached its image")
	}
}

// truncateAndExtend cuts a file and writes zeros and a byte where data was.
func truncateAndExtend(t *testing.T, m *Mem, path string) error {
	t.Helper()
	f := must[File](t)(m.Open(path))
	if err := f.Truncate(2); err != nil {
		return err
	}
	if _, err := f.WriteAt([]byte("!"), 8); err != nil {
		return err
	}
	return f.Close()
}

// A volume of an image counts what the image holds.
func TestAVolumeOfAnImageCountsItsContent(t *testing.T) {
	source := newMem()
	put(t, source, "file", "12345")
	limits := StockLimits()
	limits.Entries = 1
	m := NewMemFrom(source.Image(), newClock(), nil, limits)
	if total, free := m.Space(); total-free != 5 {
		t.Errorf("%d bytes in use, want 5", total-free)
	}
	if _, err := m.Create("more", 0); !errors.Is(err, nt.StatusDiskFull) {
		t.Errorf("one entry too many: %v", err)
	}
}

// An image of a volume that began with one has what the volume has made of it.
func TestAnImageOfAVolumeOfAnImage(t *testing.T) {
	source := newMem()
	mkdir(t, source, "A")
	put(t, source, `A\one`, "1")
	put(t, source, `A\two`, "2")
	m := NewMemFrom(source.Image(), newClock(), nil, StockLimits())
	if err := errors.Join(m.WriteFile(`A\one`, []byte("changed")), m.Remove(`A\two`)); err != nil {
		t.Fatal(err)
	}
	put(t, m, `A\three`, "3")
	again := NewMemFrom(m.Image(), newClock(), nil, StockLimits())
	want := map[string][]byte{`A\`: nil, `A\one`: []byte("changed"), `A\three`: []byte("3")}
	if diff := cmp.Diff(want, again.Snapshot()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(tree(t, m, "", map[string]any{}), tree(t, again, "", map[string]any{})); diff != "" {
		t.Error(diff)
	}
}
