package mailclient

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// pollBob runs Bob's client over a way for some time and returns what it showed and when.
func (w *world) pollBob(way FS, cfg ReaderConfig, howLong time.Duration) []string {
	w.t.Helper()
	shown := []string{}
	start := w.k.Now()
	note := func(format string, args ...any) {
		shown = append(shown, fmt.Sprintf("%v %s", w.k.Now().Sub(start), fmt.Sprintf(format, args...)))
	}
	cfg.Runtime, cfg.PO, cfg.Mailbox = w.k, way, "BOB"
	cfg.OnMail = func(it Item) { note("%v whole=%v %s", it.name(), it.Whole, it.Reason) }
	cfg.OnError = func(err error) { note("%v", StatusOf(err)) }
	r, err := NewReader(cfg)
	w.ok(err)
	stop := w.k.NewEvent(rt.Notification)
	w.k.AfterFunc(howLong, stop.Set)
	r.Run(stop)
	return shown
}

func (w *world) wantShown(got []string, want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(got, append([]string{}, want...)); diff != "" {
		w.t.Errorf("shown (-got +want):\n%s", diff)
	}
}

func TestTextIsOmittedWhereAMessageIsWhole(t *testing.T) {
	inWorld(t, func(w *world) {
		m := w.message()
		m.Text, m.FileSize = "whole", 0
		w.send(m)
		w.send(w.message())
		w.cycle()
		w.truncate(MAIPath(2), 100)
		cfg := DefaultReaderConfig()
		cfg.Runtime, cfg.PO, cfg.Mailbox, cfg.OmitText = w.k, w.remote, "BOB", true
		r, err := NewReader(cfg)
		w.ok(err)
		in, err := r.Read()
		w.ok(err)
		if len(in) != 2 || in[0].Text != "" || string(in[0].Message.Text) != "whole" || in[1].Text != MailSystemError {
			t.Errorf("%+v", in)
		}
	})
}

// The client polls every ten minutes, and what it has shown it does not show again.
//
// src: KB Q86100, Q118528
func TestClientPolls(t *testing.T) {
	for _, keep := range []string{"look", "drain", "shadow"} {
		t.Run(keep, func(t *testing.T) {
			inWorld(t, func(w *world) {
				cfg := DefaultReaderConfig()
				cfg.Drain, cfg.Shadow = keep == "drain", keep == "shadow"
				w.send(w.message())
				w.cycle()
				w.k.AfterFunc(11*time.Minute, func() {
					w.send(w.message())
					w.cycle()
				})
				got := w.pollBob(w.remote, cfg, time.Hour)
				w.wantShown(got, "0s 00000001 whole=true ", "20m0s 00000002 whole=true ")
				key, err := ParseKey("KEY", w.remote.files[KeyPath(bagBob)].data)
				w.ok(err)
				want := map[string][3]uint16{"look": {2, 2, 2}, "drain": {0, 0, 0}, "shadow": {2, 0, 0}}[keep]
				if got := [3]uint16{key.Live, key.Unread, key.New}; got != want {
					t.Errorf("live, unread, new: %v, want %v", got, want)
				}
				if diff := cmp.Diff(w.findings(w.remote), []string{}); diff != "" {
					t.Errorf("check (-got +want):\n%s", diff)
				}
			})
		})
	}
}

