package mailclient

import (
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// posted is the minute of the KB Q108027 dump.
var posted = time.Date(1993, time.October, 8, 16, 25, 0, 0, time.UTC)

func sampleKey() *Key {
	k := &Key{}
	for range 12 {
		slot, _ := k.FreeSlot()
		k.Add(slot)
	}
	for _, slot := range []int{0, 3, 9} {
		k.Remove(slot)
	}
	return k
}

func sampleRecord() *Record {
	return &Record{
		Flags: RecordHasP1 | RecordAttachments, Sender: "Martian", Subject: "This is the subject", Posted: posted,
		Priority: 3, MAI: 0x62, ATTs: 1, Size: 552, Hours: usefulLife, CRC: 0x005BC998,
	}
}

func sampleMAI() *MAI {
	return &MAI{
		RefCount: 300, Hops: hopCount, Vendor37: hopCount, From: ann, To: []Address{bob, cyd}, Cc: []Address{ann},
		Posted: posted, Priority: 1, Subject: "This is the subject",
		Attachments: []AttachmentRef{{ID: 0x61, Size: 5, CRC: 0x12345678, Name: "PLAN.XLS"}},
		Text:        []byte("Dear Bob,\r\n"),
	}
}

func sampleEnvelope() *Envelope {
	return &Envelope{MAI: 0x278, Rcpts: []Rcpt{{RcptFrom, ann}, {RcptTo, bob}, {RcptCc, cyd}}}
}

// codec is one file format: a value, its bytes, and the way back.
type codec struct {
	name   string
	value  any
	encode func(any) []byte
	parse  func([]byte) (any, error)
}

func mustMAI(v any) []byte {
	b, err := v.(*MAI).Encode()
	if err != nil {
		panic(err)
	}
	return b
}

var codecs = []codec{
	{"key", sampleKey(), func(v any) []byte { return v.(*Key).Encode() }, func(b []byte) (any, error) { return ParseKey("KEY", b) }},
	{
		"record", sampleRecord(),
		func(v any) []byte { return v.(*Record).Encode() },
		func(b []byte) (any, error) { return ParseRecord("MBG", 0, b) },
	},
	{"mai", sampleMAI(), mustMAI, func(b []byte) (any, error) { return ParseMAI("MAI", b) }},
	{
		"p1", sampleEnvelope(),
		func(v any) []byte { return v.(*Envelope).Encode() },
		func(b []byte) (any, error) { return ParseEnvelope("P1", b) },
	},
	{
		"control", &Control{Mailbag: 7, Letter: 0x279},
		func(v any) []byte { return v.(*Control).Encode() },
		func(b []byte) (any, error) { return ParseControl(b) },
	},
	{
		"master", &Master{Network: "NET", PO: "BRANCH"},
		func(v any) []byte { return v.(*Master).Encode() },
		func(b []byte) (any, error) { return ParseMaster(b) },
	},
	{
		"access2",
		[]Mailbag{{"BOB", 1}, {"TENLETTERS", 0xABCDEF}},
		func(v any) []byte { return encodeUsers(v.([]Mailbag)) },
		func(b []byte) (any, error) { return parseUsers(b) },
	},
	{
		"netpo",
		[]External{{"NET", "HQ", 3}, {"TENLETTERS", "TENLETTERS", 4}},
		func(v any) []byte { return encodeExternals(v.([]External)) },
		func(b []byte) (any, error) { return parseExternals(b) },
	},
	{
		"group",
		[]Mailbag{{"STAFF", 4}, {"TENLETTERS", 0xABCDEF}},
		func(v any) []byte { return encodeGroups(v.([]Mailbag)) },
		func(b []byte) (any, error) { return parseGroups(b) },
	},
	{
		"mem",
		[]ID{1, 2, 0xABCDEF},
		func(v any) []byte { return encodeMembers(v.([]ID)) },
		func(b []byte) (any, error) { return parseMembers("MEM", b) },
	},
	{"route", routedMAI(), mustMAI, func(b []byte) (any, error) { return ParseMAI("MAI", b) }},
}

// routedMAI is a message that two postoffices have forwarded.
func routedMAI() *MAI {
	m := sampleMAI()
	m.Hops, m.Route = hopCount-2, []string{"NET/HUB01", "TENLETTERS/TENLETTERS"}
	return m
}

// What is written reads back, and the bytes are those of the golden files.
func TestCodecsRoundTrip(t *testing.T) {
	for _, c := range codecs {
		t.Run(c.name, func(t *testing.T) {
			b := c.encode(c.value)
			golden(t, c.name+".hex", hex.Dump(b))
			got, err := c.parse(b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, c.value, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("parsed (-got +want):\n%s", diff)
			}
			if diff := cmp.Diff(c.encode(got), b); diff != "" {
				t.Errorf("encoded again (-got +want):\n%s", diff)
			}
		})
	}
}

// No proper prefix of a file is a file, and none with something behind it.
func TestCodecsRejectOtherLengths(t *testing.T) {
	for _, c := range codecs {
		t.Run(c.name, func(t *testing.T) {
			b := c.encode(c.value)
			for n := range len(b) {
				if c.name == "access2" && n%accessRecord == 0 || c.name == "mem" && n%memRecord == 0 {
					continue // fewer records
				}
				_, err := c.parse(b[:n])
				if _, ok := errors.AsType[*FormatError](err); !ok {
					t.Fatalf("prefix of %d bytes: %v, want a FormatError", n, err)
				}
			}
			if _, err := c.parse(append(b, 0)); reasonOf(err) == ReasonNone {
				t.Errorf("one byte more: %v, want a FormatError", err)
			}
		})
	}
}

// Every byte of a message file and of an envelope counts, but for the reference counter.
func TestCodecsDetectAnyFlippedBit(t *testing.T) {
	for _, c := range codecs {
		if c.name != "mai" && c.name != "p1" {
			continue
		}
		b := c.encode(c.value)
		for i := range b {
			b[i] ^= 0x10
			_, err := c.parse(b)
			b[i] ^= 0x10
			if isCounter := c.name == "mai" && (i == maiRefOff || i == maiRefOff+1); (err == nil) != isCounter {
				t.Errorf("%s with byte 0x%X changed: %v", c.name, i, err)
			}
		}
	}
}

// FuzzCodecs: nothing panics, and what parses encodes to something that parses to the same.
func FuzzCodecs(f *testing.F) {
	for i, c := range codecs {
		f.Add(uint8(i), c.encode(c.value))
	}
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		c := codecs[int(which)%len(codecs)]
		v, err := c.parse(b)
		if err != nil {
			if reasonOf(err) == ReasonNone {
				t.Fatalf("%v: not a FormatError", err)
			}
			return
		}
		again, err := c.parse(c.encode(v))
		if err != nil {
			t.Fatalf("%v does not parse again: %v", v, err)
		}
		if diff := cmp.Diff(again, v, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("second reading (-got +want):\n%s", diff)
		}
	})
}

