package volume

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// MaxPath bounds a path, in bytes, and with it the depth of a tree.
//
// src: assumed (the Win32 limit is 260 characters; UTF-8 takes up to three bytes each)
const MaxPath = 1024

// maxName bounds one name, in bytes.
//
// src: assumed (255 is the limit of NTFS in UTF-16 units and of host file systems in bytes)
const maxName = 255

// Fold returns the spelling of a path or name under which two names that differ in
// case alone are the same. Leading and trailing backslashes are dropped.
func Fold(path string) string {
	path = strings.Trim(path, `\`)
	for i := range len(path) {
		if kinds[path[i]]&(small|wide) != 0 {
			return strings.Map(upcase, path)
		}
	}
	return path
}

// upcase is the fold of one character. What has no single-character capital stays.
func upcase(r rune) rune {
	if 'a' <= r && r <= 'z' {
		return r - ('a' - 'A')
	}
	if r < utf8.RuneSelf {
		return r
	}
	return unicode.ToUpper(r)
}

// Split cuts a path into its directory and its last name.
func Split(path string) (dir, name string) {
	path = strings.Trim(path, `\`)
	i := strings.LastIndexByte(path, '\\')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}

// Join is the inverse of Split.
func Join(dir, name string) string {
	if dir = strings.Trim(dir, `\`); dir == "" {
		return name
	}
	return dir + `\` + name
}

// Respell returns a path, without backslashes around it, with this spelling of its last
// name.
func Respell(path, name string) string {
	path = strings.Trim(path, `\`)
	if dir, ok := strings.CutSuffix(path, name); ok && (dir == "" || dir[len(dir)-1] == '\\') {
		return path
	}
	dir, _ := Split(path)
	return Join(dir, name)
}

// kind says what a byte of a path is, in bits.
type kind uint8

const (
	separator kind = 1 << iota
	forbidden      // no name has it
	small          // a letter that has a capital
	wide           // part of a character beyond ASCII, which may have a capital
)

// kinds are those of all bytes; most have none.
//
// src: [MS-FSCC] §2.1.5.2 (characters)
var kinds = func() (k [256]kind) {
	for c := range 0x20 {
		k[c] = forbidden
	}
	for _, c := range []byte(`"*/:<>?|`) {
		k[c] = forbidden
	}
	for c := 'a'; c <= 'z'; c++ {
		k[c] = small
	}
	for c := utf8.RuneSelf; c < len(k); c++ {
		k[c] = wide
	}
	k['\\'] = separator
	return k
}()

// scan reports whether files can have the names of a path that is not empty, and the
// kinds of all its bytes together.
func scan(path string) (all kind, valid bool) {
	start := 0
	for i := range len(path) {
		k := kinds[path[i]]
		all |= k
		if k == separator {
			if !isName(path[start:i]) {
				return all, false
			}
			start = i + 1
		}
	}
	valid = isName(path[start:]) && all&forbidden == 0 && (all&wide == 0 || utf8.ValidString(path))
	return all, valid
}

// isName reports whether a name may be one, whatever its characters.
func isName(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) <= maxName
}

// ValidName reports whether a file can have this name.
func ValidName(name string) bool {
	all, valid := scan(name)
	return valid && all&separator == 0
}

// foldValid is Fold for a path that must be valid.
func foldValid(path string) (string, nt.Status) {
	path = strings.Trim(path, `\`)
	switch {
	case path == "":
		return "", nt.StatusSuccess
	case len(path) > MaxPath:
		return "", nt.StatusObjectNameInvalid
	}
	all, valid := scan(path)
	switch {
	case !valid:
		return "", nt.StatusObjectNameInvalid
	case all&(small|wide) != 0:
		return strings.Map(upcase, path), nt.StatusSuccess
	}
	return path, nt.StatusSuccess
}

// names returns the components of a path: none for the root.
func names(path string) ([]string, nt.Status) {
	if key, st := foldValid(path); key == "" {
		return nil, st
	}
	return strings.Split(strings.Trim(path, `\`), `\`), nt.StatusSuccess
}
