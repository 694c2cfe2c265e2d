package smbwire

import (
	"fmt"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/slab"
)

// formKey selects the bodies of a command in one direction.
type formKey struct {
	cmd   Command
	reply bool
}

// form is one body of a command: the word counts it has, and how to make it.
type form struct {
	minWords, maxWords int
	make               func(*bodies) Body
}

// body makes any struct a Body constructor; the parameter is the pointer type.
func body[T any, P interface {
	*T
	Body
}](*bodies) Body {
	return P(new(T))
}

// words is the form of a body with exactly n words.
func words(n int, f func(*bodies) Body) form { return form{n, n, f} }

// bodies are the slabs that parsed messages are from, with the bodies that most of them have.
type bodies struct {
	messages       *slab.Slab[parsed]
	createRequests *slab.Slab[NTCreateAndXRequest]
	creates        *slab.Slab[NTCreateAndXResponse]
	readRequests   *slab.Slab[ReadAndXRequest]
	reads          *slab.Slab[ReadAndXResponse]
	writeRequests  *slab.Slab[WriteAndXRequest]
	writes         *slab.Slab[WriteAndXResponse]
	closeRequests  *slab.Slab[CloseRequest]
}

func newBodies(runtime any) *bodies {
	return &bodies{
		messages:       slab.From[parsed](runtime),
		createRequests: slab.From[NTCreateAndXRequest](runtime),
		creates:        slab.From[NTCreateAndXResponse](runtime),
		readRequests:   slab.From[ReadAndXRequest](runtime),
		reads:          slab.From[ReadAndXResponse](runtime),
		writeRequests:  slab.From[WriteAndXRequest](runtime),
		writes:         slab.From[WriteAndXResponse](runtime),
		closeRequests:  slab.From[CloseRequest](runtime),
	}
}

func createRequest(s *bodies) Body  { return s.createRequests.Next() }
func createResponse(s *bodies) Body { return s.creates.Next() }
func readRequest(s *bodies) Body    { return s.readRequests.Next() }
func readResponse(s *bodies) Body   { return s.reads.Next() }
func writeRequest(s *bodies) Body   { return s.writeRequests.Next() }
func writeResponse(s *bodies) Body  { return s.writes.Next() }
func closeRequest(s *bodies) Body   { return s.closeRequests.Next() }

// forms are all bodies but ErrorReply and Unknown, from a table for each kind of command.
//
// src: [MS-CIFS] §2.2.4
var forms = united(sessionForms, openForms, dataForms, lockForms, nameForms, transactionForms, otherForms)

func united(tables ...map[formKey][]form) map[formKey][]form {
	all := map[formKey][]form{}
	for _, table := range tables {
		for k, f := range table { // map order: a map is filled
			if all[k] != nil {
				panic(fmt.Sprintf("smbwire: %v is in two tables", k.cmd))
			}
			all[k] = f
		}
	}
	return all
}

var sessionForms = map[formKey][]form{
	{CmdNegotiate, false}: {words(0, body[NegotiateRequest])},
	{CmdNegotiate, true}: {
		words(1, body[NegotiateCoreResponse]),
		words(13, body[NegotiateLanmanResponse]),
		words(17, body[NegotiateNTResponse]),
	},
	{CmdSessionSetupAndX, false}: {
		words(10, body[SessionSetupLanmanRequest]),
		words(12, body[SessionSetupExtendedRequest]),
		words(13, body[SessionSetupNTRequest]),
	},
	{CmdSessionSetupAndX, true}: {
		words(3, body[SessionSetupResponse]),
		words(4, body[SessionSetupExtendedResponse]),
	},
	{CmdLogoffAndX, false}:      {words(2, body[LogoffAndXRequest])},
	{CmdLogoffAndX, true}:       {words(2, body[LogoffAndXResponse])},
	{CmdTreeConnect, false}:     {words(0, body[TreeConnectRequest])},
	{CmdTreeConnect, true}:      {words(2, body[TreeConnectResponse])},
	{CmdTreeConnectAndX, false}: {words(4, body[TreeConnectAndXRequest])},
	{CmdTreeConnectAndX, true}: {
		{2, 3, body[TreeConnectAndXResponse]},
		words(7, body[TreeConnectAndXResponse]),
	},
	{CmdTreeDisconnect, false}: {words(0, body[TreeDisconnectRequest])},
	{CmdTreeDisconnect, true}:  {words(0, body[TreeDisconnectResponse])},
}

