package smbserver

import (
	"errors"
	"io"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/internal/volume"
)

// Bytes that a reply needs beside the data read: header, words, byte count, padding.
//
// src: [MS-CIFS] §2.2.4.42.2, §2.2.4.11.2
const (
	readAndXOverhead = smbwire.HeaderSize + 1 + 24 + 2 + 3
	readCoreOverhead = smbwire.HeaderSize + 1 + 10 + 2 + 3
)

// read returns up to count bytes, lent by the core's memory; fewer mean the end of the
// file.
func (c *core) read(x *exchange, o *openFile, off int64, count int) ([]byte, nt.Status) {
	access := byteLock{o: o, pid: uint16(x.req.Header.PID), off: uint64(off), length: uint64(count)}
	switch {
	case o.access&readRights == 0:
		return nil, nt.StatusAccessDenied
	case off < 0:
		return nil, nt.StatusInvalidParameter
	case o.f.blocked(access, false):
		return nil, nt.StatusFileLockConflict
	}
	p := c.memory.Bytes(int(max(0, min(int64(count), o.f.size()-off))))
	n, err := o.f.file.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		c.memory.Free(p)
		return nil, statusOf(err)
	}
	o.pos = off + int64(n)
	return p[:n], nt.StatusSuccess
}

func (c *core) readAndX(x *exchange, r *smbwire.ReadAndXRequest) (smbwire.Body, nt.Status) {
	o, st := x.file(r.FID)
	if st != nt.StatusSuccess {
		return nil, st
	}
	// CapLargeReadX is not offered, so the high half of the count means nothing.
	data, st := c.read(x, o, r.Offset, min(int(r.MaxCount), x.cir.room(readAndXOverhead)))
	if st != nt.StatusSuccess {
		return nil, st
	}
	x.lent = append(x.lent, data)
	reply := c.slabs.reads.Next()
	reply.Available, reply.Data = availableAll, data
	return reply, nt.StatusSuccess
}

// availableAll is the Available field for what is not a pipe.
//
// src: [MS-CIFS] §2.2.4.42.2
const availableAll = 0xFFFF

func (c *core) readCore(x *exchange, r *smbwire.ReadRequest) (smbwire.Body, nt.Status) {
	o, st := x.file(r.FID)
	if st != nt.StatusSuccess {
		return nil, st
	}
	data, st := c.read(x, o, int64(r.Offset), min(int(r.Count), x.cir.room(readCoreOverhead)))
	x.lent = append(x.lent, data)
	return reply(&smbwire.ReadResponse{Data: data}, st)
}

// lockAndRead locks the range asked for, and reads it or as much as the reply holds.
//
// src: [MS-CIFS] §3.3.5.22
func (c *core) lockAndRead(x *exchange, r *smbwire.LockAndReadRequest) (smbwire.Body, nt.Status) {
	o, st := x.file(r.FID)
	if st != nt.StatusSuccess {
		return nil, st
	}
	l := x.coreRange(o, r.Offset, uint32(r.Count))
	if st = c.lockNow(l); st != nt.StatusSuccess {
		return nil, st
	}
	data, st := c.read(x, o, int64(r.Offset), min(int(r.Count), x.cir.room(readCoreOverhead)))
	if st != nt.StatusSuccess {
		_ = o.f.unlock(l) // it was locked just now
	}
	x.lent = append(x.lent, data)
	return reply(&smbwire.LockAndReadResponse{Data: data}, st)
}

// write writes all of data or fails.
func (c *core) write(x *exchange, o *openFile, off int64, data []byte, through bool) nt.Status {
	access := byteLock{o: o, pid: uint16(x.req.Header.PID), off: uint64(off), length: uint64(len(data))}
	switch {
	case o.access&writeRights == 0:
		return nt.StatusAccessDenied
	case off < 0:
		return nt.StatusInvalidParameter
	case o.f.blocked(access, true):
		return nt.StatusFileLockConflict
	}
	c.changed(o)
	n, err := o.f.file.WriteAt(data, off)
	if n > 0 {
		c.tell(o.f.share, o.f.path, nt.NotifyModified, nt.NotifySize|nt.NotifyLastWrite)
		c.did(o.cir, o.f.share, Changed{Kind: ChangeWritten, Path: o.f.path, Off: off, Data: data[:n]})
	}
	o.pos = off + int64(n)
	if err == nil && (through || o.writeThrough) {
		err = o.f.file.Sync()
	}
	return statusOf(err)
}

// changed notes that a FID changes its file: others' read caches end.
func (c *core) changed(o *openFile) {
	o.wrote = true
	c.breakLevelII(o.f, o)
}

func (c *core) writeAndX(x *exchange, r *smbwire.WriteAndXRequest) (smbwire.Body, nt.Status) {
	o, st := x.file(r.FID)
	if st != nt.StatusSuccess {
		return nil, st
	}
	st = c.write(x, o, r.Offset, r.Data, r.WriteMode&nt.WriteModeThrough != 0)
	done := c.slabs.writes.Next()
	done.Count, done.Available = len(r.Data), availableAll
	return reply(done, st)
}

