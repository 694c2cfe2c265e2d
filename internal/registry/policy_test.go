package registry

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	wksKey = `HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\LanmanWorkstation\Parameters`
	srvKey = `HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters`
)

// reg is a file with the given lines from line 2 on.
func reg(lines ...string) string { return "REGEDIT4\n" + strings.Join(lines, "\n") + "\n" }

// said is a policy as "name=value from origin" lines.
func said(p *Policy) []string {
	var out []string
	for _, s := range p.Settings() {
		out = append(out, s.Param.Name+"="+s.Value.String()+" from "+s.Origin.String())
	}
	return out
}

// loadTests are files that load.
var loadTests = []struct {
	name     string
	text     string
	want     []string
	warnings []string
}{
	{
		"the remedy of Q143413",
		reg("["+rdrKey+"]", `"UseWriteBehind"=dword:00000000`),
		[]string{"UseWriteBehind=0 from x/my.reg:3"},
		nil,
	},
	{
		"table order, any case, a number as hex(4)",
		reg("["+srvKey+"]", `"sizreqbuf"=hex(4):00,10,00,00`, "["+strings.ToUpper(rdrKey)+"]", `"USEWRITEBEHIND"=dword:1`),
		[]string{"UseWriteBehind=1 from x/my.reg:5", "SizReqBuf=4096 from x/my.reg:3"},
		nil,
	},
	{
		"the last of two wins",
		reg("["+wksKey+"]", `"MaxCmds"=dword:5`, `"maxcmds"=dword:6`),
		[]string{"MaxCmds=6 from x/my.reg:4"},
		nil,
	},
	{
		"a deleted value is not set",
		reg("["+wksKey+"]", `"MaxCmds"=dword:5`, `"MaxCmds"=-`), nil, nil,
	},
	{
		"a deleted key forgets what was set under it",
		reg("["+wksKey+"]", `"MaxCmds"=dword:5`, "["+rdrKey+"]", `"UseWriteBehind"=dword:0`,
			`[-HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\LanmanWorkstation]`),
		[]string{"UseWriteBehind=0 from x/my.reg:5"},
		nil,
	},
	{
		"a value of ours is a text",
		reg("["+rdrKey+"]", `"NtrdrWriteBehindScope"="writeonly"`),
		[]string{"NtrdrWriteBehindScope=writeonly from x/my.reg:3"},
		nil,
	},
	{
		"values of later versions: one warning each, without effect",
		reg("["+rdrKey+"]", `"FailedConnectTimeout"=dword:5`, `"failedconnecttimeout"=dword:6`, `"FileSystemControlFilter"=dword:0`),
		nil,
		[]string{
			"x/my.reg:3: FailedConnectTimeout is known from NT 4.0 SP4 on; NT 3.5x ignores it",
			"x/my.reg:5: FileSystemControlFilter is known from NT 4.0 after SP6a on; NT 3.5x ignores it",
		},
	},
	{
		"other keys are skipped and counted",
		reg(`[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Rdr]`, `"Start"=dword:3`,
			"["+rdrKey+`\Static]`, `"Whatever"="x"`, "["+rdrKey+"]", `"UseWriteBehind"=dword:0`),
		[]string{"UseWriteBehind=0 from x/my.reg:7"},
		[]string{`x/my.reg: 2 other keys were skipped: values count under Rdr, LanmanWorkstation and LanmanServer\Parameters`},
	},
	{
		"changes without an effect are named once, defaults are not",
		reg("["+wksKey+"]", `"BufNamedPipes"=dword:0`, `"ForceCoreCreateMode"=dword:1`, `"CharWait"=dword:5`,
			"["+srvKey+"]", `"NullSessionPipes"=hex(7):43,4f,4d,00,4c,53,00,00`),
		[]string{
			"ForceCoreCreateMode=1 from x/my.reg:4", "BufNamedPipes=0 from x/my.reg:3", "CharWait=5 from x/my.reg:5",
			"NullSessionPipes=COM,LS from x/my.reg:7",
		},
		[]string{"x/my.reg: set, but the emulator does not act on it: BufNamedPipes, CharWait, NullSessionPipes; `ntrdr params NAME` says why"},
	},
}

