package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

// scriptStatus is `status N PROGRAM ARGS...`: the program ends with exit status N.
func scriptStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N PROGRAM ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// scriptOrder is `order FILE PATTERN...`: each pattern matches the file, and the last
// lines that match come in this order.
func scriptOrder(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: order FILE PATTERN PATTERN...")
	}
	lines := strings.Split(ts.ReadFile(args[0]), "\n")
	before := -1
	for _, pattern := range args[1:] {
		at := -1
		for i, line := range lines {
			if regexp.MustCompile(pattern).MatchString(line) {
				at = i
			}
		}
		switch {
		case at < 0:
			ts.Fatalf("no line matches %q", pattern)
		case at <= before:
			ts.Fatalf("the last line that matches %q is line %d, not after line %d", pattern, at+1, before+1)
		}
		before = at
	}
}

// The fields of the JSON forms that other programs rely on, in alphabetical order.
var jsonForms = map[string][]string{
	"repro": {"commit", "link", "loss", "message_size", "poll", "profile_hash", "runs", "schema", "seed", "server", "tcp", "workload"},
	"run": {
		"app_seconds", "attempts", "code", "copies", "delivered_seconds", "durable_seconds", "edition", "events",
		"key_visible_seconds", "outcome", "policy", "reason", "silent", "told", "trace_checksum",
	},
	"cell": {
		"aborts", "app_throughput_mean", "app_throughput_p10", "app_throughput_p50", "app_throughput_p90", "commit", "corrupted",
		"corrupted_high", "corrupted_low", "delivered", "durable_throughput_mean", "durable_throughput_p10",
		"durable_throughput_p50", "durable_throughput_p90", "errors", "failed", "first_corrupted_seed", "first_silent_seed",
		"latency_p50", "latency_p99", "link", "link_utilisation", "loss", "lost", "paired", "pending", "policy", "profile_hash",
		"retransmits", "schema", "silent", "silent_high", "silent_low", "tcp", "trials", "workload",
	},
	"result": {
		"aborts", "app_seconds", "attempts", "bytes", "code", "commit", "copies", "delivered_seconds", "durable_seconds", "link",
		"link_bytes", "loss", "outcome", "policy", "profile_hash", "reason", "retransmits", "schema", "seed", "silent", "tcp", "told",
		"trace_checksum", "workload",
	},
	"agreement": {
		"b", "commit", "flavour", "loss", "mean_rtt", "mean_t0", "min_rto", "model_over_mathis", "model_over_pftk",
		"profile_hash", "rtt", "schema", "segments_per_second",
	},
	"explored": {
		"commit", "cuts", "every", "exhaustive", "kinds", "link", "loss", "outcomes", "policy", "prefix_violations",
		"profile_hash", "schema", "seed", "segment_seconds", "segments", "silent", "smallest_failing", "stalls", "tcp", "undisturbed",
		"workload",
	},
	"item": {
		"code", "commit", "declared", "detail", "path", "reason", "schema", "sender", "slot", "subject", "text", "whole",
	},
	"param": {
		"acted", "changed", "choices", "default", "effect", "max", "min", "name", "origin", "ours", "path", "range", "since",
		"source", "type", "unit", "value",
	},
}

// scriptJSON is `json FORM COUNT FILE`: the file holds COUNT objects, one after another
// or in one array, each with exactly the form's fields.
func scriptJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 || jsonForms[args[0]] == nil {
		ts.Fatalf("usage: json FORM COUNT FILE")
	}
	objects, err := jsonObjects([]byte(ts.ReadFile(args[2])))
	ts.Check(err)
	if want, err := strconv.Atoi(args[1]); err != nil || len(objects) != want {
		ts.Fatalf("%d objects, want %s", len(objects), args[1])
	}
	for _, o := range objects {
		checkForm(ts, args[0], o)
		var runs []map[string]json.RawMessage
		if args[0] == "repro" {
			ts.Check(json.Unmarshal(o["runs"], &runs))
		}
		for _, r := range runs {
			checkForm(ts, "run", r)
		}
	}
}

func jsonObjects(text []byte) (objects []map[string]json.RawMessage, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	if bytes.HasPrefix(text, []byte("[")) {
		return objects, dec.Decode(&objects)
	}
	for {
		var o map[string]json.RawMessage
		switch err := dec.Decode(&o); {
		case errors.Is(err, io.EOF):
			return objects, nil
		case err != nil:
			return nil, err
		}
		objects = append(objects, o)
	}
}

func checkForm(ts *testscript.TestScript, form string, o map[string]json.RawMessage) {
	if diff := cmp.Diff(jsonForms[form], slices.Sorted(maps.Keys(o))); diff != "" {
		ts.Fatalf("fields of %s (-want +got):\n%s", form, diff)
	}
	if schema, ok := o["schema"]; ok && string(schema) != `"ntrdr/1"` {
		ts.Fatalf("schema %s", schema)
	}
}
