package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// The replay command of the smallest failing cut plays exactly that trial.
func TestTheReplayOfExploreCanBePasted(t *testing.T) {
	args := strings.Fields("explore --links t1 --message-size 4KB --policies nt351 --seed 3 --loss 1% --flavour tcp-reno --min-rto 400ms --every 3 --json")
	found := here(t.Context(), args...)
	var e exploredJSON
	if err := json.Unmarshal([]byte(found.Stdout), &e); err != nil || found.Code != exitOK || e.Smallest == nil {
		t.Fatalf("%+v: %v", found, err)
	}
	words := strings.Fields(e.Smallest.Replay)
	once, again := here(t.Context(), words[1:]...), here(t.Context(), words[1:]...)
	want := fmt.Sprintf("nt351, mail-4k on t1, %s after segment %d: %s", e.Smallest.Kind, e.Smallest.Segment, e.Smallest.Outcome)
	if once.Code != exitOK || !strings.HasPrefix(once.Stdout, want) || once.Stdout != again.Stdout {
		t.Errorf("%s\n%+v\nwant %q", e.Smallest.Replay, once, want)
	}
}
