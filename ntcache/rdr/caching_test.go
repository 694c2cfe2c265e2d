package rdr

import "testing"

func TestReadAheadGranularityByLink(t *testing.T) {
	for _, r := range []struct {
		name    string
		minimum uint32 // ReadAheadThroughput, KB/s
		speed   int64  // bytes a second
		want    int
	}{
		{"T1", NoMinimumThroughput, 193_000, 32768},
		{"28.8 kbit/s: a raw read of 32 KB takes longer than 5 s", NoMinimumThroughput, 3600, 4096},
		{"just fast enough for raw", NoMinimumThroughput, 6554, 32768},
		{"just too slow for raw", NoMinimumThroughput, 6553, 4096},
		{"unknown speed", 1000, 0, 32768},
		{"below the minimum", 200, 193_000, 0},
		{"at the minimum", 200, 200 * 1024, 32768},
		{"no minimum at all", 0, 1200, 4096},
	} {
		c := Stock()
		c.ReadAheadThroughput = r.minimum
		if got := c.readAhead(r.speed); got != r.want {
			t.Errorf("%s: %d, want %d", r.name, got, r.want)
		}
	}
}
