package rdr

import (
	"slices"
	"testing"
)

// The table of events is in order, has each number once, and each row is either raised,
// with a text, or says why not.
func TestTheTableOfEventsIsComplete(t *testing.T) {
	types := EventTypes()
	if !slices.IsSortedFunc(types, func(a, b EventType) int { return int(a.ID) - int(b.ID) }) {
		t.Error("not in order of id")
	}
	seen := map[EventID]bool{}
	for _, e := range types {
		switch raised := e.Never == ""; {
		case seen[e.ID]:
			t.Errorf("%d: twice", e.ID)
		case e.Log == "" || e.Source == "" || e.Src == "":
			t.Errorf("%d: no log, source or evidence", e.ID)
		case raised && (e.Text == "" || e.When == ""):
			t.Errorf("%d: raised, without a text or an occasion", e.ID)
		case !raised && (e.When != "" || e.Ours):
			t.Errorf("%d: never raised, and yet with an occasion or a text of ours", e.ID)
		}
		seen[e.ID] = true
	}
	for _, id := range []EventID{26, 3007, 3009, 3011, 3012, 3013, 3014, 3022, 3025, 3026, 3031} {
		if !seen[id] {
			t.Errorf("%d is missing", id)
		}
	}
}
