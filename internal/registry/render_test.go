package registry

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func fixedSettings(t *testing.T) Settings {
	t.Helper()
	p, err := Builtin("q143413")
	if err != nil {
		t.Fatal(err)
	}
	e, ok := LookupEdition(DefaultEdition)
	if !ok {
		t.Fatal("the default edition is missing")
	}
	return p.On(e)
}

func TestWriteTable(t *testing.T) {
	var out strings.Builder
	if err := WriteTable(&out, Rows(fixedSettings(t)), 140); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasSuffix(line, " ") {
			t.Errorf("blanks at the end of %q", line)
		}
		const fixed = 75 + 20 + 30 // the columns that do not shrink, and an origin
		if n := utf8.RuneCountInString(line); n > max(140, fixed)+30 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	got := squeeze(out.String())
	for _, want := range []string{
		rdrKey + "\n", wksKey + "\n", srvKey + "\n",
		"\n* UseWriteBehind REG_DWORD 0 or 1 1 0 (built-in q143413.reg:6) KB Q143413, Q163401 ",
		"\n* NtrdrWriteBehindScope REG_SZ all|writeonly all ours (KB Q143413 ",
		"\n* CacheFileTimeout REG_DWORD any (s) 10 KB Q102981, Q148811 ",
		"\n RawWorkItems REG_DWORD 1 to 512 items - KB Q146005, Q136377 ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the table lacks %q", want)
		}
	}
	if n := strings.Count(out.String(), "\n"); n < len(params)+3 {
		t.Errorf("%d lines for %d rows", n, len(params))
	}
}

// squeeze makes one blank of many.
func squeeze(s string) string {
	for strings.Contains(s, "  ") {
		s = strings.ReplaceAll(s, "  ", " ")
	}
	return s
}

func TestWriteJSON(t *testing.T) {
	var out strings.Builder
	if err := WriteJSON(&out, Rows(fixedSettings(t))); err != nil {
		t.Fatal(err)
	}
	var rows []map[string]any
	if err := json.Unmarshal([]byte(out.String()), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(Params()) {
		t.Fatalf("%d rows, want %d", len(rows), len(Params()))
	}
	want := map[string]any{
		"name": "UseWriteBehind", "path": rdrKey, "type": "REG_DWORD", "min": 0.0, "max": 1.0, "choices": nil,
		"unit": "0/1", "default": 1.0, "value": 0.0, "origin": "built-in q143413.reg:6", "changed": true,
		"source": "KB Q143413, Q163401", "effect": "0: an application's write returns when the server has answered it",
		"acted": true, "ours": false, "since": "",
	}
	if diff := cmp.Diff(want, rows[0]); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}
