package smbserver

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// readRaw sends a READ_RAW and returns the block that answers it.
func (p *peer) readRaw(fid smbwire.FID, off int64, count uint16) string {
	p.w.t.Helper()
	p.blocks = nil
	p.wantNone(p.send(&smbwire.ReadRawRequest{FID: fid, Wide: true, Offset: off, MaxCount: count}))
	if len(p.blocks) != 1 {
		p.w.t.Fatalf("%d blocks", len(p.blocks))
	}
	return p.blocks[0]
}

func (p *peer) block(data string) {
	p.w.t.Helper()
	p.w.step(frameInput{conn: p.id, frame: []byte(data)})
}

// complete takes the final response of a raw write.
func (p *peer) complete(mid smbwire.MID, st nt.Status, count uint16) {
	p.w.t.Helper()
	m := p.reply(mid)
	if m == nil {
		p.w.t.Fatalf("no final response")
	}
	got, ok := m.Chain[0].(*smbwire.WriteCompleteResponse)
	if !ok || m.Header.Command != smbwire.CmdWriteComplete || m.Header.NTStatus() != st || got.Count != count {
		p.w.t.Fatalf("final response %v %v %+v, want %v, %d", m.Header.Command, m.Header.NTStatus(), m.Chain[0], st, count)
	}
}

func TestReadRawAnswersWithDataOrNothing(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*Config)
		access nt.AccessMask
		off    int64
		count  uint16
		story  func(w *world, p *peer, fid smbwire.FID)
		want   string
	}{
		"data":              {nil, nt.GenericRead, 2, 3, nil, "llo"},
		"short at the end":  {nil, nt.GenericRead, 3, 100, nil, "lo"},
		"beyond the end":    {nil, nt.GenericRead, 9, 100, nil, ""},
		"no right to read":  {nil, nt.GenericWrite, 0, 5, nil, ""},
		"raw is off":        {func(c *Config) { c.EnableRaw = false }, nt.GenericRead, 0, 5, nil, ""},
		"no raw work items": {func(c *Config) { c.RawWorkItems = 0 }, nt.GenericRead, 0, 5, nil, ""},
		"MaxRawBufLen":      {func(c *Config) { c.MaxRawBufLen = 4 }, nt.GenericRead, 0, 5, nil, "hell"},
		"locked by another": {nil, nt.GenericRead, 0, 5, func(w *world, _ *peer, _ smbwire.FID) {
			o := w.logon("WS2")
			o.want(nt.StatusSuccess, &smbwire.LockByteRangeRequest{FID: o.open(nt.OplockNone, create("F")), Offset: 4, Count: 1})
		}, ""},
		"a break is on its way": {nil, nt.GenericRead, 0, 5, func(w *world, p *peer, _ smbwire.FID) {
			held := p.open(nt.OplockBatch, create("held", oplock(nt.OplockBatch)))
			w.logon("WS2").send(create("held"))
			p.wantBreak(held, nt.OplockLevelII)
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var changes []func(*Config)
			if row.change != nil {
				changes = append(changes, row.change)
			}
			w := newWorld(t, changes...)
			if err := w.vol.WriteFile("F", []byte("hello")); err != nil {
				t.Fatal(err)
			}
			p := w.logon("WS1")
			fid := p.open(nt.OplockNone, create("F", access(row.access)))
			if row.story != nil {
				row.story(w, p, fid)
			}
			if got := p.readRaw(fid, row.off, row.count); got != row.want {
				t.Errorf("%q, want %q", got, row.want)
			}
			if got := p.readRaw(fid+9, 0, 1); got != "" { // no such FID
				t.Errorf("%q", got)
			}
		})
	}
}

func rawRequest(fid smbwire.FID, count int, mode nt.WriteMode, inline string) *smbwire.WriteRawRequest {
	return &smbwire.WriteRawRequest{FID: fid, Wide: true, Count: uint16(count), WriteMode: mode, Data: []byte(inline)}
}

