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
	if err := c.checkP1(); err != nil {
		return err
	}
	return c.checkControl(highest)
}

// checkNames lists one directory and returns the highest name in it.
func (c *checker) checkNames(dir, ext string) (highest ID, err error) {
	list, err := c.fs.Find(dir + `\*.` + ext)
	if err != nil && !isMissing(err) {
		return 0, fmt.Errorf("list %s: %w", dir, err)
	}
	for _, info := range list {
		path := dir + `\` + strings.ToUpper(info.Name)
		id, ok := parseID(strings.TrimSuffix(strings.ToUpper(info.Name), "."+ext))
		if ok {
			highest = max(highest, id)
		}
		if c.refs[path] == 0 {
			c.add(Finding{Path: path, Reason: ReasonOrphan, Detail: fmt.Sprintf("no record names it, %d bytes", info.Size)})
		} else if n, read := c.counts[id]; ext == "MAI" && read && int(n) != c.refs[path] {
			detail := fmt.Sprintf("reference counter %d, %d mailbags point at it", n, c.refs[path])
			c.add(Finding{Path: path, Reason: ReasonField, Detail: detail})
		}
	}
	return highest, nil
}

// checkP1 looks for envelopes and locks that nobody will use.
func (c *checker) checkP1() error {
	list, err := c.fs.Find(`P1\*.*`)
	if err != nil && !isMissing(err) {
		return fmt.Errorf("list P1: %w", err)
	}
	for _, info := range list {
		path := `P1\` + strings.ToUpper(info.Name)
		switch {
		case info.IsDir() || c.refs[path] > 0:
		case strings.HasSuffix(path, ".P1"):
			c.add(Finding{Path: path, Reason: ReasonOrphan, Detail: "no record names it: its mail has stopped"})
		default:
			c.add(Finding{Path: path, Reason: ReasonStranded, Detail: "left behind by a program that has it open or died"})
		}
	}
	return nil
}

// checkControl makes sure that the next name is free.
func (c *checker) checkControl(highest ID) error {
	control, err := parseFile(c.fs, ControlPath, ParseControl)
	switch {
	case err != nil && !isFinding(err):
		return err
	case err != nil:
		c.add(Finding{Path: ControlPath, Code: CodeUndeliverable, Reason: reasonOrMissing(err), Detail: err.Error(), Fault: true})
	case control.Letter <= highest:
		c.add(Finding{
			Path: ControlPath, Reason: ReasonCounter,
			Detail: fmt.Sprintf("next name is %v, %v exists", control.Letter, highest),
		})
	}
	return nil
}
