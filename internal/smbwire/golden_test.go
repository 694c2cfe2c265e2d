package smbwire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// -rewrite writes the descriptions in testdata anew.
var rewrite = flag.Bool("rewrite", false, "rewrite the descriptions of the frames in testdata")

// frame is two lines of a .hex file. The first says who sent the frame and what
// it is: ">" the client or "<" the server, then " ~" if Append gives other
// bytes than the sender chose, then the description. The second is the message
// in hex. Lines that begin with "#" are comments.
type frame struct {
	sender byte
	padded bool // Append gives other bytes, which parse to an equal message
	what   string
	bytes  []byte
}

func (f frame) String() string {
	mark := ""
	if f.padded {
		mark = " ~"
	}
	return fmt.Sprintf("%c%s %s\n%x\n", f.sender, mark, f.what, f.bytes)
}

func loadFrames(t testing.TB, file string) (comment string, frames []frame) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for len(lines) > 0 && strings.HasPrefix(lines[0], "#") {
		comment += lines[0] + "\n"
		lines = lines[1:]
	}
	if len(lines)%2 != 0 {
		t.Fatalf("%s: odd number of lines", file)
	}
	for i := 0; i < len(lines); i += 2 {
		b, err := hex.DecodeString(lines[i+1])
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		what, padded := strings.CutPrefix(lines[i][1:], " ~")
		frames = append(frames, frame{lines[i][0], padded, strings.TrimSpace(what), b})
	}
	return comment, frames
}

// goldenFiles lists the files with real frames.
func goldenFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.hex")
	if err != nil || len(files) < 6 {
		t.Fatalf("golden files: %v, %v", files, err)
	}
	return files
}

func describeAll(m *Message) string {
	var parts []string
	for _, s := range Describe(m) {
		parts = append(parts, s.String())
	}
	return strings.Join(parts, "; ")
}

// observe parses b and returns what the golden file should say of it.
func observe(t *testing.T, sender byte, b []byte) frame {
	t.Helper()
	m, err := Parse(b)
	if err != nil {
		t.Fatalf("Parse(%x): %v", b, err)
	}
	again, err := m.Append(nil)
	if err != nil {
		t.Fatalf("Append(Parse(%x)): %v", b, err)
	}
	m2, err := Parse(again)
	if err != nil {
		t.Fatalf("Parse(Append(Parse(%x))): %v", b, err)
	}
	if diff := cmp.Diff(m2, m); diff != "" {
		t.Errorf("Parse(Append(Parse(%x))) (-got +want)\n%s", b, diff)
	}
	return frame{sender, !bytes.Equal(again, b), describeAll(m), b}
}

func TestGoldenFramesParseDescribeAndReencode(t *testing.T) {
	for _, file := range goldenFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			comment, frames := loadFrames(t, file)
			text := comment
			for _, want := range frames {
				got := observe(t, want.sender, want.bytes)
				if !*rewrite && got.String() != want.String() {
					t.Errorf("got  %swant %s", got, want)
				}
				text += got.String()
			}
			if *rewrite {
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestSenderAndFlagAgree(t *testing.T) {
	for _, file := range goldenFiles(t) {
		_, frames := loadFrames(t, file)
		for _, f := range frames {
			m, err := Parse(f.bytes)
			if err != nil {
				t.Fatal(err)
			}
			isBreak := m.Header.MID == BreakMID && m.Header.Command == CmdLockingAndX
			if (f.sender == '<') != (m.Header.IsReply() || isBreak) {
				t.Errorf("%s: sender %c, reply %v", f.what, f.sender, m.Header.IsReply())
			}
		}
	}
}

// checkPrefixes wants every proper prefix of b to be malformed.
func checkPrefixes(t *testing.T, b []byte) {
	t.Helper()
	for n := range b {
		m, err := Parse(b[:n])
		if _, ok := errors.AsType[*FormatError](err); !ok {
			t.Fatalf("prefix of %d of %d bytes of %x: got %+v, %v", n, len(b), b, m, err)
		}
	}
}

func TestPrefixesOfGoldenFramesAreMalformed(t *testing.T) {
	for _, file := range goldenFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, frames := loadFrames(t, file)
			for _, f := range frames {
				checkPrefixes(t, f.bytes)
			}
		})
	}
}

// exchange is a TRANSACTION2 request with its response.
type exchange struct {
	what     string
	flags    Flags2
	reply    Flags2
	request  *Transaction2Request
	response *Transaction2Response
}

// exchanges pairs the successful TRANSACTION2 frames of a file.
func exchanges(t *testing.T, file string) (all []exchange) {
	t.Helper()
	_, frames := loadFrames(t, file)
	var last *exchange
	for _, f := range frames {
		m, err := Parse(f.bytes)
		if err != nil {
			t.Fatal(err)
		}
		switch b := m.Chain[0].(type) {
		case *Transaction2Request:
			last = &exchange{what: f.what, flags: m.Header.Flags2, request: b}
		case *Transaction2Response:
			if last != nil && m.Header.NTStatus() == nt.StatusSuccess {
				last.reply, last.response = m.Header.Flags2, b
				all = append(all, *last)
			}
			last = nil
		default:
			last = nil
		}
	}
	return all
}