func TestWriteRawDialogue(t *testing.T) {
	w := newWorld(t)
	p := w.logon("WS1")
	fid := p.open(nt.OplockNone, create("F"))

	p.want(nt.StatusSuccess, rawRequest(fid, 10, 0, "head ")) // the interim response
	p.block("block")
	p.wantQuiet()
	if got := p.read(fid, 0, 99); got != "head block" {
		t.Errorf("%q", got)
	}

	mid := p.send(rawRequest(fid, 6, nt.WriteModeThrough, ""))
	p.wantReply(mid, nt.StatusSuccess)
	p.block("\xffSMBx") // what looks like a message and is shorter than announced
	p.complete(mid, nt.StatusSuccess, 5)
	if got := p.read(fid, 0, 99); got != "\xffSMBxblock" {
		t.Errorf("%q", got)
	}

	p.want(nt.StatusSuccess, rawRequest(fid, 6, 0, ""))
	p.block("longer than announced")
	if !p.hung {
		t.Error("a block that is too long is taken")
	}
	w.settled()
}

// Every way in which a raw write does not get as far as its block ends with a final
// response that says how much was written. src: [MS-CIFS] §3.3.5.26
func TestWriteRawDeclined(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*Config)
		req    func(fid smbwire.FID) *smbwire.WriteRawRequest
		st     nt.Status
		count  uint16
	}{
		"no work item": {
			func(c *Config) { c.RawWorkItems = 0 },
			func(fid smbwire.FID) *smbwire.WriteRawRequest { return rawRequest(fid, 10, 0, "head ") }, nt.StatusSMBUseStandard, 5,
		},
		"raw is off": {
			func(c *Config) { c.EnableRaw = false },
			func(fid smbwire.FID) *smbwire.WriteRawRequest { return rawRequest(fid, 10, 0, "head ") }, nt.StatusSMBUseStandard, 0,
		},
		"no such FID": {
			func(*Config) {},
			func(fid smbwire.FID) *smbwire.WriteRawRequest { return rawRequest(fid+1, 10, 0, "head ") }, nt.StatusInvalidHandle, 0,
		},
		"more inline than in all": {
			func(*Config) {},
			func(fid smbwire.FID) *smbwire.WriteRawRequest { return rawRequest(fid, 3, 0, "head ") }, nt.StatusInvalidParameter, 0,
		},
		"more than MaxRawBufLen": {
			func(c *Config) { c.MaxRawBufLen = 9 },
			func(fid smbwire.FID) *smbwire.WriteRawRequest { return rawRequest(fid, 10, 0, "") }, nt.StatusSMBUseStandard, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, row.change)
			p := w.logon("WS1")
			fid := p.open(nt.OplockNone, create("F"))
			p.complete(p.send(row.req(fid)), row.st, row.count)
			p.write(fid, 0, "the circuit is free")
		})
	}
}

// Raw work items belong to the server: a client that has announced a block keeps
// another from using raw mode. src: KB Q146005
func TestRawWorkItemsRunOut(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.RawWorkItems = 1 })
	a, b := w.logon("WS1"), w.logon("WS2")
	fa, fb := a.open(nt.OplockNone, create("A")), b.open(nt.OplockNone, create("B"))
	a.want(nt.StatusSuccess, rawRequest(fa, 5, 0, ""))
	b.complete(b.send(rawRequest(fb, 5, 0, "")), nt.StatusSMBUseStandard, 0)
	a.hangUp()
	b.want(nt.StatusSuccess, rawRequest(fb, 5, 0, ""))
	b.block("hello")
	w.settled()
	if w.core.rawRejected != 1 {
		t.Errorf("%d rejected", w.core.rawRejected)
	}
}

// The error of a raw write without write-through comes with the next use of the FID,
// once. src: [MS-CIFS] §3.2.5.18
func TestErrorOfARawWriteComesLater(t *testing.T) {
	for name, next := range map[string]func(p *peer, fid smbwire.FID){
		"a read": func(p *peer, fid smbwire.FID) {
			p.want(nt.StatusDiskFull, &smbwire.ReadAndXRequest{FID: fid, MaxCount: 1})
			p.read(fid, 0, 1)
		},
		"a seek": func(p *peer, fid smbwire.FID) {
			p.want(nt.StatusDiskFull, &smbwire.SeekRequest{FID: fid})
			p.want(nt.StatusSuccess, &smbwire.SeekRequest{FID: fid})
		},
		"a close, which closes": func(p *peer, fid smbwire.FID) {
			p.want(nt.StatusDiskFull, &smbwire.CloseRequest{FID: fid})
			p.want(nt.StatusInvalidHandle, &smbwire.CloseRequest{FID: fid})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := w.logon("WS1")
			fid := p.open(nt.OplockNone, create("F"))
			p.want(nt.StatusSuccess, rawRequest(fid, 10, 0, ""))
			w.vol.SetCapacity(3)
			p.block("0123456789")
			p.wantQuiet()
			next(p, fid)
		})
	}
}

