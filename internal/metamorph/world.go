package metamorph

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/simlink"
	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/smbserver"
	"github.com/ntrdr/ntrdr/internal/trace"
	"github.com/ntrdr/ntrdr/internal/volume"
	"github.com/ntrdr/ntrdr/mailclient"
	"github.com/ntrdr/ntrdr/smb1client"
)

// credentials of the only account.
var credentials = smb1client.Credentials{User: "app", Password: "app"}

const root = `\\` + machine.ServerName + `\` + machine.ShareName

// dialTimeout bounds a connect. src: assumed (no link here takes that long)
const dialTimeout = 45 * time.Second

// deadline ends a run that hangs, in virtual time. src: assumed (hours beyond any workload)
const deadline = 24 * time.Hour

// world is two workstations and a server. With cached each workstation has a
// redirector, else only a plain client.
type world struct {
	kernel *simrt.Kernel
	server *smbserver.Server
	share  *volume.Mem
	trace  *trace.Recorder
	links  [2]*simlink.Link
	fs     [2]mailclient.FS
	cached [2]*machine.Workstation // nil in the reference
	sets   [machines]registry.Settings
}

// newWorld assembles the machines of a workload. Its owner closes the kernel.
func newWorld(w Workload, cached, keep bool, pool *simrt.Pool) (*world, error) {
	k := simrt.New(simrt.Options{Name: fmt.Sprint("workload ", w.Seed), Seed: w.Seed, Deadline: deadline, Pool: pool})
	world := &world{kernel: k, trace: trace.NewRecorder(k, nil, keep), share: volume.NewMem(k, nil, volume.StockLimits())}
	if err := world.assemble(w, cached); err != nil {
		k.Close()
		return nil, err
	}
	return world, nil
}

func (w *world) assemble(load Workload, cached bool) (err error) {
	for m := range w.sets {
		if w.sets[m], err = load.settings(Machine(m)); err != nil {
			return err
		}
	}
	cfg := machine.ServerConfig(w.sets[PO])
	cfg.Name = machine.ServerName
	cfg.Users = map[string]string{credentials.User: credentials.Password}
	cfg.Shares = map[string]volume.Volume{machine.ShareName: w.share}
	cfg.Trace = w.trace.Actor(machine.ActorServer)
	if w.server, err = smbserver.New(w.kernel, cfg); err != nil {
		return err
	}
	for ws := range w.fs {
		if err := w.addWorkstation(Machine(ws), load, cached); err != nil {
			return err
		}
	}
	return nil
}

// addWorkstation puts a workstation on a link of its own.
func (w *world) addWorkstation(ws Machine, load Workload, cached bool) error {
	profile, err := link.ByName(load.Links[ws])
	if err != nil {
		return err
	}
	opt := simlink.Options{Name: ws.String(), Loss: load.Loss, KeepAlive: time.Hour, Trace: w.trace.Actor("link-" + ws.String())}
	if cached {
		opt.TCP = machine.TCPParams(w.sets[ws])
	}
	l, err := simlink.New(w.kernel, profile, opt)
	if err != nil {
		return err
	}
	w.links[ws] = l
	ln := l.Listener()
	w.kernel.Go("serve "+ws.String(), func() {
		if err := w.server.Serve(ln, ws.String()); err != nil && !errors.Is(err, link.ErrClosed) {
			panic(err) // a simulated listener fails only when it is closed
		}
	})
	if !cached {
		plain := &plainFS{connecting: w.kernel.NewResource()}
		plain.connect = func() (*smb1client.Tree, error) { return w.logOn(l) }
		w.fs[ws] = machine.FS[*plainFile](plain)
		return nil
	}
	w.cached[ws], err = machine.NewWorkstation(w.kernel, machine.WorkstationConfig{
		Name: ws.String(), Settings: w.sets[ws], Dialer: l.Dialer(), Server: machine.ServerName, Share: machine.ShareName,
		Credentials: credentials, Trace: w.trace.Actor(ws.String()),
	})
	if err == nil {
		w.fs[ws] = w.cached[ws].FS()
	}
	return err
}

// logOn sets up a plain client's circuit.
func (w *world) logOn(l *simlink.Link) (*smb1client.Tree, error) {
	conn, err := l.Dialer().Dial(dialTimeout)
	if err != nil {
		return nil, err
	}
	return smb1client.Logon(conn, smb1client.Options{Runtime: w.kernel}, credentials, root)
}

// idle waits until a workstation has sent all that it does behind its applications.
func (w *world) idle(ws Machine) {
	if c := w.cached[ws]; c != nil {
		c.Redirector.Idle().Wait(rt.Forever)
	}
}

// nobody is a file that is never there.
const nobody = "NOBODY"

// barrier makes sure that a workstation has heard what the server told it until now.
func (w *world) barrier(ws Machine) {
	if w.cached[ws] != nil {
		_, _ = w.fs[ws].Stat(nobody) // the answer tells nothing; that it has come does
		w.kernel.Sleep(time.Millisecond)
	}
}

// settings are the registry of one machine.
func (w Workload) settings(m Machine) (registry.Settings, error) {
	e, ok := registry.LookupEdition(w.Edition)
	if !ok {
		return registry.Settings{}, fmt.Errorf("edition %q", w.Edition)
	}
	var b strings.Builder
	b.WriteString("REGEDIT4\n")
	for _, v := range w.Values {
		if v.On != m {
			continue
		}
		line, err := v.line()
		if err != nil {
			return registry.Settings{}, err
		}
		b.WriteString(line)
	}
	p, _, err := registry.Load(m.String()+".reg", strings.NewReader(b.String()))
	if err != nil {
		return registry.Settings{}, err
	}
	return p.On(e), nil
}

// line is the value in a .reg file.
func (v Value) line() (string, error) {
	p, ok := registry.Lookup(v.Name)
	if !ok {
		return "", fmt.Errorf("registry value %q", v.Name)
	}
	if p.Type != registry.TypeDWORD {
		return fmt.Sprintf("[%s]\n%q=%q\n", p.Key.Path(), v.Name, v.Data), nil
	}
	n, err := strconv.ParseUint(v.Data, 10, 32)
	if err != nil {
		return "", fmt.Errorf("registry value %s: %w", v.Name, err)
	}
	return fmt.Sprintf("[%s]\n%q=dword:%08x\n", p.Key.Path(), v.Name, n), nil
}
