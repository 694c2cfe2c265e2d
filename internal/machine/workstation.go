package machine

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/tcplink"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/mailclient"
	"github.com/ntrdr/ntrdr/ntcache"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
	"github.com/ntrdr/ntrdr/smb1client"
)

// WorkstationConfig is what a workstation is made of.
type WorkstationConfig struct {
	Name        string
	Settings    registry.Settings
	Dialer      link.Dialer
	Server      string // its name, for UNC paths and messages
	Share       string
	Credentials smb1client.Credentials
	Trace       *trace.Actor
	Policy      rdr.WritePolicy // in place of the settings' NtrdrWritePolicy; nil: that one

	models *Models
}

// Workstation is a redirector on its Cache Manager, SMB1 client and link.
type Workstation struct {
	cfg     WorkstationConfig
	rt      rt.Runtime
	maxCmds int
	rdrCfg  rdr.Config
	cirCfg  circuitConfig

	// Redirector is the workstation's redirector for the share.
	Redirector *rdr.Redirector

	circuit uint32          // number of the last circuit; connects are serialised by rdr
	shaper  *tcplink.Shaper // of a live workstation's link; nil: not shaped

	mu     rt.Mutex
	conn   link.Conn          // of the last circuit, set as soon as it is there; guarded by mu
	client *smb1client.Client // of the last circuit, once it is logged on; guarded by mu
}

// LinkStats is what a live workstation's link has carried; zero without one.
func (w *Workstation) LinkStats() link.Stats {
	if w.shaper == nil {
		return link.Stats{}
	}
	return w.shaper.Stats()
}

// NewWorkstation assembles a workstation. It connects to nothing yet.
func NewWorkstation(r rt.Runtime, cfg WorkstationConfig) (*Workstation, error) {
	m, err := cfg.models.of(cfg.Settings)
	if err != nil {
		return nil, err
	}
	w := &Workstation{cfg: cfg, rt: r, maxCmds: m.maxCmds, rdrCfg: m.redirector, cirCfg: m.circuits, mu: r.NewMutex()}
	w.cfg.Credentials.Workstation = strings.ToUpper(cfg.Name)
	w.rdrCfg.Root = `\\` + cfg.Server + `\` + cfg.Share
	w.rdrCfg.Policy = cfg.Policy
	cache, err := ntcache.New(r, m.cache, cfg.Trace)
	if err != nil {
		return nil, err
	}
	w.Redirector, err = rdr.New(r, w.rdrCfg, cache, w.connect, cfg.Trace)
	return w, err
}

// FS is the share as a mail agent's file system.
func (w *Workstation) FS() mailclient.FS { return FS[*rdr.Handle](w.Redirector) }

// connect sets up a virtual circuit: transport, dialect, logon, share. It says that it
// is the first of this client, so that the server drops what an old one has left.
//
// src: [MS-CIFS] §3.3.5.43 (VcNumber 0)
func (w *Workstation) connect() (rdr.Remote, error) {
	conn, err := w.dial()
	if err != nil {
		return nil, err
	}
	w.remember(conn, nil)
	speed := conn.LinkSpeed()
	w.circuit++
	opt := smb1client.Options{
		Runtime: w.rt, Circuit: w.circuit, MaxCmds: w.maxCmds, Trace: w.cfg.Trace,
		SearchBuffer:   w.rdrCfg.SearchBuffer(speed),
		RequestTimeout: func(bytes int) time.Duration { return w.rdrCfg.RequestTimeout(bytes, speed) },
	}
	if !w.cirCfg.ReconnectVc0 {
		opt.VCNumber = uint16(w.circuit)
	}
	client, err := smb1client.Connect(conn, opt)
	if err != nil {
		return nil, err
	}
	tree, err := w.logOn(client)
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	w.remember(conn, client)
	return remote{tree}, nil
}

// dial connects the transport. A connect that takes longer than ConnectMaxTimeout, or
// than TCP tries, is a semaphore timeout for the application.
//
// src: KB Q148127, KB Q148950 (Win32 121)
func (w *Workstation) dial() (link.Conn, error) {
	conn, err := w.cfg.Dialer.Dial(w.cirCfg.ConnectMaxTimeout)
	switch {
	case err == nil && w.cirCfg.OneSMB:
		return &oneSMBConn{Conn: conn, rt: w.rt}, nil
	case err == nil:
		return conn, nil
	}
	status := nt.StatusBadNetworkPath
	if errors.Is(err, link.ErrTimeout) {
		status = nt.StatusIOTimeout
	}
	return nil, &nt.Error{Op: "connect", Path: w.rdrCfg.Root, Status: status, Err: err}
}

// remote is a tree with what the redirector asks of its circuit.
type remote struct{ *smb1client.Tree }

// Echo asks the server whether it is there.
func (m remote) Echo() error { return m.Session().Client().Ping() }

// Hangup ends the circuit.
func (m remote) Hangup() error { return m.Session().Client().Close() }

// remember notes what Close has to close.
func (w *Workstation) remember(conn link.Conn, client *smb1client.Client) {
	w.mu.Lock()
	w.conn, w.client = conn, client
	w.mu.Unlock()
}

func (w *Workstation) logOn(client *smb1client.Client) (*smb1client.Tree, error) {
	session, err := client.SessionSetup(w.cfg.Credentials)
	if err != nil {
		return nil, err
	}
	return session.TreeConnect(w.rdrCfg.Root)
}

// cut closes the present connection under everything that uses it.
func (w *Workstation) cut() {
	w.mu.Lock()
	conn := w.conn
	w.mu.Unlock()
	if conn != nil {
		_ = conn.Close() // nobody is left to be told
	}
}

// Close closes the circuit, if there is one, or the connection that is to become one.
// Dirty data is lost: wait for the redirector's Idle event first.
func (w *Workstation) Close() error {
	w.mu.Lock()
	conn, client := w.conn, w.client
	w.mu.Unlock()
	var err error
	switch {
	case client != nil:
		err = client.Close()
	case conn != nil:
		err = conn.Close()
	}
	if errors.Is(err, link.ErrClosed) {
		err = nil
	}
	if w.shaper != nil {
		err = errors.Join(err, w.shaper.Close())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", w.cfg.Name, err)
	}
	return nil
}
