package slurm

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sweep is a bench that takes a second.
var sweep = strings.Fields("--policies nt351,q143413 --links lan10,ras-28.8 --loss 0,5% --trials 16")

// build makes ntrdr and returns its directory.
func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("go", "build", "-o", dir, "./cmd/ntrdr")
	cmd.Dir = "../../.."
	must(t, cmd)
	return dir
}

// must runs a command that has to succeed, and returns what it prints.
func must(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", cmd.Args, err, out)
	}
	return string(out)
}

// checksums are those of a sweep's files.
func checksums(t *testing.T, dir string) map[string]string {
	t.Helper()
	sums := map[string]string{}
	for _, name := range []string{"results.jsonl", "table.csv", "index.html"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		sums[name] = fmt.Sprintf("%x", sha256.Sum256(b))
	}
	return sums
}

// single runs the whole sweep in one process and returns its checksums.
func single(t *testing.T, bin string, flags ...string) map[string]string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "whole")
	must(t, exec.Command(filepath.Join(bin, "ntrdr"), append([]string{"bench", "--out", out}, flags...)...))
	return checksums(t, out)
}

// script is the path of one of this directory's.
func script(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// An array of eight tasks, and the job that unites them, make the files of one run; a
// shard that was lost is played again; a list of tasks is refused.
func TestASlurmArrayMakesTheSingleRunsFiles(t *testing.T) {
	c, bin := start(t), build(t)
	submit := func(env []string, name string, args ...string) []string {
		t.Helper()
		cmd := c.command(name, args...)
		cmd.Env = append(append(cmd.Env, "NTRDR="+filepath.Join(bin, "ntrdr"), "NTRDR_OUT=sweep"), env...)
		return strings.Fields(must(t, cmd))
	}
	expect := func(job string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(c.ended(t, job), want); diff != "" {
			t.Fatalf("job %s (-got +want):\n%s\n%s", job, diff, c.logs())
		}
	}
	want, out := single(t, bin, sweep...), filepath.Join(c.dir, "sweep")

	jobs := submit(nil, script(t, "sweep.sh"), append([]string{"8"}, sweep...)...)
	expect(jobs[1], "COMPLETED")
	if diff := cmp.Diff(checksums(t, out), want); diff != "" {
		t.Errorf("(-array +single run):\n%s", diff)
	}

	lost := filepath.Join(out, "shard-5-of-8.journal")
	if err := os.Remove(lost); err != nil {
		t.Fatal(err)
	}
	expect(submit(nil, "sbatch", "--parsable", script(t, "merge.sbatch"))[0], "FAILED")
	list := submit(nil, "sbatch", append([]string{"--parsable", "--array=5,7", script(t, "sweep.sbatch")}, sweep...)...)
	expect(list[0], "FAILED", "FAILED")
	again := submit([]string{"NTRDR_SHARDS=8"}, "sbatch", append([]string{"--parsable", "--array=5", script(t, "sweep.sbatch")}, sweep...)...)
	expect(again[0], "COMPLETED")
	expect(submit(nil, "sbatch", "--parsable", script(t, "merge.sbatch"))[0], "COMPLETED")
	if diff := cmp.Diff(checksums(t, out), want); diff != "" {
		t.Errorf("after a shard was played again (-array +single run):\n%s", diff)
	}
}

// commandIn returns the only line of the README that begins with the word.
func commandIn(t *testing.T, word string) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^    (`+word+` .*)`).FindAllSubmatch(text, -1)
	if len(lines) != 1 {
		t.Fatalf("%d lines of the README begin with %q", len(lines), word)
	}
	return string(lines[0][1])
}

// The README's line for GNU parallel makes the files of one run.
func TestTheLineForGNUParallel(t *testing.T) {
	require(t, "parallel", "parallel")
	bin := build(t)
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", commandIn(t, "seq"))
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "HOME="+cmd.Dir)
	must(t, cmd)
	flags := strings.Fields("--trials 40 --links t1 --loss 1%")
	if diff := cmp.Diff(checksums(t, filepath.Join(cmd.Dir, "sweep")), single(t, bin, flags...)); diff != "" {
		t.Errorf("(-parallel +single run):\n%s", diff)
	}
}

// What Kubernetes would run for each index of the manifest's Job, and then the merge,
// make the files of one run.
func TestTheManifestsCommands(t *testing.T) {
	text, err := os.ReadFile("job.yaml")
	if err != nil {
		t.Fatal(err)
	}
	manifest := string(text)
	value := func(pattern string) string {
		t.Helper()
		m := regexp.MustCompile(`(?m)^ *` + pattern + `$`).FindStringSubmatch(manifest)
		if m == nil {
			t.Fatalf("nothing matches %s", pattern)
		}
		return m[1]
	}
	completions := value(`completions: (\d+)`)
	if got := value(`- \{name: NTRDR_SHARDS, value: "(\d+)"\}`); got != completions {
		t.Errorf("%s shards for %s completions", got, completions)
	}
	if mode := value(`completionMode: (\w+)`); mode != "Indexed" {
		t.Errorf("the completion mode is %s", mode)
	}
	args := strings.Split(strings.ReplaceAll(value(`args: \[(.*)\]`), `"`, ""), ", ")
	bin, dir := build(t), t.TempDir()
	for i := range 8 {
		cmd := exec.Command(filepath.Join(bin, "ntrdr"), args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), fmt.Sprintf("JOB_COMPLETION_INDEX=%d", i), "NTRDR_SHARDS="+completions)
		must(t, cmd)
	}
	merge := exec.Command(filepath.Join(bin, "ntrdr"), "merge", "--out", "sweep", "sweep")
	merge.Dir = dir
	must(t, merge)
	flags := args[slices.Index(args, "sweep")+1:]
	if diff := cmp.Diff(checksums(t, filepath.Join(dir, "sweep")), single(t, bin, flags...)); diff != "" {
		t.Errorf("(-indexes +single run):\n%s", diff)
	}
}
