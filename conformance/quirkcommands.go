package conformance

import (
	"github.com/ntrdr/ntrdr/internal/machine"
)

// quirkCommands are steps that only published defects need.
var quirkCommands = []command{
	{
		usage: "opendos HANDLE PATH [as open]", about: "opens a file for an MS-DOS program, which writes by int 21h",
		who: workstation, on: simulated, parse: parseOpenDOS,
	},
	{
		usage: "unshare", about: "the administrator removes the share, without a word to those who use it",
		who: serverActor, on: simulated,
		parse: func(*args) action {
			return func(s *story) outcome { s.w.sim.Server.Unshare(machine.ShareName); return outcome{} }
		},
	},
}

func parseOpenDOS(a *args) action {
	actor, name, path := a.actor, a.word("HANDLE"), a.word("PATH")
	p := a.createParams()
	return func(s *story) outcome {
		h, err := s.w.ws[actor].OpenDOS(path, p)
		o := failed(err)
		s.setHandle(actor, name, h, o)
		return o
	}
}
