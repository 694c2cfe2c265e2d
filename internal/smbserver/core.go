package smbserver

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/slab"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/internal/volume"
)

// never is a time that does not come.
const never = rt.Forever

// after is the time d after t; what is too far away to reckon with does not come.
func after(t, d time.Duration) time.Duration {
	if d > never-t {
		return never
	}
	return t + d
}

// connID identifies a circuit; later circuits have higher numbers.
type connID uint64

// input is what happens to the server.
type input interface{ isInput() }

// openedInput: a transport connection was accepted.
type openedInput struct {
	conn   connID
	client string
	speed  int64         // of the link, bytes a second, 0 unknown
	delay  time.Duration // of the link, 0 unknown
}

// closedInput: the transport connection ended, or is to be ended.
type closedInput struct {
	conn connID
	why  string
}

// frameInput: a message arrived. The core keeps the frame.
type frameInput struct {
	conn  connID
	frame []byte
}

// tickInput: time passed.
type tickInput struct{}

func (openedInput) isInput() {}
func (closedInput) isInput() {}
func (frameInput) isInput()  {}
func (tickInput) isInput()   {}

// outbound is a frame to send on a circuit, lent by the core's memory, or the order to
// close its transport.
type outbound struct {
	conn  connID
	frame []byte
	close bool
}

// share is what a tree connect leads to.
type share struct {
	name  string
	vol   volume.Volume   // nil: IPC$
	files map[string]*fcb // that are open, by folded path
}

// core is the server without its tasks: everything it knows and decides.
type core struct {
	cfg    Config
	memory rt.Memory
	rnd    *rand.Rand
	users  map[string]string // by folded name
	shares map[string]*share // by folded name

	clock    volume.Clock
	now      time.Duration // of the present step, since the server's world began
	out      []outbound
	parser   smbwire.Parser
	slabs    slabs
	enc      smbwire.Encoder
	scratch  []byte          // what enc writes to
	present  smbwire.Message // the reply that is being sent
	circuits table[connID, circuit]
	parked   []*exchange // in the order in which they were parked
	ready    []*exchange // to be resumed in this step
	watchers []*openFile // directories with a watch, in the order of their first request

	faults      Faults
	rawItems    int // raw work items in use
	rawRejected int
}

// slabs are where the objects come from that each request or each open makes.
type slabs struct {
	exchanges *slab.Slab[exchange]
	fcbs      *slab.Slab[fcb]
	opens     *slab.Slab[openFile]
	creates   *slab.Slab[smbwire.NTCreateAndXResponse]
	reads     *slab.Slab[smbwire.ReadAndXResponse]
	writes    *slab.Slab[smbwire.WriteAndXResponse]
}

// ipcName is the share that every server has.
const ipcName = "IPC$"

func newCore(cfg Config, rnd *rand.Rand, memory rt.Memory, clock volume.Clock) *core {
	c := &core{
		cfg: cfg, rnd: rnd, memory: memory, clock: clock,
		scratch: memory.Bytes(int(cfg.SizReqBuf))[:0],
		parser:  smbwire.NewParser(memory), slabs: slabs{
			exchanges: slab.From[exchange](memory), fcbs: slab.From[fcb](memory), opens: slab.From[openFile](memory),
			creates: slab.From[smbwire.NTCreateAndXResponse](memory),
			reads:   slab.From[smbwire.ReadAndXResponse](memory),
			writes:  slab.From[smbwire.WriteAndXResponse](memory),
		},
		users: map[string]string{}, shares: map[string]*share{ipcName: {name: ipcName}},
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Users)) {
		c.users[volume.Fold(name)] = cfg.Users[name]
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Shares)) {
		c.shares[volume.Fold(name)] = &share{name: name, vol: cfg.Shares[name], files: map[string]*fcb{}}
	}
	return c
}

// step takes one input. It returns what to send, in order, until the next step, and when
// to tick at the latest; never means that time alone changes nothing.
func (c *core) step(now time.Duration, in input) (out []outbound, wake time.Duration) {
	c.now, c.out = now, c.out[:0]
	switch in := in.(type) {
	case openedInput:
		c.open(in)
	case closedInput:
		if cir := c.circuits.get(in.conn); cir != nil {
			c.hangUp(cir, in.why)
		}
	case frameInput:
		if cir := c.circuits.get(in.conn); cir != nil {
			c.frame(cir, in.frame)
		}
	case unshareInput:
		c.unshare(in.name)
	case strayInput:
		c.stray(in.client)
	case tickInput:
		c.expire()
		c.disconnectIdle()
	}
	c.resume()
	c.answerWatchers()
	c.resume()
	return c.out, c.wake()
}

func (c *core) open(in openedInput) {
	cir := newCircuit(in.conn, in.client)
	cir.lastUse = c.now
	cir.slow = c.tooSlow(in.speed, in.delay)
	c.circuits.put(cir.id, cir)
	c.emit(trace.Event{Kind: trace.CircuitUp, Text: in.client})
}

