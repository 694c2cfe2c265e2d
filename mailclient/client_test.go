package mailclient

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// bobsClient is a client of BRANCH on its own way to the postoffice.
func (w *world) bobsClient(way FS, change func(*ClientConfig)) *Client {
	w.t.Helper()
	cfg := DefaultClientConfig()
	cfg.Runtime, cfg.PO, cfg.Trace = w.k, way, w.rec.Actor("client")
	if change != nil {
		change(&cfg)
	}
	c, err := NewClient(cfg)
	w.ok(err)
	return c
}

func (w *world) localMessage() Message {
	m := w.message()
	m.From, m.To, m.Cc = bob, []Address{cyd}, []Address{bob}
	return m
}

// Mail within a postoffice: names from CONTROL.GLB, attachments before the message file,
// then each mailbag's KEY, MBG and KEY.
//
// src: KB Q148515, Q85058
func TestSendWithinAPostoffice(t *testing.T) {
	inWorld(t, func(w *world) {
		c := w.bobsClient(w.remote, nil)
		m := w.localMessage()
		m.Attachments = []Attachment{{"A", []byte("attached")}}
		calls := []string{}
		c.fs.onCall = func(_, op, path string, _ error) {
			if op == "create" || op == "write" {
				calls = append(calls, fmt.Sprint(op, " ", path))
			}
		}
		token, err := c.Send(m)
		w.ok(err)
		want := []string{
			`create MAI\MA2\00000002.MAI`, `write GLB\CONTROL.GLB`, `create ATT\AT1\00000001.ATT`, `write ATT\AT1\00000001.ATT`,
			`write MAI\MA2\00000002.MAI`, `write MBG\00000002.MBG`, `write KEY\00000002.KEY`, `write MBG\00000001.MBG`, `write KEY\00000001.KEY`,
		}
		if diff := cmp.Diff(calls, want); diff != "" {
			t.Errorf("calls (-got +want):\n%s", diff)
		}
		if whole, _ := w.inbox(w.remote, "CYD").Copies(token); whole != 1 {
			t.Errorf("Cyd has %d copies", whole)
		}
		if n := mustParse(w, MAIPath(2)).RefCount; n != 2 {
			t.Errorf("reference counter %d, want 2", n)
		}
		if diff := cmp.Diff(w.findings(w.remote), []string{}); diff != "" {
			t.Errorf("check (-got +want):\n%s", diff)
		}
	})
}

// A mailbag in use is tried again every two seconds; who cannot be reached is named, and
// the others have the message.
//
// src: KB Q86100, Q212756, Q87408
func TestClientOfBusyMailbag(t *testing.T) {
	for freed, want := range map[time.Duration]string{
		5 * time.Second: "6s",
		0:               "1m0s " + InboxBusyError + ": ERROR MAILING TO MAILBAG: 00000002",
	} {
		inWorld(t, func(w *world) {
			f, err := w.remote.Open(KeyPath(bagCyd), openUpdate)
			w.ok(err)
			if freed > 0 {
				w.k.AfterFunc(freed, func() { f.Close() })
			}
			start := w.k.Now()
			token, err := w.bobsClient(w.remote, nil).Send(w.localMessage())
			got := w.k.Now().Sub(start).String()
			if err != nil {
				got += " " + err.Error()
			}
			if !strings.HasPrefix(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			if freed == 0 {
				w.ok(f.Close())
			}
			w.wantCopies(token, 1, 0)
			if diff := cmp.Diff(w.findings(w.remote), []string{}); diff != "" {
				t.Errorf("check (-got +want):\n%s", diff)
			}
		})
	}
}

// A client has words for a message or attachment file that it cannot make, and leaves
// nothing behind.
//
// src: KB Q87411, Q87381
func TestClientWithoutADirectory(t *testing.T) {
	tests := map[string]struct{ dir, want string }{
		"for messages":    {`MAI\MA2`, TransmitError},
		"for attachments": {`ATT\AT1`, AttachmentError},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				delete(w.remote.dirs, tt.dir)
				m := w.localMessage()
				m.Attachments = []Attachment{{"A", []byte("attached")}}
				_, err := w.bobsClient(w.remote, nil).Send(m)
				if err == nil || !strings.HasPrefix(err.Error(), tt.want+": ") || StatusOf(err) != nt.StatusObjectPathNotFound {
					t.Errorf("the client says %v, want %s", err, tt.want)
				}
				w.ok(w.remote.Mkdir(tt.dir))
				if diff := cmp.Diff(w.findings(w.remote), []string{}); diff != "" {
					t.Errorf("check (-got +want):\n%s", diff)
				}
			})
		})
	}
}

