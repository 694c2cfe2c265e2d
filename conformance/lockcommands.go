package conformance

import (
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// lockCommands are the byte-range locks and directory watches of applications behind a
// redirector.
var lockCommands = []command{
	{
		usage: "lock HANDLE OFFSET+LENGTH [shared] [wait]", about: "LockFileEx; without wait it fails at once",
		who: workstation, on: simulated, parse: parseLockFile,
	},
	{
		usage: "unlock HANDLE OFFSET+LENGTH", about: "UnlockFileEx",
		who: workstation, on: simulated, parse: parseUnlockFile,
	},
	{
		usage: "watch DIRECTORY [tree]", about: "waits for a change of names, sizes or times in a directory; the outcome has n and names, as in added:X",
		who: workstation, on: simulated, parse: parseWatch,
	},
}

func parseLockFile(a *args) action {
	actor, name := a.actor, a.word("HANDLE")
	r := a.byteRange()
	r.Shared = a.flag("shared")
	wait := a.flag("wait")
	return stationHandle(actor, name, func(h *rdr.Handle) error { return h.Lock(r, wait) })
}

func parseUnlockFile(a *args) action {
	actor, name := a.actor, a.word("HANDLE")
	r := a.byteRange()
	return stationHandle(actor, name, func(h *rdr.Handle) error { return h.Unlock(r) })
}

// stationHandle is an action on a workstation's open file.
func stationHandle(actor, name string, f func(*rdr.Handle) error) action {
	return func(s *story) outcome {
		return s.onHandle(actor, name, func(h file) outcome {
			w, ok := h.(*rdr.Handle)
			if !ok {
				return voided("not a workstation's file")
			}
			return failed(f(w))
		})
	}
}

func parseWatch(a *args) action {
	actor, dir := a.actor, a.word("DIRECTORY")
	tree := a.flag("tree")
	return func(s *story) outcome {
		return s.onNames(actor, func(fs fileSystem) outcome {
			w, ok := fs.(station)
			if !ok {
				return voided("not a workstation")
			}
			return watchOnce(w, dir, tree)
		})
	}
}

// watchOnce waits for one notification.
func watchOnce(s station, dir string, tree bool) outcome {
	w, err := s.Watch(dir, nt.NotifyFileName|nt.NotifyDirName|nt.NotifySize|nt.NotifyLastWrite, tree)
	if err != nil {
		return failed(err)
	}
	changes, err := w.Next()
	if err2 := w.Close(); err == nil {
		err = err2
	}
	return failed(err).with("n", len(changes)).with("names", changeNames(changes))
}
