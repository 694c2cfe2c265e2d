package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/trace"
)

// What the recorded trials of this file are about.
const (
	maiPath = `MAI\MA1\00000001.MAI`
	keyPath = `KEY\INQUEUE3.KEY`
	mbgPath = `MBG\INQUEUE3.MBG`
	maiFID  = 0x801
	keyFID  = 0x802
	size    = 32768
	chunk   = 8192
	unitLen = 4096
)

// script writes a trace as the machines record it.
type script struct {
	now    time.Duration
	mid    uint16
	events []trace.Event
}

func (s *script) add(actor string, e trace.Event) {
	e.At, e.Actor = s.now, actor
	s.events = append(s.events, e)
}

func (s *script) sleep(d time.Duration) { s.now += d }

// call is an application's call that takes d.
func (s *script) call(actor, op, path string, off, n int64, d time.Duration, status nt.Status) {
	s.add(actor, trace.Event{Kind: trace.AppCall, Op: op, Path: path, Off: off, Len: n})
	s.sleep(d)
	s.add(actor, trace.Event{Kind: trace.AppReturn, Op: op, Path: path, Off: off, Len: n, Status: uint32(status)})
}

// ask and answer are a request and its reply at the sender's workstation.
func (s *script) ask(op, path string, fid uint16, off, n int64) uint16 {
	s.mid++
	s.add("ws1", trace.Event{Kind: trace.SMBSend, Op: op, MID: s.mid, Path: path, FID: fid, Off: off, Len: n})
	return s.mid
}

func (s *script) answer(op string, mid, fid uint16, n int64) {
	s.add("ws1", trace.Event{Kind: trace.SMBRecv, Op: op, MID: mid, FID: fid, Len: n})
}

func (s *script) exchange(op, path string, fid uint16, off, n int64, d time.Duration) {
	mid := s.ask(op, path, fid, off, n)
	s.sleep(d)
	s.answer(op, mid, fid, n)
}

func (s *script) closed(path string, fid uint16, bytes int64) {
	s.add("po", trace.Event{Kind: trace.FileClosed, Path: path, FID: fid, Off: bytes})
}

func (s *script) step(n int, text string) {
	s.add("sender", trace.Event{Kind: trace.AppNote, Text: fmt.Sprintf("step %d: %s", n, text)})
}

