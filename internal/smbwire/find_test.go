package smbwire

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// listing is a directory as level carries it.
func listing(f FindFormat) []FindEntry {
	var all []FindEntry
	for i, name := range []string{".", "..", "inbox.mmf", "a"} {
		e := FindEntry{FileIndex: uint32(i)}
		e.Name = name
		if f.isDOS() {
			e.FileIndex = 0
		}
		if f.ResumeKeys && f.isDOS() {
			e.ResumeKey = uint32(i + 1)
		}
		if f.Level != FindNames {
			e.Size, e.Allocation, e.Attributes = int64(i), 512, nt.AttrArchive
			e.Created, e.Accessed, e.Written, e.Changed = dosTime, dosTime, dosTime, dosTime
		}
		switch f.Level {
		case FindInfoStandard:
			e.Changed = 0
		case FindInfoEASize:
			e.Changed, e.EASize = 0, 4
		case FindFullDirectory:
			e.EASize = 4
		case FindBothDirectory:
			e.EASize, e.ShortName = 4, "INBOX~1.MMF"
		}
		all = append(all, e)
	}
	return all
}

func findFormats() (all []FindFormat) {
	for _, l := range []InfoLevel{FindInfoStandard, FindInfoEASize, FindDirectory, FindFullDirectory, FindNames, FindBothDirectory} {
		for _, fl := range []Flags2{0, Flags2Unicode} {
			all = append(all, FindFormat{l, fl, false}, FindFormat{l, fl, true})
		}
	}
	return all
}

func TestListingsSurvive(t *testing.T) {
	for _, f := range findFormats() {
		t.Run(fmt.Sprintf("%+v", f), func(t *testing.T) {
			want := listing(f)
			enc, err := EncodeFindEntries(f, want, 1<<16)
			if err != nil || enc.Count != len(want) {
				t.Fatalf("got %+v, %v", enc, err)
			}
			got, err := DecodeFindEntries(f, enc.Data, enc.Count)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			if name := enc.Data[enc.LastNameOffset]; name != 'a' {
				t.Errorf("last name begins with %#02x", name)
			}
		})
	}
}

func TestListingsStopAtTheLimit(t *testing.T) {
	for _, f := range findFormats() {
		t.Run(fmt.Sprintf("%+v", f), func(t *testing.T) {
			all := listing(f)
			for limit := range 600 {
				enc, err := EncodeFindEntries(f, all, limit)
				if err != nil || len(enc.Data) > limit {
					t.Fatalf("limit %d: got %d bytes, %v", limit, len(enc.Data), err)
				}
				got, err := DecodeFindEntries(f, enc.Data, enc.Count)
				if err != nil {
					t.Fatalf("limit %d: %v", limit, err)
				}
				if diff := cmp.Diff(got, append([]FindEntry(nil), all[:enc.Count]...)); diff != "" {
					t.Fatalf("limit %d (-got +want)\n%s", limit, diff)
				}
			}
		})
	}
}

func TestListingsCutShortAreMalformed(t *testing.T) {
	for _, f := range findFormats() {
		enc, err := EncodeFindEntries(f, listing(f), 1<<16)
		if err != nil {
			t.Fatal(err)
		}
		for n := range enc.Data[:len(enc.Data)-2] {
			_, err := DecodeFindEntries(f, enc.Data[:n], enc.Count)
			if _, ok := errors.AsType[*FormatError](err); !ok {
				t.Errorf("%+v: %d of %d bytes: got %v", f, n, len(enc.Data), err)
			}
		}
	}
}

func TestShortNameMustFitItsRoom(t *testing.T) {
	f := FindFormat{Level: FindBothDirectory}
	var e FindEntry
	e.ShortName = "MORETHAN.12CH"
	if _, err := EncodeFindEntries(f, []FindEntry{e}, 1<<16); err == nil {
		t.Error("a short name of 13 characters was encoded")
	}
	enc, err := EncodeFindEntries(f, make([]FindEntry, 1), 1<<16)
	if err != nil {
		t.Fatal(err)
	}
	enc.Data[68] = shortNameSize + 1
	if _, err := DecodeFindEntries(f, enc.Data, 1); err == nil {
		t.Error("a short name beyond its room was decoded")
	}
}
