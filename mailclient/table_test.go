package mailclient

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// victim is a message with two attachments in a mailbag: for the Mailer's column it waits
// in INQUEUE3, for the client's it has been delivered to Bob.
type victim struct {
	*world
	bag string
	id  ID
}

func (v *victim) data(path string) []byte        { return v.remote.files[path].data }
func (v *victim) set(path string, b []byte)      { v.remote.files[path].data = b }
func (v *victim) gone(path string)               { delete(v.remote.files, path) }
func (v *victim) cut(path string, n int)         { v.truncate(path, n) }
func (v *victim) zero(path string, from, to int) { clear(v.data(path)[from:to]) }
func (v *victim) hold(path string, s nt.ShareAccess) {
	_, err := v.remote.Open(path, nt.CreateParams{Access: readWrite, Share: s, Disposition: nt.FileOpen})
	v.ok(err)
}

// drop takes one field out of the message file; length and checksum stay right.
func (v *victim) drop(field byte) {
	b := slices.Clone(v.data(MAIPath(v.id)))
	r := &elements{b: b[maiHeadLen:], off: maiHeadLen}
	for {
		from := r.off
		e, err := r.next("field")
		v.ok(err)
		if e.id == elemField && e.qualifier == field {
			b = slices.Delete(b, int(from), int(r.off))
			break
		}
	}
	n := len(b) - maiFrameLen
	b[maiLenOff], b[maiLenOff+1], b[maiLenOff+2] = byte(n>>16), byte(n>>8), byte(n)
	binary.LittleEndian.PutUint32(b[maiSumOff:], maiChecksum(b))
	v.set(MAIPath(v.id), b)
}

