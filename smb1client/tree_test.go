package smb1client

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// disk serves one file from memory.
type disk struct {
	content []byte
	room    int // bytes that still fit
	files   fileServer
}

func (d *disk) serve(p *peer, req *smbwire.Message) {
	switch r := req.Chain[0].(type) {
	case *smbwire.ReadAndXRequest:
		from := min(int(r.Offset), len(d.content))
		to := min(from+r.Count(), len(d.content))
		p.reply(req, &smbwire.ReadAndXResponse{Available: math.MaxUint16, Data: d.content[from:to]})
	case *smbwire.WriteAndXRequest:
		n := min(len(r.Data), d.room)
		d.room -= n
		d.content = append(d.content[:r.Offset], r.Data[:n]...)
		p.reply(req, &smbwire.WriteAndXResponse{Count: n})
	default:
		d.files.serve(p, req)
	}
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7 >> 3)
	}
	return b
}

// withDisk logs on to a peer that serves d and opens the file.
func withDisk(t *testing.T, d *disk, f func(p *peer, tree *Tree, h FileHandle)) {
	t.Helper()
	fresh := *d
	inSim(t, func(k *simrt.Kernel) {
		*d = fresh
		p, conn := newPeer(t, k, d.serve)
		tree := logon(t, conn, Options{Runtime: k})
		defer closeClient(t, tree)
		h := mustCreate(t, tree, `f`)
		p.requests = nil
		f(p, tree, h)
	})
}

