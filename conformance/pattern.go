package conformance

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// pattern fits events of the trace.
type pattern struct {
	text  string
	kinds []trace.Kind // any of these
	ops   []string     // any of these, * stands for any characters; empty: any
	path  string       // "" fits any
	conds []condition
	words []string // quoted texts that must be part of Text
}

func (p pattern) String() string { return p.text }

// parseWirePattern reads `[sent|recv] COMMAND [PATH] [key=value ...] ["text" ...]`.
func parseWirePattern(words []string) (pattern, error) {
	p := pattern{text: strings.Join(words, " "), kinds: []trace.Kind{trace.SMBSend}}
	if len(words) > 0 && (words[0] == "sent" || words[0] == "recv") {
		if words[0] == "recv" {
			p.kinds = []trace.Kind{trace.SMBRecv}
		}
		words = words[1:]
	}
	if len(words) == 0 {
		return p, errors.New("an SMB command is missing, such as WRITE_ANDX")
	}
	if strings.ToUpper(words[0]) != words[0] {
		return p, fmt.Errorf("%q is no SMB command; they are upper-case, such as WRITE_ANDX", words[0])
	}
	p.ops = strings.Split(words[0], "|")
	return p, p.rest(words[1:])
}

// parseTracePattern reads `KIND [op=...] [path=...] [key=value ...] ["text" ...]`.
func parseTracePattern(words []string) (pattern, error) {
	p := pattern{text: strings.Join(words, " ")}
	if len(words) == 0 {
		return p, errors.New("a kind of event is missing, such as lazy-scan")
	}
	for name := range strings.SplitSeq(words[0], "|") {
		k, ok := trace.KindByName(name)
		if !ok {
			return p, fmt.Errorf("the trace has no event %q; `--verbose` shows a story's", name)
		}
		p.kinds = append(p.kinds, k)
	}
	return p, p.rest(words[1:])
}

// rest reads the path, the conditions and the texts.
func (p *pattern) rest(words []string) error {
	for i, w := range words {
		if text, ok := strings.CutPrefix(w, `"`); ok {
			p.words = append(p.words, text)
			continue
		}
		c, err := parseCondition(w)
		switch {
		case err == nil && c.key == "path" && c.op == "=":
			p.path = c.value
		case err == nil && slices.Contains(eventFields, c.key):
			p.conds = append(p.conds, c)
		case err == nil:
			return fmt.Errorf("events have no field %q; there are %s", c.key, strings.Join(eventFields, ", "))
		case i == 0:
			p.path = w
		default:
			return err
		}
	}
	return nil
}

// eventFields are what conditions can speak of.
var eventFields = []string{"at", "op", "path", "off", "len", "fid", "mid", "status", "text"}

func eventField(e trace.Event, key string) string {
	switch key {
	case "at":
		return e.At.String()
	case "op":
		return e.Op
	case "path":
		return e.Path
	case "off":
		return fmt.Sprint(e.Off)
	case "len":
		return fmt.Sprint(e.Len)
	case "fid":
		return fmt.Sprint(e.FID)
	case "mid":
		return fmt.Sprint(e.MID)
	case "status":
		return nt.Status(e.Status).String()
	default: // "text"
		return e.Text
	}
}

// fits reports whether an event, with its path named, is what the pattern means.
func (p pattern) fits(e trace.Event) bool {
	if !slices.Contains(p.kinds, e.Kind) {
		return false
	}
	op := func(o string) bool { ok, err := path.Match(o, e.Op); return ok && err == nil }
	if len(p.ops) > 0 && !slices.ContainsFunc(p.ops, op) {
		return false
	}
	if p.path != "" && !matchPath(p.path, e.Path) {
		return false
	}
	for _, c := range p.conds {
		if !c.holds(eventField(e, c.key)) {
			return false
		}
	}
	return !slices.ContainsFunc(p.words, func(w string) bool { return !strings.Contains(e.Text, w) })
}

// namer gives SMBs that carry a FID, and replies, the path of their file. It must see
// all events in order.
type namer struct {
	dir    string
	actors map[string]*openPaths
}

// openPaths are what one machine's FIDs and MIDs mean.
type openPaths struct {
	byFID map[uint16]string
	byMID map[uint16]string
}

func newNamer(dir string) *namer { return &namer{dir: dir, actors: map[string]*openPaths{}} }

// name returns e with its path, without the story's own directory.
func (n *namer) name(e trace.Event) trace.Event {
	if e.Kind != trace.SMBSend && e.Kind != trace.SMBRecv {
		if e.Kind == trace.CircuitDown {
			delete(n.actors, e.Actor)
		}
		e.Path = n.short(e.Path)
		return e
	}
	p := n.actors[e.Actor]
	if p == nil {
		p = &openPaths{byFID: map[uint16]string{}, byMID: map[uint16]string{}}
		n.actors[e.Actor] = p
	}
	e.Path = n.short(e.Path)
	if e.Kind == trace.SMBSend {
		switch {
		case e.Path != "":
		case e.FID != 0:
			e.Path = p.byFID[e.FID]
		case e.Op == rawBlock: // it has the MID of the request that it belongs to
			e.Path = p.byMID[e.MID]
		}
		p.byMID[e.MID] = e.Path
		return e
	}
	path, asked := p.byMID[e.MID]
	switch {
	case asked && e.FID != 0 && path != "":
		p.byFID[e.FID], e.Path = path, path
	case asked && path != "":
		e.Path = path
	case e.FID != 0:
		e.Path = p.byFID[e.FID]
	}
	return e
}

// rawBlock is how the trace calls a raw block, which has no SMB header.
const rawBlock = "RAW"

func (n *namer) short(p string) string {
	if strings.HasPrefix(p, `\\`) {
		return p // a share
	}
	p = strings.TrimPrefix(p, `\`)
	if n.dir != "" {
		if len(p) > len(n.dir) && strings.EqualFold(p[:len(n.dir)], n.dir) {
			p = strings.TrimPrefix(p[len(n.dir):], `\`)
		}
	}
	return p
}

// nameAll names a whole trace.
func nameAll(events []trace.Event, dir string) []trace.Event {
	n := newNamer(dir)
	out := make([]trace.Event, len(events))
	for i, e := range events {
		out[i] = n.name(e)
	}
	return out
}
