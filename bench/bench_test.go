package bench_test

import "testing"

// BenchmarkTrial is one whole trial of the mail workload, by one worker.
func BenchmarkTrial(b *testing.B) {
	for _, name := range []string{"t1", "ras-28.8"} {
		for _, policy := range []string{nt351, q143413} {
			b.Run(name+"/"+policy, func(b *testing.B) {
				s := spec(b, policy, name)
				b.ReportAllocs()
				for b.Loop() {
					run(b, s)
					s.Seed++
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "trials/s")
			})
		}
	}
}
