package mailclient

import (
	"errors"
	"fmt"
	"strings"
)

// Finding is one thing that Check has to say about a postoffice.
type Finding struct {
	Path   string
	Code   Code // what the Mailer would answer; CodeNone where it would not notice
	Reason Reason
	Detail string
	// Fault says that mail is lost, stuck or unreadable. What is not a fault costs space.
	Fault bool
}

// String formats the finding as one line.
func (f Finding) String() string {
	parts := []string{f.Path + ":"}
	if f.Code != CodeNone {
		parts = append(parts, f.Code.Line(""))
	}
	return strings.Join(append(parts, fmt.Sprintf("reason=%s %s", f.Reason, f.Detail)), " ")
}

// checker examines one postoffice.
type checker struct {
	fs       FS
	findings []Finding
	refs     map[string]int // mailbags that point at a file, by path
	counts   map[ID]uint16  // reference counters of the message files that were read
}

// Check examines a postoffice and changes nothing. Queue and mailbags are judged as the
// Mailer would; files that no record names, records beyond the KEY's slots and locks left
// behind are findings without a code. Nobody should be writing meanwhile.
func Check(fs FS) ([]Finding, error) {
	c := &checker{fs: fs, refs: map[string]int{}, counts: map[ID]uint16{}}
	dir, err := readDirectory(fs)
	if err != nil {
		if !isFinding(err) {
			return nil, err
		}
		c.add(Finding{Path: MasterPath, Code: CodeUndeliverable, Reason: reasonOrMissing(err), Detail: err.Error(), Fault: true})
		return c.findings, nil
	}
	steps := []func() error{c.checkDirs, func() error { return c.checkBags(dir) }, c.checkFiles}
	for _, step := range steps {
		if err := step(); err != nil {
			return c.findings, err
		}
	}
	return c.findings, nil
}

func (c *checker) add(f Finding) { c.findings = append(c.findings, f) }

// reasonOrMissing tells the reason of an error about a whole file.
func reasonOrMissing(err error) Reason {
	switch {
	case isMissing(err):
		return ReasonMissing
	case isDenied(err):
		return ReasonDenied
	}
	return reasonOf(err)
}

func (c *checker) checkDirs() error {
	for _, d := range Dirs() {
		_, err := c.fs.Stat(d)
		if isMissing(err) {
			c.add(Finding{Path: d, Reason: ReasonMissing, Detail: "directory is missing", Fault: true})
		} else if err != nil {
			return fmt.Errorf("stat %s: %w", d, err)
		}
	}
	return nil
}

func (c *checker) checkBags(dir *directory) error {
	bags := []string{Inqueue}
	for _, u := range dir.users {
		bags = append(bags, u.ID.String())
	}
	for _, x := range dir.externals {
		bags = append(bags, x.ID.String())
	}
	for _, name := range bags {
		if err := c.checkBag(name); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) checkBag(name string) error {
	b, err := openMailbagRead(c.fs, name)
	if err != nil {
		if !isFinding(err) {
			return err
		}
		c.add(Finding{Path: KeyPath(name), Code: CodeUndeliverable, Reason: reasonOrMissing(err), Detail: err.Error(), Fault: !isDenied(err)})
		return nil
	}
	for slot := range b.key.LiveSlots() {
		if err == nil {
			err = c.checkRecord(b, slot)
		}
	}
	if extra := b.mbgSize/RecordSize - int64(b.key.Slots); extra > 0 {
		detail := fmt.Sprintf("%d records beyond the %d slots of the KEY", extra, b.key.Slots)
		c.add(Finding{Path: MBGPath(name), Reason: ReasonStranded, Detail: detail})
	}
	return errors.Join(err, b.close())
}

// checkRecord judges one live record.
func (c *checker) checkRecord(b *mailbag, slot int) error {
	raw, err := b.rawRecord(slot)
	if err != nil {
		return err
	}
	r, j := judgeRecord(MBGPath(b.name), int64(slot)*RecordSize, raw)
	path := MBGPath(b.name)
	if r != nil {
		path = MAIPath(r.MAI)
		c.refs[path]++
		j, err = c.judge(b.name, r)
	}
	if !j.Passed() {
		c.add(Finding{
			Path: path, Code: j.Code, Reason: j.Reason, Fault: j.Reason != ReasonDenied,
			Detail: fmt.Sprintf("mailbag %s slot %d: %s", b.name, slot, j.Detail),
		})
	}
	return err
}

// judge looks at the files that a record names.
func (c *checker) judge(bag string, r *Record) (Judgement, error) {
	if bag == Inqueue || r.Flags&RecordHasP1 != 0 {
		c.refs[P1Path(r.MAI)]++
		f, err := find(c.fs, P1Path(r.MAI), maxSmallFile, nil)
		if err != nil {
			return Judgement{}, err
		}
		if _, j := judgeEnvelope(f, r); !j.Passed() {
			return j, nil
		}
	}
	e := &Evidence{Checks: ChecksFull}
	m, j, err := e.lookAtMessage(c.fs, r)
	if m != nil {
		c.counts[r.MAI] = m.RefCount
		for _, a := range m.Attachments {
			c.refs[ATTPath(a.ID)]++
		}
	}
	return j, err
}
