package main

import (
	"io"
	"os"

	"github.com/spf13/pflag"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/link"
)

// sources are the files that flags name. They remember what was read, for a journal;
// those of a journal read nothing else. A nil sources reads the disk.
type sources struct {
	files  map[string][]byte
	closed bool // files are all that there is
}

// read returns the file, and one byte more than it may have at most.
func (s *sources) read(path string, most int64) ([]byte, error) {
	if s != nil && s.closed {
		b, ok := s.files[path]
		if !ok {
			return nil, badInput("the journal does not hold %s", path)
		}
		return b, nil
	}
	b, err := readLimited(path, most)
	if err == nil && s != nil {
		s.files[path] = b
	}
	return b, err
}

// readLimited reads a file, and one byte more than it may have at most.
func readLimited(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, inputError{err}
	}
	defer func() { _ = f.Close() }() // it was only read
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, inputError{err}
	}
	return b, nil
}

// loadLink reads a profile file.
func (s *sources) loadLink(path string) (link.Profile, error) {
	text, err := s.read(path, link.MaxFile)
	if err != nil {
		return link.Profile{}, err
	}
	p, err := link.ParseProfile(path, text)
	if err != nil {
		return link.Profile{}, inputError{err}
	}
	return p, nil
}

// noOrigin are bench's flags that say where and how a matrix is played and shown, not
// what it is. A server's URL, which may hold a password, is among them.
var noOrigin = map[string]bool{
	"server": true, "direct": true, "unshaped": true, "out": true, "workers": true, "resume": true, "shard": true,
	"trial-limit": true, "table": true, "json": true,
}

// origin is how this bench was asked for.
func (c *invocation) origin(m bench.Matrix) (o bench.Origin) {
	c.flags.VisitAll(func(f *pflag.Flag) {
		if !f.Changed || noOrigin[f.Name] {
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, v := range values {
			o.Flags = append(o.Flags, "--"+f.Name+"="+v)
		}
	})
	o.Files, o.Where = c.sources.files, m.Where()
	return o
}

// liveMark makes a matrix say that it is played there, without the server, which no
// journal names.
func liveMark(w bench.Where) *bench.Live {
	if w == bench.LiveShaped || w == bench.LiveUnshaped {
		return &bench.Live{Peers: []bench.Peer{{Unshaped: w == bench.LiveUnshaped}}}
	}
	return nil
}

// again is the bench that a journal tells of: its flags, and its matrix.
func again(c *invocation, o bench.Origin) (*invocation, *benchFlags, bench.Matrix, error) {
	old := newInvocation(c.ctx, benchCommand(), o.Flags)
	old.stdout, old.stderr, old.sources = c.stdout, io.Discard, &sources{files: o.Files, closed: true}
	f := &benchFlags{}
	f.add(old)
	if err := old.parse(0); err != nil {
		return nil, nil, bench.Matrix{}, err
	}
	live := liveMark(o.Where)
	f.storyFlags.live = live != nil
	m, err := f.matrix(old)
	m.Live = live
	return old, f, m, err
}
