package conformance

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/simlink"
	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/smbserver"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/internal/volume"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
	"github.com/ntrdr/ntrdr/smb1client"
)

// fileState is what the server holds of a file: size -1 if there is none, opens -1 if
// nobody can tell.
type fileState struct {
	size    int64
	opens   int
	content string
}

func (f fileState) outcome() outcome {
	if f.size < 0 {
		return outcome{}.with("size", "absent")
	}
	o := outcome{}.with("size", f.size)
	if f.opens >= 0 {
		o = o.with("opens", f.opens)
	}
	return o.with("content", f.content)
}

// world is where a story happens, on one of the targets.
type world struct {
	target Target
	rt     rt.Runtime
	trace  *trace.Recorder
	sim    *machine.Sim // on the model, else nil
	// ws are the redirectors, on the model.
	ws map[string]*rdr.Redirector
	// dial connects a plain client's transport.
	dial func(client string) (link.Conn, error)
	// root is `\\server\share` and dir the directory of the share that is the story's
	// own; on our servers it is the share itself.
	root, dir   string
	credentials smb1client.Credentials
	// state looks at a file of the server, without a trace.
	state func(path string) fileState
	// volume is the share on our servers, and srv the server; nil on a live one.
	volume *volume.Mem
	srv    *smbserver.Server
	// links are the simulated links by actor.
	links map[string]*simlink.Link
	// dialect and server are what the live server says it is.
	server string
	// instant and slack: see ended.
	instant, slack time.Duration
}

// connectTimeout bounds a plain client's connect.
//
// src: KB Q148127 (45 s)
const connectTimeout = 45 * time.Second

// path puts the story's directory before a path.
func (w *world) path(p string) string {
	if w.dir == "" {
		return p
	}
	return w.dir + `\` + p
}

// newSimWorld assembles the model for a story. The caller closes the kernel.
func newSimWorld(name string, s *setup) (*world, error) {
	ws1, err := settings(name, append(s.values["ws1"], s.values["server"]...), s.edition)
	if err != nil {
		return nil, err
	}
	ws2, err := settings(name, s.values["ws2"], s.edition)
	if err != nil {
		return nil, err
	}
	profile, err := link.ByName(s.link)
	if err != nil {
		return nil, err
	}
	cfg := machine.SimConfig{
		Name: name, Settings: ws1, Mailer: ws2, Link: profile, Loss: s.loss, Outages: s.outages,
		Seed: s.seed, Shuffle: s.shuffle, Keep: true, Deadline: s.limit, Server: s.server,
	}
	if other, ok := s.links["ws2"]; ok {
		cfg.MailerLink = other
	}
	for _, f := range s.machine {
		f(&cfg)
	}
	sim, err := machine.NewSim(cfg)
	if err != nil {
		return nil, err
	}
	w := &world{
		target: Model, rt: sim.Kernel, trace: sim.Trace, sim: sim, volume: sim.Volume, srv: sim.Server, root: `\\` + machine.ServerName + `\` + machine.ShareName,
		ws:          map[string]*rdr.Redirector{"ws1": sim.Sender.Redirector, "ws2": sim.Mailer.Redirector},
		links:       map[string]*simlink.Link{"ws1": sim.Link, "ws2": sim.MailerLink},
		credentials: machine.SimCredentials(),
	}
	w.dial = func(client string) (link.Conn, error) { return w.dialSim(client, s.links[client]) }
	w.state = w.simState
	return w, w.makeFiles(s)
}

// simGuard is as much of a world as a cut needs.
func simGuard(sim *machine.Sim) *world {
	return &world{target: Model, rt: sim.Kernel, sim: sim, links: map[string]*simlink.Link{"ws1": sim.Link, "ws2": sim.MailerLink}}
}

// dialSim gives a plain client a link of its own.
func (w *world) dialSim(client, profile string) (link.Conn, error) {
	l := w.links[client]
	if l == nil {
		if profile == "" {
			profile = "lan10"
		}
		p, err := link.ByName(profile)
		if err != nil {
			return nil, err
		}
		if l, err = simlink.New(w.rt, p, simlink.Options{Name: client, Trace: w.trace.Actor("link " + client)}); err != nil {
			return nil, err
		}
		w.links[client] = l
		w.sim.Serve(l, client)
	}
	return l.Dialer().Dial(connectTimeout)
}

// makeFiles makes what the setup says exists, straight in the server's volume.
func (w *world) makeFiles(s *setup) error {
	fs := machine.LocalFS(w.sim.Volume)
	for _, f := range s.files {
		if err := makeFile(fs.Mkdir, func(p string, c nt.CreateParams) (file, error) { return fs.Open(p, c) }, f); err != nil {
			return fmt.Errorf("setup: file %s: %w", f.path, err)
		}
	}
	return nil
}

// makeFile makes a file with its content, and its directories.
func makeFile(mkdir func(string) error, open func(string, nt.CreateParams) (file, error), f setupFile) error {
	for i, r := range f.path {
		if r == '\\' && i > 0 {
			if err := mkdir(f.path[:i]); err != nil && !errors.Is(err, nt.StatusObjectNameCollision) {
				return err
			}
		}
	}
	if f.isDir {
		return mkdir(f.path)
	}
	h, err := open(f.path, nt.CreateParams{
		Access: nt.GenericRead | nt.GenericWrite, Disposition: nt.FileOverwriteIf, Attributes: nt.AttrNormal,
		Options: nt.NonDirectoryFile,
	})
	if err != nil {
		return err
	}
	const chunk = 1 << 15
	buf := make([]byte, chunk)
	for off := int64(0); off < f.size && err == nil; off += chunk {
		part := buf[:min(chunk, f.size-off)]
		fill(part, off, f.pattern)
		_, err = h.WriteAt(part, off)
	}
	return errors.Join(err, h.Close())
}

func (w *world) simState(path string) fileState {
	size, opens := w.sim.FileState(path)
	st := fileState{size: size, opens: opens}
	if size >= 0 {
		b, err := w.sim.Volume.ReadFile(path)
		if err != nil {
			b = nil
		}
		st.content = describe(b, 0)
	}
	return st
}

// states looks at every file that a path, perhaps with *, means.
func (w *world) states(path string) []namedState {
	if !strings.Contains(path, "*") {
		return []namedState{{path, w.state(path)}}
	}
	if w.volume == nil {
		return nil
	}
	var list []namedState
	for _, p := range allFiles(w.volume, "") {
		if matchPath(path, p) {
			list = append(list, namedState{p, w.state(p)})
		}
	}
	return list
}

// allFiles lists the files below a directory of a volume, in order.
func allFiles(v *volume.Mem, dir string) (files []string) {
	const most = 4096
	list, err := v.List(dir, "*", "", most)
	if err != nil {
		return nil
	}
	for _, i := range list {
		path := i.Name
		if dir != "" {
			path = dir + `\` + i.Name
		}
		switch {
		case i.Name == "." || i.Name == "..":
		case i.IsDir():
			files = append(files, allFiles(v, path)...)
		default:
			files = append(files, path)
		}
	}
	return files
}
