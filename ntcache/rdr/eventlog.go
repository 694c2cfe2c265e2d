package rdr

import (
	"errors"
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// EventID is the number of an entry in the NT event log.
type EventID int

// The events of a redirector that buffers.
const (
	// EventLostDelayedWrite is the application pop-up. src: KB Q163401, KB Q145952
	EventLostDelayedWrite EventID = 26
	// EventUnexpectedError: a virtual circuit error. src: KB Q137980
	EventUnexpectedError EventID = 3012
	// EventTimeout: an SMB timer expired. src: KB Q163401, KB Q319122
	EventTimeout EventID = 3013
	// EventCloseBehind: a close failed after the application was told success.
	// src: windows-sys netevent.h (EVENT_RDR_CLOSE_BEHIND, the name only)
	EventCloseBehind EventID = 3011
	// EventWriteBehindFlushFailed: an L2 buffer could not be sent.
	// src: windows-sys netevent.h (EVENT_RDR_WRITE_BEHIND_FLUSH_FAILED, the name only)
	EventWriteBehindFlushFailed EventID = 3025
)

// maxLog bounds the event log; the oldest entries go.
//
// src: assumed (an event log of 512 KB, NT's default, holds some thousands)
const maxLog = 4096

// LogEntry is one entry of the NT event log.
type LogEntry struct {
	At     time.Time
	Source string
	ID     EventID
	Text   string
	Path   string // the file it names, "" for none
	Ours   bool   // the text is ours: no published source gives it
}

// EventLog returns the entries so far.
func (r *Redirector) EventLog() []LogEntry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]LogEntry(nil), r.log...)
}

func (r *Redirector) logEvent(e LogEntry) {
	e.At = r.rt.Now()
	r.mu.Lock()
	r.log = append(r.log, e)
	if len(r.log) > maxLog {
		r.log = r.log[len(r.log)-maxLog:]
	}
	r.mu.Unlock()
	r.tr.Emit(trace.Event{Kind: trace.EventLog, Op: e.Source, Off: int64(e.ID), Path: e.Path, Text: e.Text})
}

// logLostDelayedWrite raises the pop-up and its log entry.
//
// src: KB Q163401, KB Q168460 (texts)
func (r *Redirector) logLostDelayedWrite(path string) {
	full := r.cfg.Root + `\` + path
	r.tr.Emit(trace.Event{Kind: trace.Popup, Op: "System Process - Lost Delayed-Write Data", Path: path})
	r.logEvent(LogEntry{
		Source: "Application Popup", ID: EventLostDelayedWrite, Path: path,
		Text: "System process-lost delayed write data: the system was attempting to transfer file data from buffers to " +
			full + ". The write operation failed and only some of the data may have been written to the file.",
	})
}

// logCircuitLost says why a circuit died: 3013 if a request timed out, else 3012.
func (r *Redirector) logCircuitLost(err error) {
	if errors.Is(err, nt.StatusIOTimeout) {
		r.logEvent(LogEntry{
			Source: "Rdr", ID: EventTimeout,
			Text: fmt.Sprintf("The redirector has timed out a request to %s.", r.server()),
		})
		return
	}
	r.logEvent(LogEntry{
		Source: "Rdr", ID: EventUnexpectedError,
		Text: fmt.Sprintf("An unexpected network error has occurred on the virtual circuit to %s.", r.server()),
	})
}

// server is the server's name in Root, `\\PO\MAILDATA` giving PO.
func (r *Redirector) server() string {
	name := r.cfg.Root
	for len(name) > 0 && name[0] == '\\' {
		name = name[1:]
	}
	for i := range len(name) {
		if name[i] == '\\' {
			return name[:i]
		}
	}
	return name
}
