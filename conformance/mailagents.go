package conformance

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/mailclient"
)

// mailNetwork is the network of all postoffices of a story. A postoffice is a directory
// of the share, and has its name.
const mailNetwork = "NET"

// agentCommands are mail agents at work on postoffices, through a redirector or through
// a plain client.
var agentCommands = []command{
	{
		usage: "office PO users=NAME,... [peers=PO,...] [group=NAME]",
		about: "makes a postoffice NET/PO in the directory PO; the group has all users",
		who:   anyMachine, on: everywhere, parse: parseOffice,
	},
	{
		usage: "post PO FROM PO/TO,... [size=SIZE] [att=SIZE] [urgent] [tries=N] [share-control]",
		about: "a client posts a message in its postoffice; the outcome has error, in the client's words",
		who:   anyMachine, on: everywhere, parse: parsePost,
	},
	{
		usage: "dispatch PO to=PO [cycle=DURATION] [retries=N] [max=KB] [share-control] [unlock-early] [unshared] [close=after-key]",
		about: "an MTA sends the oldest message of a postoffice to another by the seven steps; the outcome has told, code, also and attempts",
		who:   anyMachine, on: everywhere, parse: parseDispatch,
	},
	{
		usage: "mailer PO [cycles=N] [poll=DURATION] [checks=none|length|full] [lock=held|semaphore|legacy] [delete-p1-first] [denied-is-corrupt] [unshared]",
		about: "the Mailer empties INQUEUE3; the outcome has status, skipped, waiting, and codes, one a message or none",
		who:   anyMachine, on: everywhere, parse: parseMailer,
	},
	{
		usage: "readmail PO USER [drain|shadow] [client=3.0|3.2] [stop-on-corrupt]",
		about: "a user's client looks once; the outcome has n, whole, codes, and text, what the user sees of the last message",
		who:   anyMachine, on: everywhere, parse: parseReadMail,
	},
	{
		usage: "pollmail PO USER for=DURATION [every=DURATION] [drain|shadow] [client=3.0|3.2] [stop-on-corrupt]",
		about: "a user's client polls; the outcome has n, the messages it has shown, and errors",
		who:   anyMachine, on: everywhere, parse: parsePollMail,
	},
	{
		usage: "check PO", about: "examines a postoffice; the outcome has n and findings",
		who: anyMachine, on: everywhere, parse: parseCheckOffice,
	},
	{
		usage: "until ACTOR OP PATH [within=DURATION]",
		about: "waits until a mail agent's call has returned: open, create, read, write, close, delete; PATH is below its postoffice",
		who:   noActor, on: simulated, parse: parseUntil,
	},
	{
		usage: "compress PO MAILBAG", about: "ADMIN takes the deleted records out of a mailbag; the outcome has removed",
		who: anyMachine, on: everywhere, parse: parseCompress,
	},
	{
		usage: "reset PO MAILBAG", about: "ADMIN empties a KEY and MBG pair", who: anyMachine, on: everywhere, parse: parseReset,
	},
	{
		usage: "recover PO", about: "ADMIN returns what is in INQUEUE3 and empties it; the outcome has returned",
		who: anyMachine, on: everywhere, parse: parseRecover,
	},
	{
		usage: "fill PO MAILBAG", about: "puts 4096 records into a mailbag", who: anyMachine, on: everywhere, parse: parseFillBag,
	},
	{
		usage: "norecipients PO NAME", about: "replaces an envelope by one that has no recipients", who: anyMachine, on: everywhere, parse: parseNoRecipients,
	},
	{
		usage: "damage PATH cut=SIZE|add=SIZE|zero=OFFSET+LENGTH|flip=OFFSET|poke=OFFSET+BYTE", about: "cuts a file, adds zeros, writes zeros over a range, inverts one byte, or sets it",
		who: anyMachine, on: everywhere, parse: parseDamage,
	},
}

// agentFS is an actor's way to the files of mail agents.
type agentFS struct{ fs fileSystem }

// Open opens a file.
func (a agentFS) Open(path string, p nt.CreateParams) (mailclient.File, error) {
	p.Attributes, p.Options = nt.AttrNormal, nt.NonDirectoryFile
	f, o := a.fs.open(path, p)
	if o.err != nil {
		return nil, o.err
	}
	return f, nil
}

