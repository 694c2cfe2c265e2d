package mailclient

import (
	"fmt"
	"strings"
)

// maxName is the longest network, postoffice or mailbox name.
//
// src: KB Q175447
const maxName = 10

// Address names a mailbox as NETWORK/POSTOFFICE/MAILBOX.
type Address struct{ Network, PO, Mailbox string }

// String joins the three names with slashes.
func (a Address) String() string { return a.Network + "/" + a.PO + "/" + a.Mailbox }

// Equal compares as MS Mail does, without regard to case.
func (a Address) Equal(b Address) bool {
	return strings.EqualFold(a.Network, b.Network) && strings.EqualFold(a.PO, b.PO) &&
		strings.EqualFold(a.Mailbox, b.Mailbox)
}

// isAt reports whether the mailbox is in the named postoffice.
func (a Address) isAt(network, po string) bool {
	return strings.EqualFold(a.Network, network) && strings.EqualFold(a.PO, po)
}

func (a Address) validate() error {
	for _, n := range [...]string{a.Network, a.PO, a.Mailbox} {
		if err := validateName(n); err != nil {
			return fmt.Errorf("address %q: %w", a.String(), err)
		}
	}
	return nil
}

// ParseAddress reads NETWORK/POSTOFFICE/MAILBOX.
func ParseAddress(s string) (Address, error) {
	network, rest, _ := strings.Cut(s, "/")
	po, mailbox, ok := strings.Cut(rest, "/")
	if !ok || strings.Contains(mailbox, "/") {
		return Address{}, fmt.Errorf("address %q: want NETWORK/POSTOFFICE/MAILBOX", s)
	}
	a := Address{Network: network, PO: po, Mailbox: mailbox}
	return a, a.validate()
}

// validateName accepts 1 to 10 printable characters that can stand in an address and
// in a file of fixed fields.
func validateName(s string) error {
	if len(s) == 0 || len(s) > maxName {
		return fmt.Errorf("name %q: want 1 to %d characters", s, maxName)
	}
	for i := range len(s) {
		if c := s[i]; c < '!' || c > '~' || c == '/' || c == '\\' {
			return fmt.Errorf("name %q: bad character %q", s, c)
		}
	}
	return nil
}
