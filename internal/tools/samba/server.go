package samba

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// The account and the share that every Server offers.
const (
	userName  = "smbuser"
	password  = "Passw0rd"
	shareName = "share"
)

const (
	startTimeout = 15 * time.Second // until the port answers
	stopTimeout  = 5 * time.Second  // until SIGKILL follows SIGTERM
	pollPeriod   = 20 * time.Millisecond
	startTries   = 3 // another process may take the free port first
)

// Options change a Server from its default.
type Options struct {
	// MinProtocol is smb.conf's "server min protocol"; "" means NT1.
	MinProtocol string
	// MaxProtocol is smb.conf's "server max protocol"; "" means SMB3.
	MaxProtocol string
	// Global holds further lines of the [global] section, such as
	// "server signing = mandatory"; they win over the defaults.
	Global []string
	// Inside, if not nil, is a place of its own for the server, such as a network
	// namespace.
	Inside *Place
}

// Place is where a server has its network.
type Place struct {
	// Addr is host:port, free there, at which clients find the server.
	Addr string
	// Enter moves the calling thread, which is locked, to the place.
	Enter func() error
}

// Server is a running smbd.
type Server struct {
	Addr     string // host:port
	User     string
	Password string
	Share    string
	Dir      string // the directory behind the share
	LogDir   string // smbd's logs, shown when the test fails

	root string
	conf string
	cmd  *exec.Cmd
	done chan struct{} // closed when cmd has ended
}

// Start starts a server and stops it, with all processes it forked, when the
// test ends. Without Samba on the machine it skips the test.
func Start(tb testing.TB, opt Options) *Server {
	tb.Helper()
	require(tb, Missing())
	var err error
	for range startTries {
		var s *Server
		if s, err = Launch(opt); err == nil {
			tb.Cleanup(func() { s.cleanup(tb) })
			return s
		}
	}
	tb.Fatalf("samba: %v", err)
	return nil
}

// Launch starts a server outside a test; Stop has to be called.
func Launch(opt Options) (*Server, error) {
	if what := Missing(); what != "" {
		return nil, errors.New("not installed: " + what)
	}
	// Not tb.TempDir: its path can be too long for smbd's Unix sockets.
	root, err := os.MkdirTemp("", "ntrdr-smbd-")
	if err != nil {
		return nil, err
	}
	s := &Server{User: userName, Password: password, Share: shareName, root: root, done: make(chan struct{})}
	if err := s.up(opt); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// up prepares the directories and starts smbd in them.
func (s *Server) up(opt Options) error {
	port, err := s.choosePort(opt.Inside)
	if err != nil {
		return err
	}
	account, err := s.prepare(opt, port)
	if err != nil {
		return err
	}
	if err := s.addUser(account); err != nil {
		return err
	}
	// smbd leads a group already (ownGroup) and must not make another.
	s.cmd = exec.Command(lookPath("smbd"), "--configfile="+s.conf, "-F", "--no-process-group")
	s.cmd.Env = append(os.Environ(), "TMPDIR="+filepath.Join(s.root, "cache"))
	if err := s.spawn(opt.Inside); err != nil {
		return err
	}
	return s.await(opt.Inside)
}

// choosePort sets Addr.
func (s *Server) choosePort(inside *Place) (port string, err error) {
	if inside != nil {
		s.Addr = inside.Addr
		_, port, err = net.SplitHostPort(s.Addr)
		return port, err
	}
	if port, err = freePort(); err == nil {
		s.Addr = net.JoinHostPort("127.0.0.1", port)
	}
	return port, err
}

// prepare makes the directories and smb.conf, and returns the Unix account that
// the share's files belong to.
func (s *Server) prepare(opt Options, port string) (account string, err error) {
	for _, d := range stateDirs {
		if err := os.Mkdir(filepath.Join(s.root, d), 0o755); err != nil {
			return "", err
		}
	}
	s.Dir, s.LogDir = filepath.Join(s.root, shareName), filepath.Join(s.root, "log")
	s.conf = filepath.Join(s.root, "smb.conf")
	if err := os.Chmod(s.Dir, 0o777); err != nil {
		return "", err
	}
	u, err := user.Current()
	if err != nil {
		return "", err
	}
	usermap := u.Username + " = " + userName + "\n"
	if err := os.WriteFile(filepath.Join(s.root, "usermap"), []byte(usermap), 0o644); err != nil {
		return "", err
	}
	return u.Username, os.WriteFile(s.conf, []byte(config(s.root, port, u.Username, opt)), 0o644)
}

// addUser stores the password of the account that smbuser is mapped to.
func (s *Server) addUser(account string) error {
	cmd := exec.Command(lookPath("smbpasswd"), "-c", s.conf, "-L", "-s", "-a", account)
	cmd.Stdin = strings.NewReader(password + "\n" + password + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("smbpasswd: %w\n%s", err, out)
	}
	return nil
}

func (s *Server) spawn(inside *Place) error {
	out, err := os.Create(filepath.Join(s.LogDir, "smbd.out"))
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }() // smbd has a copy
	s.cmd.Stdout, s.cmd.Stderr = out, out
	s.cmd.SysProcAttr = ownGroup()
	started := make(chan error)
	go inside.do(func() {
		// The death signal of ownGroup is sent when this thread ends, so the
		// thread has to live as long as smbd.
		defer close(s.done)
		err := s.cmd.Start()
		started <- err
		if err == nil {
			_ = s.cmd.Wait() // the status of a server that is signaled says nothing
		}
	}, func(err error) {
		close(s.done)
		started <- err
	})
	return <-started
}

