package link

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed profiles/*.link
var profileFiles embed.FS

// builtinNames are the built-in profiles: those of the time, the slow ones first, then
// the others.
var builtinNames = []string{
	"ras-2400", "ras-9600", "ras-14.4", "ras-28.8", "ras-28.8-noisy", "dial-56k", "isdn-64", "isdn-128",
	"x25-9.6", "x25-9.6-noisy", "x25-19.2", "x25-56", "x25-64", "frame-relay-56", "frame-relay-56-busy", "ft1-256", "t1",
	"vsat-geo", "vsat-geo-rain", "inet-1995", "lan10",
	"dsl", "edge", "3g", "lte", "starlink",
}

// builtins are read once, because every trial looks links up by name.
var builtins = readBuiltins()

func readBuiltins() (list []Profile) {
	for _, name := range builtinNames {
		file := name + profileExtension
		text, err := profileFiles.ReadFile("profiles/" + file)
		if err != nil {
			panic(err) // the list and the directory differ
		}
		p, err := ParseProfile(file, text)
		if err != nil {
			panic(err) // no test has run
		}
		list = append(list, p)
	}
	return list
}

// Profiles returns the built-in profiles: those of the time, the slow ones first, then
// the others.
func Profiles() []Profile { return slices.Clone(builtins) }

// ByName returns a built-in profile; the error names those there are.
func ByName(name string) (Profile, error) {
	for _, p := range builtins {
		if p.Name == name {
			return p, nil
		}
	}
	return Profile{}, fmt.Errorf("link %q: no such profile (there are %s)", name, strings.Join(builtinNames, ", "))
}
