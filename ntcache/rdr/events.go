package rdr

import "slices"

// EventID is the number of an entry in the NT event log.
type EventID int

// The events that the redirector of the model raises. The ids of source Rdr are the
// low words of the EVENT_RDR_ codes.
//
// src: windows-sys netevent.h (EVENT_RDR_*); KB Q163401 (26)
const (
	EventLostDelayedWrite       EventID = 26
	EventInvalidLockReply       EventID = 3007
	EventFailedUnlock           EventID = 3009
	EventCloseBehind            EventID = 3011
	EventUnexpectedError        EventID = 3012
	EventTimeout                EventID = 3013
	EventWriteBehindFlushFailed EventID = 3025
	EventDeleteOnClose          EventID = 3031
)

// EventType is a row of the table of events: what a user or administrator can see
// of a redirector that buffers.
type EventType struct {
	ID     EventID
	Name   string // as published, "" if the event has none
	Log    string // which event log
	Source string // who writes it, as the log's column says
	Text   string // with <server> and <file>; "" if nothing is known of it
	Ours   bool   // Text is ours: no published source gives it
	When   string // when it is raised
	Never  string // why the model never raises it, "" if it does
	Src    string // what says so
}

const (
	systemLog = "System"
	sourceRdr = "Rdr"
)

// eventTypes is every event that the sources name in connection with remote files.
//
// src: windows-sys netevent.h (names and ids of source Rdr); the articles of each row
var eventTypes = []EventType{
	{
		ID: EventLostDelayedWrite, Log: systemLog, Source: "Application Popup",
		Text: "System process-lost delayed write data: the system was attempting to transfer file data from buffers to <file>." +
			" The write operation failed and only some of the data may have been written to the file.",
		When: "data that an application was told is written cannot be delivered", Src: "KB Q163401, Q145952",
	},
	{
		ID: 50, Name: "IO_LOST_DELAYED_WRITE", Log: systemLog, Source: "MRxSmb",
		Never: "Windows 2000 and later", Src: "KB Q816004",
	},
	{
		ID: 2000, Log: systemLog, Source: "Srv", Text: "The server's call to a system service failed unexpectedly.",
		Never: "the server's log; the embedded server rejects no request for its size", Src: "KB Q136150",
	},
	{
		ID: 2012, Log: systemLog, Source: "Srv", Text: "The server has encountered a network error.",
		Never: "the server's log; the embedded server keeps none", Src: "KB Q126451",
	},
	{
		ID: EventInvalidLockReply, Name: "EVENT_RDR_INVALID_LOCK_REPLY", Log: systemLog, Source: sourceRdr, Ours: true,
		Text: "The server <server> refused to lock part of a file that the application was told it has locked.",
		When: "a lock that was cached under an oplock is refused when the oplock breaks", Src: "netevent.h (the name); the case is assumed",
	},
	{
		ID: EventFailedUnlock, Name: "EVENT_RDR_FAILED_UNLOCK", Log: systemLog, Source: sourceRdr, Ours: true,
		Text: "The redirector was unable to unlock part of a file on <server> after the application was told that it is unlocked.",
		When: "an unlock-behind fails", Src: "netevent.h (the name)",
	},
	{
		ID: EventCloseBehind, Name: "EVENT_RDR_CLOSE_BEHIND", Log: systemLog, Source: sourceRdr, Ours: true,
		Text: "The redirector was unable to close <file> after the application was told that it is closed.",
		When: "a close-behind fails", Src: "netevent.h (the name)",
	},
	{
		ID: EventUnexpectedError, Name: "EVENT_RDR_UNEXPECTED_ERROR", Log: systemLog, Source: sourceRdr,
		Text: "An unexpected network error has occurred on the virtual circuit to <server>.",
		When: "a circuit in use dies for any reason but a timer", Src: "KB Q137980",
	},
	{
		ID: EventTimeout, Name: "EVENT_RDR_TIMEOUT", Log: systemLog, Source: sourceRdr,
		Text: "The redirector has timed out a request to <server>.",
		When: "the timer of a request expires", Src: "KB Q163401, Q319122",
	},
	{
		ID: 3014, Name: "EVENT_RDR_INVALID_OPLOCK", Log: systemLog, Source: sourceRdr,
		Never: "breaks of files that are not open are discarded and counted by the client", Src: "netevent.h",
	},
	{
		ID: 3022, Name: "EVENT_RDR_OPLOCK_SMB", Log: systemLog, Source: sourceRdr,
		Never: "only the name is published", Src: "netevent.h",
	},
	{
		ID: EventWriteBehindFlushFailed, Name: "EVENT_RDR_WRITE_BEHIND_FLUSH_FAILED", Log: systemLog, Source: sourceRdr, Ours: true,
		Text: "The redirector was unable to write delayed data to <server>.",
		When: "a write-behind buffer cannot be sent", Src: "netevent.h (the name)",
	},
	{
		ID: 3026, Name: "EVENT_RDR_AT_THREAD_MAX", Log: systemLog, Source: sourceRdr,
		Never: "the redirector's threads are not counted: a task for each wait", Src: "netevent.h",
	},
	{
		ID: EventDeleteOnClose, Log: systemLog, Source: sourceRdr,
		Text: "The redirector was unable to delete the file specified on server <server> when it was closed by the application." +
			" The data contains the name of the file.",
		When: "the CLOSE of a file that is to be deleted on close fails", Src: "KB Q168845",
	},
	{
		ID: 3193, Log: "LAN Manager", Source: "Wksta", Text: "A virtual circuit error occurred on the session to <server>.",
		Never: "LAN Manager", Src: "KB Q109555",
	},
	{
		ID: 3196, Name: "NELOG_NetWkSta_Write_Behind_Err", Log: "LAN Manager", Source: "Wksta",
		Text: "A write operation to *** failed. Data may have been lost.", Never: "LAN Manager", Src: "KB Q186544",
	},
	{
		ID: 8003, Log: systemLog, Source: "Browser", Never: "elections of the browser", Src: "KB Q143153",
	},
	{
		ID: 8007, Log: systemLog, Source: "NwRdr",
		Text:  "The Microsoft client service for Netware redirector has timed out a request to <server>.",
		Never: "NetWare's twin of 3013", Src: "KB Q118675, Q163401",
	},
}

// EventTypes returns the table of events, in order of id.
func EventTypes() []EventType { return slices.Clone(eventTypes) }

// eventType finds a row that the model raises; anything else is our own mistake.
func eventType(id EventID) EventType {
	i := slices.IndexFunc(eventTypes, func(t EventType) bool { return t.ID == id && t.Never == "" })
	if i < 0 {
		panic("rdr: no such event")
	}
	return eventTypes[i]
}
