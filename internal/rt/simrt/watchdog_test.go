package simrt

import (
	"testing"
	"time"
)

// A stop of the process, however long, makes its timers go off once.
func TestAStoppedProcessLosesAPartOfTheLimit(t *testing.T) {
	var w watchdog
	w.start(Options{WallLimit: time.Hour})
	defer w.stop()
	for i := range parts {
		if w.expired.Load() {
			t.Fatalf("expired after %d of %d parts", i, parts)
		}
		if w.bark(w.run, time.Hour) {
			t.Fatalf("hung after %d of %d parts", i, parts)
		}
	}
	if !w.expired.Load() {
		t.Error("not expired at the end of the limit")
	}
	if !w.bark(w.run, time.Hour) {
		t.Error("a run that does not heed it does not hang")
	}
}