// FuzzMAIFields gives the element parser arbitrary contents behind a good head.
func FuzzMAIFields(f *testing.F) {
	f.Add(mustMAI(sampleMAI())[maiHeadLen:])
	f.Fuzz(func(t *testing.T, b []byte) {
		m := &MAI{}
		if err := m.parseFields(&elements{file: "MAI", b: b, off: maiHeadLen}); err != nil {
			return
		}
		if _, err := ParseMAI("MAI", mustMAI(m)); err != nil {
			t.Fatalf("%+v does not parse again: %v", m, err)
		}
	})
}

// The documented places of a message file.
func TestMAIOffsets(t *testing.T) {
	b := mustMAI(sampleMAI())
	got := hex.EncodeToString(b[:maiHeadLen+2])
	want := "4d83" + "0000c7" + "01" + // Message, its length, FIPS standard
		"7f053120022c01" + // 300 mailbags, at 0x0B
		"7f053220020200" + "7f053320020a00" + "7f053720020a00" + // KB Q104423
		"7f07402004" + hex.EncodeToString(b[maiSumOff:maiHeadLen]) + // checksum
		"4c0d" // From
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("head (-got +want):\n%s", diff)
	}
}

// A message file has exactly the size asked for, across every width of length code.
func TestExactFileSize(t *testing.T) {
	m := Message{From: ann, To: []Address{bob}, Subject: "budget", Text: "Dear Bob,\r\n"}
	for _, size := range []int{150, 151, 255, 256, 300, 383, 384, 4096, 8192, 32768, 65535, 65536, 65700, 1 << 20} {
		m.FileSize = size
		f, err := m.build(nil, "<HQ.1>", posted, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(mustMAI(f)); got != size {
			t.Errorf("%d bytes, want %d", got, size)
		}
	}
	for _, size := range []int{1, 100, maxMAI + 1} {
		m.FileSize = size
		if _, err := m.build(nil, "<HQ.1>", posted, 1); err == nil {
			t.Errorf("%d bytes: no error", size)
		}
	}
}

// The token survives the 40 characters of a record.
func TestToken(t *testing.T) {
	tests := map[string]Token{
		withToken("short", "<HQ.1>"): "<HQ.1>",
		withToken("", "<HQ.1>"):      "<HQ.1>",
		withToken("a subject that is much longer than a record can hold", "<HQ.00000001>"): "<HQ.00000001>",
		"a < b": "", "no token": "", "<one> and <two>": "<two>", "<": "", "": "",
	}
	for subject, want := range tests {
		if got := TokenOf(subject); got != want || len(subject) > maxSubject {
			t.Errorf("token of %q: %q, want %q", subject, got, want)
		}
	}
}

// The KEY's slots: the lowest free one first, then the next, 4096 at most.
func TestKeySlots(t *testing.T) {
	k := &Key{}
	for i := range MaxSlots {
		slot, ok := k.FreeSlot()
		if slot != i || !ok {
			t.Fatalf("free slot %d, %v; want %d", slot, ok, i)
		}
		k.Add(slot)
	}
	if slot, ok := k.FreeSlot(); ok {
		t.Errorf("slot %d of a full mailbag", slot)
	}
	k.Remove(77)
	k.Remove(4000)
	if slot, _ := k.FreeSlot(); slot != 77 || k.IsLive(77) || !k.IsLive(78) || k.Live != MaxSlots-2 {
		t.Errorf("after two removals: free slot %d, %d live", slot, k.Live)
	}
	if err := k.validate("KEY"); err != nil {
		t.Error(err)
	}
}

// A KEY that contradicts itself is refused by name.
func TestParseKeyRefuses(t *testing.T) {
	tests := map[string]struct {
		change func([]byte)
		field  string
	}{
		"too many slots":        {func(b []byte) { b[7] = 0x20 }, "nSlots"},
		"live miscounted":       {func(b []byte) { b[4]++ }, "nLive"},
		"more unread than live": {func(b []byte) { b[2] = 100 }, "nUnread"},
		"free beyond the slots": {func(b []byte) { b[keyBitmapOff+100] = 1 }, "bitmap"},
		"reserved not zero":     {func(b []byte) { b[0x2F] = 1 }, "reserved"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := sampleKey().Encode()
			tt.change(b)
			_, err := ParseKey(`KEY\X.KEY`, b)
			e, ok := errors.AsType[*FormatError](err)
			if !ok || e.Field != tt.field || e.File != `KEY\X.KEY` || e.Reason != ReasonField {
				t.Errorf("error %v, want one about %s", err, tt.field)
			}
		})
	}
}
