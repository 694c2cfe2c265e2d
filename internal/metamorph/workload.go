package metamorph

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// Machine is one of the three machines of a workload.
type Machine int

// The machines: two workstations and their server.
const (
	WS1 Machine = iota
	WS2
	PO
	machines
)

var machineNames = [machines]string{"ws1", "ws2", "po"}

// String is the machine's name.
func (m Machine) String() string { return machineNames[m] }

// Value is a registry value of one machine.
type Value struct {
	On   Machine
	Name string
	Data string // a number, or a text
}

// Workload is what is played.
type Workload struct {
	Seed    uint64
	Edition string
	Links   [2]string // of the workstations
	Loss    float64   // of the packets, each way
	Faults  []Fault
	Values  []Value
	Threads [][]Op
}

// Kind is what an operation does.
type Kind int

// The operations.
const (
	Open Kind = iota
	Read
	Write
	Flush
	SetSize
	Size
	Close
	Delete
	Rename
	Stat
	Find
	Think
	Lock
	LockShared
	Unlock
	kinds
)

var kindNames = [kinds]string{
	"open", "read", "write", "flush", "set-size", "size", "close", "delete", "rename", "stat", "find", "think",
	"lock", "lock-shared", "unlock",
}

// String is the operation's name.
func (k Kind) String() string { return kindNames[k] }

// byHandle reports whether the operation is one on an open file.
func (k Kind) byHandle() bool {
	switch k {
	case Read, Write, Flush, SetSize, Size, Close, Lock, LockShared, Unlock:
		return true
	default:
		return false
	}
}

// Op is one operation.
type Op struct {
	Kind   Kind
	WS     Machine // of Open and of what names a path
	Handle int     // of Open and of what has an open file; unique in a workload
	Path   string
	To     string // of Rename
	Params nt.CreateParams
	Off    int64         // of Read, Write and locks
	Len    int64         // of Read, Write and locks; the size of SetSize
	For    time.Duration // of Think
}

// flagName is a bit and its name in a workload's text.
type flagName struct {
	bit  uint32
	name string
}

var (
	accessNames = []flagName{{uint32(nt.GenericRead), "read"}, {uint32(nt.GenericWrite), "write"}, {uint32(nt.Delete), "delete"}}
	shareNames  = []flagName{{uint32(nt.ShareRead), "read"}, {uint32(nt.ShareWrite), "write"}, {uint32(nt.ShareDelete), "delete"}}
	optionNames = []flagName{
		{uint32(nt.WriteThrough), "write-through"},
		{uint32(nt.SequentialOnly), "sequential"},
		{uint32(nt.NoIntermediateBuffer), "no-buffering"},
		{uint32(nt.RandomAccess), "random"},
		{uint32(nt.DeleteOnClose), "delete-on-close"},
	}
	attributeNames = []flagName{{uint32(nt.AttrReadOnly), "read-only"}, {uint32(nt.AttrTemporary), "temporary"}}
)

func formatFlags(bits uint32, names []flagName) string {
	var list []string
	for _, f := range names {
		if bits&f.bit != 0 {
			list = append(list, f.name)
		}
	}
	if list == nil {
		return "none"
	}
	return strings.Join(list, "+")
}

func parseFlags(s string, names []flagName) (bits uint32, err error) {
	if s == "none" {
		return 0, nil
	}
next:
	for _, name := range strings.Split(s, "+") {
		for _, f := range names {
			if f.name == name {
				bits |= f.bit
				continue next
			}
		}
		return 0, fmt.Errorf("flag %q is none of %v", name, names)
	}
	return bits, nil
}

// String is the operation as a line of a workload's text.
func (o Op) String() string {
	switch o.Kind {
	case Open:
		p := o.Params
		s := fmt.Sprintf("open h%d %v %s %v access=%s share=%s", o.Handle, o.WS, o.Path, p.Disposition,
			formatFlags(uint32(p.Access), accessNames), formatFlags(uint32(p.Share), shareNames))
		if p.Options != 0 {
			s += " options=" + formatFlags(uint32(p.Options), optionNames)
		}
		if p.Attributes != 0 {
			s += " attributes=" + formatFlags(uint32(p.Attributes), attributeNames)
		}
		return s
	case Read, Write, Lock, LockShared, Unlock:
		return fmt.Sprintf("%v h%d off=%d len=%d", o.Kind, o.Handle, o.Off, o.Len)
	case SetSize:
		return fmt.Sprintf("%v h%d len=%d", o.Kind, o.Handle, o.Len)
	case Rename:
		return fmt.Sprintf("%v %v %s %s", o.Kind, o.WS, o.Path, o.To)
	case Think:
		return fmt.Sprintf("%v %v", o.Kind, o.For)
	case Delete, Stat, Find:
		return fmt.Sprintf("%v %v %s", o.Kind, o.WS, o.Path)
	default:
		return fmt.Sprintf("%v h%d", o.Kind, o.Handle)
	}
}

// String is the workload as a text that Parse reads.
func (w Workload) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d\nedition %s\n", w.Seed, w.Edition)
	for i, l := range w.Links {
		fmt.Fprintf(&b, "link %v %s\n", Machine(i), l)
	}
	if w.Loss != 0 {
		fmt.Fprintf(&b, "loss %v\n", w.Loss)
	}
	for _, f := range w.Faults {
		fmt.Fprintf(&b, "%v\n", f)
	}
	for _, v := range w.Values {
		fmt.Fprintf(&b, "set %v %s %s\n", v.On, v.Name, v.Data)
	}
	for i, ops := range w.Threads {
		for _, o := range ops {
			fmt.Fprintf(&b, "%d %v\n", i+1, o)
		}
	}
	return b.String()
}

