package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/ntrdr/ntrdr/bench"
)

// version and revision are set by the linker: -X main.version=v1.2.3 -X main.revision=HASH.
var (
	version  = "dev"
	revision = ""
)

// versionJSON is the object of `version --json`.
type versionJSON struct {
	Schema   string `json:"schema"`
	Commit   string `json:"commit"`
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func versionCommand() *command {
	return &command{
		name: "version", summary: "version, commit, Go version",
		long:    "Prints what this binary was built from.",
		example: "  ntrdr version",
		run: func(c *invocation) error {
			asJSON := c.flags.Bool("json", false, "print JSON")
			if err := c.parse(0); err != nil {
				return err
			}
			if *asJSON {
				return json.NewEncoder(c.stdout).Encode(versionJSON{
					bench.Schema, commit(), version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH,
				})
			}
			_, err := fmt.Fprintf(c.stdout, "ntrdr %s\ncommit %s\n%s %s/%s\n", version, commit(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// commit is the revision that the binary was built from: what the Makefile or the go
// command stamped, "unknown" under `go run`.
func commit() string {
	if revision != "" {
		return revision
	}
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
