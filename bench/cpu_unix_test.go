//go:build unix

package bench_test

import (
	"syscall"
	"time"
)

// cpuTime is what the process has used of the processors. Unlike the time that passes it
// is nearly the same on a machine that has other things to do.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
