package main

import (
	"strings"
	"testing"
)

// What cannot be compared is refused by name before anything is played.
func TestParseRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"--trials 0":       "-trials: 0 is not at least 1",
		"--simulated -1":   "-simulated: -1 is not at least 1",
		"--at-once 0":      "-at-once: 0 is not at least 1",
		"--size 100":       "-size: 100 is not from 552 to 16777216 bytes",
		"--poll 0s":        "-poll: 0s is not from 1s to 1h",
		"--trials 3 stray": `unexpected argument "stray"`,
	} {
		var f flags
		if err := f.parse(strings.Fields(args)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", args, err, want)
		}
	}
	var f flags
	if err := f.parse(strings.Fields("--links t1 --trials 5")); err != nil {
		t.Error(err)
	}
}
