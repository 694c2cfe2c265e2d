package rdr

import "github.com/ntrdr/ntrdr/internal/nt"

// caching is what one open file may keep on this machine.
type caching struct {
	read   bool // L1: reads come from the cache
	write  bool // L1: writes may stay in the cache
	buffer bool // L2: writes may stay in the write-behind buffers
	lock   bool // byte-range locks may stay on this machine
	close  bool // the file may stay open at the server after the last close
}

// opened is what decides how an open is cached: what was asked, and what came back.
type opened struct {
	nt.CreateParams
	attr   nt.FileAttributes
	oplock nt.OplockLevel
}

func (o opened) writeOnly() bool { return o.Access.CanWrite() && !o.Access.CanRead() }

func (o opened) denies(s nt.ShareAccess) bool { return o.Share&s == nt.ShareNone }

// behind is L2's right: nobody else may write the file, or the handle writes only.
//
// src: KB Q163401 ("write only files"); KB Q143413 (sent when the file can no longer be cached)
func (o opened) behind() bool {
	alone := o.oplock == nt.OplockExclusive || o.oplock == nt.OplockBatch || o.denies(nt.ShareWrite)
	return o.Access.CanWrite() && (alone || o.writeOnly())
}

// cacheRule is a row of the cacheability table. What no rule speaks of closes behind
// the application: that is UseCloseBehind's business, and depends on no right.
type cacheRule struct {
	name   string
	source string
	when   func(c *Config, o opened) bool
	grant  func(c *Config, o opened) caching
}

// grants is for rules that give the same to all.
func grants(k caching) func(*Config, opened) caching {
	return func(*Config, opened) caching { return k }
}

func holds(level nt.OplockLevel) func(*Config, opened) bool {
	return func(_ *Config, o opened) bool { return o.oplock == level }
}

// cacheRules is the cacheability table: the first rule that applies decides. It is
// never changed.
//
// src: assumed (the articles give the rows and no order; what no buffer may hold comes first)
var cacheRules = [...]cacheRule{
	{
		name: "no intermediate buffering", source: `Win32 documentation, "CreateFile"`,
		when:  func(_ *Config, o opened) bool { return o.Options&nt.NoIntermediateBuffer != 0 },
		grant: grants(caching{}),
	},
	{
		name: "UtilizeNtCaching=0", source: "KB Q102981; KB Q163401",
		when:  func(c *Config, _ opened) bool { return !c.UtilizeNtCaching },
		grant: func(_ *Config, o opened) caching { return caching{buffer: o.behind()} },
	},
	{
		name: "write-only", source: "KB Q163401",
		when:  func(_ *Config, o opened) bool { return o.writeOnly() },
		grant: grants(caching{buffer: true}),
	},
	{
		name: "batch oplock", source: "[MS-CIFS] §3.2.4.18; KB Q102981",
		when: holds(nt.OplockBatch),
		grant: func(_ *Config, o opened) caching {
			return caching{read: true, write: true, lock: true, close: o.Options&nt.DeleteOnClose == 0}
		},
	},
	{
		name: "exclusive oplock", source: "[MS-CIFS] §3.2.4.18; KB Q129202",
		when:  holds(nt.OplockExclusive),
		grant: grants(caching{read: true, write: true, lock: true}),
	},
	{
		name: "level II oplock", source: "[MS-CIFS] §3.2.4.18; KB Q129202",
		when:  holds(nt.OplockLevelII),
		grant: grants(caching{read: true}),
	},
	{
		name: "deny-all", source: "assumed (nobody else can have the file open)",
		when:  func(_ *Config, o opened) bool { return o.denies(nt.ShareRead | nt.ShareWrite) },
		grant: grants(caching{read: true, write: true}),
	},
	{
		name: "deny-write and BufFilesDenyWrite", source: "KB Q102981; that it buffers writes too is assumed",
		when:  func(c *Config, o opened) bool { return c.BufFilesDenyWrite && o.denies(nt.ShareWrite) },
		grant: func(c *Config, _ opened) caching { return caching{read: true, write: c.CacheDenyWriteWrites} },
	},
	{
		name: "read-only file and BufReadOnlyFiles", source: "KB Q102981",
		when:  func(c *Config, o opened) bool { return c.BufReadOnlyFiles && o.attr&nt.AttrReadOnly != 0 },
		grant: grants(caching{read: true}),
	},
	{
		name: "any other", source: "KB Q102981",
		when:  func(*Config, opened) bool { return true },
		grant: grants(caching{}),
	},
}

// ruleFor is the row of the table that an open falls under.
func (c *Config) ruleFor(o opened) *cacheRule {
	for i := range cacheRules {
		if cacheRules[i].when(c, o) {
			return &cacheRules[i]
		}
	}
	return &cacheRules[len(cacheRules)-1]
}

// cacheability decides what an open may cache.
//
// src: KB Q163401, KB Q102981, KB Q129202; [MS-CIFS] §3.2.4.18
func (c *Config) cacheability(p nt.CreateParams, attr nt.FileAttributes, oplock nt.OplockLevel) caching {
	o := opened{p, attr, oplock}
	return c.ruleFor(o).grant(c, o)
}

// oplockToAsk is the oplock that an open requests.
//
// src: KB Q129202 ("if a file is opened in a non-exclusive (deny none) mode, the
// redirector requests an opportunistic lock"); batch on NT LM 0.12: [MS-CIFS] §3.2.4.18.
// Exclusive would be asked of servers with older dialects, which the client does not speak.
func (c *Config) oplockToAsk(p nt.CreateParams) nt.OplockLevel {
	switch {
	case !c.UseOpportunisticLocking, p.Options&nt.DirectoryFile != 0:
		return nt.OplockNone
	case c.OplockOnDenyNoneOnly && !p.Share.DenyNone():
		return nt.OplockNone
	}
	return nt.OplockBatch
}

// writePath is how one write travels.
type writePath uint8

const (
	direct     writePath = iota // to the server, and wait for the answer
	throughL1                   // to the server, wait, and keep the cache current
	behindInL1                  // into the Cache Manager
	behindInL2                  // into a write-behind buffer
)

// writePath decides how a write on a handle with these rights travels.
//
// src: KB Q143413, KB Q163401; the meaning of the scopes is assumed
func (c *Config) writePath(k caching, opt nt.CreateOptions, writeOnly bool) writePath {
	mustWait := c.mustWait(opt, writeOnly)
	switch {
	case k.write && mustWait:
		return throughL1
	case k.write:
		return behindInL1
	case k.buffer && c.UseWriteBehind && !mustWait:
		return behindInL2
	case k.read:
		return throughL1
	}
	return direct
}

// governs reports whether UseWriteBehind is about a handle with these rights.
//
// src: assumed (KB Q143413 against KB Q163401)
func (c *Config) governs(writeOnly bool) bool {
	return c.NtrdrWriteBehindScope == ScopeAll || writeOnly
}

// mustWait reports whether a write returns only when the server has answered it.
func (c *Config) mustWait(opt nt.CreateOptions, writeOnly bool) bool {
	return (!c.UseWriteBehind && c.governs(writeOnly)) || opt&nt.WriteThrough != 0
}

// writeOnly reports whether the open may write and not read.
func (o *serverOpen) writeOnly() bool {
	return o.params.Access.CanWrite() && !o.params.Access.CanRead()
}
