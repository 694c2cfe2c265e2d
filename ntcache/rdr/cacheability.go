package rdr

import "github.com/ntrdr/ntrdr/internal/nt"

// caching is what one open file may keep on this machine.
type caching struct {
	read   bool // L1: reads come from the cache
	write  bool // L1: writes may stay in the cache
	buffer bool // L2: writes may stay in the write-behind buffers
	close  bool // the file may stay open at the server after the last close
}

// cacheability decides what an open may cache, first match wins.
//
// src: KB Q163401, KB Q102981, KB Q129202; [MS-CIFS] §3.2.4.18; the order is assumed, and a handle
// without buffering comes first because nothing else can matter to it.
func (c Config) cacheability(p nt.CreateParams, attr nt.FileAttributes, oplock nt.OplockLevel) caching {
	writeOnly := p.Access.CanWrite() && !p.Access.CanRead()
	denyWrite := p.Share&nt.ShareWrite == 0
	exclusive := oplock == nt.OplockExclusive || oplock == nt.OplockBatch
	l2 := p.Access.CanWrite() && (exclusive || denyWrite || writeOnly)
	switch {
	case p.Options&nt.NoIntermediateBuffer != 0:
		return caching{}
	case !c.UtilizeNtCaching:
		return caching{buffer: l2}
	case writeOnly:
		return caching{buffer: true}
	case oplock == nt.OplockBatch:
		return caching{read: true, write: true, close: p.Options&nt.DeleteOnClose == 0}
	case oplock == nt.OplockExclusive:
		return caching{read: true, write: true}
	case oplock == nt.OplockLevelII:
		return caching{read: true}
	case p.Share&(nt.ShareRead|nt.ShareWrite) == nt.ShareNone:
		return caching{read: true, write: true}
	case denyWrite && c.BufFilesDenyWrite:
		return caching{read: true, write: c.CacheDenyWriteWrites}
	case attr&nt.AttrReadOnly != 0 && c.BufReadOnlyFiles:
		return caching{read: true}
	}
	return caching{}
}

// oplockToAsk is the oplock that an open requests.
//
// src: KB Q129202 ("if a file is opened in a non-exclusive (deny none) mode, the
// redirector requests an opportunistic lock"); batch on NT LM 0.12: [MS-CIFS] §3.2.4.18.
func (c Config) oplockToAsk(p nt.CreateParams) nt.OplockLevel {
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
func (c Config) writePath(k caching, opt nt.CreateOptions, writeOnly bool) writePath {
	governed := c.NtrdrWriteBehindScope == ScopeAll || writeOnly
	mustWait := (!c.UseWriteBehind && governed) || opt&nt.WriteThrough != 0
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
