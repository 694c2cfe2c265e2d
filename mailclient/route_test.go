package mailclient

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// chain is a line of postoffices PO0, PO1 and so on, each with a user of its own. Mail to
// any of them goes by the next one in its direction.
type chain struct {
	*world
	pos      []*memFS
	verdicts []string
}

func (w *world) chain(n int) *chain {
	c := &chain{world: w}
	for i := range n {
		fs := newMemFS()
		cfg := InitConfig{Network: "NET", PO: poName(i), Users: []string{userName(i)}}
		for j := range n {
			name := PostofficeName{"NET", poName(j)}
			switch {
			case j == i-1 || j == i+1:
				cfg.Externals = append(cfg.Externals, name)
			case j < i:
				cfg.Indirect = append(cfg.Indirect, Indirect{name, PostofficeName{"NET", poName(i - 1)}})
			case j > i:
				cfg.Indirect = append(cfg.Indirect, Indirect{name, PostofficeName{"NET", poName(i + 1)}})
			}
		}
		w.ok(Init(fs, cfg))
		c.pos = append(c.pos, fs)
	}
	return c
}

func poName(i int) string         { return fmt.Sprintf("PO%d", i) }
func userName(i int) string       { return fmt.Sprintf("USER%d", i) }
func userOf(i int) Address        { return Address{"NET", poName(i), userName(i)} }
func (c *chain) routed() []string { return append([]string{}, c.verdicts...) }

// senderTo makes the program that carries mail from one postoffice to a neighbour.
func (c *chain) senderTo(from, to int) *Sender {
	cfg := c.sendCfg
	cfg.Local, cfg.Remote, cfg.RemotePO = c.pos[from], c.pos[to], poName(to)
	s, err := NewSender(cfg)
	c.ok(err)
	return s
}

// deliverAt runs the Mailer of one postoffice.
func (c *chain) deliverAt(i int) {
	cfg := c.mailCfg
	cfg.PO = c.pos[i]
	cfg.OnVerdict = func(v Verdict) {
		c.verdicts = append(c.verdicts, fmt.Sprintf("%s %s%s", poName(i), v.Code, v.Reason))
		c.lastNDR(v.NDR)
	}
	m, err := NewMailer(cfg)
	c.ok(err)
	_, err = m.Cycle()
	c.ok(err)
}

func (c *chain) lastNDR(text string) { c.world.verdicts = append(c.world.verdicts, Verdict{NDR: text}) }

// Mail goes through the postoffices in between, which count its hops and write down the
// route; attachments and recipients come along.
//
// src: KB Q154783
func TestMailIsForwarded(t *testing.T) {
	inWorld(t, func(w *world) {
		c := w.chain(4)
		s := c.senderTo(0, 1)
		m := Message{
			From: userOf(0), To: []Address{userOf(3), userOf(1)}, Cc: []Address{userOf(2)}, Subject: "plan", FileSize: 9000,
			Attachments: []Attachment{{"A", []byte("attached")}},
		}
		r, err := s.Send(m)
		w.ok(err)
		c.deliverAt(1)
		for i := 1; i < 3; i++ {
			if r := c.senderTo(i, i+1).Run(); r.Told != ToldSuccess {
				t.Fatalf("from PO%d: %+v", i, r)
			}
			c.deliverAt(i + 1)
		}
		if diff := cmp.Diff(c.routed(), []string{"PO1 ", "PO2 ", "PO3 "}); diff != "" {
			t.Errorf("verdicts (-got +want):\n%s", diff)
		}
		for i := 1; i < 4; i++ {
			in := w.inbox(c.pos[i], userName(i))
			if whole, _ := in.Copies(r.Token); whole != 1 || len(in[0].Message.Attachments) != 1 {
				t.Fatalf("%s has %+v", userName(i), in)
			}
			route := []string{}
			for j := 1; j < i; j++ {
				route = append(route, "NET/"+poName(j))
			}
			got := append([]string{}, in[0].Message.Route...)
			if diff := cmp.Diff(got, route); diff != "" || int(in[0].Message.Hops) != hopCount-len(route) {
				t.Errorf("%s: %d hops left, route (-got +want):\n%s", userName(i), in[0].Message.Hops, diff)
			}
			if diff := cmp.Diff(w.findings(c.pos[i]), []string{}); diff != "" {
				t.Errorf("check of PO%d (-got +want):\n%s", i, diff)
			}
		}
	})
}

