package conformance

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
)

// splitWords cuts a line at blanks; double quotes keep blanks in a word. A word that
// begins with a quote keeps it, so that quoted text can be told from a name.
func splitWords(line string) ([]string, error) {
	var (
		words    []string
		word     strings.Builder
		inWord   bool
		inQuotes bool
	)
	for _, r := range line {
		switch {
		case r == '"':
			if !inWord {
				word.WriteByte('"')
			}
			inWord, inQuotes = true, !inQuotes
		case (r == ' ' || r == '\t') && !inQuotes:
			if inWord {
				words = append(words, word.String())
			}
			word.Reset()
			inWord = false
		default:
			inWord = true
			word.WriteRune(r)
		}
	}
	if inQuotes {
		return nil, errors.New("a double quote is not closed")
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}

// sizeUnits are powers of two.
var sizeUnits = []struct {
	suffix string
	bytes  int64
}{{"KB", 1 << 10}, {"MB", 1 << 20}, {"GB", 1 << 30}}

// parseSize reads a number of bytes, such as 4096, 32KB or 10GB.
func parseSize(text string) (int64, error) {
	unit := int64(1)
	for _, u := range sizeUnits {
		if n, ok := strings.CutSuffix(text, u.suffix); ok {
			text, unit = n, u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(text, 0, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no number of bytes; write 4096, 32KB or 1MB", text)
	}
	return n * unit, nil
}

// timeRange bounds a duration, both ends included.
type timeRange struct{ min, max time.Duration }

// parseTimeRange reads 3s..3.1s.
func parseTimeRange(text string) (timeRange, error) {
	lo, hi, ok := strings.Cut(text, "..")
	if !ok {
		return timeRange{}, fmt.Errorf("%q is no range of time; write 3s..3.1s", text)
	}
	from, err := time.ParseDuration(lo)
	to, err2 := time.ParseDuration(hi)
	if err := errors.Join(err, err2); err != nil || from > to {
		return timeRange{}, fmt.Errorf("%q is no range of time; write 3s..3.1s", text)
	}
	return timeRange{from, to}, nil
}

func (r timeRange) String() string { return fmt.Sprintf("%v..%v", r.min, r.max) }

// matchPath compares a path with a pattern, in any case; * stands for any characters
// but a backslash.
func matchPath(pattern, p string) bool {
	slashed := func(s string) string {
		return strings.ReplaceAll(strings.ToUpper(strings.TrimPrefix(s, `\`)), `\`, "/")
	}
	ok, err := path.Match(slashed(pattern), slashed(p))
	return ok && err == nil
}
