package smbserver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// trans2 is what every request of a subcommand has.
type trans2 interface {
	Encode(t *smbwire.Transaction2Request, fl smbwire.Flags2) error
}

func request(t *testing.T, r trans2) *smbwire.Transaction2Request {
	t.Helper()
	out := &smbwire.Transaction2Request{MaxParams: 10, MaxData: 4096}
	if err := r.Encode(out, clientFlags2); err != nil {
		t.Fatal(err)
	}
	return out
}

func (p *peer) trans2(t *testing.T, want nt.Status, r trans2) *smbwire.Transaction2Response {
	t.Helper()
	out, _ := p.want(want, request(t, r)).(*smbwire.Transaction2Response)
	return out
}

// listing goes through a whole directory, page entries at a time.
func (p *peer) listing(t *testing.T, pattern string, level smbwire.InfoLevel, page uint16, attrs nt.FileAttributes) []string {
	t.Helper()
	const flags = smbwire.FindCloseAtEOS | smbwire.FindReturnResumeKeys
	format := smbwire.FindFormat{Level: level, Flags2: clientFlags2, ResumeKeys: true}
	var names []string
	take := func(data []byte, count uint16) {
		entries, err := smbwire.DecodeFindEntries(format, data, int(count))
		if err != nil || len(entries) != int(count) {
			t.Fatalf("%d entries of %d, %v", len(entries), count, err)
		}
		for _, e := range entries {
			names = append(names, e.Name)
		}
	}
	var first smbwire.FindFirst2Response
	out := p.trans2(t, nt.StatusSuccess, &smbwire.FindFirst2Request{
		SearchAttributes: uint16(attrs), SearchCount: page, Flags: flags, Level: level, FileName: pattern,
	})
	if err := first.Decode(out, clientFlags2); err != nil {
		t.Fatal(err)
	}
	take(first.Data, first.SearchCount)
	for end := first.EndOfSearch; !end; {
		var next smbwire.FindNext2Response
		out := p.trans2(t, nt.StatusSuccess, &smbwire.FindNext2Request{
			SID: first.SID, SearchCount: page, Level: level, Flags: flags, FileName: names[len(names)-1],
		})
		if err := next.Decode(out, clientFlags2); err != nil {
			t.Fatal(err)
		}
		take(next.Data, next.SearchCount)
		end = next.EndOfSearch
	}
	if n := p.w.core.circuits.entries[0].v.searches.len(); n != 0 {
		t.Errorf("%d searches are left open", n)
	}
	return names
}

