package workload

import (
	"fmt"
	"strconv"
	"strings"
)

// builtin is a workload that is a script with one number in it.
type builtin struct {
	name    string
	unit    string // what the number counts
	isSize  bool
	usual   int64
	most    int64
	summary string
	never   string
	text    func(n int64) string
}

// copyChunk is the buffer of a copying program.
//
// src: assumed (no source names one; that the target is opened for writing alone, and
// denies everything, is too: KB Q290861 ties a copy to the write-behind of write-only files).
const copyChunk = 64 << 10

// The think times make programs of a busy person's pace.
//
// src: assumed (as are the sizes in the scripts below).
const (
	logThink  = "100ms"
	isamThink = "250ms"
)

var builtins = []builtin{
	{
		name: "copy", unit: "bytes", isSize: true, usual: 256 << 10, most: maxBytes,
		summary: "one file is written from beginning to end and closed; nobody else may open it until then",
		never:   "who can open the file never finds a hole in it or other bytes than were copied: it is a beginning of it, or all",
		text: func(n int64) string {
			var b strings.Builder
			b.WriteString("application\n  open c COPY.DAT create write deny-all\n")
			if n/copyChunk > 0 {
				fmt.Fprintf(&b, "  repeat %d\n    write c next %d\n  end\n", n/copyChunk, copyChunk)
			}
			if rest := n % copyChunk; rest > 0 {
				fmt.Fprintf(&b, "  write c next %d\n", rest)
			}
			b.WriteString("  close c\nreader\n  look COPY.DAT deny-write\n" +
				"  never COPY.DAT out of order\n  expect COPY.DAT whole\n")
			return b.String()
		},
	},
	{
		name: "log", unit: "records", usual: 50, most: 5000,
		summary: "each record of 1 KB is appended to the log, then the index is written over: the commit",
		never:   "the index never points past whole records of the log",
		text: func(n int64) string {
			return fmt.Sprintf("application\n  open l LOG.DAT create deny-write\n  open i LOG.IDX create deny-write\n"+
				"  repeat %d\n    write l next 1k\n    write i 0 512\n    think %s\n  end\n  close l\n  close i\n"+
				"reader\n  look LOG.IDX\n  look LOG.DAT\n  never LOG.IDX ahead of LOG.DAT\n"+
				"  expect LOG.DAT whole\n  expect LOG.IDX whole\n", n, logThink)
		},
	},
	{
		name: "isam", unit: "updates", usual: 60, most: 5000,
		summary: "random records of 4 KB of a shared table are updated under byte-range locks, then its header that counts them",
		never:   "who has the header locked never finds a header that counts an update that is not there, nor a torn record",
		text: func(n int64) string {
			return fmt.Sprintf("before\n  file TABLE.DAT 132k\napplication\n  open t TABLE.DAT existing deny-none\n"+
				"  repeat %d\n    pick r 4k 128k 4k\n    lock t 0 4k\n    lock t r 4k\n    write t r 4k\n    write t 0 4k\n"+
				"    unlock t r 4k\n    unlock t 0 4k\n    think %s\n  end\n  close t\n"+
				"reader\n  look TABLE.DAT lock 0 4k\n  never TABLE.DAT torn\n  expect TABLE.DAT whole\n", n, isamThink)
		},
	},
	{
		name: "build", unit: "files", usual: 20, most: 2000,
		summary: "small files are created and closed, opened again and read, and a product and a manifest of them are written",
		never:   "a manifest never stands beside a product or an object file that is not whole",
		text: func(n int64) string {
			return fmt.Sprintf("before\n  mkdir OBJ\napplication\n  repeat %d\n    pick size 512 8k 512\n"+
				"    open o OBJ\\F%%.OBJ create deny-write\n    write o 0 size\n    close o\n  end\n"+
				"  open p PROG.EXE create deny-write\n  repeat %d\n    open o OBJ\\F%%.OBJ existing read deny-write\n    read o 0 512\n    close o\n    write p next 2k\n  end\n"+
				"  close p\n  open m MANIFEST.TXT create deny-write\n  write m 0 1k\n  close m\n"+
				"reader\n  look MANIFEST.TXT\n  look PROG.EXE\n  look OBJ\\*\n"+
				"  never MANIFEST.TXT ahead of OBJ\\*\n  never MANIFEST.TXT ahead of PROG.EXE\n"+
				"  expect OBJ\\* whole\n  expect PROG.EXE whole\n  expect MANIFEST.TXT whole\n", n, n)
		},
	},
	{
		name: "office", unit: "saves", usual: 3, most: 500,
		summary: "a document of 64 KB is saved: written to a new file, the old one deleted, the new one renamed",
		never:   "the document is never torn or empty, and never gone unless the new file is whole",
		text: func(n int64) string {
			return fmt.Sprintf("before\n  file REPORT.DOC 64k\napplication\n  repeat %d\n    open d REPORT.TMP create deny-write\n"+
				"    repeat 16\n      write d next 4k\n    end\n    close d\n    delete REPORT.DOC\n    rename REPORT.TMP REPORT.DOC\n    think 5s\n  end\n"+
				"reader\n  look REPORT.DOC\n  look REPORT.TMP\n"+
				"  never REPORT.DOC torn\n  never REPORT.DOC empty\n  never REPORT.DOC missing unless REPORT.TMP whole\n"+
				"  expect REPORT.DOC whole\n  expect REPORT.TMP missing\n", n)
		},
	},
}

