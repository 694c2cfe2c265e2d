package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/mailclient"
)

func poCommand() *command {
	return &command{
		name: "po", args: "init|check|dump|compress|reset|recover DIR|URL", summary: "makes, checks, shows or repairs a postoffice, in a directory or behind a URL",
		long: "`po init` makes an empty postoffice; `po check` answers as the Mailer would, with the code, and names files\n" +
			"that nothing refers to. `po dump` shows mailbags and records. `po compress` takes the deleted records out of a mailbag, `po reset` empties one, and\n" +
			"`po recover` returns what is stuck in INQUEUE3 to its senders (KB Q101749, Q104279, Q221963). The formats are our own (EMU-MSMAIL v1): Microsoft's were never published.",
		example: "  ntrdr po init smb1://mailuser:secret@127.0.0.1:4450/MAILDATA\n  ntrdr po init maildata\n  ntrdr po check maildata\n  ntrdr po compress --mailbag 00000001 maildata",
		run:     runPo,
	}
}

func runPo(c *invocation) error {
	network := c.flags.String("network", "NET", "init: the postoffice's network")
	po := c.flags.String("po", "HQ", "init: the postoffice's name")
	users := c.flags.StringSlice("users", []string{"BOB"}, "init: mailboxes")
	externals := c.flags.StringSlice("externals", []string{"NET/BRANCH"}, "init: other postoffices, NETWORK/PO")
	bag := c.flags.String("mailbag", mailclient.Inqueue, "compress, reset: which mailbag")
	asJSON := c.flags.Bool("json", false, "check: print one JSON object a finding")
	if err := c.parse(2); err != nil {
		return err
	}
	if c.flags.NArg() != 2 {
		return badInput("say what to do and where, such as `ntrdr po check DIR`")
	}
	switch verb := c.flags.Arg(0); verb {
	case "init":
		cfg := mailclient.InitConfig{Network: *network, PO: *po, Users: *users}
		for _, x := range *externals {
			n, p, ok := strings.Cut(x, "/")
			if !ok {
				return badInput("--externals: %q is not NETWORK/PO", x)
			}
			cfg.Externals = append(cfg.Externals, mailclient.PostofficeName{Network: n, PO: p})
		}
		if err := checkNames(cfg); err != nil {
			return err
		}
		return initPostoffice(c, cfg)
	case "check":
		return checkPostoffice(c, *asJSON)
	case "dump":
		return withPostoffice(c, c.flags.Arg(1), func(fs mailclient.FS) error { return mailclient.Dump(fs, c.stdout) })
	case "compress", "reset", "recover":
		return repairPostoffice(c, verb, *bag)
	default:
		return badInput("%q is none of init, check, dump, compress, reset and recover", verb)
	}
}

// mailbagName is what a mailbag can be called.
//
// src: KB Q87416
var mailbagName = regexp.MustCompile(`^([0-9A-F]{8}|INQUEUE3?|SYSTEM)$`)

// repairPostoffice does what ADMIN and its utilities do.
func repairPostoffice(c *invocation, verb, bag string) error {
	if !mailbagName.MatchString(bag) {
		return badInput("--mailbag: %q is no mailbag; they are called INQUEUE3 or 0000001A", bag)
	}
	done := ""
	err := withRuntime(c, c.flags.Arg(1), func(r rt.Runtime, fs mailclient.FS) (err error) {
		var n int
		switch verb {
		case "compress":
			n, err = mailclient.Compress(fs, bag)
			done = fmt.Sprintf("mailbag %s: %s taken out", bag, count(n, "deleted record"))
		case "reset":
			err = mailclient.ResetMailbag(fs, bag)
			done = fmt.Sprintf("mailbag %s is empty", bag)
		case "recover":
			cfg := mailclient.DefaultMailerConfig()
			cfg.Runtime, cfg.PO = r, fs
			n, err = mailclient.ReturnQueue(cfg)
			done = count(n, "message") + " returned, INQUEUE3 is empty"
		}
		return err
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.stdout, done)
	return err
}

// checkNames checks the names of a postoffice before anything is made.
func checkNames(cfg mailclient.InitConfig) error {
	if len(cfg.Users) == 0 {
		return badInput("--users: name at least one mailbox")
	}
	for _, u := range cfg.Users {
		if _, err := mailclient.ParseAddress(cfg.Network + "/" + cfg.PO + "/" + u); err != nil {
			return badInput("--network, --po or --users: %w", err)
		}
	}
	for _, x := range cfg.Externals {
		if _, err := mailclient.ParseAddress(x.Network + "/" + x.PO + "/X"); err != nil {
			return badInput("--externals: %w", err)
		}
	}
	return nil
}

func initPostoffice(c *invocation, cfg mailclient.InitConfig) error {
	where := c.flags.Arg(1)
	if !strings.Contains(where, "://") {
		if err := os.MkdirAll(where, 0o755); err != nil {
			return inputError{err}
		}
	}
	err := withPostoffice(c, where, func(fs mailclient.FS) error { return mailclient.Init(fs, cfg) })
	if errors.Is(err, mailclient.ErrExists) {
		return badInput("%s: %w", redacted(where), err)
	}
	if err != nil {
		if peer, parseErr := parseServer(where); parseErr == nil {
			err = peer.ExplainMissing(err)
		}
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "postoffice %s/%s in %s, with mailboxes for %s\n", cfg.Network, cfg.PO, redacted(where), strings.Join(cfg.Users, ", "))
	return err
}

// findingJSON is an object of `po check --json`.
type findingJSON struct {
	Schema string `json:"schema"`
	Commit string `json:"commit"`
	Path   string `json:"path"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
	Detail string `json:"detail"`
	Fault  bool   `json:"fault"`
}

func encodeFinding(c *invocation, f mailclient.Finding) error {
	j := findingJSON{
		Schema: bench.Schema, Commit: commit(), Path: f.Path, Reason: string(f.Reason), Detail: f.Detail, Fault: f.Fault,
	}
	if f.Code != mailclient.CodeNone {
		j.Code = f.Code.String()
	}
	return json.NewEncoder(c.stdout).Encode(j)
}

func checkPostoffice(c *invocation, asJSON bool) error {
	var findings []mailclient.Finding
	err := withPostoffice(c, c.flags.Arg(1), func(fs mailclient.FS) (err error) {
		findings, err = mailclient.Check(fs)
		return err
	})
	if err != nil {
		return err
	}
	for _, f := range findings {
		if !asJSON {
			fmt.Fprintln(c.stdout, f)
		} else if err := encodeFinding(c, f); err != nil {
			return err
		}
	}
	switch {
	case len(findings) > 0:
		return unmetError{count(len(findings), "finding")}
	case asJSON:
		return nil
	}
	_, err = fmt.Fprintln(c.stdout, "nothing wrong")
	return err
}