// open goes as far as the creation of the message file.
func (s *script) open() {
	s.add("ws1", trace.Event{Kind: trace.CircuitUp, Text: "NT LM 0.12"})
	s.step(3, "opens the remote INQUEUE3.MBG and INQUEUE3.KEY")
	s.add("sender", trace.Event{Kind: trace.AppCall, Op: "open", Path: keyPath})
	s.exchange("NT_CREATE_ANDX", `\`+keyPath, keyFID, 0, 0, 300*time.Millisecond)
	s.add("sender", trace.Event{Kind: trace.AppReturn, Op: "open", Path: keyPath})
	s.step(4, "writes to the remote postoffice file")
	s.add("sender", trace.Event{Kind: trace.AppCall, Op: "create", Path: maiPath})
	s.exchange("NT_CREATE_ANDX", `\`+maiPath, maiFID, 0, 0, 300*time.Millisecond)
	s.add("sender", trace.Event{Kind: trace.AppReturn, Op: "create", Path: maiPath})
}

// look is one look of the Mailer; found says that mail is announced.
func (s *script) look(found bool, held int64) {
	s.call("mailer", "open", keyPath, 0, 0, time.Millisecond, nt.StatusSuccess)
	if found {
		s.call("mailer", "open", mbgPath, 0, 0, time.Millisecond, nt.StatusSuccess)
		s.call("mailer", "open", maiPath, 0, 0, time.Millisecond, nt.StatusSuccess)
		s.add("po", trace.Event{Kind: trace.FileState, Path: maiPath, Off: held, Len: 2})
		if held < size {
			s.add("mailer", trace.Event{
				Kind: trace.Verdict, Op: "[023]", Path: maiPath, Off: held, Len: size,
				Text: "Message was not delivered: message file was corrupted. reason=TRUNCATED: the rest is missing",
			})
		} else {
			s.add("mailer", trace.Event{Kind: trace.Verdict, Op: "delivered", Path: maiPath, Off: held, Len: size, Text: "message 00000001 delivered"})
		}
	}
	s.call("mailer", "close", keyPath, 0, 0, time.Millisecond, nt.StatusSuccess)
	s.closed(keyPath, 0x900, 560)
}

// announce is step 5; behind says that the calls return at once.
func (s *script) announce(behind bool) {
	s.step(5, "updates INQUEUE3.MBG and INQUEUE3.KEY and closes them")
	if behind {
		s.call("sender", "write", mbgPath, 0, 116, 0, nt.StatusSuccess)
		s.call("sender", "write", keyPath, 0, 560, 0, nt.StatusSuccess)
		s.call("sender", "close", keyPath, 0, 0, 0, nt.StatusSuccess)
		return
	}
	s.call("sender", "write", mbgPath, 0, 116, 250*time.Millisecond, nt.StatusSuccess)
	s.add("sender", trace.Event{Kind: trace.AppCall, Op: "write", Path: keyPath, Len: 560})
	s.exchange("WRITE_ANDX", "", keyFID, 0, 560, 350*time.Millisecond)
	s.add("sender", trace.Event{Kind: trace.AppReturn, Op: "write", Path: keyPath, Len: 560})
	s.call("sender", "close", keyPath, 0, 0, 0, nt.StatusSuccess)
	s.closeKey()
}

func (s *script) closeKey() {
	mid := s.ask("CLOSE", "", keyFID, 0, 0)
	s.sleep(100 * time.Millisecond)
	s.closed(keyPath, keyFID, 560)
	s.sleep(100 * time.Millisecond)
	s.answer("CLOSE", mid, 0, 0)
}

// stock is a trial of the stock policy: the KEY overtakes the message.
func stock() []trace.Event {
	s := &script{}
	s.look(false, 0)
	s.sleep(2 * time.Second)
	s.open()
	for off := int64(0); off < size; off += chunk {
		s.add("sender", trace.Event{Kind: trace.AppCall, Op: "write", Path: maiPath, Off: off, Len: chunk})
		s.add("ws1", trace.Event{Kind: trace.PageDirty, Path: maiPath, Off: off, Len: chunk})
		s.add("sender", trace.Event{Kind: trace.AppReturn, Op: "write", Path: maiPath, Off: off, Len: chunk})
	}
	s.call("sender", "close", maiPath, 0, 0, 0, nt.StatusSuccess)
	s.add("ws1", trace.Event{Kind: trace.FileFlush, Path: maiPath, Len: size, Text: "close"})
	s.exchange("WRITE_ANDX", "", maiFID, 0, unitLen, 1400*time.Millisecond)
	s.announce(true)
	s.exchange("WRITE_ANDX", "", keyFID, 0, 560, 300*time.Millisecond)
	s.closeKey()
	for off := int64(unitLen); off < size; off += unitLen {
		if off == 2*unitLen {
			s.look(true, off)
		}
		if off == 4*unitLen {
			s.add("link", trace.Event{Kind: trace.SegmentLost, Off: 44, Len: 1500})
			s.sleep(3 * time.Second)
		}
		s.exchange("WRITE_ANDX", "", maiFID, off, unitLen, 1400*time.Millisecond)
	}
	mid := s.ask("CLOSE", "", maiFID, 0, 0)
	s.closed(maiPath, maiFID, size)
	s.answer("CLOSE", mid, 0, 0)
	s.look(false, 0)
	return s.events
}

// fixed is the same trial with UseWriteBehind=0.
func fixed() []trace.Event {
	s := &script{}
	s.look(false, 0)
	s.sleep(2 * time.Second)
	s.open()
	for off := int64(0); off < size; off += chunk {
		s.add("sender", trace.Event{Kind: trace.AppCall, Op: "write", Path: maiPath, Off: off, Len: chunk})
		s.exchange("WRITE_ANDX", "", maiFID, off, unitLen, 1400*time.Millisecond)
		s.exchange("WRITE_ANDX", "", maiFID, off+unitLen, unitLen, 1400*time.Millisecond)
		s.add("sender", trace.Event{Kind: trace.AppReturn, Op: "write", Path: maiPath, Off: off, Len: chunk})
	}
	s.call("sender", "close", maiPath, 0, 0, 0, nt.StatusSuccess)
	s.announce(false)
	s.look(true, size)
	return s.events
}

// cut is a trial of the stock policy whose link fails while the message is on its way.
func cut() []trace.Event {
	s := &script{}
	s.open()
	s.add("sender", trace.Event{Kind: trace.AppCall, Op: "write", Path: maiPath, Len: size})
	s.add("sender", trace.Event{Kind: trace.AppReturn, Op: "write", Path: maiPath, Len: size})
	s.call("sender", "close", maiPath, 0, 0, 0, nt.StatusSuccess)
	s.exchange("WRITE_ANDX", "", maiFID, 0, unitLen, 1400*time.Millisecond)
	s.add("link", trace.Event{Kind: trace.LinkDown})
	s.ask("WRITE_ANDX", "", maiFID, unitLen, unitLen)
	s.sleep(47 * time.Second)
	s.add("ws1", trace.Event{Kind: trace.TimerFire, Op: "WRITE_ANDX", MID: s.mid})
	s.add("ws1", trace.Event{Kind: trace.CircuitDown, Text: "STATUS_IO_TIMEOUT"})
	s.add("ws1", trace.Event{Kind: trace.EventLog, Op: "Rdr", Off: 3013, Text: "The redirector has timed out a request to PO."})
	s.add("ws1", trace.Event{Kind: trace.FileLost, Path: maiPath, Len: size - unitLen})
	s.add("ws1", trace.Event{Kind: trace.Popup, Op: "System Process - Lost Delayed-Write Data", Path: maiPath})
	s.add("ws1", trace.Event{Kind: trace.EventLog, Op: "Application Popup", Off: 26, Text: "System process-lost delayed write data: ..."})
	s.call("sender", "open", mbgPath, 0, 0, 45*time.Second, nt.StatusBadNetworkPath)
	s.add("link", trace.Event{Kind: trace.LinkUp})
	s.add("ws1", trace.Event{Kind: trace.CircuitUp, Text: "NT LM 0.12"})
	s.add("sender", trace.Event{Kind: trace.Verdict, Op: "[005]", Text: "Mail retry count exceeded sending to: NET /HQ"})
	return s.events
}

// said is a story as "seconds who: text" lines, the key ones with a star.
func said(s *Story) string {
	var out strings.Builder
	for _, m := range s.Moments {
		star := " "
		if m.Key {
			star = "*"
		}
		fmt.Fprintf(&out, "%s%s %s: %s [%d/%d]\n", star, clock(m.At), m.Who, m.Text, m.Held, m.Total)
	}
	return out.String()
}

func TestStories(t *testing.T) {
	for name, events := range map[string][]trace.Event{"stock": stock(), "fixed": fixed(), "cut": cut()} {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".story", said(Tell(Run{Title: name, Events: events})))
		})
	}
}

// A live run has no word of the server: the sender's end tells the same of it.
func TestStoryWithoutServer(t *testing.T) {
	var events []trace.Event
	for _, e := range stock() {
		if e.Actor != "po" && e.Actor != "link" {
			events = append(events, e)
		}
	}
	got, want := Tell(Run{Events: events}).Facts, Tell(Run{Events: stock()}).Facts
	if got.Announced == nil || *got.Announced-*want.Announced != 100*time.Millisecond {
		t.Errorf("announced at %v with the server's word, %v without", want.Announced, got.Announced)
	}
	got.Announced, want.Announced = nil, nil
	want.PacketsLost = 0
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("with the server -, without +:\n%s", diff)
	}
}

func TestFacts(t *testing.T) {
	ms := func(n int) *time.Duration {
		d := time.Duration(n) * time.Millisecond
		return &d
	}
	got := Tell(Run{Events: stock()}).Facts
	want := Facts{
		MessageFile: "00000001.MAI", Size: size, Told: ms(4002), Announced: ms(4402), HeldThen: unitLen,
		LastWrite: ms(17306), Looked: ms(5905), HeldAtLook: 2 * unitLen, Verdict: "[023]", VerdictAt: ms(5905), PacketsLost: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// What is essential is there and stays when rows are folded.
func TestEssentialMoments(t *testing.T) {
	moments := Fold(Tell(Run{Events: stock()}).Moments)
	for _, want := range []string{
		"INQUEUE3.KEY is closed: the mail is announced. The message file has 4096 of 32768 bytes",
		"looks: mail is announced; the message file has 8192 of 32768 bytes",
		"[023] Message was not delivered: message file was corrupted. (8192 of 32768 bytes)",
		"gets the last WRITE of the message file: 32768 of 32768 bytes, too late: the mail was announced before",
	} {
		found := false
		for _, m := range moments {
			found = found || m.Key && m.Text == want
		}
		if !found {
			t.Errorf("the story lacks %q", want)
		}
	}
}

// A trace of unknown things, in any order, is told without a panic.
func TestStrangeTraces(t *testing.T) {
	var events []trace.Event
	for kind := range trace.TaskPanic + 5 {
		for _, actor := range []string{"", "ws1", "sender", "x"} {
			events = append(events, trace.Event{Kind: kind, Actor: actor, Path: maiPath, Op: "close", Off: -1, Len: -1})
		}
	}
	Tell(Run{Events: events})
	for i := range events {
		Tell(Run{Events: events[i : i+1]})
	}
	if got := Tell(Run{Title: "a"}); len(got.Moments) != 0 || got.Title != "a" {
		t.Errorf("nothing happened, and got %+v", got)
	}
}

// The mail is announced when the KEY that the sender has written is closed, by
// nobody else and not before.
func TestWhatAnnounces(t *testing.T) {
	tests := []struct {
		name string
		play func(s *script)
		want bool
	}{
		{"the sender's close after its write", func(s *script) {
			s.exchange("WRITE_ANDX", "", keyFID, 0, 560, 0)
			s.closed(keyPath, keyFID, 560)
		}, true},
		{"the sender's close without a write", func(s *script) { s.closed(keyPath, keyFID, 560) }, false},
		{"somebody else's close", func(s *script) {
			s.exchange("WRITE_ANDX", "", keyFID, 0, 560, 0)
			s.closed(keyPath, 0x900, 560)
		}, false},
		{"the server's close after the circuit broke", func(s *script) {
			s.exchange("WRITE_ANDX", "", keyFID, 0, 560, 0)
			s.add("ws1", trace.Event{Kind: trace.CircuitDown, Text: "reset"})
			s.closed(keyPath, keyFID, 560)
		}, true},
		{"the same FID at another workstation", func(s *script) {
			s.add("ws2", trace.Event{Kind: trace.SMBSend, Op: "WRITE_ANDX", MID: 99, FID: keyFID, Len: 560})
			s.closed(keyPath, keyFID, 560)
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{}
			s.open()
			tt.play(s)
			if got := Tell(Run{Events: s.events}).Facts.Announced != nil; got != tt.want {
				t.Errorf("announced: got %v, want %v", got, tt.want)
			}
		})
	}
}

// Another attempt starts from an empty message file.
func TestAnotherAttempt(t *testing.T) {
	s := &script{}
	s.open()
	s.call("sender", "write", maiPath, 0, unitLen, 0, nt.StatusSuccess)
	s.exchange("WRITE_ANDX", "", maiFID, 0, unitLen, time.Second)
	s.call("sender", "write", maiPath, unitLen, unitLen, time.Second, nt.StatusIOTimeout)
	s.call("sender", "close", keyPath, 0, 0, 0, nt.StatusSuccess)
	const again = `MAI\MA2\00000002.MAI`
	s.add("sender", trace.Event{Kind: trace.AppCall, Op: "create", Path: again})
	s.exchange("NT_CREATE_ANDX", again, 0x803, 0, 0, time.Second)
	s.add("sender", trace.Event{Kind: trace.AppReturn, Op: "create", Path: again})
	s.call("sender", "write", again, 0, chunk, 0, nt.StatusSuccess)
	s.exchange("WRITE_ANDX", "", 0x803, 0, chunk, time.Second)
	story := Tell(Run{Events: s.events})
	want := []Level{{600 * time.Millisecond, 0}, {1600 * time.Millisecond, unitLen}, {3600 * time.Millisecond, 0}, {4600 * time.Millisecond, chunk}}
	if diff := cmp.Diff(want, story.Held); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if f := story.Facts; f.MessageFile != "00000002.MAI" || f.Size != chunk || f.Told != nil || *f.LastWrite != 4600*time.Millisecond {
		t.Errorf("got %+v", f)
	}
}

// A program that is not of mail is told of by its calls, and by what the server has done
// for it; what the reader sees again and again is told in short.
func TestStoryOfAnotherProgram(t *testing.T) {
	s := &script{}
	s.call("app", "open", `NEW.TMP`, 0, 0, 50*time.Millisecond, nt.StatusSuccess)
	s.exchange("NT_CREATE_ANDX", `\NEW.TMP`, 0x801, 0, 0, 0)
	s.call("app", "write", `NEW.TMP`, 0, 4096, 0, nt.StatusSuccess)
	s.call("app", "close", `NEW.TMP`, 0, 0, 0, nt.StatusSuccess)
	s.call("app", "rename", `NEW.TMP`, 0, 0, 0, nt.StatusUnexpectedNetworkError)
	s.exchange("WRITE_ANDX", "", 0x801, 0, 4096, time.Second)
	s.exchange("CLOSE", "", 0x801, 0, 0, time.Second)
	s.exchange("DELETE", `\OLD.DOC`, 0, 0, 0, time.Second)
	for range 5 {
		s.add("look", trace.Event{Kind: trace.Verdict, Op: "missing", Text: "MISSING: OLD.DOC is not there"})
		s.sleep(time.Second)
	}
	story := Tell(Run{Events: s.events})
	var got []string
	for _, m := range Fold(story.Moments) {
		got = append(got, m.Who.String()+" "+m.Text)
	}
	want := []string{
		"program opens NEW.TMP: told so after 0.05 s",
		`program writes 4096 bytes of NEW.TMP: told "written" at once`,
		"program closes NEW.TMP: told so at once",
		"program cannot rename NEW.TMP: error 59, STATUS_UNEXPECTED_NETWORK_ERROR",
		"server has 4096 bytes of NEW.TMP from 0 on",
		"server has closed NEW.TMP",
		"server has deleted OLD.DOC",
		"reader MISSING: OLD.DOC is not there",
		"reader still: MISSING: OLD.DOC is not there",
		"reader ... 2 more looks (until 6.05 s)",
		"reader still: MISSING: OLD.DOC is not there",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if f := story.Facts; !story.Plain || f.WentOn == nil || *f.WentOn != 50*time.Millisecond || f.LastChange == nil || *f.LastChange != 3050*time.Millisecond {
		t.Errorf("went on %v, last change %v", f.WentOn, f.LastChange)
	}
}

// Where the first call of such a program fails, the page is still of no mail.
func TestPageOfAProgramThatGetsNowhere(t *testing.T) {
	s := &script{}
	s.call("app", "open", `NEW.TMP`, 0, 0, time.Second, nt.StatusUnexpectedNetworkError)
	var out strings.Builder
	if err := HTML(&out, []Run{{Title: "nt351", Events: s.events}}); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	for _, want := range []string{">program</text>", ">reader</text>", "<th>the program went on</th><td>never</td>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, not := range []string{">sender</text>", ">Mailer</text>", "mail announced"} {
		if strings.Contains(page, not) {
			t.Errorf("the page has %q", not)
		}
	}
}
