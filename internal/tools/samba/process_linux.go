package samba

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	terminate = syscall.SIGTERM
	kill      = syscall.SIGKILL
)

// ownGroup keeps signals of the test's terminal away from smbd, and ends smbd
// when the test binary dies without its clean-up.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

// descendants returns the processes that pid forked, and theirs.
func descendants(pid int) []int {
	var all []int
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil
	}
	for _, t := range tasks {
		text, err := os.ReadFile(t)
		if err != nil {
			continue // the process has ended
		}
		for f := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(f); err == nil {
				all = append(all, child)
				all = append(all, descendants(child)...)
			}
		}
	}
	return all
}

// group returns the processes of a process group. Unlike descendants, which reads a file
// that may leave out children while another one ends (proc(5)), it misses none.
func group(pgid int) (all []int) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // the process has ended
		}
		_, rest, _ := strings.Cut(string(text[bytes.LastIndexByte(text, ')')+1:]), " ")
		if f := strings.Fields(rest); len(f) > 2 && f[2] == strconv.Itoa(pgid) {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
				all = append(all, pid)
			}
		}
	}
	return all
}

// signal sends sig to each process that still exists.
func signal(sig syscall.Signal, pids []int) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, sig) // ESRCH: it has ended already
	}
}

// waitGone reports whether all of pids ended within timeout.
func waitGone(pids []int, timeout time.Duration) bool {
	deadline := time.Now().Add(timeout)
	for {
		alive := false
		for _, pid := range pids {
			alive = alive || running(pid)
		}
		if !alive || time.Now().After(deadline) {
			return !alive
		}
		time.Sleep(pollPeriod)
	}
}

// running reports whether pid exists and is not a zombie, which nobody may reap
// where process 1 is not an init.
func running(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	// The state follows the command's name, which may itself hold spaces and
	// parentheses.
	_, after, ok := strings.Cut(string(stat)[strings.LastIndexByte(string(stat), ')')+1:], " ")
	return ok && !strings.HasPrefix(after, "Z")
}
