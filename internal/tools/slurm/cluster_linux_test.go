package slurm

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	startTries   = 3 // another process may take a free port first
	startTimeout = 20 * time.Second
	jobTimeout   = 45 * time.Second
	stopTimeout  = 5 * time.Second // until SIGKILL follows SIGTERM
	pollPeriod   = 50 * time.Millisecond
)

// tools are the programs that a cluster needs, with their Debian packages.
var tools = [][2]string{{"munged", "munge"}, {"slurmctld", "slurmctld"}, {"slurmd", "slurmd"}, {"sbatch", "slurm-client"}}

// cluster is a Slurm of one node.
type cluster struct {
	dir  string
	died chan error // of each daemon that ended
}

// start starts a cluster that ends with the test, or skips the test.
func start(t *testing.T) *cluster {
	t.Helper()
	if testing.Short() {
		t.Skip("a Slurm cluster takes seconds to start: run it without -short")
	}
	if os.Geteuid() != 0 {
		t.Skip("a Slurm cluster needs root: run it as root")
	}
	for _, tool := range tools {
		require(t, tool[0], tool[1])
	}
	var err error
	for range startTries {
		c, err2 := newCluster()
		if err2 != nil {
			t.Fatal(err2)
		}
		t.Cleanup(func() { c.stop(t) })
		if err = c.up(); err == nil {
			return c
		}
		err = fmt.Errorf("%w\n%s", err, c.logs())
	}
	t.Fatal(err)
	return nil
}

// newCluster makes its directory, at a path that is short enough for a socket.
func newCluster() (*cluster, error) {
	dir, err := os.MkdirTemp("", "ntrdr-slurm-")
	return &cluster{dir: dir, died: make(chan error, len(tools))}, err
}

// require skips the test if the program is not installed.
func require(t *testing.T, program, debian string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if _, err := os.Stat("/usr/sbin/" + program); err != nil {
			t.Skipf("not installed: %s (apt-get install %s)", program, debian)
		}
	}
}

// configuration is a slurm.conf for a machine without systemd and cgroups. There are
// eight places for jobs, whatever the machine has.
const configuration = `ClusterName=ntrdr
SlurmctldHost=%[1]s(127.0.0.1)
SlurmctldPort=%[3]d
SlurmdPort=%[4]d
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=%[2]s/munge.socket
StateSaveLocation=%[2]s
SlurmdSpoolDir=%[2]s/spool
SlurmctldPidFile=%[2]s/slurmctld.pid
SlurmdPidFile=%[2]s/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
NodeName=%[1]s NodeAddr=127.0.0.1 CPUs=8 State=UNKNOWN
PartitionName=main Nodes=%[1]s Default=YES MaxTime=INFINITE State=UP
`

// up starts the daemons and waits for the node to take jobs.
func (c *cluster) up() error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	host, _, _ = strings.Cut(host, ".")
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	key := make([]byte, 128)
	rand.Read(key)
	if err := errors.Join(
		os.Mkdir(filepath.Join(c.dir, "spool"), 0o755),
		os.WriteFile(filepath.Join(c.dir, "munge.key"), key, 0o400),
		os.WriteFile(c.conf(), fmt.Appendf(nil, configuration, host, c.dir, ports[0], ports[1]), 0o644),
	); err != nil {
		return err
	}
	munge := func(name string) string { return "--" + name + "-file=" + filepath.Join(c.dir, "munge."+name) }
	if err := errors.Join(
		c.daemon("munged", "--foreground", "--force", "--socket="+filepath.Join(c.dir, "munge.socket"),
			munge("key"), munge("pid"), munge("log"), munge("seed")),
		c.daemon("slurmctld", "-D", "-c"),
		c.daemon("slurmd", "-D", "-c"),
	); err != nil {
		return err
	}
	return c.await("an idle node", startTimeout, func() bool {
		states, err := c.command("sinfo", "-h", "-o", "%T").Output()
		return err == nil && strings.TrimSpace(string(states)) == "idle"
	})
}

