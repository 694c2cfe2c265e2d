package rt_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt/simtest"
	"github.com/ntrdr/ntrdr/internal/rt/wallrt"
)

const seed = 7

// worlds are the runtimes under test. The wall clock of the second is that of
// package synctest, so that both tell the same times.
var worlds = []struct {
	name string
	run  func(t *testing.T, f func(r rt.Runtime))
}{
	{"simrt", func(t *testing.T, f func(r rt.Runtime)) {
		simtest.Run(t, simrt.Options{Seed: seed}, func(k *simrt.Kernel) { f(k) })
	}},
	{"wallrt", func(t *testing.T, f func(r rt.Runtime)) {
		synctest.Test(t, func(t *testing.T) {
			r := wallrt.New(seed)
			if err := r.Do("test", func() { f(r) }); err != nil {
				t.Error(err)
			}
			r.Close()
			if left := r.Wait(time.Second); left != nil {
				t.Errorf("tasks left after Close: %v", left)
			}
		})
	}},
}

// story is a test's body: tasks act at times that all differ, and what they note
// is compared as a whole.
type story struct {
	rt.Runtime
	start time.Time
	mu    rt.Mutex
	lines []string
}

func newStory(r rt.Runtime) *story {
	return &story{Runtime: r, start: r.Now(), mu: r.NewMutex()}
}

// at runs f as a task so many milliseconds after the start.
func (s *story) at(ms int, who string, f func()) {
	s.Go(who, func() {
		s.Sleep(time.Duration(ms) * time.Millisecond)
		f()
	})
}

func (s *story) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, fmt.Sprintf("%v ", s.Now().Sub(s.start))+fmt.Sprintf(format, args...))
}

// wait returns a function that waits for e and notes the result.
func (s *story) wait(who string, e rt.Event, timeout time.Duration) func() {
	return func() { s.note("%s %v", who, e.Wait(timeout)) }
}

const ms = time.Millisecond

