package rdr

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// All eight conditions must hold; each row lets one fail (KB Q152081, Q223140).
func TestTheEightConditionsOfRawMode(t *testing.T) {
	lan := nt.Limits{Dialect: "NT LM 0.12", MaxBufferSize: 4356, MaxWrite: 4096, MaxRaw: 65535, LinkSpeed: 1_250_000}
	slower := func(bytesPerSecond int64) nt.Limits { l := lan; l.LinkSpeed = bytesPerSecond; return l }
	without := func(change func(*nt.Limits)) nt.Limits { l := lan; change(&l); return l }
	noRaw := func(c *Config) { c.UseRawRead, c.UseRawWrite = false, false }
	read := func(n int) transfer { return transfer{size: n, eof: 1 << 20} }
	write := func(n int) transfer { return transfer{write: true, size: n} }
	rows := []struct {
		name   string
		t      transfer
		limits nt.Limits
		change func(*Config)
		want   obstacle
	}{
		{"a large read", read(61440), lan, nil, noObstacle},
		{"a large write", write(61440), lan, nil, noObstacle},
		{"1: core dialect", write(61440), without(func(l *nt.Limits) { l.Dialect = coreDialect }), nil, dialectOld},
		{"2: EnableRaw=0 at the server", write(61440), without(func(l *nt.Limits) { l.MaxRaw = 0 }), nil, serverOff},
		{"3: UseRawWrite=0", write(61440), lan, noRaw, clientOff},
		{"3: UseRawRead=0", read(61440), lan, noRaw, clientOff},
		{"4: another request is pending", transfer{write: true, size: 61440, pending: true}, lan, nil, notAlone},
		{"5: a pipe", transfer{write: true, size: 61440, pipe: true}, lan, nil, blockingPipe},
		{"6: a read of two request buffers", read(8712), lan, nil, noObstacle},
		{"6: a read of a byte less", read(8711), lan, nil, badRead},
		{"6: a read at the end of the file", transfer{size: 8712, off: 1 << 20, eof: 1 << 20}, lan, nil, noObstacle},
		{"6: a read past it", transfer{size: 8712, off: 1<<20 + 1, eof: 1 << 20}, lan, nil, badRead},
		{"7: a write of one and a half request buffers", write(6534), lan, nil, noObstacle},
		{"7: a write of a byte less", write(6533), lan, nil, badWrite},
		{"7: a page of the modified page writer (KB Q119870)", write(4096), lan, nil, badWrite},
		{"7: a write 1 MB past the end", transfer{write: true, size: 6534, off: 1 << 20}, lan, nil, noObstacle},
		{"7: a write farther past it", transfer{write: true, size: 6534, off: 1<<20 + 1}, lan, nil, badWrite},
		{"8: 18000 bytes at 28.8 kbit/s", write(18000), slower(3600), nil, noObstacle},
		{"8: a byte more", write(18001), slower(3600), nil, tooSlow},
		{"8: the smallest write at 9600 bit/s", write(6534), slower(1200), nil, tooSlow},
		{"8: the same with RawIoTimeLimit=6", write(6534), slower(1200), func(c *Config) { c.RawIoTimeLimit = 6 * time.Second }, noObstacle},
		{"8: a link of unknown speed", write(61440), slower(0), nil, noObstacle},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			c := Stock()
			if r.change != nil {
				r.change(&c)
			}
			if got := c.rawObstacle(r.t, r.limits); got != r.want {
				t.Errorf("got %q, want %q", got, r.want)
			}
		})
	}
}

// What is more than the server takes at once goes in whole pages, or, with the defect, in
// equal parts of any size (KB Q152348).
func TestHowALargeRawTransferIsDivided(t *testing.T) {
	rows := []struct {
		name  string
		total int
		odd   bool
		want  []int
	}{
		{"a run of the lazy writer", 65536, false, []int{61440, 4096}},
		{"100 KB", 102400, false, []int{61440, 40960}},
		{"100 KB, odd", 102400, true, []int{51200, 51200}},
		{"what fits is not divided", 65535, false, []int{65535}},
		{"what fits is not divided, odd", 65535, true, []int{65535}},
		{"200,000 bytes", 200_000, false, []int{61440, 61440, 61440, 15680}},
		{"200,000 bytes, odd", 200_000, true, []int{50000, 50000, 50000, 50000}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			c := Stock()
			c.NtrdrQuirkRawOddSplit = r.odd
			var got []int
			for left := r.total; left > 0; left -= got[len(got)-1] {
				got = append(got, c.rawPart(left, r.total, 65535))
			}
			if diff := cmp.Diff(r.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}
