package rdr

import (
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

const (
	readWrite = nt.GenericRead | nt.GenericWrite
	denyNone  = nt.ShareRead | nt.ShareWrite
)

// everything is what the redirector may keep of a file that nobody else has open.
var everything = caching{read: true, write: true, lock: true, close: true}

// cacheabilityTests has one row a documented case: KB Q163401, KB Q102981, KB Q129202. The
// rule column is the row of the table in the code that must decide; each of its rows is
// decided by one here.
var cacheabilityTests = []struct {
	name, rule string
	change     func(*Config)
	open       nt.CreateParams
	attr       nt.FileAttributes
	oplock     nt.OplockLevel
	want       caching
}{
	{
		name: "no buffering", rule: "no intermediate buffering",
		open: nt.CreateParams{Access: readWrite, Share: nt.ShareNone, Options: nt.NoIntermediateBuffer}, oplock: nt.OplockBatch,
	},
	{
		name: "UtilizeNtCaching=0 leaves the write-behind buffers", rule: "UtilizeNtCaching=0",
		change: func(c *Config) { c.UtilizeNtCaching = false },
		open:   nt.CreateParams{Access: readWrite, Share: nt.ShareRead}, want: caching{buffer: true},
	},
	{
		name: "UtilizeNtCaching=0, batch oplock", rule: "UtilizeNtCaching=0",
		change: func(c *Config) { c.UtilizeNtCaching = false },
		open:   nt.CreateParams{Access: readWrite, Share: denyNone}, oplock: nt.OplockBatch, want: caching{buffer: true},
	},
	{
		name: "UtilizeNtCaching=0, deny-none without an oplock", rule: "UtilizeNtCaching=0",
		change: func(c *Config) { c.UtilizeNtCaching = false },
		open:   nt.CreateParams{Access: readWrite, Share: denyNone}, want: caching{},
	},
	{
		name: "write-only never uses the Cache Manager", rule: "write-only",
		open: nt.CreateParams{Access: nt.GenericWrite, Share: nt.ShareRead}, want: caching{buffer: true},
	},
	{
		name: "write-only with a batch oplock", rule: "write-only", oplock: nt.OplockBatch,
		open: nt.CreateParams{Access: nt.GenericWrite, Share: denyNone}, want: caching{buffer: true},
	},
	{
		name: "batch oplock", rule: "batch oplock", oplock: nt.OplockBatch,
		open: nt.CreateParams{Access: readWrite, Share: denyNone}, want: everything,
	},
	{
		name: "batch oplock, delete on close", rule: "batch oplock", oplock: nt.OplockBatch,
		open: nt.CreateParams{Access: readWrite, Share: denyNone, Options: nt.DeleteOnClose},
		want: caching{read: true, write: true, lock: true},
	},
	{
		name: "exclusive oplock", rule: "exclusive oplock", oplock: nt.OplockExclusive,
		open: nt.CreateParams{Access: readWrite, Share: denyNone}, want: caching{read: true, write: true, lock: true},
	},
	{
		name: "level II", rule: "level II oplock", oplock: nt.OplockLevelII,
		open: nt.CreateParams{Access: readWrite, Share: denyNone}, want: caching{read: true},
	},
	{
		name: "deny-all: the KEY file", rule: "deny-all",
		open: nt.CreateParams{Access: readWrite, Share: nt.ShareNone}, want: caching{read: true, write: true},
	},
	{
		name: "deny-all with BufFilesDenyWrite=0", rule: "deny-all",
		change: func(c *Config) { c.BufFilesDenyWrite = false },
		open:   nt.CreateParams{Access: readWrite, Share: nt.ShareNone}, want: caching{read: true, write: true},
	},
	{
		name: "deny-write, for reading and writing: the message file", rule: "deny-write and BufFilesDenyWrite",
		open: nt.CreateParams{Access: readWrite, Share: nt.ShareRead}, want: caching{read: true, write: true},
	},
	{
		name: "deny-write, writes not cached", rule: "deny-write and BufFilesDenyWrite",
		change: func(c *Config) { c.CacheDenyWriteWrites = false },
		open:   nt.CreateParams{Access: readWrite, Share: nt.ShareRead}, want: caching{read: true},
	},
	{
		name: "deny-write with BufFilesDenyWrite=0", rule: "any other",
		change: func(c *Config) { c.BufFilesDenyWrite = false },
		open:   nt.CreateParams{Access: readWrite, Share: nt.ShareRead}, want: caching{},
	},
	{
		name: "read-only attribute, deny-none", rule: "read-only file and BufReadOnlyFiles", attr: nt.AttrReadOnly,
		open: nt.CreateParams{Access: nt.GenericRead, Share: denyNone}, want: caching{read: true},
	},
	{
		name: "read-only attribute with BufReadOnlyFiles=0", rule: "any other", attr: nt.AttrReadOnly,
		change: func(c *Config) { c.BufReadOnlyFiles = false },
		open:   nt.CreateParams{Access: nt.GenericRead, Share: denyNone},
	},
	{
		name: "deny-none without an oplock", rule: "any other",
		open: nt.CreateParams{Access: readWrite, Share: denyNone},
	},
}

func TestCacheability(t *testing.T) {
	decided := map[string]bool{}
	for _, r := range cacheabilityTests {
		t.Run(r.name, func(t *testing.T) {
			c := Stock()
			if r.change != nil {
				r.change(&c)
			}
			rule := c.ruleFor(opened{r.open, r.attr, r.oplock})
			if got := c.cacheability(r.open, r.attr, r.oplock); got != r.want || rule.name != r.rule {
				t.Errorf("got %+v by %q, want %+v by %q", got, rule.name, r.want, r.rule)
			}
			decided[rule.name] = true
		})
	}
	for _, rule := range cacheRules {
		if !decided[rule.name] || rule.source == "" {
			t.Errorf("no case is decided by %q (src: %s)", rule.name, rule.source)
		}
	}
}

func TestWritePath(t *testing.T) {
	l1, l2, both := caching{read: true, write: true}, caching{buffer: true}, caching{read: true}
	rows := []struct {
		name      string
		behind    bool
		scope     Scope
		k         caching
		opt       nt.CreateOptions
		writeOnly bool
		want      writePath
	}{
		{"stock, cached", true, ScopeAll, l1, 0, false, behindInL1},
		{"the fix of Q143413", false, ScopeAll, l1, 0, false, throughL1},
		{"the fix under Q163401's reading", false, ScopeWriteOnly, l1, 0, false, behindInL1},
		{"stock, write-only", true, ScopeAll, l2, 0, true, behindInL2},
		{"the fix, write-only", false, ScopeWriteOnly, l2, 0, true, direct},
		{"write-through handle", true, ScopeAll, l1, nt.WriteThrough, false, throughL1},
		{"write-through, write-only", true, ScopeAll, l2, nt.WriteThrough, true, direct},
		{"UtilizeNtCaching=0 and UseWriteBehind=0, strict: no buffering", false, ScopeWriteOnly, l2, 0, false, direct},
		{"level II", true, ScopeAll, both, 0, false, throughL1},
		{"nothing allowed", true, ScopeAll, caching{}, 0, false, direct},
	}
	for _, r := range rows {
		c := Stock()
		c.UseWriteBehind, c.NtrdrWriteBehindScope = r.behind, r.scope
		if got := c.writePath(r.k, r.opt, r.writeOnly); got != r.want {
			t.Errorf("%s: got %d, want %d", r.name, got, r.want)
		}
	}
}

func TestOplocksAreAskedOnDenyNoneOpensOnly(t *testing.T) {
	c := Stock()
	for share, want := range map[nt.ShareAccess]nt.OplockLevel{
		nt.ShareNone: nt.OplockNone, nt.ShareRead: nt.OplockNone, nt.ShareWrite: nt.OplockNone, denyNone: nt.OplockBatch,
	} {
		if got := c.oplockToAsk(nt.CreateParams{Access: readWrite, Share: share}); got != want {
			t.Errorf("%v: asks for %v, want %v", share, got, want)
		}
	}
	c.UseOpportunisticLocking = false
	if got := c.oplockToAsk(nt.CreateParams{Share: denyNone}); got != nt.OplockNone {
		t.Errorf("UseOpportunisticLocking=0 asks for %v", got)
	}
}

// The timer column of a 4 KB core write with its 106 bytes around: KB Q102067.
func TestRequestTimeoutGrowsWithSizeOverRate(t *testing.T) {
	c := Stock()
	for speed, want := range map[int64]time.Duration{
		0:       45 * time.Second,
		300:     45*time.Second + 14006666666,
		1200:    45*time.Second + 3501666666,
		3600:    45*time.Second + 1167222222,
		1250000: 45*time.Second + 3361600,
	} {
		if got := c.RequestTimeout(4202, speed); got != want {
			t.Errorf("at %d B/s: %v, want %v", speed, got, want)
		}
	}
}
