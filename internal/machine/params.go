package machine

import (
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/registry"
	"github.com/ntrdr/ntrdr/internal/smbserver"
	"github.com/ntrdr/ntrdr/ntcache"
	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// RedirectorConfig maps the registry to the redirector's configuration. A value that
// is acted on and stands in no mapping function of this file has no effect: a test
// looks for that.
func RedirectorConfig(s registry.Settings) rdr.Config {
	c := rdr.Stock()
	c.UseWriteBehind = s.Bool("UseWriteBehind")
	c.UseAsyncWriteBehind = s.Bool("UseAsyncWriteBehind")
	c.UseCloseBehind = s.Bool("UseCloseBehind")
	c.UtilizeNtCaching = s.Bool("UtilizeNtCaching")
	c.UseOpportunisticLocking = s.Bool("UseOpportunisticLocking")
	c.BufFilesDenyWrite = s.Bool("BufFilesDenyWrite")
	c.BufReadOnlyFiles = s.Bool("BufReadOnlyFiles")
	c.UseUnlockBehind = s.Bool("UseUnlockBehind")
	c.UseLockReadUnlock = s.Bool("UseLockReadUnlock")
	c.LockQuota = int(s.DWORD("LockQuota"))
	c.CacheFileTimeout = s.Duration("CacheFileTimeout")
	c.DormantFileLimit = int(s.DWORD("DormantFileLimit"))
	c.SessTimeout = s.Duration("SessTimeout")
	c.LowerSearchBufferSize = int(s.DWORD("LowerSearchBufferSize"))
	c.LowerSearchThreshold = int(s.DWORD("LowerSearchThreshold"))
	c.UpperSearchBufferSize = int(s.DWORD("UpperSearchBufferSize"))
	c.NtrdrWriteBehindScope = rdr.Scope(s.Text("NtrdrWriteBehindScope"))
	c.NtrdrL2Dispatch = rdr.Dispatch(s.Text("NtrdrL2Dispatch"))
	c.NtrdrCloseWaitsForFlush = s.Bool("NtrdrCloseWaitsForFlush")
	c.NtrdrSearchBeforeDelete = s.Bool("NtrdrSearchBeforeDelete")
	c.NtrdrPopupWait = s.Duration("NtrdrPopupWait")
	c.KeepConn = s.Duration("KeepConn")
	c.RawIoTimeLimit = s.Duration("RawIoTimeLimit")
	c.UseRawRead = s.Bool("UseRawRead")
	c.UseRawWrite = s.Bool("UseRawWrite")
	c.UseWriteRawData = s.Bool("UseWriteRawData")
	c.ReadAheadThroughput = s.DWORD("ReadAheadThroughput")
	writePolicy(&c, s)
	setQuirks(&c, s)
	modelConstants(&c, s)
	return c
}

// writePolicy maps the values of what orders writes.
func writePolicy(c *rdr.Config, s registry.Settings) {
	c.QueueLimit = int(s.DWORD("NtrdrQueueLimit"))
	c.NtrdrWritePolicy = rdr.PolicyName(s.Text("NtrdrWritePolicy"))
	c.QueueRequestSize = int(s.DWORD("NtrdrQueueRequestSize"))
	c.QueueWindow = rdr.Window{
		Requests: int(s.DWORD("NtrdrQueueRequests")), Span: s.Duration("NtrdrQueueSpan"), Ahead: s.Duration("NtrdrQueueAhead"),
	}
}

// setQuirks maps the redirector's defects.
func setQuirks(c *rdr.Config, s registry.Settings) {
	c.NtrdrQuirkSemaphore298 = s.Bool("NtrdrQuirkSemaphore298")
	c.NtrdrQuirkIgnoreOplockBreak = s.Bool("NtrdrQuirkIgnoreOplockBreak")
	c.NtrdrQuirkDormantZeroStop = s.Bool("NtrdrQuirkDormantZeroStop")
	c.NtrdrQuirkDropLastL2Error = s.Bool("NtrdrQuirkDropLastL2Error")
	c.NtrdrQuirkInt21LostWrite = s.Bool("NtrdrQuirkInt21LostWrite")
	c.NtrdrQuirkInvalidTidLoop14Min = s.Bool("NtrdrQuirkInvalidTidLoop14Min")
	c.NtrdrQuirkRawOddSplit = s.Bool("NtrdrQuirkRawOddSplit")
	c.NtrdrQuirkMappedStaleFid = s.Bool("NtrdrQuirkMappedStaleFid")
}

// circuitConfig is what the registry says of virtual circuits, redirector apart.
type circuitConfig struct {
	ConnectMaxTimeout time.Duration
	ReconnectVc0      bool // a circuit tells the server that older ones are dead
	OneSMB            bool // two SMBs in one segment reset the connection (KB Q161968)
}

// circuits maps the values of package machine's own.
func circuits(s registry.Settings) circuitConfig {
	return circuitConfig{
		ConnectMaxTimeout: s.Duration("ConnectMaxTimeout"),
		ReconnectVc0:      s.Bool("NtrdrReconnectVc0"),
		OneSMB:            s.Bool("NtrdrQuirkSessionSetupOneSmb"),
	}
}

// modelConstants maps our values for what the sources leave open of the redirector.
func modelConstants(c *rdr.Config, s registry.Settings) {
	c.WriteBehindBuffers = int(s.DWORD("NtrdrWriteBehindBuffers"))
	c.WriteBehindBufferSize = int(s.DWORD("NtrdrWriteBehindBufferSize"))
	c.OplockOnDenyNoneOnly = s.Bool("NtrdrOplockOnDenyNoneOnly")
	c.CacheDenyWriteWrites = s.Bool("NtrdrCacheDenyWriteWrites")
	c.FlushSendsSMBFlush = s.Bool("NtrdrFlushSendsSMBFlush")
	c.FindBufferSize = int(s.DWORD("NtrdrFindBufferSize"))
	c.FastReadAhead = int(s.DWORD("NtrdrFastReadAhead"))
	c.SlowReadAhead = int(s.DWORD("NtrdrSlowReadAhead"))
	c.SemaphoreWrites = int(s.DWORD("NtrdrSemaphoreWrites"))
}

// CacheConfig maps the registry to the Cache Manager's configuration.
func CacheConfig(s registry.Settings) ntcache.Config {
	c := ntcache.Stock()
	c.PageSize = int(s.DWORD("NtrdrPageSize"))
	c = c.WithMemory(int64(s.DWORD("NtrdrPhysicalMemory")) << 20)
	c.QuirkWriteThroughTailCached = s.Bool("NtrdrQuirkWriteThroughTailCached")
	c.LazyFirstDelay = s.Duration("NtrdrLazyFirstDelay")
	c.LazyScanPeriod = s.Duration("NtrdrLazyScanPeriod")
	c.LazyFraction = int(s.DWORD("NtrdrLazyFraction"))
	c.LazySmallAllPages = int(s.DWORD("NtrdrLazySmallAllPages"))
	c.FileDirtyLimit = int(s.DWORD("NtrdrFileDirtyLimit"))
	c.ConcurrentFileFlushes = int(s.DWORD("NtrdrConcurrentFileFlushes"))
	return c
}

// TCPParams maps the registry to the TCP of a workstation's link.
func TCPParams(s registry.Settings) *link.TCPParams {
	p := link.StockTCP()
	p.Nagle = s.Bool("NtrdrNagle")
	return &p
}

// maxCmds maps MaxCmds, which must let at least one request through.
func maxCmds(s registry.Settings) (int, error) {
	n := int(s.DWORD("MaxCmds"))
	if n < 1 {
		return 0, fmt.Errorf("policy %s: MaxCmds is 0: the redirector could send nothing", s.Policy.Name)
	}
	return n, nil
}

// autoDisconnect is the value that says when an idle circuit is dropped. A server of
// 3.5 is taken to read Disc alone, though Q102469 shows both for 3.1.
//
// src: KB Q102967 (Disc); KB Q102469 (no Disc in 3.51); 3.5 is assumed to be like 3.1
func autoDisconnect(s registry.Settings) string {
	if s.Edition.Release == "3.5" {
		return "Disc"
	}
	return "AutoDisconnect"
}

// ServerConfig maps the registry to the embedded server's configuration.
func ServerConfig(s registry.Settings) smbserver.Config {
	c := smbserver.Stock()
	c.EnableOplocks = s.Bool("EnableOplocks")
	c.OplockBreakWait = s.Duration("OplockBreakWait")
	c.EnableOplockForceClose = s.Bool("EnableOplockForceClose")
	c.MaxMpxCt = uint16(s.DWORD("MaxMpxCt"))
	c.SizReqBuf = uint16(s.DWORD("SizReqBuf"))
	c.SharingViolationRetries = int(s.DWORD("SharingViolationRetries"))
	c.SharingViolationDelay = s.Duration("SharingViolationDelay")
	c.AutoDisconnect = s.Duration(autoDisconnect(s))
	c.EnableRaw = s.Bool("EnableRaw")
	c.MaxRawBufLen = int(s.DWORD("MaxRawBufLen"))
	c.RawWorkItems = int(s.DWORD("RawWorkItems"))
	c.MaxLinkDelay = s.Duration("MaxLinkDelay")
	c.MinLinkThroughput = int64(s.DWORD("MinLinkThroughput"))
	c.EnableSoftCompat = s.Bool("EnableSoftCompat")
	c.CachedOpenLimit = int(s.DWORD("CachedOpenLimit"))
	return c
}
