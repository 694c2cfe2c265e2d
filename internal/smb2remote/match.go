package smb2remote

import "strings"

// split cuts a pattern into its directory and the mask of the last component.
func split(pattern string) (dir, mask string) {
	pattern = strings.ReplaceAll(pattern, "/", `\`)
	i := strings.LastIndexByte(pattern, '\\')
	return pattern[:max(i, 0)], pattern[i+1:]
}

// matches reports whether name matches a mask of DOS: * for any run, ? for any
// one character, case ignored, and *.* for everything, with a dot or without.
func matches(mask, name string) bool {
	if mask == "*.*" {
		return true
	}
	return matchRunes([]rune(strings.ToUpper(mask)), []rune(strings.ToUpper(name)))
}

// matchRunes goes back to the last star only, so it takes time proportional to
// the product of the lengths at worst.
func matchRunes(mask, name []rune) bool {
	m, n, star, retry := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case m < len(mask) && mask[m] == '*':
			star, retry = m, n
			m++
		case m < len(mask) && (mask[m] == '?' || mask[m] == name[n]):
			m++
			n++
		case star >= 0:
			retry++
			m, n = star+1, retry
		default:
			return false
		}
	}
	return strings.Trim(string(mask[m:]), "*") == ""
}
