package smb1client

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// withRaw logs on to a peer with raw mode that serves opens by itself, and hands the
// test a tree and an open file that has a batch oplock.
func withRaw(t *testing.T, k *simrt.Kernel, serve func(p *peer, req *smbwire.Message)) (*peer, *Tree, FileHandle) {
	t.Helper()
	p, conn := newPeer(t, k, func(p *peer, req *smbwire.Message) {
		switch req.Chain[0].(type) {
		case *smbwire.NTCreateAndXRequest:
			p.created(req, 0x801)
		case *smbwire.CloseRequest:
			p.reply(req, &smbwire.CloseResponse{})
		default:
			serve(p, req)
		}
	})
	p.welcome.Capabilities |= smbwire.CapRawMode | smbwire.CapLockAndRead
	p.welcome.MaxRawSize = 65536
	tree := logon(t, conn, Options{Runtime: k})
	return p, tree, mustCreate(t, tree, "F")
}

func TestReadRaw(t *testing.T) {
	data := bytes.Repeat([]byte("raw"), 20000)
	for name, row := range map[string]struct {
		want    int
		block   []byte
		n       int
		err     error
		circuit error // why it is down afterwards
	}{
		"all of it":                    {len(data), data, len(data), nil, nil},
		"end of file":                  {60000, data[:100], 100, io.EOF, nil},
		"nothing: end or error":        {60000, nil, 0, nt.StatusSMBUseStandard, nil},
		"the block looks like a reply": {60000, []byte("\xffSMB\x2e" + string(make([]byte, 60))), 65, io.EOF, nil},
		"more than was asked for":      {100, data, 0, nt.StatusInvalidNetworkResponse, nt.StatusInvalidNetworkResponse},
	} {
		t.Run(name, func(t *testing.T) {
			inSim(t, func(k *simrt.Kernel) {
				_, tree, h := withRaw(t, k, func(p *peer, _ *smbwire.Message) { p.raw(row.block) })
				buf := make([]byte, row.want)
				n, err := tree.ReadRaw(h, buf, 5)
				if n != row.n || !errors.Is(err, row.err) || !bytes.Equal(buf[:n], row.block[:n]) {
					t.Errorf("%d bytes, %v; want %d, %v", n, err, row.n, row.err)
				}
				if err := tree.Err(); !errors.Is(err, row.circuit) {
					t.Errorf("the circuit: %v, want %v", err, row.circuit)
				}
				closeClient(t, tree)
			})
		})
	}
}

// A break that crosses a READ_RAW is answered once the raw read is over.
// src: [MS-CIFS] §3.2.5.16
func TestBreakCrossesReadRaw(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		var asked *smbwire.Message
		p, tree, h := withRaw(t, k, func(p *peer, req *smbwire.Message) {
			if req.Header.Command == smbwire.CmdReadRaw {
				asked = req
				p.breakOplock(0x801, nt.OplockNone)
				p.rt.AfterFunc(time.Second, func() { p.rt.Go("late", func() { p.raw(nil) }) })
			}
		})
		_, err := tree.ReadRaw(h, make([]byte, 51), 0)
		k.Sleep(time.Second)
		if !errors.Is(err, nt.StatusSMBUseStandard) || asked == nil {
			t.Errorf("raw read: %v", err)
		}
		want := []string{"NT_CREATE_ANDX", "READ_RAW", "LOCKING_ANDX"}
		if got := p.commands(4); !cmp.Equal(got, want) {
			t.Errorf("requests %v, want %v", got, want)
		}
		closeClient(t, tree)
	})
}

