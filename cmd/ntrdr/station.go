package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/tcplink"
	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/wallrt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/internal/volume"
	"github.com/ntrdr/ntrdr/mailclient"
)

// station is where a command works on files, in real time: a workstation or a plain
// client that is connected to a server, or a directory.
type station struct {
	rt    *wallrt.Runtime
	fs    mailclient.FS        // below the server's URL, or the directory
	trace *trace.Recorder      // of the workstation
	ws    *machine.Workstation // nil: no redirector stands in between
	lines lifeline
	local bool         // a directory
	leave func() error // ends the circuit; nil while there is none
}

// stationFlags say how a station reaches a server.
type stationFlags struct {
	settings registry.Settings
	link     *link.Profile // nil: not shaped
	loss     float64
	outages  []link.Outage
	seed     uint64
}

// connect assembles a workstation and connects it to the server. An interrupt of c ends
// the attempt.
func connect(c *invocation, server, name string, f stationFlags) (*station, error) {
	peer, err := parseServer(server)
	if err != nil {
		return nil, err
	}
	return connectTo(c, peer, name, f)
}

// connectTo is connect with a server's URL taken apart.
func connectTo(c *invocation, peer bench.Peer, name string, f stationFlags) (*station, error) {
	r := wallrt.New(f.seed)
	s := &station{rt: r, trace: trace.NewRecorder(r, r.NewMutex(), false)}
	var err error
	s.ws, err = machine.NewLiveWorkstation(r, s.trace, machine.LiveWorkstation{
		Name: name, Settings: f.settings, Peer: peer, Link: f.link, Loss: f.loss, Outages: f.outages, Seed: f.seed,
		Wrap: func(_ rt.Runtime, d link.Dialer) link.Dialer {
			s.lines.Dialer = d
			return &s.lines
		},
	})
	if err != nil {
		r.Close()
		return nil, inputError{err}
	}
	s.fs, s.leave = machine.SubFS(s.ws.FS(), peer.Dir), s.ws.Close
	if err := s.open(c, s.ws.Redirector.Connect); err != nil {
		return nil, err
	}
	s.trace.Watch(func(e trace.Event) { tell(c, e) })
	return s, nil
}

// connectTimeout bounds the connection of a plain client.
//
// src: assumed (as long as people wait)
const connectTimeout = 30 * time.Second

// connectPlain connects a client without a redirector to the server's share.
func connectPlain(c *invocation, peer bench.Peer) (*station, error) {
	s := &station{rt: wallrt.New(uint64(os.Getpid()))}
	s.lines.Dialer = &tcplink.Dialer{Addr: peer.Addr}
	err := s.open(c, func() error {
		conn, err := s.lines.Dial(connectTimeout)
		if err != nil {
			return err
		}
		client, err := machine.NewPlainClient(s.rt, conn, peer)
		if err != nil {
			return err
		}
		s.fs, s.leave = machine.SubFS(client, peer.Dir), client.Close
		return nil
	})
	return s, err
}

// open connects, and closes the station if that fails. An interrupt of c ends the
// attempt.
func (s *station) open(c *invocation, connect func() error) error {
	defer context.AfterFunc(c.ctx, s.abort)()
	var err error
	if doErr := s.rt.Do("connect", func() { err = connect() }); doErr != nil {
		err = doErr
	}
	if err != nil {
		s.close()
		return peerError{err}
	}
	return nil
}

// close ends the circuit and every task.
func (s *station) close() {
	if s.leave != nil {
		_ = s.rt.Do("close", func() { _ = s.leave() }) // the server may be gone, and nothing is dirty
	}
	s.rt.Close()
}

// abort ends every task now; what is dirty is lost.
func (s *station) abort() {
	s.rt.Close()
	s.lines.cut()
}

// do runs f as a task and waits for what the redirector has still to write.
func (s *station) do(name string, f func() error) (err error) {
	doErr := s.rt.Do(name, func() {
		err = f()
		s.settle()
	})
	if doErr != nil {
		return peerError{doErr}
	}
	return err
}

// settle waits for what the redirector has still to write.
func (s *station) settle() {
	if s.ws != nil {
		s.ws.Redirector.Idle().Wait(rt.Forever)
	}
}

// blame says whose an error of a file is: the peer's, or with a directory the input's.
func (s *station) blame(err error) error {
	_, isFile := errors.AsType[*nt.Error](err)
	switch {
	case isFile && s.local:
		return inputError{err}
	case isFile:
		return peerError{err}
	}
	return err
}

// onPostoffice lets f work on the postoffice in a directory or behind a URL.
func onPostoffice(c *invocation, where string, sf stationFlags, f func(*station) error) error {
	if strings.Contains(where, "://") {
		s, err := connect(c, where, machine.ActorSenderHost, sf)
		if err != nil {
			return err
		}
		defer s.close()
		return s.blame(f(s))
	}
	v, err := volume.OpenDir(where)
	if err != nil {
		return inputError{err}
	}
	defer func() { _ = v.Close() }() // only the root's handle
	s := &station{rt: wallrt.New(sf.seed), fs: machine.LocalFS(v), local: true}
	defer s.close()
	return s.blame(f(s))
}

// synchronousPolicy makes the redirector a plain client: no caching, no write-behind.
const synchronousPolicy = "q163401"

// withPostoffice runs f as a task on the postoffice in a directory or behind a URL,
// which is reached without any caching.
func withPostoffice(c *invocation, where string, f func(mailclient.FS) error) error {
	return withRuntime(c, where, func(_ rt.Runtime, fs mailclient.FS) error { return f(fs) })
}

// withRuntime is withPostoffice for what needs a clock.
func withRuntime(c *invocation, where string, f func(rt.Runtime, mailclient.FS) error) error {
	set, err := builtinPolicy(synchronousPolicy, defaultEdition)
	if err != nil {
		return err
	}
	sf := stationFlags{settings: set, seed: uint64(os.Getpid())}
	return onPostoffice(c, where, sf, func(s *station) error {
		defer context.AfterFunc(c.ctx, s.abort)()
		return s.do("po", func() error { return f(s.rt, s.fs) })
	})
}
