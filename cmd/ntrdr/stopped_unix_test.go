//go:build unix

package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A batch system may stop a process for longer than any trial may take. That breaks none.
func TestABenchThatIsStoppedForAWhileLosesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("stops a process for four seconds: run it without -short")
	}
	dir := t.TempDir()
	whole, stopped := filepath.Join(dir, "whole"), filepath.Join(dir, "stopped")
	if got := process(t, append(slices.Clip(longBench), whole)...); got.Code != exitOK {
		t.Fatalf("%+v", got)
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "ntrdr", append(slices.Clip(longBench), stopped, "--trial-limit", "1s")...)
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for records(filepath.Join(stopped, runJournal)) < 2 {
		if err := cmd.Process.Signal(syscall.Signal(0)); err != nil {
			t.Fatalf("%v\n%s", err, stderr.String())
		}
	}
	for _, sig := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if sig == syscall.SIGSTOP {
			time.Sleep(4 * time.Second) // the limit, and what a trial has to notice it
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	if diff := cmp.Diff(resultFiles(t, stopped), resultFiles(t, whole)); diff != "" {
		t.Errorf("other files (-stopped +whole):\n%s", diff)
	}
}
