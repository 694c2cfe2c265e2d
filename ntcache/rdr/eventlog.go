package rdr

import (
	"errors"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/trace"
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

// raise writes an event of the table that concerns path, "" for none.
func (r *Redirector) raise(id EventID, path string) {
	t := eventType(id)
	text := strings.NewReplacer("<server>", r.server(), "<file>", r.cfg.Root+`\`+path).Replace(t.Text)
	e := LogEntry{At: r.rt.Now(), Source: t.Source, ID: id, Path: path, Text: text, Ours: t.Ours}
	r.mu.Lock()
	r.log = append(r.log, e)
	if len(r.log) > maxLog {
		r.log = r.log[len(r.log)-maxLog:]
	}
	r.mu.Unlock()
	r.tr.Emit(trace.Event{Kind: trace.EventLog, Op: e.Source, Off: int64(e.ID), Path: e.Path, Text: e.Text})
}

// lostWriteTitle is the caption of the box that goes with Event 26.
//
// src: KB Q145952
const lostWriteTitle = "System Process - Lost Delayed-Write Data"

// popUp raises the lost-delayed-write box of a file with its log entry. The caller's
// thread stops until the user clicks OK. While a box of the file is on the screen
// there is no second one, and nobody waits for the first.
//
// src: KB Q168460 (the thread stops), KB Q163401 (texts); one box at a time is assumed
// (published for Windows 2000).
func (r *Redirector) popUp(path string) {
	r.mu.Lock()
	shown := r.boxes[key(path)]
	r.boxes[key(path)] = true
	r.mu.Unlock()
	if shown {
		return
	}
	r.tr.Emit(trace.Event{Kind: trace.Popup, Op: lostWriteTitle, Path: path})
	r.raise(EventLostDelayedWrite, path)
	if r.cfg.NtrdrPopupWait > 0 {
		r.rt.Sleep(r.cfg.NtrdrPopupWait)
	}
	r.mu.Lock()
	delete(r.boxes, key(path))
	r.mu.Unlock()
}

// popUpApart is popUp on a thread of its own, for callers that must not stop.
func (r *Redirector) popUpApart(path string) {
	if r.cfg.NtrdrPopupWait == 0 {
		r.popUp(path)
		return
	}
	r.rt.GoFor("pop-up", path, func() { r.popUp(path) })
}

// logCircuitLost says why a circuit died: 3013 if a request timed out, else 3012.
func (r *Redirector) logCircuitLost(err error) {
	if errors.Is(err, nt.StatusIOTimeout) {
		r.raise(EventTimeout, "")
		return
	}
	r.raise(EventUnexpectedError, "")
}

// server is the server's name in Root, `\\PO\MAILDATA` giving PO.
func (r *Redirector) server() string {
	name, _, _ := strings.Cut(strings.TrimLeft(r.cfg.Root, `\`), `\`)
	return name
}