// writeCore writes; without data it sets the size of the file.
//
// src: [MS-CIFS] §2.2.4.12.1
func (c *core) writeCore(x *exchange, r *smbwire.WriteRequest) (smbwire.Body, nt.Status) {
	o, st := x.file(r.FID)
	if st != nt.StatusSuccess {
		return nil, st
	}
	if len(r.Data) == 0 {
		st = c.setSize(o, int64(r.Offset))
	} else {
		st = c.write(x, o, int64(r.Offset), r.Data, false)
	}
	return reply(&smbwire.WriteResponse{Count: uint16(len(r.Data))}, st)
}

// setSize cuts or extends a file.
func (c *core) setSize(o *openFile, size int64) nt.Status {
	if o.access&writeRights == 0 {
		return nt.StatusAccessDenied
	}
	c.changed(o)
	c.tell(o.f.share, o.f.path, nt.NotifyModified, nt.NotifySize|nt.NotifyLastWrite)
	err := o.f.file.Truncate(size)
	if err == nil {
		c.did(o.cir, o.f.share, Changed{Kind: ChangeSized, Path: o.f.path, Off: size})
	}
	return statusOf(err)
}

func (c *core) writeAndUnlock(x *exchange, r *smbwire.WriteAndUnlockRequest) (smbwire.Body, nt.Status) {
	o, st := x.file(r.FID)
	if st != nt.StatusSuccess {
		return nil, st
	}
	if st = c.write(x, o, int64(r.Offset), r.Data, false); st == nt.StatusSuccess {
		st = c.unlock(x.coreRange(o, r.Offset, uint32(len(r.Data))))
	}
	return reply(&smbwire.WriteAndUnlockResponse{Count: uint16(len(r.Data))}, st)
}

// writeAndClose closes even if the write fails.
//
// src: [MS-CIFS] §3.3.5.34
func (c *core) writeAndClose(x *exchange, r *smbwire.WriteAndCloseRequest) (smbwire.Body, nt.Status) {
	o, st := x.file(r.FID)
	if st != nt.StatusSuccess {
		return nil, st
	}
	if len(r.Data) > 0 {
		st = c.write(x, o, int64(r.Offset), r.Data, false)
	}
	if closed := c.closeAt(o, r.LastWriteTime); st == nt.StatusSuccess {
		st = closed
	}
	return reply(&smbwire.WriteAndCloseResponse{Count: uint16(len(r.Data))}, st)
}

func (c *core) seek(x *exchange, r *smbwire.SeekRequest) (smbwire.Body, nt.Status) {
	o, st := x.file(r.FID)
	if st != nt.StatusSuccess {
		return nil, st
	}
	var from int64
	switch r.Mode {
	case smbwire.SeekStart:
	case smbwire.SeekCurrent:
		from = o.pos
	case smbwire.SeekEnd:
		from = o.f.size()
	default:
		return nil, nt.StatusInvalidParameter
	}
	o.pos = max(from+int64(r.Offset), 0)
	return &smbwire.SeekResponse{Offset: size32(o.pos)}, nt.StatusSuccess
}

// flush commits one FID, or all of the process.
//
// src: [MS-CIFS] §3.3.5.8
func (c *core) flush(x *exchange, r *smbwire.FlushRequest) (smbwire.Body, nt.Status) {
	if r.FID == smbwire.NoFID && x.made == nil {
		return reply(&smbwire.FlushResponse{}, c.flushProcess(x))
	}
	o, st := x.file(r.FID)
	if st == nt.StatusSuccess {
		st = statusOf(o.f.file.Sync())
	}
	return reply(&smbwire.FlushResponse{}, st)
}

func (c *core) flushProcess(x *exchange) nt.Status {
	var err error
	for _, o := range x.cir.files.all() {
		if o.pid == x.req.Header.PID {
			err = errors.Join(err, o.f.file.Sync())
		}
	}
	return statusOf(err)
}

func (c *core) closeFID(x *exchange, r *smbwire.CloseRequest) (smbwire.Body, nt.Status) {
	o, st := x.handle(r.FID)
	if st == nt.StatusSuccess {
		behind := o.behind // a close tells of a failed raw write and closes
		if st = c.closeAt(o, r.LastModified); behind != nt.StatusSuccess {
			st = behind
		}
	}
	return reply(&smbwire.CloseResponse{}, st)
}

// closeAt closes with the last-write time that the client asks for.
//
// src: [MS-CIFS] §2.2.4.5.1
func (c *core) closeAt(o *openFile, at smbwire.UTime) nt.Status {
	var st nt.Status
	if t := stamp(at.Time()); t != 0 && o.access&writeRights != 0 {
		st = statusOf(o.f.share.vol.Change(o.f.path, volume.Change{Written: t}))
	}
	if c.cachesClose(o) {
		c.cacheClose(o)
		return st
	}
	if closed := c.close(o); closed != nt.StatusSuccess {
		return closed
	}
	return st
}
