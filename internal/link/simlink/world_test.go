package simlink_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/simlink"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt/simtest"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// fast is a link on which only the round trip takes time.
var fast = link.Profile{Name: "fast", RTT: 100 * time.Millisecond, Queue: time.Second}

const (
	ms     = time.Millisecond
	second = time.Second
)

// world is a link with a listening server, a log of the packets, and a trace.
type world struct {
	*simrt.Kernel
	t        *testing.T
	l        *simlink.Link
	listener link.Listener
	start    time.Time
	log      strings.Builder
	trace    *trace.Recorder
	onPacket func(simlink.Packet) // if set, sees each packet
}

// run tells a story on a new link.
func run(t *testing.T, p link.Profile, opt simlink.Options, story func(w *world)) *world {
	t.Helper()
	return runSeed(t, 1, p, opt, story)
}

func runSeed(t *testing.T, seed uint64, p link.Profile, opt simlink.Options, story func(w *world)) *world {
	t.Helper()
	w := &world{t: t}
	simtest.Run(t, simrt.Options{Seed: seed}, func(k *simrt.Kernel) {
		w.Kernel, w.start = k, k.Now()
		w.trace = trace.NewRecorder(k, nil, true)
		opt.Trace = w.trace.Actor("link")
		opt.Tap = w.note
		l, err := simlink.New(k, p, opt)
		if err != nil {
			t.Fatal(err)
		}
		w.l, w.listener = l, l.Listener()
		story(w)
	})
	return w
}

func (w *world) since() time.Duration { return w.Now().Sub(w.start) }

// note writes a packet down.
func (w *world) note(p simlink.Packet) {
	if w.onPacket != nil {
		w.onPacket(p)
	}
	arrow := "<"
	if p.Up {
		arrow = ">"
	}
	fmt.Fprintf(&w.log, "%.3f %s", p.At.Sub(w.start).Seconds(), arrow)
	for _, f := range []struct {
		on   bool
		name string
	}{{p.SYN, " SYN"}, {p.RST, " RST"}, {p.FIN, " FIN"}, {p.Resent, " again"}} {
		if f.on {
			w.log.WriteString(f.name)
		}
	}
	if len(p.Data) > 0 {
		fmt.Fprintf(&w.log, " %d+%d", p.Seq, len(p.Data))
	}
	if p.ACK {
		fmt.Fprintf(&w.log, " ack %d", p.Ack)
	}
	if p.Fate != simlink.Arrives {
		fmt.Fprintf(&w.log, " %v", p.Fate)
	}
	w.log.WriteByte('\n')
}

// packets compares the log with what was expected, and empties it.
func (w *world) packets(want string) {
	w.t.Helper()
	got := w.log.String()
	w.log.Reset()
	want = strings.ReplaceAll(strings.TrimLeft(want, "\n"), "\t", "")
	if diff := cmp.Diff(got, want); diff != "" {
		w.t.Errorf("packets got (-) want (+):\n%s", diff)
	}
}

// connect returns both ends of a new connection.
func (w *world) connect() (client, server link.Conn) {
	w.t.Helper()
	client, err := w.l.Dialer().Dial(rt.Forever)
	if err != nil {
		w.t.Fatal(err)
	}
	server, err = w.listener.Accept()
	if err != nil {
		w.t.Fatal(err)
	}
	return client, server
}

// sink receives from c until it dies and returns how much and why.
type sink struct {
	bytes int
	err   error
	at    time.Duration
	done  rt.Event
}

func (w *world) sink(c link.Conn) *sink {
	s := &sink{done: w.NewEvent(rt.Notification)}
	w.Go("sink", func() {
		for s.err == nil {
			var msg []byte
			msg, s.err = c.Recv()
			s.bytes += len(msg)
		}
		s.at = w.since()
		s.done.Set()
	})
	return s
}

func (w *world) send(c link.Conn, n int) {
	w.t.Helper()
	if err := c.Send(make([]byte, n)); err != nil {
		w.t.Errorf("send of %d bytes: %v", n, err)
	}
}

func (w *world) recv(c link.Conn) int {
	w.t.Helper()
	msg, err := c.Recv()
	if err != nil {
		w.t.Errorf("recv: %v", err)
	}
	return len(msg)
}

// is fails the test unless got is want.
func is[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("%s: got (-) want (+):\n%s", what, diff)
	}
}
