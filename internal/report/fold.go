package report

import (
	"fmt"
	"strings"
	"time"
)

// Bounds of folding: a row of at least foldFrom similar moments keeps its first and
// its last ones.
const (
	foldFrom = 4
	keepHead = 1
	keepTail = 1
)

// Fold returns the moments with rows of similar ones shortened: "... 5 more writes".
// Key moments, and those that are like no other, stay.
func Fold(moments []Moment) []Moment {
	var out []Moment
	for len(moments) > 0 {
		n := similar(moments)
		if n >= foldFrom {
			hidden := moments[keepHead : n-keepTail]
			out = append(out, moments[:keepHead]...)
			out = append(out, folded(hidden))
			out = append(out, moments[n-keepTail:n]...)
		} else {
			out = append(out, moments[:n]...)
		}
		moments = moments[n:]
	}
	return out
}

// similar counts the moments of the first one's group at the front, at least 1.
func similar(moments []Moment) int {
	g := moments[0].group()
	n := 1
	for g != groupNone && n < len(moments) && moments[n].group() == g {
		n++
	}
	return n
}

type group uint8

const (
	groupNone group = iota
	groupData
	groupLook
)

// group is wider than the class: writes of the sender and answers of the server
// take turns when writes are not behind.
func (m *Moment) group() group {
	switch {
	case m.Key:
		return groupNone
	case m.class == classAppWrite || m.class == classWire:
		return groupData
	case m.class == classLook:
		return groupLook
	}
	return groupNone
}

// folded stands for the hidden moments; it holds what the last of them holds.
func folded(hidden []Moment) Moment {
	m := hidden[len(hidden)-1]
	m.class = classNone
	var parts []string
	for _, kind := range [...]struct {
		class class
		one   string
		many  string
	}{
		{classAppWrite, "1 more write by the sender", "%d more writes by the sender"},
		{classWire, "1 more WRITE reaches the server", "%d more WRITEs reach the server"},
		{classLook, "1 more look", "%d more looks"},
	} {
		switch n := count(hidden, kind.class); n {
		case 0:
		case 1:
			parts = append(parts, kind.one)
		default:
			parts = append(parts, fmt.Sprintf(kind.many, n))
		}
	}
	until := m.At
	m.At = hidden[0].At
	for i := range hidden[:len(hidden)-1] {
		m.lost += hidden[i].lost
	}
	m.Text = "... " + strings.Join(parts, ", ") + untilText(m.At, until) + lostText(m.lost)
	return m
}

func count(moments []Moment, c class) (n int) {
	for i := range moments {
		if moments[i].class == c {
			n++
		}
	}
	return n
}

func untilText(from, until time.Duration) string {
	if until-from < 10*time.Millisecond {
		return ""
	}
	return fmt.Sprintf(" (until %.2f s)", until.Seconds())
}

func lostText(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (packets lost or dropped meanwhile: %d)", n)
}
