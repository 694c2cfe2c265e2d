package main

import (
	"errors"
	"io/fs"

	"github.com/spf13/pflag"

	"github.com/ntrdr/ntrdr/internal/link"
)

// lookupLink takes the name of a built-in profile, or else that of a file. The flag is
// where the name comes from, "" for an argument.
func lookupLink(flag, name string) (link.Profile, error) { return (*sources)(nil).link(flag, name) }

// link is lookupLink with these files.
func (s *sources) link(flag, name string) (link.Profile, error) {
	p, unknown := link.ByName(name)
	if unknown == nil {
		return p, nil
	}
	p, err := s.loadLink(name)
	if errors.Is(err, fs.ErrNotExist) {
		if flag != "" {
			flag += ": "
		}
		return p, badInput("%s%w, and no such file", flag, unknown)
	}
	return p, err
}

// linkFlags choose the links of a bench.
type linkFlags struct {
	names []string
	files []string

	linkWords spelling
}

// defaultLinks are the links of the era.
var defaultLinks = []string{"lan10", "t1", "vsat-geo", "isdn-64", "ras-28.8", "x25-9.6"}

func (f *linkFlags) add(set *pflag.FlagSet) {
	if f.names == nil {
		f.names = defaultLinks
	}
	set.StringSliceVar(&f.names, "links", f.names, "link profiles, by name; see ntrdr link list")
	set.StringArrayVar(&f.files, "link", nil, "a link of your own: a profile file (may be repeated)")
}

// profiles are the links that the flags say: a link of one's own replaces the default
// ones.
func (f *linkFlags) profiles(c *invocation) (list []link.Profile, err error) {
	names := f.names
	if len(f.files) > 0 && !c.flags.Changed("links") {
		names = nil
	}
	seen := map[string]bool{}
	for i, name := range append(names[:len(names):len(names)], f.files...) {
		flag := "--links"
		if i >= len(names) {
			flag = "--link"
		}
		p, err := c.sources.link(flag, name)
		switch {
		case err != nil:
			return nil, err
		case seen[p.Name]:
			return nil, badInput("two links are named %q", p.Name)
		}
		seen[p.Name] = true
		f.linkWords.note(p.Name, "--link", name)
		list = append(list, p)
	}
	return list, nil
}
