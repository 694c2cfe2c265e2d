package mailclient

import (
	"errors"
	"fmt"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// errNames says that every name tried was taken.
var errNames = errors.New("no free file name")

// names gives the names of new message files and their attachments in one postoffice.
type names struct {
	attempts int // names tried when a file exists
	// shared opens CONTROL.GLB for everybody, and a message file that somebody else made
	// under the same name is written over.
	//
	// src: KB Q99204
	shared bool
	// block is how many names one access to CONTROL.GLB takes; those left over are kept.
	//
	// src: KB Q148515 (the Windows 95 client takes five)
	block int

	next, left ID // what is kept
}

// create is how a message file is made.
func (n *names) create(access nt.AccessMask, share nt.ShareAccess) nt.CreateParams {
	p := nt.CreateParams{Access: access, Share: share, Disposition: nt.FileCreate}
	if n.shared {
		p.Disposition = nt.FileOverwriteIf
	}
	return p
}

// allocate takes names for a message with atts attachments: the attachments come first,
// then the message file, which create makes before the counter is written back. A taken
// name costs one more number.
//
// src: KB Q87386 (read, create, increment, write, close), Q87385 (at once), Q148515
// (attachments first).
func (n *names) allocate(fs FS, atts int, create func(ID) error) (first ID, err error) {
	if n.left > ID(atts) {
		first, _, err = n.tryNames(n.next, atts, int(n.left)-atts, create)
		if !errors.Is(err, errNames) {
			return first, err
		}
	}
	p := openUpdate
	if n.shared {
		p.Share = nt.ShareRead | nt.ShareWrite
	}
	control, err := fs.Open(ControlPath, p)
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", ControlPath, err)
	}
	first, err = n.allocateFrom(control, atts, create)
	return first, errors.Join(err, control.Close())
}

func (n *names) allocateFrom(control File, atts int, create func(ID) error) (ID, error) {
	b := make([]byte, 4)
	if err := readFull(control, b, controlLetterOff); err != nil {
		return 0, fmt.Errorf("read %s: %w", ControlPath, err)
	}
	counter := decodeID(b)
	first, next, err := n.tryNames(counter, atts, n.attempts, create)
	if err != nil {
		return 0, err
	}
	if n.block > 0 {
		next = max(next, counter+ID(n.block))
		n.left = next - n.next
	}
	return first, writeFull(control, encodeID(next), controlLetterOff)
}

// tryNames makes the message file under the first name that is free and keeps what is
// behind it.
func (n *names) tryNames(first ID, atts, attempts int, create func(ID) error) (used, next ID, err error) {
	for range attempts {
		id := first + ID(atts)
		err := create(id)
		if isCollision(err) {
			first++
			continue
		}
		if err != nil {
			return 0, 0, err
		}
		n.left -= min(n.left, id+1-n.next)
		n.next = id + 1
		return first, id + 1, nil
	}
	return 0, 0, fmt.Errorf("%s: %w after %d attempts", ControlPath, errNames, attempts)
}
