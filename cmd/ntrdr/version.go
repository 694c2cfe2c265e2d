package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the linker in a release: -X main.version=v1.2.3.
var version = "dev"

func versionCommand() *command {
	return &command{
		name: "version", summary: "version, commit, Go version",
		long:    "Prints what this binary was built from.",
		example: "  ntrdr version",
		run: func(c *invocation) error {
			if err := c.parse(0); err != nil {
				return err
			}
			_, err := fmt.Fprintf(c.stdout, "ntrdr %s\ncommit %s\n%s %s/%s\n", version, commit(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// commit is the revision that the binary was built from, "unknown" outside a
// checkout and under `go run`.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	rev, dirty := "unknown", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			rev = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+dirty"
		}
	}
	return rev + dirty
}