func TestLoad(t *testing.T) {
	for _, tt := range loadTests {
		t.Run(tt.name, func(t *testing.T) {
			p, warned, err := Load("x/my.reg", strings.NewReader(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			var warnings []string
			for _, w := range warned {
				warnings = append(warnings, w.String())
			}
			if diff := cmp.Diff(tt.want, said(p)); diff != "" {
				t.Errorf("settings: want -, got +:\n%s", diff)
			}
			if diff := cmp.Diff(tt.warnings, warnings); diff != "" {
				t.Errorf("warnings: want -, got +:\n%s", diff)
			}
			if p.Name != "my" {
				t.Errorf("got name %q, want my", p.Name)
			}
		})
	}
}

func TestLoadErrors(t *testing.T) {
	tests := []struct {
		name string
		text string
		kind error
		want string
	}{
		{"unknown", reg("["+rdrKey+"]", `"UseWriteBehnd"=dword:0`), ErrUnknownValue, `my.reg:3: Rdr\UseWriteBehnd: unknown value`},
		{
			"under the wrong key", reg("["+wksKey+"]", `"UseWriteBehind"=dword:0`), ErrUnknownValue,
			`my.reg:3: LanmanWorkstation\UseWriteBehind: unknown value (it belongs under ` + rdrKey + ")",
		},
		{"a deleted unknown value", reg("["+rdrKey+"]", `"Nope"=-`), ErrUnknownValue, `my.reg:3: Rdr\Nope: unknown value`},
		{"a default value", reg("["+rdrKey+"]", `@="x"`), ErrUnknownValue, `my.reg:3: Rdr\@: unknown value (the keys have no default value)`},
		{"a text for a number", reg("["+rdrKey+"]", `"UseWriteBehind"="0"`), ErrWrongType, `my.reg:3: Rdr\UseWriteBehind="0": wrong type (want REG_DWORD)`},
		{"three bytes for a number", reg("["+rdrKey+"]", `"UseWriteBehind"=hex(4):0,0,0`), ErrWrongType, `my.reg:3: Rdr\UseWriteBehind=hex(4):00,00,00: wrong type (want REG_DWORD)`},
		{"a number for a text", reg("["+rdrKey+"]", `"NtrdrL2Dispatch"=dword:1`), ErrWrongType, `my.reg:3: Rdr\NtrdrL2Dispatch=dword:00000001: wrong type (want REG_SZ)`},
		{"above", reg("["+rdrKey+"]", `"UseWriteBehind"=dword:2`), ErrOutOfRange, `my.reg:3: Rdr\UseWriteBehind=dword:00000002: out of range (want 0 to 1)`},
		{"below", reg("["+wksKey+"]", "", `"SessTimeout"=dword:9`), ErrOutOfRange, `my.reg:4: LanmanWorkstation\SessTimeout=dword:00000009: out of range (want 10 to 65535)`},
		{"not a choice", reg("["+rdrKey+"]", `"NtrdrL2Dispatch"="never"`), ErrOutOfRange, `my.reg:3: Rdr\NtrdrL2Dispatch="never": out of range (want full|fourth)`},
		{"a later value out of range", reg("["+rdrKey+"]", `"FileSystemControlFilter"=dword:2`), ErrOutOfRange, `my.reg:3: Rdr\FileSystemControlFilter=dword:00000002: out of range (want 0 to 1)`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := Load("my.reg", strings.NewReader(tt.text))
			if !errors.Is(err, tt.kind) {
				t.Fatalf("got %v, want %v", err, tt.kind)
			}
			if err.Error() != tt.want {
				t.Errorf("got  %v\nwant %v", err, tt.want)
			}
		})
	}
	if _, _, err := Load("my.reg", strings.NewReader("hello")); err == nil {
		t.Error("a file of another format is no error")
	}
}

func TestBuiltins(t *testing.T) {
	want := map[string][]string{
		"nt351":           nil,
		"q143413":         {"UseWriteBehind=0 from built-in q143413.reg:6"},
		"q163401":         {"UseWriteBehind=0 from built-in q163401.reg:7", "UtilizeNtCaching=0 from built-in q163401.reg:10"},
		"no-oplocks":      {"UseOpportunisticLocking=0 from built-in no-oplocks.reg:7"},
		"write-through":   {"NtrdrWritePolicy=write-through from built-in write-through.reg:7"},
		"flush-on-close":  {"NtrdrWritePolicy=flush-on-close from built-in flush-on-close.reg:7"},
		"ordered":         {"NtrdrWritePolicy=ordered from built-in ordered.reg:8"},
		"ordered-durable": {"NtrdrWritePolicy=ordered-durable from built-in ordered-durable.reg:7"},
		"sync-close":      {"NtrdrCloseWaitsForFlush=1 from built-in sync-close.reg:10", "UseCloseBehind=0 from built-in sync-close.reg:7"},
	}
	got := map[string][]string{}
	for _, name := range BuiltinNames() {
		p, err := Builtin(name)
		if err != nil {
			t.Fatal(err)
		}
		if p.Name != name {
			t.Errorf("policy %s is named %s", name, p.Name)
		}
		got[name] = said(p)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if _, err := Builtin("nt4"); err == nil {
		t.Error("an unknown policy is no error")
	}
}

// A built-in policy is a .reg file that a user could have written: Load takes it
// without a warning, and what File writes is the same policy.
func TestBuiltinsAreFiles(t *testing.T) {
	entries, err := policyFiles.ReadDir("policies")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(builtinNames) {
		t.Errorf("%d embedded files for %d names", len(entries), len(builtinNames))
	}
	for _, name := range BuiltinNames() {
		b, err := BuiltinFile(name)
		if err != nil {
			t.Fatal(err)
		}
		p, warnings, err := Load(name+".reg", strings.NewReader(string(b)))
		if err != nil || len(warnings) > 0 {
			t.Fatalf("%s: %v %v", name, err, warnings)
		}
		var out strings.Builder
		if err := p.File().Write(&out); err != nil {
			t.Fatal(err)
		}
		again, _, err := Load(name+".reg", strings.NewReader(out.String()))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plain(p), plain(again)); diff != "" {
			t.Errorf("%s: read -, written and read +:\n%s", name, diff)
		}
	}
}

func plain(p *Policy) map[string]Value {
	m := map[string]Value{}
	for _, s := range p.Settings() {
		m[s.Param.Name] = s.Value
	}
	return m
}

func TestFileOfLists(t *testing.T) {
	text := reg("["+srvKey+"]", `"NullSessionPipes"=hex(7):43,4f,4d,00,4c,53,00,00`, `"SrvComment"="a"`)
	p, _, err := Load("a.reg", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{Name: "NullSessionPipes", Data: Data{Kind: DataHex, HexType: 7, Bytes: []byte("COM\x00LS\x00\x00")}},
		{Name: "SrvComment", Data: Data{Kind: DataString, Text: "a"}},
	}
	if diff := cmp.Diff(want, p.File().Sections[0].Entries); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestPolicyGetters(t *testing.T) {
	p, _, err := Load("a.reg", strings.NewReader(reg("["+rdrKey+"]", `"UseWriteBehind"=dword:0`, `"NtrdrL2Dispatch"="fourth"`)))
	if err != nil {
		t.Fatal(err)
	}
	if n, at, ok := p.DWORD("usewritebehind"); n != 0 || at.String() != "a.reg:3" || !ok {
		t.Errorf("UseWriteBehind: got %d from %v, %v", n, at, ok)
	}
	if s, at, ok := p.Text("NtrdrL2Dispatch"); s != "fourth" || at.String() != "a.reg:4" || !ok {
		t.Errorf("NtrdrL2Dispatch: got %q from %v, %v", s, at, ok)
	}
	if _, _, ok := p.DWORD("NtrdrL2Dispatch"); ok {
		t.Error("a text is no number")
	}
	if _, _, ok := p.DWORD("MaxCmds"); ok {
		t.Error("a value that is not set is there")
	}
	var none *Policy
	if _, _, ok := none.DWORD("MaxCmds"); ok || none.Settings() != nil {
		t.Error("a nil policy sets something")
	}
}

func TestSettings(t *testing.T) {
	edition := func(name string) Edition {
		e, ok := LookupEdition(name)
		if !ok {
			t.Fatalf("no edition %s", name)
		}
		return e
	}
	p, err := Builtin("q143413")
	if err != nil {
		t.Fatal(err)
	}
	own, _, err := Load("a.reg", strings.NewReader(reg("["+rdrKey+"]", `"NtrdrWriteBehindScope"="all"`)))
	if err != nil {
		t.Fatal(err)
	}
	disc, _, err := Load("b.reg", strings.NewReader(reg("["+srvKey+"]", `"Disc"=dword:3`)))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		settings Settings
		value    string
		want     string
	}{
		{p.On(edition(DefaultEdition)), "UseWriteBehind", "0 from built-in q143413.reg:6"},
		{p.On(edition(DefaultEdition)), "UseCloseBehind", "1 from NT 3.51 default"},
		{p.On(edition("nt35")), "UseCloseBehind", "1 from NT 3.5 default"},
		{p.On(edition("nt35")), "Disc", "15 from NT 3.5 default"},
		{p.On(edition("kb143413")), "Disc", "- from NT 3.51 default"},
		{disc.On(edition("nt35")), "Disc", "3 from b.reg:3"},
		{disc.On(edition("kb143413")), "Disc", "- from NT 3.51 default"},
		{p.On(edition("kb143413")), "NtrdrWriteBehindScope", "all from edition kb143413: KB Q143413"},
		{p.On(edition("q163401-strict")), "NtrdrWriteBehindScope", "writeonly from edition q163401-strict: KB Q163401"},
		{own.On(edition("q163401-strict")), "NtrdrWriteBehindScope", "all from a.reg:3"},
		{p.On(edition("nt351-as-shipped")), "NtrdrQuirkSemaphore298", "1 from edition nt351-as-shipped: KB Q169742"},
		{p.On(edition("nt351-hotfixed")), "NtrdrQuirkSemaphore298", "0 from edition nt351-hotfixed: KB Q169742"},
		{Settings{Edition: edition("kb143413")}, "UseWriteBehind", "1 from NT 3.51 default"},
	}
	for _, tt := range tests {
		v, at := tt.settings.Value(tt.value)
		if got := v.String() + " from " + at.String(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.value, got, tt.want)
		}
	}
	s := p.On(edition(DefaultEdition))
	got := []any{
		s.Bool("UseWriteBehind"), s.Bool("UseCloseBehind"), s.DWORD("MaxCmds"), s.Text("NtrdrL2Dispatch"),
		s.Duration("SessTimeout"), s.Duration("SharingViolationDelay"), s.Duration("AutoDisconnect"),
	}
	want := []any{false, true, uint32(50), "full", 45 * time.Second, 200 * time.Millisecond, 15 * time.Minute}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestDurationsDoNotOverflow(t *testing.T) {
	p, _, err := Load("a.reg", strings.NewReader(reg("["+srvKey+"]", `"AutoDisconnect"=dword:ffffffff`)))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.On(editions[0]).Duration("AutoDisconnect"); got != math.MaxInt64 {
		t.Errorf("-1 minutes: got %v, want forever", got)
	}
}

func TestSettingsRefuseUnknownNames(t *testing.T) {
	var s Settings
	for name, ask := range map[string]func(){
		"no such row":     func() { s.DWORD("Nope") },
		"a text":          func() { s.DWORD("NtrdrL2Dispatch") },
		"a number":        func() { s.Text("MaxCmds") },
		"no unit of time": func() { s.Duration("MaxCmds") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			ask()
		}()
	}
}

func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Params() {
		if lower := strings.ToLower(p.Name); seen[lower] {
			t.Errorf("%s is there twice", p.Name)
		} else {
			seen[lower] = true
		}
		if p.Source == "" || p.Effect == "" || strings.Contains(p.Effect, "\n") {
			t.Errorf("%s: source %q, effect %q", p.Name, p.Source, p.Effect)
		}
		if p.Ours() == strings.HasPrefix(p.Source, "KB ") {
			t.Errorf("%s: source %q", p.Name, p.Source)
		}
		checkDefaults(t, &p)
	}
}

