package machine

import (
	"errors"
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/tcplink"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/wallrt"
	"github.com/ntrdr/ntrdr/internal/smb2remote"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/internal/volume"
	"github.com/ntrdr/ntrdr/mailclient"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
	"github.com/ntrdr/ntrdr/smb1client"
)

// Peer is a live server's share, and a directory of it that holds a postoffice.
type Peer struct {
	Host, Addr     string // Addr is host:port
	User, Password string
	Share          string
	Dir            string // with backslashes; "" is the share's root
	// Direct is the host:port of a way to the server that is not the link under test, for
	// the Mailer and for preparations; "" is Addr.
	Direct string
	// Unshaped: the network on the way to Addr is a link already. Nothing is shaped; the
	// link's profile only tells the transport its speed.
	Unshaped bool
	// SMB1Mailer: the Mailer reads through a redirector of ours, by SMB1 as in simulation,
	// and not through go-smb2. A server may keep an opener that meets a sharing violation
	// waiting by the one protocol and not by the other.
	SMB1Mailer bool
}

// LiveConfig describes a live world: our redirector, or go-smb2, against a real server.
type LiveConfig struct {
	Settings registry.Settings
	// SMB2 has an SMB2Client in place of the redirector of Settings. It implies
	// Peer.SMB1Mailer: the opens of go-smb2 deny nothing, and two of them would not keep
	// each other out.
	SMB2    bool
	Mailer  registry.Settings // of its workstation, if Peer.SMB1Mailer
	Peer    Peer
	Link    link.Profile // shapes the sender's connection
	Loss    float64
	Outages []link.Outage
	Seed    uint64
	Keep    bool
	Wrap    func(rt.Runtime, link.Dialer) link.Dialer
	Policy  rdr.WritePolicy // in place of the settings' NtrdrWritePolicy; nil: that one
}

// Live is a live world.
type Live struct {
	World
	Runtime *wallrt.Runtime
	// DirectFS is the postoffice through go-smb2, on a connection that is not the link's.
	DirectFS mailclient.FS
	mailer   *Workstation // nil: the Mailer reads by DirectFS
	smb2     *SMB2Client  // nil: the sender is a workstation
	remote   *smb2remote.FS
}

// remoteTimeout bounds one operation of the Mailer's connection.
//
// src: assumed (Samba answers a sharing violation after a second at most)
const remoteTimeout = 30 * time.Second

// NewLive connects the Mailer's end and assembles the sender's workstation, which is
// not connected yet. Its owner calls Close.
func NewLive(cfg LiveConfig) (*Live, error) {
	remote, err := smb2remote.Dial(cfg.Peer.remoteConfig())
	if err != nil {
		return nil, fmt.Errorf("the Mailer's connection (SMB2): %w", err)
	}
	r := wallrt.New(cfg.Seed)
	l := &Live{Runtime: r, remote: remote}
	l.RT, l.Trace = r, trace.NewRecorder(r, r.NewMutex(), cfg.Keep)
	l.Local = volume.NewMem(r, r.NewMutex(), volume.StockLimits())
	l.DirectFS = FS[*smb2remote.File](remote)
	l.MailerFS = l.DirectFS
	if err := errors.Join(l.addSender(cfg), l.addMailer(cfg)); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Live) addSender(cfg LiveConfig) (err error) {
	ws := LiveWorkstation{
		Name: ActorSenderHost, Settings: cfg.Settings, Peer: cfg.Peer, Wrap: cfg.Wrap,
		Link: &cfg.Link, Loss: cfg.Loss, Outages: cfg.Outages, Seed: cfg.Seed, Policy: cfg.Policy,
	}
	if cfg.SMB2 {
		if l.smb2, err = newSMB2Client(l.Runtime, l.Trace, ws); err == nil {
			l.Client, l.SenderFS = l.smb2, l.smb2.FS()
		}
		return err
	}
	l.Sender, err = NewLiveWorkstation(l.Runtime, l.Trace, ws)
	if err == nil {
		l.Client, l.SenderFS = l.Sender.Redirector, SubFS(l.Sender.FS(), cfg.Peer.Dir)
	}
	return err
}

// LinkStats is what the sender's link has carried.
func (l *Live) LinkStats() link.Stats {
	if l.smb2 != nil {
		return l.smb2.linkStats()
	}
	return l.Sender.LinkStats()
}

// Cannot is what the application asked for and the sending side does not have, as an
// error; nil if there was nothing.
func (l *Live) Cannot() error {
	if l.smb2 != nil {
		return l.smb2.Cannot()
	}
	return nil
}

// addMailer gives the Mailer a workstation, if it is to have one.
func (l *Live) addMailer(cfg LiveConfig) (err error) {
	if !cfg.Peer.SMB1Mailer && !cfg.SMB2 {
		return nil
	}
	peer := cfg.Peer
	peer.Addr = peer.direct()
	l.mailer, err = NewLiveWorkstation(l.Runtime, l.Trace, LiveWorkstation{Name: ActorMailerHost, Settings: cfg.Mailer, Peer: peer, Seed: cfg.Seed})
	if err == nil {
		l.MailerFS, l.MailerIdle = SubFS(l.mailer.FS(), peer.Dir), l.mailer.Redirector.Idle()
	}
	return err
}

