package volume

import "strings"

// The wildcards beside * and ?: a Win32 client sends them in place of * ? and . where
// DOS and NT would disagree.
//
// src: [MS-FSA] §2.1.4.4
const (
	dosStar = '<' // any characters up to the last dot
	dosQM   = '>' // one character, or none at a dot or at the end
	dosDot  = '"' // a dot, or none at the end
)

// HasWildcard reports whether a name holds a wildcard.
func HasWildcard(name string) bool { return strings.ContainsAny(name, `*?<>"`) }

// Match reports whether name matches pattern, in any case. The patterns "", "*" and
// "*.*" match every name; the last is what DOS meant by it.
//
// src: [MS-FSA] §2.1.4.4; the rule of "*.*": [MS-CIFS] §2.2.1.1.3
func Match(pattern, name string) bool { return compile(pattern)(name) }

// compile is Match for many names.
func compile(pattern string) func(name string) bool {
	switch pattern {
	case "", "*", "*.*":
		return func(string) bool { return true }
	}
	return newMatcher(pattern).match
}

// matcher runs a pattern as the set of positions that it may be at: its time is the
// product of both lengths, whatever a peer sends.
type matcher struct {
	pattern []rune
	at      []bool // positions before the present character
	next    []bool
}

func newMatcher(pattern string) *matcher {
	p := []rune(Fold(pattern))
	return &matcher{pattern: p, at: make([]bool, len(p)+1), next: make([]bool, len(p)+1)}
}

func (m *matcher) match(name string) bool {
	text := []rune(Fold(name))
	lastDot := -1
	for i, c := range text {
		if c == '.' {
			lastDot = i
		}
	}
	clear(m.at)
	m.at[0] = true
	for i, c := range text {
		clear(m.next)
		m.skip(c == '.')
		for p, c2 := range m.pattern {
			if m.at[p] {
				m.step(p, c2, c, i == lastDot)
			}
		}
		m.at, m.next = m.next, m.at
	}
	m.skipAtEnd()
	return m.at[len(m.pattern)]
}

// skip follows the wildcards that may match nothing before a character.
func (m *matcher) skip(dot bool) {
	for p, c := range m.pattern {
		if m.at[p] && (c == '*' || c == dosStar || c == dosQM && dot) {
			m.at[p+1] = true
		}
	}
}

// skipAtEnd follows what may match nothing at the end of the name.
func (m *matcher) skipAtEnd() {
	for p, c := range m.pattern {
		if m.at[p] && (c == '*' || c == dosStar || c == dosQM || c == dosDot) {
			m.at[p+1] = true
		}
	}
}

// step consumes character c with the pattern's character want at position p.
func (m *matcher) step(p int, want, c rune, atLastDot bool) {
	switch want {
	case '*':
		m.next[p] = true
	case dosStar:
		if !atLastDot {
			m.next[p] = true
		}
	case '?':
		m.next[p+1] = true
	case dosQM:
		if c != '.' {
			m.next[p+1] = true
		}
	case dosDot:
		m.next[p+1] = m.next[p+1] || c == '.'
	default:
		m.next[p+1] = m.next[p+1] || want == c
	}
}
