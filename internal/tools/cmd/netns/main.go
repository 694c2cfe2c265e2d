// Command netns runs a command behind a link with real packet loss: in a network
// namespace of its own, with a throwaway Samba at the far end of the link. See package
// internal/tools/netns for how, and for what the kernel's TCP is held to.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/tools/netns"
	"github.com/ntrdr/ntrdr/internal/tools/samba"
)

const usage = `usage: go run ./internal/tools/cmd/netns run [flags] -- COMMAND [ARGUMENT...]

Runs COMMAND (by default a shell) in a network namespace whose only way to a server is a
link: real TCP of the kernel, real packet loss, rate, queue and delay. At the far end
serves a throwaway Samba, unless --samba=false. COMMAND finds in its environment
  NTRDR_SERVER  smb1://user:password@10.77.1.2:445/share, over the link
  NTRDR_DIRECT  10.77.0.2:445, the same server over a way without any impairment
Everything ends with COMMAND. Needs root, /dev/net/tun and the Debian packages iproute2
and samba. The exit status is COMMAND's.

Example:
  go run ./internal/tools/cmd/netns run --profile t1 --loss 1% -- \
    sh -c 'ntrdr bench --server "$NTRDR_SERVER" --direct "$NTRDR_DIRECT" --unshaped --links t1 --loss 1% --trials 3 --workers 1'

Flags:
`

func main() {
	err := run(os.Args[1:])
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		os.Exit(exit.ExitCode())
	}
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "netns:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	net       netns.Config
	withSamba bool
	command   []string
}

func run(args []string) error {
	if len(args) == 0 || args[0] != "run" {
		fmt.Fprint(os.Stderr, usage)
		newFlags(new(flagValues)).PrintDefaults()
		return flag.ErrHelp
	}
	opt, err := parse(args[1:])
	if err != nil {
		return err
	}
	n, err := netns.Up(opt.net)
	if err != nil {
		return err
	}
	return errors.Join(behind(n, opt), n.Close())
}

// flagValues are the flags as they are written.
type flagValues struct {
	profile, loss, flavour, outages string
	links                           int
	seed                            uint64
	samba                           bool
}

func newFlags(v *flagValues) *flag.FlagSet {
	set := flag.NewFlagSet("run", flag.ContinueOnError)
	set.Usage = func() {
		_, _ = fmt.Fprint(set.Output(), usage) // nobody is left to be told
		set.PrintDefaults()
	}
	set.StringVar(&v.profile, "profile", "t1", "link profile: a name, or a profile file")
	set.StringVar(&v.loss, "loss", "0", "loss of packets each way, in percent, beside the profile's own")
	set.StringVar(&v.outages, "outages", "", "outages, separated by commas: START:DURATION, segment=N:reset and so on")
	set.StringVar(&v.flavour, "tcp", string(netns.Reno), "how the kernel recovers from loss: reno, or nt351 (by timeouts alone)")
	set.IntVar(&v.links, "count", 1, "how many such links, to 10.77.1.2, 10.77.2.2 and so on, each with weather of its own")
	set.Uint64Var(&v.seed, "seed", 1, "seed of the first link's weather")
	set.BoolVar(&v.samba, "samba", true, "a Samba at the far end")
	return set
}

func parse(args []string) (opt options, err error) {
	var v flagValues
	set := newFlags(&v)
	if err := set.Parse(args); err != nil {
		return opt, err
	}
	opt = options{
		net:       netns.Config{Seed: v.seed, Links: v.links},
		withSamba: v.samba, command: set.Args(),
	}
	if len(opt.command) == 0 {
		opt.command = []string{"sh"}
	}
	if opt.net.Profile, err = link.Lookup(v.profile); err != nil {
		return opt, err
	}
	if opt.net.TCP, err = netns.ParseFlavour(v.flavour); err != nil {
		return opt, err
	}
	for text := range strings.SplitSeq(v.outages, ",") {
		if text == "" {
			continue
		}
		o, err := link.ParseOutage(text)
		if err != nil {
			return opt, err
		}
		opt.net.Outages = append(opt.net.Outages, o)
	}
	opt.net.Loss, err = link.ParseLoss(v.loss)
	return opt, err
}

// sambaPort is where Samba serves inside.
const sambaPort = ":445"

// behind runs the command, with a Samba at the far end if it is wanted.
func behind(n *netns.Net, opt options) (err error) {
	cmd := exec.Command(opt.command[0], opt.command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = os.Environ()
	if opt.withSamba {
		place := &samba.Place{Addr: netns.ServerAddr(0) + sambaPort, Enter: n.Server.Enter}
		s, err := samba.Launch(samba.Options{Inside: place})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Stop()) }()
		url := fmt.Sprintf("smb1://%s:%s@%s%s/%s", s.User, s.Password, netns.ServerAddr(1), sambaPort, s.Share)
		cmd.Env = append(cmd.Env, "NTRDR_SERVER="+url, "NTRDR_DIRECT="+s.Addr)
		fmt.Fprintf(os.Stderr, "netns: %s, TCP %s; the server is %s\n", opt.net.Profile.Name, opt.net.TCP, url)
	}
	// An interrupt of the terminal reaches the command as well; this program ends after
	// it. One that is sent to this program alone is passed on.
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(interrupted)
	go func() {
		for s := range interrupted {
			if s == syscall.SIGTERM && cmd.Process != nil {
				_ = cmd.Process.Signal(s) // it may have ended
			}
		}
	}()
	err = n.Client.Run(cmd)
	for i := 1; i <= opt.net.Links; i++ {
		st := n.Stats(i)
		fmt.Fprintf(os.Stderr, "netns: link %d: up %d packets (%d lost), down %d (%d lost), %d segments sent again\n", i,
			st.Up.Packets, st.Up.Lost+st.Up.Dropped+st.Up.Vanished, st.Down.Packets, st.Down.Lost+st.Down.Dropped+st.Down.Vanished, st.Retransmits)
	}
	return err
}