func TestReadAt(t *testing.T) {
	content := pattern(10000)
	for _, c := range []struct {
		name   string
		off    int64
		n      int
		want   []byte
		err    error
		counts []int
	}{
		{"within one page", 10, 100, content[10:110], nil, []int{100}},
		{"three requests", 0, 10000, content, nil, []int{4096, 4096, 1808}},
		{"whole pages", 0, 8192, content[:8192], nil, []int{4096, 4096}},
		{"across the end", 9000, 4096, content[9000:], io.EOF, []int{4096}},
		{"behind the end", 20000, 10, nil, io.EOF, []int{10}},
		{"nothing", 0, 0, nil, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			withDisk(t, &disk{content: content}, func(p *peer, tree *Tree, h FileHandle) {
				buf := make([]byte, c.n)
				n, err := tree.ReadAt(h, buf, c.off)
				if err != c.err || !bytes.Equal(buf[:n], c.want) { //nolint:errorlint // io.EOF comes bare
					t.Errorf("got %d bytes, %v; want %d, %v", n, err, len(c.want), c.err)
				}
				var counts []int
				for _, r := range p.requests {
					counts = append(counts, r.Chain[0].(*smbwire.ReadAndXRequest).Count())
				}
				if diff := cmp.Diff(c.counts, counts); diff != "" {
					t.Errorf("requests (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestWriteAt(t *testing.T) {
	type write struct {
		Off       int64
		Len       int
		Remaining uint16
		Mode      nt.WriteMode
	}
	data := pattern(10000)
	for _, c := range []struct {
		name string
		room int
		n    int
		err  error
		want []write
	}{
		{"three requests", 1 << 20, 10000, nil, []write{
			{0, 4096, 10000, 1},
			{4096, 4096, 5904, 1},
			{8192, 1808, 1808, 1},
		}},
		{"a full disk", 5000, 5000, nt.StatusDiskFull, []write{
			{0, 4096, 10000, 1},
			{4096, 4096, 5904, 1},
			{5000, 4096, 5000, 1},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &disk{room: c.room}
			withDisk(t, d, func(p *peer, tree *Tree, h FileHandle) {
				n, err := tree.WriteAt(h, data, 0, nt.WriteModeThrough)
				if n != c.n || !errors.Is(err, c.err) || !bytes.Equal(d.content, data[:n]) {
					t.Errorf("got %d, %v; want %d, %v", n, err, c.n, c.err)
				}
				var got []write
				for _, m := range p.requests {
					r := m.Chain[0].(*smbwire.WriteAndXRequest)
					got = append(got, write{r.Offset, len(r.Data), r.Remaining, r.WriteMode})
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("requests (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// The requests fit into the server's buffer to the byte.
func TestOverheads(t *testing.T) {
	write := &smbwire.Message{Chain: []smbwire.Body{&smbwire.WriteAndXRequest{Wide: true, Data: make([]byte, 4096)}}}
	read := &smbwire.Message{
		Header: smbwire.Header{Flags: smbwire.FlagReply},
		Chain:  []smbwire.Body{&smbwire.ReadAndXResponse{Data: make([]byte, 4096)}},
	}
	for _, c := range []struct {
		name string
		m    *smbwire.Message
		most int
	}{{"WRITE_ANDX", write, writeOverhead}, {"READ_ANDX", read, readOverhead}} {
		b, err := c.m.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(b) - 4096; got > c.most {
			t.Errorf("%s: %d bytes ahead of the data, more than the %d reckoned with", c.name, got, c.most)
		}
	}
}

// The time of last write goes out in the server's local time.
func TestCloseTime(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		p, conn := newPeer(t, k, (&fileServer{}).serve)
		p.welcome.TimeZone = -60 // one hour east of Greenwich
		tree := logon(t, conn, Options{Runtime: k})
		defer closeClient(t, tree)
		at := time.Date(1996, 2, 14, 9, 30, 0, 0, time.UTC)
		var got []smbwire.UTime
		for _, f := range []FileTime{nt.FileTimeOf(at), 0} {
			if err := tree.Close(mustCreate(t, tree, `f`), f); err != nil {
				t.Fatal(err)
			}
			got = append(got, p.requests[len(p.requests)-1].Chain[0].(*smbwire.CloseRequest).LastModified)
		}
		if diff := cmp.Diff([]smbwire.UTime{smbwire.UTime(at.Unix() + 3600), 0}, got); diff != "" {
			t.Errorf("times (-want +got):\n%s", diff)
		}
	})
}

// Errors tell operation, path and status.
func TestErrors(t *testing.T) {
	refuse := func(p *peer, req *smbwire.Message) { p.fail(req, nt.StatusAccessDenied) }
	inSim(t, func(k *simrt.Kernel) {
		_, conn := newPeer(t, k, refuse)
		tree := logon(t, conn, Options{Runtime: k})
		defer closeClient(t, tree)
		_, _, createErr := tree.Create(`dir\f`, CreateParams{})
		_, findErr := tree.Find(`dir\*`)
		_, queryErr := tree.QueryPath(`dir\f`)
		for _, c := range []struct {
			err      error
			op, path string
		}{
			{createErr, "create", `dir\f`},
			{findErr, "find", `dir\*`},
			{queryErr, "query", `dir\f`},
			{tree.Delete(`f`), "delete", `f`},
			{tree.Rename(`f`, `g`), "rename", `f`},
			{tree.Mkdir(`d`), "mkdir", `d`},
			{tree.Rmdir(`d`), "rmdir", `d`},
			{tree.CheckDirectory(`d`), "check directory", `d`},
		} {
			want := &nt.Error{Op: c.op, Path: c.path, Status: nt.StatusAccessDenied}
			got, _ := errors.AsType[*nt.Error](c.err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.op, diff)
			}
		}
	})
}

// A search goes on until the server says that it is over, in as many pages as it
// wants; replies that come in parts are put together.
func TestFind(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		s := &searchServer{t: t, pages: [][]string{{".", "..", "A.KEY", "B.KEY"}, {"C.KEY"}, {"D.KEY", "E.KEY"}}}
		_, conn := newPeer(t, k, s.serve)
		tree := logon(t, conn, Options{Runtime: k})
		defer closeClient(t, tree)
		found, err := tree.Find(`KEY\*`)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range found {
			names = append(names, f.Name)
		}
		if diff := cmp.Diff([]string{"A.KEY", "B.KEY", "C.KEY", "D.KEY", "E.KEY"}, names); diff != "" {
			t.Errorf("names (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{`\KEY\*`, "B.KEY", "C.KEY"}, s.asked); diff != "" {
			t.Errorf("asked (-want +got):\n%s", diff)
		}
	})
}

// A server that never comes to an end is given up.
func TestEndlessFind(t *testing.T) {
	for _, c := range []struct {
		name string
		page []string
		want nt.Status
	}{
		{"empty pages", nil, nt.StatusInvalidNetworkResponse},
		{"full pages", manyNames(400), nt.StatusInsufficientResources},
	} {
		t.Run(c.name, func(t *testing.T) {
			inSimOnce(t, simrt.Options{}, func(k *simrt.Kernel) {
				s := &searchServer{t: t, pages: [][]string{c.page}, endless: true}
				_, conn := newPeer(t, k, s.serve)
				tree := logon(t, conn, Options{Runtime: k})
				defer closeClient(t, tree)
				if _, err := tree.Find(`*`); !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if !s.closed {
					t.Error("the search was left open at the server")
				}
			})
		})
	}
}

func manyNames(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("%08d.MAI", i))
	}
	return names
}

// searchServer answers searches page by page, each reply in parts of 100 bytes.
type searchServer struct {
	t       testing.TB
	pages   [][]string
	endless bool
	asked   []string
	closed  bool
}

func (s *searchServer) serve(p *peer, req *smbwire.Message) {
	r, ok := req.Chain[0].(*smbwire.Transaction2Request)
	if !ok {
		s.closed = true
		p.reply(req, &smbwire.FindClose2Response{})
		return
	}
	fl := req.Header.Flags2
	var page []string
	end := len(s.pages) == 1 && !s.endless
	if page = s.pages[0]; !s.endless {
		s.pages = s.pages[1:]
	}
	data := s.encode(page, fl)
	var out smbwire.Transaction2Response
	var err error
	if r.Subcommand() == smbwire.Trans2FindFirst2 {
		var q smbwire.FindFirst2Request
		err = errors.Join(q.Decode(r, fl), (&smbwire.FindFirst2Response{
			SID: 3, SearchCount: uint16(len(page)), EndOfSearch: end, Data: data,
		}).Encode(&out, fl))
		s.asked = append(s.asked, q.FileName)
	} else {
		var q smbwire.FindNext2Request
		err = errors.Join(q.Decode(r, fl), (&smbwire.FindNext2Response{
			SearchCount: uint16(len(page)), EndOfSearch: end, Data: data,
		}).Encode(&out, fl))
		s.asked = append(s.asked, q.FileName)
		if q.SID != 3 || q.Flags != smbwire.FindCloseAtEOS|smbwire.FindContinueFromLast {
			s.t.Errorf("FIND_NEXT2 of SID %d with flags %#x", q.SID, q.Flags)
		}
	}
	if err != nil {
		s.t.Error(err)
	}
	sendInParts(p, req, &out)
}

func (s *searchServer) encode(names []string, fl smbwire.Flags2) []byte {
	var entries []smbwire.FindEntry
	for _, n := range names {
		entries = append(entries, smbwire.FindEntry{FileInfo: nt.FileInfo{Name: n, Attributes: nt.AttrArchive}})
	}
	d, err := smbwire.EncodeFindEntries(
		smbwire.FindFormat{Level: smbwire.FindBothDirectory, Flags2: fl}, entries, math.MaxUint16)
	if err != nil || d.Count != len(names) {
		s.t.Errorf("%d of %d entries encoded, %v", d.Count, len(names), err)
	}
	return d.Data
}

func sendInParts(p *peer, req *smbwire.Message, whole *smbwire.Transaction2Response) {
	const size = 100
	part := *whole
	for at := 0; ; at += size {
		part.Data = whole.Data[at:min(at+size, len(whole.Data))]
		part.DataDisplacement = uint16(at)
		p.reply(req, &part)
		part.Params, part.ParamDisplacement = nil, uint16(len(whole.Params))
		if at+size >= len(whole.Data) {
			return
		}
	}
}

// remote is what a redirector needs of a tree.
type remote interface {
	Create(path string, p nt.CreateParams) (nt.FileHandle, nt.CreateResult, error)
	ReadAt(h nt.FileHandle, p []byte, off int64) (int, error)
	WriteAt(h nt.FileHandle, p []byte, off int64, m nt.WriteMode) (int, error)
	SetSize(h nt.FileHandle, size int64) error
	Flush(h nt.FileHandle) error
	Close(h nt.FileHandle, written nt.FileTime) error
	Lock(h nt.FileHandle, r nt.LockRange, wait time.Duration) error
	Unlock(h nt.FileHandle, r nt.LockRange) error
	LockAll(h nt.FileHandle, ranges []nt.LockRange) error
	LockAndRead(h nt.FileHandle, p []byte, off int64) (int, error)
	WriteAndUnlock(h nt.FileHandle, p []byte, off int64) (int, error)
	ReadRaw(h nt.FileHandle, p []byte, off int64) (int, error)
	WriteRaw(h nt.FileHandle, p []byte, off int64, m nt.WriteMode, inline int) (int, error)
	NotifyChange(dir nt.FileHandle, filter nt.NotifyFilter, tree bool) ([]nt.Change, error)
	CancelWaits(h nt.FileHandle) error
	AckBreak(h nt.FileHandle, to nt.OplockLevel) error
	Delete(path string) error
	Rename(from, to string) error
	Mkdir(path string) error
	Rmdir(path string) error
	CheckDirectory(path string) error
	Find(pattern string) ([]nt.FileInfo, error)
	QueryPath(path string) (nt.FileInfo, error)
	QueryFile(h nt.FileHandle) (nt.FileInfo, error)
	Limits() nt.Limits
	SetHandler(h nt.CircuitHandler)
}

var _ remote = (*Tree)(nil)
