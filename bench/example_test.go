package bench_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/ntrdr/ntrdr/bench"
)

// Which trials failed without a word, from the file that ntrdr bench writes: results.jsonl
// or results.jsonl.zst, opened by os.Open.
func ExampleReadResults() {
	file := strings.NewReader(`{"policy":"nt351","link":"x25-9.6","seed":7,"outcome":"corrupted","silent":true}
{"policy":"ordered","link":"x25-9.6","seed":7,"outcome":"delivered"}
`)
	for r, err := range bench.ReadResults(file) {
		if err != nil {
			log.Fatal(err)
		}
		if r.Silent {
			fmt.Printf("%s on %s, seed %d: %s\n", r.Policy, r.Link, r.Seed, r.Outcome)
		}
	}
	// Output: nt351 on x25-9.6, seed 7: corrupted
}
