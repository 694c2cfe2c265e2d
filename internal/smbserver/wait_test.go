package smbserver

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

func lockRequest(fid smbwire.FID, off uint64, timeout time.Duration) *smbwire.LockingAndXRequest {
	return &smbwire.LockingAndXRequest{
		FID: fid, Type: smbwire.LockLargeFiles, Timeout: timeout, Locks: []smbwire.LockRange{{PID: 1, Offset: off, Length: 1}},
	}
}

func unlockRequest(fid smbwire.FID, off uint64) *smbwire.LockingAndXRequest {
	return &smbwire.LockingAndXRequest{
		FID: fid, Type: smbwire.LockLargeFiles, Unlocks: []smbwire.LockRange{{PID: 1, Offset: off, Length: 1}},
	}
}

// cancelMID sends NT_CANCEL for a request.
func (p *peer) cancelMID(mid smbwire.MID) {
	p.w.t.Helper()
	next := p.mid
	p.mid = mid - 1
	p.send(&smbwire.NTCancelRequest{})
	p.mid = next
}

func TestLocksThatWait(t *testing.T) {
	const forever = -time.Millisecond
	for name, row := range map[string]struct {
		timeout time.Duration
		story   func(w *world, holder, waiter *peer, held, fid smbwire.FID, mid smbwire.MID)
		want    nt.Status
	}{
		"granted when the range is unlocked": {time.Second, func(_ *world, holder, _ *peer, held, _ smbwire.FID, _ smbwire.MID) {
			holder.want(nt.StatusSuccess, unlockRequest(held, 5))
		}, nt.StatusSuccess},
		"granted when the holder closes": {forever, func(w *world, holder, _ *peer, held, _ smbwire.FID, _ smbwire.MID) {
			w.sleep(24 * time.Hour)
			holder.close(held)
		}, nt.StatusSuccess},
		"granted when the holder's circuit is lost": {forever, func(_ *world, holder, _ *peer, _, _ smbwire.FID, _ smbwire.MID) {
			holder.hangUp()
		}, nt.StatusSuccess},
		"timed out": {time.Second, func(w *world, _, waiter *peer, _, _ smbwire.FID, mid smbwire.MID) {
			w.sleep(time.Second - 1)
			waiter.wantNone(mid)
			w.sleep(1)
		}, nt.StatusFileLockConflict},
		"cancelled": {forever, func(_ *world, _, waiter *peer, _, _ smbwire.FID, mid smbwire.MID) {
			waiter.cancelMID(mid + 1) // means nothing
			waiter.wantNone(mid)
			waiter.cancelMID(mid)
		}, nt.StatusFileLockConflict},
		"the waiter closes": {forever, func(_ *world, _, waiter *peer, _, fid smbwire.FID, _ smbwire.MID) {
			waiter.close(fid)
		}, nt.StatusRangeNotLocked},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			holder, waiter := w.logon("WS1"), w.logon("WS2")
			held, fid := holder.open(nt.OplockNone, create("F")), waiter.open(nt.OplockNone, create("F"))
			holder.want(nt.StatusSuccess, lockRequest(held, 5, 0))
			waiter.want(nt.StatusLockNotGranted, lockRequest(fid, 5, 0))
			waiter.want(nt.StatusFileLockConflict, lockRequest(fid, 5, 0)) // tried again
			mid := waiter.send(lockRequest(fid, 5, row.timeout))
			waiter.wantNone(mid)
			row.story(w, holder, waiter, held, fid, mid)
			waiter.wantReply(mid, row.want)
			w.settled()
		})
	}
}

