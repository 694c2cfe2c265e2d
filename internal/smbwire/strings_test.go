package smbwire

import (
	"strings"
	"testing"
)

func TestEveryOEMByteSurvives(t *testing.T) {
	if n := len(cp437Runes); n != 128 {
		t.Fatalf("code page has %d upper characters, want 128", n)
	}
	for c := 1; c < 256; c++ {
		s := oemString([]byte{byte(c)})
		if got := appendOEM(nil, s); len(got) != 1 || got[0] != byte(c) {
			t.Errorf("byte %#02x: %q encodes to %x", c, s, got)
		}
	}
}

func TestStringsOnTheWire(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		fl       Flags2
		wire     string
		back     string
	}{
		{"OEM", "abc", 0, "abc\x00", "abc"},
		{"OEM, code page 437", "Äé", 0, "\x8E\x82\x00", "Äé"},
		{"OEM, no such character", "a€", 0, "a?\x00", "a?"},
		{"Unicode", "aé", Flags2Unicode, "a\x00\xE9\x00\x00\x00", "aé"},
		{"Unicode, two units", "𝄞", Flags2Unicode, "\x34\xD8\x1E\xDD\x00\x00", "𝄞"},
		{"Unicode, not UTF-8", "a\xFF", Flags2Unicode, "a\x00\xFD\xFF\x00\x00", "a\uFFFD"},
		{"empty", "", Flags2Unicode, "\x00\x00", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := newEncoder(CmdDelete, tc.fl)
			e.str("FileName", tc.in)
			if got := string(e.buf); got != tc.wire || e.err != nil {
				t.Errorf("got %q, %v, want %q", got, e.err, tc.wire)
			}
			d := newDecoder(CmdDelete, e.buf, tc.fl)
			if got := d.str("FileName"); got != tc.back || d.remaining() != 0 {
				t.Errorf("got %q, %d left, want %q", got, d.remaining(), tc.back)
			}
		})
	}
}

func TestOddUTF16(t *testing.T) {
	for in, want := range map[string]string{
		"a":                            "",
		"a\x00b":                       "a",
		"\x34\xD8":                     "\uFFFD",
		"\x34\xD8a\x00":                "\uFFFDa",
		"\x1E\xDDa\x00":                "\uFFFDa",
		"\x34\xD8\x34\xD8\x1E\xDD":     "\uFFFD𝄞",
		strings.Repeat("\x00\xD8", 20): strings.Repeat("\uFFFD", 20),
	} {
		if got := utf16String([]byte(in)); got != want {
			t.Errorf("%x: got %q, want %q", in, got, want)
		}
	}
}