// LiveWorkstation describes a workstation on real TCP.
type LiveWorkstation struct {
	Name     string
	Settings registry.Settings
	Peer     Peer
	Link     *link.Profile // nil: the connection is not shaped
	Loss     float64
	Outages  []link.Outage
	Seed     uint64
	Wrap     func(rt.Runtime, link.Dialer) link.Dialer
	Policy   rdr.WritePolicy
}

// NewLiveWorkstation assembles a workstation that will connect to a live server.
func NewLiveWorkstation(r *wallrt.Runtime, rec *trace.Recorder, cfg LiveWorkstation) (*Workstation, error) {
	shaper, err := cfg.shaper(rec)
	if err != nil {
		return nil, err
	}
	tcp := &tcplink.Dialer{Addr: cfg.Peer.Addr, Shaper: shaper}
	if cfg.Link != nil {
		tcp.Speed = cfg.Link.LinkSpeed()
	}
	var dialer link.Dialer = tcp
	if cfg.Wrap != nil {
		dialer = cfg.Wrap(r, dialer)
	}
	w, err := NewWorkstation(r, WorkstationConfig{
		Name: cfg.Name, Settings: cfg.Settings, Dialer: dialer, Server: cfg.Peer.Host, Share: cfg.Peer.Share,
		Credentials: smb1client.Credentials{User: cfg.Peer.User, Password: cfg.Peer.Password},
		Trace:       rec.Actor(cfg.Name), Policy: cfg.Policy,
	})
	switch {
	case err == nil:
		w.shaper = shaper
	case shaper != nil:
		err = errors.Join(err, shaper.Close())
	}
	return w, err
}

// shaper is nil if there is no link to shape to.
func (cfg LiveWorkstation) shaper(rec *trace.Recorder) (*tcplink.Shaper, error) {
	if cfg.Link == nil || cfg.Peer.Unshaped {
		return nil, nil
	}
	return tcplink.NewShaper(*cfg.Link, tcplink.Options{
		Loss: cfg.Loss, Seed: cfg.Seed, Name: cfg.Name, Outages: cfg.Outages, Trace: rec.Actor(ActorLink),
	})
}

// NewDir makes a directory for a postoffice at the peer and returns the peer with it.
func (p Peer) NewDir(name string) (Peer, error) {
	remote, err := smb2remote.Dial(p.remoteConfig())
	if err != nil {
		return p, fmt.Errorf("the Mailer's connection (SMB2): %w", err)
	}
	err = errors.Join(remote.Mkdir(name), remote.Close())
	err = p.ExplainMissing(err)
	return p.In(name), err
}

// In is the peer with a directory of its own.
func (p Peer) In(name string) Peer {
	if p.Dir != "" {
		name = p.Dir + `\` + name
	}
	p.Dir = name
	return p
}

// ExplainMissing says of an error that nothing is found below the peer's directory that
// it must be there.
func (p Peer) ExplainMissing(err error) error {
	if p.Dir != "" && (errors.Is(err, nt.StatusObjectNameNotFound) || errors.Is(err, nt.StatusObjectPathNotFound)) {
		return fmt.Errorf("the directory %s must be on the share already: %w", p.Dir, err)
	}
	return err
}

// Check reports whether the peer lets us in.
func (p Peer) Check() error {
	remote, err := smb2remote.Dial(p.remoteConfig())
	if err != nil {
		return fmt.Errorf("the Mailer's connection (SMB2): %w", err)
	}
	return remote.Close()
}

// direct is the host:port of the way to the server that is not the link under test.
func (p Peer) direct() string {
	if p.Direct != "" {
		return p.Direct
	}
	return p.Addr
}

func (p Peer) remoteConfig() smb2remote.Config {
	return smb2remote.Config{
		Addr: p.direct(), User: p.User, Password: p.Password, Share: p.Share, Dir: p.Dir, Timeout: remoteTimeout,
	}
}

// Abort ends whatever goes on in the world, from outside of it: the connections are cut
// and its tasks unwound. The owner still calls Close.
func (l *Live) Abort() {
	for _, w := range []*Workstation{l.Sender, l.mailer} {
		if w != nil {
			w.cut()
		}
	}
	if l.smb2 != nil {
		_ = l.smb2.close() // nobody is left to be told
	}
	l.remote.Cut()
	l.Runtime.Close()
}

// Close ends the sender's circuit, the Mailer's connection and every task.
func (l *Live) Close() error {
	var err error
	for _, w := range []*Workstation{l.Sender, l.mailer} {
		if w != nil {
			err = errors.Join(err, l.Runtime.Do("close", func() { _ = w.Close() })) // the server may be gone
		}
	}
	if l.smb2 != nil {
		err = errors.Join(err, l.smb2.close())
	}
	err = errors.Join(err, l.remote.Close())
	l.Runtime.Close()
	return err
}
