package smbwire

import "fmt"

// FormatError says what is malformed in a message: of a peer's message when
// parsing, of the caller's when appending.
type FormatError struct {
	Command Command // of the block at fault
	Field   string  // in the words of [MS-CIFS]
	Offset  int     // bytes from the start of the header, or of the parameters or data it is in
	Reason  string
}

// Error formats e as "NT_CREATE_ANDX: NameLength at 38: reason".
func (e *FormatError) Error() string {
	if e.Field == fieldHeader || e.Field == fieldProtocol {
		return fmt.Sprintf("malformed message: %s at %d: %s", e.Field, e.Offset, e.Reason)
	}
	return fmt.Sprintf("malformed %v: %s at %d: %s", e.Command, e.Field, e.Offset, e.Reason)
}

// Fields of errors in a header, whose command is not known.
const (
	fieldHeader   = "Header"
	fieldProtocol = "Protocol"
)