func (a agentFS) Delete(path string) error              { return a.fs.Delete(path) }
func (a agentFS) Rename(from, to string) error          { return a.fs.Rename(from, to) }
func (a agentFS) Mkdir(path string) error               { return a.fs.Mkdir(path) }
func (a agentFS) Stat(path string) (nt.FileInfo, error) { return a.fs.stat(path) }
func (a agentFS) Find(pattern string) (list []nt.FileInfo, err error) {
	return a.fs.Find(pattern)
}

// inOffice lets f work on a postoffice as an actor sees it.
func (s *story) inOffice(actor, po string, f func(mailclient.FS) outcome) outcome {
	return s.onNames(actor, func(fs fileSystem) outcome {
		return f(machine.SubFS(agentFS{fs}, po))
	})
}

func parseOffice(a *args) action {
	actor, po := a.actor, a.word("PO")
	users, ok := a.value("users")
	if !ok {
		a.fail("users= is missing")
	}
	cfg := mailclient.InitConfig{Network: mailNetwork, PO: po, Users: strings.Split(users, ",")}
	if peers, ok := a.value("peers"); ok {
		for p := range strings.SplitSeq(peers, ",") {
			cfg.Externals = append(cfg.Externals, mailclient.PostofficeName{Network: mailNetwork, PO: p})
		}
	}
	if g, ok := a.value("group"); ok {
		cfg.Groups = []mailclient.GroupConfig{{Name: g, Members: cfg.Users}}
	}
	return func(s *story) outcome {
		return s.onNames(actor, func(fs fileSystem) outcome {
			if err := fs.Mkdir(po); err != nil {
				return failed(err)
			}
			return failed(mailclient.Init(machine.SubFS(agentFS{fs}, po), cfg))
		})
	}
}

// letter takes what a message is.
func (a *args) letter(po string) mailclient.Message {
	m := mailclient.Message{
		From: mailclient.Address{Network: mailNetwork, PO: po, Mailbox: a.word("FROM")}, Subject: "Quarterly figures",
	}
	for to := range strings.SplitSeq(a.word("PO/TO"), ",") {
		addr, err := mailclient.ParseAddress(mailNetwork + "/" + to)
		if err != nil {
			a.fail("%w", err)
		}
		m.To = append(m.To, addr)
	}
	m.FileSize = int(a.sizeOf("size", 8<<10))
	if n := a.sizeOf("att", 0); n > 0 {
		data := make([]byte, n)
		fill(data, 0, 'a')
		m.Attachments = []mailclient.Attachment{{Name: "FIGURES.XLS", Data: data}}
	}
	if a.flag("urgent") {
		m.Priority = 1
	}
	return m
}

// sizeOf takes key=size, absent is def.
func (a *args) sizeOf(key string, def int64) int64 {
	v, ok := a.value(key)
	if !ok {
		return def
	}
	const most = 16 << 20
	n, err := parseSize(v)
	if err != nil || n < 0 || n > most {
		a.fail("%s=%s is no size of up to 16MB", key, v)
	}
	return n
}

func parsePost(a *args) action {
	actor, po := a.actor, a.word("PO")
	m := a.letter(po)
	cfg := mailclient.DefaultClientConfig()
	cfg.Spooler.IdleRequiredInterval = 0 // nobody types
	cfg.Tries = int(a.sizeOf("tries", int64(cfg.Tries)))
	cfg.ShareControl = a.flag("share-control")
	return func(s *story) outcome {
		return s.inOffice(actor, po, func(fs mailclient.FS) outcome {
			cfg := cfg
			cfg.Runtime, cfg.PO, cfg.Trace = s.w.rt, fs, s.w.trace.Actor(actor)
			c, err := mailclient.NewClient(cfg)
			if err == nil {
				_, err = c.Send(m)
			}
			return failed(err).with("error", textOf(err))
		})
	}
}

func textOf(err error) string {
	if err == nil {
		return "none"
	}
	return err.Error()
}

