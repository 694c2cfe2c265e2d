package netns

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// up makes a Net that ends with the test.
func up(t *testing.T, cfg Config) *Net {
	t.Helper()
	if what := Missing(); what != "" {
		t.Skip("network namespaces need " + what)
	}
	n, err := Up(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// connect joins a client and a server over link i.
func connect(t *testing.T, n *Net, i int) (client, server net.Conn) {
	t.Helper()
	accepted := make(chan net.Conn, 1)
	var ln net.Listener
	must(t, n.Server.Do(func() (err error) {
		ln, err = net.Listen("tcp4", net.JoinHostPort(ServerAddr(i), "0"))
		return err
	}))
	defer ln.Close()
	go func() {
		c, err := ln.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	}()
	must(t, n.Client.Do(func() (err error) {
		client, err = net.Dial("tcp4", ln.Addr().String())
		return err
	}))
	server = <-accepted
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// transfer sends n bytes and returns how long it takes until they are all there.
func transfer(t *testing.T, from, to net.Conn, n int) time.Duration {
	t.Helper()
	begun := time.Now()
	go func() {
		if _, err := from.Write(make([]byte, n)); err != nil {
			t.Error(err)
		}
	}()
	if _, err := io.ReadFull(to, make([]byte, n)); err != nil {
		t.Fatal(err)
	}
	return time.Since(begun)
}

var wan = link.Profile{Name: "wan", RateBits: 1_000_000, RTT: 100 * time.Millisecond, Queue: time.Second}

// The kernel's TCP has the delay and the rate of the profile.
func TestKernelTCPOnALink(t *testing.T) {
	t.Parallel()
	n := up(t, Config{Profile: wan, Seed: 1, Links: 2, TCP: Reno})
	client, server := connect(t, n, 1)
	if rtt := transfer(t, client, server, 1) + transfer(t, server, client, 1); rtt < 100*time.Millisecond {
		t.Errorf("a byte each way took %v on a link of %v", rtt, wan.RTT)
	}
	// 60 segments of 1500 bytes at 1 Mbit/s are 0.72 s; a window of six takes 10 round trips.
	const segments = 60
	took := transfer(t, client, server, segments*1460)
	if took < 900*time.Millisecond {
		t.Errorf("%d segments took %v: the window is not six segments", segments, took)
	}
	got, other := n.Stats(1), n.Stats(2)
	if got.Connections != 1 || got.Up.Segments < segments+1 || got.Up.Lost != 0 || got.Retransmits != 0 {
		t.Errorf("the link carried %+v", got)
	}
	if other != (link.Stats{}) {
		t.Errorf("the other link carried %+v", other)
	}
	client, server = connect(t, n, 0)
	if took := transfer(t, client, server, 100_000); took > 50*time.Millisecond+wan.RTT {
		t.Errorf("the perfect link took %v", took)
	}
}

// Packets are really lost, and really sent again; what arrives is whole.
func TestKernelTCPLosesPackets(t *testing.T) {
	t.Parallel()
	for _, flavour := range []Flavour{Reno, NT351} {
		n := up(t, Config{Profile: link.Profile{Name: "lossy", RTT: 4 * time.Millisecond}, Loss: 0.05, Seed: 7, Links: 1, TCP: flavour})
		client, server := connect(t, n, 1)
		transfer(t, client, server, 60*1460)
		if got := n.Stats(1); got.Up.Lost == 0 || got.Retransmits == 0 {
			t.Errorf("%s: the link carried %+v", flavour, got)
		}
	}
}

// One packet of a window is lost, and the five behind it arrive: Reno sends it again when
// their acknowledgements come back, NT 3.51 when its timeout is over.
func TestFlavoursRecover(t *testing.T) {
	t.Parallel()
	lost := link.Outage{Segment: 8, Duration: 1}
	for flavour, late := range map[Flavour]bool{Reno: false, NT351: true} {
		n := up(t, Config{Profile: link.Profile{Name: "one", RTT: 20 * time.Millisecond}, Outages: []link.Outage{lost}, Links: 1, TCP: flavour})
		client, server := connect(t, n, 1)
		took := transfer(t, client, server, 20*1460)
		if got := n.Stats(1); got.Up.Vanished != 1 || got.Retransmits == 0 {
			t.Errorf("%s: the link carried %+v", flavour, got)
		}
		if took > NT351.MinRTO() != late {
			t.Errorf("%s: took %v", flavour, took)
		}
	}
}

// A cut resets both ends.
func TestKernelTCPIsCut(t *testing.T) {
	t.Parallel()
	cut := link.Outage{Kind: link.Cut, Segment: 2}
	n := up(t, Config{Profile: link.Profile{Name: "cut", RTT: 2 * time.Millisecond}, Outages: []link.Outage{cut}, Links: 1, TCP: Reno})
	client, server := connect(t, n, 1)
	transfer(t, client, server, 1)
	if _, err := client.Write([]byte{2}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]net.Conn{"client": client, "server": server} {
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: %v, want a reset", name, err)
		}
	}
}

// This process's own network is not touched, and nothing is left.
func TestNothingIsTouched(t *testing.T) {
	home, err := os.Readlink("/proc/self/ns/net")
	must(t, err)
	before, err := net.Interfaces()
	must(t, err)
	n := up(t, Config{Profile: wan, Links: 3, TCP: NT351})
	during, err := net.Interfaces()
	must(t, err)
	must(t, n.Close())
	if now, err := os.Readlink("/proc/self/ns/net"); now != home || err != nil {
		t.Errorf("the process is in %s, was in %s: %v", now, home, err)
	}
	if len(during) != len(before) {
		t.Errorf("interfaces %v, before %v", during, before)
	}
}

// Every profile carries a connection there and back, and no faster than it says.
func TestEveryProfileIsALink(t *testing.T) {
	for _, p := range link.Profiles() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			client, server := connect(t, up(t, Config{Profile: p, Seed: 1, Links: 1, TCP: Reno}), 1)
			text := []byte("there and back again")
			begun := time.Now()
			for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
				_, err := way[0].Write(text)
				must(t, err)
				got := make([]byte, len(text))
				_, err = io.ReadFull(way[1], got)
				must(t, err)
			}
			if took := time.Since(begun); took < p.RTT*9/10 {
				t.Errorf("it took %v, the round trip is %v", took, p.RTT)
			}
		})
	}
}
