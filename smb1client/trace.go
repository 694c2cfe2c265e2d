package smb1client

import (
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// traceSend records a message that is about to be sent.
func (c *Client) traceSend(m *smbwire.Message) {
	if c.opt.Trace.Wants(trace.SMBSend) {
		c.trace(trace.SMBSend, m, false)
	}
}

// traceRecv records a message that arrived.
func (c *Client) traceRecv(m *smbwire.Message) {
	if c.opt.Trace.Wants(trace.SMBRecv) {
		c.trace(trace.SMBRecv, m, m.Header.IsReply())
	}
}

func (c *Client) trace(k trace.Kind, m *smbwire.Message, reply bool) {
	e := trace.Event{Kind: k, Op: m.Chain[0].Command().String(), MID: uint16(m.Header.MID)}
	if k == trace.SMBRecv {
		e.Status = uint32(m.Header.NTStatus())
	}
	for _, b := range m.Chain {
		if reply {
			describeReply(&e, b)
		} else {
			describeRequest(&e, b)
		}
	}
	c.opt.Trace.Emit(e)
	if n := len(m.Chain); n > 1 && m.Chain[n-1].Command() == smbwire.CmdClose {
		c.opt.Trace.Emit(trace.Event{Kind: k, Op: smbwire.CmdClose.String(), MID: e.MID, FID: e.FID, Status: e.Status, Text: "chained"})
	}
}

// levelTexts are what the trace says of each level of an oplock, and of those that a peer
// makes up.
type levelTexts [nt.OplockLevelII + 2]string

var wanted, granted = textsOf("want "), textsOf("granted ")

func textsOf(what string) (texts levelTexts) {
	for l := range texts {
		texts[l] = what + nt.OplockLevel(l).String()
	}
	return texts
}

func (t *levelTexts) of(l nt.OplockLevel) string { return t[min(int(l), len(t)-1)] }

// describeRequest fills in what a reader of the trace wants to know of a request.
func describeRequest(e *trace.Event, b smbwire.Body) {
	switch r := b.(type) {
	case *smbwire.TreeConnectAndXRequest:
		e.Path = r.Path
	case *smbwire.NTCreateAndXRequest:
		e.Path = r.FileName
		if l := r.Flags.Oplock(); l != 0 {
			e.Text = wanted.of(l)
		}
	case *smbwire.ReadAndXRequest:
		e.FID, e.Off, e.Len = uint16(r.FID), r.Offset, int64(r.Count())
	case *smbwire.WriteAndXRequest:
		e.FID, e.Off, e.Len = uint16(r.FID), r.Offset, int64(len(r.Data))
	case *smbwire.ReadRawRequest:
		e.FID, e.Off, e.Len = uint16(r.FID), r.Offset, int64(r.MaxCount)
	case *smbwire.WriteRawRequest:
		e.FID, e.Off, e.Len = uint16(r.FID), r.Offset, int64(r.Count)
	case *smbwire.LockAndReadRequest:
		e.FID, e.Off, e.Len = uint16(r.FID), int64(r.Offset), int64(r.Count)
	case *smbwire.WriteAndUnlockRequest:
		e.FID, e.Off, e.Len = uint16(r.FID), int64(r.Offset), int64(len(r.Data))
	case *smbwire.CloseRequest:
		e.FID = uint16(r.FID)
	case *smbwire.FlushRequest:
		e.FID = uint16(r.FID)
	case *smbwire.LockingAndXRequest:
		describeLocking(e, r)
	default:
		describePath(e, b)
	}
}

func describeLocking(e *trace.Event, r *smbwire.LockingAndXRequest) {
	e.FID = uint16(r.FID)
	switch {
	case r.Type&smbwire.LockOplockRelease != 0:
		e.Text = "break to " + r.BreakTo().String()
	case len(r.Locks) > 0:
		e.Text, e.Off, e.Len = "lock", int64(r.Locks[0].Offset), int64(r.Locks[0].Length)
	case len(r.Unlocks) > 0:
		e.Text, e.Off, e.Len = "unlock", int64(r.Unlocks[0].Offset), int64(r.Unlocks[0].Length)
	}
}

func describePath(e *trace.Event, b smbwire.Body) {
	switch r := b.(type) {
	case *smbwire.DeleteRequest:
		e.Path = r.FileName
	case *smbwire.RenameRequest:
		e.Path, e.Text = r.OldFileName, "to "+r.NewFileName
	case *smbwire.CreateDirectoryRequest:
		e.Path = r.DirectoryName
	case *smbwire.DeleteDirectoryRequest:
		e.Path = r.DirectoryName
	case *smbwire.CheckDirectoryRequest:
		e.Path = r.DirectoryName
	case *smbwire.NTTransactRequest:
		e.Text = "NOTIFY_CHANGE"
	case *smbwire.Transaction2Request:
		e.Text = trans2Name(r.Subcommand())
		e.Len = int64(len(r.Data))
	}
}

func describeReply(e *trace.Event, b smbwire.Body) {
	switch r := b.(type) {
	case *smbwire.NTCreateAndXResponse:
		e.FID, e.Len, e.Text = uint16(r.FID), r.EndOfFile, granted.of(r.Oplock)
	case *smbwire.ReadAndXResponse:
		e.Len = int64(len(r.Data))
	case *smbwire.WriteAndXResponse:
		e.Len = int64(r.Count)
	case *smbwire.LockAndReadResponse:
		e.Len = int64(len(r.Data))
	case *smbwire.WriteAndUnlockResponse:
		e.Len = int64(r.Count)
	case *smbwire.WriteCompleteResponse:
		e.Len = int64(r.Count)
	case *smbwire.Transaction2Response:
		e.Len = int64(len(r.Data))
	}
}

// src: [MS-CIFS] §2.2.6
func trans2Name(sub uint16) string {
	switch sub {
	case smbwire.Trans2FindFirst2:
		return "FIND_FIRST2"
	case smbwire.Trans2FindNext2:
		return "FIND_NEXT2"
	case smbwire.Trans2QueryFS:
		return "QUERY_FS_INFORMATION"
	case smbwire.Trans2QueryPath:
		return "QUERY_PATH_INFORMATION"
	case smbwire.Trans2QueryFile:
		return "QUERY_FILE_INFORMATION"
	case smbwire.Trans2SetPath:
		return "SET_PATH_INFORMATION"
	case smbwire.Trans2SetFile:
		return "SET_FILE_INFORMATION"
	}
	return ""
}
