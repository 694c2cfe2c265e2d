package machine

import (
	"errors"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/simlink"
	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/smbserver"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/internal/volume"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
	"github.com/ntrdr/ntrdr/smb1client"
)

// SimConfig describes a simulated world.
type SimConfig struct {
	Name     string
	Settings registry.Settings // the sender's policy; the server takes its own values from it
	Mailer   registry.Settings // the Mailer's workstation
	Link     link.Profile
	Loss     float64 // of IP packets, each way, 0 to 1
	Outages  []link.Outage
	TCP      link.TCP // at both ends of the sender's link
	Seed     uint64
	Shuffle  bool
	Keep     bool                                      // keep the trace's events
	Only     func(actor string, k trace.Kind) bool     // all that the trace is to have; nil: everything
	Deadline time.Duration                             // of virtual time
	Wrap     func(rt.Runtime, link.Dialer) link.Dialer // around the sender's dialer, for captures; nil: none
	Pool     *simrt.Pool
	Models   *Models // of the trials before this one; nil: none
	// Share and Local are what the share and the sender's own disk begin with; nil: nothing.
	Share, Local *volume.Image
	// MaxSteps, WallLimit and OnHang are the kernel's: see simrt.Options.
	MaxSteps  uint64
	WallLimit time.Duration
	OnHang    func(report string)
	// Policy, if set, takes the place of the sender's NtrdrWritePolicy.
	Policy rdr.WritePolicy
	// MailerLink names the profile of the Mailer's link; "" is lan10.
	MailerLink string
	// Server changes the server's configuration after the registry has.
	Server []func(*smbserver.Config)
}

// Sim is a simulated world.
type Sim struct {
	World
	Kernel *simrt.Kernel
	Server *smbserver.Server
	Volume *volume.Mem   // the share
	Link   *simlink.Link // between the sender and the server
	// Mailer is the other workstation, and MailerLink its link.
	Mailer     *Workstation
	MailerLink *simlink.Link
}

// mailerLink is the network that the Mailer's workstation shares with the server.
const mailerLink = "lan10"

// lan is its profile, which every simulated world has.
var lan, errLAN = link.ByName(mailerLink)

// sessionKeepAlive is how NetBT finds out that an idle connection is half-open.
//
// src: KB Q120642 (SessionKeepAlive, 3,600,000 ms)
const sessionKeepAlive = time.Hour

// account is the only account of the embedded server.
//
// src: assumed (any will do)
const (
	accountName     = "mailuser"
	accountPassword = "mailuser"
)

// SimCredentials are those of the account that the embedded server has.
func SimCredentials() smb1client.Credentials {
	return smb1client.Credentials{User: accountName, Password: accountPassword}
}

// NewSim assembles a simulated world. Its owner closes the kernel.
func NewSim(cfg SimConfig) (*Sim, error) {
	k := simrt.New(simrt.Options{
		Name: cfg.Name, Seed: cfg.Seed, Shuffle: cfg.Shuffle, Deadline: cfg.Deadline, Pool: cfg.Pool,
		MaxSteps: cfg.MaxSteps, WallLimit: cfg.WallLimit, OnHang: cfg.OnHang,
	})
	s := &Sim{Kernel: k, World: World{RT: k, Trace: trace.NewRecorder(k, nil, cfg.Keep)}}
	if cfg.Only != nil {
		s.Trace.Only(cfg.Only)
	}
	if err := s.assemble(cfg); err != nil {
		k.Close()
		return nil, err
	}
	return s, nil
}

func (s *Sim) assemble(cfg SimConfig) error {
	near, err := lan, errLAN
	if cfg.MailerLink != "" {
		near, err = link.ByName(cfg.MailerLink)
	}
	if err != nil {
		return err
	}
	s.Volume = volume.NewMemFrom(cfg.Share, s.Kernel, nil, volume.StockLimits())
	s.Local = volume.NewMemFrom(cfg.Local, s.Kernel, nil, volume.StockLimits())
	s.Volume.Borrow(s.Kernel)
	s.Local.Borrow(s.Kernel)
	sending, err := cfg.Models.of(cfg.Settings)
	if err != nil {
		return err
	}
	receiving, err := cfg.Models.of(cfg.Mailer)
	if err != nil {
		return err
	}
	if err := s.startServer(cfg, sending.server); err != nil {
		return err
	}
	tcp, nearTCP := cfg.TCP.Params(sending.tcp), receiving.tcp
	s.Link, err = simlink.New(s.Kernel, cfg.Link, simlink.Options{
		Name: ActorSenderHost, Loss: cfg.Loss, Outages: cfg.Outages, Trace: s.Trace.Actor(ActorLink), KeepAlive: sessionKeepAlive,
		Flavour: cfg.TCP.Flavour, TCP: &tcp,
	})
	if err != nil {
		return err
	}
	s.MailerLink, err = simlink.New(s.Kernel, near, simlink.Options{Name: ActorMailerHost, KeepAlive: sessionKeepAlive, TCP: &nearTCP})
	if err != nil {
		return err
	}
	s.Serve(s.Link, ActorSenderHost)
	s.Serve(s.MailerLink, ActorMailerHost)

	dialer := s.Link.Dialer()
	if cfg.Wrap != nil {
		dialer = cfg.Wrap(s.Kernel, dialer)
	}
	sender := s.workstation(ActorSenderHost, cfg.Settings, dialer)
	sender.Policy, sender.models = cfg.Policy, cfg.Models
	s.Sender, err = NewWorkstation(s.Kernel, sender)
	if err != nil {
		return err
	}
	mailer := s.workstation(ActorMailerHost, cfg.Mailer, s.MailerLink.Dialer())
	mailer.models = cfg.Models
	s.Mailer, err = NewWorkstation(s.Kernel, mailer)
	if err != nil {
		return err
	}
	s.Client, s.SenderFS = s.Sender.Redirector, s.Sender.FS()
	s.MailerFS, s.MailerIdle = s.Mailer.FS(), s.Mailer.Redirector.Idle()
	return nil
}

func (s *Sim) startServer(sim SimConfig, cfg smbserver.Config) error {
	cfg.Name = ServerName
	cfg.Users = map[string]string{accountName: accountPassword}
	cfg.Shares = map[string]volume.Volume{ShareName: s.Volume}
	cfg.Trace = s.Trace.Actor(ActorServer)
	for _, change := range sim.Server {
		change(&cfg)
	}
	server, err := smbserver.New(s.Kernel, cfg)
	if err != nil {
		return err
	}
	s.Server = server
	s.FileState = func(path string) (int64, int) { return server.FileState(ShareName, path) }
	return nil
}

// Serve makes the server accept the connections of one machine.
func (s *Sim) Serve(l *simlink.Link, client string) {
	ln := l.Listener()
	s.Kernel.Go("serve "+client, func() {
		if err := s.Server.Serve(ln, client); err != nil && !errors.Is(err, link.ErrClosed) {
			panic(err) // a simulated listener fails only when it is closed
		}
	})
}

func (s *Sim) workstation(name string, set registry.Settings, d link.Dialer) WorkstationConfig {
	return WorkstationConfig{
		Name: name, Settings: set, Dialer: d, Server: ServerName, Share: ShareName,
		Credentials: SimCredentials(), Trace: s.Trace.Actor(name),
	}
}
