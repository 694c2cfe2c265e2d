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
	told     map[string]bool // paths that have a finding
	dir      directory
	next     *Control        // nil if CONTROL.GLB cannot be read
	bags     map[string]bool // mailbags that the configuration names
	refs     map[string]int  // mailbags that point at a file, by path
	counts   map[ID]uint16   // reference counters of the message files that were read
	owners   map[ID]ID       // message files of attachments
}

// Check examines a postoffice and changes nothing. Queue and mailbags are judged as the
// Mailer would; files that no record names, records beyond the KEY's slots and locks left
// behind are findings without a code. Nobody should be writing meanwhile.
//
// src: KB Q132744 (what a checking program looks at), Q77926 (the size rules)
func Check(fs FS) ([]Finding, error) {
	c := &checker{
		fs: fs, told: map[string]bool{}, bags: map[string]bool{}, refs: map[string]int{}, counts: map[ID]uint16{},
		owners: map[ID]ID{},
	}
	here, err := c.checkMaster()
	if err != nil || !here {
		return c.findings, err
	}
	steps := []func() error{c.checkDirs, c.checkDirectory, c.checkControl, c.checkBags, c.checkFiles, c.checkSizes}
	for _, step := range steps {
		if err := step(); err != nil {
			return c.findings, err
		}
	}
	return c.findings, nil
}

func (c *checker) add(f Finding) {
	c.findings = append(c.findings, f)
	c.told[f.Path] = true
}

// addBroken adds what is wrong with a whole file, or returns the transport's error.
func (c *checker) addBroken(path string, code Code, err error) error {
	if !isFinding(err) {
		return err
	}
	c.add(Finding{Path: path, Code: code, Reason: reasonOrMissing(err), Detail: err.Error(), Fault: !isDenied(err)})
	return nil
}

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

