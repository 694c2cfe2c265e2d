package metamorph

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// generator draws a workload from a seed.
type generator struct {
	*rand.Rand
	w          Workload
	budget     int64 // bytes that the workload may still move
	lastHandle int
	big        bool // files outgrow the cache of a small machine
}

// Generate returns the workload of a seed.
func Generate(seed uint64) Workload {
	g := &generator{Rand: rand.New(rt.NewSource(seed, "workload")), w: Workload{Seed: seed}}
	editions := registry.Editions()
	g.w.Edition = editions[g.IntN(len(editions))].Name
	for ws := range g.w.Links {
		g.w.Links[ws] = g.link()
	}
	g.big = g.w.Links == [2]string{"lan10", "lan10"} && g.oneIn(6)
	g.drawValues()
	g.dropRefused()
	g.budget = g.w.budget(g.limit())
	threads := [...]int{1, 1, 1, 1, 1, 1, 2, 2, 3}
	for i := range threads[g.IntN(len(threads))] {
		g.w.Threads = append(g.w.Threads, g.thread(i))
	}
	return g.w
}

// GenerateFaults returns the workload with link faults of a seed: the first workstation
// writes, both read.
func GenerateFaults(seed uint64) Workload {
	g := &generator{Rand: rand.New(rt.NewSource(seed, "faults")), w: Workload{Seed: seed}}
	g.w.Edition = registry.DefaultEdition
	for ws := range g.w.Links {
		g.w.Links[ws] = g.link()
	}
	g.w.Loss = [...]float64{0, 0, 0.02, 0.1}[g.IntN(4)]
	for range g.IntN(4) {
		f := Fault{WS: WS1, At: time.Duration(g.Int64N(int64(20 * time.Second))).Round(time.Millisecond)}
		if g.oneIn(3) {
			f.Down = time.Duration(g.Int64N(int64(5 * time.Minute))).Round(time.Second)
		}
		if g.oneIn(6) {
			f.WS = WS2
		}
		g.w.Faults = append(g.w.Faults, f)
	}
	g.drawValues()
	g.dropRefused()
	g.budget = g.w.budget(g.limit())
	for i := range 1 + g.IntN(3) {
		g.w.Threads = append(g.w.Threads, g.faultThread(i))
	}
	return g.w
}

// faultThread draws opens that change nothing by themselves, writes of the first
// workstation, and reads.
func (g *generator) faultThread(i int) (ops []Op) {
	s := &threadState{sizes: map[string]int64{}, paths: []string{fmt.Sprintf("%c1", 'A'+i)}, two: g.oneIn(2)}
	for range 8 + g.IntN(40) {
		o, ok := g.op(s)
		switch {
		case !ok || o.Kind == SetSize || !o.Kind.byHandle() && o.Kind != Open && o.Kind != Think:
			continue
		case o.Kind == Open:
			o.Params.Disposition = nt.FileOpenIf
			o.Params.Options &^= nt.DeleteOnClose
			o.Params.Attributes = 0
			if o.WS == WS2 {
				o.Params.Access = nt.GenericRead
			}
		}
		ops = append(ops, o)
	}
	return ops
}

// link draws a link profile, fast ones more often: they cost less to play.
func (g *generator) link() string {
	names := [...]string{"lan10", "lan10", "lan10", "lan10", "t1", "t1", "t1", "isdn-64", "ras-28.8", "x25-9.6", "vsat-geo"}
	return names[g.IntN(len(names))]
}

// oneIn is true once in n times.
func (g *generator) oneIn(n int) bool { return g.IntN(n) == 0 }