func checkDefaults(t *testing.T, p *Param) {
	t.Helper()
	for _, v := range []Value{p.Default35, p.Default351} {
		if v.Type == TypeNone {
			if p.Acted && p.Only == "" {
				t.Errorf("%s is acted on and has no default", p.Name)
			}
			continue
		}
		if p.Since != "" {
			t.Errorf("%s is known from %s on and has a default", p.Name, p.Since)
		}
		if !p.accepts(v) {
			t.Errorf("%s: default %v is not of type %v in %s", p.Name, v, p.Type, p.Range())
		}
	}
	if p.Type == TypeDWORD && (p.Min > p.Max || p.Max == 0) {
		t.Errorf("%s: range %d to %d", p.Name, p.Min, p.Max)
	}
}

// A value that no release of 3.5x obeys here has a reason; one that the model obeys
// has none. That it does obey is for a test of the machine to show.
func TestIdleValuesHaveAReason(t *testing.T) {
	for _, p := range Params() {
		switch {
		case p.Acted && p.Idle != "":
			t.Errorf("%s is acted on, and is said to be idle: %s", p.Name, p.Idle)
		case p.Acted && p.Since != "":
			t.Errorf("%s is acted on, and is not known before %s", p.Name, p.Since)
		case !p.Acted && p.WhyIdle() == "":
			t.Errorf("%s is not acted on, and nothing says why", p.Name)
		}
	}
}

