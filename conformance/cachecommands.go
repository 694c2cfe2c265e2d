package conformance

import (
	"errors"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// cacheCommands are steps that show the Cache Manager.
var cacheCommands = []command{
	{
		usage: "map VIEW HANDLE", about: "maps an open file into memory: VIEW is read, written and closed as a handle is",
		who: workstation, on: simulated, parse: parseMap,
	},
	{
		usage: "capacity SIZE", about: "the server's disk takes so many bytes from now on; what is there stays",
		who: serverActor, on: simulated, parse: parseCapacity,
	},
}

func parseMap(a *args) action {
	actor, view, name := a.actor, a.word("VIEW"), a.word("HANDLE")
	return func(s *story) outcome {
		return s.onHandle(actor, name, func(f file) outcome {
			h, ok := f.(*rdr.Handle)
			if !ok {
				return voided(name + " is no open file of a workstation")
			}
			m, err := h.Map()
			s.setHandle(actor, view, mapping{m}, failed(err))
			return failed(err)
		})
	}
}

func parseCapacity(a *args) action {
	n := a.size("SIZE")
	return func(s *story) outcome {
		s.w.volume.SetCapacity(n)
		return outcome{}
	}
}

// mapping is a mapped file in the place of an open one.
type mapping struct{ *rdr.Mapping }

var errMapped = &nt.Error{Op: "mapped view", Status: nt.StatusInvalidDeviceRequest, Err: errors.New("memory has no such call")}

func (mapping) Flush() error         { return errMapped }
func (mapping) Size() (int64, error) { return 0, errMapped }
func (mapping) SetSize(int64) error  { return errMapped }
func (m mapping) Close() error       { m.Unmap(); return nil }