// legal gives the range of a value where the table's own would draw what is of no use
// here, or makes NT fail by itself.
var legal = map[string][]uint32{
	"MaxCmds":                 {8, 9, 17, 50, 255},
	"MaxMpxCt":                {8, 9, 20, 50, 100},
	"SizReqBuf":               {1024, 4096, 4356, 8192, 16644, 65535},
	"NtrdrQueueLimit":         {1, 4096, 100_000, 8 << 20},
	"NtrdrQueueRequests":      {1, 2, 4, 50},
	"OplockBreakWait":         {120, 180},
	"SessTimeout":             {100, 300},
	"AutoDisconnect":          {0, 1, 2, 15},
	"CacheFileTimeout":        {0, 1, 2, 5, 10, 60},
	"DormantFileLimit":        {0, 1, 2, 45},
	"SharingViolationRetries": {0, 1, 5},
	"SharingViolationDelay":   {0, 10, 200},
	"ConnectMaxTimeout":       {30, 45, 300},
	"KeepConn":                {1, 5, 20, 600},
	"MaxLinkDelay":            {0, 1, 60},
	"MinLinkThroughput":       {0, 1000, 100000},
	"MaxThreads":              {2, 3, 17},
	"MaxWorkItems":            {8, 64, 512},

	"NtrdrWriteBehindBufferSize": {100, 4096, 10_000},
	"NtrdrPageSize":              {4096, 8192},
	"NtrdrPhysicalMemory":        {4, 5, 16},
	"NtrdrPopupWait":             {0},
	"RawWorkItems":               {1, 4, 512},
	"Users":                      {8, 100},
}

// drawValues draws a third of the values that are acted on for the machine that reads
// them, and no quirk: those are NT's own failures.
func (g *generator) drawValues() {
	for _, p := range registry.Params() {
		quirk := strings.HasPrefix(p.Name, "NtrdrQuirk")
		if quirk && p.Type == registry.TypeDWORD {
			for m := WS1; m < machines; m++ {
				if e, _ := registry.LookupEdition(g.w.Edition); isSet(e, p) {
					g.w.Values = append(g.w.Values, Value{m, p.Name, "0"})
				}
			}
		}
		if !p.Acted || quirk || p.Since != "" {
			continue
		}
		on := []Machine{WS1, WS2}
		if p.Key == registry.LanmanServer {
			on = []Machine{PO}
		}
		if g.big && p.Name == "NtrdrPhysicalMemory" {
			g.w.Values = append(g.w.Values, Value{WS1, p.Name, "4"})
			continue
		}
		for _, m := range on {
			if g.oneIn(3) {
				g.w.Values = append(g.w.Values, Value{m, p.Name, g.value(p)})
			}
		}
	}
}

// dropRefused drops values that the table allows and a machine refuses, as a page size that
// is no power of two.
func (g *generator) dropRefused() {
	if g.w.playable() {
		return
	}
	g.w.Values = slices.DeleteFunc(g.w.Values, func(v Value) bool {
		alone := Workload{Edition: g.w.Edition, Links: g.w.Links, Values: []Value{v}}
		return !alone.playable()
	})
}

// playable reports whether the machines accept their settings.
func (w Workload) playable() bool {
	world, err := newWorld(w, true, false, nil)
	if err == nil {
		world.kernel.Close()
	}
	return err == nil
}

// isSet reports whether an edition switches a value on.
func isSet(e registry.Edition, p registry.Param) bool {
	v, _ := e.Value(p)
	return v.DWORD != 0
}

func (g *generator) value(p registry.Param) string {
	if p.Type != registry.TypeDWORD {
		return p.Choices[g.IntN(len(p.Choices))]
	}
	if list := legal[p.Name]; list != nil {
		return strconv.FormatUint(uint64(list[g.IntN(len(list))]), 10)
	}
	top := min(uint64(p.Max), 2*uint64(p.Default351.DWORD)+16)
	n := uint64(p.Min)
	if !g.oneIn(4) && top > n {
		n += g.Uint64N(top - n + 1)
	}
	return strconv.FormatUint(n, 10)
}

// flushTime is how long the slower of the links may take for all that is moved: less than
// any timer that the values allow. src: assumed (the least SessTimeout drawn is 100 s)
const flushTime = 25 * time.Second

// What a workload moves at most, in bytes: a machine of 4 MB has a cache of 2 MB, and an
// eighth of its memory may be dirty.
//
// src: assumed (it is short)
const (
	maxBudget = 500_000
	bigBudget = 6_000_000
)