func parseDispatch(a *args) action {
	actor, po, to := a.actor, a.word("PO"), a.valueOr("to", "")
	if to == "" {
		a.fail("to= is missing")
	}
	cfg := mailclient.DefaultSenderConfig()
	cfg.Cycle = a.durationOf("cycle", cfg.Cycle)
	cfg.Retries = int(a.sizeOf("retries", int64(cfg.Retries)))
	cfg.MaxLanMailSize = int(a.sizeOf("max", 0))
	cfg.ShareControl, cfg.UnlockBeforeCleanup = a.flag("share-control"), a.flag("unlock-early")
	if a.choice("close", "before-key", "before-key", "after-key") == "after-key" {
		cfg.POClose = mailclient.CloseAfterKey
	}
	share := sharing(a)
	return func(s *story) outcome {
		return s.onNames(actor, func(fs fileSystem) outcome {
			cfg := cfg
			cfg.Runtime, cfg.Trace = s.w.rt, s.w.trace.Actor(actor)
			cfg.Local, cfg.Remote = share(machine.SubFS(agentFS{fs}, po)), share(machine.SubFS(agentFS{fs}, to))
			cfg.RemoteNetwork, cfg.RemotePO = mailNetwork, to
			sender, err := mailclient.NewSender(cfg)
			if err != nil {
				return failed(err)
			}
			r := sender.Run()
			return outcome{}.with("told", r.Told).with("code", codeOf(r.Code)).with("also", codeOf(r.Also)).
				with("attempts", r.Attempts).with("error", textOf(r.Err))
		})
	}
}

// sharing takes unshared: a server without share modes.
func sharing(a *args) func(mailclient.FS) mailclient.FS {
	if a.flag("unshared") {
		return mailclient.Unshared
	}
	return func(fs mailclient.FS) mailclient.FS { return fs }
}

func codeOf(c mailclient.Code) string {
	if c == mailclient.CodeNone {
		return "none"
	}
	return c.String()
}

func parseMailer(a *args) action {
	actor, po := a.actor, a.word("PO")
	cfg := mailclient.DefaultMailerConfig()
	cycles := a.sizeOf("cycles", 1)
	poll := a.durationOf("poll", cfg.Poll)
	cfg.Checks = map[string]mailclient.Checks{
		"none": mailclient.ChecksNone, "length": mailclient.ChecksLength, "full": mailclient.ChecksFull,
	}[a.choice("checks", "full", "none", "length", "full")]
	cfg.QueueLock = map[string]mailclient.QueueLock{
		"held": mailclient.LockHeld, "semaphore": mailclient.LockSemaphore, "legacy": mailclient.LockLegacy,
	}[a.choice("lock", "held", "held", "semaphore", "legacy")]
	cfg.DeleteP1BeforeQueueUpdate, cfg.DeniedIsCorrupt = a.flag("delete-p1-first"), a.flag("denied-is-corrupt")
	share := sharing(a)
	return func(s *story) outcome {
		return s.inOffice(actor, po, func(fs mailclient.FS) outcome {
			cfg := cfg
			cfg.Runtime, cfg.PO, cfg.Trace = s.w.rt, share(fs), s.w.trace.Actor(actor)
			return runMailer(cfg, int(cycles), poll)
		})
	}
}

// runMailer does some cycles and tells what the last one was, and all codes.
func runMailer(cfg mailclient.MailerConfig, cycles int, poll time.Duration) outcome {
	m, err := mailclient.NewMailer(cfg)
	if err != nil {
		return failed(err)
	}
	var codes []string
	var report mailclient.CycleReport
	for i := range cycles {
		if i > 0 {
			cfg.Runtime.Sleep(poll)
		}
		report, err = m.Cycle()
		for _, v := range report.Verdicts {
			codes = append(codes, verdictWord(v.Code, v.Reason))
		}
		if err != nil {
			break
		}
	}
	skipped := "no"
	if report.Skipped != "" {
		skipped = report.Skipped
	}
	return failed(err).with("status", report.Status).with("skipped", skipped).with("waiting", report.Waiting).with("codes", list(codes))
}

// verdictWord is delivered, or a code with its reason, such as [023]TRUNCATED.
func verdictWord(c mailclient.Code, r mailclient.Reason) string {
	if c == mailclient.CodeNone {
		return "delivered"
	}
	return c.String() + string(r)
}

func list(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ",")
}

// readerConfig takes how a user's client reads.
func (a *args) readerConfig() mailclient.ReaderConfig {
	cfg := mailclient.DefaultReaderConfig()
	cfg.Drain, cfg.Shadow = a.flag("drain"), a.flag("shadow")
	cfg.StopOnCorrupt = a.flag("stop-on-corrupt")
	cfg.LockedIsEmpty = a.choice("client", "3.0", "3.0", "3.2") == "3.0"
	return cfg
}