// The eleventh postoffice does not forward what came with ten hops.
//
// src: KB Q154783 (the NT client gives every message ten)
func TestHopCountExceeded(t *testing.T) {
	inWorld(t, func(w *world) {
		c := w.chain(13)
		_, err := c.senderTo(0, 1).Send(Message{From: userOf(0), To: []Address{userOf(12)}, Subject: "far", FileSize: 2000})
		w.ok(err)
		for i := 1; i < 12; i++ {
			c.deliverAt(i)
			if i < 11 {
				c.senderTo(i, i+1).Run()
			}
		}
		if got := c.verdicts[len(c.verdicts)-1]; got != "PO11 [003]ROUTE" || len(c.verdicts) != 11 {
			t.Errorf("verdicts %q", c.verdicts)
		}
		ndr := w.verdicts[len(w.verdicts)-1].NDR
		want := " [003] Message hop count exceeded.\r\n Message followed the following route:\r\n NET/PO1\r\n NET/PO2\r\n"
		if !strings.Contains(ndr, want) || !strings.Contains(ndr, " NET/PO10\r\n Mail item was not delivered to:\r\n   NET/PO12/USER12") {
			t.Errorf("NDR %q", ndr)
		}
	})
}

// Two postoffices that each think the other is the way.
//
// src: KB Q128627, Q162841
func TestCircularRoute(t *testing.T) {
	inWorld(t, func(w *world) {
		c := w.chain(3)
		// PO2 thinks that PO9 is behind PO1, and PO1 that it is behind PO2.
		for i, via := range map[int]int{0: 1, 1: 2, 2: 1} {
			dir, err := readDirectory(c.pos[i])
			w.ok(err)
			bag := dir.externals[0].ID
			for _, x := range dir.externals {
				if x.PO == poName(via) {
					bag = x.ID
				}
			}
			w.ok(writeFile(c.pos[i], netPOPath, createAnyway, encodeExternals(append(dir.externals, External{"NET", "PO9", bag}))))
		}
		_, err := c.senderTo(0, 1).Send(Message{From: userOf(0), To: []Address{{"NET", "PO9", "ZED"}}, Subject: "round", FileSize: 2000})
		w.ok(err)
		c.deliverAt(1)
		c.senderTo(1, 2).Run()
		c.deliverAt(2)
		c.senderTo(2, 1).Run()
		c.deliverAt(1)
		if diff := cmp.Diff(c.routed(), []string{"PO1 ", "PO2 ", "PO1 [004]ROUTE"}); diff != "" {
			t.Errorf("verdicts (-got +want):\n%s", diff)
		}
		if ndr := w.verdicts[2].NDR; !strings.Contains(ndr, " [004] Message circular route detected.\r\n") {
			t.Errorf("NDR %q", ndr)
		}
	})
}

// Mail to a group goes to its members, once to each; a group whose member file is gone is
// no group.
//
// src: KB Q117895
func TestGroups(t *testing.T) {
	tests := map[string]struct {
		change func(w *world, mem string)
		want   []string
		copies int
	}{
		"two members":       {func(*world, string) {}, []string{"delivered"}, 1},
		"no member here":    {func(w *world, mem string) { w.put(mem, nil) }, []string{"delivered"}, 0},
		"member file gone":  {func(w *world, mem string) { w.ok(w.remote.Delete(mem)) }, []string{"[007] MISSING"}, 0},
		"member file torn":  {func(w *world, mem string) { w.truncate(mem, 3) }, []string{"[007] SIZE"}, 0},
		"member has left":   {func(w *world, mem string) { w.put(mem, encodeMembers([]ID{1, 0x77})) }, []string{"[001] MISSING"}, 1},
		"GROUP.GLB is gone": {func(w *world, _ string) { w.ok(w.remote.Delete(groupPath)) }, []string{"[002] MISSING"}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.remote = newMemFS()
				w.wire.fs, w.mailCfg.PO = w.remote, w.remote
				w.ok(Init(w.remote, InitConfig{
					Network: "NET", PO: "BRANCH", Users: []string{"BOB", "CYD"}, Externals: []PostofficeName{{"NET", "HQ"}},
					Groups: []GroupConfig{{"STAFF", []string{"bob", "CYD"}}},
				}))
				if diff := cmp.Diff(w.findings(w.remote), []string{}); diff != "" {
					t.Fatalf("check (-got +want):\n%s", diff)
				}
				tt.change(w, memPath(4))
				m := w.message()
				m.To = []Address{{"NET", "BRANCH", "Staff"}, {"NET", "BRANCH", "STAFF"}}
				r := w.send(m)
				w.cycle()
				w.wantCodes(tt.want...)
				w.wantCopies(r.Token, tt.copies, 0)
			})
		})
	}
}

