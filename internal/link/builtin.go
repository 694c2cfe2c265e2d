package link

import (
	"fmt"
	"strings"
	"time"
)

// The sources that several built-in profiles share.
const (
	queueAssumed   = "assumed (a few full windows of 8760 bytes on slow links, a switch's buffer on fast ones)"
	noLoss         = "assumed (loss is the experiment's, not the profile's)"
	noStall        = "assumed (no recovery below IP)"
	cleanLineStall = "assumed (a clean line; set the probability for line noise, which stalls a modem for 1 to 3 s)"
	pathAssumed    = "assumed (first hop plus a short path)"
)

// Profiles returns the built-in profiles, fast links first and satellite last.
func Profiles() []Profile {
	recovering := Stall{For: Spread{Shape: Uniform, Min: time.Second, Max: 3 * time.Second}}
	return []Profile{
		builtin("lan10", 10_000_000, time.Millisecond, 50*time.Millisecond, Stall{},
			Sources{"rate": "IEEE 802.3 10BASE-T, one direction at a time not modelled", "rtt": "assumed (measured Ethernets are near 0.3 ms; a server adds some)"}),
		builtin("t1", 1_544_000, 40*time.Millisecond, 300*time.Millisecond, Stall{},
			Sources{"rate": "ANSI T1.403 DS1", "rtt": pathAssumed}),
		builtin("isdn-64", 64_000, 30*time.Millisecond, time.Second, Stall{},
			Sources{"rate": "KB Q121876 (ISDN 64 kbit/s)", "rtt": "assumed (first hops of ISDN were 15 to 30 ms)"}),
		builtin("ras-28.8", 28_800, 200*time.Millisecond, 2*time.Second, recovering,
			Sources{"rate": "ITU-T V.34", "rtt": "assumed (first hops of modems were 100 to 200 ms)"}),
		builtin("x25-9.6", 9_600, 700*time.Millisecond, 4*time.Second, recovering,
			Sources{"rate": "KB Q131968 (X.25 up to 56K)", "rtt": "assumed (packet switching adds 400 to 1000 ms)"}),
		builtin("vsat-geo", 512_000, 580*time.Millisecond, time.Second, Stall{},
			Sources{"rate": "assumed (a common rate of leased VSAT)", "rtt": "RFC 2488 §2 (at least 558 ms)"}),
	}
}

func builtin(name string, bits int64, rtt, queue time.Duration, stall Stall, s Sources) Profile {
	s["queue"], s["loss"], s["stall"] = queueAssumed, noLoss, noStall
	if stall != (Stall{}) {
		s["stall"] = cleanLineStall
	}
	return Profile{Name: name, RateBits: bits, RTT: rtt, Queue: queue, Stall: stall, Sources: s}
}

// ByName returns a built-in profile; the error names those there are.
func ByName(name string) (Profile, error) {
	all := Profiles()
	names := make([]string, len(all))
	for i, p := range all {
		if p.Name == name {
			return p, nil
		}
		names[i] = p.Name
	}
	return Profile{}, fmt.Errorf("link %q: no such profile (there are %s)", name, strings.Join(names, ", "))
}
