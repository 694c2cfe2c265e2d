package invariant_test

import (
	"testing"

	"github.com/ntrdr/ntrdr/internal/invariant"
)

func TestCheckPanicsOnlyWhenEnabledAndBroken(t *testing.T) {
	for _, row := range []struct {
		name string
		cond bool
		want any
	}{
		{"holds", true, nil},
		{"broken", false, map[bool]any{true: "invariant: 3 dirty pages after purge", false: nil}[invariant.Enabled]},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := recovered(func() { invariant.Check(row.cond, "%d dirty pages after purge", 3) }); got != row.want {
				t.Errorf("Check panicked with %v, want %v", got, row.want)
			}
		})
	}
}

func TestCheckCostsNoAllocationWhileItHolds(t *testing.T) {
	if invariant.Enabled {
		t.Skip("enabled checks may allocate: run it without -race and -tags invariants")
	}
	n := 0
	if got := testing.AllocsPerRun(100, func() { n++; invariant.Check(n > 0, "n is %d", n) }); got != 0 {
		t.Errorf("Check allocates %v times, want 0", got)
	}
}

func recovered(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}