func (g *generator) limit() int64 {
	if g.big {
		return bigBudget
	}
	return maxBudget
}

// budget is how many bytes the links move in flushTime, one core request after the other, or
// most if that is less.
func (w Workload) budget(most int64) int64 {
	unit := int64(4096)
	for _, v := range w.Values {
		if v.Name == "SizReqBuf" {
			n, err := strconv.ParseInt(v.Data, 10, 64)
			if err == nil {
				unit = min(unit, n-100)
			}
		}
	}
	for _, name := range w.Links {
		p, err := link.ByName(name)
		if err != nil {
			continue
		}
		perUnit := p.RTT + time.Duration(unit*int64(time.Second)/p.LinkSpeed())
		most = min(most, int64(flushTime/perUnit)*unit)
	}
	return most
}

// threadState is what a thread's generator knows of its files; it need not be right.
type threadState struct {
	paths []string
	sizes map[string]int64
	open  []openHandle
	two   bool // both workstations take part
	// A file is made read-only or deleted on close, but not both: the close would fail.
	readOnly bool
	locks    bool
	locked   []Op // ranges that have been asked for
}

type openHandle struct {
	n    int
	path string
}

func (g *generator) thread(i int) (ops []Op) {
	s := &threadState{sizes: map[string]int64{}, two: g.oneIn(2), readOnly: g.oneIn(3), locks: g.oneIn(3)}
	for n := range 1 + g.IntN(2) {
		s.paths = append(s.paths, fmt.Sprintf("%c%d", 'A'+i, n+1))
	}
	for range 8 + g.IntN(50) {
		o, ok := g.op(s)
		if ok {
			ops = append(ops, o)
		}
	}
	for _, h := range s.open {
		if !g.oneIn(4) {
			ops = append(ops, Op{Kind: Close, Handle: h.n})
		}
	}
	return ops
}

func (g *generator) op(s *threadState) (o Op, ok bool) {
	o.WS = WS1
	if s.two {
		o.WS = Machine(g.IntN(2))
	}
	o.Path = s.paths[g.IntN(len(s.paths))]
	switch n := g.IntN(100); {
	case n < 7:
		o = Op{Kind: Think, For: g.think()}
	case n < 9:
		o.Kind = Stat
	case n < 10:
		o.Kind, o.Path = Find, s.paths[0][:1]+"*"
	case n < 12:
		o.Kind = Delete
	case n < 13:
		o.Kind, o.To = Rename, s.paths[g.IntN(len(s.paths))]
		return o, o.To != o.Path
	case len(s.open) == 0 || n < 26 && len(s.open) < 4:
		o.Kind, o.Params = Open, g.params(s.readOnly)
		g.lastHandle++
		o.Handle = g.lastHandle
		s.open = append(s.open, openHandle{o.Handle, o.Path})
	default:
		return g.handleOp(s)
	}
	return o, true
}

// think draws a pause: none, within a scan of the lazy writer, or beyond dormancy.
func (g *generator) think() time.Duration {
	longest := [...]time.Duration{10 * time.Millisecond, time.Second, 4 * time.Second, 20 * time.Second}
	return time.Duration(g.Int64N(int64(longest[g.IntN(len(longest))]))).Round(time.Millisecond)
}

func (g *generator) params(readOnly bool) (p nt.CreateParams) {
	access := [...]nt.AccessMask{
		nt.GenericRead | nt.GenericWrite, nt.GenericRead | nt.GenericWrite, nt.GenericRead | nt.GenericWrite,
		nt.GenericWrite, nt.GenericRead,
	}
	p.Access = access[g.IntN(len(access))]
	shares := [...]nt.ShareAccess{
		nt.ShareRead | nt.ShareWrite, nt.ShareRead | nt.ShareWrite, nt.ShareRead | nt.ShareWrite,
		nt.ShareRead, nt.ShareRead, nt.ShareNone, nt.ShareWrite,
	}
	p.Share = shares[g.IntN(len(shares))]
	if g.oneIn(3) {
		p.Share |= nt.ShareDelete
	}
	p.Disposition = nt.FileOpenIf
	if g.oneIn(3) {
		p.Disposition = nt.Disposition(g.IntN(int(nt.FileOverwriteIf) + 1))
	}
	for _, o := range [...]nt.CreateOptions{nt.WriteThrough, nt.SequentialOnly, nt.NoIntermediateBuffer, nt.RandomAccess} {
		if g.oneIn(9) {
			p.Options |= o
		}
	}
	if !readOnly && g.oneIn(14) {
		p.Options |= nt.DeleteOnClose
		p.Access |= nt.Delete
	}
	if g.oneIn(10) {
		p.Attributes |= nt.AttrTemporary
	}
	if readOnly && g.oneIn(10) {
		p.Attributes |= nt.AttrReadOnly
	}
	return p
}

