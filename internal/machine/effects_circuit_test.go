package machine

import (
	"github.com/ntrdr/ntrdr/internal/nt"
)

// What happens to circuits, boxes and raw transfers.
var circuitEffects = []effect{
	{
		set: "NtrdrPopupWait=30",
		observe: func(s *story) string {
			h := s.file("F", nt.ShareRead)
			s.write(h, make([]byte, 100), 0)
			s.fullDisk()
			s.close(h)
			return "CLOSE after " + s.until(func() bool { return s.opens("F") == 0 })
		},
		stock: "CLOSE after 0s", changed: "CLOSE after 30s",
	},
}
