package smbwire

// ErrorReply is the response of a failed command: no words, no bytes (Parse
// ignores any). The reason is Header.Status, which must not be success. A
// response without words is one of these whenever the status is not success,
// and the command's own response otherwise.
//
// src: [MS-CIFS] §2.2.4 (error responses)
type ErrorReply struct{ Cmd Command }

// Command returns the command that failed.
func (r *ErrorReply) Command() Command { return r.Cmd }

func (r *ErrorReply) encode(e *encoder) {
	if !e.reply || !e.failed {
		e.fail("Status", "an error reply needs FlagReply and a status")
	}
}

func (r *ErrorReply) decode(*decoder) {}

// Unknown is a body of a command that this package does not know.
type Unknown struct {
	Cmd   Command
	Words []byte // an even number of bytes
	Bytes []byte
}

// Command returns the command code found.
func (u *Unknown) Command() Command { return u.Cmd }

func (u *Unknown) encode(e *encoder) {
	e.blob(u.Words)
	e.bytes()
	e.blob(u.Bytes)
}

func (u *Unknown) decode(d *decoder) {
	u.Words = d.rest()
	d.bytes()
	u.Bytes = d.rest()
}

// EchoRequest asks the server to send Data back EchoCount times.
//
// src: [MS-CIFS] §2.2.4.39.1
type EchoRequest struct {
	EchoCount uint16
	Data      []byte
}

// Command returns CmdEcho.
func (*EchoRequest) Command() Command { return CmdEcho }

func (r *EchoRequest) encode(e *encoder) {
	e.u16(r.EchoCount)
	e.bytes()
	e.blob(r.Data)
}

func (r *EchoRequest) decode(d *decoder) {
	r.EchoCount = d.u16("EchoCount")
	d.bytes()
	r.Data = d.rest()
}

// EchoResponse is one of the responses to an EchoRequest, numbered from 1.
//
// src: [MS-CIFS] §2.2.4.39.2
type EchoResponse struct {
	SequenceNumber uint16
	Data           []byte
}

// Command returns CmdEcho.
func (*EchoResponse) Command() Command { return CmdEcho }

func (r *EchoResponse) encode(e *encoder) {
	e.u16(r.SequenceNumber)
	e.bytes()
	e.blob(r.Data)
}

func (r *EchoResponse) decode(d *decoder) {
	r.SequenceNumber = d.u16("SequenceNumber")
	d.bytes()
	r.Data = d.rest()
}

// NTCancelRequest cancels the request that has the same TID, PID, UID and MID.
// It has no response of its own.
//
// src: [MS-CIFS] §2.2.4.65
type NTCancelRequest struct{}

// Command returns CmdNTCancel.
func (*NTCancelRequest) Command() Command { return CmdNTCancel }

func (*NTCancelRequest) encode(*encoder) {}
func (*NTCancelRequest) decode(*decoder) {}

// ProcessExitRequest says that the process PID of the header has ended, and
// closes the files it opened.
//
// src: [MS-CIFS] §2.2.4.18.1
type ProcessExitRequest struct{}

// Command returns CmdProcessExit.
func (*ProcessExitRequest) Command() Command { return CmdProcessExit }

func (*ProcessExitRequest) encode(*encoder) {}
func (*ProcessExitRequest) decode(*decoder) {}

// ProcessExitResponse answers a ProcessExitRequest.
type ProcessExitResponse struct{}

// Command returns CmdProcessExit.
func (*ProcessExitResponse) Command() Command { return CmdProcessExit }

func (*ProcessExitResponse) encode(*encoder) {}
func (*ProcessExitResponse) decode(*decoder) {}
