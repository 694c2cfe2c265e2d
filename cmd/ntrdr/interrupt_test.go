package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// longBench is a bench of many cells, each of which is written to the journal when it
// ends: long enough to be interrupted after any of the first.
var longBench = strings.Fields("bench --policies nt351,q143413 --links lan10,t1,ras-28.8 --loss 0,1%,2%,3%,4%,5%,6%,7%,8%,9%,10%,11% --trials 12 --workers 1 --out")

// records is how many a journal holds: a line, and frames of a length, a sum and so many
// bytes.
func records(path string) (n int) {
	b, _ := os.ReadFile(path) // not there yet: none
	_, b, _ = bytes.Cut(b, []byte("\n"))
	for len(b) >= 8 {
		size := 8 + int(binary.LittleEndian.Uint32(b))
		if size > len(b) {
			break
		}
		b = b[size:]
		n++
	}
	return n
}

// interrupted runs a command line until the journal has so many records, and then sends
// the signal.
func interrupted(t *testing.T, sig os.Signal, journal string, after int, args ...string) outcome {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "ntrdr", args...)
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // its status is in the outcome
		close(ended)
	}()
	for records(journal) < after {
		select {
		case <-ended:
			t.Fatalf("%v before the journal had %d records\n%s", cmd.ProcessState, after, stderr.String())
		default:
		}
	}
	if err := cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	<-ended
	return outcome{Code: cmd.ProcessState.ExitCode(), Stderr: stderr.String()}
}

// resultFiles are what a bench leaves beside its journal.
func resultFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, name := range []string{"results.jsonl", "table.csv", "index.html"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(b)
	}
	return files
}

// However often a bench is interrupted or killed, the one that goes on to the end leaves
// the files of one that was left alone.
func TestAnInterruptedBenchGoesOnWhereItWas(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole")
	if got := process(t, append(slices.Clip(longBench), whole)...); got.Code != exitOK {
		t.Fatalf("%+v", got)
	}
	want := resultFiles(t, whole)
	tests := map[string]struct {
		signal os.Signal
		code   int
		says   string
	}{
		"SIGINT":  {os.Interrupt, exitInterrupt, `(?m)^\d+ of 864 trials are saved: go on with --resume$`},
		"SIGTERM": {syscall.SIGTERM, exitInterrupt, `(?m)^\d+ of 864 trials are saved: go on with --resume$`},
		"SIGKILL": {os.Kill, -1, ``},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(dir, name)
			journal := filepath.Join(out, runJournal)
			again := append(slices.Clip(longBench), out, "--resume")
			before := 0
			for _, more := range []int{2, 5, 1} { // the first record is the head
				got := interrupted(t, tt.signal, journal, before+more, again...)
				if got.Code != tt.code || !regexp.MustCompile(tt.says).MatchString(got.Stderr) {
					t.Fatalf("%+v", got)
				}
				before = records(journal)
			}
			if before >= records(filepath.Join(whole, runJournal)) {
				t.Fatal("nothing was left to resume")
			}
			if got := process(t, again...); got.Code != exitOK || strings.HasPrefix(got.Stderr, "864 trials in") {
				t.Fatalf("%+v", got)
			}
			if diff := cmp.Diff(resultFiles(t, out), want); diff != "" {
				t.Errorf("other files (-got +want):\n%s", diff)
			}
		})
	}
}

// Whoever cannot write the files, such as on a full disk, has the trials all the same.
func TestABenchThatCannotWriteItsFilesGoesOn(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	inTheWay := filepath.Join(out, "results.jsonl")
	if err := os.MkdirAll(filepath.Join(inTheWay, "full"), 0o755); err != nil {
		t.Fatal(err)
	}
	args := []string{"bench", "--policies", "nt351", "--links", "lan10", "--loss", "0", "--trials", "3", "--out", out, "--resume"}
	got := process(t, args...)
	if got.Code == exitOK || !strings.Contains(got.Stderr, "\n3 of 3 trials are saved: go on with --resume\n") {
		t.Errorf("%+v", got)
	}
	if err := os.RemoveAll(inTheWay); err != nil {
		t.Fatal(err)
	}
	if got := process(t, args...); got.Code != exitOK || !strings.HasPrefix(got.Stderr, "0 trials in") {
		t.Errorf("%+v", got)
	}
	resultFiles(t, out)
}
