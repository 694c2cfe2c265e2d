// Command ntrdr emulates the Windows NT 3.5/3.51 redirector and Cache Manager and
// measures what write-behind buys and what it costs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"
	"golang.org/x/term"
)

// Exit statuses.
const (
	exitOK        = 0
	exitUnmet     = 1 // it ran, and what was asked for does not hold
	exitBadInput  = 2 // bad arguments or input
	exitPeer      = 3 // a live peer failed
	exitInterrupt = 130
)

// command is one subcommand.
type command struct {
	name    string
	args    string // after the flags, for the usage line
	summary string
	long    string
	example string
	// run declares its flags on the set, parses, and runs.
	run func(c *invocation) error
}

func commands() []*command {
	return []*command{
		reproCommand(), benchCommand(), mergeCommand(), exploreCommand(), conformanceCommand(), linkCommand(), serveCommand(), sendCommand(), mailerCommand(), readCommand(),
		poCommand(), fsCommand(), decodeCommand(), paramsCommand(), versionCommand(),
	}
}

// invocation is one call of a command.
type invocation struct {
	ctx    context.Context
	cmd    *command
	args   []string
	flags  *pflag.FlagSet
	stdout io.Writer
	stderr io.Writer
	tty    bool // stderr is a terminal: progress may be drawn

	sources *sources // of the files that flags name
}

func newInvocation(ctx context.Context, cmd *command, args []string) *invocation {
	c := &invocation{ctx: ctx, cmd: cmd, args: args, flags: pflag.NewFlagSet(cmd.name, pflag.ContinueOnError)}
	c.flags.SetOutput(io.Discard)
	c.flags.SortFlags = false
	return c
}

// inputError is bad arguments or input: exit status 2.
type inputError struct{ err error }

func (e inputError) Error() string { return e.err.Error() }
func (e inputError) Unwrap() error { return e.err }

func badInput(format string, args ...any) error { return inputError{fmt.Errorf(format, args...)} }

// unmetError says that what was asked for does not hold: exit status 1.
type unmetError struct{ msg string }

func (e unmetError) Error() string { return e.msg }

// peerError is the failure of a live peer: exit status 3.
type peerError struct{ err error }

func (e peerError) Error() string { return e.err.Error() }
func (e peerError) Unwrap() error { return e.err }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr, term.IsTerminal(int(os.Stderr.Fd())))
	stop()
	os.Exit(code)
}

// run executes a command line and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, tty bool) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		return help(args, stdout, stderr)
	}
	cmd := find(args[0])
	if cmd == nil {
		fmt.Fprintf(stderr, "ntrdr: there is no command %q; `ntrdr help` lists them\n", args[0])
		return exitBadInput
	}
	inv := newInvocation(ctx, cmd, args[1:])
	inv.stdout, inv.stderr, inv.tty = stdout, stderr, tty
	return inv.report(cmd.run(inv))
}

// report turns a command's error into a message and an exit status.
func (c *invocation) report(err error) int {
	var (
		input inputError
		unmet unmetError
		peer  peerError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, pflag.ErrHelp):
		c.usage(c.stdout)
		return exitOK
	case c.ctx.Err() != nil:
		fmt.Fprintf(c.stderr, "ntrdr %s: interrupted\n", c.cmd.name)
		return exitInterrupt
	}
	fmt.Fprintf(c.stderr, "ntrdr %s: %v\n", c.cmd.name, err)
	switch {
	case errors.As(err, &input):
		return exitBadInput
	case errors.As(err, &unmet):
		return exitUnmet
	case errors.As(err, &peer):
		return exitPeer
	}
	return exitUnmet
}

// parse parses the flags; positional arguments stay in c.flags.Args.
func (c *invocation) parse(maxArgs int) error {
	if err := c.flags.Parse(c.args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return err
		}
		return inputError{err}
	}
	if n := c.flags.NArg(); n > maxArgs {
		return badInput("unexpected argument %q", c.flags.Arg(maxArgs))
	}
	return nil
}

func find(name string) *command {
	for _, c := range commands() {
		if c.name == name {
			return c
		}
	}
	return nil
}

func help(args []string, stdout, stderr io.Writer) int {
	if len(args) > 1 {
		cmd := find(args[1])
		if cmd == nil {
			fmt.Fprintf(stderr, "ntrdr: there is no command %q\n", args[1])
			return exitBadInput
		}
		return run(context.Background(), []string{cmd.name, "--help"}, stdout, stderr, false)
	}
	fmt.Fprintf(stdout, "ntrdr emulates the Windows NT 3.5/3.51 redirector and Cache Manager.\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(stdout, "  %-11s %s\n", c.name, c.summary)
	}
	fmt.Fprintf(stdout, "\n`ntrdr COMMAND --help` shows a command's flags and an example. Begin with `ntrdr repro`.\n")
	return exitOK
}

func (c *invocation) usage(w io.Writer) {
	line := "ntrdr " + c.cmd.name
	if c.flags.HasFlags() {
		line += " [flags]"
	}
	if c.cmd.args != "" {
		line += " " + c.cmd.args
	}
	fmt.Fprintf(w, "ntrdr %s: %s\n\nUsage: %s\n\n%s\n\nExample:\n%s\n",
		c.cmd.name, c.cmd.summary, line, c.cmd.long, c.cmd.example)
	if c.flags.HasFlags() {
		fmt.Fprintf(w, "\nFlags:\n%s", c.flags.FlagUsages())
	}
}
