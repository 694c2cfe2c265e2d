package smbserver

import (
	"slices"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/internal/volume"
)

// search is a SID: a pattern and how far it has been answered. It keeps no entries,
// only the last name, so it costs the same in any directory and sees what changes.
type search struct {
	tree    *tree
	dir     string
	pattern string
	attrs   nt.FileAttributes
	level   smbwire.InfoLevel
	keys    bool   // resume keys were asked for
	dots    int    // how many of "." and ".." have been returned, or passed over
	after   string // the last name returned beside those
}

// dotNames precede all others in an answer to a pattern that matches them.
var dotNames = [...]string{".", ".."}

// findPage bounds the entries of one answer.
//
// src: assumed (64 KB hold no more than some 700 entries)
const findPage = 1000

// findOverhead is what a FIND reply needs beside the entries: header, words, byte
// count, parameters, padding.
//
// src: [MS-CIFS] §2.2.4.46.2, §2.2.6.2.2
const findOverhead = smbwire.HeaderSize + 1 + 20 + 2 + 10 + 8

// found is one answer to a search.
type found struct {
	data smbwire.FindData
	end  bool
}

func (c *core) findFirst(x *exchange, t *smbwire.Transaction2Request, fl smbwire.Flags2) (*smbwire.Transaction2Response, nt.Status) {
	var r smbwire.FindFirst2Request
	if err := r.Decode(t, fl); err != nil {
		return nil, nt.StatusInvalidParameter
	}
	if x.cir.searches.len() >= c.cfg.Limits.MaxSearches {
		return nil, nt.StatusInsufficientResources
	}
	s := &search{tree: x.tree, attrs: nt.FileAttributes(r.SearchAttributes), level: r.Level}
	s.dir, s.pattern = volume.Split(r.FileName)
	s.keys = r.Flags&smbwire.FindReturnResumeKeys != 0
	if !volume.HasWildcard(s.pattern) {
		s.dots = len(dotNames)
	}
	got, st := c.find(x, s, t, r.SearchCount, fl)
	switch {
	case st != nt.StatusSuccess:
		return nil, st
	case got.data.Count == 0:
		return nil, nt.StatusNoSuchFile
	}
	out := &smbwire.FindFirst2Response{
		SearchCount: uint16(got.data.Count), EndOfSearch: got.end,
		LastNameOffset: uint16(got.data.LastNameOffset), Data: got.data.Data,
	}
	if !closes(r.Flags, got.end) {
		out.SID = assign(&x.cir.searches, s)
	}
	var reply smbwire.Transaction2Response
	return &reply, statusOf(out.Encode(&reply, fl))
}

func closes(f smbwire.FindFlags, end bool) bool {
	return f&smbwire.FindCloseAfterRequest != 0 || end && f&smbwire.FindCloseAtEOS != 0
}

func (c *core) findNext(x *exchange, t *smbwire.Transaction2Request, fl smbwire.Flags2) (*smbwire.Transaction2Response, nt.Status) {
	var r smbwire.FindNext2Request
	if err := r.Decode(t, fl); err != nil {
		return nil, nt.StatusInvalidParameter
	}
	s := x.cir.searches.get(r.SID)
	if s == nil || s.tree != x.tree {
		return nil, nt.StatusInvalidHandle
	}
	s.level, s.keys = r.Level, r.Flags&smbwire.FindReturnResumeKeys != 0
	if r.Flags&smbwire.FindContinueFromLast == 0 {
		s.resumeAt(r.FileName)
	}
	got, st := c.find(x, s, t, r.SearchCount, fl)
	if st != nt.StatusSuccess {
		return nil, st
	}
	if closes(r.Flags, got.end) {
		x.cir.searches.remove(r.SID)
	}
	out := &smbwire.FindNext2Response{
		SearchCount: uint16(got.data.Count), EndOfSearch: got.end,
		LastNameOffset: uint16(got.data.LastNameOffset), Data: got.data.Data,
	}
	var reply smbwire.Transaction2Response
	return &reply, statusOf(out.Encode(&reply, fl))
}

// resumeAt moves the search behind a name that the client was given before.
func (s *search) resumeAt(name string) {
	for i, dot := range dotNames {
		if name == dot {
			s.dots, s.after = i+1, ""
			return
		}
	}
	if name != "" {
		s.dots, s.after = len(dotNames), name
	}
}

// find returns the next entries, as many as were asked for and as fit.
func (c *core) find(x *exchange, s *search, t *smbwire.Transaction2Request, count uint16, fl smbwire.Flags2) (found, nt.Status) {
	want := min(max(int(count), 1), findPage)
	entries, st := s.entries(want + 1)
	if st != nt.StatusSuccess {
		return found{}, st
	}
	list := entries[:min(want, len(entries))]
	format := smbwire.FindFormat{Level: s.level, Flags2: fl, ResumeKeys: s.keys}
	data, err := smbwire.EncodeFindEntries(format, list, min(int(t.MaxData), x.cir.room(findOverhead)))
	switch {
	case err != nil:
		return found{}, statusOf(err)
	case data.Count == 0 && len(list) > 0:
		return found{}, nt.StatusBufferTooSmall
	case data.Count > 0:
		s.resumeAt(list[data.Count-1].Name)
	}
	return found{data: data, end: data.Count == len(entries)}, nt.StatusSuccess
}

// entries returns up to limit entries that come next, in a stable order.
func (s *search) entries(limit int) ([]smbwire.FindEntry, nt.Status) {
	var list []smbwire.FindEntry
	vol := s.tree.share.vol
	for _, name := range dotNames[s.dots:] {
		info, err := vol.Stat(s.dir)
		if err == nil && info.IsDir() && wanted(s.attrs, info.Attributes) && volume.Match(s.pattern, name) {
			info.Name = name
			list = append(list, smbwire.FindEntry{FileInfo: info})
		}
	}
	after := s.after
	for len(list) < limit {
		page, err := vol.List(s.dir, s.pattern, after, limit)
		if err != nil {
			return nil, statusOf(err)
		}
		list = slices.Grow(list, len(page))
		for _, info := range page {
			after = info.Name
			if wanted(s.attrs, info.Attributes) {
				list = append(list, smbwire.FindEntry{FileInfo: info})
			}
		}
		if len(page) < limit {
			break
		}
	}
	return list[:min(limit, len(list))], nt.StatusSuccess
}

func (c *core) findClose(x *exchange, r *smbwire.FindClose2Request) (smbwire.Body, nt.Status) {
	if x.cir.searches.get(r.SID) == nil {
		return nil, nt.StatusInvalidHandle
	}
	x.cir.searches.remove(r.SID)
	return &smbwire.FindClose2Response{}, nt.StatusSuccess
}
