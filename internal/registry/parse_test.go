package registry

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const rdrKey = `HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Rdr\Parameters`

func TestParse(t *testing.T) {
	tests := []struct {
		name string
		text string
		want []Section
	}{
		{"nothing but the header", "REGEDIT4", nil},
		{"an empty key, CRLF", "REGEDIT4\r\n\r\n[HKEY_USERS\\a]\r\n", []Section{{Key: `HKEY_USERS\a`, Line: 3}}},
		{"comments and blanks", "REGEDIT4 \n ; one\n\t[HKEY_USERS\\a] ; two\n ;three\n", []Section{{Key: `HKEY_USERS\a`, Line: 3}}},
		{"a deleted key", "REGEDIT4\n[-HKEY_USERS\\a]\n", []Section{{Key: `HKEY_USERS\a`, Delete: true, Line: 2}}},
		{"brackets in a key's name", "REGEDIT4\n[HKEY_USERS\\a]b]\n", []Section{{Key: `HKEY_USERS\a]b`, Line: 2}}},
		{"numbers", values(`"a"=dword:0000002d`, `"b" = dword: 2D ;forty-five`), section(
			Entry{Name: "a", Data: Data{Kind: DataDWORD, DWORD: 45}, Line: 3},
			Entry{Name: "b", Data: Data{Kind: DataDWORD, DWORD: 45}, Line: 4},
		)},
		{"texts", values(`@=""`, `"a\"b"="C:\\x;y" ; z`), section(
			Entry{Data: Data{Kind: DataString}, Line: 3},
			Entry{Name: `a"b`, Data: Data{Kind: DataString, Text: `C:\x;y`}, Line: 4},
		)},
		{"bytes", values(`"a"=hex:`, `"b"=hex:0, ff ,7`, `"c"=hex(7):61,00,\`, `  00`), section(
			Entry{Name: "a", Data: Data{Kind: DataHex, HexType: 3}, Line: 3},
			Entry{Name: "b", Data: Data{Kind: DataHex, HexType: 3, Bytes: []byte{0, 255, 7}}, Line: 4},
			Entry{Name: "c", Data: Data{Kind: DataHex, HexType: 7, Bytes: []byte{'a', 0, 0}}, Line: 5},
		)},
		{"a deleted value", values(`"a"=-`), section(Entry{Name: "a", Data: Data{Kind: DataDelete}, Line: 3})},
		{"UTF-8", values(`"a"="Zoë"`), section(Entry{Name: "a", Data: Data{Kind: DataString, Text: "Zoë"}, Line: 3})},
		{"UTF-8 with a byte order mark", "\ufeff" + values(`"a"="ë"`), section(Entry{Name: "a", Data: Data{Kind: DataString, Text: "ë"}, Line: 3})},
		{"Latin-1", values("\"a\"=\"Zo\xeb\""), section(Entry{Name: "a", Data: Data{Kind: DataString, Text: "Zoë"}, Line: 3})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse("my.reg", strings.NewReader(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&File{Sections: tt.want}, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// values is a file with the given lines, from line 3 on, under one key.
func values(lines ...string) string {
	return "REGEDIT4\n[HKEY_USERS\\a]\n" + strings.Join(lines, "\n") + "\n"
}

func section(e ...Entry) []Section {
	return []Section{{Key: `HKEY_USERS\a`, Line: 2, Entries: e}}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		name string
		text string
		want string // line:column: what is wrong
	}{
		{"empty", "", "1:1: the first line must be REGEDIT4"},
		{"another format", "[boot]\n", "1:1: the first line must be REGEDIT4"},
		{"format 5.00", "Windows Registry Editor Version 5.00\n", "1:1: this is the format of Windows 2000 and later; export the file as REGEDIT4"},
		{"UTF-16", "\xff\xfeR\x00E\x00", "1:1: this file is UTF-16, the format of Windows 2000 and later; export it as REGEDIT4"},
		{"prose", "REGEDIT4\nhello\n", `2:1: expected [key], "name"= or @=`},
		{"a value before a key", "REGEDIT4\n\n  \"a\"=dword:1\n", "3:3: a value before the first [key]"},
		{"a value under a deleted key", "REGEDIT4\n[-HKEY_USERS\\a]\n@=\"\"", "3:1: a value under a deleted key"},
		{"an open key", "REGEDIT4\n[HKEY_USERS\\a\n", "2:1: the key is not closed with ]"},
		{"text behind a key", "REGEDIT4\n[HKEY_USERS\\a] b\n", "2:1: the key is not closed with ]"},
		{"an unknown root", "REGEDIT4\n[HKLM\\a]\n", "2:2: unknown root key; the first is HKEY_LOCAL_MACHINE"},
		{"an empty component", "REGEDIT4\n[HKEY_USERS\\\\a]\n", "2:13: empty component in the key"},
		{"a backslash at the end", "REGEDIT4\n[-HKEY_USERS\\a\\]\n", "2:16: empty component in the key"},
		{"an open name", values(`"a=1`), "3:1: the string is not closed on its line"},
		{"no equals sign", values(`"a" dword:1`), "3:5: expected = after the name"},
		{"no data", values(`"a"=`), `3:5: expected "text", dword:, hex: or -`},
		{"a bare number", values(`"a"=1`), `3:5: expected "text", dword:, hex: or -`},
		{"an open text", values(`"a"="b`), "3:5: the string is not closed on its line"},
		{"an unknown escape", values(`"a"="C:\temp"`), `3:8: only \\ and \" may follow a backslash`},
		{"columns count characters", values(`"ë"="ë" x`), "3:9: unexpected text after the value"},
		{"no digits", values(`"a"=dword:`), "3:11: expected 1 to 8 hex digits after dword:"},
		{"nine digits", values(`"a"=dword:000000001`), "3:11: expected 1 to 8 hex digits after dword:"},
		{"a decimal point", values(`"a"=dword:1.5`), "3:12: unexpected text after the value"},
		{"no byte", values(`"a"=hex:1,x`), "3:11: expected a byte of one or two hex digits"},
		{"a byte of three digits", values(`"a"=hex:001`), "3:9: expected a byte of one or two hex digits"},
		{"an open hex type", values(`"a"=hex(7:00`), "3:10: expected ): after the type"},
		{"no hex type", values(`"a"=hex():00`), "3:9: expected the type's hex digits after hex("},
		{"an error in a continued line", values(`"a"=hex:00,\`, `  0g`), "4:4: unexpected text after the value"},
		{"no continuation", "REGEDIT4\n[HKEY_USERS\\a]\n\"a\"=hex:00,\\", "3:12: the file ends after a continued line"},
		{"a NUL", values("\"a\"=\"\x00\""), "3:6: control character"},
		{"a NUL in a continued line", values(`"a"=hex:00,\`, "\x00"), "4:1: control character"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("my.reg", strings.NewReader(tt.text))
			syntax, ok := errors.AsType[*SyntaxError](err)
			if !ok {
				t.Fatalf("got %v, want a *SyntaxError", err)
			}
			got := fmt.Sprintf("%d:%d: %s", syntax.Line, syntax.Column, syntax.Msg)
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			lines := strings.Split(tt.text, "\n")
			if want := decodeText([]byte(lines[syntax.Line-1])); syntax.Text != want || syntax.File != "my.reg" {
				t.Errorf("got file %q text %q, want my.reg and %q", syntax.File, syntax.Text, want)
			}
		})
	}
}

func TestSyntaxErrorText(t *testing.T) {
	_, err := Parse("dir/my.reg", strings.NewReader("REGEDIT4\n"+strings.Repeat("x", 100)))
	want := `dir/my.reg:2:1: expected [key], "name"= or @=: "` + strings.Repeat("x", 80) + `..."`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestParseLimit(t *testing.T) {
	text := "REGEDIT4\n" + strings.Repeat(";", MaxFileSize-len("REGEDIT4\n"))
	if _, err := Parse("my.reg", strings.NewReader(text)); err != nil {
		t.Errorf("a file of the largest size: %v", err)
	}
	if _, err := Parse("my.reg", strings.NewReader(text+";")); !errors.Is(err, ErrTooLarge) {
		t.Errorf("one byte more: got %v, want ErrTooLarge", err)
	}
}

func TestWrite(t *testing.T) {
	f := &File{Sections: []Section{
		{Key: `HKEY_USERS\old`, Delete: true},
		{Key: `HKEY_USERS\a`, Entries: []Entry{
			{Data: Data{Kind: DataString, Text: `say "C:\"`}},
			{Name: "n", Data: Data{Kind: DataDWORD, DWORD: 45}},
			{Name: "gone", Data: Data{Kind: DataDelete}},
			{Name: "long", Data: Data{Kind: DataHex, HexType: 0x10, Bytes: make([]byte, 30)}},
		}},
	}}
	want := "REGEDIT4\r\n\r\n[-HKEY_USERS\\old]\r\n\r\n[HKEY_USERS\\a]\r\n" +
		`@="say \"C:\\\""` + "\r\n" + `"n"=dword:0000002d` + "\r\n" + `"gone"=-` + "\r\n" +
		`"long"=hex(10):` + strings.Repeat("00,", 21) + "\\\r\n  " + strings.Repeat("00,", 8) + "00\r\n"
	var got strings.Builder
	if err := f.Write(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestWriteRefusesLineBreaks(t *testing.T) {
	for _, s := range []Section{
		{Key: "HKEY_USERS\\a\nb"},
		{Key: "HKEY_USERS\\a", Entries: []Entry{{Name: "a\r", Data: Data{Kind: DataDelete}}}},
		{Key: "HKEY_USERS\\a", Entries: []Entry{{Name: "a", Data: Data{Kind: DataString, Text: "\n"}}}},
	} {
		f := File{Sections: []Section{s}}
		if err := f.Write(&strings.Builder{}); !errors.Is(err, errLineBreak) {
			t.Errorf("%+v: got %v, want errLineBreak", s, err)
		}
	}
}

// What is parsed can be written, and reads as the same file again.
func FuzzParse(f *testing.F) {
	f.Add("REGEDIT4\n[HKEY_USERS\\a]\n@=\"\"\n\"b\"=dword:1\n\"c\"=hex(2):00,\\\n 01\n\"d\"=-\n[-HKEY_USERS\\]]")
	f.Add(values("\"a\"=\"Zo\xeb\""))
	f.Add("\ufeffREGEDIT4\r\n[" + rdrKey + "]\r\n\"UseWriteBehind\"=dword:00000000 ; off\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		first, err := Parse("f", strings.NewReader(text))
		if err != nil {
			return
		}
		var out strings.Builder
		if err := first.Write(&out); err != nil {
			t.Fatalf("write: %v", err)
		}
		second, err := Parse("f", strings.NewReader(out.String()))
		if err != nil {
			t.Fatalf("parse again: %v\n%s", err, out.String())
		}
		noLines := cmpopts.IgnoreFields(Section{}, "Line")
		noEntryLines := cmpopts.IgnoreFields(Entry{}, "Line")
		if diff := cmp.Diff(first, second, noLines, noEntryLines); diff != "" {
			t.Errorf("first -, second +:\n%s", diff)
		}
	})
}

// Whatever a file says, Load returns a policy or an error and does not panic.
func FuzzLoad(f *testing.F) {
	for _, name := range builtinNames {
		b, err := BuiltinFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("REGEDIT4\n[-" + rdrKey + "]\n[" + rdrKey + "]\n\"NtrdrL2Dispatch\"=\"fourth\"\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, _, err := Load("my.reg", strings.NewReader(string(b)))
		if (p == nil) == (err == nil) {
			t.Fatalf("policy %v with error %v", p, err)
		}
	})
}
