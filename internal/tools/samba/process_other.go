//go:build !linux

package samba

import (
	"syscall"
	"time"
)

const (
	terminate = syscall.SIGTERM
	kill      = syscall.SIGKILL
)

func ownGroup() *syscall.SysProcAttr { return nil }

func descendants(int) []int { return nil }

func group(int) []int { return nil }

func signal(syscall.Signal, []int) {}

func waitGone([]int, time.Duration) bool { return true }
