package machine

import (
	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/smbserver"
	"github.com/ntrdr/ntrdr/ntcache"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// model is all that the registry decides of a machine.
type model struct {
	redirector rdr.Config
	cache      ntcache.Config
	circuits   circuitConfig
	maxCmds    int
	tcp        link.TCPParams
	server     smbserver.Config
}

func newModel(s registry.Settings) (*model, error) {
	n, err := maxCmds(s)
	if err != nil {
		return nil, err
	}
	return &model{
		redirector: RedirectorConfig(s), cache: CacheConfig(s), circuits: circuits(s), maxCmds: n,
		tcp: *TCPParams(s), server: ServerConfig(s),
	}, nil
}

// Models keeps what the registry decides of the two machines that were assembled last, for
// the next trial on the same settings: reading some seventy values by name takes longer
// than comparing two pointers. A nil Models keeps nothing.
type Models struct {
	last [2]struct {
		settings registry.Settings
		model    *model
	}
}

func (m *Models) of(s registry.Settings) (*model, error) {
	if m == nil {
		return newModel(s)
	}
	for _, k := range &m.last {
		if k.model != nil && k.settings.Same(s) {
			return k.model, nil
		}
	}
	made, err := newModel(s)
	if err == nil {
		m.last[1] = m.last[0]
		m.last[0].settings, m.last[0].model = s, made
	}
	return made, err
}
