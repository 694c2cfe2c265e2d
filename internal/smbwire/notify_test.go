package smbwire

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
)

func TestChangesRoundTrip(t *testing.T) {
	for _, want := range [][]nt.Change{
		nil,
		{{Action: nt.NotifyAdded, Name: "A"}},
		{{Action: nt.NotifyRemoved, Name: "new mail.txt"}, {Action: nt.NotifyModified, Name: ""}, {Action: nt.NotifyNewName, Name: "\u00e9"}},
	} {
		got, err := DecodeChanges(EncodeChanges(want))
		if diff := cmp.Diff(got, want); err != nil || diff != "" {
			t.Errorf("%v (-got +want)\n%s", err, diff)
		}
	}
}

func TestMalformedChanges(t *testing.T) {
	for name, b := range map[string][]byte{
		"cut off":               {0, 0, 0, 0, 1, 0, 0},
		"name beyond the end":   {0, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 'A', 0},
		"half a character":      {0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 'A', 0},
		"next inside the entry": {4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 'A', 0},
		"next beyond the end":   {99, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 'A', 0},
	} {
		if got, err := DecodeChanges(b); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}