var openForms = map[formKey][]form{
	{CmdNTCreateAndX, false}: {words(24, createRequest)},
	{CmdNTCreateAndX, true}:  {words(34, createResponse)},
	{CmdOpenAndX, false}:     {words(15, body[OpenAndXRequest])},
	{CmdOpenAndX, true}:      {words(15, body[OpenAndXResponse])},
	{CmdOpen, false}:         {words(2, body[OpenRequest])},
	{CmdOpen, true}:          {words(7, body[OpenResponse])},
	{CmdCreate, false}:       {words(3, body[CreateRequest])},
	{CmdCreate, true}:        {words(1, body[CreateResponse])},
	{CmdCreateNew, false}:    {words(3, body[CreateNewRequest])},
	{CmdCreateNew, true}:     {words(1, body[CreateNewResponse])},
	{CmdFlush, false}:        {words(1, body[FlushRequest])},
	{CmdFlush, true}:         {words(0, body[FlushResponse])},
	{CmdClose, false}:        {words(3, closeRequest)},
	{CmdClose, true}:         {words(0, body[CloseResponse])},
	{CmdSeek, false}:         {words(4, body[SeekRequest])},
	{CmdSeek, true}:          {words(2, body[SeekResponse])},
}

var dataForms = map[formKey][]form{
	{CmdReadAndX, false}: {
		words(10, readRequest),
		words(12, readRequest),
	},
	{CmdReadAndX, true}: {words(12, readResponse)},
	{CmdWriteAndX, false}: {
		words(12, writeRequest),
		words(14, writeRequest),
	},
	{CmdWriteAndX, true}:       {words(6, writeResponse)},
	{CmdRead, false}:           {words(5, body[ReadRequest])},
	{CmdRead, true}:            {words(5, body[ReadResponse])},
	{CmdWrite, false}:          {words(5, body[WriteRequest])},
	{CmdWrite, true}:           {words(1, body[WriteResponse])},
	{CmdLockAndRead, false}:    {words(5, body[LockAndReadRequest])},
	{CmdLockAndRead, true}:     {words(5, body[LockAndReadResponse])},
	{CmdWriteAndUnlock, false}: {words(5, body[WriteAndUnlockRequest])},
	{CmdWriteAndUnlock, true}:  {words(1, body[WriteAndUnlockResponse])},
	{CmdWriteAndClose, false}: {
		words(6, body[WriteAndCloseRequest]),
		words(12, body[WriteAndCloseRequest]),
	},
	{CmdWriteAndClose, true}: {words(1, body[WriteAndCloseResponse])},
	{CmdReadRaw, false}: {
		words(8, body[ReadRawRequest]),
		words(10, body[ReadRawRequest]),
	},
	{CmdWriteRaw, false}: {
		words(12, body[WriteRawRequest]),
		words(14, body[WriteRawRequest]),
	},
	{CmdWriteRaw, true}:      {words(1, body[WriteRawInterimResponse])},
	{CmdWriteComplete, true}: {words(1, body[WriteCompleteResponse])},
}

var lockForms = map[formKey][]form{
	{CmdLockingAndX, false}:     {words(8, body[LockingAndXRequest])},
	{CmdLockingAndX, true}:      {words(2, body[LockingAndXResponse])},
	{CmdLockByteRange, false}:   {words(5, body[LockByteRangeRequest])},
	{CmdLockByteRange, true}:    {words(0, body[LockByteRangeResponse])},
	{CmdUnlockByteRange, false}: {words(5, body[UnlockByteRangeRequest])},
	{CmdUnlockByteRange, true}:  {words(0, body[UnlockByteRangeResponse])},
}

