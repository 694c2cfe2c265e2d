// Package invariant checks what the code believes of itself. The checks cost
// nothing in an ordinary build; the build tag invariants, and the race detector,
// switch them on.
//
// An invariant is about our own state only. What a peer, a user or a file may get
// wrong is an error, never an invariant. The limit: arguments of Check that have
// effects or are costly are evaluated in every build; put those under
// `if invariant.Enabled`.
package invariant

import "fmt"

// Check panics with the formatted message if cond is false and checks are
// Enabled.
func Check(cond bool, format string, args ...any) {
	if Enabled && !cond {
		panic("invariant: " + fmt.Sprintf(format, args...))
	}
}