func (c *cluster) conf() string { return filepath.Join(c.dir, "slurm.conf") }

// command is one that belongs to the cluster.
func (c *cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	if cmd.Err != nil {
		cmd = exec.Command("/usr/sbin/"+name, args...)
	}
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "SLURM_CONF="+c.conf())
	return cmd
}

// daemon starts one that ends when this process does.
func (c *cluster) daemon(name string, args ...string) error {
	out, err := os.Create(filepath.Join(c.dir, name+".out"))
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }() // the daemon has a copy
	cmd := c.command(name, args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		// The death signal is sent when this thread ends: it lives as long as the daemon.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			c.died <- fmt.Errorf("%s ended: %w", name, cmd.Wait())
		}
	}()
	return <-started
}

// await waits until it is so, or a daemon ends.
func (c *cluster) await(what string, timeout time.Duration, so func() bool) error {
	deadline := time.Now().Add(timeout)
	for !so() {
		select {
		case err := <-c.died:
			return err
		case <-time.After(pollPeriod):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no %s within %v", what, timeout)
		}
	}
	return nil
}

var jobState = regexp.MustCompile(`\bJobState=(\w+)`)

// ended waits for a job, or all tasks of an array, and returns how it ended.
func (c *cluster) ended(t *testing.T, job string) (states []string) {
	t.Helper()
	err := c.await("end of job "+job, jobTimeout, func() bool {
		states = nil
		out, err := c.command("scontrol", "-o", "show", "job", job).CombinedOutput()
		for _, m := range jobState.FindAllSubmatch(out, -1) {
			states = append(states, string(m[1]))
		}
		going := func(state string) bool {
			return slices.Contains([]string{"PENDING", "CONFIGURING", "RUNNING", "COMPLETING"}, state)
		}
		return err == nil && len(states) > 0 && !slices.ContainsFunc(states, going)
	})
	if err != nil {
		t.Fatalf("%v: its states are %q\n%s", err, states, c.logs())
	}
	return states
}

// stop ends every process of the cluster, and removes the directory.
func (c *cluster) stop(t *testing.T) {
	deadline := time.Now().Add(stopTimeout)
	for pids := c.processes(t); len(pids) > 0; pids = c.processes(t) {
		sig := syscall.SIGTERM
		if time.Now().After(deadline) {
			sig = syscall.SIGKILL
		}
		if time.Now().After(deadline.Add(stopTimeout)) {
			t.Fatalf("processes %v of the cluster do not end", pids)
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, sig) // ESRCH: it has ended already
		}
		time.Sleep(pollPeriod)
	}
	if err := os.RemoveAll(c.dir); err != nil {
		t.Error(err)
	}
}

// processes are those that have the cluster's SLURM_CONF: daemons, steps and jobs.
func (c *cluster) processes(t *testing.T) (pids []int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		env, err := os.ReadFile(f)
		if err != nil || !bytes.Contains(append([]byte{0}, env...), []byte("\x00SLURM_CONF="+c.conf()+"\x00")) {
			continue // it has ended, or is another's
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(f)))
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

// logs are the ends of what the daemons and the jobs have written.
func (c *cluster) logs() string {
	var b strings.Builder
	for _, pattern := range []string{"*.out", "*.log"} {
		names, err := filepath.Glob(filepath.Join(c.dir, pattern))
		if err != nil {
			return err.Error()
		}
		const tail = 2000 // bytes of each that are worth showing
		for _, name := range names {
			if text, err := os.ReadFile(name); err == nil && len(text) > 0 {
				fmt.Fprintf(&b, "%s:\n%s\n", filepath.Base(name), text[max(0, len(text)-tail):])
			}
		}
	}
	return b.String()
}

// freePorts asks the kernel for ports that nobody listens on now.
func freePorts(n int) (ports []int, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