// A locked mailbag is a transient error, a lost connection a fatal one.
//
// src: KB Q86100 (2000 ms and 60 s)
func TestClientBacksOff(t *testing.T) {
	tests := map[string]struct {
		fault func(w *world, way *wire)
		want  []string
	}{
		"mailbag locked for 9 s": {func(w *world, _ *wire) {
			f, err := w.remote.Open(KeyPath(bagBob), openUpdate)
			w.ok(err)
			w.k.AfterFunc(9*time.Second, func() { f.Close() })
		}, []string{"4s STATUS_SHARING_VIOLATION", "10s 00000001 whole=true "}},
		"server away for 150 s": {func(w *world, way *wire) {
			way.down = true
			w.k.AfterFunc(150*time.Second, func() { way.down = false })
		}, []string{
			"0s STATUS_VIRTUAL_CIRCUIT_CLOSED", "1m0s STATUS_VIRTUAL_CIRCUIT_CLOSED",
			"2m0s STATUS_VIRTUAL_CIRCUIT_CLOSED", "3m0s 00000001 whole=true ",
		}},
		"KEY of a wrong size": {func(w *world, _ *wire) {
			key := w.remote.files[KeyPath(bagBob)]
			good := key.data
			key.data = good[:9]
			w.k.AfterFunc(time.Minute, func() { key.data = good })
		}, []string{"0s STATUS_UNSUCCESSFUL", "10m0s 00000001 whole=true "}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.send(w.message())
				w.cycle()
				way := &wire{fs: w.remote, rt: w.k}
				tt.fault(w, way)
				w.wantShown(w.pollBob(way, DefaultReaderConfig(), 15*time.Minute), tt.want...)
			})
		})
	}
}

// readOnly makes a file read-only for everybody who comes by wire.
func readOnly(way *wire, path string) {
	way.openFails = func(p string, c nt.CreateParams) error {
		if p == path && c.Access.CanWrite() {
			return fail("open", p, nt.StatusAccessDenied)
		}
		return nil
	}
}

// The mailbag's KEY is read-only or locked open: without inbox shadowing the same message
// comes with every poll; with it none comes, and nothing is said.
//
// src: KB Q170574, Q130750
func TestClientOfReadOnlyKey(t *testing.T) {
	for _, shadow := range []bool{false, true} {
		inWorld(t, func(w *world) {
			w.send(w.message())
			w.cycle()
			way := &wire{fs: w.remote, rt: w.k}
			readOnly(way, KeyPath(bagBob))
			cfg := DefaultReaderConfig()
			cfg.Drain, cfg.Shadow = !shadow, shadow
			got := w.pollBob(way, cfg, 25*time.Minute)
			if shadow {
				w.wantShown(got)
				return
			}
			w.wantShown(got, "4s 00000001 whole=true ", "10m8s 00000001 whole=true ", "20m12s 00000001 whole=true ")
		})
	}
}

// One bad message, and the client downloads no more.
//
// src: KB Q104277
func TestClientStopsAtCorrupt(t *testing.T) {
	for stops, want := range map[bool][]string{
		true:  {"0s 00000001 whole=true ", "0s 00000002 whole=false TRUNCATED"},
		false: {"0s 00000001 whole=true ", "0s 00000002 whole=false TRUNCATED", "0s 00000003 whole=true "},
	} {
		inWorld(t, func(w *world) {
			for range 3 {
				w.send(w.message())
			}
			w.cycle()
			w.truncate(MAIPath(2), 1000)
			cfg := DefaultReaderConfig()
			cfg.StopOnCorrupt, cfg.Drain = stops, true
			w.wantShown(w.pollBob(w.remote, cfg, 25*time.Minute), want...)
		})
	}
}

// What cannot be logged on to is told in the words of the articles.
func TestClientLogon(t *testing.T) {
	tests := map[string]struct {
		damage func(w *world)
		want   string
	}{
		"no MASTER.GLB":    {func(w *world) { w.ok(w.remote.Delete(MasterPath)) }, ServerPathError},
		"no ACCESS2.GLB":   {func(w *world) { w.ok(w.remote.Delete(accessPath)) }, ServerPathError},
		"KEY of 559 bytes": {func(w *world) { w.truncate(KeyPath(bagBob), 559) }, HeaderRetrievalError},
		"MBG missing":      {func(w *world) { w.ok(w.remote.Delete(MBGPath(bagBob))) }, HeaderRetrievalError},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				tt.damage(w)
				cfg := DefaultReaderConfig()
				cfg.Runtime, cfg.PO, cfg.Mailbox = w.k, w.remote, "BOB"
				r, err := NewReader(cfg)
				w.ok(err)
				_, err = r.Read()
				if err == nil || err.Error()[:len(tt.want)] != tt.want {
					t.Errorf("logon: %v, want %q", err, tt.want)
				}
			})
		})
	}
}
