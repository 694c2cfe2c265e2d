package mailclient

import (
	"errors"
	"fmt"
)

// errNames says that every name tried was taken.
var errNames = errors.New("no free file name")

// allocate takes names from CONTROL.GLB for a message with atts attachments: the
// attachments come first, then the message file, which create makes before the counter
// is written back. A taken name costs one more number, at most attempts times.
//
// src: KB Q87386 (read, create, increment, write, close), Q148515 (attachments first)
func allocate(fs FS, atts, attempts int, create func(ID) error) (first ID, err error) {
	control, err := fs.Open(ControlPath, openUpdate)
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", ControlPath, err)
	}
	first, err = allocateFrom(control, atts, attempts, create)
	return first, errors.Join(err, control.Close())
}

func allocateFrom(control File, atts, attempts int, create func(ID) error) (ID, error) {
	b := make([]byte, 4)
	if err := readFull(control, b, controlLetterOff); err != nil {
		return 0, fmt.Errorf("read %s: %w", ControlPath, err)
	}
	first := decodeID(b)
	for range attempts {
		id := first + ID(atts)
		err := create(id)
		if isCollision(err) {
			first++
			continue
		}
		if err != nil {
			return 0, err
		}
		return first, writeFull(control, encodeID(id+1), controlLetterOff)
	}
	return 0, fmt.Errorf("%s: %w after %d attempts", ControlPath, errNames, attempts)
}
