package workload

import (
	"os"
	"strings"
	"testing"
)

// tail is a reader that any script can have.
const tail = "\nreader\n look A.DAT\n expect A.DAT whole\n"

// An editor on Windows ends lines otherwise, and may begin the file with a mark.
func TestTheTextOfAWindowsEditor(t *testing.T) {
	text := "application\n open f A.DAT\n write f 0 512" + tail
	if _, err := Load("w.txt", []byte("\ufeff"+strings.ReplaceAll(text, "\n", "\r\n"))); err != nil {
		t.Error(err)
	}
}

func TestErrorsNameFileAndLine(t *testing.T) {
	rows := []struct{ name, text, want string }{
		{"nothing", "", "the application does nothing"},
		{"no reader", "application\n open f A.DAT\n write f 0 512\n", "the reader needs a look"},
		{"no such operation", "application\n paint f" + tail, `w.txt:2: "paint" is no operation`},
		{"an operation outside of its part", "open f A.DAT" + tail, "w.txt:1: open: it belongs below before or application"},
		{"a look outside of its part", "application\n look A.DAT" + tail, "w.txt:2: look: it belongs below reader"},
		{"parts in another order", "reader\napplication" + tail, "w.txt:2: the parts are"},
		{"a word missing", "application\n write f 0" + tail, "w.txt:2: a size is missing"},
		{"a word too many", "application\n open f A.DAT create now" + tail, `w.txt:2: open: "now" is no option`},
		{"an odd size", "application\n open f A.DAT\n write f 0 100" + tail, `w.txt:3: "100" is no multiple of 16`},
		{"a huge size", "application\n open f A.DAT\n write f 0 65m" + tail, `w.txt:3: "65m" is no multiple of 16 between 0 and 67108864`},
		{"not open", "application\n write f 0 512" + tail, `line 2: write: "f" is not open`},
		{"already open", "application\n open f A.DAT\n open f B.DAT" + tail, `line 3: open: "f" is already open`},
		{"no such file", "application\n open f A.DAT existing" + tail, "line 2: open: there is no file A.DAT"},
		{"a file that is there", "application\n open f A.DAT\n close f\n open f A.DAT create" + tail, "line 4: open: there is a file A.DAT"},
		{"a rename onto a file", "before\n file A.DAT 0\n file B.DAT 0\napplication\n rename A.DAT B.DAT" + tail, "line 5: rename: there is a file B.DAT"},
		{"a path that leaves the share", `application` + "\n" + ` open f ..\A.DAT` + tail, `w.txt:2: "..\\A.DAT" is no file name`},
		{"a repeat without end", "application\n repeat 2\n open f A.DAT", "w.txt:2: repeat without end"},
		{"an end without repeat", "application\n end" + tail, "w.txt:2: end without repeat"},
		{"too deep", "application\n repeat 2\n repeat 2\n repeat 2\n repeat 2\n repeat 2" + tail, "w.txt:6: repeat: 4 deep"},
		{"rounds of nothing", "application\n repeat 1000\n repeat 1000\n end\n end" + tail, "rounds of repeats"},
		{"too many operations", "application\n open f A.DAT\n repeat 1000\n repeat 99\n write f 0 512\n flush f\n end\n end" + tail, "more than 100000"},
		{"too many bytes", "application\n open f A.DAT\n repeat 65\n write f 0 1m\n end" + tail, "more than 67108864 bytes are written"},
		{"a pick of nothing", "application\n pick r 4k 0 4k" + tail, "w.txt:2: pick r: from 4096 to 0 by 4096 picks nothing"},
		{"not picked", "application\n open f A.DAT\n write f r 4k" + tail, `line 3: write: "r" has not been picked`},
		{"a rule about nothing", "application\n open f A.DAT\n write f 0 512\nreader\n look A.DAT\n never B.DAT torn\n expect A.DAT whole", "w.txt:6: B.DAT: no file of that name"},
		{"no such state", "application\n open f A.DAT\nreader\n look A.DAT\n never A.DAT odd", `w.txt:5: never: "odd" is none of`},
		{"half a rule", "application\n open f A.DAT\nreader\n look A.DAT\n never A.DAT unfinished once", `w.txt:5: "done" is missing`},
		{"a think too long", "application\n think 2h" + tail, `w.txt:2: think: "2h" is no time`},
		{"nothing written", "application\n open f A.DAT\n close f" + tail, "the application writes nothing"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			_, err := Load("w.txt", []byte(r.text))
			if err == nil || !strings.Contains(err.Error(), r.want) || !strings.HasPrefix(err.Error(), "w.txt") {
				t.Errorf("got %v\nwant w.txt ... %s", err, r.want)
			}
		})
	}
}

func TestNamesOfBuiltins(t *testing.T) {
	for name, want := range map[string]string{
		"copy": "copy-256k", "copy-1m": "copy-1m", "copy-1024k": "copy-1m", "log-7": "log-7", "isam": "isam-60",
		"copy-0": "", "copy-100": "", "log-1k": "", "log-99999": "", "log-": "", "mailx": "", "copy-1g": "",
	} {
		s, err := ByName(name)
		switch {
		case want == "" && err == nil:
			t.Errorf("%s: no error", name)
		case want != "" && (err != nil || s.Name() != want):
			t.Errorf("%s: %v, %v; want %s", name, s, err, want)
		}
	}
	s, err := ByName("copy-100k")
	if err != nil || s.Bytes() != 100<<10 {
		t.Errorf("copy-100k writes %d bytes, %v", s.Bytes(), err)
	}
}

func TestTheExampleIsAWorkload(t *testing.T) {
	text, err := os.ReadFile("testdata/journal.txt")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Load("testdata/journal.txt", text)
	if err != nil || !strings.HasPrefix(s.Name(), "journal@") || s.Bytes() == 0 {
		t.Errorf("%v, %v", s, err)
	}
}

// FuzzLoad: no text panics, and whatever loads can be drawn for any seed or says why not.
func FuzzLoad(f *testing.F) {
	for _, b := range Builtins() {
		f.Add([]byte(b.Text))
	}
	if text, err := os.ReadFile("testdata/journal.txt"); err == nil {
		f.Add(text)
	}
	f.Fuzz(func(_ *testing.T, text []byte) {
		s, err := Load("f.txt", text)
		if err != nil {
			return
		}
		r := scriptRun{s: s}
		if r.plan, err = s.newPlan(2, func(n int64) int64 { return n - 1 }); err != nil {
			return
		}
		if r.plan.bytes < 1<<20 {
			r.verdict(replay(r.plan, len(r.plan.steps)), true)
		}
	})
}
