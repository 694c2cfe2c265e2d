package simlink_test

import (
	"testing"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/simlink"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
)

// BenchmarkTransfer sends 64 KB in messages of 4 KB over ras-28.8 at 2 % loss: a
// new kernel, link and connection each time.
func BenchmarkTransfer(b *testing.B) {
	p, err := link.ByName("ras-28.8")
	if err != nil {
		b.Fatal(err)
	}
	pool := simrt.NewPool()
	defer pool.Close()
	b.ReportAllocs()
	var packets int64
	for seed := range b.N {
		k := simrt.New(simrt.Options{Seed: uint64(seed), Pool: pool, WallLimit: -1})
		out := k.RunTask("transfer", func() { packets += transfer(b, k, p) })
		if out.Err() != nil {
			b.Fatal(out.Err())
		}
		k.Close()
	}
	b.ReportMetric(float64(packets)/float64(b.N), "packets/op")
}

func transfer(b *testing.B, k *simrt.Kernel, p link.Profile) int64 {
	l, err := simlink.New(k, p, simlink.Options{Loss: 0.02})
	if err != nil {
		b.Fatal(err)
	}
	listener := l.Listener()
	done := k.NewEvent(rt.Notification)
	k.Go("server", func() {
		defer done.Set()
		for c, err := listener.Accept(); err == nil; {
			_, err = c.Recv()
		}
	})
	c, err := l.Dialer().Dial(rt.Forever)
	if err != nil {
		return 0
	}
	msg := make([]byte, 4096-link.FrameHeaderLen)
	for range 16 {
		if c.Send(msg) != nil {
			break
		}
	}
	_ = c.Close()
	done.Wait(10 * 60 * second)
	s := l.Stats()
	return s.Up.Packets + s.Down.Packets
}
