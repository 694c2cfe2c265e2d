package mailclient

import (
	"errors"
	"fmt"
)

// FormatError says which field of which postoffice file is malformed, and where.
type FormatError struct {
	File   string // path in the postoffice
	Field  string
	Offset int64 // bytes from the start of the file
	Reason Reason
	Detail string
}

// Error formats e as "file: field at 0x27: detail (REASON)".
func (e *FormatError) Error() string {
	return fmt.Sprintf("%s: %s at 0x%02X: %s (%s)", e.File, e.Field, e.Offset, e.Detail, e.Reason)
}

// reasonOf returns the Reason of a *FormatError in err's tree, or ReasonNone.
func reasonOf(err error) Reason {
	if e, ok := errors.AsType[*FormatError](err); ok {
		return e.Reason
	}
	return ReasonNone
}
