package netns

import (
	"fmt"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// Flavour is how the kernel's TCP recovers from losses.
type Flavour string

// The flavours of the kernel.
const (
	// Reno retransmits after three duplicate acknowledgements.
	Reno Flavour = "reno"
	// NT351 retransmits after a timeout alone.
	NT351 Flavour = "nt351"
)

// ParseFlavour takes a flavour's name.
func ParseFlavour(name string) (Flavour, error) {
	switch f := Flavour(strings.TrimPrefix(name, "tcp-")); f {
	case Reno, NT351:
		return f, nil
	}
	return "", fmt.Errorf("TCP flavour %q is none of %s and %s", name, Reno, NT351)
}

// MinRTO is the least timeout of data.
//
// src: RFC 6298 §2.4, which Linux departs from with 200 ms; for NT see
// link.StockTCP.
func (f Flavour) MinRTO() time.Duration {
	if f == NT351 {
		return link.StockTCP().MinRTO
	}
	return 200 * time.Millisecond
}

// duplicates is how many duplicate acknowledgements begin a fast retransmit.
//
// src: RFC 2001 §3; KB Q162179 (NT before 4.0 SP2 had no fast retransmit); assumed (no
// window of 8760 bytes holds 127 segments).
func (f Flavour) duplicates() int {
	if f == NT351 {
		return 127
	}
	return 3
}

// sysctls are the settings of a namespace, below /proc/sys/net. A kernel that lacks one
// of them does not have what it switches off.
func (f Flavour) sysctls() [][2]string {
	return [][2]string{
		{"ipv6/conf/all/disable_ipv6", "1"}, // its own chatter would take the line
		{"ipv6/conf/default/disable_ipv6", "1"},
		{"ipv4/tcp_congestion_control", "reno"},
		{"ipv4/tcp_sack", "0"},
		{"ipv4/tcp_timestamps", "0"}, // 12 bytes of every segment
		{"ipv4/tcp_window_scaling", "0"},
		{"ipv4/tcp_recovery", "0"},      // RACK
		{"ipv4/tcp_early_retrans", "0"}, // tail loss probes
		{"ipv4/tcp_frto", "0"},
		{"ipv4/tcp_ecn", "0"},
		{"ipv4/tcp_fastopen", "0"},
		{"ipv4/tcp_no_metrics_save", "1"},
		{"ipv4/tcp_autocorking", "0"},
		{"ipv4/tcp_reordering", fmt.Sprint(f.duplicates())},
		{"ipv4/tcp_syn_retries", fmt.Sprint(link.StockTCP().MaxConnectRetransmissions)},
		{"ipv4/tcp_retries2", fmt.Sprint(retries)},
	}
}

// retries bounds how long data is repeated: Linux takes it for the time that so many
// timeouts would take if the first were the minimum, 100 to 250 s.
//
// src: assumed (as long as the five retransmissions of NT from a first timeout of 2 to 3 s)
const retries = 8

// metrics are those of the routes over a link.
func (f Flavour) metrics() string {
	tcp := link.StockTCP()
	return fmt.Sprintf("window %d initcwnd %d rto_min %dms", tcp.Window, tcp.InitialWindow, f.MinRTO().Milliseconds())
}