// tooSlow reports whether a link is one on which the server allows neither raw mode
// nor oplocks.
//
// src: KB Q129202 (MinLinkThroughput, MaxLinkDelay)
func (c *core) tooSlow(speed int64, delay time.Duration) bool {
	return speed > 0 && speed < c.cfg.MinLinkThroughput || delay > c.cfg.MaxLinkDelay
}

// frame takes a message. A peer that does not speak the protocol is not argued with.
func (c *core) frame(cir *circuit, b []byte) {
	cir.lastUse = c.now
	if cir.raw != nil {
		c.rawBlock(cir, b)
		return
	}
	m, err := c.parser.Parse(b)
	switch {
	case err != nil:
		c.hangUp(cir, err.Error())
	case m.Header.IsReply():
		c.hangUp(cir, "the client sent a reply")
	case cir.negotiated == (m.Header.Command == smbwire.CmdNegotiate):
		c.hangUp(cir, "NEGOTIATE must come first, and once")
	default:
		c.take(c.newExchange(cir, m, b))
	}
}

// take runs a request, now or when the fault of a slow server lets it.
func (c *core) take(x *exchange) {
	if c.faults.Delay <= 0 || c.parkedOn(x.cir) >= c.cfg.Limits.MaxParked {
		c.run(x)
		return
	}
	x.due = after(c.now, c.faults.Delay)
	c.parked = append(c.parked, x)
}

// hangUp drops a circuit and closes its transport.
func (c *core) hangUp(cir *circuit, why string) {
	c.out = append(c.out, outbound{conn: cir.id, close: true})
	c.drop(cir, why)
}

// drop forgets a circuit and everything that lived on it.
//
// src: [MS-CIFS] §3.3.7.1
func (c *core) drop(cir *circuit, why string) {
	c.circuits.remove(cir.id)
	cir.dead = true
	c.parked = slices.DeleteFunc(c.parked, func(x *exchange) bool { return x.cir == cir })
	c.dropRaw(cir)
	c.closeAll(cir, func(*openFile) bool { return true })
	c.emit(trace.Event{Kind: trace.CircuitDown, Path: cir.client, Text: why})
}

// dropOthers drops the circuits that a client left behind: it says with VcNumber 0
// that it knows of none.
//
// src: [MS-CIFS] §3.3.5.43
func (c *core) dropOthers(cir *circuit) {
	if !c.cfg.DropOldCircuits || cir.client == "" {
		return
	}
	for _, old := range c.circuits.all() {
		if old != cir && old.client == cir.client && strings.EqualFold(old.workstation, cir.workstation) {
			c.hangUp(old, "the client opened its first circuit anew")
		}
	}
}

// disconnectIdle drops circuits that nobody uses.
//
// src: KB Q102967
func (c *core) disconnectIdle() {
	for _, cir := range c.circuits.all() {
		if c.idleAt(cir) <= c.now {
			c.hangUp(cir, "idle")
		}
	}
}

// idleAt is when a circuit will have been idle for too long.
func (c *core) idleAt(cir *circuit) time.Duration {
	if c.cfg.AutoDisconnect == 0 || cir.files.len() > 0 || cir.searches.len() > 0 || c.parkedOn(cir) > 0 {
		return never
	}
	return after(cir.lastUse, c.cfg.AutoDisconnect)
}

// wake is the earliest time at which a tick does something.
func (c *core) wake() time.Duration {
	at := never
	for _, x := range c.parked {
		at = min(at, x.due)
	}
	for _, e := range c.circuits.entries {
		at = min(at, c.idleAt(e.v))
	}
	return at
}

// send queues a message on a circuit. A reply that cannot be encoded, because a
// name or a size does not fit the format, becomes an error.
func (c *core) send(cir *circuit, m *smbwire.Message) {
	b, err := c.enc.Append(c.scratch[:0], m)
	if err != nil {
		cmd := m.Chain[0].Command()
		m = &smbwire.Message{Header: m.Header, Chain: []smbwire.Body{&smbwire.ErrorReply{Cmd: cmd}}}
		m.Header.SetStatus(nt.StatusUnsuccessful)
		if b, err = c.enc.Append(c.scratch[:0], m); err != nil {
			c.hangUp(cir, err.Error())
			return
		}
	}
	c.scratch = b
	c.out = append(c.out, outbound{conn: cir.id, frame: append(c.memory.Bytes(len(b))[:0], b...)})
}

func (c *core) emit(e trace.Event) { c.cfg.Trace.Emit(e) }

// fileState is FileState.
func (c *core) fileState(name, path string) (size int64, opens int) {
	sh := c.shares[volume.Fold(name)]
	if sh == nil || sh.vol == nil {
		return -1, 0
	}
	if f := sh.files[volume.Fold(path)]; f != nil {
		opens = f.liveOpens()
	}
	info, err := sh.vol.Stat(path)
	if err != nil {
		return -1, opens
	}
	return info.Size, opens
}
