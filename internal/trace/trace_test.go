package trace_test

import (
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/trace"
)

// clock is a time that the test moves.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func (c *clock) Elapsed() time.Duration { return time.Duration(c.now.UnixNano()) }

func record(events ...trace.Event) *trace.Recorder {
	c := &clock{now: time.Unix(0, 0)}
	r := trace.NewRecorder(c, nil, true)
	a := r.Actor("ws1")
	for _, e := range events {
		c.now = c.now.Add(1500 * time.Millisecond)
		a.Emit(e)
	}
	return r
}

func TestOneLineText(t *testing.T) {
	rows := []struct {
		e    trace.Event
		want string
	}{
		{
			trace.Event{Kind: trace.SMBSend, Op: "WRITE_ANDX", MID: 5, FID: 0x801, Off: 4096, Len: 512},
			"1.500000 ws1 send WRITE_ANDX mid=5 fid=0x0801 off=4096 len=512",
		},
		{
			trace.Event{Kind: trace.AppReturn, Op: "open", Path: `MAI\MA1\a b.MAI`, Status: 0xC0000043},
			`1.500000 ws1 return open path="MAI\\MA1\\a b.MAI" status=0xC0000043`,
		},
		{trace.Event{Kind: trace.AppNote, Text: "two\nlines"}, `1.500000 ws1 note "two\nlines"`},
		{trace.Event{Kind: 200}, "1.500000 ws1 kind200"},
	}
	for _, r := range rows {
		if got := record(r.e).Events()[0].String(); got != r.want {
			t.Errorf("got  %s\nwant %s", got, r.want)
		}
	}
}

// After Only nothing but what was asked for is recorded, and nobody is asked to say more.
func TestOnlyWhatIsWantedReachesTheWatcher(t *testing.T) {
	r := trace.NewRecorder(&clock{now: time.Unix(0, 0)}, nil, true)
	r.Only(func(actor string, k trace.Kind) bool { return actor == "ws1" && k == trace.SMBSend })
	var got []string
	r.Watch(func(e trace.Event) { got = append(got, e.String()) })
	ws1, ws2 := r.Actor("ws1"), r.Actor("ws2")
	for _, a := range []*trace.Actor{ws1, ws2, nil} {
		for _, k := range []trace.Kind{trace.SMBSend, trace.SMBRecv, 200} {
			a.Emit(trace.Event{Kind: k})
			if want := a == ws1 && k == trace.SMBSend; a.Wants(k) != want {
				t.Errorf("%s wants %v: %v", a.Name(), k, !want)
			}
		}
	}
	if len(got) != 1 || got[0] != "0.000000 ws1 send" {
		t.Errorf("watched %q", got)
	}
	if len(r.Events()) != 0 || r.Checksum() != "" {
		t.Errorf("%d events, checksum %q; want none", len(r.Events()), r.Checksum())
	}
	if full := trace.NewRecorder(&clock{}, nil, true).Actor("ws1"); !full.Wants(trace.SMBRecv) || !full.Wants(200) {
		t.Error("a full trace does not want everything")
	}
}

func TestChecksumTellsEveryFieldAndTheOrder(t *testing.T) {
	base := trace.Event{Kind: trace.SMBSend, Op: "A", Path: "B", Off: 1, Len: 2, FID: 3, MID: 4, Status: 5, Text: "C"}
	change := map[string]func(*trace.Event){
		"kind": func(e *trace.Event) { e.Kind = trace.SMBRecv }, "op": func(e *trace.Event) { e.Op = "X" },
		"path": func(e *trace.Event) { e.Path = "X" }, "off": func(e *trace.Event) { e.Off = 9 },
		"len": func(e *trace.Event) { e.Len = 9 }, "fid": func(e *trace.Event) { e.FID = 9 },
		"mid": func(e *trace.Event) { e.MID = 9 }, "status": func(e *trace.Event) { e.Status = 9 },
		"text": func(e *trace.Event) { e.Text = "X" }, "split": func(e *trace.Event) { e.Op, e.Path = "AB", "" },
	}
	want := record(base, base).Checksum()
	if again := record(base, base).Checksum(); again != want {
		t.Errorf("the same events give %s and %s", want, again)
	}
	for name, f := range change {
		e := base
		f(&e)
		if record(base, e).Checksum() == want || record(e, base).Checksum() == record(base, e).Checksum() {
			t.Errorf("%s: the checksum does not tell the difference", name)
		}
	}
}

func TestANilActorRecordsNothing(t *testing.T) {
	var a *trace.Actor
	a.Emit(trace.Event{Kind: trace.AppNote})
	if a.Name() != "" {
		t.Errorf("name %q", a.Name())
	}
}