// Unlocks of a request that waits are done at once, and once; a lock made before the
// one that conflicts is not kept through the wait. src: [MS-CIFS] §3.3.5.30
func TestARequestThatWaitsUnlocksAtOnce(t *testing.T) {
	w := newWorld(t)
	a, b := w.logon("WS1"), w.logon("WS2")
	fa, fb := a.open(nt.OplockNone, create("F")), b.open(nt.OplockNone, create("F"))
	a.want(nt.StatusSuccess, lockRequest(fa, 1, 0))
	b.want(nt.StatusSuccess, lockRequest(fb, 2, 0))
	both := unlockRequest(fa, 1)
	both.Timeout, both.Locks = -time.Millisecond, []smbwire.LockRange{{PID: 1, Offset: 3, Length: 1}, {PID: 1, Offset: 2, Length: 1}}
	mid := a.send(both)
	b.want(nt.StatusSuccess, lockRequest(fb, 1, 0))
	b.want(nt.StatusSuccess, lockRequest(fb, 3, 0))
	b.want(nt.StatusSuccess, unlockRequest(fb, 2))
	a.wantNone(mid)
	b.want(nt.StatusSuccess, unlockRequest(fb, 3))
	a.wantReply(mid, nt.StatusSuccess)
	b.want(nt.StatusLockNotGranted, lockRequest(fb, 2, 0))
}

// What a refused request had locked is taken back, and not a lock of the same bounds that
// was there before.
func TestARefusedRequestKeepsEarlierLocks(t *testing.T) {
	w := newWorld(t)
	a, b := w.logon("WS1"), w.logon("WS2")
	fa, fb := a.open(nt.OplockNone, create("F")), b.open(nt.OplockNone, create("F"))
	a.want(nt.StatusSuccess, lockRequest(fa, 1, 0))
	b.want(nt.StatusSuccess, lockRequest(fb, 2, 0))
	shared := lockRequest(fa, 1, 0)
	shared.Type |= smbwire.LockShared
	shared.Locks = append(shared.Locks, smbwire.LockRange{PID: 1, Offset: 2, Length: 1})
	a.want(nt.StatusLockNotGranted, shared)
	shared.FID, shared.Locks = fb, shared.Locks[:1]
	b.want(nt.StatusLockNotGranted, shared) // the exclusive lock is there
}

func TestWaitersAreServedInOrder(t *testing.T) {
	w := newWorld(t)
	holder := w.logon("WS0")
	held := holder.open(nt.OplockNone, create("F"))
	holder.want(nt.StatusSuccess, lockRequest(held, 5, 0))
	var waiters []*peer
	var fids []smbwire.FID
	var mids []smbwire.MID
	for _, name := range []string{"WS1", "WS2", "WS3"} {
		p := w.logon(name)
		fid := p.open(nt.OplockNone, create("F"))
		waiters, fids, mids = append(waiters, p), append(fids, fid), append(mids, p.send(lockRequest(fid, 5, -time.Millisecond)))
	}
	holder.want(nt.StatusSuccess, unlockRequest(held, 5))
	for i, p := range waiters {
		p.wantReply(mids[i], nt.StatusSuccess)
		if i+1 < len(waiters) {
			waiters[i+1].wantNone(mids[i+1])
		}
		p.want(nt.StatusSuccess, unlockRequest(fids[i], 5))
	}
}

func notifyRequest(fid smbwire.FID, filter nt.NotifyFilter, tree bool) *smbwire.NTTransactRequest {
	return (&smbwire.NotifyChangeRequest{Filter: filter, FID: fid, WatchTree: tree, MaxParams: 4096}).Request()
}

func (p *peer) wantChanges(mid smbwire.MID, want ...nt.Change) {
	p.w.t.Helper()
	out, ok := p.wantReply(mid, nt.StatusSuccess).(*smbwire.NTTransactResponse)
	if !ok {
		p.w.t.Fatal("no NT_TRANSACT response")
	}
	got, err := smbwire.DecodeChanges(out.Params)
	if diff := cmp.Diff(got, want); err != nil || diff != "" {
		p.w.t.Fatalf("%v (-got +want)\n%s", err, diff)
	}
}

