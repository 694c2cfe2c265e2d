package smbserver

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/internal/volume"
)

// world is a core with a clock that the test turns, and clients that see every frame.
type world struct {
	t      testing.TB
	core   *core
	now    time.Time
	wake   time.Duration
	vol    *volume.Mem
	closed []Closed
	peers  map[connID]*peer
}

// peer is a client's end of a circuit.
type peer struct {
	w      *world
	id     connID
	inbox  []*smbwire.Message
	hung   bool
	blocks []string // raw data
	uid    smbwire.UID
	tid    smbwire.TID
	mid    smbwire.MID
	pid    smbwire.PID
}

const clientFlags2 = smbwire.Flags2LongNames | smbwire.Flags2NTStatus | smbwire.Flags2Unicode

func (w *world) Now() time.Time { return w.now }

func (w *world) Elapsed() time.Duration { return w.now.Sub(began) }

// began is when every world does.
var began = time.Date(1996, 1, 2, 3, 4, 5, 0, time.UTC)

// newWorld makes a server with one share, DATA, and the changes to a stock
// configuration that the story needs.
func newWorld(t testing.TB, change ...func(*Config)) *world {
	t.Helper()
	w := &world{t: t, now: began, peers: map[connID]*peer{}}
	w.vol = volume.NewMem(w, nil, volume.StockLimits())
	cfg := Stock()
	cfg.Shares = map[string]volume.Volume{"DATA": w.vol}
	cfg.OnClose = func(c Closed) { w.closed = append(w.closed, c) }
	for _, f := range change {
		f(&cfg)
	}
	if err := cfg.validate(); err != nil {
		t.Fatal(err)
	}
	w.core = newCore(cfg, rand.New(rand.NewPCG(1, 2)), memory{}, w)
	return w
}

// noRetries answers sharing violations at once.
func noRetries(c *Config) { c.SharingViolationRetries = 0 }

func (w *world) step(in input) {
	w.t.Helper()
	var out []outbound
	out, w.wake = w.core.step(w.Elapsed(), in)
	for _, o := range out {
		p := w.peers[o.conn]
		switch {
		case p == nil:
			w.t.Fatalf("output for circuit %d, which there never was", o.conn)
		case o.close:
			p.hung = true
		case !bytes.HasPrefix(o.frame, []byte("\xffSMB")):
			p.blocks = append(p.blocks, string(o.frame))
		default:
			m, err := smbwire.Parse(o.frame)
			if err != nil {
				w.t.Fatalf("the server sent % x: %v", o.frame, err)
			}
			p.inbox = append(p.inbox, m)
		}
	}
}

// sleep lets time pass, with the ticks that the core asked for.
func (w *world) sleep(d time.Duration) {
	w.t.Helper()
	end := w.now.Add(d)
	for n := 0; w.wake <= end.Sub(began); n++ {
		if n > 1000 {
			w.t.Fatal("the core wants ticks without end")
		}
		if w.wake > w.Elapsed() {
			w.now = began.Add(w.wake)
		}
		w.step(tickInput{})
	}
	w.now = end
}

// dial opens a circuit.
func (w *world) dial(client string) *peer {
	w.t.Helper()
	p := &peer{w: w, id: connID(len(w.peers) + 1), pid: 0x1234}
	w.peers[p.id] = p
	w.step(openedInput{conn: p.id, client: client})
	return p
}

// logon dials and goes as far as a tree connect to DATA.
func (w *world) logon(client string) *peer {
	w.t.Helper()
	return w.logonVC(client, 0)
}

func (w *world) logonVC(client string, vc uint16) *peer {
	w.t.Helper()
	p := w.dial(client)
	p.want(nt.StatusSuccess, &smbwire.NegotiateRequest{Dialects: []string{smbwire.DialectNTLM012}})
	p.want(nt.StatusSuccess, setupRequest(vc), &smbwire.TreeConnectAndXRequest{
		Password: []byte{0}, Path: `\\SERVER\DATA`, Service: smbwire.ServiceAny,
	})
	return p
}

func setupRequest(vc uint16) *smbwire.SessionSetupNTRequest {
	return &smbwire.SessionSetupNTRequest{
		MaxBufferSize: 4356, MaxMpxCount: 50, VcNumber: vc, OEMPassword: []byte{0},
		Capabilities: smbwire.CapUnicode | smbwire.CapNTSMBs | smbwire.CapStatus32 | smbwire.CapLevelIIOplocks,
	}
}

// frame encodes a request with the identifiers that the peer has learned.
func (p *peer) frame(bodies ...smbwire.Body) []byte {
	p.w.t.Helper()
	p.mid++
	m := &smbwire.Message{
		Header: smbwire.Header{Flags2: clientFlags2, PID: p.pid, TID: p.tid, UID: p.uid, MID: p.mid}, Chain: bodies,
	}
	b, err := m.Append(nil)
	if err != nil {
		p.w.t.Fatal(err)
	}
	return b
}

// send sends a request and returns its MID.
func (p *peer) send(bodies ...smbwire.Body) smbwire.MID {
	p.w.t.Helper()
	p.w.step(frameInput{conn: p.id, frame: p.frame(bodies...)})
	return p.mid
}

// reply takes the reply to a request from the inbox, nil if it has not come.
func (p *peer) reply(mid smbwire.MID) *smbwire.Message {
	for i, m := range p.inbox {
		if m.Header.MID == mid && m.Header.IsReply() {
			p.inbox = append(p.inbox[:i:i], p.inbox[i+1:]...)
			return m
		}
	}
	return nil
}

// want sends a request that is answered at once with this status, learns what its
// header tells and returns the last body.
func (p *peer) want(st nt.Status, bodies ...smbwire.Body) smbwire.Body {
	p.w.t.Helper()
	return p.wantReply(p.send(bodies...), st)
}

