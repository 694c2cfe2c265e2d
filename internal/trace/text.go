package trace

import (
	"fmt"
	"strconv"
	"strings"
)

// kindNames are the words of the one-line text, by Kind.
var kindNames = [...]string{
	KindNone: "none", AppCall: "call", AppReturn: "return", AppNote: "note",
	PageDirty: "page-dirty", PageClean: "page-clean", BufferFill: "buffer-fill", BufferSend: "buffer-send",
	BufferDone: "buffer-done", LazyScan: "lazy-scan", SMBSend: "send", SMBRecv: "recv",
	OplockGrant: "oplock-grant", OplockBreak: "oplock-break", OplockAck: "oplock-ack", TimerFire: "timer-fire",
	CircuitUp: "circuit-up", CircuitDown: "circuit-down", EventLog: "event-log", Popup: "pop-up",
	FileState: "file-state", FileClosed: "file-closed", MailLog: "mail-log", Verdict: "verdict",
	SegmentLost: "segment-lost", SegmentResent: "segment-resent", LinkDown: "link-down", LinkUp: "link-up",
	FileDormant: "dormant", FileFlush: "flush", FileLost: "data-lost", TaskPanic: "task-panic",
	ReadAhead: "read-ahead", WriteThrottled: "write-throttled",
}

// String names the kind as traces print it.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return "kind" + strconv.Itoa(int(k))
}

// String is the event's canonical one line: seconds, actor, kind and the fields that
// are set, in a fixed order. Line breaks in texts are escaped.
func (e Event) String() string { return string(e.AppendText(nil)) }

// AppendText appends the one line, without a line break.
func (e Event) AppendText(b []byte) []byte {
	b = fmt.Appendf(b, "%.6f %s %s", e.At.Seconds(), orDash(e.Actor), e.Kind)
	if e.Op != "" {
		b = appendWord(append(b, ' '), e.Op)
	}
	if e.Path != "" {
		b = appendWord(append(b, " path="...), e.Path)
	}
	for _, f := range [...]struct {
		name string
		hex  bool
		v    int64
	}{{"mid", false, int64(e.MID)}, {"fid", true, int64(e.FID)}, {"off", false, e.Off}, {"len", false, e.Len}} {
		switch {
		case f.v == 0:
		case f.hex:
			b = fmt.Appendf(b, " %s=0x%04x", f.name, f.v)
		default:
			b = fmt.Appendf(b, " %s=%d", f.name, f.v)
		}
	}
	if e.Status != 0 {
		b = fmt.Appendf(b, " status=0x%08X", e.Status)
	}
	if e.Text != "" {
		b = strconv.AppendQuote(append(b, ' '), e.Text)
	}
	return b
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// appendWord quotes what would not read as one word.
func appendWord(b []byte, s string) []byte {
	if strings.ContainsAny(s, " \t\r\n\"") {
		return strconv.AppendQuote(b, s)
	}
	return append(b, s...)
}

// KindByName returns the kind that String gives the name for.
func KindByName(name string) (Kind, bool) {
	for k, n := range kindNames {
		if n == name {
			return Kind(k), true
		}
	}
	return KindNone, false
}
