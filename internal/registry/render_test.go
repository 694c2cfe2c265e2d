package registry

import (
	"encoding/json"
	"slices"
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
	if err := WriteTable(&out, Rows(fixedSettings(t)), 0); err != nil {
		t.Fatal(err)
	}
	got := squeeze(out.String())
	for _, want := range []string{
		rdrKey + "\n", wksKey + "\n", srvKey + "\n",
		"\n* UseWriteBehind REG_DWORD 0 or 1 1 1 0 (built-in q143413.reg:6) KB Q143413, Q163401 ",
		"\n* NtrdrWriteBehindScope REG_SZ all|writeonly all all ours (KB Q143413 ",
		"\n* CacheFileTimeout REG_DWORD any (s) 10 10 KB Q102981, Q148811 ",
		"\n MaxWorkItems REG_DWORD 1 to 512 items - - KB Q102967 ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the table lacks %q", want)
		}
	}
}

// A table fits the terminal: with less room it has fewer columns.
func TestWriteTableFits(t *testing.T) {
	for width, columns := range map[int]string{
		200: " name type range 3.5 3.51 value source effect",
		165: " name type range 3.5 3.51 value source effect",
		140: " name range 3.5 3.51 value effect",
		100: " name value effect",
		80:  " name value effect",
	} {
		var out strings.Builder
		if err := WriteTable(&out, Rows(fixedSettings(t)), width); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "\n"); n < len(params)+3 {
			t.Errorf("%d: %d lines for %d rows", width, n, len(params))
		}
		if !strings.Contains(squeeze(out.String()), "\n"+columns+"\n") {
			t.Errorf("%d: the columns are not%s", width, columns)
		}
		for line := range strings.Lines(out.String()) {
			line = strings.TrimSuffix(line, "\n")
			isRow := !strings.HasPrefix(line, "HKEY") && !strings.Contains(line, "ntrdr params NAME")
			if n := utf8.RuneCountInString(line); n > width && isRow {
				t.Errorf("%d: %d columns: %s", width, n, line)
			}
			if strings.HasSuffix(line, " ") {
				t.Errorf("%d: blanks at the end of %q", width, line)
			}
		}
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
		"unit": "0/1", "default_3.5": 1.0, "default_3.51": 1.0, "value": 0.0, "origin": "built-in q143413.reg:6", "changed": true,
		"source": "KB Q143413, Q163401", "effect": "0: an application's write returns when the server has answered it",
		"acted": true, "idle": "", "at_once": false, "ours": false, "only": "", "since": "",
	}
	if diff := cmp.Diff(want, rows[0]); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestWriteDetails(t *testing.T) {
	p, _, err := Load("my.reg", strings.NewReader(reg("["+rdrKey+"]", `"UseWriteBehind"=dword:0`)))
	if err != nil {
		t.Fatal(err)
	}
	e, _ := LookupEdition("nt35")
	rows := slices.DeleteFunc(Rows(p.On(e)), func(r Row) bool {
		return !slices.Contains([]string{"UseWriteBehind", "SessTimeout", "StackSize", "Disc", "FailedConnectTimeout"}, r.Name)
	})
	var out strings.Builder
	if err := WriteDetails(&out, rows); err != nil {
		t.Fatal(err)
	}
	want := `UseWriteBehind
  key       HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Rdr\Parameters
  type      REG_DWORD, 0 or 1
  default   1 in NT 3.5, 1 in NT 3.51
  value     0 (my.reg:3)
  source    KB Q143413, Q163401
  effect    0: an application's write returns when the server has answered it
  acted on  yes; a change acts after a restart of the redirector or the server

StackSize
  key       HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Rdr\Parameters
  type      REG_DWORD, any
  default   4 in NT 3.5, 4 in NT 3.51
  value     4 (NT 3.5 default)
  source    KB Q103003
  effect    the IRP stack size of the redirector
  acted on  no: memory of the driver, nothing that an application or the wire shows

FailedConnectTimeout
  key       HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Rdr\Parameters
  type      REG_DWORD, any (s)
  default   - in NT 3.5, - in NT 3.51
  value     - (NT 3.5 default)
  source    KB Q185081, Q242528
  effect    how long a failed connect is remembered
  acted on  no: known from NT 4.0 SP4 on; NT 3.5x ignores it

SessTimeout
  key       HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\LanmanWorkstation\Parameters
  type      REG_DWORD, 10 to 65535 s
  default   45 in NT 3.5, 45 in NT 3.51
  value     45 (NT 3.5 default)
  source    KB Q102981, Q102067
  effect    added to an SMB's time on the wire: the redirector waits that long for the answer
  acted on  yes; a change acts at once

Disc
  key       HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters
  type      REG_DWORD, any (min)
  default   15 in NT 3.5, - in NT 3.51
  value     15 (NT 3.5 default)
  source    KB Q102967, Q102469
  effect    as AutoDisconnect, which replaced it in 3.51
  acted on  yes; a change acts after a restart of the redirector or the server
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// What an edition has otherwise than a stock 3.51 is marked as changed.
func TestRowsMarkWhatTheEditionSets(t *testing.T) {
	for name, want := range map[string][]string{
		"kb143413":       nil,
		"q163401-strict": {"NtrdrWriteBehindScope: writeonly (edition q163401-strict: KB Q163401)"},
		"nt351-hotfixed": {"NtrdrWriteBehindScope: writeonly (edition nt351-hotfixed: KB Q163401)"},
		"nt35": {
			"NtrdrQuirkRawOddSplit: 1 (edition nt35: KB Q152348)",
			"NtrdrQuirkInt21LostWrite: 1 (edition nt35: KB Q111027)",
			"NtrdrQuirkInvalidTidLoop14Min: 1 (edition nt35: KB Q130003)",
			"NtrdrQuirkUnlockLost: 1 (edition nt35: KB Q123062)",
			"NtrdrQuirkReadsOfAPage: 1 (edition nt35: KB Q123976)",
			"AutoDisconnect: - (NT 3.5 default)",
			"Disc: 15 (NT 3.5 default)",
			"SharingViolationRetries: - (NT 3.5 default)",
			"SharingViolationDelay: - (NT 3.5 default)",
			"Comment:  (NT 3.5 default)",
			"NullSessionPipes: - (NT 3.5 default)",
			"NullSessionShares: - (NT 3.5 default)",
		},
	} {
		e, _ := LookupEdition(name)
		var got []string
		for _, r := range Rows(Settings{Edition: e}) {
			if r.Changed {
				got = append(got, r.Name+": "+r.value.String()+" ("+r.Origin+")")
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", name, diff)
		}
	}
}