func TestSlowLinksGetNeitherRawNorOplocks(t *testing.T) {
	for name, row := range map[string]struct {
		in   openedInput
		slow bool
	}{
		"unknown":             {openedInput{}, false},
		"fast":                {openedInput{speed: 3600, delay: time.Minute}, false},
		"below throughput":    {openedInput{speed: 3599}, true},
		"beyond MaxLinkDelay": {openedInput{delay: time.Minute + 1}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *Config) { c.MinLinkThroughput = 3600 })
			p := &peer{w: w, id: 1}
			w.peers[1] = p
			row.in.conn = 1
			w.step(row.in)
			out, _ := p.want(nt.StatusSuccess, &smbwire.NegotiateRequest{Dialects: []string{smbwire.DialectNTLM012}}).(*smbwire.NegotiateNTResponse)
			p.want(nt.StatusSuccess, setupRequest(0), &smbwire.TreeConnectAndXRequest{
				Password: []byte{0}, Path: `\\SERVER\DATA`, Service: smbwire.ServiceAny,
			})
			want := nt.OplockBatch
			if row.slow {
				want = nt.OplockNone
			}
			p.open(want, create("F", oplock(nt.OplockBatch)))
			if got := out.Capabilities&smbwire.CapRawMode == 0; got != row.slow {
				t.Errorf("no raw mode: %v", got)
			}
		})
	}
}

func TestSlowServer(t *testing.T) {
	w := newWorld(t)
	p := w.logon("WS1")
	w.core.faults.Delay = 7 * time.Second
	a, b := p.send(create("A")), p.send(create("B"))
	w.sleep(7*time.Second - 1)
	p.wantNone(a)
	w.sleep(1)
	fids := []smbwire.FID{p.opened(a, nt.OplockNone), p.opened(b, nt.OplockNone)}
	if diff := cmp.Diff(fids, []smbwire.FID{firstFID, firstFID + 1}); diff != "" {
		t.Error(diff)
	}
}

// A request that was taken up late waits for as long as it asked to, like any other.
func TestSlowServerAndRequestsThatWait(t *testing.T) {
	w := newWorld(t)
	p, other := w.logon("WS1"), w.logon("WS2")
	held, fid := other.open(nt.OplockNone, create("F")), p.open(nt.OplockNone, create("F"))
	dir := p.open(nt.OplockNone, create("", directory()))
	other.want(nt.StatusSuccess, lockRequest(held, 5, 0))
	w.core.faults.Delay = time.Second
	lock, change := p.send(lockRequest(fid, 5, -time.Millisecond)), p.send(notifyRequest(dir, nt.NotifyFileName, false))
	w.sleep(time.Hour)
	p.wantNone(lock)
	p.wantNone(change)
	w.core.faults.Delay = 0
	other.want(nt.StatusSuccess, unlockRequest(held, 5))
	other.open(nt.OplockNone, create("G"))
	p.wantReply(lock, nt.StatusSuccess)
	p.wantChanges(change, nt.Change{Action: nt.NotifyAdded, Name: "G"})
}

// A client that does not wait for the interim response gets one raw write at a time.
func TestSlowServerAndRawWritesAtOnce(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.RawWorkItems = 2 })
	p := w.logon("WS1")
	fid := p.open(nt.OplockNone, create("F"))
	w.core.faults.Delay = time.Second
	first, second := p.send(rawRequest(fid, 5, 0, "")), p.send(rawRequest(fid, 5, 0, ""))
	w.sleep(time.Second)
	p.wantReply(first, nt.StatusSuccess)
	p.complete(second, nt.StatusSMBUseStandard, 0)
	p.hangUp()
	if w.core.rawItems != 0 {
		t.Errorf("%d raw work items are lost", w.core.rawItems)
	}
}

func TestRawCarries65535Bytes(t *testing.T) {
	w := newWorld(t)
	p := w.logon("WS1")
	fid := p.open(nt.OplockNone, create("F"))
	data := strings.Repeat("x", 65535)
	p.want(nt.StatusSuccess, rawRequest(fid, 65535, 0, ""))
	p.block(data)
	if got := p.readRaw(fid, 0, 65535); got != data {
		t.Errorf("%d bytes", len(got))
	}
}
