package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/tcplink"
	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/rt/wallrt"
	"github.com/ntrdr/ntrdr/internal/smbserver"
	"github.com/ntrdr/ntrdr/internal/volume"
)

func serveCommand() *command {
	return &command{
		name: "serve", summary: "the embedded SMB1 server on a real port",
		long: "Serves directories, or volumes in memory, to SMB1 clients (dialect NT LM 0.12) until it is interrupted.\n" +
			"SMB1 is not encrypted: keep it to networks you trust.",
		example: "  ntrdr serve --addr 127.0.0.1:4450 --share MAILDATA --user mailuser --password secret",
		run:     runServe,
	}
}

func runServe(c *invocation) error {
	addr := c.flags.String("addr", "127.0.0.1:4450", "address to listen on")
	shares := c.flags.StringArray("share", []string{machine.ShareName}, "NAME=DIR, or NAME for a volume in memory (may be repeated)")
	user := c.flags.String("user", "", "account that may log on; empty: everyone is a guest")
	password := c.flags.String("password", "", "its password")
	reg := c.flags.String("reg", "", "LanmanServer values from this .reg file")
	if err := c.parse(0); err != nil {
		return err
	}
	set, err := paramSettings(c, *reg, "", defaultEdition)
	if err != nil {
		return err
	}
	r := wallrt.New(uint64(os.Getpid()))
	defer r.Close()
	cfg := machine.ServerConfig(set)
	if cfg.Shares, err = openShares(r, *shares); err != nil {
		return err
	}
	if *user == "" && *password != "" {
		return badInput("--password needs --user")
	}
	if *user != "" {
		cfg.Users = map[string]string{*user: *password}
	}
	server, err := smbserver.New(r, cfg)
	if err != nil {
		return inputError{err}
	}
	return serveUntilDone(c, r, server, *addr)
}

// openShares opens what the --share flags name.
func openShares(r *wallrt.Runtime, texts []string) (map[string]volume.Volume, error) {
	shares := map[string]volume.Volume{}
	for _, t := range texts {
		name, dir, isDir := strings.Cut(t, "=")
		if name == "" || isDir && dir == "" {
			return nil, badInput("--share: %q is neither NAME nor NAME=DIR", t)
		}
		if _, twice := shares[name]; twice {
			return nil, badInput("--share: %q is given twice", name)
		}
		if !isDir {
			shares[name] = volume.NewMem(r, r.NewMutex(), volume.StockLimits())
			continue
		}
		v, err := volume.OpenDir(dir)
		if err != nil {
			return nil, badInput("--share %s: %w", name, err)
		}
		shares[name] = v
	}
	return shares, nil
}

// serveUntilDone listens and serves until the invocation is interrupted.
func serveUntilDone(c *invocation, r *wallrt.Runtime, server *smbserver.Server, addr string) error {
	ln, err := tcplink.Listen(addr)
	if err != nil {
		return inputError{err}
	}
	fmt.Fprintf(c.stdout, "listening on %v\n", ln.Addr())
	var serveErr error
	done := make(chan struct{})
	r.Go("serve", func() {
		defer close(done)
		serveErr = server.Serve(ln, "")
	})
	select {
	case <-c.ctx.Done():
		if err := server.Close(); err != nil && !errors.Is(err, link.ErrClosed) {
			return err
		}
		<-done
		return nil
	case <-done:
		return serveErr
	}
}
