package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/bench"
)

// parseServer takes a live server's URL apart: smb1://user:password@host:port/share/path.
func parseServer(text string) (bench.Peer, error) {
	u, err := url.Parse(text)
	if err != nil {
		return bench.Peer{}, badInput("not a URL: %w", withoutURL(err))
	}
	share, dir, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	password, _ := u.User.Password()
	switch {
	case u.Scheme != "smb1":
		return bench.Peer{}, badInput("%q is not smb1://user:password@host:port/share/path", u.Redacted())
	case u.Hostname() == "" || share == "":
		return bench.Peer{}, badInput("%q lacks a host or a share", u.Redacted())
	}
	port := u.Port()
	if port == "" {
		port = defaultPort
	}
	return bench.Peer{
		Host: u.Hostname(), Addr: net.JoinHostPort(u.Hostname(), port),
		User: u.User.Username(), Password: password,
		Share: share, Dir: strings.ReplaceAll(dir, "/", `\`),
	}, nil
}

// withoutURL is what is wrong with a URL, without the URL: it may hold a password.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// defaultPort is where SMB is served without NetBIOS names.
//
// src: [MS-SMB] §2.1 (direct TCP transport)
const defaultPort = "445"

// runLive plays the trial against --server, in a new directory of its own.
func (f *reproFlags) runLive(c *invocation, s bench.Spec) (bench.Result, error) {
	peer, err := parseServer(f.server)
	if err != nil {
		return bench.Result{}, err
	}
	dir := fmt.Sprintf("ntrdr-%s-%s", time.Now().UTC().Format("20060102T150405.000"), s.Policy.Policy.Name)
	if peer, err = peer.NewDir(dir); err != nil {
		return bench.Result{}, peerError{err}
	}
	fmt.Fprintf(c.stderr, "%s: live, on a link of %s with stalls for lost packets; the postoffice is %s\n",
		s.Policy.Policy.Name, s.Link.Name, peer.Dir)
	s.OnEvent = func(_ *bench.World, e bench.Event) {
		if text := bench.Describe(e); text != "" {
			fmt.Fprintf(c.stderr, "%8.2f s  %-7s %s\n", e.At.Seconds(), e.Actor, text)
		}
	}
	r, err := bench.RunLive(c.ctx, s, peer)
	if err != nil {
		return r, peerError{err}
	}
	return r, nil
}

// redacted is a server's URL without its password.
func redacted(server string) string {
	if u, err := url.Parse(server); err == nil {
		return u.Redacted()
	}
	return server
}