// verdictTable is the table that decides what becomes of a message, row by row: what
// the Mailer answers within three cycles, and what the client shows. "-" is for a test
// that the agent does not make.
var verdictTable = []struct {
	row, name      string
	damage         func(v *victim)
	mailer, client string
}{
	{"KEY or MBG", "KEY missing", func(v *victim) { v.gone(KeyPath(v.bag)) }, "[001] MISSING, skipped 3 times", "Error in mail header retrieval"},
	{"KEY or MBG", "MBG missing", func(v *victim) { v.gone(MBGPath(v.bag)) }, "[001] MISSING, skipped 3 times", "Error in mail header retrieval"},
	{"KEY or MBG", "KEY of 559 bytes", func(v *victim) { v.cut(KeyPath(v.bag), 559) }, "[001] SIZE, skipped 3 times", "Error in mail header retrieval"},
	{"KEY or MBG", "MBG of 115 bytes", func(v *victim) { v.cut(MBGPath(v.bag), 115) }, "[001] SIZE, skipped 3 times", "Error in mail header retrieval"},

	{"KEY open", "KEY open elsewhere", func(v *victim) { v.hold(KeyPath(v.bag), nt.ShareNone) }, ", skipped 3 times", "busy for 4s"},

	{"P1", "not found", func(v *victim) { v.gone(P1Path(v.id)) }, "[021] MISSING", "-"},
	{"P1", "bad magic", func(v *victim) { v.data(P1Path(v.id))[0] = 'X' }, "[024] FIELD", "-"},
	{"P1", "short", func(v *victim) { v.cut(P1Path(v.id), 25) }, "[024] TRUNCATED", "-"},
	{"P1", "long", func(v *victim) { v.set(P1Path(v.id), append(v.data(P1Path(v.id)), 0)) }, "[024] TRAILING", "-"},
	{"P1", "checksum", func(v *victim) { v.data(P1Path(v.id))[p1HeadLen+3] ^= 1 }, "[024] CHECKSUM", "-"},
	{"P1", "no recipients", func(v *victim) {
		v.set(P1Path(v.id), (&Envelope{MAI: v.id, Rcpts: []Rcpt{{RcptFrom, ann}}}).Encode())
	}, "[024] NORCPT", "-"},

	{"MAI missing", "not found", func(v *victim) { v.gone(MAIPath(v.id)) }, "[016] MISSING", "MAIL SYSTEM ERROR MISSING"},

	{"MAI denied", "open, shares nothing", func(v *victim) { v.hold(MAIPath(v.id), nt.ShareNone) }, "[012] DENIED after 3 cycles", "MAIL SYSTEM ERROR CHECKSUM"},

	{"MAI head", "empty", func(v *victim) { v.cut(MAIPath(v.id), 0) }, "[023] TRUNCATED", "MAIL SYSTEM ERROR TRUNCATED"},
	{"MAI head", "42 bytes", func(v *victim) { v.cut(MAIPath(v.id), 0x2A) }, "[023] TRUNCATED", "MAIL SYSTEM ERROR TRUNCATED"},
	{"MAI head", "first identifier", func(v *victim) { v.data(MAIPath(v.id))[0] = 0 }, "[023] TLV", "MAIL SYSTEM ERROR TLV"},

	{"MAI length", "short", func(v *victim) { v.cut(MAIPath(v.id), 8192) }, "[023] TRUNCATED", "MAIL SYSTEM ERROR TRUNCATED"},
	{"MAI length", "long", func(v *victim) { v.set(MAIPath(v.id), append(v.data(MAIPath(v.id)), 0)) }, "[023] TRAILING", "MAIL SYSTEM ERROR TRAILING"},

	{"MAI elements", "child overruns its parent", func(v *victim) { v.data(MAIPath(v.id))[0x2C] = 0x7F }, "[023] TLV", "MAIL SYSTEM ERROR TLV"},
	{"MAI elements", "no From", func(v *victim) { v.drop(fieldFrom) }, "[023] TLV", "MAIL SYSTEM ERROR TLV"},
	{"MAI elements", "no To", func(v *victim) { v.drop(fieldTo) }, "[023] TLV", "MAIL SYSTEM ERROR TLV"},
	{"MAI elements", "no Posted-Date", func(v *victim) { v.drop(fieldPosted) }, "[023] TLV", "MAIL SYSTEM ERROR TLV"},

	{"MAI checksum", "hole of zeros", func(v *victim) { v.zero(MAIPath(v.id), 8192, 12288) }, "[023] CHECKSUM", "MAIL SYSTEM ERROR CHECKSUM"},
	{"MAI checksum", "torn page", func(v *victim) {
		b := v.data(MAIPath(v.id))
		copy(b[12288:16384], b[8192:12288])
	}, "[023] CHECKSUM", "MAIL SYSTEM ERROR CHECKSUM"},

	{"MBG against MAI", "size", func(v *victim) { v.data(MBGPath(v.bag))[recSize]++ }, "[023] HEADER", "whole, warned"},
	{"MBG against MAI", "checksum", func(v *victim) { v.data(MBGPath(v.bag))[recCRC]++ }, "[023] HEADER", "whole, warned"},

	{"ATT", "missing", func(v *victim) { v.gone(ATTPath(v.id - 1)) }, "[018] MISSING", "attachment error MISSING"},
	{"ATT", "short", func(v *victim) { v.cut(ATTPath(v.id-2), 10) }, "[018] SHORT", "attachment error SHORT"},
	{"ATT", "checksum", func(v *victim) { v.zero(ATTPath(v.id-2), 0, 10) }, "[018] CHECKSUM", "attachment error CHECKSUM"},

	{"recipient", "unknown", func(v *victim) { v.put(accessPath, encodeUsers([]Mailbag{{"CYD", 2}})) }, "[002] MISSING", "-"},
	{"recipient", "mailbag full", func(v *victim) {
		v.put(KeyPath(bagBob), (&Key{Slots: MaxSlots, Live: MaxSlots}).Encode())
		v.put(MBGPath(bagBob), make([]byte, MaxSlots*RecordSize))
	}, "[017] SIZE", "-"},
	{"recipient", "mailbag in use", func(v *victim) { v.hold(KeyPath(bagBob), nt.ShareNone) }, "[008] DENIED after 3 cycles", "-"},

	{"none", "nothing wrong", func(*victim) {}, "delivered", "whole"},
}

