package netns

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Namespace is a network namespace without a name.
type Namespace struct{ file *os.File }

// threadNamespace is the namespace of the thread that opens it.
const threadNamespace = "/proc/thread-self/ns/net"

// newNamespace makes a namespace with nothing but a loopback interface, which is down.
func newNamespace() (*Namespace, error) {
	var ns Namespace
	err := onThread(func() (err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("new network namespace: %w", err)
		}
		ns.file, err = os.Open(threadNamespace)
		return err
	})
	return &ns, err
}

// onThread runs f on a thread whose namespace f may change. A thread that cannot be
// brought back ends with f.
func onThread(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		home, err := os.Open(threadNamespace)
		if err != nil {
			runtime.UnlockOSThread()
			done <- err
			return
		}
		err = f()
		if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back == nil {
			runtime.UnlockOSThread()
		}
		done <- errors.Join(err, home.Close())
	}()
	return <-done
}

// Enter moves the calling thread, which must be locked, into the namespace.
func (ns *Namespace) Enter() error {
	if err := unix.Setns(int(ns.file.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter the namespace: %w", err)
	}
	return nil
}

// Do runs f on a thread inside the namespace: sockets that f makes are of it, and stay
// so.
func (ns *Namespace) Do(f func() error) error {
	return onThread(func() error {
		if err := ns.Enter(); err != nil {
			return err
		}
		return f()
	})
}

// Run runs a command inside the namespace until it ends. The command is terminated if
// this process dies.
func (ns *Namespace) Run(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	// The signal is sent when the thread ends that has started the command: Do keeps it.
	cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
	return ns.Do(cmd.Run)
}

// configure sets sysctls of the namespace and feeds `ip -batch`.
func (ns *Namespace) configure(sysctls [][2]string, batch string) error {
	err := ns.Do(func() error {
		for _, s := range sysctls {
			err := os.WriteFile(filepath.Join("/proc/sys/net", s[0]), []byte(s[1]), 0)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	cmd := exec.Command(lookPath("ip"), "-batch", "-")
	cmd.Stdin = strings.NewReader(batch)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := ns.Run(cmd); err != nil {
		return fmt.Errorf("ip -batch: %w\n%s", err, said.String())
	}
	return nil
}

// tun makes a TUN device in the namespace. It lives as long as the file.
func (ns *Namespace) tun(name string) (f *os.File, err error) {
	err = ns.Do(func() error {
		fd, err := unix.Open(tunDevice, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("%s: %w", tunDevice, err)
		}
		req, err := unix.NewIfreq(name)
		if err == nil {
			req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
			err = unix.IoctlIfreq(fd, unix.TUNSETIFF, req)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("TUN %s: %w", name, err), unix.Close(fd))
		}
		// Only now may the poller have it: before, a TUN is always ready.
		f = os.NewFile(uintptr(fd), name)
		return nil
	})
	return f, err
}

const tunDevice = "/dev/net/tun"

// Missing names what Up needs and the machine lacks; it is empty if Up can work.
func Missing() string {
	var list []string
	if lookPath("ip") == "" {
		list = append(list, "ip (apt-get install iproute2)")
	}
	switch f, err := os.OpenFile(tunDevice, os.O_RDWR, 0); {
	case err != nil:
		list = append(list, fmt.Sprintf("root and TUN (run as root, after modprobe tun: %v)", err))
	default:
		_ = f.Close() // nothing was written
		if ns, err := newNamespace(); err != nil {
			list = append(list, fmt.Sprintf("root (run as root: %v)", err))
		} else {
			_ = ns.file.Close() // nothing was written
		}
	}
	return strings.Join(list, ", ")
}

// lookPath finds a program also in the sbin directories, which are not on an ordinary
// user's PATH.
func lookPath(name string) string {
	if p, err := exec.LookPath(name); err == nil {
		return p
	}
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if p, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return p
		}
	}
	return ""
}
