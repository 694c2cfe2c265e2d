// Package report turns results into what people read: text tables, and the
// story of a run, side by side with another one's, in a terminal or on one
// self-contained page.
//
// The story is made of a run's trace in three steps. A cast finds out who is who and
// what the message is; a narrator goes through the events once, follows the SMBs of
// the sender's workstation to know what the server holds, and turns what matters
// into Moments in plain words; a fold shortens rows of similar Moments. Layout is
// separate and knows no events.
//
// The package reads events by their kind and tolerates what it does not know: a
// trace without server events (a live run) or without segments tells a shorter
// story. It runs no tasks and holds no locks.
package report