var nameForms = map[formKey][]form{
	{CmdDelete, false}:               {words(1, body[DeleteRequest])},
	{CmdDelete, true}:                {words(0, body[DeleteResponse])},
	{CmdRename, false}:               {words(1, body[RenameRequest])},
	{CmdRename, true}:                {words(0, body[RenameResponse])},
	{CmdCreateDirectory, false}:      {words(0, body[CreateDirectoryRequest])},
	{CmdCreateDirectory, true}:       {words(0, body[CreateDirectoryResponse])},
	{CmdDeleteDirectory, false}:      {words(0, body[DeleteDirectoryRequest])},
	{CmdDeleteDirectory, true}:       {words(0, body[DeleteDirectoryResponse])},
	{CmdCheckDirectory, false}:       {words(0, body[CheckDirectoryRequest])},
	{CmdCheckDirectory, true}:        {words(0, body[CheckDirectoryResponse])},
	{CmdQueryInformation, false}:     {words(0, body[QueryInformationRequest])},
	{CmdQueryInformation, true}:      {words(10, body[QueryInformationResponse])},
	{CmdSetInformation, false}:       {words(8, body[SetInformationRequest])},
	{CmdSetInformation, true}:        {words(0, body[SetInformationResponse])},
	{CmdQueryInformation2, false}:    {words(1, body[QueryInformation2Request])},
	{CmdQueryInformation2, true}:     {words(11, body[QueryInformation2Response])},
	{CmdSetInformation2, false}:      {words(7, body[SetInformation2Request])},
	{CmdSetInformation2, true}:       {words(0, body[SetInformation2Response])},
	{CmdQueryInformationDisk, false}: {words(0, body[QueryInformationDiskRequest])},
	{CmdQueryInformationDisk, true}:  {words(5, body[QueryInformationDiskResponse])},
}

var transactionForms = map[formKey][]form{
	{CmdTransaction2, false}: {{14, 255, body[Transaction2Request]}},
	{CmdTransaction2, true}:  {{10, 255, body[Transaction2Response]}},
	{CmdNTTransact, false}:   {{19, 255, body[NTTransactRequest]}},
	{CmdNTTransact, true}:    {{18, 255, body[NTTransactResponse]}},
	{CmdFindClose2, false}:   {words(1, body[FindClose2Request])},
	{CmdFindClose2, true}:    {words(0, body[FindClose2Response])},
}

var otherForms = map[formKey][]form{
	{CmdEcho, false}:        {words(1, body[EchoRequest])},
	{CmdEcho, true}:         {words(1, body[EchoResponse])},
	{CmdProcessExit, false}: {words(0, body[ProcessExitRequest])},
	{CmdProcessExit, true}:  {words(0, body[ProcessExitResponse])},
	{CmdNTCancel, false}:    {words(0, body[NTCancelRequest])},
}

// forms by command: every message is looked up.
var requestForms, replyForms = func() (requests, replies [256][]form) {
	for k, f := range forms { // map order: tables are filled
		if k.reply {
			replies[k.cmd] = f
		} else {
			requests[k.cmd] = f
		}
	}
	return requests, replies
}()

// newBody makes the body that a block of cmd with so many words decodes into, or
// nil when the command has none like that.
func (s *bodies) newBody(cmd Command, h *Header, wordCount int) Body {
	reply := h.IsReply()
	if reply && wordCount == 0 && h.Status != nt.StatusSuccess {
		return &ErrorReply{Cmd: cmd}
	}
	known := requestForms[cmd]
	if reply {
		known = replyForms[cmd]
	}
	if known == nil {
		return &Unknown{Cmd: cmd}
	}
	for _, f := range known {
		if f.minWords <= wordCount && wordCount <= f.maxWords {
			return f.make(s)
		}
	}
	return nil
}
