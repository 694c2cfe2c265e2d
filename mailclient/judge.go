package mailclient

import (
	"fmt"
	"hash/crc32"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// Checks says how much of a message file an agent examines before it believes it.
//
// src: KB Q130382 (readers that do not check the end of each field)
type Checks uint8

// The degrees of checking.
const (
	ChecksNone   Checks = iota // the file can be opened
	ChecksLength               // and has the length that it declares
	ChecksFull                 // and is whole in every respect
)

// String names the degree.
func (c Checks) String() string {
	names := [...]string{"none", "length", "full"}
	if int(c) < len(names) {
		return names[c]
	}
	return "checks?"
}

// Found is what an agent got when it opened a file and read all of it.
type Found struct {
	Path   string
	Status nt.Status // of the open
	Data   []byte    // valid if Status is success
}

// Evidence is everything that an agent looked at for one announced record, in the order
// in which it looked. Nil means not looked at.
type Evidence struct {
	MBGPath   string
	MBGOffset int64
	MBG       []byte // the record's bytes, short where the file ends
	P1        *Found
	MAI       *Found
	ATT       []*Found // one for each attachment that the message file names
	Checks    Checks
	// DeniedIsCorrupt makes a message file that cannot be opened a corrupt one at once.
	DeniedIsCorrupt bool
}

// Judgement is the result of a test. The zero value is a pass.
type Judgement struct {
	Code   Code
	Reason Reason
	// Wait says to leave the record in the queue: Code holds once the retries are used up.
	Wait   bool
	Detail string
}

// Passed reports whether the test found nothing wrong.
func (j Judgement) Passed() bool { return j.Code == CodeNone }

// Judge applies the verdict table to the evidence: the first test that fails decides.
// The order is record, envelope, message file, record against message file,
// attachments.
//
// src: KB Q100826, Q136379 (order of the Mailer's opens); assumed (order of the tests
// within the message file).
func Judge(e *Evidence) Judgement {
	record, j := judgeRecord(e.MBGPath, e.MBGOffset, e.MBG)
	if !j.Passed() {
		return j
	}
	if e.P1 != nil {
		if _, j = judgeEnvelope(e.P1, record); !j.Passed() {
			return j
		}
	}
	if e.MAI == nil {
		return Judgement{}
	}
	mai, j := e.judgeMessage(e.MAI, record)
	if !j.Passed() || mai == nil {
		return j
	}
	for i, f := range e.ATT {
		if j = judgeAttachment(f, mai.Attachments[i]); !j.Passed() {
			return j
		}
	}
	return Judgement{}
}

// judgeRecord reads an announced record. A record that is not there yet, or is still
// zero or torn, means that the KEY arrived ahead of the MBG.
func judgeRecord(path string, off int64, b []byte) (*Record, Judgement) {
	r, err := ParseRecord(path, off, b)
	if err != nil {
		return nil, Judgement{Code: CodeUndeliverable, Reason: ReasonAhead, Wait: true, Detail: err.Error()}
	}
	return r, Judgement{}
}

func judgeEnvelope(f *Found, r *Record) (*Envelope, Judgement) {
	switch {
	case f.Status == nt.StatusSuccess:
	case isMissing(f.Status):
		return nil, Judgement{Code: CodeNoRoutingFile, Reason: ReasonMissing, Detail: f.Path + " was not found."}
	default:
		return nil, Judgement{Code: CodeCorruptMessage, Reason: ReasonDenied, Wait: true, Detail: openDetail(f)}
	}
	v, err := ParseEnvelope(f.Path, f.Data)
	if err != nil {
		return nil, Judgement{Code: CodeBadRoutingFile, Reason: reasonOf(err), Detail: err.Error()}
	}
	if v.MAI != r.MAI {
		detail := fmt.Sprintf("%s: names message file %v, record names %v", f.Path, v.MAI, r.MAI)
		return nil, Judgement{Code: CodeBadRoutingFile, Reason: ReasonHeader, Detail: detail}
	}
	return v, Judgement{}
}

// judgeMessage tests the message file as far as e.Checks goes. A file that passes
// without having been parsed in full gives a nil MAI.
func (e *Evidence) judgeMessage(f *Found, r *Record) (*MAI, Judgement) {
	switch {
	case f.Status == nt.StatusSuccess:
	case isMissing(f.Status):
		return nil, Judgement{Code: CodeNoMessageFile, Reason: ReasonMissing, Detail: "Missing file is " + f.Path + "."}
	case e.DeniedIsCorrupt:
		return nil, Judgement{Code: CodeBadMessageFile, Reason: ReasonDenied, Detail: openDetail(f)}
	default:
		return nil, Judgement{Code: CodeCorruptMessage, Reason: ReasonDenied, Wait: true, Detail: openDetail(f)}
	}
	m, err := e.parseMessage(f)
	if err != nil {
		return nil, Judgement{Code: CodeBadMessageFile, Reason: reasonOf(err), Detail: err.Error()}
	}
	if m == nil || e.Checks != ChecksFull {
		return m, Judgement{}
	}
	return m, judgeHeader(f, r)
}

func (e *Evidence) parseMessage(f *Found) (*MAI, error) {
	if e.Checks != ChecksNone {
		if err := checkMAILength(f.Path, f.Data); err != nil {
			return nil, err
		}
	}
	m, err := ParseMAI(f.Path, f.Data)
	if e.Checks != ChecksFull && err != nil {
		return nil, nil // an older reader takes what is there
	}
	return m, err
}

// judgeHeader compares a whole message file with what the record declares of it.
func judgeHeader(f *Found, r *Record) Judgement {
	if size, sum := uint32(len(f.Data)), storedChecksum(f.Data); size != r.Size || sum != r.CRC {
		detail := fmt.Sprintf("%s: %d bytes, checksum %08X; record declares %d, %08X", f.Path, size, sum, r.Size, r.CRC)
		return Judgement{Code: CodeBadMessageFile, Reason: ReasonHeader, Detail: detail}
	}
	return Judgement{}
}

func judgeAttachment(f *Found, a AttachmentRef) Judgement {
	j := Judgement{Code: CodeNoAttachment}
	switch size := uint32(len(f.Data)); {
	case isMissing(f.Status):
		j.Reason, j.Detail = ReasonMissing, "Missing file is "+f.Path+"."
	case f.Status != nt.StatusSuccess:
		return Judgement{Code: CodeCorruptMessage, Reason: ReasonDenied, Wait: true, Detail: openDetail(f)}
	case size < a.Size:
		j.Reason, j.Detail = ReasonShort, fmt.Sprintf("%s: %d bytes of %d", f.Path, size, a.Size)
	case size > a.Size:
		j.Reason, j.Detail = ReasonTrailing, fmt.Sprintf("%s: %d bytes of %d", f.Path, size, a.Size)
	case crc32.ChecksumIEEE(f.Data) != a.CRC:
		j.Reason, j.Detail = ReasonChecksum, f.Path+": checksum differs"
	default:
		return Judgement{}
	}
	return j
}

// openDetail is the log's line about a file that cannot be opened.
//
// src: KB Q103960
func openDetail(f *Found) string {
	return fmt.Sprintf("File I/O: Error opening \"%s\" error code=%d", f.Path, f.Status.Win32())
}
