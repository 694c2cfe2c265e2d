package bench

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Record is what the journals of a sweep hold together: the result files are made of
// it, so those of merged shards are the single run's byte for byte.
type Record struct {
	head    journalHead // the shard's number aside, of all
	shards  []shardFile
	tallies []*Tally // a block's policies are neighbours
}

// shardFile is one journal.
type shardFile struct {
	path   string
	shard  Shard
	groups int    // in the file
	blocks []span // where the parts of each block stand
}

// span is a part of a file.
type span struct{ from, to int64 }

// ReadJournal reads the journal of a sweep, which need not be complete.
func ReadJournal(path string) (*Record, error) {
	r := &Record{}
	return r, r.add(path)
}

// MergeJournals reads the journals of all shards of a sweep, in any order. A shard that
// is missing, incomplete, there twice, or of another sweep is an error that names its
// file.
func MergeJournals(paths []string) (*Record, error) {
	if len(paths) == 0 {
		return nil, errors.New("name the journals of the shards")
	}
	r := &Record{}
	for _, p := range paths {
		if err := r.add(p); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(r.shards, func(a, b shardFile) int { return cmp.Compare(a.shard.Index, b.shard.Index) })
	for i, s := range r.shards {
		if i > 0 && s.shard == r.shards[i-1].shard {
			return nil, fmt.Errorf("%s: shard %v is in %s too", s.path, s.shard, r.shards[i-1].path)
		}
		if all := r.groups(s.shard); s.groups < all {
			return nil, fmt.Errorf("%s: incomplete: %d of %d trials; run shard %v again with --resume",
				s.path, s.groups*r.head.Policies, all*r.head.Policies, s.shard)
		}
	}
	return r, r.missing()
}

// maxNamed bounds how many shards a message names.
const maxNamed = 10

// missing names the shards that are not there; the others are in order.
func (r *Record) missing() error {
	var names []string
	have := r.shards
	for i := 0; i < r.head.Shard.Count && len(names) < maxNamed; i++ {
		if len(have) > 0 && have[0].shard.Index == i {
			have = have[1:]
			continue
		}
		names = append(names, Shard{i, r.head.Shard.Count}.String())
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %d of %d shards are missing beside it: %s", r.shards[0].path,
		r.head.Shard.Count-len(r.shards), r.head.Shard.Count, strings.Join(names, ", "))
}

func (r *Record) add(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	s, err := scanJournal(f)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer s.close()
	if err := r.admit(&s.head); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := r.count(path, s); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// admit compares a journal's head with the first's.
func (r *Record) admit(h *journalHead) error {
	if len(r.shards) == 0 {
		r.head, r.tallies = *h, newTallies(h.Policies*h.Blocks)
		return nil
	}
	if err := differ(r.head.Parameters, h.Parameters); err != nil {
		return fmt.Errorf("unlike %s: %w", r.shards[0].path, err)
	}
	if r.head.Shard.Count != h.Shard.Count || r.head.Policies != h.Policies || r.head.Blocks != h.Blocks || r.head.Trials != h.Trials || r.head.Most != h.Most {
		return fmt.Errorf("unlike %s: shard %v of %d trials there, %v of %d here",
			r.shards[0].path, r.head.Shard, r.head.Trials, h.Shard, h.Trials)
	}
	return nil
}

// count adds the tallies of a journal, and notes where its lines are.
func (r *Record) count(path string, s *scanner) error {
	file := shardFile{path: path, shard: s.head.Shard, blocks: make([]span, s.head.Blocks)}
	for {
		from := s.end
		p, err := s.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		block := p.From / s.head.perBlock()
		if at := &file.blocks[block]; at.to == 0 {
			*at = span{from, s.end}
		} else {
			at.to = s.end
		}
		for i, t := range p.Tallies {
			if err := r.tallies[block*r.head.Policies+i].Merge(t); err != nil {
				return fmt.Errorf("the record at byte %d: %w", from, err)
			}
		}
	}
	file.groups = s.groups
	r.shards = append(r.shards, file)
	return nil
}

// groups is the number of groups of a whole shard.
func (r *Record) groups(s Shard) int {
	h := r.head
	h.Shard = s
	return h.groups()
}

// Origin is how the sweep was asked for.
func (r *Record) Origin() Origin { return r.head.Origin }

// Check refuses a matrix that is not the one whose results these are.
func (r *Record) Check(m Matrix) error {
	if err := differ(r.head.Parameters, m.parameters()); err != nil {
		return fmt.Errorf("%s: %w", r.shards[0].path, err)
	}
	return nil
}

// Done is the number of trials that are in the journals, Total that of the sweep.
func (r *Record) Done() int {
	n := 0
	for _, s := range r.shards {
		n += s.groups
	}
	return n * r.head.Policies
}

// Total is the number of trials of the whole sweep.
func (r *Record) Total() int { return r.head.Blocks * r.head.Trials * r.head.Policies }

// Tallies returns the tallies of the cells that have trials, in the order of the matrix:
// the policies of a block are neighbours.
func (r *Record) Tallies() []*Tally {
	return slices.DeleteFunc(slices.Clone(r.tallies), func(t *Tally) bool { return t.Trials == 0 })
}

// Bound is how many failing trials of each cell have lines at most; 0 if all that were
// to be kept have.
func (r *Record) Bound() int {
	if r.head.Most > 0 && slices.ContainsFunc(r.tallies, r.tooMany) {
		return r.head.Most
	}
	return 0
}

// tooMany reports whether a cell has more failing trials than lines.
func (r *Record) tooMany(t *Tally) bool { return t.Trials-t.Delivered > r.head.Most }

// Lines writes the lines that were kept, in the order of the matrix.
func (r *Record) Lines(w io.Writer) error {
	for block := range r.head.Blocks {
		to := w
		cells := r.tallies[block*r.head.Policies:][:r.head.Policies]
		if r.head.Most > 0 && len(r.shards) > 1 && slices.ContainsFunc(cells, r.tooMany) {
			to = &firstLines{w: w, most: r.head.Most, kept: map[string]int{}}
		}
		for i := range r.shards {
			if err := r.shards[i].lines(to, block); err != nil {
				return err
			}
		}
	}
	return nil
}

// firstLines passes on the first lines of each policy: those that a run in one part
// keeps, where each shard has kept as many.
type firstLines struct {
	w    io.Writer
	most int
	kept map[string]int
}

// Write takes whole lines.
func (f *firstLines) Write(lines []byte) (int, error) {
	for line := range bytes.Lines(lines) {
		var of struct {
			Policy string `json:"policy"`
		}
		if err := json.Unmarshal(line, &of); err != nil {
			return 0, fmt.Errorf("a line of results: %w", err)
		}
		if f.kept[of.Policy]++; f.kept[of.Policy] > f.most {
			continue
		}
		if _, err := f.w.Write(line); err != nil {
			return 0, err
		}
	}
	return len(lines), nil
}

// lines writes those of one block.
func (s *shardFile) lines(w io.Writer, block int) error {
	at := s.blocks[block]
	if at.to == at.from {
		return nil
	}
	f, err := os.Open(s.path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	frames := newFrameReader(io.NewSectionReader(f, at.from, at.to-at.from))
	defer frames.close()
	for {
		text, err := frames.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.path, err)
		}
		_, lines, _ := bytes.Cut(text, []byte("\n"))
		if _, err := w.Write(lines); err != nil {
			return err
		}
	}
}
