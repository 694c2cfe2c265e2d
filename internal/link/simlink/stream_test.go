package simlink_test

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/simlink"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/rt/wallrt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// messages returns n messages of random sizes, most of them short, with random
// contents.
func messages(r *rand.Rand, n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = make([]byte, r.IntN(1<<(1+r.IntN(16))))
		for j := range out[i] {
			out[i][j] = byte(r.Uint32())
		}
	}
	return out
}

// exchange sends messages both ways at once and returns what each end received.
func exchange(r rt.Runtime, l *simlink.Link, up, down [][]byte) (atServer, atClient [][]byte, err error) {
	listener := l.Listener()
	done := r.NewSemaphore(0)
	var serverErr error
	r.Go("server", func() {
		defer done.Release()
		c, err := listener.Accept()
		if err != nil {
			serverErr = err
			return
		}
		atServer, serverErr = converse(r, c, down)
	})
	c, err := l.Dialer().Dial(rt.Forever)
	if err != nil {
		return nil, nil, err
	}
	atClient, err = converse(r, c, up)
	done.Acquire(rt.Forever)
	return atServer, atClient, errors.Join(err, serverErr)
}

// converse sends, closes when it has received as much as it sent, and returns what
// it received.
func converse(r rt.Runtime, c link.Conn, send [][]byte) (got [][]byte, err error) {
	sent := r.NewEvent(rt.Notification)
	var sendErr error
	r.Go("sender", func() {
		defer sent.Set()
		for _, msg := range send {
			if sendErr = c.Send(msg); sendErr != nil {
				return
			}
		}
	})
	for len(got) < len(send) {
		msg, err := c.Recv()
		if err != nil {
			return got, err
		}
		got = append(got, msg)
	}
	sent.Wait(rt.Forever)
	return got, sendErr
}

func TestMessagesArriveWholeInOrderUnderLoss(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 0))
		up, down := messages(r, 30), messages(r, 30)
		tcp := link.StockTCP()
		tcp.MaxDataRetransmissions = 50 // none of the connections may be aborted
		opt := simlink.Options{
			Flavour: []simlink.Flavour{simlink.NT351, simlink.NT4SP2, simlink.Reno, simlink.NewReno}[seed%4],
			Loss:    0.05, TCP: &tcp,
		}
		runSeed(t, seed, link.Profile{RateBits: 512_000, RTT: 50 * ms, Queue: second}, opt, func(w *world) {
			w.listener.Close()
			atServer, atClient, err := exchange(w, w.l, up, down)
			if err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
			if !slices.EqualFunc(atServer, up, slices.Equal) || !slices.EqualFunc(atClient, down, slices.Equal) {
				t.Errorf("seed %d: messages differ", seed)
			}
			if w.l.Stats().Retransmits == 0 {
				t.Errorf("seed %d: nothing was lost", seed)
			}
		})
	}
}

func TestOnTheWallClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := wallrt.New(1)
		r2 := rand.New(rand.NewPCG(1, 0))
		up, down := messages(r2, 20), messages(r2, 20)
		err := r.Do("test", func() {
			l, err := simlink.New(r, link.Profile{RateBits: 512_000, RTT: 50 * ms, Queue: second}, simlink.Options{Loss: 0.02})
			if err != nil {
				t.Error(err)
				return
			}
			atServer, atClient, err := exchange(r, l, up, down)
			if err != nil || !slices.EqualFunc(atServer, up, slices.Equal) || !slices.EqualFunc(atClient, down, slices.Equal) {
				t.Errorf("messages differ: %v", err)
			}
		})
		if err != nil {
			t.Error(err)
		}
		r.Close()
		if left := r.Wait(time.Minute); left != nil {
			t.Errorf("tasks left: %v", left)
		}
	})
}

// lossyTrial is a trial with weather, an outage and an end; its checksum is over the
// trace and the final counts.
func lossyTrial(seed uint64) uint64 {
	k := simrt.New(simrt.Options{Seed: seed})
	defer k.Close()
	rec := trace.NewRecorder(k, nil, false)
	h := fnv.New64a()
	out := k.RunTask("trial", func() {
		p, err := link.ByName("ras-28.8")
		if err != nil {
			panic(err)
		}
		l, err := simlink.New(k, p, simlink.Options{
			Loss: 0.06, Trace: rec.Actor("link"), Outages: []link.Outage{{Segment: 20, Duration: 20 * second}},
		})
		if err != nil {
			panic(err)
		}
		msgs := messages(rand.New(rand.NewPCG(7, 7)), 12)
		_, _, err = exchange(k, l, msgs, msgs)
		fmt.Fprint(h, l.Stats(), err)
	})
	fmt.Fprint(h, rec.Checksum(), out.Checksum)
	return h.Sum64()
}

