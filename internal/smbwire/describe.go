package smbwire

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// Summary is what a trace or a decoder shows of one body. Fields that a body
// does not have are zero, and a Has field says so where zero means something.
type Summary struct {
	Command    Command
	Reply      bool
	MID        MID
	Status     nt.Status // of the message, translated from DOS
	HasFID     bool
	FID        FID
	HasRange   bool // Offset and Length are set
	Offset     int64
	Length     int64
	Path       string
	NewPath    string // of a rename
	HasOplock  bool
	Oplock     nt.OplockLevel // asked for in a request, granted in a reply, left by a break
	Break      bool           // an oplock break from the server, or its acknowledgement
	Subcommand string         // of a TRANSACTION2
	Detail     string         // what else is worth knowing, as "name=value ..."
}

// summarizer is a body that has more to tell than its command.
type summarizer interface{ summarize(s *Summary) }

// Describe returns one summary for each body of m. In a failed chain the last
// body is the one that the status is about.
func Describe(m *Message) []Summary {
	all := make([]Summary, len(m.Chain))
	for i, b := range m.Chain {
		s := &all[i]
		s.Command, s.Reply, s.MID = b.Command(), m.Header.IsReply(), m.Header.MID
		if i == len(m.Chain)-1 {
			s.Status = m.Header.NTStatus()
		}
		switch b := b.(type) {
		case *Transaction2Request:
			b.summarize(s, m.Header.Flags2)
		case summarizer:
			b.summarize(s)
		}
	}
	return all
}

// String gives the summary as one line, such as
// "WRITE_ANDX mid=5 fid=0x0801 off=0 len=512".
func (s Summary) String() string {
	var b strings.Builder
	b.WriteString(s.Command.String())
	if s.Reply {
		b.WriteString(" reply")
	}
	fmt.Fprintf(&b, " mid=%s", midText(s.MID))
	if s.Subcommand != "" {
		b.WriteString(" " + s.Subcommand)
	}
	if s.HasFID {
		fmt.Fprintf(&b, " fid=%v", s.FID)
	}
	if s.HasRange {
		fmt.Fprintf(&b, " off=%d len=%d", s.Offset, s.Length)
	}
	s.writeNames(&b)
	if s.HasOplock {
		fmt.Fprintf(&b, " %s=%s", s.oplockWord(), oplockText(s.Oplock))
	}
	if s.Detail != "" {
		b.WriteString(" " + s.Detail)
	}
	if s.Status != nt.StatusSuccess {
		fmt.Fprintf(&b, " status=%v", s.Status)
	}
	return b.String()
}

func (s Summary) writeNames(b *strings.Builder) {
	if s.Path != "" {
		b.WriteString(" path=" + quoted(s.Path))
	}
	if s.NewPath != "" {
		b.WriteString(" to=" + quoted(s.NewPath))
	}
}

// quoted returns s in quotes where a space, a quote or what does not print would
// make a line ambiguous, and as it is otherwise.
func quoted(s string) string {
	for _, r := range s {
		if r == ' ' || r == '"' || !strconv.IsPrint(r) {
			return strconv.Quote(s)
		}
	}
	return s
}

func (s Summary) oplockWord() string {
	switch {
	case s.Break && s.MID == BreakMID:
		return "break"
	case s.Break:
		return "acknowledge"
	case s.Reply:
		return "granted"
	}
	return "want"
}

func oplockText(l nt.OplockLevel) string {
	if l == nt.OplockLevelII {
		return "level2"
	}
	return l.String()
}

func midText(m MID) string {
	if m == BreakMID {
		return "0xffff"
	}
	return fmt.Sprint(uint16(m))
}

func (s *Summary) fid(f FID) { s.HasFID, s.FID = true, f }

func (s *Summary) span(off, n int64) { s.HasRange, s.Offset, s.Length = true, off, n }

func (s *Summary) oplock(l nt.OplockLevel) { s.HasOplock, s.Oplock = true, l }

func (s *Summary) detail(format string, args ...any) { s.Detail = fmt.Sprintf(format, args...) }

func (r *NegotiateRequest) summarize(s *Summary) {
	s.detail("dialects=%q", strings.Join(r.Dialects, "|"))
}

func (r *NegotiateCoreResponse) summarize(s *Summary) { s.detail("dialect=%d", r.DialectIndex) }

