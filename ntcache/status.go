package ntcache

import (
	"errors"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// status finds the NTSTATUS of err for the trace; an error without one is
// STATUS_UNSUCCESSFUL.
func status(err error) uint32 {
	if err == nil {
		return uint32(nt.StatusSuccess)
	}
	var st nt.Status
	if errors.As(err, &st) {
		return uint32(st)
	}
	return uint32(nt.StatusUnsuccessful)
}
