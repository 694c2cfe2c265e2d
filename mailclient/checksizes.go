package mailclient

import (
	"fmt"
	"strings"
)

// sizeRule is what the size of a configuration file must be: head, and then a whole
// number of records; with record 0 it is head alone.
type sizeRule struct {
	head, record int64
	most         int64 // bytes, 0 without a limit
}

// fits reports whether a size obeys the rule.
func (r sizeRule) fits(size int64) bool {
	if r.most > 0 && size > r.most {
		return false
	}
	if r.record == 0 {
		return size == r.head
	}
	return size >= r.head && (size-r.head)%r.record == 0
}

// String says the rule as part of a finding.
func (r sizeRule) String() string {
	s := fmt.Sprintf("a multiple of %d", r.record)
	switch {
	case r.record == 0:
		return fmt.Sprint(r.head)
	case r.head > 0:
		s = fmt.Sprintf("%d and %s", r.head, s)
	}
	if r.most > 0 {
		s += fmt.Sprintf(", at most %d", r.most)
	}
	return s
}

// fileRules are the sizes of files with fixed names.
//
// src: KB Q77926, Q118946 (RNETSEM.GLB)
var fileRules = map[string]sizeRule{
	`GLB\ACCESS.GLB`:  {record: 586},
	accessPath:        {record: accessRecord},
	`GLB\ACCESS3.GLB`: {record: 512},
	ControlPath:       {head: ControlSize},
	flagPath:          {head: flagSize},
	`GLB\GLOBAL.GLB`:  {head: 512},
	groupPath:         {head: groupHead, record: groupRecord},
	`GLB\GRPMEM.GLB`:  {head: 4, record: 128},
	MasterPath:        {head: MasterSize},
	`GLB\MODEM.GLB`:   {head: 64},
	netPOPath:         {head: netPOHead, record: netPORecord},
	`GLB\NETWORK.GLB`: {record: 122},
	`GLB\PROCESS.GLB`: {head: 512, record: 197},
	`GLB\REQCONF.GLB`: {head: 512},
	`GLB\SERVER.GLB`:  {record: 181},
	`GLB\SVRCONF.GLB`: {head: 1024, record: 1024},
	`GLB\SRVCONF.GLB`: {head: 1024, record: 1024},
	`GLB\TID.GLB`:     {head: 4},
	`GLB\RNETSEM.GLB`: {head: 4},
}

// dirRule is the size of the files of a directory.
type dirRule struct {
	dir, ext string // ext "" is every file
	rule     sizeRule
}

// dirRules are the sizes of files whose names come from a counter.
//
// src: KB Q77926
var dirRules = [...]dirRule{
	{`KEY`, ".KEY", sizeRule{head: KeySize}},
	{`MBG`, ".MBG", sizeRule{record: RecordSize, most: MaxSlots * RecordSize}},
	{`GRP`, "", sizeRule{record: 8}},
	{`MEM`, "", sizeRule{record: memRecord, most: maxMembers * memRecord}},
	{`NME`, "", sizeRule{record: 45}},
	{`USR`, "", sizeRule{record: 53}},
	{`XTN`, "", sizeRule{record: 698}},
	{`FOLDERS\LOC`, ".IDX", sizeRule{head: 100, record: 158}},
	{`FOLDERS\PUB`, ".IDX", sizeRule{head: 100, record: 158}},
}

// checkSizes applies the size rules to the files that nothing else examines.
func (c *checker) checkSizes() error {
	sizes := map[string]int64{}
	list, err := c.list("GLB")
	if err != nil {
		return err
	}
	for _, f := range list {
		sizes[f.path] = f.size
		rule, known := fileRules[f.path]
		if known && !rule.fits(f.size) && !c.told[f.path] {
			c.addSize(f, rule)
		}
	}
	c.checkAccess(sizes)
	for _, d := range dirRules {
		if err := c.checkDirSizes(d); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) checkDirSizes(d dirRule) error {
	list, err := c.list(d.dir)
	if err != nil {
		return err
	}
	for _, f := range list {
		if strings.HasSuffix(f.path, d.ext) && !d.rule.fits(f.size) && !c.told[f.path] {
			c.addSize(f, d.rule)
		}
	}
	return nil
}

func (c *checker) addSize(f listed, rule sizeRule) {
	c.add(Finding{Path: f.path, Reason: ReasonSize, Detail: fmt.Sprintf("%d bytes, want %v", f.size, rule), Fault: true})
}

// checkAccess compares the three files that have one record a user.
//
// src: KB Q77926
func (c *checker) checkAccess(sizes map[string]int64) {
	users := sizes[accessPath] / accessRecord
	for _, path := range [...]string{`GLB\ACCESS.GLB`, `GLB\ACCESS3.GLB`} {
		size, there := sizes[path]
		record := fileRules[path].record
		if there && size%record == 0 && size/record != users {
			c.add(Finding{
				Path: path, Reason: ReasonField, Fault: true,
				Detail: fmt.Sprintf("%d records, %s has %d", size/record, accessPath, users),
			})
		}
	}
}

// listed is a file that a directory has.
type listed struct {
	path string // upper case
	size int64
}

// list returns the files of a directory; a missing one has none.
func (c *checker) list(dir string) ([]listed, error) {
	infos, err := c.fs.Find(dir + `\*.*`)
	if err != nil && !isMissing(err) {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	var files []listed
	for _, info := range infos {
		if !info.IsDir() {
			files = append(files, listed{dir + `\` + strings.ToUpper(info.Name), info.Size})
		}
	}
	return files, nil
}
