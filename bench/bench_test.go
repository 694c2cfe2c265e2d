package bench_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// BenchmarkTrial is one whole trial of the mail workload, by one worker, and what
// happens in it: events of the trace, SMBs sent by both workstations and packets on both
// links. A step is a task that is resumed, or a timer that fires.
func BenchmarkTrial(b *testing.B) {
	for _, name := range []string{"t1", "ras-28.8"} {
		for _, policy := range []string{nt351, q143413} {
			b.Run(name+"/"+policy, func(b *testing.B) {
				s := spec(b, policy, name)
				w := bench.NewWorker()
				defer w.Close()
				b.ReportAllocs()
				for b.Loop() {
					work(b, w, s)
					s.Seed++
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "trials/s")
				reportCounts(b, s)
			})
		}
	}
}

// BenchmarkTrials is mail on t1 on all processors, a worker each, with the trace and
// without.
func BenchmarkTrials(b *testing.B) {
	for _, noTrace := range []bool{false, true} {
		b.Run(fmt.Sprintf("no-trace=%v", noTrace), func(b *testing.B) {
			var seed atomic.Uint64
			b.ReportAllocs()
			before := cpuTime()
			b.RunParallel(func(pb *testing.PB) {
				w := bench.NewWorker()
				defer w.Close()
				s := spec(b, nt351, "t1")
				s.NoTrace = noTrace
				for pb.Next() {
					s.Seed = seed.Add(1)
					work(b, w, s)
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "trials/s")
			b.ReportMetric(float64((cpuTime()-before).Microseconds())/float64(b.N), "cpu-us/trial")
		})
	}
}

// BenchmarkMessageSize is what a trial costs for messages of more and more bytes: as much
// for each.
func BenchmarkMessageSize(b *testing.B) {
	for _, kb := range []int{10, 100, 1000, 10_000} {
		b.Run(fmt.Sprintf("%dKB", kb), func(b *testing.B) {
			w := bench.NewWorker()
			defer w.Close()
			s := spec(b, q143413, "t1") // the Mailer reads all of it
			s.Loss, s.MessageSize = 0, kb<<10
			b.ReportAllocs()
			before := cpuTime()
			for b.Loop() {
				work(b, w, s)
				s.Seed++
			}
			b.ReportMetric(float64((cpuTime()-before).Microseconds())/float64(b.N), "cpu-us/trial")
			b.ReportMetric(float64((cpuTime()-before).Nanoseconds())/float64(b.N*kb), "cpu-ns/KB")
		})
	}
}

func work(b *testing.B, w *bench.Worker, s bench.Spec) {
	if _, err := w.Run(s); err != nil {
		b.Fatal(err)
	}
}

// reportCounts plays a few trials again and reports what happens in one of them.
func reportCounts(b *testing.B, s bench.Spec) {
	const trials = 50
	var world *bench.Sim
	var steps uint64
	var events, smbs, packets int64
	s.Seed = 1
	s.OnWorld = func(w *bench.Sim) { world = w }
	s.OnEvent = func(_ *bench.World, e bench.Event) {
		events++
		if e.Kind == trace.SMBSend {
			smbs++
		}
	}
	for range trials {
		run(b, s)
		steps += world.Kernel.Steps()
		for _, l := range []interface{ Stats() link.Stats }{world.Link, world.MailerLink} {
			st := l.Stats()
			packets += st.Up.Packets + st.Down.Packets
		}
		s.Seed++
	}
	b.ReportMetric(float64(steps)/trials, "steps/trial")
	b.ReportMetric(float64(events)/trials, "events/trial")
	b.ReportMetric(float64(smbs)/trials, "SMBs/trial")
	b.ReportMetric(float64(packets)/trials, "packets/trial")
}
