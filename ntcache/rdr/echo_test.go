package rdr

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt/simtest"
)

// echoing is a server that counts the ECHOs it gets, by the second, and answers none
// once it is gone.
type echoing struct {
	*memory
	start time.Time
	at    []int // seconds
	gone  bool
}

func (e *echoing) Echo() error {
	e.at = append(e.at, int(e.r.Now().Sub(e.start)/time.Second))
	if e.gone {
		return nt.StatusIOTimeout
	}
	return nil
}

func echoCircuit(t *testing.T, k rt.Runtime) (*circuit, *echoing) {
	t.Helper()
	e := &echoing{memory: newMemory(k), start: k.Now()}
	r := redirector(t, k, e.memory)
	r.connect = func() (Remote, error) { return e, nil }
	c, err := r.useCircuit()
	if err != nil {
		t.Fatal(err)
	}
	return c, e
}

// The server is asked every thirty seconds whether it is there while any request waits
// for it without a timer, and not otherwise (KB Q135360).
func TestAnEchoEveryThirtySecondsWhileARequestIsLongTerm(t *testing.T) {
	simtest.Run(t, simrt.Options{Seed: 1, Deadline: time.Hour}, func(k *simrt.Kernel) {
		c, e := echoCircuit(t, k)
		wait := func(d time.Duration) {
			if err := c.longTerm(func() error { k.Sleep(d); return nil }); err != nil {
				t.Error(err)
			}
		}
		k.Sleep(100 * time.Second) // nothing is asked
		k.Go("second", func() {
			k.Sleep(50 * time.Second)
			wait(50 * time.Second) // overlaps the first: one ECHO for both
		})
		wait(70 * time.Second)
		k.Sleep(time.Minute)
		wait(29 * time.Second)
		wait(29 * time.Second)
		k.Sleep(time.Minute)
		if diff := cmp.Diff([]int{130, 160, 190}, e.at); diff != "" {
			t.Errorf("ECHOs at these seconds (-want +got):\n%s", diff)
		}
	})
}

// An ECHO without an answer is the last.
func TestNoEchoAfterOneThatFailed(t *testing.T) {
	simtest.Run(t, simrt.Options{Seed: 1, Deadline: time.Hour}, func(k *simrt.Kernel) {
		c, e := echoCircuit(t, k)
		e.gone = true
		err := c.longTerm(func() error { k.Sleep(10 * time.Minute); return nt.StatusUnexpectedNetworkError })
		if diff := cmp.Diff([]int{30}, e.at); diff != "" || !errors.Is(err, nt.StatusUnexpectedNetworkError) {
			t.Errorf("%v; ECHOs at these seconds (-want +got):\n%s", err, diff)
		}
	})
}
