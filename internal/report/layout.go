package report

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// pad fills s up with blanks to n columns; what is longer is cut.
func pad(s string, n int) string {
	have := utf8.RuneCountInString(s)
	if have > n {
		return string([]rune(s)[:n])
	}
	return s + strings.Repeat(" ", n-have)
}

// wrap breaks s into lines of at most n columns, at blanks where it can. There is
// always a first line.
func wrap(s string, n int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		for utf8.RuneCountInString(word) > n { // a path, or a status name
			r := []rune(word)
			if line != "" {
				lines, line = append(lines, line), ""
			}
			lines, word = append(lines, string(r[:n])), string(r[n:])
		}
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= n:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}

// bar draws how much of the message file the server holds. Before the file exists
// there is none; the last cell is full only when the file is whole.
func bar(held, total int64) string {
	if total <= 0 {
		return strings.Repeat(" ", barWidth)
	}
	held = max(0, min(held, total))
	full := int(held * barWidth / total)
	return strings.Repeat("█", full) + strings.Repeat("░", barWidth-full)
}

// clock is a time as the first column shows it.
func clock(t time.Duration) string { return fmt.Sprintf("%7.2f", t.Seconds()) }
