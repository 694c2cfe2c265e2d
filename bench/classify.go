package bench

import (
	"slices"

	"github.com/ntrdr/ntrdr/mailclient"
)

// Outcome is what became of a message.
type Outcome string

// The outcomes; for each message the first that matches counts.
const (
	// Corrupted: the Mailer or a reader found an announced message damaged.
	Corrupted Outcome = "corrupted"
	// Delivered: the reader has it whole.
	Delivered Outcome = "delivered"
	// Failed: not delivered, and the sender was told.
	Failed Outcome = "failed"
	// Lost: the sender was told success, and at the end nobody can read it.
	Lost Outcome = "lost"
	// Pending: the sender is still trying.
	Pending Outcome = "pending"
	// Broken is no outcome of a message: the trial itself panicked, or exceeded a limit.
	Broken Outcome = "error"
)

// Outcomes lists all outcomes in the order of tables.
func Outcomes() []Outcome { return []Outcome{Delivered, Corrupted, Lost, Failed, Pending} }

// known reports whether a trial came to an outcome at all.
func (o Outcome) known() bool {
	switch o {
	case Delivered, Corrupted, Lost, Failed, Pending:
		return true
	case Broken:
	}
	return false
}

// Observation is what can be known of one message at the end of a trial.
type Observation struct {
	Told   mailclient.Told
	Raised []mailclient.Code // by the Mailer or the reader, for an announced record
	Copies int               // whole copies in the recipient's mailbag
}

// Classify decides the outcome of a message and whether it failed silently: the
// sender was told success and the message was not delivered.
func Classify(o Observation) (out Outcome, silent bool) {
	switch {
	case slices.ContainsFunc(o.Raised, mailclient.Code.IsCorruption):
		out = Corrupted
	case o.Copies > 0:
		out = Delivered
	case o.Told == mailclient.ToldError:
		out = Failed
	case o.Told == mailclient.ToldSuccess:
		out = Lost
	default:
		out = Pending
	}
	return out, o.Told == mailclient.ToldSuccess && out != Delivered
}
