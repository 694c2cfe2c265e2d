package main

import (
	"fmt"
	"strconv"
	"strings"
)

// byteSize is a flag value such as 32KB or 1MB; K and M are powers of two.
type byteSize int

func (b *byteSize) String() string {
	n := int(*b)
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return strconv.Itoa(n>>20) + "MB"
	case n >= 1<<10 && n%(1<<10) == 0:
		return strconv.Itoa(n>>10) + "KB"
	}
	return strconv.Itoa(n)
}

func (b *byteSize) Set(s string) error {
	num, unit := strings.ToUpper(strings.TrimSpace(s)), 1
	switch {
	case strings.HasSuffix(num, "KB"):
		num, unit = num[:len(num)-2], 1<<10
	case strings.HasSuffix(num, "MB"):
		num, unit = num[:len(num)-2], 1<<20
	}
	n, err := strconv.Atoi(strings.TrimSpace(num))
	if err != nil || n <= 0 || n > maxMessageSize/unit {
		return fmt.Errorf("%q is not a size between 1 and %d bytes, such as 32KB or 1MB", s, maxMessageSize)
	}
	*b = byteSize(n * unit)
	return nil
}

func (b *byteSize) Type() string { return "size" }

// maxMessageSize bounds a trial's message.
//
// src: assumed (the largest attachment that MS Mail administrators report is a few MB)
const maxMessageSize = 16 << 20