func TestFind(t *testing.T) {
	w := newWorld(t)
	p := w.logon("WS1")
	want := []string{".", ".."}
	for i := range 60 {
		name := fmt.Sprintf("%03d-%s", i, strings.Repeat("x", i%40))
		want = append(want, name)
		if err := w.vol.WriteFile(name, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, level := range []smbwire.InfoLevel{
		smbwire.FindInfoStandard, smbwire.FindDirectory, smbwire.FindFullDirectory, smbwire.FindNames, smbwire.FindBothDirectory,
	} {
		for _, page := range []uint16{1, 2, 3, 1000} {
			if diff := cmp.Diff(want, p.listing(t, `\*`, level, page, nt.AttrDirectory)); diff != "" {
				t.Errorf("level %#x, %d at a time: %s", level, page, diff)
			}
		}
	}
	if diff := cmp.Diff(want[2:12], p.listing(t, `\00*`, smbwire.FindBothDirectory, 4, 0)); diff != "" {
		t.Error(diff)
	}
}

func TestFindRespectsAttributes(t *testing.T) {
	w := newWorld(t)
	p := w.logon("WS1")
	for _, name := range []string{"hidden", "plain"} {
		if err := w.vol.WriteFile(name, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.vol.Mkdir("sub", 0); err != nil {
		t.Fatal(err)
	}
	p.want(nt.StatusSuccess, &smbwire.SetInformationRequest{FileName: "hidden", FileAttributes: nt.AttrHidden})
	for attrs, want := range map[nt.FileAttributes][]string{
		0:                                {"plain"},
		nt.AttrHidden:                    {"hidden", "plain"},
		nt.AttrHidden | nt.AttrDirectory: {".", "..", "hidden", "plain", "sub"},
	} {
		if diff := cmp.Diff(want, p.listing(t, "*", smbwire.FindNames, 1, attrs)); diff != "" {
			t.Errorf("%#x: %s", attrs, diff)
		}
	}
	p.trans2(t, nt.StatusNoSuchFile, &smbwire.FindFirst2Request{SearchCount: 1, Level: smbwire.FindNames, FileName: "sub"})
	p.trans2(t, nt.StatusNoSuchFile, &smbwire.FindFirst2Request{SearchCount: 1, Level: smbwire.FindNames, FileName: "nope"})
	p.trans2(t, nt.StatusObjectPathNotFound, &smbwire.FindFirst2Request{SearchCount: 1, Level: smbwire.FindNames, FileName: `nope\*`})
	p.trans2(t, nt.StatusInvalidInfoClass, &smbwire.FindFirst2Request{SearchCount: 1, Level: 0x999, FileName: `*`})
	p.trans2(t, nt.StatusInvalidHandle, &smbwire.FindNext2Request{SID: 7, SearchCount: 1, Level: smbwire.FindNames})
}

// A search that is resumed does not depend on what it returned still being there.
func TestFindWhileDeleting(t *testing.T) {
	w := newWorld(t)
	p := w.logon("WS1")
	for i := range 10 {
		if err := w.vol.WriteFile(fmt.Sprint(i), nil); err != nil {
			t.Fatal(err)
		}
	}
	out := p.trans2(t, nt.StatusSuccess, &smbwire.FindFirst2Request{SearchCount: 4, Level: smbwire.FindNames, FileName: "?"})
	var first smbwire.FindFirst2Response
	if err := first.Decode(out, clientFlags2); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		p.want(nt.StatusSuccess, &smbwire.DeleteRequest{FileName: fmt.Sprint(i)})
	}
	out = p.trans2(t, nt.StatusSuccess, &smbwire.FindNext2Request{
		SID: first.SID, SearchCount: 100, Level: smbwire.FindNames, Flags: smbwire.FindContinueFromLast,
	})
	var next smbwire.FindNext2Response
	if err := next.Decode(out, clientFlags2); err != nil || next.SearchCount != 5 || !next.EndOfSearch {
		t.Errorf("got %+v, %v; want the other 5", next, err)
	}
	out = p.trans2(t, nt.StatusSuccess, &smbwire.FindNext2Request{SID: first.SID, SearchCount: 100, Level: smbwire.FindNames, FileName: "7"})
	if err := next.Decode(out, clientFlags2); err != nil || next.SearchCount != 2 {
		t.Errorf("resumed behind 7: %+v, %v; want 8 and 9", next, err)
	}
	p.want(nt.StatusSuccess, &smbwire.FindClose2Request{SID: first.SID})
	p.want(nt.StatusInvalidHandle, &smbwire.FindClose2Request{SID: first.SID})
}

func TestQueryInformation(t *testing.T) {
	w := newWorld(t)
	p := w.logon("WS1")
	fid := p.open(nt.OplockNone, create("File.txt"))
	p.write(fid, 0, "contents")
	now := nt.FileTimeOf(w.now)
	for _, row := range []struct {
		level smbwire.InfoLevel
		want  smbwire.FileInformation
	}{
		{smbwire.QueryFileBasic, smbwire.FileInformation{FileInfo: nt.FileInfo{
			Created: now, Accessed: now, Written: now, Changed: now, Attributes: nt.AttrArchive,
		}}},
		{smbwire.QueryFileStandard, smbwire.FileInformation{FileInfo: nt.FileInfo{Size: 8, Allocation: 4096}, Links: 1}},
		{smbwire.QueryFileEA, smbwire.FileInformation{}},
		{smbwire.QueryFileName, smbwire.FileInformation{FileInfo: nt.FileInfo{Name: `\File.txt`}}},
		{smbwire.QueryFileAltName, smbwire.FileInformation{ShortName: "File.txt"}},
	} {
		byPath := p.trans2(t, nt.StatusSuccess, &smbwire.QueryPathInformationRequest{Level: row.level, FileName: `\FILE.TXT`})
		byFID := p.trans2(t, nt.StatusSuccess, &smbwire.QueryFileInformationRequest{Level: row.level, FID: fid})
		for how, out := range map[string]*smbwire.Transaction2Response{"path": byPath, "FID": byFID} {
			got, err := smbwire.DecodeFileInformation(row.level, out.Data, clientFlags2)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&row.want, got); diff != "" {
				t.Errorf("level %#x by %s: %s", row.level, how, diff)
			}
		}
	}
	p.trans2(t, nt.StatusInvalidInfoClass, &smbwire.QueryPathInformationRequest{Level: smbwire.PassStandard, FileName: `\file.txt`})
	p.trans2(t, nt.StatusObjectNameNotFound, &smbwire.QueryPathInformationRequest{Level: smbwire.QueryFileBasic, FileName: `\nope`})
}

func (p *peer) set(t *testing.T, want nt.Status, level smbwire.InfoLevel, fid smbwire.FID, path string, c smbwire.FileChange) {
	t.Helper()
	data, err := smbwire.EncodeSetInformation(level, &c, clientFlags2)
	if err != nil {
		t.Fatal(err)
	}
	var r trans2 = &smbwire.SetFileInformationRequest{FID: fid, Level: level, Data: data}
	if path != "" {
		r = &smbwire.SetPathInformationRequest{FileName: path, Level: level, Data: data}
	}
	p.trans2(t, want, r)
}

func TestSetInformation(t *testing.T) {
	w := newWorld(t, noRetries)
	p := w.logon("WS1")
	fid := p.open(nt.OplockNone, create("f", sharing(shareAll), access(nt.GenericAll)))
	p.write(fid, 0, "contents")
	p.set(t, nt.StatusSuccess, smbwire.SetFileEndOfFile, fid, "", smbwire.FileChange{EndOfFile: 3})
	wantF(t, w, "con")
	p.set(t, nt.StatusSuccess, smbwire.SetFileAllocation, fid, "", smbwire.FileChange{Allocation: 1 << 20})
	wantF(t, w, "con")
	p.set(t, nt.StatusSuccess, smbwire.SetFileEndOfFile, 0, "f", smbwire.FileChange{EndOfFile: 5})
	wantF(t, w, "con\x00\x00")
	p.set(t, nt.StatusInvalidParameter, smbwire.SetFileEndOfFile, fid, "", smbwire.FileChange{EndOfFile: -1})
	written := nt.FileTimeOf(w.now.AddDate(-1, 0, 0))
	p.set(t, nt.StatusSuccess, smbwire.SetFileBasic, fid, "", smbwire.FileChange{Written: written, Attributes: nt.AttrHidden})
	info, err := w.vol.Stat("f")
	if err != nil || info.Written != written || info.Attributes != nt.AttrHidden {
		t.Errorf("got %+v, %v", info, err)
	}
	p.set(t, nt.StatusSuccess, smbwire.SetFileDisposition, fid, "", smbwire.FileChange{Delete: true})
	p.want(nt.StatusDeletePending, create("f"))
	p.set(t, nt.StatusSuccess, smbwire.SetFileDisposition, fid, "", smbwire.FileChange{})
	p.close(p.open(nt.OplockNone, create("f", sharing(shareAll))))
	p.set(t, nt.StatusSuccess, smbwire.SetFileDisposition, fid, "", smbwire.FileChange{Delete: true})
	p.close(fid)
	if _, err := w.vol.Stat("f"); err == nil {
		t.Error("f was not deleted")
	}
}

func TestQueryFS(t *testing.T) {
	w := newWorld(t)
	p := w.logon("WS1")
	for _, row := range []struct {
		level smbwire.InfoLevel
		want  smbwire.FSInformation
	}{
		{smbwire.FSInfoAllocation, smbwire.FSInformation{TotalUnits: 32768, FreeUnits: 32768, SectorsPerUnit: 64, BytesPerSector: 512}},
		{smbwire.FSSize, smbwire.FSInformation{TotalUnits: 32768, FreeUnits: 32768, SectorsPerUnit: 64, BytesPerSector: 512}},
		{smbwire.FSVolume, smbwire.FSInformation{Label: "DATA"}},
		{smbwire.FSDevice, smbwire.FSInformation{DeviceType: 7, Characteristics: 16}},
		{smbwire.FSAttribute, smbwire.FSInformation{Attributes: 6, MaxComponentLength: 255, FileSystemName: "NTFS"}},
	} {
		out := p.trans2(t, nt.StatusSuccess, &smbwire.QueryFSInformationRequest{Level: row.level})
		got, err := smbwire.DecodeFSInformation(row.level, out.Data, clientFlags2)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&row.want, got); diff != "" {
			t.Errorf("level %#x: %s", row.level, diff)
		}
	}
}

// What a reply may hold is the client's to say.
func TestTransactionRespectsTheClient(t *testing.T) {
	p := newWorld(t).logon("WS1")
	for _, r := range []*smbwire.Transaction2Request{
		request(t, &smbwire.QueryFSInformationRequest{Level: smbwire.FSSize}),
		request(t, &smbwire.FindFirst2Request{SearchCount: 1, SearchAttributes: 16, Level: smbwire.FindBothDirectory, FileName: "*"}),
	} {
		r.MaxData = 7
		p.want(nt.StatusBufferTooSmall, r)
		r.MaxData = 4096
		r.TotalParams++
		p.want(nt.StatusNotSupported, r)
		r.TotalParams--
		r.Params = r.Params[:1]
		r.TotalParams = 1
		p.want(nt.StatusInvalidParameter, r)
		r.Setup = nil
		p.want(nt.StatusNotImplemented, r)
	}
}
