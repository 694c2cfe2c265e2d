// Package nt is the vocabulary that every layer of ntrdr shares: status codes,
// access masks, share access, dispositions, oplock levels and times, spelled as
// Windows NT and SMB1 spell them. It is a leaf: it holds values, no behaviour
// that waits, and imports nothing but the standard library.
package nt
