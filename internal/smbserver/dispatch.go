package smbserver

import (
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// The handlers below return the reply to one command, or none and a status. No body
// and success mean that the command has no reply; StatusPending, that the exchange
// has to wait and the command is to be tried again as a whole.

// dispatch handles the commands that need no logon.
func (c *core) dispatch(x *exchange, b smbwire.Body) (smbwire.Body, nt.Status) {
	switch r := b.(type) {
	case *smbwire.NegotiateRequest:
		return c.negotiate(x, r)
	case *smbwire.SessionSetupExtendedRequest:
		return c.setupExtended(x, r)
	case *smbwire.SessionSetupNTRequest:
		return c.setupClassic(x, r)
	case *smbwire.EchoRequest:
		return c.echo(x, r)
	case *smbwire.NTCancelRequest:
		c.cancel(x)
		return nil, nt.StatusSuccess
	}
	if l := x.cir.logons.get(x.uid); l == nil || l.auth != nil {
		return nil, nt.StatusUserSessionDeleted
	}
	return c.dispatchUser(x, b)
}

// dispatchUser handles the commands that need a logon but no tree.
func (c *core) dispatchUser(x *exchange, b smbwire.Body) (smbwire.Body, nt.Status) {
	switch r := b.(type) {
	case *smbwire.TreeConnectAndXRequest:
		return c.treeConnect(x, r)
	case *smbwire.LogoffAndXRequest:
		return c.logoff(x)
	case *smbwire.ProcessExitRequest:
		pid := x.req.Header.PID
		c.closeAll(x.cir, func(o *openFile) bool { return o.pid == pid })
		return &smbwire.ProcessExitResponse{}, nt.StatusSuccess
	case *smbwire.Unknown:
		return nil, nt.StatusNotImplemented
	}
	if x.tree = x.cir.trees.get(x.tid); x.tree == nil {
		return nil, nt.StatusNetworkNameDeleted
	}
	if _, ok := b.(*smbwire.TreeDisconnectRequest); ok {
		return c.treeDisconnect(x)
	}
	if x.tree.share.vol == nil {
		return c.dispatchIPC(b)
	}
	return c.dispatchFile(x, b)
}

// dispatchIPC handles IPC$, where there is nothing.
func (c *core) dispatchIPC(b smbwire.Body) (smbwire.Body, nt.Status) {
	switch b.(type) {
	case *smbwire.NTCreateAndXRequest, *smbwire.OpenAndXRequest, *smbwire.OpenRequest:
		return nil, nt.StatusObjectNameNotFound
	case *smbwire.Transaction2Request, *smbwire.NTTransactRequest:
		return nil, nt.StatusNotSupported
	}
	return nil, nt.StatusInvalidDeviceRequest
}

// dispatchFile handles the commands on FIDs.
//
//nolint:gocyclo // one case a command
func (c *core) dispatchFile(x *exchange, b smbwire.Body) (smbwire.Body, nt.Status) {
	switch r := b.(type) {
	case *smbwire.NTCreateAndXRequest:
		return c.ntCreate(x, r)
	case *smbwire.OpenAndXRequest:
		return c.openAndX(x, r)
	case *smbwire.OpenRequest:
		return c.openCore(x, r)
	case *smbwire.CreateRequest:
		return c.createCore(x, r)
	case *smbwire.CreateNewRequest:
		return c.createNew(x, r)
	case *smbwire.ReadAndXRequest:
		return c.readAndX(x, r)
	case *smbwire.ReadRequest:
		return c.readCore(x, r)
	case *smbwire.ReadRawRequest:
		return c.readRaw(x, r)
	case *smbwire.WriteRawRequest:
		return c.writeRaw(x, r)
	case *smbwire.NTTransactRequest:
		return c.ntTransact(x, r)
	case *smbwire.LockAndReadRequest:
		return c.lockAndRead(x, r)
	case *smbwire.WriteAndXRequest:
		return c.writeAndX(x, r)
	case *smbwire.WriteRequest:
		return c.writeCore(x, r)
	case *smbwire.WriteAndUnlockRequest:
		return c.writeAndUnlock(x, r)
	case *smbwire.WriteAndCloseRequest:
		return c.writeAndClose(x, r)
	case *smbwire.SeekRequest:
		return c.seek(x, r)
	case *smbwire.FlushRequest:
		return c.flush(x, r)
	case *smbwire.CloseRequest:
		return c.closeFID(x, r)
	case *smbwire.LockingAndXRequest:
		return c.locking(x, r)
	case *smbwire.LockByteRangeRequest:
		return c.lockByteRange(x, r)
	case *smbwire.UnlockByteRangeRequest:
		return c.unlockByteRange(x, r)
	case *smbwire.QueryInformation2Request:
		return c.queryInformation2(x, r)
	case *smbwire.SetInformation2Request:
		return c.setInformation2(x, r)
	}
	return c.dispatchName(x, b)
}

// dispatchName handles the commands on paths, searches and the volume.
func (c *core) dispatchName(x *exchange, b smbwire.Body) (smbwire.Body, nt.Status) {
	switch r := b.(type) {
	case *smbwire.DeleteRequest:
		return c.deleteFiles(x, r)
	case *smbwire.RenameRequest:
		return c.rename(x, r)
	case *smbwire.CreateDirectoryRequest:
		return reply(&smbwire.CreateDirectoryResponse{}, c.mkdir(x, r.DirectoryName))
	case *smbwire.DeleteDirectoryRequest:
		return reply(&smbwire.DeleteDirectoryResponse{}, c.rmdir(x, r.DirectoryName))
	case *smbwire.CheckDirectoryRequest:
		return reply(&smbwire.CheckDirectoryResponse{}, c.checkDirectory(x, r.DirectoryName))
	case *smbwire.QueryInformationRequest:
		return c.queryInformation(x, r)
	case *smbwire.SetInformationRequest:
		return c.setInformation(x, r)
	case *smbwire.QueryInformationDiskRequest:
		return c.queryDisk(x)
	case *smbwire.Transaction2Request:
		return c.transaction2(x, r)
	case *smbwire.FindClose2Request:
		return c.findClose(x, r)
	}
	return nil, nt.StatusNotImplemented
}

// maxEchoes bounds the replies to one ECHO.
//
// src: assumed (a client that wants more misuses the server)
const maxEchoes = 16

// echo answers as often as it was asked to.
//
// src: [MS-CIFS] §3.3.5.33
func (c *core) echo(x *exchange, r *smbwire.EchoRequest) (smbwire.Body, nt.Status) {
	for i := range min(r.EchoCount, maxEchoes) {
		c.send(x.cir, &smbwire.Message{
			Header: x.req.Header.Reply(nt.StatusSuccess),
			Chain:  []smbwire.Body{&smbwire.EchoResponse{SequenceNumber: i + 1, Data: r.Data}},
		})
	}
	return nil, nt.StatusSuccess
}
