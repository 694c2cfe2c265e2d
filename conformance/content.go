package conformance

import (
	"fmt"
	"strings"
)

// Stories write bytes that tell who wrote them and where they belong. At an even
// offset of the file stands the pattern's letter; at an odd one a mark of the block
// of 512 bytes, which is never zero and no ASCII, so that bytes in a wrong place are
// seen.

const (
	markBit   = 0x80
	blockBits = 9
)

func mark(off int64) byte { return markBit | byte(off>>blockBits)&(markBit-1) }

// fill writes the pattern of a letter, 0 for zeros, for bytes from off on.
func fill(p []byte, off int64, letter byte) {
	for i := range p {
		switch at := off + int64(i); {
		case letter == 0:
			p[i] = 0
		case at%2 == 0:
			p[i] = letter
		default:
			p[i] = mark(at)
		}
	}
}

// pattern takes pattern=LETTER; "" or "zeros" is zeros.
func (a *args) pattern(def string) byte {
	v := a.valueOr("pattern", def)
	switch {
	case v == "" || v == "zeros":
		return 0
	case len(v) == 1 && v[0] >= 'a' && v[0] <= 'z':
		return v[0]
	}
	a.fail("pattern=%s: a pattern is one letter from a to z, or zeros", v)
	return 0
}

// describe names the runs of patterns in bytes that were found at off: `a:4096`,
// `a:4096,zeros:100`, or `"text"` for a short text. A byte that is none of its place
// is `?`.
func describe(p []byte, off int64) string {
	if len(p) == 0 {
		return "nothing"
	}
	if text, ok := plainText(p); ok {
		return text
	}
	var runs []string
	for i := 0; i < len(p); {
		kind := classify(p, off, i)
		j := i + 1
		for j < len(p) && (classify(p, off, j) == kind || continues(p, off, j, kind)) {
			j++
		}
		runs = append(runs, fmt.Sprintf("%s:%d", kind, j-i))
		i = j
	}
	const most = 12
	if len(runs) > most {
		runs = append(runs[:most], fmt.Sprintf("... (%d runs)", len(runs)))
	}
	return strings.Join(runs, ",")
}

func plainText(p []byte) (string, bool) {
	const longest = 64
	for _, b := range p {
		if b < ' ' || b > '~' {
			return "", false
		}
	}
	return string(p), len(p) <= longest && len(p) > 1
}

// classify names what byte i is on its own; a mark belongs to the letter beside it.
func classify(p []byte, off int64, i int) string {
	b, at := p[i], off+int64(i)
	letter := func(b byte) bool { return b >= 'a' && b <= 'z' }
	switch {
	case b == 0:
		return "zeros"
	case at%2 == 0 && letter(b):
		return string(b)
	case at%2 == 1 && b == mark(at) && i > 0 && letter(p[i-1]):
		return string(p[i-1])
	case at%2 == 1 && b == mark(at) && i+1 < len(p) && letter(p[i+1]):
		return string(p[i+1])
	}
	return "?"
}

// continues reports whether a mark goes on with the run of kind before it.
func continues(p []byte, off int64, i int, kind string) bool {
	at := off + int64(i)
	return at%2 == 1 && p[i] == mark(at) && len(kind) == 1 && kind != "?"
}
