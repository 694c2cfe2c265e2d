package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// args are the words of a command behind its name, for its parse function to take
// one by one. The first error is kept; what is left over is an error.
type args struct {
	words []string // without key=value
	named []string // key=value, in order
	usage string
	err   error
	// actor and setup-wide facts that a command may want to know.
	actor string
}

func newArgs(words []string, usage string) *args {
	a := &args{usage: usage}
	for _, w := range words {
		key, _, ok := strings.Cut(w, "=")
		if ok && key != "" && !strings.HasPrefix(w, `"`) && !strings.ContainsAny(key, `\<>`) {
			a.named = append(a.named, w)
		} else {
			a.words = append(a.words, w)
		}
	}
	return a
}

func (a *args) fail(format string, v ...any) {
	if a.err == nil {
		a.err = fmt.Errorf(format, v...)
	}
}

// word takes the next word, which must be there.
func (a *args) word(what string) string {
	if len(a.words) == 0 {
		a.fail("%s is missing", what)
		return ""
	}
	w := a.words[0]
	a.words = a.words[1:]
	return strings.TrimPrefix(w, `"`)
}

// more reports whether words are left.
func (a *args) more() bool { return len(a.words) > 0 }

// flag takes a word if it is there, wherever it stands.
func (a *args) flag(word string) bool {
	i := slices.Index(a.words, word)
	if i < 0 {
		return false
	}
	a.words = slices.Delete(a.words, i, i+1)
	return true
}

// value takes key=value.
func (a *args) value(key string) (string, bool) {
	i := slices.IndexFunc(a.named, func(w string) bool { return strings.HasPrefix(w, key+"=") })
	if i < 0 {
		return "", false
	}
	_, v, _ := strings.Cut(a.named[i], "=")
	a.named = slices.Delete(a.named, i, i+1)
	return strings.TrimPrefix(v, `"`), true
}

// valueOr takes key=value, or gives the default.
func (a *args) valueOr(key, def string) string {
	if v, ok := a.value(key); ok {
		return v
	}
	return def
}

// choice takes key=one of the words, joined by commas or plus signs where several
// are allowed; absent is def.
func (a *args) choice(key, def string, allowed ...string) string {
	v := a.valueOr(key, def)
	if !slices.Contains(allowed, v) {
		a.fail("%s=%s: it must be one of %s", key, v, strings.Join(allowed, ", "))
	}
	return v
}

func (a *args) size(what string) int64 {
	w := a.word("OFFSET+LENGTH")
	if a.err != nil {
		return 0
	}
	n, err := parseSize(w)
	if err != nil {
		a.fail("%s: %w", what, err)
	}
	return n
}

// sizeAfter takes the size that follows a word such as `at`; 0 if it is absent.
func (a *args) sizeAfter(word string) int64 {
	if !a.flagBeforeValue(word) {
		return 0
	}
	i := slices.Index(a.words, word)
	n, err := parseSize(a.words[i+1])
	if err != nil {
		a.fail("%s: %w", word, err)
	}
	a.words = slices.Delete(a.words, i, i+2)
	return n
}

func (a *args) flagBeforeValue(word string) bool {
	i := slices.Index(a.words, word)
	if i >= 0 && i+1 == len(a.words) {
		a.fail("a value is missing behind %q", word)
	}
	return i >= 0 && i+1 < len(a.words)
}

func (a *args) duration() time.Duration {
	const what = "DURATION"
	w := a.word("OFFSET+LENGTH")
	if a.err != nil {
		return 0
	}
	d, err := time.ParseDuration(w)
	if err != nil || d < 0 {
		a.fail("%s: %q is no duration; write 2s or 500ms", what, w)
	}
	return d
}

// durationOf takes key=duration, absent is def.
func (a *args) durationOf(key string, def time.Duration) time.Duration {
	v, ok := a.value(key)
	if !ok {
		return def
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 {
		a.fail("%s=%s is no duration; write 2s or 500ms", key, v)
	}
	return d
}

// byteRange takes a range of bytes, offset+length.
func (a *args) byteRange() nt.LockRange {
	w := a.word("OFFSET+LENGTH")
	off, length, ok := strings.Cut(w, "+")
	if a.err != nil {
		return nt.LockRange{}
	}
	o, err := parseSize(off)
	l, err2 := parseSize(length)
	if err := errors.Join(err, err2); err != nil || !ok {
		a.fail("%q is no range of bytes; write offset+length, such as 0+10", w)
	}
	return nt.LockRange{Offset: uint64(o), Length: uint64(l)}
}

// finish returns the first error, or that words are left over.
func (a *args) finish() error {
	if left := slices.Concat(a.words, a.named); a.err == nil && len(left) > 0 {
		a.fail("%q has no meaning here", left[0])
	}
	if a.err != nil {
		return fmt.Errorf("%w (usage: %s)", a.err, a.usage)
	}
	return nil
}
