package conformance

import (
	"fmt"
	"strings"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// fileCommands are what workstations and plain clients do with files.
var fileCommands = []command{
	{
		usage: "open HANDLE PATH [access=r|w|rw|a] [share=none|read|write|all] [create|new|overwrite|supersede] [oplock=exclusive|batch] [through] [nobuffer] [sequential] [random] [temporary] [delete-on-close] [readonly]",
		about: "opens a file; create is open-or-create, new fails if it exists; oplock= is for plain clients",
		who:   anyMachine, on: everywhere, parse: parseOpen,
	},
	{
		usage: "write HANDLE SIZE [at OFFSET] [pattern=LETTER] | write HANDLE text=TEXT [at OFFSET]",
		about: "writes; the outcome has n, the bytes taken",
		who:   anyMachine, on: everywhere, parse: parseWrite,
	},
	{
		usage: "read HANDLE SIZE [at OFFSET]",
		about: "reads; the outcome has n and data, the runs of patterns (a:4096,zeros:10) or the text",
		who:   anyMachine, on: everywhere, parse: parseRead,
	},
	{
		usage: "flush HANDLE", about: "FlushFileBuffers",
		who: anyMachine, on: everywhere, parse: handleAction(func(f file) outcome { return failed(f.Flush()) }),
	},
	{
		usage: "size HANDLE", about: "asks for the size; the outcome has size",
		who: anyMachine, on: everywhere,
		parse: handleAction(func(f file) outcome {
			n, err := f.Size()
			return failed(err).with("size", n)
		}),
	},
	{
		usage: "setsize HANDLE SIZE", about: "truncates or extends",
		who: anyMachine, on: everywhere, parse: parseSetSize,
	},
	{usage: "close HANDLE", about: "closes", who: anyMachine, on: everywhere, parse: parseClose},
	{
		usage: "delete PATH", about: "deletes a file", who: anyMachine, on: everywhere,
		parse: pathAction(func(fs fileSystem, path string) outcome { return failed(fs.Delete(path)) }),
	},
	{
		usage: "mkdir PATH", about: "makes a directory", who: anyMachine, on: everywhere,
		parse: pathAction(func(fs fileSystem, path string) outcome { return failed(fs.Mkdir(path)) }),
	},
	{
		usage: "stat PATH", about: "asks by name; the outcome has size", who: anyMachine, on: everywhere,
		parse: pathAction(func(fs fileSystem, path string) outcome {
			info, err := fs.stat(path)
			return failed(err).with("size", info.Size)
		}),
	},
	{
		usage: "find PATTERN", about: "lists; the outcome has n and names, with their sizes", who: anyMachine, on: everywhere,
		parse: pathAction(findNames),
	},
	{usage: "rename FROM TO", about: "renames", who: anyMachine, on: everywhere, parse: parseRename},
}

// handleAction is an action on an open file.
func handleAction(f func(file) outcome) func(*args) action {
	return func(a *args) action {
		actor, name := a.actor, a.word("HANDLE")
		return func(s *story) outcome { return s.onHandle(actor, name, f) }
	}
}

// pathAction is an action by name.
func pathAction(f func(fileSystem, string) outcome) func(*args) action {
	return func(a *args) action {
		actor, path := a.actor, a.word("PATH")
		return func(s *story) outcome { return s.onNames(actor, func(fs fileSystem) outcome { return f(fs, path) }) }
	}
}

func findNames(fs fileSystem, pattern string) outcome {
	list, err := fs.Find(pattern)
	var names []string
	for _, i := range list {
		if i.Name != "." && i.Name != ".." {
			names = append(names, fmt.Sprintf("%s:%d", i.Name, i.Size))
		}
	}
	return failed(err).with("n", len(names)).with("names", strings.Join(names, ","))
}

func parseOpen(a *args) action {
	actor, name, path := a.actor, a.word("HANDLE"), a.word("PATH")
	p := a.createParams()
	return func(s *story) outcome {
		return s.onNames(actor, func(fs fileSystem) outcome {
			f, o := fs.open(path, p)
			s.setHandle(actor, name, f, o)
			return o
		})
	}
}

// createParams takes what an open asks for.
func (a *args) createParams() nt.CreateParams {
	p := nt.CreateParams{Disposition: nt.FileOpen, Attributes: nt.AttrNormal, Options: nt.NonDirectoryFile}
	p.Access = map[string]nt.AccessMask{
		"r": nt.GenericRead, "w": nt.GenericWrite, "rw": nt.GenericRead | nt.GenericWrite,
		"a": nt.FileReadAttributes, "d": nt.Delete,
	}[a.choice("access", "rw", "r", "w", "rw", "a", "d")]
	p.Share = map[string]nt.ShareAccess{
		"none": nt.ShareNone, "read": nt.ShareRead, "write": nt.ShareWrite, "all": nt.ShareRead | nt.ShareWrite,
		"all+delete": nt.ShareRead | nt.ShareWrite | nt.ShareDelete,
	}[a.choice("share", "all", "none", "read", "write", "all", "all+delete")]
	p.Oplock = map[string]nt.OplockLevel{
		"none": nt.OplockNone, "exclusive": nt.OplockExclusive, "batch": nt.OplockBatch,
	}[a.choice("oplock", "none", "none", "exclusive", "batch")]
	for word, d := range map[string]nt.Disposition{ // map order: at most one is there
		"create": nt.FileOpenIf, "new": nt.FileCreate, "overwrite": nt.FileOverwriteIf, "supersede": nt.FileSupersede,
	} {
		if a.flag(word) {
			p.Disposition = d
		}
	}
	for word, o := range map[string]nt.CreateOptions{ // map order: bits are joined
		"through": nt.WriteThrough, "nobuffer": nt.NoIntermediateBuffer, "sequential": nt.SequentialOnly,
		"random": nt.RandomAccess, "delete-on-close": nt.DeleteOnClose,
	} {
		if a.flag(word) {
			p.Options |= o
		}
	}
	for word, t := range map[string]nt.FileAttributes{"temporary": nt.AttrTemporary, "readonly": nt.AttrReadOnly} { // map order: bits
		if a.flag(word) {
			p.Attributes = t
		}
	}
	if p.Options&nt.DeleteOnClose != 0 {
		p.Access |= nt.Delete
	}
	return p
}

func parseWrite(a *args) action {
	actor, name := a.actor, a.word("HANDLE")
	off := a.sizeAfter("at")
	var data []byte
	if text, ok := a.value("text"); ok {
		data = []byte(text)
	} else {
		n := a.size("SIZE")
		letter := a.pattern("a")
		const most = 64 << 20
		if n < 0 || n > most {
			a.fail("SIZE: one write has at most 64MB")
			n = 0
		}
		data = make([]byte, n)
		fill(data, off, letter)
	}
	return func(s *story) outcome {
		return s.onHandle(actor, name, func(f file) outcome {
			n, err := f.WriteAt(data, off)
			return failed(err).with("n", n)
		})
	}
}

func parseRead(a *args) action {
	actor, name := a.actor, a.word("HANDLE")
	n, off := a.size("SIZE"), a.sizeAfter("at")
	const most = 64 << 20
	if n < 0 || n > most {
		a.fail("SIZE: one read has at most 64MB")
	}
	return func(s *story) outcome {
		return s.onHandle(actor, name, func(f file) outcome { return read(f, n, off) })
	}
}

func parseSetSize(a *args) action {
	actor, name, n := a.actor, a.word("HANDLE"), a.size("SIZE")
	return func(s *story) outcome {
		return s.onHandle(actor, name, func(f file) outcome { return failed(f.SetSize(n)) })
	}
}

func parseClose(a *args) action {
	actor, name := a.actor, a.word("HANDLE")
	return func(s *story) outcome {
		return s.onHandle(actor, name, func(f file) outcome {
			s.setHandle(actor, name, nil, outcome{})
			return failed(f.Close())
		})
	}
}

func parseRename(a *args) action {
	actor, from, to := a.actor, a.word("FROM"), a.word("TO")
	return func(s *story) outcome {
		return s.onNames(actor, func(fs fileSystem) outcome { return failed(fs.Rename(from, to)) })
	}
}
