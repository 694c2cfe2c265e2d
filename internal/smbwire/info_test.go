package smbwire

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// dosTime is a time that every level can carry.
var dosTime = nt.FileTimeOf(time.Date(1995, 6, 1, 12, 0, 2, 0, time.UTC))

func fullInformation() *FileInformation {
	return &FileInformation{
		FileInfo: nt.FileInfo{
			Name: `\key\1.key`, Size: 3000, Allocation: 4096, Attributes: nt.AttrArchive | nt.AttrHidden,
			Created: dosTime, Accessed: dosTime, Written: dosTime, Changed: dosTime,
		},
		Links: 2, DeletePending: true, Directory: true, EASize: 4, FileID: 1 << 40, Access: nt.GenericRead,
		Position: 7, Mode: nt.WriteThrough, Alignment: 1, ReparseTag: 9, ShortName: "1.KEY",
		Streams: []StreamInformation{{"::$DATA", 3000, 4096}, {":x:$DATA", 1, 8}, {":odd:$DATA", 2, 8}},
	}
}

// eachLevel runs f for every level of a table in both encodings.
func eachLevel[V any](t *testing.T, table map[InfoLevel]V, f func(t *testing.T, l InfoLevel, fl Flags2)) {
	t.Helper()
	for _, l := range slices.Sorted(maps.Keys(table)) {
		for _, fl := range []Flags2{0, Flags2Unicode} {
			t.Run(fmt.Sprintf("%#x_%#x", uint16(l), uint16(fl)), func(t *testing.T) { f(t, l, fl) })
		}
	}
}

// checkBlock wants b to decode and encode to itself, its shorter prefixes to be
// malformed or to encode to something shorter, and none to panic.
func checkBlock(t *testing.T, r recode, b []byte, fl Flags2) {
	t.Helper()
	_, again, err := r(b, fl)
	if err != nil || !slices.Equal(again, b) {
		t.Errorf("got  %x, %v\nwant %x", again, err, b)
	}
	if len(b) < 4 {
		return
	}
	if _, _, err := r(b[:3], fl); err == nil && len(b) > 8 {
		t.Errorf("three bytes of %x decode", b)
	}
	for n := range b {
		_, _, err := r(b[:n], fl)
		if _, ok := errors.AsType[*FormatError](err); err != nil && !ok {
			t.Errorf("prefix of %d of %x: %v", n, b, err)
		}
	}
}

func TestFileLevels(t *testing.T) {
	eachLevel(t, fileLevels, func(t *testing.T, l InfoLevel, fl Flags2) {
		b, err := EncodeFileInformation(l, fullInformation(), fl)
		if err != nil || len(b) == 0 {
			t.Fatalf("got %x, %v", b, err)
		}
		checkBlock(t, recodeFile(l), b, fl)
	})
}

func TestAllFieldsTravelInSomeLevel(t *testing.T) {
	var got FileInformation
	for l, groups := range fileLevels {
		b, err := EncodeFileInformation(l, fullInformation(), Flags2Unicode)
		if err != nil {
			t.Fatal(err)
		}
		d := newDecoder(CmdTransaction2, b, Flags2Unicode)
		for _, g := range groups {
			if got.Streams = nil; d.err != nil {
				t.Fatal(d.err)
			}
			g.decode(&got, d)
		}
	}
	got.Streams = fullInformation().Streams // checked by TestFileLevels
	if diff := cmp.Diff(&got, fullInformation()); diff != "" {
		t.Errorf("(-got +want)\n%s", diff)
	}
}

func TestSetLevels(t *testing.T) {
	full := &FileChange{
		Created: dosTime, Accessed: dosTime, Written: dosTime, Changed: dosTime, Attributes: nt.AttrArchive,
		Delete: true, Allocation: 1 << 40, EndOfFile: 3000, Position: 7, ReplaceIfExists: true, NewName: "new",
	}
	eachLevel(t, setLevels, func(t *testing.T, l InfoLevel, fl Flags2) {
		b, err := EncodeSetInformation(l, full, fl)
		if err != nil || len(b) == 0 {
			t.Fatalf("got %x, %v", b, err)
		}
		checkBlock(t, recodeSet(l), b, fl)
	})
}

func TestFSLevels(t *testing.T) {
	full := &FSInformation{
		FSID: 1, TotalUnits: 1000, FreeUnits: 500, ActualFreeUnits: 600, SectorsPerUnit: 8, BytesPerSector: 512,
		Created: dosTime, SerialNumber: 0x12345678, Label: "MAIL", DeviceType: 7, Characteristics: 0x20,
		Attributes: 3, MaxComponentLength: 255, FileSystemName: "FAT",
	}
	eachLevel(t, fsLevels, func(t *testing.T, l InfoLevel, fl Flags2) {
		b, err := EncodeFSInformation(l, full, fl)
		if err != nil || len(b) == 0 {
			t.Fatalf("got %x, %v", b, err)
		}
		checkBlock(t, recodeFS(l), b, fl)
	})
}

func TestUnknownLevelsAreInvalidInfoClass(t *testing.T) {
	const level = 0xEEEE
	_, e1 := EncodeFileInformation(level, &FileInformation{}, 0)
	_, e2 := DecodeFileInformation(level, nil, 0)
	_, e3 := EncodeFSInformation(level, &FSInformation{}, 0)
	_, e4 := DecodeFSInformation(level, nil, 0)
	_, e5 := EncodeSetInformation(level, &FileChange{}, 0)
	_, e6 := DecodeSetInformation(level, nil, 0)
	_, e7 := EncodeFindEntries(FindFormat{Level: level}, nil, 0)
	_, e8 := DecodeFindEntries(FindFormat{Level: level}, nil, 1)
	for i, err := range []error{e1, e2, e3, e4, e5, e6, e7, e8} {
		if !errors.Is(err, nt.StatusInvalidInfoClass) {
			t.Errorf("%d: got %v", i+1, err)
		}
	}
}

func TestStreamListsMustGoForward(t *testing.T) {
	b, err := EncodeFileInformation(PassStream, fullInformation(), Flags2Unicode)
	if err != nil {
		t.Fatal(err)
	}
	for _, next := range []byte{1, 8, 0xFF} {
		b[0] = next
		if i, err := DecodeFileInformation(PassStream, b, Flags2Unicode); err == nil {
			t.Errorf("next %d: got %+v", next, i)
		}
	}
}

func TestStreamsMustNotOverlap(t *testing.T) {
	streams := &FileInformation{Streams: []StreamInformation{{Name: "0123456789abcdef"}}}
	b, err := EncodeFileInformation(PassStream, streams, Flags2Unicode)
	if err != nil {
		t.Fatal(err)
	}
	b[0] = 8 // what lies there would pass for an entry
	if i, err := DecodeFileInformation(PassStream, b, Flags2Unicode); err == nil {
		t.Errorf("got %+v", i)
	}
}
