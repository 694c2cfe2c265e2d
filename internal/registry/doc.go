// Package registry reads and writes REGEDIT4 files and knows the registry values
// of the NT 3.5x workstation and server, each with its type, range, defaults,
// source and effect.
//
// Three words are kept apart. A Param is a row of the table: what a value is. A
// Policy is a set of values that somebody chose, read from a .reg file, each with
// the line that it comes from. An Edition is the model underneath: which release's
// defaults hold, and which of the readings that the sources leave open. Settings
// is a policy on an edition: every question "what does the value X say here" has
// exactly one answer and one origin.
//
// The package holds no behaviour: whether a value changes what the emulator does
// is the business of the code that assembles a machine. The table's Acted column
// says which values do, and Idle why the others do not; a test of package machine plays
// a story for each value that is acted on. A value that only one of 3.5 and 3.51 has
// (Only) is not there on the other, whatever a policy says.
//
// Limits: a .reg file may hold MaxFileSize bytes. Registry Editor's format 5.00
// (UTF-16) is refused: NT 3.5x cannot read it either. Value names are matched
// without regard to case, as the registry does.
package registry
