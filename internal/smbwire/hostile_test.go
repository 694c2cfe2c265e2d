package smbwire

import (
	"errors"
	"slices"
	"testing"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// wantFormatError parses b, which must be malformed in field ("" for any).
func wantFormatError(t *testing.T, name string, b []byte, field string) {
	t.Helper()
	m, err := Parse(b)
	fe, ok := errors.AsType[*FormatError](err)
	if !ok || field != "" && fe.Field != field {
		t.Errorf("%s: got %+v, %v, want a *FormatError of %s", name, m, err, field)
	}
}

// with returns the message with the bytes at off replaced.
func with(t *testing.T, h Header, b Body, off int, patch ...byte) []byte {
	t.Helper()
	msg := mustAppend(t, &Message{h, []Body{b}})
	copy(msg[off:], patch)
	return msg
}

func TestMalformedMessages(t *testing.T) {
	const (
		words  = HeaderSize + 1
		all    = 0xFF
		bigEnd = 0x7F
	)
	data := make([]byte, 64)
	request, reply := Header{}, Header{Flags: FlagReply}
	trans := &Transaction2Request{Setup: []uint16{1}, TotalParams: 4, TotalData: 4, Params: data[:4], Data: data[:4]}
	for _, tc := range []struct {
		name  string
		msg   []byte
		field string
	}{
		{"empty", nil, "Header"},
		{"header alone", make([]byte, HeaderSize-1), "Header"},
		{"SMB2", append([]byte("\xFESMB"), make([]byte, 60)...), "Protocol"},
		{"no word count", with(t, request, &CloseRequest{}, 0)[:HeaderSize], "WordCount"},
		{"words beyond the message", with(t, request, &CloseRequest{}, HeaderSize, all), "WordCount"},
		{"another word count", with(t, request, &FlushRequest{}, HeaderSize, 0), "WordCount"},
		{"bytes beyond the message", with(t, request, &CloseRequest{}, words+6, 1), "ByteCount"},
		{"success without the words of a reply", with(t, reply, &FlushResponse{}, 4, byte(CmdNTCreateAndX)), "WordCount"},
		{"password beyond the bytes", with(t, request, &SessionSetupLanmanRequest{}, words+14, all, all), "AccountPassword"},
		{"blob beyond the bytes", with(t, request, &SessionSetupExtendedRequest{}, words+14, all, all), "SecurityBlob"},
		{"name beyond the bytes", with(t, request, &NTCreateAndXRequest{FileName: "a"}, words+5, all, all), "NameLength"},
		{"read data outside", with(t, reply, &ReadAndXResponse{Data: data}, words+12, all, all), "DataOffset"},
		{"read data within the words", with(t, reply, &ReadAndXResponse{Data: data}, words+12, words, 0), "DataOffset"},
		{"read data too long", with(t, reply, &ReadAndXResponse{Data: data}, words+10, all, bigEnd), "DataOffset"},
		{"read data far too long", with(t, reply, &ReadAndXResponse{Data: data}, words+14, all, all), "DataOffset"},
		{"write data outside", with(t, request, &WriteAndXRequest{Data: data}, words+22, all, all), "DataOffset"},
		{"write data far too long", with(t, request, &WriteAndXRequest{Data: data}, words+18, 1), "DataOffset"},
		{"core write count differs", with(t, request, &WriteRequest{Data: data}, words+2, 63), "DataLength"},
		{"more locks than bytes", with(t, request, &LockingAndXRequest{Locks: []LockRange{{}}}, words+14, all, all), "Locks"},
		{"more unlocks than bytes", with(t, request, &LockingAndXRequest{}, words+12, all, all), "Unlocks"},
		{"path without its format", with(t, request, &DeleteRequest{FileName: "a"}, words+4, 1), "BufferFormat"},
		{"dialect without its format", with(t, request, &NegotiateRequest{Dialects: []string{"x"}}, words+2, 4), "BufferFormat"},
		{"parameters outside", with(t, request, trans, words+20, all, all), "ParameterOffset"},
		{"data outside", with(t, request, trans, words+24, all, all), "DataOffset"},
		{"setup count too large", with(t, request, trans, words+26, 2), "SetupCount"},
		{"setup count too small", with(t, request, trans, words+26, 0), "SetupCount"},
	} {
		t.Run(tc.name, func(t *testing.T) { wantFormatError(t, tc.name, tc.msg, tc.field) })
	}
}

func TestLenience(t *testing.T) {
	for name, msg := range map[string][]byte{
		"bytes behind the message": append(with(t, Header{}, &CloseRequest{}, 0), 1, 2, 3),
		"no terminator":            with(t, Header{}, &DeleteRequest{FileName: "ab"}, HeaderSize+8, 'c'),
	} {
		if _, err := Parse(msg); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAppendRefusesWhatTheFormatCannotCarry(t *testing.T) {
	long := make([]byte, 1<<16)
	reply := Header{Flags: FlagReply}
	for _, tc := range []struct {
		name  string
		h     Header
		chain []Body
		field string
	}{
		{"no body", Header{}, nil, "Chain"},
		{"a command that cannot be followed", Header{}, []Body{&CloseRequest{}, &CloseRequest{}}, "AndXCommand"},
		{"a chain behind 64 KB", Header{}, []Body{&WriteAndXRequest{Data: long}, &CloseRequest{}}, "AndXOffset"},
		{"an error reply of success", reply, []Body{&ErrorReply{Cmd: CmdClose}}, "Status"},
		{"an error reply in a request", Header{Status: nt.StatusAccessDenied}, []Body{&ErrorReply{Cmd: CmdClose}}, "Status"},
		{"NUL in a path", Header{}, []Body{&DeleteRequest{FileName: "a\x00b"}}, "FileName"},
		{"NUL in a Unicode path", Header{Flags2: Flags2Unicode}, []Body{&DeleteRequest{FileName: "a\x00b"}}, "FileName"},
		{"NUL in a dialect", Header{}, []Body{&NegotiateRequest{Dialects: []string{"a\x00b"}}}, "DialectString"},
		{"64-bit offset in 32 bits", Header{}, []Body{&ReadAndXRequest{Offset: 1 << 32}}, "Offset"},
		{"negative offset in 32 bits", Header{}, []Body{&WriteAndXRequest{Offset: -1}}, "Offset"},
		{"64-bit lock in 32 bits", Header{}, []Body{&LockingAndXRequest{Locks: []LockRange{{Offset: 1 << 40}}}}, "Offset"},
		{"64 KB in a core write", Header{}, []Body{&WriteRequest{Data: long}}, "CountOfBytesToWrite"},
		{"64 KB of bytes", Header{}, []Body{&EchoRequest{Data: long}}, "ByteCount"},
		{"64 KB of parameters", Header{}, []Body{&Transaction2Request{Params: long}}, "ParameterCount"},
		{"attributes beyond 16 bits", Header{}, []Body{&DeleteRequest{SearchAttributes: 1 << 16}}, "FileAttributes"},
		{"an unknown tree connect response", reply, []Body{&TreeConnectAndXResponse{}}, "WordCount"},
		{"half a word", Header{}, []Body{&Unknown{Cmd: 0xE9, Words: []byte{1}}}, "WordCount"},
		{"a timeout of a year", Header{}, []Body{&OpenAndXRequest{Timeout: 1 << 62}}, "Timeout"},
		{"a challenge of 300 bytes", reply, []Body{&NegotiateNTResponse{Challenge: long[:300]}}, "ChallengeLength"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dst := []byte("before")
			got, err := (&Message{tc.h, tc.chain}).Append(dst)
			fe, ok := errors.AsType[*FormatError](err)
			if !ok || fe.Field != tc.field {
				t.Errorf("got %v, want a *FormatError of %s", err, tc.field)
			}
			if !slices.Equal(got, dst) {
				t.Errorf("got %d bytes back, want dst as it was", len(got))
			}
		})
	}
}

func TestFormatErrorSaysWhere(t *testing.T) {
	_, err := Parse(with(t, Header{}, &CloseRequest{}, HeaderSize+7, 1))
	const want = "malformed CLOSE: ByteCount at 33: bytes beyond the message"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