// checkMaster looks for the file that makes a directory a postoffice. Without it there
// is nothing more to say.
//
// src: KB Q132744
func (c *checker) checkMaster() (here bool, err error) {
	master, err := parseFile(c.fs, MasterPath, ParseMaster)
	if err != nil {
		return !isMissing(err), c.addBroken(MasterPath, CodeUndeliverable, err)
	}
	c.dir.self = *master
	return true, nil
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

// checkDirectory reads users, other postoffices and groups.
func (c *checker) checkDirectory() (err error) {
	if c.dir.users, err = parseFile(c.fs, accessPath, parseUsers); err != nil {
		err = c.addBroken(accessPath, CodeUndeliverable, err)
	}
	if err != nil {
		return err
	}
	if c.dir.externals, err = parseFile(c.fs, netPOPath, parseExternals); err != nil {
		err = c.addBroken(netPOPath, CodeUndeliverable, err)
	}
	if err != nil {
		return err
	}
	if _, err := c.fs.Stat(flagPath); isMissing(err) {
		c.add(Finding{Path: flagPath, Reason: ReasonMissing, Detail: "nobody can tell that the lists have changed", Fault: true})
	}
	return c.checkGroups()
}

// checkGroups looks for groups whose member file is gone, and members without a mailbag.
//
// src: KB Q117895
func (c *checker) checkGroups() error {
	groups, err := readGroups(c.fs)
	if err != nil {
		return c.addBroken(groupPath, CodeNoGroup, err)
	}
	for _, g := range groups {
		members, err := readMembers(c.fs, g.ID)
		if err != nil {
			if err = c.addBroken(memPath(g.ID), CodeNoGroup, err); err != nil {
				return err
			}
			continue
		}
		for _, id := range members {
			if !c.dir.hasMailbag(id) {
				c.add(Finding{
					Path: memPath(g.ID), Code: CodeUndeliverable, Reason: ReasonMissing, Fault: true,
					Detail: fmt.Sprintf("group %s has member %v, who is no user", g.Name, id),
				})
			}
		}
	}
	return nil
}

// checkBags judges every mailbag that the configuration names, and looks for others.
func (c *checker) checkBags() error {
	bags := []string{Inqueue}
	for _, u := range c.dir.users {
		bags = append(bags, u.ID.String())
		if c.bags[u.ID.String()] {
			c.add(Finding{Path: accessPath, Reason: ReasonDuplicate, Detail: fmt.Sprintf("two users have mailbag %v", u.ID), Fault: true})
		}
		c.bags[u.ID.String()] = true
	}
	for _, x := range c.dir.externals {
		if !c.bags[x.ID.String()] { // several postoffices may be reached through one
			bags = append(bags, x.ID.String())
		}
		c.bags[x.ID.String()] = true
	}
	c.bags[Inqueue] = true
	for _, name := range bags {
		if err := c.checkBag(name); err != nil {
			return err
		}
	}
	return c.checkStrayBags()
}

// checkStrayBags looks for mailbags that nobody owns, and for half pairs of them.
//
// src: KB Q77926 (one KEY for each MBG), Q101749 (COPY.MBG of a compress)
func (c *checker) checkStrayBags() error {
	highest := ID(0)
	for _, kind := range [...]string{"KEY", "MBG"} {
		list, err := c.list(kind)
		if err != nil {
			return err
		}
		for _, f := range list {
			name := strings.TrimSuffix(strings.TrimPrefix(f.path, kind+`\`), "."+kind)
			if id, ok := parseID(name); ok {
				highest = max(highest, id)
			}
			if !c.bags[name] {
				c.add(Finding{Path: f.path, Reason: ReasonOrphan, Detail: fmt.Sprintf("no user, postoffice or queue owns it, %d bytes", f.size)})
			}
		}
	}
	if c.next != nil && c.next.Mailbag <= highest {
		c.addCounter("mailbag", c.next.Mailbag, highest)
	}
	return nil
}

func (c *checker) checkBag(name string) error {
	b, err := openMailbagRead(c.fs, name)
	if err != nil {
		c.told[MBGPath(name)] = true
		return c.addBroken(KeyPath(name), CodeUndeliverable, err)
	}
	seen := map[ID]int{}
	for slot := range b.key.LiveSlots() {
		if err == nil {
			err = c.checkRecord(b, slot, seen)
		}
	}
	if extra := b.mbgSize/RecordSize - int64(b.key.Slots); extra > 0 {
		detail := fmt.Sprintf("%d records beyond the %d slots of the KEY", extra, b.key.Slots)
		c.add(Finding{Path: MBGPath(name), Reason: ReasonStranded, Detail: detail})
	}
	if b.key.Live == MaxSlots {
		c.add(Finding{Path: KeyPath(name), Code: CodeFullMailbag, Reason: ReasonSize, Detail: fmt.Sprintf("%d live records", MaxSlots), Fault: true})
	}
	return errors.Join(err, b.close())
}

// checkRecord judges one live record. One mailbag never has two of one message.
//
// src: KB Q77926
func (c *checker) checkRecord(b *mailbag, slot int, seen map[ID]int) error {
	raw, err := b.rawRecord(slot)
	if err != nil {
		return err
	}
	r, j := judgeRecord(b.mbgPath, int64(slot)*RecordSize, raw)
	path := b.mbgPath
	if r != nil {
		if first, twice := seen[r.MAI]; twice {
			detail := fmt.Sprintf("slots %d and %d both name %v", first, slot, r.MAI)
			c.add(Finding{Path: path, Reason: ReasonDuplicate, Detail: detail, Fault: true})
		}
		seen[r.MAI] = slot
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

// judge looks at the files that a record names. What the message file names is counted
// even if the envelope is bad.
func (c *checker) judge(bag string, r *Record) (Judgement, error) {
	var envelope Judgement
	if bag == Inqueue || r.Flags&RecordHasP1 != 0 {
		c.refs[P1Path(r.MAI)]++
		f, err := find(nil, c.fs, P1Path(r.MAI), maxSmallFile, nil)
		if err != nil {
			return Judgement{}, err
		}
		_, envelope = judgeEnvelope(f, r)
	}
	e := &Evidence{Checks: ChecksFull}
	m, j, err := e.lookAtMessage(c.fs, r)
	if m != nil {
		c.counts[r.MAI] = m.RefCount
		c.own(r.MAI, m.Attachments)
	}
	if !envelope.Passed() {
		return envelope, err
	}
	return j, err
}

// own notes whose the attachments are: each belongs to one message file.
//
// src: KB Q77926, Q87382
func (c *checker) own(id ID, atts []AttachmentRef) {
	for _, a := range atts {
		path := ATTPath(a.ID)
		c.refs[path]++
		if owner, owned := c.owners[a.ID]; owned && owner != id {
			detail := fmt.Sprintf("message files %v and %v both name it", owner, id)
			c.add(Finding{Path: path, Reason: ReasonDuplicate, Detail: detail, Fault: true})
		}
		c.owners[a.ID] = id
	}
}
