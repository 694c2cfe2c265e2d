package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

func linkCommand() *command {
	var names, long, example strings.Builder
	for i, sub := range linkCommands() {
		if i > 0 {
			names.WriteString("|")
			example.WriteString("\n")
		}
		names.WriteString(sub.name)
		fmt.Fprintf(&long, "\n  %-9s %s", sub.name, sub.summary)
		example.WriteString(sub.example)
	}
	return &command{
		name: "link", args: names.String() + " [flags]", summary: "the links: what they are, whether their TCP is right, and one of them for other programs",
		long:    "Subcommands, each with a --help of its own:" + long.String(),
		example: example.String(),
		run:     runLink,
	}
}

// linkCommands are the subcommands of link.
func linkCommands() []*command {
	return []*command{linkListCommand(), linkValidateCommand(), linkProxyCommand()}
}

// runLink runs the subcommand that the first argument names.
func runLink(c *invocation) error {
	var names []string
	for _, sub := range linkCommands() {
		if len(c.args) > 0 && c.args[0] == sub.name {
			return c.descend(sub)
		}
		names = append(names, sub.name)
	}
	if len(c.args) > 0 && strings.HasPrefix(c.args[0], "-") {
		return c.parse(0)
	}
	return badInput("say which: %s", strings.Join(names, ", "))
}

// descend runs a subcommand with the arguments that follow its name.
func (c *invocation) descend(sub *command) error {
	whole := *sub
	whole.name = c.cmd.name + " " + sub.name
	c.cmd, c.args = &whole, c.args[1:]
	set := pflag.NewFlagSet(whole.name, pflag.ContinueOnError)
	set.SetOutput(c.flags.Output())
	set.SortFlags = false
	c.flags = set
	return sub.run(c)
}
