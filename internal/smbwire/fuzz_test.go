package smbwire

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzParse checks that Parse does not panic, that it says *FormatError, and
// that what it accepts re-encodes to an equal message. A message that parses may
// still be one that Append refuses: then it must say *FormatError too.
func FuzzParse(f *testing.F) {
	for _, file := range goldenFiles(f) {
		_, frames := loadFrames(f, file)
		for _, x := range frames {
			f.Add(x.bytes)
		}
	}
	for _, m := range samples() {
		f.Add(mustAppend(f, m))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			wantFormat(t, err)
			return
		}
		_ = describeAll(m)
		fuzzTransaction(m)
		again, err := m.Append(nil)
		if err != nil {
			wantFormat(t, err)
			return
		}
		got, err := Parse(again)
		if err != nil {
			t.Fatalf("Parse(Append(m)): %v\nm: %+v", err, m)
		}
		if diff := cmp.Diff(got, m); diff != "" {
			t.Fatalf("(-got +want)\n%s", diff)
		}
	})
}

func wantFormat(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*FormatError](err); !ok {
		t.Fatalf("got %T, want *FormatError", err)
	}
}

// fuzzTransaction decodes the data of a transaction as every level there is.
// What comes out does not matter: it must end, without a panic.
func fuzzTransaction(m *Message) {
	switch r := m.Chain[0].(type) {
	case *NTTransactResponse:
		_, _ = DecodeChanges(r.Params)
	case *NTTransactRequest:
		_ = new(NotifyChangeRequest).Decode(r)
	}
	r, ok := m.Chain[0].(*Transaction2Response)
	if !ok {
		return
	}
	fl := m.Header.Flags2
	for l := range fileLevels {
		_, _, _ = recodeFile(l)(r.Data, fl)
	}
	for l := range fsLevels {
		_, _, _ = recodeFS(l)(r.Data, fl)
	}
	for l := range setLevels {
		_, _, _ = recodeSet(l)(r.Data, fl)
	}
	for _, f := range findFormats() {
		_, _ = DecodeFindEntries(f, r.Data, 1<<16)
	}
}

func BenchmarkAppendWrite(b *testing.B) {
	m := &Message{Header{Flags2: Flags2Unicode}, []Body{&WriteAndXRequest{FID: 1, Wide: true, Data: make([]byte, 4096)}}}
	buf := make([]byte, 0, 8192)
	b.SetBytes(4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Append(buf); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseWrite(b *testing.B) {
	m := &Message{Header{Flags2: Flags2Unicode}, []Body{&WriteAndXRequest{FID: 1, Wide: true, Data: make([]byte, 4096)}}}
	msg := mustAppend(b, m)
	b.SetBytes(4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(msg); err != nil {
			b.Fatal(err)
		}
	}
}