func TestSameSeedSameEvents(t *testing.T) {
	distinct, err := simrt.Replay(1, 20, 2, lossyTrial)
	if err != nil {
		t.Error(err)
	}
	if distinct != 20 {
		t.Errorf("%d distinct trials of 20 seeds", distinct)
	}
}

func TestTheWeatherOfOneDirectionIgnoresTheOther(t *testing.T) {
	// The fate of a packet up depends on how many went up before, not on answers.
	fates := func(reply bool) (out []simlink.Fate) {
		tcp := link.StockTCP()
		tcp.InitialWindow = 100
		tcp.Window = 1 << 20
		run(t, fast, simlink.Options{Loss: 0.2, DataLossOnly: true, TCP: &tcp}, func(w *world) {
			c, s := w.connect()
			if reply {
				w.send(s, 1000)
				w.Sleep(10 * ms)
			}
			w.log.Reset()
			for range 40 {
				w.send(c, 1456)
			}
			for line := range strings.Lines(w.log.String()) {
				out = append(out, map[bool]simlink.Fate{true: simlink.Lost}[strings.HasSuffix(line, "lost\n")])
			}
		})
		return out
	}
	alone := fates(false)
	is(t, "fates", fates(true), alone)
	if !slices.Contains(alone, simlink.Lost) || len(alone) != 40 {
		t.Errorf("no weather in %v", alone)
	}
}

func TestReceiveAfterTheEndDeliversWhatWasWhole(t *testing.T) {
	run(t, fast, simlink.Options{}, func(w *world) {
		c, s := w.connect()
		w.send(c, 100)
		w.Sleep(second)
		w.l.Reset()
		is(t, "message", w.recv(s), 100)
		if _, err := s.Recv(); !errors.Is(err, link.ErrReset) || errors.Is(err, io.EOF) {
			t.Errorf("recv: %v, want a reset", err)
		}
	})
}

func TestAPromptEndSaysWhetherItWouldWait(t *testing.T) {
	run(t, fast, simlink.Options{}, func(w *world) {
		c, s := w.connect()
		up, ok := c.(link.Prompt)
		down, ok2 := s.(link.Prompt)
		if !ok || !ok2 {
			t.Fatal("the ends are not prompt")
		}
		is(t, "pending before anything was sent", down.Pending(), false)
		n := 0
		for n < 1000 && up.TrySend(make([]byte, 1000)) {
			n++
		}
		is(t, "messages that a buffer of 64 KB takes", n, 65)
		is(t, "pending at once", down.Pending(), false)
		w.Sleep(second)
		is(t, "pending when it has arrived", down.Pending(), true)
		for range n {
			is(t, "message", w.recv(s), 1000)
		}
		is(t, "pending when all is received", down.Pending(), false)
		is(t, "sent when there is room again", up.TrySend([]byte{1}), true)
		w.l.Reset()
		is(t, "sent after a reset", up.TrySend([]byte{1}), false)
		is(t, "pending after a reset", down.Pending(), true)
	})
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	tcp := link.StockTCP()
	tcp.MSS = 0
	for _, row := range []struct {
		name string
		p    link.Profile
		opt  simlink.Options
	}{
		{"a loss beyond one", fast, simlink.Options{Loss: 1.5}},
		{"a negative rate", link.Profile{RateBits: -1}, simlink.Options{}},
		{"segments without data", fast, simlink.Options{TCP: &tcp}},
		{"an outage without end or length", fast, simlink.Options{Outages: []link.Outage{{}}}},
		{"an unknown flavour", fast, simlink.Options{Flavour: 9}},
	} {
		if _, err := simlink.New(simrt.New(simrt.Options{}), row.p, row.opt); err == nil {
			t.Errorf("%s was accepted", row.name)
		}
	}
}
