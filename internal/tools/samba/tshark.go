package samba

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// Columns of tshark's output, in the order of frameFields.
const (
	colFrame = iota
	colCommand
	colResponse
	colSource
	colMalformed
	colSeverity
	colMessage
	columns
)

// frameFields are the tshark fields that Malformed judges by.
var frameFields = [columns]string{
	colFrame:     "frame.number",
	colCommand:   "smb.cmd",
	colResponse:  "smb.flags.response",
	colSource:    "tcp.srcport",
	colMalformed: "_ws.malformed",
	colSeverity:  "_ws.expert.severity",
	colMessage:   "_ws.expert.message",
}

// expertError is Wireshark's severity of an error, PI_ERROR.
const expertError = 0x00800000

// Commands that are looked at more closely.
const (
	negotiateCommand = "0x72" // SMB_COM_NEGOTIATE
	writeRawCommand  = "0x1d" // SMB_COM_WRITE_RAW
)

// Malformed returns a line for each frame of a capture that tshark calls
// malformed or reports an expert error for. SMB is decoded on the given TCP
// port and on 139 and 445; a capture without any SMB frame fails the test,
// because it would pass every check. Without tshark the test is skipped.
//
// An extended-security NEGOTIATE response is passed over: Wireshark 4.0 calls
// the NegTokenInit2 hint that Samba sends in it malformed. So is what the server sends
// as a WRITE_RAW without the reply bit: Samba's interim response, which Wireshark reads as
// a request.
func Malformed(tb testing.TB, pcap string, port int) []string {
	tb.Helper()
	require(tb, MissingTshark())
	frames, err := dissect(pcap, port)
	if err != nil {
		tb.Fatalf("tshark: %v", err)
	}
	bad, smb := judge(frames, strconv.Itoa(port))
	if smb == 0 {
		tb.Fatalf("tshark: no SMB frame in %s on TCP port %d", pcap, port)
	}
	return bad
}

// dissect returns tshark's columns for each frame of a capture.
func dissect(pcap string, port int) (frames [][]string, err error) {
	args := []string{"-r", pcap, "-d", "tcp.port==" + strconv.Itoa(port) + ",nbss", "-n", "-T", "fields"}
	for _, f := range frameFields {
		args = append(args, "-e", f)
	}
	ctx, cancel := context.WithTimeout(context.Background(), toolTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, lookPath("tshark"), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, stderr.String())
	}
	for line := range strings.Lines(string(out)) {
		f := strings.SplitN(strings.TrimRight(line, "\n"), "\t", columns)
		if len(f) != columns {
			return nil, fmt.Errorf("unexpected line %q", line)
		}
		frames = append(frames, f)
	}
	return frames, nil
}

// judge returns the offending frames and counts the SMB ones.
func judge(frames [][]string, server string) (bad []string, smb int) {
	for _, f := range frames {
		if f[colCommand] != "" {
			smb++
		}
		if offends(f, server) {
			bad = append(bad, fmt.Sprintf("frame %s: SMB command %s: malformed=%q expert=%q",
				f[colFrame], f[colCommand], f[colMalformed], f[colMessage]))
		}
	}
	return bad, smb
}

// offends judges one frame; server is the server's port.
func offends(f []string, server string) bool {
	switch {
	case f[colCommand] == negotiateCommand && f[colResponse] == "1":
		return false
	case f[colCommand] == writeRawCommand && f[colResponse] == "0" && f[colSource] == server:
		return false
	}
	if f[colMalformed] != "" {
		return true
	}
	for severity := range strings.SplitSeq(f[colSeverity], ",") {
		if n, err := strconv.Atoi(severity); err == nil && n >= expertError {
			return true
		}
	}
	return false
}