// A break of a file that is being closed crosses a raw read of another, which keeps the
// CLOSE waiting: it is a break all the same, and no data.
// src: [MS-CIFS] §3.2.5.16
func TestBreakOfAFileBeingClosedCrossesReadRaw(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		var closing FileHandle
		var closer *Tree
		_, tree, h := withRaw(t, k, func(p *peer, req *smbwire.Message) {
			if req.Header.Command == smbwire.CmdReadRaw {
				p.rt.Go("close", func() {
					if err := closer.Close(closing, 0); err != nil {
						t.Errorf("close: %v", err)
					}
				})
				p.rt.AfterFunc(time.Second, func() {
					p.rt.Go("late", func() {
						p.breakOplock(0x801, nt.OplockNone)
						p.raw([]byte("data"))
					})
				})
			}
		})
		closing, closer = h, tree
		buf := make([]byte, 51)
		n, err := tree.ReadRaw(h, buf, 0)
		if n != 4 || !errors.Is(err, io.EOF) || string(buf[:4]) != "data" {
			t.Errorf("raw read: %d bytes, %v", n, err)
		}
		k.Sleep(time.Second)
		if err := tree.Err(); err != nil {
			t.Errorf("the circuit: %v", err)
		}
		closeClient(t, tree)
	})
}

// Data that is not a break for a file with an oplock is data.
func TestReadRawOfWhatLooksLikeABreak(t *testing.T) {
	forged, err := (&smbwire.Message{
		Header: smbwire.Header{MID: smbwire.BreakMID}, Chain: []smbwire.Body{smbwire.OplockBreak(0x999, 0)},
	}).Append(nil)
	if err != nil || len(forged) != breakSize {
		t.Fatalf("%d bytes, %v", len(forged), err)
	}
	inSim(t, func(k *simrt.Kernel) {
		_, tree, h := withRaw(t, k, func(p *peer, _ *smbwire.Message) { p.raw(forged) })
		buf := make([]byte, breakSize)
		if n, err := tree.ReadRaw(h, buf, 0); err != nil || !bytes.Equal(buf[:n], forged) {
			t.Errorf("%d bytes, %v", n, err)
		}
		closeClient(t, tree)
	})
}

func TestWriteRaw(t *testing.T) {
	data := bytes.Repeat([]byte("raw"), 20000)
	complete := func(st nt.Status, count int) func(p *peer, req *smbwire.Message) {
		return func(p *peer, req *smbwire.Message) {
			p.send(&smbwire.Message{
				Header: req.Header.Reply(st), Chain: []smbwire.Body{&smbwire.WriteCompleteResponse{Count: uint16(count)}},
			})
		}
	}
	goOn := func(p *peer, req *smbwire.Message) { p.reply(req, &smbwire.WriteRawInterimResponse{Available: 0xFFFF}) }
	for name, row := range map[string]struct {
		mode    nt.WriteMode
		interim func(p *peer, req *smbwire.Message)
		final   func(p *peer, req *smbwire.Message)
		n       int
		err     error
	}{
		"write-behind": {0, goOn, nil, len(data), nil},
		"interim without its bit": {0, func(p *peer, req *smbwire.Message) {
			b, err := (&smbwire.Message{
				Header: req.Header.Reply(0), Chain: []smbwire.Body{&smbwire.WriteRawInterimResponse{Available: 0xFFFF}},
			}).Append(nil)
			if err != nil {
				t.Error(err)
			}
			b[offFlags] &^= byte(smbwire.FlagReply)
			p.raw(b)
		}, nil, len(data), nil},
		"write-through": {nt.WriteModeThrough, goOn, complete(0, len(data)), len(data), nil},
		"write-through, as Samba ends it": {nt.WriteModeThrough, goOn, func(p *peer, req *smbwire.Message) {
			p.reply(req, &smbwire.WriteRawInterimResponse{Available: 60000})
		}, 60000, nil},
		"interim is nonsense": {
			0, func(p *peer, req *smbwire.Message) { p.reply(req, &smbwire.FlushResponse{}) }, nil, 0, nt.StatusInvalidNetworkResponse,
		},
		"write-through, disk full":   {nt.WriteModeThrough, goOn, complete(0, 0), 0, nt.StatusDiskFull},
		"write-through, error":       {nt.WriteModeThrough, goOn, complete(nt.StatusDiskFull, 4096), 4096, nt.StatusDiskFull},
		"write-through, too many":    {nt.WriteModeThrough, goOn, complete(0, 65535), 0, nt.StatusInvalidNetworkResponse},
		"declined, inline written":   {0, complete(nt.StatusSMBUseStandard, 100), nil, 100, nt.StatusSMBUseStandard},
		"declined, more than inline": {0, complete(nt.StatusSMBUseStandard, 101), nil, 0, nt.StatusInvalidNetworkResponse},
		"refused without a count": {
			0, func(p *peer, req *smbwire.Message) { p.fail(req, nt.StatusFileLockConflict) }, nil, 0, nt.StatusFileLockConflict,
		},
	} {
		t.Run(name, func(t *testing.T) {
			inSim(t, func(k *simrt.Kernel) {
				p, tree, h := withRaw(t, k, func(p *peer, req *smbwire.Message) {
					if w, ok := req.Chain[0].(*smbwire.WriteRawRequest); !ok || !bytes.Equal(w.Data, data[:100]) {
						t.Errorf("request %+v", req.Chain[0])
					}
					p.nextRaw = true
					row.interim(p, req)
					if row.final != nil {
						p.afterRaw = func() { row.final(p, req) }
					}
				})
				n, err := tree.WriteRaw(h, data, 5, row.mode, 100)
				if n != row.n || !errors.Is(err, row.err) {
					t.Errorf("%d bytes, %v; want %d, %v", n, err, row.n, row.err)
				}
				k.Sleep(time.Second)
				if got := len(p.block); err == nil && got != len(data)-100 {
					t.Errorf("the block had %d bytes", got)
				}
				closeClient(t, tree)
			})
		})
	}
}

