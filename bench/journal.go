package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Bounds of when a Journal writes what it holds: by age, which grows with the run so
// that the journal of a long one is no longer than it need be, and by size.
//
// src: assumed (what a kill may cost: 2 s, later a fiftieth of the run, at most 5 min)
const (
	saveLeast = 2 * time.Second
	savePart  = 50
	saveMost  = 5 * time.Minute
	saveSize  = 4 << 20
)

// Journal is the file that a sweep, or a shard of one, fills as it goes: the tallies of
// runs of groups, and the lines that are kept. It is all that the result files are made
// of. Whatever happens to the process, what was written is found again; a last record
// that is not whole is dropped and played again.
type Journal struct {
	m    Matrix
	f    *os.File
	zip  *zstd.Encoder
	next int // the group after those in the file

	block int   // of the last group
	kept  []int // lines of the block, of each policy

	begun, saved time.Time
	part         part
	lines        []byte
	buf          []byte
}

func (m Matrix) head() journalHead {
	shard := m.Shard
	if shard.whole() {
		shard = Shard{Count: 1}
	}
	return journalHead{journalSchema, shard, len(m.Policies), m.blocks(), m.Trials, m.most(), m.parameters(), m.Origin}
}

// CreateJournal begins a journal for the matrix, in place of any that is there.
func CreateJournal(path string, m Matrix) (*Journal, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	j := newJournal(f, m)
	return j, j.orClose(j.writeHead())
}

// ResumeJournal goes on with a journal of the same matrix, or begins one if there is
// none. A journal of something else is an error that names what differs.
func ResumeJournal(path string, m Matrix) (*Journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	j := newJournal(f, m)
	if err := j.resume(); err != nil {
		return nil, j.orClose(fmt.Errorf("%s: %w", path, err))
	}
	return j, nil
}

func newJournal(f *os.File, m Matrix) *Journal {
	now := time.Now()
	return &Journal{m: m, f: f, zip: newPacker(), kept: make([]int, len(m.Policies)), begun: now, saved: now}
}

// orClose closes the file if there is an error, which says more than Close's.
func (j *Journal) orClose(err error) error {
	if err != nil {
		_ = j.f.Close() // the first error says more
	}
	return err
}

func (j *Journal) writeHead() error {
	text, err := json.Marshal(j.m.head())
	if err != nil {
		return err
	}
	return j.write(packFrame([]byte(journalMagic), j.zip, text))
}

// resume finds the end of what is whole, and puts the file there.
func (j *Journal) resume() error {
	s, err := scanJournal(j.f)
	if errors.Is(err, errTorn) { // not even the head is whole
		if err := j.truncate(0); err != nil {
			return err
		}
		return j.writeHead()
	}
	if err != nil {
		return err
	}
	defer s.close()
	want := j.m.head()
	if err := differ(s.head.Parameters, want.Parameters); err != nil {
		return err
	}
	if s.head.Shard != want.Shard {
		return fmt.Errorf("another shard: %v there, %v here", s.head.Shard, want.Shard)
	}
	for p := (*part)(nil); err == nil; {
		if p, err = s.next(); err == nil {
			j.recall(p)
		}
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, errTorn) {
		return err
	}
	j.next = s.groups
	return j.truncate(s.end)
}

// recall counts the lines of a part that is in the file. Where there is a bound to them,
// they are of the trials that were not delivered.
func (j *Journal) recall(p *part) {
	j.enter(p.From)
	for i, t := range p.Tallies {
		j.kept[i] += t.Trials - t.Delivered
	}
}

// enter begins a new block if the group is in one.
func (j *Journal) enter(group int) {
	if b := group / j.m.perBlock(); b != j.block {
		j.block = b
		clear(j.kept)
	}
}

func (j *Journal) truncate(end int64) error {
	if err := j.f.Truncate(end); err != nil {
		return err
	}
	_, err := j.f.Seek(end, io.SeekStart)
	return err
}

// Next is the group to go on with: Matrix.Each's from.
func (j *Journal) Next() int { return j.next + j.part.To - j.part.From }

// Add takes the next group. What it holds is in the file after Close at the latest.
func (j *Journal) Add(g *Group) error {
	if n := j.m.perBlock(); len(j.part.Tallies) > 0 && g.N/n != j.part.From/n {
		if err := j.save(); err != nil {
			return err
		}
	}
	if len(j.part.Tallies) == 0 {
		j.part.From, j.part.To = g.N, g.N
		j.part.Tallies = newTallies(len(j.m.Policies))
	}
	countGroup(j.part.Tallies, g.Results)
	j.part.To++
	j.keep(g)
	if len(j.lines) >= saveSize || j.due() {
		return j.save()
	}
	return nil
}

// keep takes the lines of a group for which its cells have room.
func (j *Journal) keep(g *Group) {
	j.enter(g.N)
	most, from := j.m.most(), 0
	for i, to := range g.ends {
		if to > from && (most == 0 || j.kept[i] < most) {
			j.lines = append(j.lines, g.Lines[from:to]...)
			j.part.Kept++
			j.kept[i]++
		}
		from = to
	}
}

// due reports whether what is not in the file yet is old enough. It looks at the clock
// once in a while only.
func (j *Journal) due() bool {
	if j.part.To%16 != 0 {
		return false
	}
	now := time.Now()
	age := min(max(now.Sub(j.begun)/savePart, saveLeast), saveMost)
	return now.Sub(j.saved) >= age
}

// save writes what is not in the file yet.
func (j *Journal) save() error {
	if len(j.part.Tallies) == 0 {
		return nil
	}
	text, err := json.Marshal(j.part)
	if err != nil {
		return err
	}
	text = append(append(text, '\n'), j.lines...)
	j.buf = packFrame(j.buf[:0], j.zip, text)
	if err := j.write(j.buf); err != nil {
		return err
	}
	j.next = j.part.To
	j.part, j.lines, j.saved = part{}, j.lines[:0], time.Now()
	return nil
}

// write appends and makes sure that it is on the disk.
func (j *Journal) write(b []byte) error {
	if _, err := j.f.Write(b); err != nil {
		return err
	}
	return j.f.Sync()
}

// Close writes what is left.
func (j *Journal) Close() error {
	if err := j.orClose(j.save()); err != nil {
		return err
	}
	return j.f.Close()
}