func (p *peer) wantReply(mid smbwire.MID, st nt.Status) smbwire.Body {
	p.w.t.Helper()
	m := p.reply(mid)
	if m == nil {
		p.w.t.Fatalf("no reply to MID %d (hung up: %v)", mid, p.hung)
	}
	if got := m.Header.NTStatus(); got != st {
		p.w.t.Fatalf("%v: got %v, want %v", m.Header.Command, got, st)
	}
	if st == nt.StatusSuccess || st == nt.StatusMoreProcessingRequired {
		p.uid, p.tid = m.Header.UID, m.Header.TID
	}
	return m.Chain[len(m.Chain)-1]
}

// wantNone checks that a request has not been answered yet.
func (p *peer) wantNone(mid smbwire.MID) {
	p.w.t.Helper()
	if m := p.reply(mid); m != nil {
		p.w.t.Fatalf("MID %d was answered: %v", mid, m.Header.NTStatus())
	}
}

// wantBreak takes an oplock break from the inbox.
func (p *peer) wantBreak(fid smbwire.FID, to nt.OplockLevel) {
	p.w.t.Helper()
	for i, m := range p.inbox {
		r, ok := m.Chain[0].(*smbwire.LockingAndXRequest)
		if !ok {
			continue
		}
		p.inbox = append(p.inbox[:i:i], p.inbox[i+1:]...)
		if m.Header.MID != smbwire.BreakMID || r.FID != fid || r.BreakTo() != to || r.Type != smbwire.LockOplockRelease {
			p.w.t.Fatalf("got break MID %#x %+v, want %v to %v", m.Header.MID, r, fid, to)
		}
		return
	}
	p.w.t.Fatalf("no break of %v", fid)
}

// wantQuiet checks that nothing else has come.
func (p *peer) wantQuiet() {
	p.w.t.Helper()
	if len(p.inbox) > 0 {
		p.w.t.Fatalf("unasked: %v %+v", p.inbox[0].Header.Command, p.inbox[0].Chain[0])
	}
}

func (p *peer) ack(fid smbwire.FID, to nt.OplockLevel) {
	p.w.t.Helper()
	p.wantNone(p.send(smbwire.OplockBreak(fid, to)))
}

// create makes an NT_CREATE_ANDX: read and write, deny none, open or create.
func create(path string, change ...func(*smbwire.NTCreateAndXRequest)) *smbwire.NTCreateAndXRequest {
	r := &smbwire.NTCreateAndXRequest{
		DesiredAccess: nt.GenericRead | nt.GenericWrite, ShareAccess: nt.ShareRead | nt.ShareWrite,
		Disposition: nt.FileOpenIf, ImpersonationLevel: smbwire.ImpersonateSecurity, FileName: path,
	}
	for _, f := range change {
		f(r)
	}
	return r
}

func oplock(l nt.OplockLevel) func(*smbwire.NTCreateAndXRequest) {
	return func(r *smbwire.NTCreateAndXRequest) { r.Flags |= smbwire.OplockFlags(l) }
}

func access(a nt.AccessMask) func(*smbwire.NTCreateAndXRequest) {
	return func(r *smbwire.NTCreateAndXRequest) { r.DesiredAccess = a }
}

func sharing(s nt.ShareAccess) func(*smbwire.NTCreateAndXRequest) {
	return func(r *smbwire.NTCreateAndXRequest) { r.ShareAccess = s }
}

func disposition(d nt.Disposition) func(*smbwire.NTCreateAndXRequest) {
	return func(r *smbwire.NTCreateAndXRequest) { r.Disposition = d }
}

func options(o nt.CreateOptions) func(*smbwire.NTCreateAndXRequest) {
	return func(r *smbwire.NTCreateAndXRequest) { r.Options |= o }
}

// open opens and returns the FID; the level granted must be as wanted.
func (p *peer) open(want nt.OplockLevel, r *smbwire.NTCreateAndXRequest) smbwire.FID {
	p.w.t.Helper()
	return p.opened(p.send(r), want)
}

func (p *peer) opened(mid smbwire.MID, want nt.OplockLevel) smbwire.FID {
	p.w.t.Helper()
	out, ok := p.wantReply(mid, nt.StatusSuccess).(*smbwire.NTCreateAndXResponse)
	if !ok || out.Oplock != want {
		p.w.t.Fatalf("opened as %+v, want oplock %v", out, want)
	}
	return out.FID
}

func (p *peer) close(fid smbwire.FID) {
	p.w.t.Helper()
	p.want(nt.StatusSuccess, &smbwire.CloseRequest{FID: fid})
}

func (p *peer) write(fid smbwire.FID, off int64, data string) {
	p.w.t.Helper()
	p.want(nt.StatusSuccess, &smbwire.WriteAndXRequest{FID: fid, Wide: true, Offset: off, Data: []byte(data)})
}

func (p *peer) read(fid smbwire.FID, off int64, count int) string {
	p.w.t.Helper()
	r := &smbwire.ReadAndXRequest{FID: fid, Wide: true, Offset: off}
	r.SetCount(count)
	out, ok := p.want(nt.StatusSuccess, r).(*smbwire.ReadAndXResponse)
	if !ok {
		p.w.t.Fatal("no READ_ANDX response")
	}
	return string(out.Data)
}

func (p *peer) hangUp() {
	p.w.t.Helper()
	p.w.step(closedInput{conn: p.id, why: "the test hangs up"})
}

// memory leaves buffers to the garbage collector.
type memory struct{}

func (memory) Bytes(n int) []byte { return make([]byte, n) }
func (memory) Free([]byte)        {}
