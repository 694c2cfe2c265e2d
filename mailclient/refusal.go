package mailclient

import (
	"fmt"
	"time"
)

// refusal is a message that no further attempt can send.
type refusal struct {
	code   Code
	reason Reason
	detail string
}

// Error formats the refusal with its code.
func (r *refusal) Error() string {
	return fmt.Sprintf("%s %s (%s)", r.code.Line(""), r.detail, r.reason)
}

// localError is a file of the message that the local postoffice does not have, or has
// damaged: the retries go on, and the code stands beside [005].
//
// src: KB Q136004 ([005] and [016] in one report)
type localError struct {
	code Code
	path string
	err  error
}

// Error formats the cause with its code.
func (e *localError) Error() string { return fmt.Sprintf("%s %v", e.code, e.err) }

// Unwrap returns the cause.
func (e *localError) Unwrap() error { return e.err }

// missingLine names a missing file in a report.
//
// src: KB Q136004
func (e *localError) missingLine() string { return "Missing file is " + e.path + "." }

// checkLife refuses a message whose useful life is over.
//
// src: KB Q173203, Q101934
func (a *attempt) checkLife() error {
	life := time.Duration(a.record.Hours) * time.Hour
	if age := a.now().Sub(a.record.Posted); a.record.Hours > 0 && age > life {
		return &refusal{CodeUsefulLife, ReasonExpired, fmt.Sprintf("posted %v ago, useful for %v", age, life)}
	}
	return nil
}

// checkSize refuses a message that is larger, with its attachments, than the
// administrator allows between postoffices.
//
// src: KB Q131852
func (a *attempt) checkSize() error {
	limit := int64(a.s.cfg.MaxLanMailSize) << 10
	total := int64(a.record.Size)
	for _, ref := range a.mai.Attachments {
		total += int64(ref.Size)
	}
	if limit > 0 && total > limit {
		return &refusal{CodeTooLarge, ReasonSize, fmt.Sprintf("%d bytes, at most %d", total, limit)}
	}
	return nil
}
