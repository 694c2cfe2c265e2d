// Package conformance plays published failures and documented rules as small text
// stories. A story is one file below cases/; `ntrdr conformance` plays them all.
//
// # Targets
//
// A story runs on one or more of three targets, and its file says of each of the
// others why not:
//
//   - model: a simulated world in virtual time: workstations with their redirectors,
//     links, the embedded server, plain clients, and for mail stories the mail agents.
//   - embedded: plain clients on the embedded server over real TCP, in this process.
//   - live: the same over real TCP on somebody else's server (`--server`).
//
// On embedded and live a story sees what a client can see: the results of its calls, the
// SMBs that it sent and got, and what the server answers to another client.
//
// # A case file
//
// A line that begins with # is a comment. A line that is not indented is `field: value`
// or the title of a section; the lines of a section are indented.
//
//	id: q143413-cached-write
//	title: A write returns before anything is sent
//	source: KB Q143413; [MS-CIFS] §2.2.4.43
//	versions: 3.5, 3.51
//	remedy: UseWriteBehind=0          (optional: what the source says to do about it)
//	runs on: model
//	not on embedded: the reason
//	not on live: the reason
//	about:
//	  Prose.
//	setup:
//	  link t1
//	  ws1 UseCloseBehind=0
//	steps:
//	  ws1 open f X access=rw share=read create
//	  w: ws1 write f 8KB pattern=a -> ok n=8192 at once
//	  po look X -> size=0
//	expect:
//	  wire ws1 from w: 2 x WRITE_ANDX X len=4096
//	fix UseWriteBehind=0:
//	  step w -> ok in 1ms..1s
//	  wire ws1 from w to w: 2 x WRITE_ANDX X
//
// A source is `KB Qnnnnnn`, `[MS-CIFS] §n.n`, `RFC nnnn §n`, a published book, or, for a
// rule that is ours, `ntrdr: reason`; semicolons separate several.
//
// # Setup
//
// Each line is a command; Language lists them all with their meaning. Registry values
// are written `ws1 NAME=VALUE`, `ws2 ...` or `server ...`.
//
// # Steps
//
//	[LABEL:] [ACTOR] COMMAND ARGUMENTS [&] [-> ASSERTION]
//
// The actors are ws1 and ws2, applications behind a redirector; c1 to c9, plain SMB
// clients that cache nothing; and po, the server's state. Their circuits are set up
// before the first step. A step without an actor is one of the world's: after, join,
// still, settle, cut. With & a labelled step goes on in the background: `join LABEL`
// waits for it and has its outcome and time, `still LABEL` says that it has not ended.
//
// An assertion is how the step ends, then fields, then a time:
//
//	-> ok | any | error | STATUS_NAME [(win32)] | STATUS_A|STATUS_B
//	   field=value (or with != < <= > >=, or ~ for a part of a text)
//	   at once | in 3s..3.1s
//
// A step without one must end well, unless it is in the background. A step on a file that
// could not be opened is not tried, and nothing is said of it.
//
// Data is written in patterns: pattern=a has the letter a at even offsets and a mark of
// the 512-byte block at odd ones, so that a byte in a wrong place is seen. Reads and looks
// tell the runs: a:4096,zeros:10,?:1 (a question mark is a byte that nobody wrote there).
// Sizes can be written 32KB or 1MB.
//
// # Expectations
//
//	wire ACTOR [from LABEL] [to LABEL]: RELATION     SMBs; from the first step if not said
//	trace ACTOR [from LABEL] [to LABEL]: RELATION    any events; ACTOR can be *
//	server PATH [at LABEL] size=... opens=... content=... | absent
//	[no] event ACTOR [ID] [path=...]                 the NT event log
//	[no] popup ACTOR [path=...]                      the hard-error box
//	step LABEL -> ASSERTION                          replaces what the step itself says
//
// A RELATION is
//
//	PATTERN                           at least one
//	no PATTERN
//	8 x PATTERN | 8+ x PATTERN | 8..10 x PATTERN
//	[first|last|every] PATTERN before [first|last|every] PATTERN [in 0s..1s]
//	order PATTERN; PATTERN; ...       in this order, others may stand between
//	only PATTERN; PATTERN; ...        what was sent, all of it; `only` alone: nothing
//
// and a PATTERN is, on the wire, [sent|recv] COMMAND [PATH] [field=value ...] ["text" ...],
// in the trace KIND [field=value ...] ["text" ...]. COMMAND can be READ_ANDX|READ or have a
// *, PATH can have * within a name. Commands that carry a FID, and replies, are given the
// path of their file. Fields are at, op, path, off, len, fid, mid, status and text.
//
// # Variants
//
// `fix NAME=VALUE:`, `control NAME:` and `variant NAME:` begin the same story under other
// settings: the values of the title, and lines `with SETUP`. Its expectations stand alone;
// `step LABEL -> ASSERTION` replaces what a step says of itself, all other steps hold.
//
// # Mail stories
//
// A section mail instead of steps sends a message by the seven steps of KB Q143413 in
// trials, each with a seed of its own; see Language. Expectations speak of every trial, or
// after `every`, `some` or `no`, and perhaps an outcome, `trial:` of those; a line `trials:`
// counts them:
//
//	trials: corrupted > 0
//	some corrupted trial: wire ws1: CLOSE KEY\INQUEUE3.KEY before last WRITE_ANDX MAI\*\*.MAI
//	no trial: event ws1 26
//
// # Another server that differs
//
// Below a step or an expectation, `differs samba: why` says that a server whose name has
// this word does something else, and why. The result is then `differs`, both observations
// are shown, and the run is still good. A difference without such a line is not.
//
// # To add commands
//
// A command is one row of a table with its usage, the actors that have it, the targets that
// can do it, and a function that parses its arguments into an action. Write a slice of them
// in a file of its own and name it in commands.go; the same goes for setup lines and
// expectations.
package conformance

//go:generate go run ../internal/tools/cmd/confdocs
