package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// journalSchema names the form of a journal.
const journalSchema = "ntrdr-journal/1"

// journalHead is a journal's first record.
type journalHead struct {
	Schema     string      `json:"schema"`
	Shard      Shard       `json:"shard"`
	Policies   int         `json:"policies"`
	Blocks     int         `json:"blocks"`
	Trials     int         `json:"trials"`
	Most       int         `json:"most"` // lines of a cell; 0: no bound
	Parameters []parameter `json:"parameters"`
	Origin     Origin      `json:"origin"`
}

// part is a record about the groups From to To, all of one block. The lines that are
// kept follow it in the same frame.
type part struct {
	From    int      `json:"from"`
	To      int      `json:"to"`
	Kept    int      `json:"kept"`
	Tallies []*Tally `json:"tallies"`
}

// Limits of a matrix.
//
// The cells of a sweep are held in memory, some 100 KB each.
//
// src: assumed (a trillion trials are years of work)
const (
	MaxTrials = 1_000_000_000_000
	MaxCells  = 20_000
	MaxShards = 100_000
)

func (h *journalHead) check() error {
	switch {
	case h.Schema != journalSchema:
		return fmt.Errorf("its schema is %.40q, not %s", h.Schema, journalSchema)
	case h.Policies < 1 || h.Blocks < 1 || h.Policies > MaxCells || h.Blocks > MaxCells || h.Policies*h.Blocks > MaxCells:
		return fmt.Errorf("%d policies in %d blocks are no matrix", h.Policies, h.Blocks)
	case h.Most < 0:
		return fmt.Errorf("%d lines of a cell", h.Most)
	case h.Trials < 1 || h.Trials > MaxTrials:
		return fmt.Errorf("%d trials are out of range", h.Trials)
	}
	return h.Shard.Check(h.Trials)
}

// perBlock is the number of groups that the shard has of each block.
func (h *journalHead) perBlock() int {
	from, to := h.Shard.seeds(h.Trials)
	return to - from
}

// groups is the number of groups of the whole shard.
func (h *journalHead) groups() int { return h.Blocks * h.perBlock() }

// part reads the record that begins with the given group.
func (h *journalHead) part(text []byte, from int) (*part, error) {
	head, lines, ok := bytes.Cut(text, []byte("\n"))
	var p part
	if err := json.Unmarshal(head, &p); err != nil || !ok {
		return nil, errors.New("no record of groups")
	}
	n := h.perBlock()
	switch {
	case p.From != from || p.To <= from || p.To > h.groups() || p.From/n != (p.To-1)/n:
		return nil, fmt.Errorf("groups %d to %d, after %d of %d", p.From, p.To, from, h.groups())
	case len(p.Tallies) != h.Policies:
		return nil, fmt.Errorf("%d tallies of %d policies", len(p.Tallies), h.Policies)
	case bytes.Count(lines, []byte("\n")) != p.Kept || len(lines) > 0 && lines[len(lines)-1] != '\n':
		return nil, fmt.Errorf("not the %d lines that it names", p.Kept)
	}
	for _, t := range p.Tallies {
		if t == nil || t.Trials != p.To-p.From {
			return nil, errors.New("a tally of other groups")
		}
		if err := t.Check(); err != nil {
			return nil, err
		}
	}
	return &p, nil
}

// scanner reads a journal from its beginning.
type scanner struct {
	frames *frameReader
	head   journalHead
	groups int   // read so far
	end    int64 // of what was read so far
}

// scanJournal reads the head. A file that ends within it, and is right so far, gives
// errTorn.
func scanJournal(r io.Reader) (*scanner, error) {
	s := &scanner{frames: newFrameReader(r)}
	if err := s.readHead(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *scanner) readHead() error {
	if err := s.frames.magic(); err != nil {
		return err
	}
	text, err := s.frames.next()
	if err != nil {
		return torn(err)
	}
	if err := json.Unmarshal(text, &s.head); err != nil {
		return fmt.Errorf("its head: %w", err)
	}
	s.end = s.frames.offset
	return s.head.check()
}

// next returns the next part. At the end it returns io.EOF, or errTorn if a process can
// have died while it wrote what is there.
func (s *scanner) next() (*part, error) {
	text, err := s.frames.next()
	if err != nil {
		return nil, err
	}
	p, err := s.head.part(text, s.groups)
	if err != nil {
		return nil, fmt.Errorf("the record at byte %d: %w", s.end, err)
	}
	s.groups, s.end = p.To, s.frames.offset
	return p, nil
}

func (s *scanner) close() { s.frames.close() }
