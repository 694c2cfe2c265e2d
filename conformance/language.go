package conformance

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Language writes what a story can say: all setup lines, steps and expectations.
func Language(w io.Writer) error {
	var b strings.Builder
	b.WriteString("Setup\n\n")
	for _, c := range setupCommands() {
		entry(&b, c.usage, c.about+reach(c.on))
	}
	for _, k := range []struct {
		title string
		kind  actorKind
	}{
		{"Steps of workstations (ws1, ws2)", workstation},
		{"Steps of plain clients (c1 to c9)", plainClient},
		{"Steps of the server (po)", serverActor},
		{"Steps of the world", noActor},
	} {
		fmt.Fprintf(&b, "\n%s\n\n", k.title)
		for _, c := range commands() {
			if c.who&k.kind != 0 {
				entry(&b, c.usage, c.about+reach(c.on))
			}
		}
	}
	b.WriteString("\nMail stories (section mail)\n\n")
	for _, c := range mailCommands {
		entry(&b, c.usage, c.about)
	}
	b.WriteString("\nExpectations\n\n")
	for _, c := range expectCommands() {
		entry(&b, c.usage, c.about)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func entry(b *strings.Builder, usage, about string) {
	fmt.Fprintf(b, "  %s\n      %s\n", usage, about)
}

// reach says where a command can be used, if not everywhere.
func reach(on []Target) string {
	if slices.Contains(on, Live) {
		return ""
	}
	var names []string
	for _, t := range on {
		names = append(names, string(t))
	}
	return " (" + strings.Join(names, ", ") + " only)"
}