func directory() func(*smbwire.NTCreateAndXRequest) {
	return func(r *smbwire.NTCreateAndXRequest) {
		r.DesiredAccess, r.Options, r.ShareAccess = nt.GenericRead, nt.DirectoryFile, shareAll
	}
}

func TestNotifyChange(t *testing.T) {
	w := newWorld(t)
	p, other := w.logon("WS1"), w.logon("WS2")
	other.want(nt.StatusSuccess, &smbwire.CreateDirectoryRequest{DirectoryName: "D"})
	other.want(nt.StatusSuccess, &smbwire.CreateDirectoryRequest{DirectoryName: `D\E`})
	dir := p.open(nt.OplockNone, create("D", directory()))
	const all = nt.NotifyFileName | nt.NotifyDirName | nt.NotifySize

	mid := p.send(notifyRequest(dir, all, false))
	other.close(other.open(nt.OplockNone, create("elsewhere")))
	other.close(other.open(nt.OplockNone, create(`D\E\below`)))
	p.wantNone(mid)
	fid := other.open(nt.OplockNone, create(`d\F`))
	p.wantChanges(mid, nt.Change{Action: nt.NotifyAdded, Name: "F"})

	// What happens between two requests is kept.
	other.write(fid, 0, "x")
	other.write(fid, 1, "y")
	other.close(fid)
	other.want(nt.StatusSuccess, &smbwire.RenameRequest{OldFileName: `D\F`, NewFileName: `D\G`})
	p.wantChanges(p.send(notifyRequest(dir, all, true)),
		nt.Change{Action: nt.NotifyModified, Name: "F"},
		nt.Change{Action: nt.NotifyOldName, Name: "F"}, nt.Change{Action: nt.NotifyNewName, Name: "G"})

	mid = p.send(notifyRequest(dir, all, true))
	other.want(nt.StatusSuccess, &smbwire.DeleteRequest{FileName: `D\E\below`})
	p.wantChanges(mid, nt.Change{Action: nt.NotifyRemoved, Name: `E\below`})

	mid = p.send(notifyRequest(dir, nt.NotifyDirName, false))
	other.close(other.open(nt.OplockNone, create(`D\H`)))
	p.wantNone(mid)
	p.cancelMID(mid)
	p.wantReply(mid, nt.StatusCancelled)

	mid = p.send(notifyRequest(dir, all, false))
	p.close(dir)
	p.wantChanges(mid)
	w.settled()
}

// Changes are awaited until the directory is closed, however that comes about.
func TestNotifyEndsWithItsDirectory(t *testing.T) {
	for name, end := range map[string]smbwire.Body{
		"close":           &smbwire.CloseRequest{FID: firstFID},
		"tree disconnect": &smbwire.TreeDisconnectRequest{},
		"logoff":          &smbwire.LogoffAndXRequest{},
		"process exit":    &smbwire.ProcessExitRequest{},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := w.logon("WS1")
			dir := p.open(nt.OplockNone, create("", directory()))
			mid := p.send(notifyRequest(dir, nt.NotifyFileName, false))
			p.want(nt.StatusSuccess, end)
			p.wantChanges(mid)
			w.settled()
		})
	}
}

func TestTooManyChanges(t *testing.T) {
	w := newWorld(t)
	p := w.logon("WS1")
	dir := p.open(nt.OplockNone, create("", directory()))
	mid := p.send(notifyRequest(dir, nt.NotifyFileName, false))
	for i := range 500 {
		p.close(p.open(nt.OplockNone, create(string(rune('A'+i%26))+string(rune('A'+i/26)))))
	}
	p.wantReply(mid, nt.StatusSuccess)
	p.wantReply(p.send(notifyRequest(dir, nt.NotifyFileName, false)), nt.StatusNotifyEnumDir)
	p.wantNone(p.send(notifyRequest(dir, nt.NotifyFileName, false)))
	file := p.open(nt.OplockNone, create("AA"))
	p.want(nt.StatusInvalidParameter, notifyRequest(file, nt.NotifyFileName, false))
}