func parseReadMail(a *args) action {
	actor, po, user := a.actor, a.word("PO"), a.word("USER")
	cfg := a.readerConfig()
	return func(s *story) outcome {
		return s.inOffice(actor, po, func(fs mailclient.FS) outcome {
			cfg := cfg
			cfg.Runtime, cfg.PO, cfg.Trace, cfg.Mailbox = s.w.rt, fs, s.w.trace.Actor(actor), user
			r, err := mailclient.NewReader(cfg)
			if err != nil {
				return failed(err)
			}
			in, err := r.Read()
			return inboxOutcome(in, err)
		})
	}
}

func inboxOutcome(in mailclient.Inbox, err error) outcome {
	whole, text := 0, "none"
	var codes []string
	for _, it := range in {
		if it.Whole {
			whole++
		}
		codes = append(codes, verdictWord(it.Code, it.Reason))
		text, _, _ = strings.Cut(it.Text, "\r\n")
		if it.Whole && it.Detail != "" {
			codes[len(codes)-1] = "warned"
		}
	}
	return failed(err).with("n", len(in)).with("whole", whole).with("codes", list(codes)).with("text", text).with("error", textOf(err))
}

func parsePollMail(a *args) action {
	actor, po, user := a.actor, a.word("PO"), a.word("USER")
	long := a.durationOf("for", 0)
	if long == 0 {
		a.fail("for=DURATION is missing")
	}
	cfg := a.readerConfig()
	cfg.Poll = a.durationOf("every", cfg.Poll)
	return func(s *story) outcome {
		return s.inOffice(actor, po, func(fs mailclient.FS) outcome {
			cfg := cfg
			cfg.Runtime, cfg.PO, cfg.Trace, cfg.Mailbox = s.w.rt, fs, s.w.trace.Actor(actor), user
			shown, faults := 0, 0
			cfg.OnMail = func(mailclient.Item) { shown++ }
			cfg.OnError = func(error) { faults++ }
			r, err := mailclient.NewReader(cfg)
			if err != nil {
				return failed(err)
			}
			stop := s.w.rt.NewEvent(rt.Notification)
			s.w.rt.AfterFunc(long, stop.Set)
			r.Run(stop)
			return outcome{}.with("n", shown).with("errors", faults)
		})
	}
}

func parseCheckOffice(a *args) action {
	actor, po := a.actor, a.word("PO")
	return func(s *story) outcome {
		return s.inOffice(actor, po, func(fs mailclient.FS) outcome {
			found, err := mailclient.Check(fs)
			var lines []string
			for _, f := range found {
				lines = append(lines, f.String())
			}
			return failed(err).with("n", len(found)).with("findings", strings.Join(lines, "; "))
		})
	}
}

// untilPoll separates two looks at the trace.
const untilPoll = time.Millisecond

func parseUntil(a *args) action {
	actor, op, path := a.word("ACTOR"), a.word("OP"), a.word("PATH")
	within := a.durationOf("within", time.Hour)
	return func(s *story) outcome {
		from, end := s.mark(), s.w.rt.Now().Add(within)
		for s.w.rt.Now().Before(end) {
			events := s.w.trace.Events()
			for _, e := range events[from:] {
				if e.Kind == trace.AppReturn && e.Actor == actor && e.Op == op && strings.EqualFold(e.Path, path) {
					return outcome{}
				}
			}
			from = len(events)
			s.w.rt.Sleep(untilPoll)
		}
		return failed(errStillWaiting)
	}
}

func parseCompress(a *args) action {
	return bagAction(a, func(fs mailclient.FS, bag string) outcome {
		n, err := mailclient.Compress(fs, bag)
		return failed(err).with("removed", n)
	})
}

func parseReset(a *args) action {
	return bagAction(a, func(fs mailclient.FS, bag string) outcome { return failed(mailclient.ResetMailbag(fs, bag)) })
}

// bagAction is an action on a mailbag.
func bagAction(a *args, f func(fs mailclient.FS, bag string) outcome) action {
	actor, po, bag := a.actor, a.word("PO"), a.word("MAILBAG")
	return func(s *story) outcome {
		return s.inOffice(actor, po, func(fs mailclient.FS) outcome { return f(fs, bag) })
	}
}

func parseRecover(a *args) action {
	actor, po := a.actor, a.word("PO")
	return func(s *story) outcome {
		return s.inOffice(actor, po, func(fs mailclient.FS) outcome {
			cfg := mailclient.DefaultMailerConfig()
			cfg.Runtime, cfg.PO, cfg.Trace = s.w.rt, fs, s.w.trace.Actor(actor)
			n, err := mailclient.ReturnQueue(cfg)
			return failed(err).with("returned", n)
		})
	}
}

