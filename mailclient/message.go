package mailclient

import (
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/rt"
)

// Token identifies a message wherever a copy or an announcement of it turns up. It is
// the last word in angle brackets of the subject.
type Token string

// TokenOf finds the token in a subject, "" if there is none.
func TokenOf(subject string) Token {
	i := strings.LastIndexByte(subject, '<')
	if i < 0 {
		return ""
	}
	word, _, ok := strings.Cut(subject[i:], ">")
	if !ok {
		return ""
	}
	return Token(word + ">")
}

// withToken puts the token behind the subject, which is cut so that an MBG record
// holds both.
func withToken(subject string, token Token) string {
	if room := maxSubject - len(token) - 1; len(subject) > room {
		subject = subject[:max(room, 0)]
	}
	return strings.TrimLeft(subject+" "+string(token), " ")
}

// Message is what a user composes.
type Message struct {
	From     Address
	To, Cc   []Address
	Subject  string
	Text     string
	Priority uint8 // 1 urgent to 5; 0 is 3
	// Token identifies the message; if empty, Submit makes one from the postoffice and
	// the local file's name.
	Token Token
	// FileSize, if not 0, is the exact size of the message file in bytes: the text is
	// filled up, or cut.
	FileSize    int
	Attachments []Attachment
}

// Attachment is a file sent with a message.
type Attachment struct {
	Name string
	Data []byte
}

// normalPriority is the middle of 1 to 5.
//
// src: assumed (the priority's byte is unknown in KB Q108027)
const normalPriority = 3

// maxTokenLen leaves room for a subject before it.
//
// src: assumed (less than the 40 characters of a subject)
const maxTokenLen = 32

func (m *Message) validate() error {
	if len(m.To) == 0 {
		return fmt.Errorf("message from %v: no recipient", m.From)
	}
	for _, a := range append(append([]Address{m.From}, m.To...), m.Cc...) {
		if err := a.validate(); err != nil {
			return err
		}
	}
	if n := len(m.To) + len(m.Cc); n >= maxRcpts || len(m.Attachments) > maxATTs || m.Priority > 5 {
		return fmt.Errorf("message from %v: %d recipients, %d attachments or priority %d is too much",
			m.From, n, len(m.Attachments), m.Priority)
	}
	for _, a := range m.Attachments {
		if len(a.Data) > maxATT || len(a.Name) > maxATTName {
			return fmt.Errorf("attachment %q of %d bytes: at most %d", a.Name, len(a.Data), maxATT)
		}
	}
	if i := strings.IndexFunc(m.Subject, func(r rune) bool { return r < ' ' }); i >= 0 {
		return fmt.Errorf("message from %v: subject %q has a control character", m.From, m.Subject)
	}
	if m.Token != "" && (len(m.Token) > maxTokenLen || TokenOf(string(m.Token)) != m.Token) {
		return fmt.Errorf("token %q: want a word of at most %d bytes in angle brackets", m.Token, maxTokenLen)
	}
	return nil
}

// build makes the message file's content. The attachments take the names from first on.
func (m *Message) build(mem rt.Memory, token Token, posted time.Time, first ID) (*MAI, error) {
	f := &MAI{
		RefCount: 1, Hops: hopCount, Vendor37: hopCount,
		From: m.From, To: m.To, Cc: m.Cc, Posted: posted.UTC().Truncate(time.Minute),
		Priority: m.Priority, Subject: withToken(m.Subject, token), Text: []byte(m.Text),
	}
	if f.Priority == 0 {
		f.Priority = normalPriority
	}
	for i, a := range m.Attachments {
		f.Attachments = append(f.Attachments, AttachmentRef{
			ID: first + ID(i), Size: uint32(len(a.Data)), CRC: crc32.ChecksumIEEE(a.Data), Name: a.Name,
		})
	}
	if m.FileSize == 0 {
		return f, nil
	}
	return f, f.fitText(mem, m.FileSize)
}

// fitText cuts or fills the text so that the file has size bytes.
func (m *MAI) fitText(mem rt.Memory, size int) error {
	text := m.Text
	m.Text = nil
	frame := len(m.appendFields(m.appendHead(roomFor(mem, 0))))
	if size < frame || size > maxMAI {
		return fmt.Errorf("message file of %d bytes: from %d to %d are possible", size, frame, maxMAI)
	}
	m.Text = fillText(mem, text, size-frame)
	return nil
}

// fillLine is repeated behind a line number, so that no page of a long text equals
// another and none is zero.
const fillLine = " The quick brown fox jumps over the lazy dog 0123456789 times.\r\n"

// fillText returns text with exactly n bytes, in memory of mem.
func fillText(mem rt.Memory, text []byte, n int) []byte {
	const line = len(lineNumber{}) + len(fillLine)
	text = text[:min(len(text), n)]
	b := bytesOf(mem, len(text)+(n-len(text)+line-1)/line*line)
	lines := b[copy(b, text):]
	for done := copy(lines, "000000"+fillLine); done < len(lines); {
		done += copy(lines[done:], lines[:done])
	}
	no := lineNumber{'0', '0', '0', '0', '0', '0'}
	for ; len(lines) > 0; lines = lines[line:] {
		no.next()
		*(*lineNumber)(lines) = no
	}
	return b[:n]
}

// lineNumber has enough decimal digits for the lines of the longest message file.
type lineNumber [6]byte

func (n *lineNumber) next() {
	for i := len(n) - 1; i >= 0; i-- {
		if n[i]++; n[i] <= '9' {
			return
		}
		n[i] = '0'
	}
}

// recordOf sums up an encoded message file for a mailbag.
func recordOf(m *MAI, encoded []byte, id ID) *Record {
	r := &Record{
		Sender: m.From.Mailbox, Subject: m.Subject, Posted: m.Posted, Priority: m.Priority, MAI: id,
		ATTs: uint16(len(m.Attachments)), Size: uint32(len(encoded)), Hours: usefulLife, CRC: storedChecksum(encoded),
	}
	r.Subject = r.Subject[:min(len(r.Subject), maxSubject)]
	if m.Priority == 1 {
		r.Flags |= RecordUrgent
		r.Hours = usefulLifeUrgent
	}
	if r.ATTs > 0 {
		r.Flags |= RecordAttachments
	}
	return r
}