// Info describes a built-in workload.
type Info struct {
	Name    string // as it is usually called, such as copy-256k
	Unit    string // what the number in the name counts
	Summary string // what the application does
	Never   string // what a reader may never see
	Text    string // as a script
}

// Builtins lists the built-in workloads but mail.
func Builtins() []Info {
	var list []Info
	for _, b := range builtins {
		list = append(list, Info{b.called(b.usual), b.unit, b.summary, b.never, b.text(b.usual)})
	}
	return list
}

func (b *builtin) called(n int64) string {
	if b.isSize {
		return b.name + "-" + SizeName(int(n))
	}
	return b.name + "-" + strconv.FormatInt(n, 10)
}

// SizeName spells a size in bytes, KB or MB (powers of two), such as 32k.
func SizeName(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%dm", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%dk", n>>10)
	}
	return strconv.Itoa(n)
}

// ByName returns a built-in workload: copy, copy-1m, log-50.
func ByName(name string) (*Script, error) {
	called, text, err := find(name)
	if err != nil {
		return nil, err
	}
	return parse(name, called, []byte(text))
}

// Text is a built-in workload as its text, for whoever wants to write another.
func Text(name string) (string, error) {
	called, text, err := find(name)
	return "# " + called + "\n" + text, err
}

func find(name string) (called, text string, err error) {
	kind, number, sized := strings.Cut(name, "-")
	for i := range builtins {
		b := &builtins[i]
		if b.name != kind {
			continue
		}
		n := b.usual
		if sized {
			v, err := ParseSize(number)
			if err != nil || v < 1 || v > b.most || !b.isSize && strings.ContainsAny(number, "kKmM") {
				return "", "", fmt.Errorf("workload %s: %q is no number of %s between 1 and %d", name, number, b.unit, b.most)
			}
			n = v
		}
		if b.isSize && n%grain != 0 {
			return "", "", fmt.Errorf("workload %s: %d is no multiple of %d bytes", name, n, grain)
		}
		return b.called(n), b.text(n), nil
	}
	return "", "", fmt.Errorf("there is no workload %q; there are mail and %s, each with a number of its own, such as mail-100k or log-20", name, names())
}

func names() string {
	var list []string
	for i := range builtins {
		list = append(list, builtins[i].name)
	}
	return strings.Join(list, ", ")
}
