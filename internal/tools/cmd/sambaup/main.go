// Command sambaup runs a throwaway Samba server that still speaks SMB1, until it
// is interrupted. It prints the URL that ntrdr takes with --server, and the
// directory behind the share.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/ntrdr/ntrdr/internal/tools/samba"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "sambaup:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) > 1 {
		return errors.New("takes no arguments; it serves until it is interrupted")
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	s, err := samba.Launch(samba.Options{})
	if err != nil {
		return err
	}
	fmt.Printf("smb1://%s:%s@%s/%s\n%s\n", s.User, s.Password, s.Addr, s.Share, s.Dir)
	<-interrupted
	return s.Stop()
}
