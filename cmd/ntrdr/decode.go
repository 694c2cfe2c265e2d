package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/capture"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

func decodeCommand() *command {
	return &command{
		name: "decode", args: "FILE|-", summary: "prints the SMBs of a pcapng file, a line each",
		long: "Follows the TCP streams of a capture, of `ntrdr repro --pcap` or of tcpdump or Wireshark, and prints each SMB1 message:\n" +
			"seconds since the first, who to whom, command, and what it says. Bodies of an AndX chain are joined by \"+\". Data of a\n" +
			"raw read or write is a block without a header; what cannot be parsed is a line that says why. Packets that hold no SMB1\n" +
			"are skipped. On stdin (-) it reads what `tcpdump` writes in pcapng.",
		example: "  ntrdr repro --policies nt351 --timeline=none --pcap q143413.pcapng\n  ntrdr decode q143413.pcapng",
		run:     runDecode,
	}
}

func runDecode(c *invocation) error {
	asJSON := c.flags.Bool("json", false, "print one JSON object a message")
	if err := c.parse(1); err != nil {
		return err
	}
	if c.flags.NArg() != 1 {
		return badInput("say which capture: a pcapng file, or - for stdin")
	}
	name, in := c.flags.Arg(0), io.Reader(os.Stdin)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return inputError{err}
		}
		defer func() { _ = f.Close() }() // it was only read
		in = f
	}
	out := bufio.NewWriter(c.stdout)
	d := decoder{out: out, asJSON: *asJSON}
	if err := errors.Join(d.decode(in), out.Flush()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if d.damaged > 0 {
		fmt.Fprintf(c.stderr, "ntrdr decode: %s: %s given up: bytes are missing, or it is no NetBIOS session\n",
			name, count(d.damaged, "direction")+" of TCP connections")
	}
	return nil
}

// decoder prints the messages of a capture.
type decoder struct {
	out     io.Writer
	asJSON  bool
	first   time.Time // of the first message
	damaged int       // halves of connections that were given up
}

func (d *decoder) decode(in io.Reader) error {
	r, err := capture.NewReader(in)
	if err != nil {
		return inputError{err}
	}
	for {
		m, err := r.Next()
		if errors.Is(err, io.EOF) {
			d.damaged = r.Damaged()
			return nil
		}
		if err != nil {
			return inputError{err}
		}
		if err := d.print(m); err != nil {
			return err
		}
	}
}

// decodedJSON is an object of `decode --json`.
type decodedJSON struct {
	Schema string   `json:"schema"`
	Commit string   `json:"commit"`
	At     float64  `json:"at"` // seconds since the first message
	From   string   `json:"from"`
	To     string   `json:"to"`
	Bytes  int      `json:"bytes"`
	Bodies []string `json:"bodies"` // of an AndX chain, as the text shows them
	Raw    bool     `json:"raw"`    // a block without a header
	Error  string   `json:"error"`  // why it could not be parsed
}

func (d *decoder) print(m capture.Message) error {
	if d.first.IsZero() {
		d.first = m.At
	}
	j := decodedJSON{
		Schema: bench.Schema, Commit: commit(), At: m.At.Sub(d.first).Seconds(),
		From: m.From.String(), To: m.To.String(), Bytes: len(m.Data), Bodies: []string{},
	}
	switch msg, err := smbwire.Parse(m.Data); {
	case bytes.HasPrefix(m.Data, smb2Magic):
		j.Error = "SMB2"
	case !bytes.HasPrefix(m.Data, smb1Magic):
		j.Raw = true
	case err != nil:
		j.Error = err.Error()
	default:
		for _, s := range smbwire.Describe(msg) {
			j.Bodies = append(j.Bodies, s.String())
		}
	}
	if d.asJSON {
		return json.NewEncoder(d.out).Encode(j)
	}
	_, err := fmt.Fprintf(d.out, "%.6f %s > %s %s\n", j.At, j.From, j.To, j.text())
	return err
}

// What messages begin with.
//
// src: [MS-CIFS] §2.2.3.1, [MS-SMB2] §2.2.1 (Protocol)
var (
	smb1Magic = []byte("\xffSMB")
	smb2Magic = []byte("\xfeSMB")
)

func (j *decodedJSON) text() string {
	switch {
	case j.Raw:
		return fmt.Sprintf("raw block len=%d", j.Bytes)
	case j.Error != "":
		return fmt.Sprintf("not decoded, len=%d: %s", j.Bytes, j.Error)
	}
	return strings.Join(j.Bodies, " + ")
}
