package conformance

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/tcplink"
	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt/wallrt"
	"github.com/ntrdr/ntrdr/internal/smbserver"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/internal/volume"
	"github.com/ntrdr/ntrdr/smb1client"
)

// In real time a machine that is busy may be this late.
const (
	realInstant = 300 * time.Millisecond
	realSlack   = 2 * time.Second
)

// realWorld is a world in real time.
type realWorld struct {
	*world
	runtime *wallrt.Runtime
	server  *smbserver.Server // nil: live
}

func newRealWorld(t Target, onPanic func(*wallrt.TaskPanic)) *realWorld {
	r := wallrt.NewWith(wallrt.Options{Name: "conformance", Seed: 1, OnPanic: onPanic})
	return &realWorld{
		runtime: r,
		world: &world{
			target: t, rt: r, trace: trace.NewRecorder(r, r.NewMutex(), true),
			instant: realInstant, slack: realSlack,
		},
	}
}

// serve starts our own server on a free port.
func (w *realWorld) serve(name string, s *setup) error {
	set, err := settings(name, s.values["server"], s.edition)
	if err != nil {
		return err
	}
	w.volume = volume.NewMem(w.runtime, w.runtime.NewMutex(), volume.StockLimits())
	w.credentials = machine.SimCredentials()
	cfg := machine.ServerConfig(set)
	cfg.Name = machine.ServerName
	cfg.Users = map[string]string{w.credentials.User: w.credentials.Password}
	cfg.Shares = map[string]volume.Volume{machine.ShareName: w.volume}
	cfg.Trace = w.trace.Actor(machine.ActorServer)
	for _, change := range s.server {
		change(&cfg)
	}
	if w.server, err = smbserver.New(w.runtime, cfg); err != nil {
		return err
	}
	w.srv = w.server
	ln, err := tcplink.Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	w.runtime.Go("serve", func() { _ = w.server.Serve(ln, "") }) // it ends when the server is closed
	w.root = `\\` + machine.ServerName + `\` + machine.ShareName
	w.dial = dialer(ln.Addr().String())
	w.state = func(path string) fileState {
		st := fileState{}
		st.size, st.opens = w.server.FileState(machine.ShareName, path)
		if b, err := w.volume.ReadFile(path); err == nil {
			st.content = describe(b, 0)
		}
		return st
	}
	return w.makeVolumeFiles(s)
}

func (w *realWorld) makeVolumeFiles(s *setup) error {
	fs := machine.LocalFS(w.volume)
	for _, f := range s.files {
		if err := makeFile(fs.Mkdir, func(p string, c nt.CreateParams) (file, error) { return fs.Open(p, c) }, f); err != nil {
			return fmt.Errorf("setup: file %s: %w", f.path, err)
		}
	}
	return nil
}

func dialer(addr string) func(string) (link.Conn, error) {
	return func(string) (link.Conn, error) {
		return (&tcplink.Dialer{Addr: addr}).Dial(connectTimeout)
	}
}

// Server is a live server: where it is and what it is.
type Server struct {
	Peer machine.Peer
	// Name is what it says it is, such as "Samba 4.17.12-Debian".
	Name string
}

// attach makes the world that of a live server, with a directory of its own.
func (w *realWorld) attach(server Server, s *setup) (cleanup func() error, err error) {
	p := server.Peer
	w.world.server = server.Name
	w.root = `\\` + p.Host + `\` + p.Share
	w.credentials = smb1client.Credentials{User: p.User, Password: p.Password, Workstation: "NTRDR"}
	w.dial = dialer(p.Addr)
	w.dir = strings.Trim(p.Dir+`\`+uniqueName(), `\`)
	conn, err := w.dial("observer")
	if err != nil {
		return nil, err
	}
	tree, err := smb1client.Logon(conn, smb1client.Options{Runtime: w.rt, VCNumber: 1}, w.credentials, w.root)
	if err != nil {
		return nil, err
	}
	if err := tree.Mkdir(w.dir); err != nil {
		return nil, errors.Join(err, tree.Session().Client().Close())
	}
	observer := &client{Tree: tree, w: w.world}
	cleanup = func() error {
		return errors.Join(removeAll(tree, w.dir), tree.Session().Client().Close())
	}
	w.state = observer.state
	for _, f := range s.files {
		if err := makeFile(observer.Mkdir, observer.openFile, f); err != nil {
			return cleanup, fmt.Errorf("setup: file %s: %w", f.path, err)
		}
	}
	return cleanup, nil
}

// uniqueName is a name for a directory that no other run has.
func uniqueName() string {
	return fmt.Sprintf("ntrdr-conformance-%x-%d", time.Now().UnixNano(), os.Getpid())
}

func (c *client) openFile(path string, p nt.CreateParams) (file, error) {
	f, o := c.open(path, p)
	return f, o.err
}

// state is what a second client sees of a file. It cannot see who has it open.
func (c *client) state(path string) fileState {
	info, err := c.stat(path)
	if err != nil {
		return fileState{size: -1, opens: -1}
	}
	st := fileState{size: info.Size, opens: -1}
	f, err := c.openFile(path, nt.CreateParams{
		Access: nt.GenericRead, Share: nt.ShareRead | nt.ShareWrite | nt.ShareDelete, Disposition: nt.FileOpen,
	})
	if err != nil {
		st.content = "denied"
		return st
	}
	buf := make([]byte, info.Size)
	n, err := f.ReadAt(buf, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		st.content = "unreadable"
	} else {
		st.content = describe(buf[:n], 0)
	}
	_ = f.Close() // it was only looked at
	return st
}

// removeAll removes a directory with what is in it.
func removeAll(t *smb1client.Tree, dir string) error {
	list, err := t.Find(dir + `\*`)
	if err != nil && !errors.Is(err, nt.StatusNoSuchFile) {
		return err
	}
	for _, i := range list {
		path := dir + `\` + i.Name
		switch {
		case i.Name == "." || i.Name == "..":
		case i.IsDir():
			err = removeAll(t, path)
		default:
			err = t.Delete(path)
		}
		if err != nil {
			return err
		}
	}
	return t.Rmdir(dir)
}

// close ends the server and every task.
func (w *realWorld) close() {
	if w.server != nil {
		_ = w.server.Close() // its circuits may be gone
	}
	w.runtime.Close()
}

// Probe logs on to a live server, asks what it is, and looks for the peer's directory.
func Probe(p machine.Peer) (Server, error) {
	r := wallrt.New(1)
	defer r.Close()
	s := Server{Peer: p}
	var err error
	doErr := r.Do("probe", func() {
		var conn link.Conn
		if conn, err = dialer(p.Addr)("probe"); err != nil {
			return
		}
		cred := smb1client.Credentials{User: p.User, Password: p.Password, Workstation: "NTRDR"}
		var tree *smb1client.Tree
		if tree, err = smb1client.Logon(conn, smb1client.Options{Runtime: r, VCNumber: 1}, cred, `\\`+p.Host+`\`+p.Share); err != nil {
			return
		}
		s.Name = tree.Session().Server()
		if p.Dir != "" {
			_, err = tree.QueryPath(p.Dir)
			err = p.ExplainMissing(err)
		}
		err = errors.Join(err, tree.Session().Client().Close())
	})
	return s, errors.Join(doErr, err)
}