// Raw needs the circuit for itself: with a long-term request outstanding nothing is
// sent. src: [MS-CIFS] §3.2.4.14.1; KB Q123819
func TestRawRefusedBesideAnotherRequest(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		p, tree, h := withRaw(t, k, func(p *peer, req *smbwire.Message) {
			if req.Header.Command == smbwire.CmdNTCancel {
				p.fail(p.waiting, nt.StatusCancelled)
				return
			}
			p.waiting = req
		})
		k.Go("watch", func() {
			if _, err := tree.NotifyChange(h, NotifyFileName, false); !errors.Is(err, nt.StatusCancelled) {
				t.Errorf("notify: %v", err)
			}
		})
		k.Sleep(time.Hour) // a long-term request has no timer
		before := len(p.requests)
		_, rerr := tree.ReadRaw(h, make([]byte, 9000), 0)
		_, werr := tree.WriteRaw(h, make([]byte, 9000), 0, 0, 0)
		if !errors.Is(rerr, nt.StatusSMBUseStandard) || !errors.Is(werr, nt.StatusSMBUseStandard) || len(p.requests) != before {
			t.Errorf("read %v, write %v, %d requests", rerr, werr, len(p.requests)-before)
		}
		if err := tree.CancelWaits(h); err != nil {
			t.Error(err)
		}
		k.Sleep(time.Second)
		closeClient(t, tree)
	})
}

// While a raw exchange runs nothing else is sent, not even what needs no permit.
// src: KB Q151996
func TestRawLocksTheCircuit(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		p, tree, h := withRaw(t, k, func(p *peer, req *smbwire.Message) {
			if req.Header.Command == smbwire.CmdReadRaw {
				p.rt.AfterFunc(10*time.Second, func() { p.rt.Go("slow", func() { p.raw([]byte("data")) }) })
				return
			}
			p.reply(req, &smbwire.FlushResponse{})
		})
		var at []time.Duration
		start := k.Now()
		note := func() { at = append(at, k.Now().Sub(start)) }
		k.Go("raw", func() {
			if n, err := tree.ReadRaw(h, make([]byte, 4), 0); n != 4 || err != nil {
				t.Errorf("raw: %d, %v", n, err)
			}
		})
		k.Sleep(time.Second)
		k.Go("ack", func() { _ = tree.AckBreak(h, 0); note() })
		if err := tree.Flush(h); err != nil {
			t.Error(err)
		}
		note()
		k.Sleep(time.Second)
		if len(at) != 2 || at[0] < 10*time.Second || at[1] < 10*time.Second {
			t.Errorf("sent at %v, with %v", at, p.commands(5))
		}
		closeClient(t, tree)
	})
}
