package indexlast_test

import (
	"slices"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/ntcache/rdr"
	"github.com/ntrdr/ntrdr/ntcache/rdr/indexlast"
)

// Ops of two files, the message and the key, in the order of their calls.
func write(seq, file uint64) rdr.Op {
	return rdr.Op{Seq: seq, Kind: rdr.OpWrite, File: file, Off: int64(seq) * 4096, Len: 4096}
}

func change(seq uint64, k rdr.OpKind, file uint64) rdr.Op {
	return rdr.Op{Seq: seq, Kind: k, File: file}
}

func sent(o rdr.Op) rdr.Op { o.Sent = true; return o }

func TestWhatIsSent(t *testing.T) {
	const message, key = 1, 2
	for name, tt := range map[string]struct {
		queue []rdr.Op
		want  []int
	}{
		"nothing":                           {nil, nil},
		"both files side by side":           {[]rdr.Op{write(1, message), write(2, key)}, []int{0, 1}},
		"the key waits for the message":     {[]rdr.Op{sent(write(1, message)), change(2, rdr.OpClose, key)}, nil},
		"and for its own data":              {[]rdr.Op{sent(write(1, key)), change(2, rdr.OpClose, key)}, nil},
		"not for what is written later":     {[]rdr.Op{change(1, rdr.OpClose, key), write(2, message)}, []int{0, 1}},
		"nor for another close":             {[]rdr.Op{sent(change(1, rdr.OpClose, message)), change(2, rdr.OpClose, key)}, []int{1}},
		"a lock is given back without wait": {[]rdr.Op{sent(write(1, message)), change(2, rdr.OpUnlock, key)}, []int{1}},
		"a name changes when it is alone":   {[]rdr.Op{sent(write(1, message)), change(2, rdr.OpRename, 0)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := indexlast.New().Next(rdr.NewQueue(rdr.Link{Request: 4096}, tt.queue...), time.Time{})
			if !slices.Equal(got, tt.want) {
				t.Errorf("sent %v, want %v", got, tt.want)
			}
		})
	}
}

func TestWhoWaits(t *testing.T) {
	earlier := write(1, 1)
	for kind, waits := range map[rdr.OpKind]bool{
		rdr.OpWrite: false, rdr.OpClose: false, rdr.OpUnlock: false, rdr.OpDelete: false,
		rdr.OpSetSize: true, rdr.OpOpen: true, rdr.OpRename: true, rdr.OpMkdir: true,
	} {
		call := change(2, kind, 1)
		p := indexlast.New()
		if p.Awaits(call, call) != waits || p.Awaits(call, earlier) {
			t.Errorf("kind %d: waits %v for its own answer, %v for an earlier write's", kind, p.Awaits(call, call), p.Awaits(call, earlier))
		}
	}
}