func TestLookup(t *testing.T) {
	p, ok := Lookup("sesstimeout")
	want := Param{
		Name: "SessTimeout", Key: LanmanWorkstation, Type: TypeDWORD, Min: 10, Max: 65535, Unit: "s",
		Default35: dword(45), Default351: dword(45), Source: "KB Q102981, Q102067",
		Effect: "added to an SMB's time on the wire: the redirector waits that long for the answer", Acted: true, AtOnce: true,
	}
	if diff := cmp.Diff(want, p); diff != "" || !ok {
		t.Errorf("%v; want -, got +:\n%s", ok, diff)
	}
	if _, ok := Lookup("Nope"); ok {
		t.Error("found a value that does not exist")
	}
}

func TestEditions(t *testing.T) {
	var got []string
	for _, e := range Editions() {
		if e.Description == "" {
			t.Errorf("%s has no description", e.Name)
		}
		for _, o := range e.overrides {
			if p := find(o.name); p == nil || !p.Ours() || !p.accepts(o.value) || !strings.HasPrefix(o.source, "KB Q") {
				t.Errorf("%s: %s=%v is not a value of ours in range, or has no source (%q)", e.Name, o.name, o.value, o.source)
			}
		}
		got = append(got, e.Name+" "+e.Release)
	}
	want := []string{"kb143413 3.51", "q163401-strict 3.51", "nt351-as-shipped 3.51", "nt351-hotfixed 3.51", "nt35 3.5"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if _, ok := LookupEdition("nt4"); ok {
		t.Error("found an edition that does not exist")
	}
}

func TestValueString(t *testing.T) {
	for want, v := range map[string]Value{"-": {}, "-1": dword(math.MaxUint32), "7": dword(7), "all": text("all")} {
		if got := v.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
