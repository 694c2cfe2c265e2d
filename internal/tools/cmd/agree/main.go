package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

// flags are what is played.
type flags struct {
	links, policies, loss, edition, mailers string
	files                                   []string // of profiles
	trials, simulated, size, atOnce         int
	poll                                    time.Duration
	seed                                    uint64
	inside                                  string // servers: this process is inside a namespace
}

const usage = `usage: go run ./internal/tools/cmd/agree [flags]

Plays the same mail trials in simulation, against a throwaway Samba over a shaped link,
and (as root) over network namespaces where the kernel's TCP meets real packet loss, and
prints the outcomes side by side. Needs the Debian package samba. The exit status is 1 if
two worlds disagree, 2 for bad arguments or a failure.

Example:
  go run ./internal/tools/cmd/agree --links t1 --policies nt351 --mailers smb1 --trials 5

Flags:
`

// defaultLinks are those of the question: is a fast and is a slow line as it is simulated?
const defaultLinks = "t1,ras-28.8"

func (f *flags) parse(args []string) error {
	set := flag.NewFlagSet("agree", flag.ContinueOnError)
	set.Usage = func() {
		_, _ = fmt.Fprint(set.Output(), usage) // nobody is left to be told
		set.PrintDefaults()
	}
	set.StringVar(&f.links, "links", defaultLinks, "link profiles, by name, or all")
	set.Func("link", "a link of your own, in place of the default ones: a profile `file` (may be repeated)", func(name string) error {
		f.files = append(f.files, name)
		return nil
	})
	set.StringVar(&f.policies, "policies", "nt351,q143413", "built-in policies")
	set.StringVar(&f.edition, "edition", "kb143413", "the model underneath")
	set.StringVar(&f.mailers, "mailers", "smb1,smb2", "what the Mailer reads by")
	set.StringVar(&f.loss, "loss", "1%", "loss of packets each way")
	set.IntVar(&f.trials, "trials", 30, "live trials a cell")
	set.IntVar(&f.atOnce, "at-once", 20, "live trials at once; more than some 30 logons at a time are too many for Samba")
	set.IntVar(&f.simulated, "simulated", 1000, "simulated trials a cell")
	set.IntVar(&f.size, "size", 32<<10, "bytes of the message")
	set.DurationVar(&f.poll, "poll", 5*time.Second, "the Mailer's poll")
	set.Uint64Var(&f.seed, "seed", 1, "first seed")
	set.StringVar(&f.inside, "inside", "", "used by the command itself")
	if err := set.Parse(args); err != nil {
		return err
	}
	if set.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	if len(f.files) > 0 && f.links == defaultLinks {
		f.links = ""
	}
	return f.check()
}

// check reports the first number with which nothing could be compared. The sizes are those
// that ntrdr takes.
func (f *flags) check() error {
	for _, v := range []struct {
		name  string
		ok    bool
		value any
		want  string
	}{
		{"trials", f.trials > 0, f.trials, "at least 1"},
		{"simulated", f.simulated > 0, f.simulated, "at least 1"},
		{"at-once", f.atOnce > 0, f.atOnce, "at least 1"},
		{"size", f.size >= 552 && f.size <= 16<<20, f.size, "from 552 to 16777216 bytes"},
		{"poll", f.poll >= time.Second && f.poll <= time.Hour, f.poll, "from 1s to 1h"},
	} {
		if !v.ok {
			return fmt.Errorf("-%s: %v is not %s", v.name, v.value, v.want)
		}
	}
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	agree, err := run(ctx, os.Args[1:])
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "agree:", err)
		os.Exit(2)
	case !agree:
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (agree bool, err error) {
	var f flags
	if err := f.parse(args); err != nil {
		return false, err
	}
	if f.inside != "" {
		return true, f.runInside(ctx)
	}
	list, err := f.profiles()
	if err != nil {
		return false, err
	}
	mailers, err := f.readers()
	if err != nil {
		return false, err
	}
	// Flush tells what writing to it has come to.
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(out, "link\tpolicy\tMailer\tworld\tTCP\tn\tcorrupted\t95 %\tsilent\t95 %\tdelivered\twindow\tpredicted\tas simulated\tagrees")
	agree = true
	for _, p := range list {
		for _, m := range mailers {
			ok, err := f.compare(ctx, out, p, m)
			if err != nil {
				return false, errors.Join(err, out.Flush())
			}
			agree = agree && ok
		}
	}
	return agree, out.Flush()
}

// place is a link, and how it was named.
type place struct {
	link.Profile
	source string
}

func (f *flags) profiles() (list []place, err error) {
	names := strings.Split(f.links, ",")
	switch f.links {
	case "":
		names = nil
	case "all":
		names = nil
		for _, p := range link.Profiles() {
			names = append(names, p.Name)
		}
	}
	for _, name := range append(names, f.files...) {
		p, err := link.Lookup(name)
		if err != nil {
			return nil, err
		}
		list = append(list, place{p, name})
	}
	return list, nil
}

// reader is what the Mailer reads by.
type reader struct {
	name string
	smb1 bool
	// hold is how long the server keeps an opener waiting that meets a sharing violation.
	hold time.Duration
}

// readers are those there are.
//
// src: KB Q150384 (SharingViolationRetries, 5 times 200 ms)
// src: smb.conf(5) ("defer returning a \"sharing violation\" error message for up to one second")
var readers = []reader{{"smb1", true, time.Second}, {"smb2", false, 0}}

func (f *flags) readers() (list []reader, err error) {
	for name := range strings.SplitSeq(f.mailers, ",") {
		i := slices.IndexFunc(readers, func(r reader) bool { return r.name == name })
		if i < 0 {
			return nil, fmt.Errorf("a Mailer reads by smb1 or smb2, not %q", name)
		}
		list = append(list, readers[i])
	}
	return list, nil
}

// compare prints a row for each policy in each world.
func (f *flags) compare(ctx context.Context, out io.Writer, p place, m reader) (agree bool, err error) {
	agree = true
	var worldly [][]trial
	for _, w := range worlds() {
		ts, err := w.play(ctx, f, p, m)
		if err != nil {
			return false, fmt.Errorf("%s, %s: %w", w.name, p.Name, err)
		}
		worldly = append(worldly, ts)
		fmt.Fprintf(os.Stderr, "agree: %s, %s, %s, %s: done\n", p.Name, m.name, w.name, w.tcp)
		for name := range strings.SplitSeq(f.policies, ",") {
			c := count(ts, name)
			same, verdict := "-", "-"
			if like := len(worldly) - 1; w.like != like {
				ref := worldly[w.like]
				same, verdict = alike(ts, ref, name), "yes"
				if !c.agrees(count(ref, name)) {
					verdict, agree = "NO", false
				}
			}
			_, _ = fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%d\t%v\t%.3f\t%s\t%s\n", p.Name, name, m.name, w.name, w.tcp, c.n,
				rate(c.corrupted, c.n), rate(c.silent, c.n), c.delivered,
				medianWindow(c.exposed), predicted(c.exposed, m.hold, f.poll), same, verdict)
		}
	}
	return agree, nil
}
