package main

import (
	"bytes"
	"context"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets this binary be ntrdr, for the scripts and for tests with several
// processes.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ntrdr": main})
}

// Each script of testdata is a short story that a user could type.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata", RequireExplicitExec: true, RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": scriptStatus, "order": scriptOrder, "json": scriptJSON,
		},
	})
}

// outcome is what a finished command line left.
type outcome struct {
	Code           int
	Stdout, Stderr string
}

// here runs a command line in this process.
func here(ctx context.Context, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, &stdout, &stderr, false)
	return outcome{code, stdout.String(), stderr.String()}
}

// process runs a command line in a process of its own. A process that does not end by
// itself is killed with the test.
func process(t *testing.T, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "ntrdr", args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Errorf("ntrdr %q: %v", args, err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}