var stories = []struct {
	name string
	tell func(s *story)
	want string
}{
	{
		"Elapsed moves as Now does",
		func(s *story) {
			before := s.Elapsed()
			s.at(5, "a", func() { s.note("%v", s.Elapsed()-before) })
			s.at(90, "b", func() { s.note("%v", s.Elapsed()-before) })
		},
		`5ms 5ms
		90ms 90ms`,
	},
	{
		"a notification event releases all and stays signaled",
		func(s *story) {
			e := s.NewEvent(rt.Notification)
			s.at(1, "a", s.wait("a", e, rt.Forever))
			s.at(9, "set", e.Set)
			s.at(10, "b", s.wait("b", e, rt.Forever))
			s.at(11, "c", s.wait("c", e, 0))
			s.at(12, "reset", e.Reset)
			s.at(13, "d", s.wait("d", e, 0))
		},
		`9ms a true
		10ms b true
		11ms c true
		13ms d false`,
	},
	{
		"a synchronization event releases one waiter, in order of arrival",
		func(s *story) {
			e := s.NewEvent(rt.Synchronization)
			for i, who := range []string{"a", "b", "c"} {
				s.at(3-i, who, s.wait(who, e, rt.Forever))
			}
			s.at(10, "set", e.Set)
			s.at(20, "set", e.Set)
			s.at(30, "set", e.Set)
		},
		`10ms c true
		20ms b true
		30ms a true`,
	},
	{
		"a synchronization event remembers one signal, not two",
		func(s *story) {
			e := s.NewEvent(rt.Synchronization)
			e.Set()
			e.Set()
			s.wait("first", e, 0)()
			s.wait("second", e, 0)()
			e.Set()
			e.Reset()
			s.wait("after reset", e, 0)()
		},
		`0s first true
		0s second false
		0s after reset false`,
	},
	{
		"who waits when an event is set is released even if it is reset at once",
		func(s *story) {
			e := s.NewEvent(rt.Notification)
			s.at(1, "a", s.wait("a", e, rt.Forever))
			s.at(2, "pulse", func() { e.Set(); e.Reset() })
			s.at(3, "b", s.wait("b", e, 5*ms))
		},
		`2ms a true
		8ms b false`,
	},
	{
		"a timeout of nought or less polls",
		func(s *story) {
			e := s.NewEvent(rt.Notification)
			s.wait("zero", e, 0)()
			s.wait("negative", e, -time.Hour)()
			s.note("any %d", s.WaitAny(-1, e))
			s.note("permit %v", s.NewSemaphore(0).Acquire(0))
		},
		`0s zero false
		0s negative false
		0s any -1
		0s permit false`,
	},
	{
		"a waiter that timed out consumes nothing",
		func(s *story) {
			e := s.NewEvent(rt.Synchronization)
			s.at(1, "a", s.wait("a", e, 4*ms))
			s.at(7, "set", e.Set)
			s.at(8, "b", s.wait("b", e, 4*ms))
			s.at(9, "c", s.wait("c", e, 4*ms))
		},
		`5ms a false
		8ms b true
		13ms c false`,
	},
	{
		"forever outlasts any timer",
		func(s *story) {
			e := s.NewEvent(rt.Notification)
			s.at(0, "a", s.wait("a", e, rt.Forever))
			s.Sleep(24 * 365 * time.Hour)
			e.Set()
		},
		`8760h0m0s a true`,
	},
	{
		"WaitAny takes the lowest signaled index and only that signal",
		func(s *story) {
			a, b, c := s.NewEvent(rt.Synchronization), s.NewEvent(rt.Synchronization), s.NewEvent(rt.Synchronization)
			c.Set()
			b.Set()
			for range 3 {
				s.note("%d", s.WaitAny(2*ms, a, b, c))
			}
		},
		`0s 1
		0s 2
		2ms -1`,
	},
	{
		"WaitAny leaves the queues of the events that lost",
		func(s *story) {
			a, b := s.NewEvent(rt.Synchronization), s.NewEvent(rt.Synchronization)
			s.at(1, "any", func() { s.note("any %d", s.WaitAny(rt.Forever, a, b)) })
			s.at(2, "b", s.wait("b", b, rt.Forever))
			s.at(3, "set", a.Set)
			s.at(4, "set", b.Set)
			s.at(5, "left", s.wait("a again", a, 0))
		},
		`3ms any 0
		4ms b true
		5ms a again false`,
	},
	{
		"WaitAny that times out leaves all queues",
		func(s *story) {
			a, b := s.NewEvent(rt.Synchronization), s.NewEvent(rt.Synchronization)
			s.at(1, "any", func() { s.note("any %d", s.WaitAny(4*ms, a, b)) })
			s.at(6, "set", a.Set)
			s.at(7, "set", b.Set)
			s.at(8, "poll", s.wait("a", a, 0))
			s.at(9, "poll", s.wait("b", b, 0))
		},
		`5ms any -1
		8ms a true
		9ms b true`,
	},
	{
		"WaitAny of none, of five, and of one event twice",
		func(s *story) {
			e := [5]rt.Event{}
			for i := range e {
				e[i] = s.NewEvent(rt.Synchronization)
			}
			s.at(1, "none", func() { s.note("none %d", s.WaitAny(ms)) })
			s.at(3, "five", func() { s.note("five %d", s.WaitAny(rt.Forever, e[:]...)) })
			s.at(5, "set", e[4].Set)
			s.at(6, "twice", func() { s.note("twice %d", s.WaitAny(rt.Forever, e[0], e[0])) })
			s.at(7, "set", e[0].Set)
			s.at(8, "poll", s.wait("again", e[0], 0))
		},
		`2ms none -1
		5ms five 4
		7ms twice 0
		8ms again false`,
	},
	{
		"a semaphore serves in order of arrival and is not barged into",
		func(s *story) {
			sem := s.NewSemaphore(2)
			s.note("%v %v %v", sem.Acquire(0), sem.Acquire(rt.Forever), sem.Acquire(0))
			for i, who := range []string{"a", "b", "c"} {
				s.at(3-i, who, func() { s.note("%s %v", who, sem.Acquire(rt.Forever)) })
			}
			s.at(5, "short", func() { s.note("short %v", sem.Acquire(2*ms)) })
			s.at(10, "release", func() {
				sem.Release()
				s.note("barge %v", sem.Acquire(0))
			})
			s.at(20, "release", sem.Release)
			s.at(30, "release", sem.Release)
			s.at(40, "release", sem.Release)
			s.at(50, "late", func() { s.note("late %v %v", sem.Acquire(0), sem.Acquire(0)) })
		},
		`0s true true false
		7ms short false
		10ms barge false
		10ms c true
		20ms b true
		30ms a true
		50ms late true false`,
	},
	{
		"a resource is shared by many or held by one, in order of arrival",
		func(s *story) {
			r := s.NewResource()
			hold := func(who string, acquire func(), d time.Duration) func() {
				return func() {
					acquire()
					s.note("%s in", who)
					s.Sleep(d)
					s.note("%s out", who)
					r.Release()
				}
			}
			s.at(1, "s1", hold("s1", r.AcquireShared, 10*ms))
			s.at(2, "s2", hold("s2", r.AcquireShared, 4*ms))
			s.at(3, "x1", hold("x1", r.AcquireExclusive, 10*ms))
			s.at(4, "s3", hold("s3", r.AcquireShared, 10*ms)) // must not overtake x1
			s.at(5, "s4", hold("s4", r.AcquireShared, 12*ms))
			s.at(8, "x2", hold("x2", r.AcquireExclusive, 3*ms))
			s.at(9, "try", func() { s.note("try %v", r.TryAcquireExclusive()) })
			s.at(25, "try", func() { s.note("try %v", r.TryAcquireExclusive()) })
			s.at(50, "try", func() { s.note("try %v %v", r.TryAcquireExclusive(), r.TryAcquireExclusive()) })
		},
		`1ms s1 in
		2ms s2 in
		6ms s2 out
		9ms try false
		11ms s1 out
		11ms x1 in
		21ms x1 out
		21ms s3 in
		21ms s4 in
		25ms try false
		31ms s3 out
		33ms s4 out
		33ms x2 in
		36ms x2 out
		50ms try true false`,
	},
	{
		"callbacks set events and start tasks; a stopped one is not called",
		func(s *story) {
			e := s.NewEvent(rt.Notification)
			done := s.AfterFunc(5*ms, func() {
				s.Go("started", func() { s.note("started"); e.Set() })
			})
			dropped := s.AfterFunc(6*ms, func() { s.note("dropped") })
			s.wait("e", e, rt.Forever)()
			s.note("done.Stop %v", done.Stop())
			s.note("dropped.Stop %v %v", dropped.Stop(), dropped.Stop())
			never := s.AfterFunc(rt.Forever, func() { s.note("never") })
			s.Sleep(20 * ms)
			s.note("never.Stop %v %v", never.Stop(), never.Stop())
		},
		`5ms started
		5ms e true
		5ms done.Stop false
		5ms dropped.Stop true false
		25ms never.Stop true false`,
	},
	{
		"Reset starts a timer anew, whatever has become of it",
		func(s *story) {
			timer := s.AfterFunc(5*ms, func() { s.note("called") })
			s.at(1, "a", func() { timer.Reset(10 * ms) }) // later
			s.at(20, "a", func() { timer.Reset(10 * ms) })
			s.at(21, "a", func() { timer.Reset(2 * ms) }) // earlier
			s.at(30, "a", func() {
				s.note("Stop %v", timer.Stop())
				timer.Reset(5 * ms)
				s.note("Stop %v", timer.Stop())
				timer.Reset(7 * ms)
			})
		},
		`11ms called
		23ms called
		30ms Stop false
		30ms Stop true
		37ms called`,
	},
	{
		"a mutex excludes",
		func(s *story) {
			mu, n := s.NewMutex(), 0
			for range 4 {
				s.Go("adder", func() {
					for range 100 {
						mu.Lock()
						n++
						mu.Unlock()
						s.Sleep(0)
					}
				})
			}
			s.Sleep(ms)
			mu.Lock()
			got := n
			mu.Unlock()
			s.note("%d", got)
		},
		`1ms 400`,
	},
	{
		"a stream has one position, and its numbers depend on seed and name alone",
		func(s *story) {
			want := rand.New(rt.NewSource(seed, "link-up"))
			s.Rand("app").Uint64()
			for range 3 {
				s.note("%v", s.Rand("link-up").Uint64() == want.Uint64())
			}
			s.note("same as app's %v", s.Rand("app").Uint64() == want.Uint64())
		},
		`0s true
		0s true
		0s true
		0s same as app's false`,
	},
}