func (r *NegotiateLanmanResponse) summarize(s *Summary) {
	s.detail("dialect=%d maxbuf=%d maxmpx=%d rawmode=%d", r.DialectIndex, r.MaxBufferSize, r.MaxMpxCount, r.RawMode)
}

func (r *NegotiateNTResponse) summarize(s *Summary) {
	s.detail("dialect=%d maxbuf=%d maxmpx=%d maxraw=%d caps=%#08x",
		r.DialectIndex, r.MaxBufferSize, r.MaxMpxCount, r.MaxRawSize, uint32(r.Capabilities))
}

func (r *SessionSetupLanmanRequest) summarize(s *Summary) { s.detail("account=%q", r.AccountName) }

func (r *SessionSetupNTRequest) summarize(s *Summary) {
	s.detail("account=%q caps=%#08x", r.AccountName, uint32(r.Capabilities))
}

func (r *SessionSetupExtendedRequest) summarize(s *Summary) {
	s.detail("blob=%d caps=%#08x", len(r.SecurityBlob), uint32(r.Capabilities))
}

func (r *SessionSetupResponse) summarize(s *Summary) { s.detail("action=%d", r.Action) }

func (r *SessionSetupExtendedResponse) summarize(s *Summary) {
	s.detail("action=%d blob=%d", r.Action, len(r.SecurityBlob))
}

func (r *TreeConnectRequest) summarize(s *Summary)     { s.Path = r.Path }
func (r *TreeConnectAndXRequest) summarize(s *Summary) { s.Path = r.Path }

func (r *TreeConnectAndXResponse) summarize(s *Summary) {
	s.detail("service=%s filesystem=%q", r.Service, r.NativeFileSystem)
}

func (r *NTCreateAndXRequest) summarize(s *Summary) {
	s.Path = r.FileName
	s.oplock(r.Flags.Oplock())
	s.detail("access=%#x share=%v disposition=%v options=%#x",
		uint32(r.DesiredAccess), r.ShareAccess, r.Disposition, uint32(r.Options))
}

func (r *NTCreateAndXResponse) summarize(s *Summary) {
	s.fid(r.FID)
	s.oplock(r.Oplock)
	s.detail("action=%d size=%d", r.Action, r.EndOfFile)
}

func (r *OpenAndXRequest) summarize(s *Summary) {
	s.Path = r.FileName
	s.oplock(CreateFlags(r.Flags).Oplock()) // the bits are the same
	s.detail("access=%#04x mode=%#02x", uint16(r.AccessMode), uint16(r.OpenMode))
}

func (r *OpenAndXResponse) summarize(s *Summary) {
	s.fid(r.FID)
	s.detail("results=%#04x size=%d", r.OpenResults, r.DataSize)
}

func (r *OpenRequest) summarize(s *Summary) {
	s.Path = r.FileName
	s.detail("access=%#04x", uint16(r.AccessMode))
}

func (r *OpenResponse) summarize(s *Summary) {
	s.fid(r.FID)
	s.detail("size=%d", r.FileSize)
}

func (r *CreateRequest) summarize(s *Summary)     { s.Path = r.FileName }
func (r *CreateNewRequest) summarize(s *Summary)  { s.Path = r.FileName }
func (r *CreateResponse) summarize(s *Summary)    { s.fid(r.FID) }
func (r *CreateNewResponse) summarize(s *Summary) { s.fid(r.FID) }
func (r *FlushRequest) summarize(s *Summary)      { s.fid(r.FID) }
func (r *CloseRequest) summarize(s *Summary)      { s.fid(r.FID) }

func (r *SeekRequest) summarize(s *Summary) {
	s.fid(r.FID)
	s.detail("mode=%d offset=%d", r.Mode, r.Offset)
}

func (r *SeekResponse) summarize(s *Summary) { s.detail("offset=%d", r.Offset) }

func (r *ReadAndXRequest) summarize(s *Summary) {
	s.fid(r.FID)
	s.span(r.Offset, int64(r.Count()))
}

func (r *ReadAndXResponse) summarize(s *Summary) { s.detail("count=%d", len(r.Data)) }

func (r *ReadRequest) summarize(s *Summary) {
	s.fid(r.FID)
	s.span(int64(r.Offset), int64(r.Count))
}

func (r *ReadResponse) summarize(s *Summary)        { s.detail("count=%d", len(r.Data)) }
func (r *LockAndReadRequest) summarize(s *Summary)  { (*ReadRequest)(r).summarize(s) }
func (r *LockAndReadResponse) summarize(s *Summary) { s.detail("count=%d", len(r.Data)) }

