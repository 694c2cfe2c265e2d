package bench

import (
	"slices"

	"github.com/ntrdr/ntrdr/bench/workload"
	"github.com/ntrdr/ntrdr/mailclient"
)

// Outcome is what became of a message, or of what another workload makes.
type Outcome string

// The outcomes; the first that matches counts.
const (
	// Corrupted: the Mailer or a reader found an announced message damaged, or saw what a
	// reader of the workload may never see.
	Corrupted Outcome = "corrupted"
	// Delivered: it is there, whole.
	Delivered Outcome = "delivered"
	// Failed: not delivered, and the application was told.
	Failed Outcome = "failed"
	// Lost: the application was told success, and at the end nobody can read it.
	Lost Outcome = "lost"
	// Pending: the application is still trying.
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

// Observation is what can be known of one run of a workload at the end of a trial.
type Observation = workload.Observation

// Classify decides the outcome of a run and whether it failed silently: the
// application was told success and the result was not delivered.
func Classify(o Observation) (out Outcome, silent bool) {
	switch {
	case o.Forbidden > 0 || slices.ContainsFunc(o.Raised, mailclient.Code.IsCorruption):
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