func TestRuntimesAgree(t *testing.T) {
	for _, world := range worlds {
		for _, st := range stories {
			t.Run(world.name+"/"+st.name, func(t *testing.T) {
				var got []string
				world.run(t, func(r rt.Runtime) {
					s := newStory(r)
					st.tell(s)
					s.Sleep(100 * ms)
					s.mu.Lock()
					got = sortTies(s.lines)
					s.mu.Unlock()
				})
				want := strings.Split(strings.ReplaceAll(st.want, "\t", ""), "\n")
				if diff := cmp.Diff(got, sortTies(want)); diff != "" {
					t.Errorf("got (-) want (+):\n%s", diff)
				}
			})
		}
	}
}

// sortTies sorts what was noted at one time: on wallrt tasks that are released
// together run in any order.
func sortTies(lines []string) []string {
	out := append([]string(nil), lines...)
	at := func(l string) string { t, _, _ := strings.Cut(l, " "); return t }
	for i := range out {
		for j := i; j > 0 && at(out[j-1]) == at(out[j]) && out[j] < out[j-1]; j-- {
			out[j-1], out[j] = out[j], out[j-1]
		}
	}
	return out
}

func TestStreamsOfConsecutiveSeedsLookIndependent(t *testing.T) {
	const seeds, cells = 20000, 20
	var count [cells]int
	for s := range uint64(seeds) {
		count[rand.New(rt.NewSource(s, "link-down")).IntN(cells)]++
	}
	chi2 := 0.0
	for _, n := range count {
		d := float64(n) - seeds/cells
		chi2 += d * d / (seeds / cells)
	}
	// 19 degrees of freedom: 43.8 is the 99.9th percentile; the draw is fixed.
	if chi2 > 43.8 {
		t.Errorf("first draws of consecutive seeds: chi square %.1f in %v, want at most 43.8", chi2, count)
	}
}

func TestTaskPanicTellsWhoAndWhichSeed(t *testing.T) {
	cause := fmt.Errorf("no such page")
	p := &rt.TaskPanic{Trial: "cell 3", Task: "lazy writer", Value: cause, Stack: "STACK", Seed: 42, Now: time.Unix(0, 0)}
	const want = "cell 3: task \"lazy writer\" at 1970-01-01 00:00:00.000000, seed 42: panic: no such page\nSTACK"
	if got := p.Error(); got != want {
		t.Errorf("Error:\n%s\nwant\n%s", got, want)
	}
	if !errors.Is(p, cause) {
		t.Errorf("%v does not wrap what the task panicked with", p)
	}
	if got := (&rt.TaskPanic{Value: "text"}).Unwrap(); got != nil {
		t.Errorf("Unwrap of a string = %v, want nil", got)
	}
}
