package rdr

import (
	"errors"
	"io"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// What raw mode asks of a transfer, and how a large one is divided.
const (
	// rawIoTimeLimit bounds the expected time of one raw transfer.
	// src: KB Q151996
	rawIoTimeLimit = 5 * time.Second
	// A raw read is of at least rawReadBuffers request buffers; a raw write of one and
	// a half.
	// src: KB Q152081
	rawReadBuffers = 2
	// rawEOFSlack is how far past the end of the file a raw write may begin.
	// src: KB Q152081 ("approximately 1 MB")
	rawEOFSlack = 1 << 20
	// rawInline is the most data that travels in the request of a raw write.
	// src: KB Q102981 (UseWriteRawData)
	rawInline = 4096
	// rawPage is what a raw transfer is a multiple of, if it is one of several.
	// src: KB Q152348 (pages of 4 KB)
	rawPage = 4096
)

// coreDialect has no raw mode.
//
// src: [MS-CIFS] §3.2.4.2.2
const coreDialect = "PC NETWORK PROGRAM 1.0"

// transfer is a read or write that may go raw.
type transfer struct {
	write   bool
	size    int
	off     int64
	eof     int64 // where this machine believes the file to end
	pipe    bool  // of a named pipe that blocks; a disk share has none
	pending bool  // another request is outstanding on the circuit
}

// obstacle is why a transfer cannot go raw.
type obstacle string

// The eight conditions of raw mode, by what is in the way if one does not hold.
//
// src: KB Q152081, KB Q223140 (the conditions, and their order)
const (
	noObstacle   obstacle = ""
	dialectOld   obstacle = "the dialect has no raw mode"
	serverOff    obstacle = "the server does not offer raw mode"
	clientOff    obstacle = "UseRawRead or UseRawWrite is 0"
	notAlone     obstacle = "another request is pending on the circuit"
	blockingPipe obstacle = "a named pipe that blocks"
	badRead      obstacle = "a read of less than 2 request buffers, or past the end of the file"
	badWrite     obstacle = "a write of less than 1.5 request buffers, or far past the end of the file"
	tooSlow      obstacle = "it would take longer than RawIoTimeLimit"
)

// rawObstacle decides between raw and core mode for one transfer.
//
// src: KB Q152081, KB Q223140
func (c *Config) rawObstacle(t transfer, l nt.Limits) obstacle {
	switch {
	case l.Dialect == coreDialect:
		return dialectOld
	case l.MaxRaw == 0:
		return serverOff
	case !t.write && !c.UseRawRead, t.write && !c.UseRawWrite:
		return clientOff
	case t.pending:
		return notAlone
	case t.pipe:
		return blockingPipe
	case !t.write && (t.size < rawReadBuffers*l.MaxBufferSize || t.off > t.eof):
		return badRead
	case t.write && (2*t.size < 3*l.MaxBufferSize || t.off > t.eof+rawEOFSlack):
		return badWrite
	case rawTime(t.size, l.LinkSpeed) > c.RawIoTimeLimit:
		return tooSlow
	}
	return noObstacle
}

// rawTime is how long a transfer is expected to take; a link of unknown speed takes none.
//
// src: KB Q102067 (data / rate)
func rawTime(size int, linkSpeed int64) time.Duration {
	if linkSpeed <= 0 {
		return 0
	}
	return time.Duration(int64(size) * int64(time.Second) / linkSpeed)
}

// rawPart is the size of the next part of a transfer of total bytes of which left are to
// go: whole pages, as many as the server takes. The defect of KB Q152348 makes all parts
// as large as each other instead, so that the server has to read the pages that they
// share.
//
// src: KB Q152348, KB Q223140 (60 KB)
func (c *Config) rawPart(left, total, maxRaw int) int {
	switch {
	case maxRaw <= 0:
		return left
	case c.NtrdrQuirkRawOddSplit:
		parts := (total + maxRaw - 1) / maxRaw
		return min(left, (total+parts-1)/parts)
	case left > maxRaw && maxRaw >= rawPage:
		return maxRaw - maxRaw%rawPage
	}
	return min(left, maxRaw)
}

// inline is how much of a raw write's data travels in its request: less than all of it,
// and no more than the server's buffer has room for.
//
// src: KB Q102981
func (c *Config) inline(l nt.Limits) int {
	if !c.UseWriteRawData {
		return 0
	}
	return min(rawInline, l.MaxWrite)
}

// writeRemote writes p, in raw mode where that is possible and in core mode, one write
// after the other, where it is not. It returns when all has been answered.
//
// src: KB Q123819 (a new SMB for each unit; that it waits is assumed)
func (f *fcb) writeRemote(o *serverOpen, p []byte, off int64) (int, error) {
	return f.send(o, p, off, nt.WriteModeThrough)
}

// writeBehindRemote is writeRemote for data that an application is not waiting for: the
// server's answer to what goes raw is not asked for. If it cannot write that, the next
// request on the file says so.
//
// src: [MS-CIFS] §3.2.5.18 (write-behind raw); that what an application waits for goes
// with write-through is assumed (KB Q143413: its write is complete when it returns).
func (f *fcb) writeBehindRemote(o *serverOpen, p []byte, off int64) (int, error) {
	return f.send(o, p, off, 0)
}

// send writes p with rawMode for what goes raw.
func (f *fcb) send(o *serverOpen, p []byte, off int64, rawMode nt.WriteMode) (n int, err error) {
	mode := nt.WriteMode(0)
	if o.params.Options&nt.WriteThrough != 0 {
		mode, rawMode = nt.WriteModeThrough, nt.WriteModeThrough
	}
	limits := o.circuit.limits
	for n < len(p) && err == nil {
		part := p[n : n+f.r.cfg.rawPart(len(p)-n, len(p), limits.MaxRaw)]
		var took int
		took, err = f.sendRaw(o, part, off+int64(n), rawMode)
		if err == nil && took < len(part) {
			var more int
			more, err = o.remote.WriteAt(o.h, part[took:], off+int64(n+took), mode)
			took += more
			f.confirm(o, err)
		}
		n += took
	}
	if err == nil {
		f.answered()
	}
	return n, err
}

// sendRaw writes p raw if it can; what it did not write is for core mode.
func (f *fcb) sendRaw(o *serverOpen, p []byte, off int64, mode nt.WriteMode) (int, error) {
	cfg, limits := &f.r.cfg, o.circuit.limits
	t := transfer{write: true, size: len(p), off: off, eof: f.cached.Size()}
	if cfg.rawObstacle(t, limits) != noObstacle {
		return 0, nil
	}
	n, err := o.remote.WriteRaw(o.h, p, off, mode, cfg.inline(limits))
	switch {
	case errors.Is(err, nt.StatusSMBUseStandard):
		return n, nil
	case err == nil && mode == 0:
		f.r.mu.Lock()
		o.unconfirmed += int64(n)
		f.r.mu.Unlock()
	default:
		f.confirm(o, err)
	}
	return n, err
}

// confirm settles what was written raw without an answer, now that a later request on
// the file has one: an error may be that of the raw write.
//
// src: [MS-CIFS] §3.2.5.18
func (f *fcb) confirm(o *serverOpen, err error) {
	f.r.mu.Lock()
	lost := o.unconfirmed
	o.unconfirmed = 0
	f.r.mu.Unlock()
	if err != nil && lost > 0 && f.countLost(lost, err) {
		f.r.popUpApart(f.path)
	}
}

// hear is confirm for a request that is no plain write, and returns err. A lock in the way
// is an answer of its own; what the client has not got was not sent; and that a circuit has
// gone is told once for all that was on it.
func (f *fcb) hear(o *serverOpen, err error) error {
	switch {
	case errors.Is(err, io.EOF):
		f.confirm(o, nil)
	case errors.Is(err, nt.StatusLockNotGranted), errors.Is(err, nt.StatusFileLockConflict), errors.Is(err, nt.StatusNotSupported):
	case err == nil || !circuitGone(err):
		f.confirm(o, err)
	}
	return err
}

// queryFile asks the server for what it knows of the file.
func (f *fcb) queryFile(o *serverOpen) (nt.FileInfo, error) {
	info, err := o.remote.QueryFile(o.h)
	return info, f.hear(o, err)
}

// probe asks how a raw write went that nobody was told of, if there is one: before a file
// that is not to be closed yet becomes dormant, and for FlushFileBuffers.
//
// src: [MS-CIFS] §3.2.5.18 (a client may probe, with a null SEEK; here with a query)
func (f *fcb) probe(o *serverOpen) error {
	f.r.mu.Lock()
	ask := o.unconfirmed > 0 && !o.dead
	f.r.mu.Unlock()
	if !ask {
		return nil
	}
	_, err := f.queryFile(o)
	return err
}

// readRemote reads into p, raw where that is possible.
func (f *fcb) readRemote(o *serverOpen, p []byte, off int64) (n int, err error) {
	limits := o.circuit.limits
	for n < len(p) && err == nil {
		part := p[n : n+f.r.cfg.rawPart(len(p)-n, len(p), limits.MaxRaw)]
		var got int
		t := transfer{size: len(part), off: off + int64(n), eof: f.cached.Size()}
		err = nt.StatusSMBUseStandard
		if f.r.cfg.rawObstacle(t, limits) == noObstacle {
			got, err = o.remote.ReadRaw(o.h, part, t.off)
		}
		if errors.Is(err, nt.StatusSMBUseStandard) {
			got, err = o.remote.ReadAt(o.h, part, t.off)
		}
		n += got
		if err == nil && got < len(part) {
			err = io.EOF
		}
	}
	return n, f.hear(o, err)
}
