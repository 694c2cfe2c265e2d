package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/tcplink"
)

func linkProxyCommand() *command {
	return &command{
		name: "proxy", summary: "a TCP proxy that makes any client's way to any server a link",
		long: "Passes every connection to --listen on to --to, as slow and as lossy as the link says, until it is interrupted.\n" +
			"All connections share the link's two lines. The client and the server may be anything that speaks TCP.\n\n" +
			"What shaping a stream cannot do: drop a packet. Both ends' TCPs have a perfect connection to the proxy, so what the\n" +
			"link loses is delayed instead, for as long as the retransmissions of NT 3.51's TCP would have taken; there is no slow\n" +
			"start after it, so a lossy link is faster here than it was. Real packet loss under a real TCP needs root:\n" +
			"`go run ./internal/tools/cmd/netns run --profile t1 --loss 1% -- COMMAND` in the source tree does that.",
		example: "  ntrdr link proxy --listen 127.0.0.1:4451 --to 127.0.0.1:4450 --profile ras-28.8 --loss 1%",
		run:     runLinkProxy,
	}
}

// proxyFlags are link proxy's own flags.
type proxyFlags struct {
	listen, to string
	profile    string
	loss       string
	outages    []string
	seed       uint64
	asJSON     bool
}

func (f *proxyFlags) add(c *invocation) {
	c.flags.StringVar(&f.listen, "listen", "127.0.0.1:4451", "address to listen on")
	c.flags.StringVar(&f.to, "to", "", "host:port of the server (required)")
	c.flags.StringVar(&f.profile, "profile", "ras-28.8", "link profile: its name, or a file; see ntrdr link list")
	c.flags.StringVar(&f.loss, "loss", "0", "loss of segments each way, in percent, beside the profile's own")
	c.flags.StringArrayVar(&f.outages, "outage", nil, "START:DURATION such as 12s:90s, or segment=N:reset (may be repeated)")
	c.flags.Uint64Var(&f.seed, "seed", 1, "seed of the losses")
	c.flags.BoolVar(&f.asJSON, "json", false, "print the statistics as a JSON object when it ends")
}

// shaper makes the link.
func (f *proxyFlags) shaper() (*tcplink.Shaper, error) {
	if _, port, err := net.SplitHostPort(f.to); err != nil || port == "" {
		return nil, badInput("--to: %q is not a server's host:port", f.to)
	}
	p, err := lookupLink("--profile", f.profile)
	if err != nil {
		return nil, err
	}
	opt := tcplink.Options{Seed: f.seed, Name: "proxy"}
	if opt.Loss, err = parseLoss(f.loss); err != nil {
		return nil, err
	}
	if opt.Outages, err = parseOutages(f.outages); err != nil {
		return nil, err
	}
	s, err := tcplink.NewShaper(p, opt)
	if err != nil {
		return nil, inputError{err}
	}
	return s, nil
}

func runLinkProxy(c *invocation) error {
	var f proxyFlags
	f.add(c)
	if err := c.parse(0); err != nil {
		return err
	}
	s, err := f.shaper()
	if err != nil {
		return err
	}
	ln, err := tcplink.Listen(f.listen)
	if err != nil {
		return errors.Join(inputError{err}, s.Close())
	}
	defer context.AfterFunc(c.ctx, func() { _ = ln.Close() })() // Serve says how it ended
	said := c.stdout
	if f.asJSON {
		said = c.stderr
	}
	fmt.Fprintf(said, "listening on %v\n", ln.Addr())
	begun := time.Now()
	var mu sync.Mutex
	say := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(c.stderr, "%8.2f s  %s\n", time.Since(begun).Seconds(), text)
	}
	p := tcplink.Proxy{To: f.to, Shaper: s, Log: say}
	if err := watched(s, say, func() error { return p.Serve(ln) }); err != nil {
		return err
	}
	if !f.asJSON {
		say(linkLine(s.Stats()))
		return nil
	}
	return f.printJSON(c, s, time.Since(begun))
}

// watched runs serve, and meanwhile says what has passed, every few seconds in which
// something has.
func watched(s *tcplink.Shaper, say func(string), serve func() error) error {
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		tick := time.NewTicker(tickPeriod)
		defer tick.Stop()
		for last := s.Stats(); ; {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			if now := s.Stats(); now != last {
				say(linkLine(now))
				last = now
			}
		}
	})
	err := serve()
	close(done)
	watcher.Wait()
	return err
}

func linkLine(s link.Stats) string {
	way := func(name string, d link.DirectionStats) string {
		return fmt.Sprintf("%s %.1f KB in %s, %d lost", name, float64(d.Bytes)/(1<<10), count(int(d.Segments), "segment"), d.Lost+d.Vanished+d.Dropped)
	}
	return fmt.Sprintf("%s: %s; %s; %s", count(int(s.Connections), "connection"), way("up", s.Up), way("down", s.Down), count(int(s.Aborts), "abort"))
}

// proxyReport is what link proxy --json prints.
type proxyReport struct {
	Schema      string         `json:"schema"`
	Commit      string         `json:"commit"`
	ProfileHash string         `json:"profile_hash"`
	Link        string         `json:"link"`
	Loss        float64        `json:"loss"`
	Seed        uint64         `json:"seed"`
	Seconds     float64        `json:"seconds"`
	Connections int64          `json:"connections"`
	Retransmits int64          `json:"retransmits"`
	Timeouts    int64          `json:"timeouts"`
	Aborts      int64          `json:"aborts"`
	Up          proxyDirection `json:"up"`
	Down        proxyDirection `json:"down"`
}

// proxyDirection is one direction: attempts to send, retransmissions among them.
type proxyDirection struct {
	Attempts int64 `json:"attempts"`
	Bytes    int64 `json:"bytes"` // of the attempts, each with the headers of a packet
	Segments int64 `json:"segments"`
	Lost     int64 `json:"lost"`
}

func (f *proxyFlags) printJSON(c *invocation, s *tcplink.Shaper, took time.Duration) error {
	st := s.Stats()
	way := func(d link.DirectionStats) proxyDirection {
		return proxyDirection{d.Packets, d.Bytes, d.Segments, d.Lost + d.Vanished + d.Dropped}
	}
	loss, err := parseLoss(f.loss)
	if err != nil {
		return err
	}
	return json.NewEncoder(c.stdout).Encode(proxyReport{
		Schema: bench.Schema, Commit: commit(), ProfileHash: s.Profile().Hash(), Link: s.Profile().Name, Loss: loss, Seed: f.seed,
		Seconds: took.Seconds(), Connections: st.Connections, Retransmits: st.Retransmits, Timeouts: st.Timeouts, Aborts: st.Aborts,
		Up: way(st.Up), Down: way(st.Down),
	})
}