func TestVerdictTable(t *testing.T) {
	for _, tt := range verdictTable {
		t.Run(tt.row+"/"+tt.name+"/Mailer", func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.sendDamaged(func(w *world) { tt.damage(&victim{w, Inqueue, 3}) })
				if got := w.threeCycles(); got != tt.mailer {
					t.Errorf("Mailer: %q, want %q", got, tt.mailer)
				}
			})
		})
		t.Run(tt.row+"/"+tt.name+"/client", func(t *testing.T) {
			if tt.client == "-" {
				t.Log("the client does not look at it")
				return
			}
			inWorld(t, func(w *world) {
				w.sendDamaged(func(w *world) { w.cycle() })
				tt.damage(&victim{w, bagBob, 3})
				if got := w.reads(DefaultReaderConfig()); got != tt.client {
					t.Errorf("client: %q, want %q", got, tt.client)
				}
			})
		})
	}
}

// threeCycles says what became of the one message in INQUEUE3.
func (w *world) threeCycles() string {
	skipped, cycles := 0, 0
	for range 3 {
		cycles++
		if w.cycle().Skipped != "" {
			skipped++
		} else if len(w.verdicts) > 0 {
			break
		}
	}
	s := strings.Join(w.codes(), ", ")
	if skipped > 0 {
		s += fmt.Sprintf(", skipped %d times", skipped)
	} else if cycles > 1 {
		s += fmt.Sprintf(" after %d cycles", cycles)
	}
	return s
}

// reads says what Bob's client shows of the one message in his mailbag.
func (w *world) reads(cfg ReaderConfig) string {
	cfg.Runtime, cfg.PO, cfg.Mailbox = w.k, w.remote, "BOB"
	r, err := NewReader(cfg)
	w.ok(err)
	start := w.k.Now()
	in, err := r.Read()
	switch {
	case isDenied(err):
		return fmt.Sprintf("busy for %v", w.k.Now().Sub(start))
	case err != nil:
		head, _, _ := strings.Cut(err.Error(), ":")
		return head
	case len(in) == 0:
		return fmt.Sprintf("nothing after %v", w.k.Now().Sub(start))
	}
	switch it := in[0]; {
	case it.Whole && it.Detail != "":
		return "whole, warned"
	case it.Whole:
		return "whole"
	case it.Text == MailSystemError:
		return "MAIL SYSTEM ERROR " + string(it.Reason)
	default:
		return "attachment error " + string(it.Reason)
	}
}

// A message file that is locked exclusively: the client before 3.2 takes its size for 0
// and the message for damaged, a later one backs off and tries again.
//
// src: KB Q107756
func TestClientOfLockedMessage(t *testing.T) {
	for _, tt := range []struct {
		before32 bool
		freed    time.Duration // 0: never
		want     string
	}{
		{true, 0, "MAIL SYSTEM ERROR CHECKSUM"},
		{true, time.Second, "MAIL SYSTEM ERROR CHECKSUM"},
		{false, 0, "nothing after 4s"},
		{false, time.Second, "whole"},
		{false, 3 * time.Second, "whole"},
	} {
		inWorld(t, func(w *world) {
			w.send(w.message())
			w.cycle()
			f, err := w.remote.Open(MAIPath(1), openUpdate)
			w.ok(err)
			if tt.freed > 0 {
				w.k.AfterFunc(tt.freed, func() { f.Close() })
			}
			cfg := DefaultReaderConfig()
			cfg.LockedIsEmpty = tt.before32
			if got := w.reads(cfg); got != tt.want {
				t.Errorf("before 3.2: %v, freed after %v: %q, want %q", tt.before32, tt.freed, got, tt.want)
			}
		})
	}
}
