package main

import (
	"github.com/ntrdr/ntrdr/internal/registry"
)

func paramsCommand() *command {
	return &command{
		name: "params", summary: "the registry parameters: name, range, default, source, effect",
		long: "Prints every registry value that the model knows, with its path, type, range, default, source and effect.\n" +
			"With --reg or --policy it shows what a policy sets and where. A star marks what the emulator acts on.",
		example: "  ntrdr params --policy q143413",
		run:     runParams,
	}
}

func runParams(c *invocation) error {
	reg := c.flags.String("reg", "", "show what this .reg file changes")
	name := c.flags.String("policy", "", "show what a built-in policy changes")
	edition := c.flags.String("edition", defaultEdition, "the model underneath: "+editionNames())
	width := c.flags.Int("width", terminalWidth(), "wrap the table at this many columns; 0: never")
	asJSON := c.flags.Bool("json", false, "print JSON")
	if err := c.parse(0); err != nil {
		return err
	}
	s, err := paramSettings(c, *reg, *name, *edition)
	if err != nil {
		return err
	}
	if *asJSON {
		return registry.WriteJSON(c.stdout, registry.Rows(s))
	}
	return registry.WriteTable(c.stdout, registry.Rows(s), *width)
}

func paramSettings(c *invocation, reg, name, edition string) (registry.Settings, error) {
	switch {
	case reg != "" && name != "":
		return registry.Settings{}, badInput("--reg and --policy exclude each other")
	case reg != "":
		return loadPolicyFile(c, reg, edition)
	case name == "":
		name = defaultPolicies[0]
	}
	return builtinPolicy(name, edition)
}
