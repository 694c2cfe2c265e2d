package mailclient

import (
	"errors"
	"fmt"
	"strings"
)

// directory is who and what a postoffice knows: itself, its users, other postoffices.
type directory struct {
	self      Master
	users     []Mailbag
	externals []External
}

// readDirectory reads the configuration files.
func readDirectory(fs FS) (*directory, error) {
	master, err := parseFile(fs, MasterPath, ParseMaster)
	if err != nil {
		return nil, err
	}
	users, err := parseFile(fs, accessPath, parseUsers)
	if err != nil {
		return nil, err
	}
	externals, err := parseFile(fs, netPOPath, parseExternals)
	return &directory{self: *master, users: users, externals: externals}, err
}

func parseFile[T any](fs FS, path string, parse func([]byte) (T, error)) (T, error) {
	b, err := readFile(fs, path)
	if err != nil {
		var none T
		return none, err
	}
	return parse(b)
}

// user returns the mailbag of a local address.
func (d *directory) user(a Address) (string, bool) {
	if !a.isAt(d.self.Network, d.self.PO) {
		return "", false
	}
	for _, u := range d.users {
		if strings.EqualFold(u.Name, a.Mailbox) {
			return u.ID.String(), true
		}
	}
	return "", false
}

// external returns the outbound mailbag for a postoffice.
func (d *directory) external(network, po string) (string, bool) {
	for _, x := range d.externals {
		if strings.EqualFold(x.Network, network) && strings.EqualFold(x.PO, po) {
			return x.ID.String(), true
		}
	}
	return "", false
}

// route returns the mailbag that mail for an address goes to.
func (d *directory) route(a Address) (string, bool) {
	if bag, ok := d.user(a); ok {
		return bag, true
	}
	return d.external(a.Network, a.PO)
}

// postmaster is who announces failures.
//
// src: KB Q131852
func (d *directory) postmaster() Address { return Address{d.self.Network, d.self.PO, "POSTMASTER"} }

// store writes a new message to a postoffice: attachments, message file, and a record
// in each mailbag. first is told which names CONTROL.GLB gave, before anything is
// written.
//
// src: KB Q148515, Q77628 (order)
type store struct {
	fs       FS
	attempts int
	bags     []string
}

// put stores what build makes for the names that were allocated.
func (s *store) put(attachments []Attachment, build func(first, id ID) (*MAI, error)) error {
	var id ID
	var file File
	first, err := allocate(s.fs, len(attachments), s.attempts, func(i ID) (err error) {
		id = i
		file, err = s.fs.Open(MAIPath(i), createNew)
		return err
	})
	var m *MAI
	var encoded []byte
	if err == nil {
		m, encoded, err = s.writeMessage(file, attachments, func() (*MAI, error) { return build(first, id) })
	}
	if file != nil {
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return fmt.Errorf("message file %v: %w", id, err)
	}
	for _, bag := range s.bags {
		if err := addRecord(s.fs, bag, recordOf(m, encoded, id)); err != nil {
			return err
		}
	}
	return nil
}

func (s *store) writeMessage(file File, attachments []Attachment, build func() (*MAI, error)) (*MAI, []byte, error) {
	m, err := build()
	if err != nil {
		return nil, nil, err
	}
	for i, a := range attachments {
		if err := writeFile(s.fs, ATTPath(m.Attachments[i].ID), createNew, a.Data); err != nil {
			return nil, nil, err
		}
	}
	m.RefCount = uint16(len(s.bags))
	encoded, err := m.Encode()
	if err != nil {
		return nil, nil, err
	}
	return m, encoded, writeFull(file, encoded, 0)
}