// The spooler waits for an idle user, looks again every two seconds and goes to work after
// five minutes; a lost server is tried again after a minute.
//
// src: KB Q86100
func TestSpooler(t *testing.T) {
	tests := map[string]struct {
		lastInput func(w *world) func() time.Time
		down      time.Duration
		want      time.Duration
	}{
		"idle":           {nil, 0, 2 * time.Second},
		"typing for 9 s": {func(w *world) func() time.Time { return typing(w, 9*time.Second) }, 0, 12 * time.Second},
		"typing on":      {func(w *world) func() time.Time { return typing(w, time.Hour) }, 0, 300 * time.Second},
		"server away":    {nil, 90 * time.Second, 122 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				way := &wire{fs: w.remote, rt: w.k}
				c := w.bobsClient(way, func(c *ClientConfig) {
					if tt.lastInput != nil {
						c.LastInput = tt.lastInput(w)
					}
				})
				dir, err := readDirectory(w.remote)
				w.ok(err)
				c.dir = dir // logged on before the server went away
				if tt.down > 0 {
					way.down = true
					w.k.AfterFunc(tt.down, func() { way.down = false })
				}
				start := w.k.Now()
				_, err = c.Send(w.localMessage())
				w.ok(err)
				if got := w.k.Now().Sub(start); got != tt.want {
					t.Errorf("sent after %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// typing is a user who types for some time.
func typing(w *world, howLong time.Duration) func() time.Time {
	end := w.k.Now().Add(howLong)
	return func() time.Time {
		if now := w.k.Now(); now.Before(end) {
			return now
		}
		return end
	}
}

// A client that takes five names at once leaves CONTROL.GLB alone until they are used up.
//
// src: KB Q148515
func TestNamesInBlocks(t *testing.T) {
	inWorld(t, func(w *world) {
		opens := 0
		way := &wire{fs: w.remote, rt: w.k}
		way.before = func(op, path string) error {
			if op == "open" && path == ControlPath {
				opens++
			}
			return nil
		}
		c := w.bobsClient(way, func(c *ClientConfig) { c.IDBlock = 5 })
		m := w.localMessage()
		m.Attachments = []Attachment{{"A", nil}}
		counters := []ID{}
		for range 4 { // two names each
			_, err := c.Send(m)
			w.ok(err)
			counter, err := parseFile(w.remote, ControlPath, ParseControl)
			w.ok(err)
			counters = append(counters, counter.Letter)
		}
		if diff := cmp.Diff(counters, []ID{6, 6, 11, 11}); diff != "" || opens != 2 {
			t.Errorf("%d accesses to CONTROL.GLB; counters (-got +want):\n%s", opens, diff)
		}
		if diff := cmp.Diff(w.findings(w.remote), []string{}); diff != "" {
			t.Errorf("check (-got +want):\n%s", diff)
		}
	})
}

// Two clients at the same moment. CONTROL.GLB keeps one waiting; made shareable by mistake,
// both get the same name, and one message is gone: who had it reads the other, or, once
// that is deleted, nothing.
//
// src: KB Q99204 ([012] and [016])
func TestControlSharedByMistake(t *testing.T) {
	for _, shared := range []bool{false, true} {
		inWorld(t, func(w *world) {
			done := w.k.NewSemaphore(0)
			send := func(to Address, begins, latency time.Duration) {
				way := &wire{fs: w.remote, rt: w.k, latency: latency}
				c := w.bobsClient(way, func(c *ClientConfig) { c.ShareControl = shared })
				var err error
				c.dir, err = readDirectory(w.remote) // both have logged on before
				w.ok(err)
				w.k.Go("client of "+to.Mailbox, func() {
					defer done.Release()
					w.k.Sleep(begins)
					m := w.localMessage()
					m.To, m.Cc = []Address{to}, nil
					_, err := c.Send(m)
					w.ok(err)
				})
			}
			send(bob, 650*time.Millisecond, 50*time.Millisecond)
			send(cyd, 0, 400*time.Millisecond)
			for range 2 {
				done.Acquire(rt.Forever)
			}
			got := []string{}
			for _, user := range []string{"BOB", "CYD"} { // Bob reads and deletes first
				in := w.drain(user)
				got = append(got, fmt.Sprintf("%s %d %v", user, len(in), in[0].Code))
			}
			want := []string{"BOB 1 ", "CYD 1 "}
			if shared {
				want = []string{"BOB 1 ", "CYD 1 [016]"}
			}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("shared=%v (-got +want):\n%s", shared, diff)
			}
		})
	}
}

// drain lets a user read and take away the mail.
func (w *world) drain(mailbox string) Inbox {
	w.t.Helper()
	cfg := DefaultReaderConfig()
	cfg.Runtime, cfg.PO, cfg.Mailbox, cfg.Drain = w.k, w.remote, mailbox, true
	r, err := NewReader(cfg)
	w.ok(err)
	in, err := r.Read()
	w.ok(err)
	return in
}

// CONTROL.GLB is one process's from the reading of the counter to its writing back.
//
// src: KB Q87386, Q134952
func TestControlIsHeld(t *testing.T) {
	inWorld(t, func(w *world) {
		n := &names{attempts: 1}
		_, err := n.allocate(w.remote, 0, func(ID) error {
			if f, err := w.remote.Open(ControlPath, openRead); err == nil {
				w.ok(f.Close())
				t.Error("CONTROL.GLB can be read while a name is taken from it")
			}
			return nil
		})
		w.ok(err)
	})
}