func (g *generator) handleOp(s *threadState) (o Op, ok bool) {
	i := g.IntN(len(s.open))
	h := s.open[i]
	size := s.sizes[h.path]
	o.Handle = h.n
	if s.locks && g.oneIn(4) {
		return g.lockOp(s, h, size), true
	}
	switch n := g.IntN(100); {
	case n < 42:
		o.Kind, o.Off, o.Len = Write, g.offset(size), g.length()
		s.sizes[h.path] = max(size, o.Off+o.Len)
	case n < 70:
		o.Kind, o.Off, o.Len = Read, g.offset(size), g.length()
		if o.Off >= size && !g.oneIn(6) {
			o.Off = g.Int64N(size + 1)
		}
	case n < 75:
		o.Kind = Flush
	case n < 81:
		o.Kind, o.Len = SetSize, g.offset(size)
		s.sizes[h.path] = o.Len
	case n < 86:
		o.Kind = Size
	default:
		o.Kind = Close
		s.open = slices.Delete(s.open, i, i+1)
	}
	moved := o.Len + o.Off/4 // a gap may be read
	if o.Kind == SetSize {
		moved = 0
	}
	g.budget -= moved
	return o, g.budget >= 0 || moved == 0
}

// lockOp locks a range, unlocks one, or reads or writes just one.
func (g *generator) lockOp(s *threadState, h openHandle, size int64) (o Op) {
	o.Handle = h.n
	if len(s.locked) == 0 || g.oneIn(3) {
		o.Kind, o.Off, o.Len = Lock, g.offset(size), 1+g.Int64N(2*page)
		if g.oneIn(4) {
			o.Kind = LockShared
		}
		s.locked = append(s.locked, o)
		return o
	}
	i := g.IntN(len(s.locked))
	l := s.locked[i]
	o.Off, o.Len = l.Off, l.Len
	switch g.IntN(4) {
	case 0:
		o.Kind = Write
		s.sizes[h.path] = max(size, o.Off+o.Len)
	case 1:
		o.Kind = Read
	default:
		o.Kind = Unlock
		if !g.oneIn(4) {
			o.Handle = l.Handle
			s.locked = slices.Delete(s.locked, i, i+1)
		}
	}
	return o
}

// page is the size of pages and write-behind buffers, at whose edges mistakes are made.
const page = 4096

func (g *generator) length() int64 {
	if g.big && g.oneIn(2) {
		return 1 + g.Int64N(1_000_000)
	}
	switch g.IntN(10) {
	case 0, 1, 2:
		return 1 + g.Int64N(200)
	case 3, 4:
		return 1 + g.Int64N(2*page)
	case 5, 6:
		return max(1, page*(1+g.Int64N(4))+g.Int64N(3)-1)
	case 7, 8:
		return 1 + g.Int64N(30_000)
	default:
		return 1 + g.Int64N(200_000)
	}
}

func (g *generator) offset(size int64) int64 {
	switch g.IntN(10) {
	case 0, 1, 2:
		return 0
	case 3, 4, 5:
		return size
	case 6:
		return size + g.Int64N(3*page)
	case 7:
		return max(0, page*g.Int64N(size/page+2)+g.Int64N(3)-1)
	default:
		return g.Int64N(size + 1)
	}
}
