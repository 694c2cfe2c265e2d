package bench

import (
	"fmt"
	"strings"

	"github.com/ntrdr/ntrdr/bench/workload"
)

// Sizes of a message file: room for the header fields of a message, and what a trial
// may cost.
//
// src: KB Q108027 (a small real message file has 552 bytes); assumed (the most)
const (
	minMail = 552
	maxMail = 16 << 20
)

// WorkloadByName returns a built-in workload: mail-32k, copy-1m, log-20. A name without
// a number has the usual one; mail alone is that of the Spec's MessageSize.
func WorkloadByName(name string) (Workload, error) {
	size, isMail := strings.CutPrefix(name, "mail")
	switch {
	case isMail && size == "":
		return nil, nil
	case isMail && strings.HasPrefix(size, "-"):
		n, err := workload.ParseSize(size[1:])
		if err != nil || n < minMail || n > maxMail {
			return nil, fmt.Errorf("workload %s: a message file has between %d and %d bytes", name, minMail, maxMail)
		}
		return Mail{int(n)}, nil
	}
	return workload.ByName(name)
}

// LoadWorkload reads a workload of one's own, in the language of workload.Language.
func LoadWorkload(file string, text []byte) (Workload, error) { return workload.Load(file, text) }
