package mailclient

import "fmt"

// Code is a bracketed error number of MS Mail; 0 means that nothing was wrong.
type Code int

// The codes that the agents of this package raise, and those that a log of theirs may
// show beside them.
//
// src: KB Q143413, Q264331, Q127919, Q147471, Q128627, Q119884, Q101934, Q117895,
// Q111558, Q131852, Q99204, Q131523, Q138054, Q118675, Q103960, Q194549, Q175958; the same in Q117152
// ([005]), Q131116 ([002]), Q237695 ([008]), Q107445 ([024]), Q162841 ([004]).
const (
	CodeNone           Code = 0
	CodeUndeliverable  Code = 1
	CodeUnknownAddress Code = 2
	CodeHopCount       Code = 3
	CodeCircularRoute  Code = 4
	CodeRetryCount     Code = 5
	CodeUsefulLife     Code = 6
	CodeNoGroup        Code = 7
	CodeContention     Code = 8
	CodeTooLarge       Code = 9
	CodeCorruptMessage Code = 12
	CodeReceipt        Code = 13
	CodeNoMessageFile  Code = 16
	CodeFullMailbag    Code = 17
	CodeNoAttachment   Code = 18
	CodeNoRoutingFile  Code = 21
	CodeBadMessageFile Code = 23
	CodeBadRoutingFile Code = 24
	CodeUnparsable     Code = 29
)

// codeTexts holds the documented texts; what follows a target is appended by Line.
//
// src: KB Q143413, Q264331, Q127919, Q147471, Q128627, Q119884, Q101934, Q117895,
// Q111558, Q131852, Q99204, Q131523, Q138054, Q118675, Q103960, Q194549, Q175958.
var codeTexts = map[Code]string{
	CodeUndeliverable:  "unable to deliver.",
	CodeUnknownAddress: "Mail was received that was addressed to unknown addresses.",
	CodeHopCount:       "Message hop count exceeded.",
	CodeCircularRoute:  "Message circular route detected.",
	CodeRetryCount:     "Mail retry count exceeded sending to:",
	CodeUsefulLife:     "Useful life exceeded sending to",
	CodeNoGroup:        "Message addressed to group that no longer exists.",
	CodeContention:     "Failure delivering user mail due to mailbag contention.",
	CodeTooLarge:       "Mail maximum size exceeded sending to:",
	CodeCorruptMessage: "This corrupt message cannot be delivered. Contact your administrator.",
	CodeReceipt:        "***** Read receipt from a registered message *****",
	CodeNoMessageFile:  "Message was not sent due to missing message file.",
	CodeFullMailbag:    "Unable to deliver user mail due to a full mailbag.",
	CodeNoAttachment:   "Message was not sent due to missing attachment.",
	CodeNoRoutingFile:  "Message was not delivered due to missing routing file.",
	CodeBadMessageFile: "Message was not delivered: message file was corrupted.",
	CodeBadRoutingFile: "Message was not delivered: routing file was corrupted.",
	CodeUnparsable:     "This mail message could not be parsed correctly.",
}

// String gives the code in its brackets, "[023]", or "" for none.
func (c Code) String() string {
	if c == CodeNone {
		return ""
	}
	return fmt.Sprintf("[%03d]", int(c))
}

// Text returns the documented sentence, "" for a code without one.
func (c Code) Text() string { return codeTexts[c] }

// Line returns the code and its sentence as mail and log show them; target, if any,
// is the "NET /PO" that some sentences end in.
func (c Code) Line(target string) string {
	s := c.String() + " " + c.Text()
	if target != "" {
		s += " " + target
	}
	return s
}

// IsCorruption reports whether the code says that an announced record, or a file it
// names, is damaged or missing at the postoffice: [001], [012], [016], [018], [021],
// [023] and [024].
func (c Code) IsCorruption() bool {
	switch c {
	case CodeUndeliverable, CodeCorruptMessage, CodeNoMessageFile, CodeNoAttachment,
		CodeNoRoutingFile, CodeBadMessageFile, CodeBadRoutingFile:
		return true
	default:
		return false
	}
}

// Reason is the internal cause beside a Code, which cannot tell a short file from a
// hole.
type Reason string

// The reasons.
const (
	ReasonNone      Reason = ""
	ReasonMissing   Reason = "MISSING"   // the file is not there
	ReasonDenied    Reason = "DENIED"    // somebody else has the file open
	ReasonSize      Reason = "SIZE"      // the file breaks its size rule
	ReasonTruncated Reason = "TRUNCATED" // the file is shorter than it says
	ReasonTrailing  Reason = "TRAILING"  // the file is longer than it says
	ReasonTLV       Reason = "TLV"       // an element is malformed, or a mandatory one absent
	ReasonChecksum  Reason = "CHECKSUM"  // a checksum differs: a hole or a torn page
	ReasonHeader    Reason = "HEADER"    // the MBG record declares another file
	ReasonShort     Reason = "SHORT"     // an attachment is shorter than declared
	ReasonAhead     Reason = "AHEAD"     // the KEY announces a record that the MBG lacks
	ReasonField     Reason = "FIELD"     // a field has a value that it cannot have
	ReasonNoRcpt    Reason = "NORCPT"    // an envelope without recipients
	ReasonOrphan    Reason = "ORPHAN"    // no record names the file
	ReasonStranded  Reason = "STRANDED"  // a record beyond the KEY's slots, or a lock left behind
	ReasonCounter   Reason = "COUNTER"   // CONTROL.GLB would allocate a name in use
	ReasonDuplicate Reason = "DUPLICATE" // two things that must differ are the same
	ReasonExpired   Reason = "EXPIRED"   // the message is older than its useful life
	ReasonRoute     Reason = "ROUTE"     // the message has come too far, or came here before
)

// MailSystemError is what a reading client shows in place of a message that it cannot
// read.
//
// src: KB Q101139
const MailSystemError = "==== MAIL SYSTEM ERROR =====\r\n" +
	"Mail could not read the entire message from the postoffice. Some parts of the message may be missing. " +
	"Ask the sender to resend the message."

// HeaderRetrievalError is what a client says when a mailbag's KEY or MBG is missing or
// has a wrong size.
//
// src: KB Q87415
const HeaderRetrievalError = "Error in mail header retrieval"

// TransmitError is what a client says when it cannot make a message file, because its
// directory is not there or the disk is full.
//
// src: KB Q87411
const TransmitError = "Error in transmitting mail or server disk is full"

// AttachmentError is what a client says when it cannot make an attachment file.
//
// src: KB Q87381
const AttachmentError = "Error in sending attachment(s)"

// ServerPathError is what a client says at logon when there is no postoffice where it
// looks for one.
//
// src: KB Q152838, Q101899
const ServerPathError = "Mail could not connect to your Mail server. " +
	"The configuration for the Mail server path is missing or invalid."
