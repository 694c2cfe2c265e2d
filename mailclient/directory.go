package mailclient

import "strings"

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
