package netns

import (
	"fmt"

	"github.com/ntrdr/ntrdr/internal/link"
)

// Config describes a Net.
type Config struct {
	Profile link.Profile
	Loss    float64 // of packets, each way, beside the profile's own
	Outages []link.Outage
	Seed    uint64
	Links   int // 1 to MaxLinks
	TCP     Flavour
}

// MaxLinks is how many links a Net can have.
const MaxLinks = 200

// ClientAddr is the client's address on link i.
func ClientAddr(i int) string { return fmt.Sprintf("10.77.%d.1", i) }

// ServerAddr is the server's address on link i.
func ServerAddr(i int) string { return fmt.Sprintf("10.77.%d.2", i) }