// do runs f on a locked thread at the place, which ends with f unless the place is
// nil; what went wrong on the way there is told to lost.
func (p *Place) do(f func(), lost func(error)) {
	runtime.LockOSThread()
	if p == nil {
		defer runtime.UnlockOSThread()
	} else if err := p.Enter(); err != nil {
		lost(err)
		return
	}
	f()
}

// await returns when the server answers on its port.
func (s *Server) await(inside *Place) error {
	deadline := time.Now().Add(startTimeout)
	for time.Now().Before(deadline) {
		select {
		case <-s.done:
			return fmt.Errorf("smbd ended at once\n%s", s.logs())
		case <-time.After(pollPeriod):
		}
		if s.knock(inside) {
			return nil
		}
	}
	return fmt.Errorf("smbd did not answer on %s within %v\n%s", s.Addr, startTimeout, s.logs())
}

// knock reports whether the server accepts a connection.
func (s *Server) knock(inside *Place) bool {
	answered := make(chan bool, 1)
	go inside.do(func() {
		c, err := net.DialTimeout("tcp", s.Addr, time.Second)
		if err == nil {
			_ = c.Close() // nothing was said
		}
		answered <- err == nil
	}, func(error) { answered <- false })
	return <-answered
}

func (s *Server) cleanup(tb testing.TB) {
	tb.Helper()
	if tb.Failed() {
		tb.Logf("samba: %s", s.logs())
	}
	if err := s.Stop(); err != nil {
		tb.Errorf("samba: %v", err)
	}
}

// Stop ends smbd and what it forked, and removes the directory.
func (s *Server) Stop() error {
	var err error
	if s.cmd != nil && s.cmd.Process != nil {
		err = s.kill()
	}
	return errors.Join(err, os.RemoveAll(s.root))
}

func (s *Server) kill() (err error) {
	pid := s.cmd.Process.Pid
	family := append(append(descendants(pid), group(pid)...), pid)
	signal(terminate, family)
	select {
	case <-s.done:
	case <-time.After(stopTimeout):
		err = errors.New("smbd had to be killed")
		signal(kill, family)
		<-s.done
	}
	late := group(pid) // forked while the first were told
	signal(terminate, late)
	family = append(family, late...)
	if !waitGone(family, stopTimeout) {
		signal(kill, family)
	}
	return err
}

// logs returns the end of each of smbd's log files.
func (s *Server) logs() string {
	names, err := filepath.Glob(filepath.Join(s.LogDir, "*"))
	if err != nil {
		return err.Error()
	}
	slices.Sort(names)
	const tail = 2000 // bytes of each log worth showing
	var b strings.Builder
	for _, name := range names {
		if text, err := os.ReadFile(name); err == nil && len(text) > 0 {
			fmt.Fprintf(&b, "%s:\n%s\n", filepath.Base(name), text[max(0, len(text)-tail):])
		}
	}
	return b.String()
}

// freePort asks the kernel for a port that nobody listens on now.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return "", err
	}
	return port, l.Close()
}