func (r *ReadRawRequest) summarize(s *Summary) {
	s.fid(r.FID)
	s.span(r.Offset, int64(r.MaxCount))
}

func (r *WriteAndXRequest) summarize(s *Summary) {
	s.fid(r.FID)
	s.span(r.Offset, int64(len(r.Data)))
	if r.WriteMode != 0 {
		s.detail("mode=%#x", uint16(r.WriteMode))
	}
}

func (r *WriteAndXResponse) summarize(s *Summary) { s.detail("count=%d", r.Count) }

func (r *WriteRequest) summarize(s *Summary) {
	s.fid(r.FID)
	s.span(int64(r.Offset), int64(len(r.Data)))
}

func (r *WriteResponse) summarize(s *Summary)          { s.detail("count=%d", r.Count) }
func (r *WriteAndUnlockRequest) summarize(s *Summary)  { (*WriteRequest)(r).summarize(s) }
func (r *WriteAndUnlockResponse) summarize(s *Summary) { s.detail("count=%d", r.Count) }

func (r *WriteAndCloseRequest) summarize(s *Summary) {
	s.fid(r.FID)
	s.span(int64(r.Offset), int64(len(r.Data)))
}

func (r *WriteAndCloseResponse) summarize(s *Summary) { s.detail("count=%d", r.Count) }

func (r *WriteRawRequest) summarize(s *Summary) {
	s.fid(r.FID)
	s.span(r.Offset, int64(r.Count))
}

func (r *WriteCompleteResponse) summarize(s *Summary) { s.detail("count=%d", r.Count) }

func (r *LockingAndXRequest) summarize(s *Summary) {
	s.fid(r.FID)
	if s.Break = r.Type&LockOplockRelease != 0; s.Break {
		s.oplock(r.BreakTo())
	}
	if n := len(r.Unlocks) + len(r.Locks); n > 0 {
		s.detail("type=%#02x unlocks=%d locks=%d", uint8(r.Type), len(r.Unlocks), len(r.Locks))
		first := append(r.Locks[:len(r.Locks):len(r.Locks)], r.Unlocks...)[0]
		s.span(clampInt64(first.Offset), clampInt64(first.Length))
	}
}

// clampInt64 keeps hostile ranges from turning negative.
func clampInt64(v uint64) int64 { return int64(min(v, math.MaxInt64)) }

func (r *LockByteRangeRequest) summarize(s *Summary) {
	s.fid(r.FID)
	s.span(int64(r.Offset), int64(r.Count))
}

func (r *UnlockByteRangeRequest) summarize(s *Summary) { (*LockByteRangeRequest)(r).summarize(s) }

func (r *DeleteRequest) summarize(s *Summary) { s.Path = r.FileName }

func (r *RenameRequest) summarize(s *Summary) { s.Path, s.NewPath = r.OldFileName, r.NewFileName }

func (r *CreateDirectoryRequest) summarize(s *Summary)  { s.Path = r.DirectoryName }
func (r *DeleteDirectoryRequest) summarize(s *Summary)  { s.Path = r.DirectoryName }
func (r *CheckDirectoryRequest) summarize(s *Summary)   { s.Path = r.DirectoryName }
func (r *QueryInformationRequest) summarize(s *Summary) { s.Path = r.FileName }

func (r *QueryInformationResponse) summarize(s *Summary) {
	s.detail("attributes=%#x size=%d", uint32(r.FileAttributes), r.FileSize)
}

func (r *SetInformationRequest) summarize(s *Summary) {
	s.Path = r.FileName
	s.detail("attributes=%#x", uint32(r.FileAttributes))
}

func (r *QueryInformation2Request) summarize(s *Summary)  { s.fid(r.FID) }
func (r *QueryInformation2Response) summarize(s *Summary) { s.detail("size=%d", r.DataSize) }
func (r *SetInformation2Request) summarize(s *Summary)    { s.fid(r.FID) }

func (r *QueryInformationDiskResponse) summarize(s *Summary) {
	s.detail("units=%d free=%d", r.TotalUnits, r.FreeUnits)
}

func (r *FindClose2Request) summarize(s *Summary) { s.detail("sid=%#04x", uint16(r.SID)) }
func (r *EchoRequest) summarize(s *Summary)       { s.detail("count=%d", r.EchoCount) }
func (r *EchoResponse) summarize(s *Summary)      { s.detail("sequence=%d", r.SequenceNumber) }
