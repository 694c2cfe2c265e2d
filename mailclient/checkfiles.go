package mailclient

import (
	"fmt"
	"strings"
)

// checkFiles compares what is in the directories with what the records named.
func (c *checker) checkFiles() error {
	highest := ID(0)
	for _, d := range hexDigits {
		for _, dir := range [...]string{`MAI\MA`, `ATT\AT`} {
			last, err := c.checkNames(dir+string(d), dir[:3])
			if err != nil {
				return err
			}
			highest = max(highest, last)
		}
	}
	last, err := c.checkP1()
	if err != nil {
		return err
	}
	highest = max(highest, last)
	if c.next != nil && c.next.Letter <= highest {
		c.addCounter("name", c.next.Letter, highest)
	}
	return nil
}

// checkNames lists one directory and returns the highest name in it.
func (c *checker) checkNames(dir, ext string) (highest ID, err error) {
	list, err := c.list(dir)
	if err != nil {
		return 0, err
	}
	for _, f := range list {
		name := strings.TrimPrefix(f.path, dir+`\`)
		id, ok := parseID(strings.TrimSuffix(name, "."+ext))
		if ok {
			highest = max(highest, id)
		}
		switch n, read := c.counts[id]; {
		case !ok || !strings.HasSuffix(name, "."+ext):
			c.add(Finding{Path: f.path, Reason: ReasonOrphan, Detail: fmt.Sprintf("no name of a file of %s, %d bytes", dir, f.size)})
		case !strings.HasSuffix(dir, id.lastDigit()):
			detail := fmt.Sprintf("belongs in the directory of its last digit, %s", id.lastDigit())
			c.add(Finding{Path: f.path, Reason: ReasonOrphan, Detail: detail, Fault: true})
		case c.refs[f.path] == 0:
			c.add(Finding{Path: f.path, Reason: ReasonOrphan, Detail: fmt.Sprintf("no record names it, %d bytes", f.size)})
		case ext == "MAI" && read && int(n) != c.refs[f.path]:
			detail := fmt.Sprintf("reference counter %d, %d mailbags point at it", n, c.refs[f.path])
			c.add(Finding{Path: f.path, Reason: ReasonField, Detail: detail})
		}
	}
	return highest, nil
}

// populate is a file that every P1 directory has.
//
// src: KB Q135902, Q221963
const populate = `P1\POPULATE.MSM`

// checkP1 looks for envelopes and locks that nobody will use, and returns the highest
// name of an envelope.
func (c *checker) checkP1() (highest ID, err error) {
	list, err := c.list("P1")
	if err != nil {
		return 0, err
	}
	for _, f := range list {
		name, isEnvelope := strings.CutSuffix(strings.TrimPrefix(f.path, `P1\`), ".P1")
		if id, ok := parseID(name); ok && isEnvelope {
			highest = max(highest, id)
		}
		switch {
		case f.path == populate || c.refs[f.path] > 0:
		case isEnvelope:
			c.add(Finding{Path: f.path, Reason: ReasonOrphan, Detail: "no record names it: its mail has stopped"})
		default:
			c.add(Finding{Path: f.path, Reason: ReasonStranded, Detail: "left behind by a program that has it open or died"})
		}
	}
	return highest, nil
}

// checkControl reads the counters that names come from.
func (c *checker) checkControl() (err error) {
	if c.next, err = parseFile(c.fs, ControlPath, ParseControl); err != nil {
		return c.addBroken(ControlPath, CodeUndeliverable, err)
	}
	return nil
}

// addCounter tells of a counter that would give a name in use.
//
// src: KB Q87388
func (c *checker) addCounter(what string, next, highest ID) {
	c.add(Finding{
		Path: ControlPath, Reason: ReasonCounter, Fault: true,
		Detail: fmt.Sprintf("next %s is %v, %v exists", what, next, highest),
	})
}
