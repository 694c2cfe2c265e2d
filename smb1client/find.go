package smb1client

import (
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

const (
	// MaxFindEntries bounds the entries that one Find returns.
	//
	// src: assumed (more than any directory of the time; bounds a hostile server)
	MaxFindEntries = 1 << 16

	// searchCount is how many entries one request asks for; the buffer is the bound.
	//
	// src: assumed (more entries than fit into the usual buffer)
	searchCount = 512
)

// Find lists what matches pattern, whose last part may have wildcards, in the
// server's order and without "." and "..". No match is StatusNoSuchFile.
//
// src: [MS-CIFS] §2.2.6.2, §2.2.6.3
func (t *Tree) Find(pattern string) ([]FileInfo, error) {
	page, sid, err := t.findFirst(pattern)
	var all []FileInfo
	for err == nil {
		for _, e := range page.entries {
			if e.Name != "." && e.Name != ".." {
				all = append(all, e.FileInfo)
			}
		}
		switch {
		case page.end:
			return all, nil
		case len(page.entries) == 0:
			err = &nt.Error{Op: "find", Path: pattern, Status: nt.StatusInvalidNetworkResponse}
		case len(all) > MaxFindEntries:
			err = &nt.Error{Op: "find", Path: pattern, Status: nt.StatusInsufficientResources}
		default:
			last := page.entries[len(page.entries)-1]
			page, err = t.findNext(pattern, sid, last.Name)
			continue
		}
		t.findClose(sid)
	}
	return nil, err
}

// searchPage is what one request of a search brings.
type searchPage struct {
	entries []smbwire.FindEntry
	end     bool
}

func (t *Tree) findFirst(pattern string) (searchPage, smbwire.SID, error) {
	r, fl, err := t.trans2Within(t.c.opt.SearchBuffer, "find", pattern, &smbwire.FindFirst2Request{
		SearchAttributes: uint16(searchAll),
		SearchCount:      searchCount,
		Flags:            smbwire.FindCloseAtEOS,
		Level:            smbwire.FindBothDirectory,
		FileName:         rooted(pattern),
	})
	if err != nil {
		return searchPage{}, 0, err
	}
	var first smbwire.FindFirst2Response
	if err := first.Decode(r, fl); err != nil {
		return searchPage{}, 0, malformedReply("find", pattern, err)
	}
	page, err := decodePage(pattern, first.Data, int(first.SearchCount), fl)
	page.end = first.EndOfSearch
	return page, first.SID, err
}

// findNext continues behind the entry called last.
func (t *Tree) findNext(pattern string, sid smbwire.SID, last string) (searchPage, error) {
	r, fl, err := t.trans2Within(t.c.opt.SearchBuffer, "find", pattern, &smbwire.FindNext2Request{
		SID:         sid,
		SearchCount: searchCount,
		Level:       smbwire.FindBothDirectory,
		Flags:       smbwire.FindCloseAtEOS | smbwire.FindContinueFromLast,
		FileName:    last,
	})
	if err != nil {
		return searchPage{}, err
	}
	var next smbwire.FindNext2Response
	if err := next.Decode(r, fl); err != nil {
		return searchPage{}, malformedReply("find", pattern, err)
	}
	page, err := decodePage(pattern, next.Data, int(next.SearchCount), fl)
	page.end = next.EndOfSearch
	return page, err
}

func decodePage(pattern string, data []byte, count int, fl smbwire.Flags2) (searchPage, error) {
	entries, err := smbwire.DecodeFindEntries(
		smbwire.FindFormat{Level: smbwire.FindBothDirectory, Flags2: fl}, data, count)
	if err != nil {
		return searchPage{}, malformedReply("find", pattern, err)
	}
	return searchPage{entries: entries}, nil
}

// findClose ends a search that is given up. Its error adds nothing to why.
func (t *Tree) findClose(sid smbwire.SID) {
	_, _ = t.request("find close", "", &smbwire.FindClose2Request{SID: sid})
}