// A running Mailer hears of a new user through FLAG.GLB.
//
// src: KB Q103421, Q132059
func TestNewUser(t *testing.T) {
	for _, told := range []bool{false, true} {
		inWorld(t, func(w *world) {
			m := w.message()
			m.To = []Address{{"NET", "BRANCH", "EVE"}}
			w.send(m)
			w.cycle()
			flag := string(w.remote.files[flagPath].data)
			w.ok(AddUser(w.remote, "EVE"))
			if !told {
				w.put(flagPath, []byte(flag))
			}
			w.send(m)
			w.cycle()
			want := map[bool]string{false: "[002] MISSING", true: "delivered"}[told]
			w.wantCodes("[002] MISSING", want)
			if diff := cmp.Diff(w.findings(w.remote), []string{}); diff != "" {
				t.Errorf("check (-got +want):\n%s", diff)
			}
		})
	}
}

// diskFS knows how much room is left.
type diskFS struct {
	FS
	free int64
}

func (d *diskFS) FreeSpace() (int64, error) { return d.free, nil }

// Below 100 KB nothing is delivered, and every cycle looks again.
//
// src: KB Q111558
func TestFullDisk(t *testing.T) {
	inWorld(t, func(w *world) {
		disk := &diskFS{FS: w.remote, free: 100<<10 - 1}
		w.mailCfg.PO = disk
		w.send(w.message())
		if r := w.cycle(); r.Status != DriveFull || r.Live != 0 {
			t.Errorf("report %+v, want FULL", r)
		}
		disk.free++
		if r := w.cycle(); r.Status != DriveOK {
			t.Errorf("report %+v, want OK", r)
		}
		w.wantCodes("delivered")
	})
}

// What the sender's postoffice itself has to say about a message.
//
// src: KB Q173203, Q131852, Q136004, Q118675
func TestSenderRefuses(t *testing.T) {
	tests := map[string]struct {
		change   func(w *world, m *Message)
		damage   func(w *world)
		attempts int
		want     string // in the NDR
	}{
		"useful life of an urgent message over": {func(w *world, m *Message) {
			m.Priority = 1
			w.wire.down = true
			w.sendCfg.Retries = 100
		}, nil, 25, " [006] Useful life exceeded sending to NET /BRANCH\r\n Mail item was not delivered to:\r\n   NET/BRANCH/BOB"},
		"useful life over": {func(w *world, _ *Message) {
			w.wire.down = true
			w.sendCfg.Retries, w.sendCfg.Cycle = 100, time.Hour
		}, nil, 25, " [006] Useful life exceeded sending to NET /BRANCH"},
		"larger than MaxLanMailSize": {func(w *world, m *Message) {
			w.sendCfg.MaxLanMailSize = 20
			m.Attachments = []Attachment{{"A", make([]byte, 1000)}}
		}, nil, 1, " [009] Mail maximum size exceeded sending to: NET /BRANCH"},
		"message file gone": {
			nil, func(w *world) { w.ok(w.local.Delete(MAIPath(1))) }, 4,
			" [005] Mail retry count exceeded sending to: NET /BRANCH\r\n" +
				" [016] Message was not sent due to missing message file.\r\n Missing file is MAI\\MA1\\00000001.MAI.",
		},
		"attachment gone": {
			func(_ *world, m *Message) { m.Attachments = []Attachment{{"A", nil}} },
			func(w *world) { w.ok(w.local.Delete(ATTPath(1))) }, 4,
			" [005] Mail retry count exceeded sending to: NET /BRANCH\r\n" +
				" [018] Message was not sent due to missing attachment.\r\n Missing file is ATT\\AT1\\00000001.ATT.",
		},
		"message file damaged": {
			nil, func(w *world) { w.local.files[MAIPath(1)].data = nil }, 4,
			" [005] Mail retry count exceeded sending to: NET /BRANCH\r\n [023] Message was not delivered: message file was corrupted.",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.k.Sleep(30 * time.Second) // not a whole minute
				m := w.message()
				if tt.change != nil {
					tt.change(w, &m)
				}
				s, err := NewSender(w.sendCfg)
				w.ok(err)
				_, err = s.Submit(m)
				w.ok(err)
				if tt.damage != nil {
					tt.damage(w)
				}
				r := s.Run()
				if !strings.Contains(r.NDR, tt.want) || r.Attempts != tt.attempts || r.Told != ToldError {
					t.Errorf("after %d attempts, %v: %s", r.Attempts, r.Told, r.NDR)
				}
				in := w.inbox(w.local, "ANN")
				if len(in) != 1 || in[0].Message == nil || in[0].Message.Subject != "Mail failure" {
					t.Errorf("Ann has %+v", in)
				}
			})
		})
	}
}
