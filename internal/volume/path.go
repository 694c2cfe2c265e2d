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
		if c := path[i]; c >= utf8.RuneSelf || 'a' <= c && c <= 'z' {
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

// usualDepth is how many components of a path a caller's array takes without an
// allocation.
const usualDepth = 8

// names appends the components of a path to list: none for the root.
func names(list []string, path string) ([]string, nt.Status) {
	path = strings.Trim(path, `\`)
	if path == "" {
		return list, nt.StatusSuccess
	}
	if len(path) > MaxPath {
		return nil, nt.StatusObjectNameInvalid
	}
	for n := range strings.SplitSeq(path, `\`) {
		if !ValidName(n) {
			return nil, nt.StatusObjectNameInvalid
		}
		list = append(list, n)
	}
	return list, nt.StatusSuccess
}

// ValidName reports whether a file can have this name.
//
// src: [MS-FSCC] §2.1.5.2 (characters)
func ValidName(name string) bool {
	if name == "" || name == "." || name == ".." || len(name) > maxName || !utf8.ValidString(name) {
		return false
	}
	for i := range len(name) {
		if forbidden[name[i]] {
			return false
		}
	}
	return true
}

// forbidden are the bytes that no name has.
var forbidden = func() (f [256]bool) {
	for c := range 0x20 {
		f[c] = true
	}
	for _, c := range []byte(`"*/:<>?\|`) {
		f[c] = true
	}
	return f
}()