func parseFillBag(a *args) action {
	return bagAction(a, func(fs mailclient.FS, bag string) outcome {
		key := &mailclient.Key{Slots: mailclient.MaxSlots, Live: mailclient.MaxSlots}
		if err := put(fs, mailclient.MBGPath(bag), make([]byte, mailclient.MaxSlots*mailclient.RecordSize)); err != nil {
			return failed(err)
		}
		return failed(put(fs, mailclient.KeyPath(bag), key.Encode()))
	})
}

func parseNoRecipients(a *args) action {
	return bagAction(a, func(fs mailclient.FS, name string) outcome {
		path := `P1\` + name + ".P1"
		return failed(change(fs, path, func(f mailclient.File) error {
			size, err := f.Size()
			if err != nil {
				return err
			}
			b := make([]byte, size)
			if _, err := f.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			v, err := mailclient.ParseEnvelope(path, b)
			if err != nil {
				return err
			}
			v.Rcpts = nil
			b = v.Encode()
			if _, err := f.WriteAt(b, 0); err != nil {
				return err
			}
			return f.SetSize(int64(len(b)))
		}))
	})
}

// put writes a file that exists.
func put(fs mailclient.FS, path string, b []byte) error {
	return change(fs, path, func(f mailclient.File) error {
		const chunk = 1 << 15
		for off := 0; off < len(b); off += chunk {
			if _, err := f.WriteAt(b[off:min(off+chunk, len(b))], int64(off)); err != nil {
				return err
			}
		}
		return nil
	})
}

// change lets f work on an open file.
func change(fs mailclient.FS, path string, f func(mailclient.File) error) error {
	h, err := fs.Open(path, nt.CreateParams{
		Access: nt.GenericRead | nt.GenericWrite, Share: nt.ShareRead | nt.ShareWrite, Disposition: nt.FileOpen,
	})
	if err != nil {
		return err
	}
	err = f(h)
	if cerr := h.Close(); err == nil {
		err = cerr
	}
	return err
}

func parseDamage(a *args) action {
	actor, path := a.actor, a.word("PATH")
	var do func(mailclient.File) error
	if v, ok := a.value("cut"); ok {
		do = resized(a, v, func(_, n int64) int64 { return n })
	} else if v, ok := a.value("add"); ok {
		do = resized(a, v, func(size, n int64) int64 { return size + n })
	} else if v, ok := a.value("zero"); ok {
		r := a.rangeIn("zero", v)
		do = func(f mailclient.File) error {
			_, err := f.WriteAt(make([]byte, r.Length), int64(r.Offset))
			return err
		}
	} else if v, ok := a.value("poke"); ok {
		r := a.rangeIn("poke", v)
		if r.Length > 0xFF {
			a.fail("poke=%s: a byte is at most 255", v)
		}
		do = func(f mailclient.File) error {
			_, err := f.WriteAt([]byte{byte(r.Length)}, int64(r.Offset))
			return err
		}
	} else if v, ok := a.value("flip"); ok {
		do = flipped(a, v)
	} else {
		a.fail("say what damage")
	}
	return func(s *story) outcome {
		return s.onNames(actor, func(fs fileSystem) outcome { return failed(change(agentFS{fs}, path, do)) })
	}
}

// rangeIn reads the range of bytes in key=OFFSET+LENGTH.
func (a *args) rangeIn(key, text string) nt.LockRange {
	sub := newArgs([]string{text}, a.usage)
	r := sub.byteRange()
	if sub.err != nil {
		a.fail("%s: %w", key, sub.err)
	}
	return r
}

func resized(a *args, text string, size func(now, n int64) int64) func(mailclient.File) error {
	n, err := parseSize(text)
	if err != nil || n < 0 {
		a.fail("%q is no size", text)
	}
	return func(f mailclient.File) error {
		now, err := f.Size()
		if err != nil {
			return err
		}
		return f.SetSize(size(now, n))
	}
}

func flipped(a *args, text string) func(mailclient.File) error {
	off, err := parseSize(text)
	if err != nil || off < 0 {
		a.fail("%q is no offset", text)
	}
	return func(f mailclient.File) error {
		b := make([]byte, 1)
		if n, err := f.ReadAt(b, off); n < 1 {
			return fmt.Errorf("byte %d: %w", off, err)
		}
		b[0] ^= 0xFF
		_, err := f.WriteAt(b, off)
		return err
	}
}
