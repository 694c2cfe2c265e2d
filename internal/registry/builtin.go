package registry

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
)

//go:embed policies/*.reg
var policyFiles embed.FS

// builtinNames are the embedded policies: the stock machine, the article's remedy,
// then others by what they change.
var builtinNames = []string{"nt351", "q143413", "q163401", "no-oplocks", "sync-close", "write-through", "flush-on-close", "ordered", "ordered-durable"}

// BuiltinNames lists the built-in policies, the stock machine first.
func BuiltinNames() []string { return slices.Clone(builtinNames) }

// Builtin returns a built-in policy. Its values' origins name the embedded file.
func Builtin(name string) (*Policy, error) {
	if !slices.Contains(builtinNames, name) {
		return nil, fmt.Errorf("no built-in policy %q; there are %q", name, builtinNames)
	}
	file := name + ".reg"
	b, err := BuiltinFile(name)
	if err != nil {
		return nil, err
	}
	p, _, err := load(name, Origin{Kind: OriginBuiltin, Name: file}, bytes.NewReader(b))
	return p, err
}

// BuiltinFile returns the text of a built-in policy, as a user would write it.
func BuiltinFile(name string) ([]byte, error) {
	b, err := policyFiles.ReadFile("policies/" + name + ".reg")
	if err != nil {
		return nil, fmt.Errorf("built-in policy: %w", err)
	}
	return b, nil
}
