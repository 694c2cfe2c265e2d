package main

import (
	"os"
	"runtime/debug"

	"github.com/spf13/pflag"
)

// speedFlags say how fast a bench runs, and change no result.
type speedFlags struct{ noTrace bool }

func (f *speedFlags) add(set *pflag.FlagSet) {
	set.BoolVar(&f.noTrace, "no-trace", false, "record no trace: faster, and results.jsonl has no trace_checksum")
}

// benchGCPercent is the GOGC while trials run: a trial leaves much garbage behind a small heap.
// Far above it a heap that the caches do not hold costs what the collector saves.
const benchGCPercent = 400

// collectRarely has the garbage collector run less often, unless the environment's GOGC
// says how often. It returns what undoes it.
func collectRarely() (restore func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(benchGCPercent)
	return func() { debug.SetGCPercent(before) }
}
