package smbserver

import (
	"fmt"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// rawWrite is a WRITE_RAW between its interim response and its block.
type rawWrite struct {
	x       *exchange
	o       *openFile
	off     int64 // where the block goes
	inline  int   // bytes that came with the request
	rest    int   // bytes that the block has at most
	through bool
}

// rawMode reports whether a circuit has raw mode.
//
// src: KB Q102967 (EnableRaw); KB Q129202 (slow links)
func (c *core) rawMode(cir *circuit) bool { return c.cfg.EnableRaw && !cir.slow }

// readRaw answers with data that has no header, and with nothing if there is any
// difficulty at all. That is so while a break is on its way to the client too: it has
// to tell the break from the data.
//
// src: [MS-CIFS] §3.3.5.24, §3.2.5.16
func (c *core) readRaw(x *exchange, r *smbwire.ReadRawRequest) (smbwire.Body, nt.Status) {
	o, st := x.file(r.FID)
	switch {
	case st != nt.StatusSuccess:
		return nil, st
	case !c.rawMode(x.cir) || c.faults.RefuseRaw || c.rawItems >= c.cfg.RawWorkItems || x.cir.breaksOutstanding():
		return nil, nt.StatusSMBUseStandard
	}
	data, st := c.read(x, o, r.Offset, min(int(r.MaxCount), c.cfg.MaxRawBufLen))
	if st == nt.StatusSuccess {
		c.sendRaw(x.cir, data)
	}
	return nil, st
}

// sendRaw sends a message without a header; data may be empty.
func (c *core) sendRaw(cir *circuit, data []byte) {
	c.out = append(c.out, outbound{conn: cir.id, frame: data})
}

func (cir *circuit) breaksOutstanding() bool {
	for _, e := range cir.files.entries {
		if o := e.v; o.f.breaking && o.f.holder() == o {
			return true
		}
	}
	return false
}

// writeRaw writes what came with the request and asks for the rest, or declines.
//
// src: [MS-CIFS] §3.3.5.26
func (c *core) writeRaw(x *exchange, r *smbwire.WriteRawRequest) (smbwire.Body, nt.Status) {
	o, st := x.file(r.FID)
	whole := byteLock{o: o, pid: uint16(x.req.Header.PID), off: uint64(r.Offset), length: uint64(r.Count)}
	switch {
	case st != nt.StatusSuccess:
		return nil, st
	case len(r.Data) > int(r.Count) || r.Offset < 0:
		return nil, nt.StatusInvalidParameter
	case o.access&writeRights == 0:
		return nil, nt.StatusAccessDenied
	case !c.rawMode(x.cir) || x.cir.raw != nil || int(r.Count) > c.cfg.MaxRawBufLen:
		return nil, nt.StatusSMBUseStandard
	case o.f.blocked(whole, true):
		return nil, nt.StatusFileLockConflict
	}
	through := r.WriteMode&nt.WriteModeThrough != 0
	if len(r.Data) > 0 {
		if st := c.write(x, o, r.Offset, r.Data, through); st != nt.StatusSuccess {
			return nil, st
		}
	}
	if c.faults.RefuseRaw || c.rawItems >= c.cfg.RawWorkItems {
		c.rawRejected++ // src: KB Q146005 ("Raw Writes Rejected/sec")
		return &smbwire.WriteCompleteResponse{Count: uint16(len(r.Data))}, nt.StatusSMBUseStandard
	}
	c.rawItems++
	x.cir.raw = &rawWrite{
		x: x, o: o, off: r.Offset + int64(len(r.Data)), inline: len(r.Data), rest: int(r.Count) - len(r.Data), through: through,
	}
	return &smbwire.WriteRawInterimResponse{Available: availableAll}, nt.StatusSuccess
}

// rawBlock takes the block of a raw write. Without write-through nobody is told how
// that went, until the FID is used again.
//
// src: [MS-CIFS] §3.3.5.26, §3.2.5.18
func (c *core) rawBlock(cir *circuit, block []byte) {
	w := cir.raw
	cir.raw = nil
	c.rawItems--
	if len(block) > w.rest {
		c.hangUp(cir, fmt.Sprintf("raw block of %d bytes, %d announced", len(block), w.rest))
		return
	}
	st := nt.StatusInvalidHandle
	if cir.files.get(w.o.fid) == w.o {
		st = c.write(w.x, w.o, w.off, block, w.through)
	}
	n := w.inline + len(block)
	c.memory.Free(block)
	if st != nt.StatusSuccess {
		n = w.inline
	}
	switch {
	case w.through:
		c.send(cir, &smbwire.Message{
			Header: w.x.req.Header.Reply(st), Chain: []smbwire.Body{&smbwire.WriteCompleteResponse{Count: uint16(n)}},
		})
	case st != nt.StatusSuccess:
		w.o.behind = st
	}
}

// dropRaw forgets a raw write whose circuit has gone.
func (c *core) dropRaw(cir *circuit) {
	if cir.raw != nil {
		cir.raw = nil
		c.rawItems--
	}
}

// failure is the reply to a command that failed. To a raw read there is none but an
// empty message, and a raw write says that nothing was written.
//
// src: [MS-CIFS] §3.3.5.24, §2.2.4.25.3
func (c *core) failure(x *exchange, cmd smbwire.Command) smbwire.Body {
	switch cmd {
	case smbwire.CmdReadRaw:
		c.sendRaw(x.cir, []byte{})
		return nil
	case smbwire.CmdWriteRaw:
		return &smbwire.WriteCompleteResponse{}
	}
	return &smbwire.ErrorReply{Cmd: cmd}
}
