//go:build !linux

package netns

import (
	"errors"
	"os/exec"

	"github.com/ntrdr/ntrdr/internal/link"
)

// Net is a client's and a server's namespace with links between them.
type Net struct{ Client, Server *Namespace }

// Namespace is a network namespace.
type Namespace struct{}

var errNoLinux = errors.New("network namespaces need Linux")

// Missing names what Up needs and the machine lacks.
func Missing() string { return "Linux: its network namespaces are nowhere else" }

// Up is refused.
func Up(Config) (*Net, error) { return nil, errNoLinux }

// Close does nothing.
func (n *Net) Close() error { return nil }

// Stats returns nothing.
func (n *Net) Stats(int) (s link.Stats) { return s }

// Enter is refused.
func (ns *Namespace) Enter() error { return errNoLinux }

// Run is refused.
func (ns *Namespace) Run(*exec.Cmd) error { return errNoLinux }
