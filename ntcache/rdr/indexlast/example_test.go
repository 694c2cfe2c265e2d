package indexlast_test

import (
	"context"
	"fmt"
	"log"
	"runtime"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
	"github.com/ntrdr/ntrdr/ntcache/rdr/indexlast"
)

// mail is a trial: one mail of 32 KB over a telephone line under a built-in policy.
func mail(policy string) bench.Spec {
	set, err := bench.PolicyByName(policy)
	if err != nil {
		log.Fatal(err)
	}
	line, err := bench.LinkByName("ras-28.8")
	if err != nil {
		log.Fatal(err)
	}
	return bench.Spec{Policy: set, Link: line, Seed: 1, MessageSize: 32 << 10, Poll: 5 * time.Second, Path: bench.P1}
}

// A policy of one's own in a matrix beside the built-in ones, on a line that loses 1 % of
// all packets: 20 messages a policy.
func Example_bench() {
	base := mail("nt351")
	m := bench.Matrix{
		Policies:      []bench.Settings{base.Policy, base.Policy.Named("index-last"), mail("ordered").Policy},
		WritePolicies: map[string]rdr.WritePolicy{"index-last": indexlast.New()},
		Links:         []bench.Profile{base.Link},
		Losses:        []float64{0.01},
		Trials:        20,
		Base:          base,
	}
	results, err := m.Run(context.Background(), runtime.NumCPU(), func() {})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("policy      silent failures  faster than nt351")
	for _, a := range bench.Answers(m.Tallies(results)) {
		faster := a.App != nil && a.App.Low > 1
		fmt.Printf("%-10s  %9d of %d  %v\n", a.Policy, a.Silent, a.Trials, faster)
	}
	// Output:
	// policy      silent failures  faster than nt351
	// nt351              20 of 20  false
	// index-last          0 of 20  true
	// ordered             0 of 20  true
}

// The same policies when the circuit breaks, or the line stands still and loses nothing,
// after every eighth segment of one trial in turn. Is a mail ever announced that cannot be
// read? (ntrdr explore disturbs after each segment.)
func Example_explore() {
	nt351, ordered := mail("nt351"), mail("ordered")
	own := nt351
	own.Policy, own.WritePolicy = nt351.Policy.Named("index-last"), indexlast.New()
	for _, s := range []bench.Spec{nt351, own, ordered} {
		x := bench.Exploration{Spec: s, Every: 8}
		e, err := x.Run(context.Background(), runtime.NumCPU(), func(int) {}, func() {})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(s.Policy.Policy.Name)
		for _, k := range e.Kinds {
			n := k.Count(func(c bench.CutTrial) bool { return c.Outcome == bench.Corrupted })
			fmt.Printf("  %-11s  corrupted mail seen: %v\n", k.Name, n > 0)
		}
	}
	// Output:
	// nt351
	//   reset        corrupted mail seen: true
	//   silence-60s  corrupted mail seen: true
	//   stall-5s     corrupted mail seen: true
	//   stall-40s    corrupted mail seen: true
	//   stall-120s   corrupted mail seen: true
	// index-last
	//   reset        corrupted mail seen: true
	//   silence-60s  corrupted mail seen: true
	//   stall-5s     corrupted mail seen: false
	//   stall-40s    corrupted mail seen: true
	//   stall-120s   corrupted mail seen: true
	// ordered
	//   reset        corrupted mail seen: false
	//   silence-60s  corrupted mail seen: false
	//   stall-5s     corrupted mail seen: false
	//   stall-40s    corrupted mail seen: false
	//   stall-120s   corrupted mail seen: false
}
