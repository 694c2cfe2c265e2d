package netns

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ntrdr/ntrdr/internal/link"
)

// Net is a client's and a server's namespace with links between them.
type Net struct {
	Client, Server *Namespace
	relays         []*relay // link 0, the perfect one, first
}

// Up makes the namespaces and the links. The owner calls Close.
func Up(cfg Config) (*Net, error) {
	if cfg.Links < 1 || cfg.Links > MaxLinks {
		return nil, fmt.Errorf("%d links are not between 1 and %d", cfg.Links, MaxLinks)
	}
	if what := Missing(); what != "" {
		return nil, errors.New("network namespaces need " + what)
	}
	n := &Net{}
	if err := n.up(cfg); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func (n *Net) up(cfg Config) (err error) {
	if n.Client, err = newNamespace(); err != nil {
		return err
	}
	if n.Server, err = newNamespace(); err != nil {
		return err
	}
	sysctls := cfg.TCP.sysctls()
	for _, ns := range []*Namespace{n.Client, n.Server} {
		// The devices come later: they take what is the default by then.
		if err := ns.configure(sysctls, "link set lo up\n"); err != nil {
			return err
		}
	}
	for i := range cfg.Links + 1 {
		if err := n.addLink(i, cfg); err != nil {
			return err
		}
	}
	var client, server strings.Builder
	for i := range cfg.Links + 1 {
		metrics := cfg.TCP.metrics()
		if i == 0 {
			metrics = ""
		}
		address(&client, i, ClientAddr(i), ServerAddr(i), metrics)
		address(&server, i, ServerAddr(i), ClientAddr(i), metrics)
	}
	if err := n.Client.configure(nil, client.String()); err != nil {
		return err
	}
	return n.Server.configure(nil, server.String())
}

// address writes the commands of ip that give a device its address and the route to the
// other end.
func address(b *strings.Builder, i int, here, there, metrics string) {
	dev := device(i)
	fmt.Fprintf(b, "addr add %s/32 dev %s\nlink set %s up mtu %d\nroute add %s/32 dev %s src %s %s\n",
		here, dev, dev, link.MTU, there, dev, here, metrics)
}

func device(i int) string { return fmt.Sprintf("link%d", i) }

func (n *Net) addLink(i int, cfg Config) error {
	client, err := n.Client.tun(device(i))
	if err != nil {
		return err
	}
	server, err := n.Server.tun(device(i))
	if err != nil {
		return errors.Join(err, client.Close())
	}
	opt := linkOptions{profile: cfg.Profile, loss: cfg.Loss, outages: cfg.Outages, seed: cfg.Seed + uint64(i) - 1}
	if i == 0 {
		opt = linkOptions{perfect: true}
	}
	r, err := newRelay(opt, client, server)
	if err != nil {
		return errors.Join(err, client.Close(), server.Close())
	}
	n.relays = append(n.relays, r)
	return nil
}

// Stats returns what link i has carried so far.
func (n *Net) Stats(i int) link.Stats { return n.relays[i].counts() }

// Close ends the links; it may be called again. The namespaces end with the last process
// inside.
func (n *Net) Close() error {
	var err error
	for _, r := range n.relays {
		err = errors.Join(err, r.close())
	}
	n.relays = nil
	for _, ns := range []*Namespace{n.Client, n.Server} {
		if ns != nil && ns.file != nil {
			err = errors.Join(err, ns.file.Close())
			ns.file = nil
		}
	}
	return err
}
