// Package lint is a test of the source text: it checks the rules of this project
// that no linter knows.
//
//   - Imports go down only, by a table that names what each package may import.
//
//   - Simulated packages start no goroutine, use no channel, lock, context, clock
//     or unseeded randomness, and do not range over a map where the order could
//     be seen. Such a range is allowed with a reason, on its line or the one
//     above:
//
//     // map order: the counts are summed
//     for _, n := range counts {
//
//   - Package-level numbers of the packages that model NT carry their source in
//     their doc comment or in that of their group, introduced by "src:". It is a
//     section of an open specification, an article of the Knowledge Base, an
//     RFC, a committed trace, a work of the list in provenance_test.go, or
//     "assumed", with the reason in parentheses.
//
//   - Nothing names the paths of the place where it was written.
//
// Every check has a test that it finds what it looks for.
package lint
