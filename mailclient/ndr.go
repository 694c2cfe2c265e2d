package mailclient

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Forms of dates in log entries and failure mail.
//
// src: KB Q99204, Q131852
const (
	logDate = "01-02-06"
	logTime = "15:04"
)

// Why a sender cannot be told of a failure.
var (
	errNoSender = errors.New("the sender is not known")
	errNoRoute  = errors.New("no such mailbox or postoffice")
)

// notice is a failure about to be told: as an entry of LOG\SYSTEM.LOG and as mail from
// POSTMASTER.
type notice struct {
	at     time.Time
	record *Record // nil if the mailbag could not tell
	from   Address // zero if nothing told
	code   Code
	target string // for the codes that name a postoffice
	also   Code   // a second code, CodeNone if there is none
	// details are lines behind the codes, such as the name of a missing file.
	details []string
	rcpts   []Address
}

// header is what entry and mail begin with.
//
// src: KB Q99204, Q131852, Q127919
func (n *notice) header() []string {
	from, subject, date, clock := "", "", "", ""
	if n.from != (Address{}) {
		from = n.from.String()
	}
	if n.record != nil {
		subject = n.record.Subject
		date, clock = n.record.Posted.Format(logDate), n.record.Posted.Format(logTime)
		if from == "" {
			from = n.record.Sender
		}
	}
	return []string{
		"System log entry on: " + n.at.UTC().Format(logDate+" "+logTime),
		" External program has detected a mail problem.",
		" Message data:",
		fmt.Sprintf("   From: %s   Date: %s   Time: %s   Subject: %s", from, date, clock, subject),
	}
}

// failure is the code's line and whom the mail did not reach.
func (n *notice) failure() []string {
	lines := []string{" " + n.code.Line(n.target)}
	if n.also != CodeNone {
		lines = append(lines, " "+n.also.Line(""))
	}
	for _, d := range n.details {
		lines = append(lines, " "+d)
	}
	if len(n.rcpts) > 0 {
		lines = append(lines, " Mail item was not delivered to:")
	}
	for _, a := range n.rcpts {
		lines = append(lines, "   "+a.String())
	}
	return lines
}

// entry is the text for SYSTEM.LOG.
func (n *notice) entry() string {
	return strings.Join(append(n.header(), n.failure()...), "\r\n")
}

// body is the text of the mail; original is the message, if it could be read.
//
// src: KB Q99204
func (n *notice) body(original *MAI) string {
	lines := append(n.header(), strings.Repeat("-", 78))
	lines = append(lines, n.failure()...)
	if original != nil {
		lines = append(lines, strings.Repeat("-", 78), string(original.Text))
	}
	return strings.Join(lines, "\r\n")
}

// send queues the mail for the sender in the postoffice of d.
func (n *notice) send(fs FS, d *directory, names *names, original *MAI) error {
	if n.from == (Address{}) {
		return errNoSender
	}
	bag, ok := d.route(n.from)
	if !ok {
		return fmt.Errorf("%v: %w", n.from, errNoRoute)
	}
	st := &store{fs: fs, names: names, bags: []string{bag}}
	err := st.put(nil, func(_, _ ID) (*MAI, error) {
		return &MAI{
			Hops: hopCount, Vendor37: hopCount, From: d.postmaster(), To: []Address{n.from},
			Posted: n.at.UTC().Truncate(time.Minute), Priority: normalPriority,
			Subject: "Mail failure", Text: []byte(n.body(original)),
		}, nil
	})
	return err
}
