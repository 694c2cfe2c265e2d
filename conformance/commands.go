package conformance

import "slices"

// commands are all steps that a story can have. To add some: a file with a slice of
// them, and its name here.
func commands() []command {
	return slices.Concat(
		fileCommands,
		clientCommands,
		lockCommands,
		wireCommands,
		worldCommands,
		quirkCommands,
		agentCommands,
		cacheCommands,
	)
}

// setupCommands are all lines that a setup can have.
func setupCommands() []setupCommand {
	return slices.Concat(
		baseSetup,
		triggerSetup,
		registrySetup,
	)
}