// maxThreads bounds what Parse makes of a thread's number.
const maxThreads = 16

// Parse reads a workload's text. Lines that are empty or start with # say nothing.
func Parse(text string) (w Workload, err error) {
	for i, line := range strings.Split(text, "\n") {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		if err := w.parseLine(f); err != nil {
			return w, fmt.Errorf("line %d: %q: %w", i+1, line, err)
		}
	}
	return w, nil
}

func (w *Workload) parseLine(f []string) (err error) {
	word := func(i int) string {
		if i < len(f) {
			return f[i]
		}
		return ""
	}
	switch f[0] {
	case "seed":
		w.Seed, err = strconv.ParseUint(word(1), 10, 64)
	case "edition":
		w.Edition = word(1)
	case "link":
		var m Machine
		if m, err = parseWorkstation(word(1)); err == nil {
			w.Links[m] = word(2)
		}
	case "loss":
		w.Loss, err = strconv.ParseFloat(word(1), 64)
	case "reset", "down":
		return w.parseFault(f)
	case "set":
		var m Machine
		if m, err = parseMachine(word(1)); err == nil {
			w.Values = append(w.Values, Value{On: m, Name: word(2), Data: word(3)})
		}
	default:
		return w.parseOp(f)
	}
	return err
}

// parseFault reads "reset WS AT" and "down WS AT FOR".
func (w *Workload) parseFault(f []string) (err error) {
	if f[0] == "reset" && len(f) == 3 {
		f = append(f, "0s")
	}
	if len(f) != 4 {
		return fmt.Errorf("%d words", len(f))
	}
	var x Fault
	if x.WS, err = parseWorkstation(f[1]); err != nil {
		return err
	}
	if x.At, err = time.ParseDuration(f[2]); err != nil {
		return err
	}
	if x.Down, err = time.ParseDuration(f[3]); err != nil {
		return err
	}
	w.Faults = append(w.Faults, x)
	return nil
}

func (w *Workload) parseOp(f []string) error {
	thread, err := strconv.Atoi(f[0])
	if err != nil || thread < 1 || thread > maxThreads {
		return fmt.Errorf("thread %q", f[0])
	}
	o, err := parseOp(f[1:])
	if err != nil {
		return err
	}
	for len(w.Threads) < thread {
		w.Threads = append(w.Threads, nil)
	}
	w.Threads[thread-1] = append(w.Threads[thread-1], o)
	return nil
}

func parseMachine(s string) (Machine, error) {
	for i, name := range machineNames {
		if s == name {
			return Machine(i), nil
		}
	}
	return 0, fmt.Errorf("machine %q", s)
}

func parseWorkstation(s string) (Machine, error) {
	m, err := parseMachine(s)
	if err == nil && m == PO {
		err = fmt.Errorf("%q is no workstation", s)
	}
	return m, err
}

func parseOp(f []string) (o Op, err error) {
	if len(f) == 0 {
		return o, fmt.Errorf("no operation")
	}
	for o.Kind < kinds && kindNames[o.Kind] != f[0] {
		o.Kind++
	}
	if o.Kind == kinds {
		return o, fmt.Errorf("operation %q", f[0])
	}
	for _, word := range f[1:] {
		if err := o.parseWord(word); err != nil {
			return o, err
		}
	}
	return o, nil
}

// parseWord takes one word of a line; what it is shows by its form.
func (o *Op) parseWord(word string) (err error) {
	name, value, isPair := strings.Cut(word, "=")
	m, noMachine := parseWorkstation(word)
	var bits uint32
	switch {
	case isPair && name == "off":
		o.Off, err = strconv.ParseInt(value, 10, 64)
	case isPair && name == "len":
		o.Len, err = strconv.ParseInt(value, 10, 64)
	case isPair && name == "access":
		bits, err = parseFlags(value, accessNames)
		o.Params.Access = nt.AccessMask(bits)
	case isPair && name == "share":
		bits, err = parseFlags(value, shareNames)
		o.Params.Share = nt.ShareAccess(bits)
	case isPair && name == "options":
		bits, err = parseFlags(value, optionNames)
		o.Params.Options = nt.CreateOptions(bits)
	case isPair && name == "attributes":
		bits, err = parseFlags(value, attributeNames)
		o.Params.Attributes = nt.FileAttributes(bits)
	case o.Kind == Think:
		o.For, err = time.ParseDuration(word)
	case (o.Kind == Open || o.Kind.byHandle()) && word[0] == 'h':
		o.Handle, err = strconv.Atoi(word[1:])
	case noMachine == nil:
		o.WS = m
	case o.Kind == Open && o.Path != "":
		o.Params.Disposition, err = parseDisposition(word)
	case o.Path == "":
		o.Path = word
	default:
		o.To = word
	}
	return err
}

func parseDisposition(s string) (nt.Disposition, error) {
	for d := nt.FileSupersede; d <= nt.FileOverwriteIf; d++ {
		if d.String() == s {
			return d, nil
		}
	}
	return 0, fmt.Errorf("disposition %q", s)
}
