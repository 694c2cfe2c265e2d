package simlink_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/simlink"
)

// A server whose client died in an outage does not notice, until its keep-alive is
// answered with a reset; without keep-alives it never does.
func TestAKeepAliveFindsAHalfOpenConnection(t *testing.T) {
	for _, every := range []time.Duration{0, time.Hour} {
		run(t, fast, simlink.Options{KeepAlive: every}, func(w *world) {
			c, s := w.connect()
			w.l.Down(10 * time.Minute)
			w.send(c, 10)
			if _, err := c.Recv(); !errors.Is(err, link.ErrAborted) {
				t.Errorf("the client: %v, want ErrAborted", err)
			}
			noticed := false
			w.Go("server", func() {
				_, err := s.Recv()
				noticed = err != nil
			})
			w.Sleep(59 * time.Minute)
			is(t, "noticed within the hour", noticed, false)
			w.Sleep(2 * time.Minute)
			is(t, "noticed by a keep-alive", noticed, every > 0)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Keep-alives are no messages and keep an idle connection as it is.
func TestKeepAlivesAreNotDelivered(t *testing.T) {
	run(t, fast, simlink.Options{KeepAlive: time.Hour}, func(w *world) {
		c, s := w.connect()
		w.Sleep(5*time.Hour + time.Minute)
		w.send(c, 33)
		is(t, "bytes of the first message", w.recv(s), 33)
		if got := w.l.Stats().Up.Segments; got < 3 {
			t.Errorf("%d data segments in five idle hours, want keep-alives", got)
		}
		if err := errors.Join(c.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
}
