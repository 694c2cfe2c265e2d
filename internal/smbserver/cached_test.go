package smbserver

import (
	"fmt"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// A file that its client closed while it had an oplock on it is still open at the
// server. src: KB Q124916
func TestCachedOpens(t *testing.T) {
	denyWrite := sharing(nt.ShareRead)
	for name, row := range map[string]struct {
		limit  int
		level  nt.OplockLevel
		first  func(*smbwire.NTCreateAndXRequest)
		second func(*smbwire.NTCreateAndXRequest)
		own    nt.Status // what the same client gets
		other  nt.Status // what another client gets
	}{
		"exclusive, deny-write: a sharing violation": {5, nt.OplockExclusive, denyWrite, func(*smbwire.NTCreateAndXRequest) {}, 0, nt.StatusSharingViolation},
		"exclusive, share modes go together":         {5, nt.OplockExclusive, sharing(shareAll), func(*smbwire.NTCreateAndXRequest) {}, 0, 0},
		"batch: the server lets go":                  {5, nt.OplockBatch, denyWrite, func(*smbwire.NTCreateAndXRequest) {}, 0, 0},
		"no oplock: nothing is kept":                 {5, nt.OplockNone, denyWrite, func(*smbwire.NTCreateAndXRequest) {}, 0, 0},
		"CachedOpenLimit 0":                          {0, nt.OplockExclusive, denyWrite, func(*smbwire.NTCreateAndXRequest) {}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			for _, own := range []bool{true, false} {
				w := newWorld(t, noRetries, func(c *Config) { c.CachedOpenLimit = row.limit })
				p := w.logon("WS1")
				p.close(p.open(row.level, create("F", oplock(row.level), row.first)))
				if _, opens := w.core.fileState("DATA", "F"); opens != 0 || len(w.closed) != 1 {
					t.Errorf("%d opens, %d closed", opens, len(w.closed))
				}
				second, want := p, row.own
				if !own {
					second, want = w.logon("WS2"), row.other
				}
				second.want(want, create("F", row.second))
				w.settled()
			}
		})
	}
}

func TestCachedOpensEndWithTheirOwner(t *testing.T) {
	keep := func(p *peer, path string) {
		p.close(p.open(nt.OplockExclusive, create(path, oplock(nt.OplockExclusive), sharing(0))))
	}
	for name, end := range map[string]func(w *world, p *peer){
		"the circuit is lost":      func(_ *world, p *peer) { p.hangUp() },
		"the tree is disconnected": func(_ *world, p *peer) { p.want(nt.StatusSuccess, &smbwire.TreeDisconnectRequest{}) },
		"the client logs off":      func(_ *world, p *peer) { p.want(nt.StatusSuccess, &smbwire.LogoffAndXRequest{}) },
		"it closes more than CachedOpenLimit": func(_ *world, p *peer) {
			for i := range 5 {
				keep(p, fmt.Sprint(i))
			}
		},
		"it is idle": func(w *world, _ *peer) { w.sleep(16 * time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, noRetries)
			p := w.logon("WS1")
			keep(p, "F")
			w.logon("WS2").want(nt.StatusSharingViolation, create("F"))
			end(w, p)
			w.logon("WS3").want(nt.StatusSuccess, create("F"))
			w.settled()
		})
	}
}

// The owner of a cached open can delete and rename the file.
func TestCachedOpensMakeWayForTheirOwner(t *testing.T) {
	w := newWorld(t, noRetries)
	p, other := w.logon("WS1"), w.logon("WS2")
	for _, path := range []string{"A", "B"} {
		p.close(p.open(nt.OplockExclusive, create(path, oplock(nt.OplockExclusive))))
		other.want(nt.StatusSharingViolation, &smbwire.DeleteRequest{FileName: path})
	}
	p.want(nt.StatusSuccess, &smbwire.DeleteRequest{FileName: "A"})
	p.want(nt.StatusSuccess, &smbwire.RenameRequest{OldFileName: "B", NewFileName: "C"})
	other.want(nt.StatusSuccess, &smbwire.DeleteRequest{FileName: "C"})
	w.settled()
}

// A close that answers a break closes.
func TestACloseThatAnswersABreakIsNotCached(t *testing.T) {
	w := newWorld(t, noRetries)
	p, other := w.logon("WS1"), w.logon("WS2")
	fid := p.open(nt.OplockExclusive, create("F", oplock(nt.OplockExclusive)))
	mid := other.send(create("F"))
	p.wantBreak(fid, nt.OplockLevelII)
	p.close(fid)
	other.opened(mid, nt.OplockNone)
	w.settled()
}

func TestSoftCompatibility(t *testing.T) {
	for soft, want := range map[bool]nt.Status{true: nt.StatusSuccess, false: nt.StatusSharingViolation} {
		w := newWorld(t, noRetries, func(c *Config) { c.EnableSoftCompat = soft })
		if err := w.vol.WriteFile("F", nil); err != nil {
			t.Fatal(err)
		}
		w.logon("WS1").want(nt.StatusSuccess, &smbwire.OpenRequest{FileName: "F"})
		w.logon("WS2").want(want, &smbwire.OpenRequest{FileName: "F"})
	}
}
