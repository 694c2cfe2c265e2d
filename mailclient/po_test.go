package mailclient

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
)

var branchConfig = InitConfig{Network: "NET", PO: "BRANCH", Users: []string{"BOB"}, Externals: []PostofficeName{{"NET", "HQ"}}}

// A new postoffice has the documented directories and sizes, and nothing to complain of.
func TestInit(t *testing.T) {
	fs := newMemFS()
	if err := Init(fs, branchConfig); err != nil {
		t.Fatal(err)
	}
	if got := len(fs.dirs) - 1; got != 51+2 { // FOLDERS has two of its own
		t.Errorf("%d directories, want 53", got)
	}
	sizes := map[string]int{}
	for path, n := range fs.files {
		sizes[path] = len(n.data)
	}
	want := map[string]int{
		`KEY\INQUEUE3.KEY`: 560, `MBG\INQUEUE3.MBG`: 0, `KEY\00000001.KEY`: 560, `MBG\00000001.MBG`: 0,
		`KEY\00000002.KEY`: 560, `MBG\00000002.MBG`: 0, `GLB\FLAG.GLB`: 2, `GLB\ACCESS2.GLB`: 69, `GLB\NETPO.GLB`: 47,
		`GLB\CONTROL.GLB`: 8, `GLB\MASTER.GLB`: 176,
	}
	if diff := cmp.Diff(sizes, want); diff != "" {
		t.Errorf("files (-got +want):\n%s", diff)
	}
	if string(fs.files[KeyPath(Inqueue)].data) != strings.Repeat("\x00", KeySize) {
		t.Error("the KEY of an empty mailbag is not all zeros")
	}
	if list, err := Check(fs); err != nil || len(list) != 0 {
		t.Errorf("check: %v, %v", list, err)
	}
}

// A second Init refuses and changes nothing; an interrupted one can be repeated.
func TestInitAgain(t *testing.T) {
	fs := newMemFS()
	for n := 0; ; n++ {
		calls := 0
		w := &wire{fs: fs, before: func(string, string) error {
			if calls++; calls > n {
				return fail("disk", "", nt.StatusDiskFull)
			}
			return nil
		}}
		err := Init(w, branchConfig)
		w.cut()
		if errors.Is(err, ErrExists) { // the last one broke off at the close of MASTER.GLB
			break
		}
		if !errors.Is(err, nt.StatusDiskFull) {
			t.Fatalf("interrupted at call %d: %v, want the disk's error", n, err)
		}
	}
	if err := Init(fs, InitConfig{Network: "OTHER", PO: "ONE"}); !errors.Is(err, ErrExists) {
		t.Errorf("second Init: %v, want ErrExists", err)
	}
	if list, err := Check(fs); err != nil || len(list) != 0 {
		t.Errorf("check: %v, %v", list, err)
	}
}

// Names that do not fit their fields are refused before anything is written.
func TestInitRefusesNames(t *testing.T) {
	for _, name := range []string{"", "ELEVENCHARS", "A/B", `A\B`, "A B", "A\x00"} {
		fs := newMemFS()
		for _, cfg := range []InitConfig{
			{Network: name, PO: "PO"},
			{Network: "NET", PO: name},
			{Network: "NET", PO: "PO", Users: []string{name}},
			{Network: "NET", PO: "PO", Externals: []PostofficeName{{name, "PO"}}},
		} {
			if err := Init(fs, cfg); err == nil || len(fs.files) > 0 {
				t.Errorf("%+v: %v, %d files", cfg, err, len(fs.files))
			}
		}
	}
}

// What Check says of a postoffice that is not in order.
func TestCheck(t *testing.T) {
	tests := []struct {
		name   string
		damage func(w *world)
		want   []string
	}{
		{"message file of nobody", func(w *world) {
			w.ok(writeFile(w.remote, MAIPath(0x1F), createNew, []byte("x")))
		}, []string{
			`MAI\MAF\0000001F.MAI: reason=ORPHAN no record names it, 1 bytes`,
			`GLB\CONTROL.GLB: reason=COUNTER next name is 00000002, 0000001F exists`,
		}},
		{"envelope of nobody", func(w *world) {
			w.ok(writeFile(w.remote, P1Path(9), createNew, nil))
		}, []string{
			`P1\00000009.P1: reason=ORPHAN no record names it: its mail has stopped`,
			`GLB\CONTROL.GLB: reason=COUNTER next name is 00000002, 00000009 exists`,
		}},
		{"lock left behind", func(w *world) {
			w.ok(writeFile(w.remote, lockName+"PBB", createNew, nil))
		}, []string{`P1\LOCKP1ID.PBB: reason=STRANDED left behind by a program that has it open or died`}},
		{"record beyond the slots", func(w *world) {
			n := w.remote.files[MBGPath(Inqueue)]
			n.data = append(n.data, sampleRecord().Encode()...)
		}, []string{`MBG\INQUEUE3.MBG: reason=STRANDED 1 records beyond the 1 slots of the KEY`}},
		{"KEY reset by hand", func(w *world) {
			clear(w.remote.files[KeyPath(Inqueue)].data)
		}, []string{
			`MBG\INQUEUE3.MBG: reason=STRANDED 1 records beyond the 0 slots of the KEY`,
			`MAI\MA1\00000001.MAI: reason=ORPHAN no record names it, 20000 bytes`,
			`P1\00000001.P1: reason=ORPHAN no record names it: its mail has stopped`,
		}},
		{"directory missing", func(w *world) { delete(w.remote.dirs, `LOG`) }, []string{`LOG: reason=MISSING directory is missing`}},
		{"wrong reference counter", func(w *world) {
			w.remote.files[MAIPath(1)].data[maiRefOff] = 7
		}, []string{`MAI\MA1\00000001.MAI: reason=FIELD reference counter 7, 1 mailbags point at it`}},
		{"message file open", func(w *world) {
			_, err := w.remote.Open(MAIPath(1), openUpdate)
			w.ok(err)
		}, []string{`MAI\MA1\00000001.MAI: [012] This corrupt message cannot be delivered. Contact your administrator. reason=DENIED ` +
			`mailbag INQUEUE3 slot 0: File I/O: Error opening "MAI\MA1\00000001.MAI" error code=32`}},
		{"no postoffice", func(w *world) { w.ok(w.remote.Delete(MasterPath)) }, []string{
			`GLB\MASTER.GLB: [001] unable to deliver. reason=MISSING open GLB\MASTER.GLB: open GLB\MASTER.GLB: STATUS_OBJECT_NAME_NOT_FOUND (error 2)`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.send(w.message())
				tt.damage(w)
				if diff := cmp.Diff(w.findings(w.remote), tt.want); diff != "" {
					t.Errorf("findings (-got +want):\n%s", diff)
				}
			})
		})
	}
}

// A mailbag that was reset by hand takes mail again, and its old records are gone.
func TestMailbagResetByHand(t *testing.T) {
	inWorld(t, func(w *world) {
		bag := ID(1).String() // Bob's
		for range 3 {
			w.send(w.message())
		}
		w.cycle()
		clear(w.remote.files[KeyPath(bag)].data)
		r := w.send(w.message())
		w.cycle()
		w.wantCopies(r.Token, 1, 0)
		if got := len(w.remote.files[MBGPath(bag)].data); got != RecordSize {
			t.Errorf("MBG has %d bytes, want one record", got)
		}
	})
}

// The order of the verdict table: what is tested first decides, and what was not looked
// at is not judged.
func TestJudge(t *testing.T) {
	mai := mustMAI(sampleMAI())
	record := recordOf(sampleMAI(), mai, 0x278)
	found := func(b []byte) *Found { return &Found{Path: "FILE", Data: b} }
	missing := &Found{Path: "FILE", Status: nt.StatusObjectNameNotFound}
	busy := &Found{Path: "FILE", Status: nt.StatusSharingViolation}
	whole := func() Evidence {
		e := Evidence{MBG: record.Encode(), P1: found(sampleEnvelope().Encode()), MAI: found(mai), Checks: ChecksFull}
		return e
	}
	tests := []struct {
		name   string
		change func(*Evidence)
		want   string
	}{
		{"whole", func(*Evidence) {}, ""},
		{"no record yet", func(e *Evidence) { e.MBG, e.P1 = nil, missing }, "[001] AHEAD wait"},
		{"record of zeros", func(e *Evidence) { e.MBG = make([]byte, RecordSize) }, "[001] AHEAD wait"},
		{"envelope before message file", func(e *Evidence) { e.P1, e.MAI = missing, missing }, "[021] MISSING"},
		{"envelope in use", func(e *Evidence) { e.P1 = busy }, "[012] DENIED wait"},
		{"message file not looked at", func(e *Evidence) { e.MAI = nil }, ""},
		{"message file missing", func(e *Evidence) { e.MAI = missing }, "[016] MISSING"},
		{"message file in use", func(e *Evidence) { e.MAI = busy }, "[012] DENIED wait"},
		{"message file in use, taken for corrupt", func(e *Evidence) { e.MAI, e.DeniedIsCorrupt = busy, true }, "[023] DENIED"},
		{"size before elements", func(e *Evidence) { e.MAI = found(make([]byte, maiHeadLen-1)) }, "[023] TRUNCATED"},
		{"first identifier", func(e *Evidence) { e.MAI = found(make([]byte, len(mai))) }, "[023] TLV"},
		{"length before checksum", func(e *Evidence) { e.MAI = found(mai[:len(mai)-1]) }, "[023] TRUNCATED"},
		{"message file before attachments", func(e *Evidence) { e.MAI, e.ATT = found(mai[:50]), []*Found{missing} }, "[023] TRUNCATED"},
		{"attachment missing", func(e *Evidence) { e.ATT = []*Found{missing} }, "[018] MISSING"},
		{"attachment in use", func(e *Evidence) { e.ATT = []*Found{busy} }, "[012] DENIED wait"},
		{"attachment short", func(e *Evidence) { e.ATT = []*Found{found([]byte("1,2"))} }, "[018] SHORT"},
		{"attachment changed", func(e *Evidence) { e.ATT = []*Found{found([]byte("1,2,4"))} }, "[018] CHECKSUM"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := whole()
			tt.change(&e)
			j := Judge(&e)
			got := strings.TrimSpace(j.Code.String() + " " + string(j.Reason))
			if j.Wait {
				got += " wait"
			}
			if got != tt.want {
				t.Errorf("judgement %+v, want %q", j, tt.want)
			}
		})
	}
}

// Every code has its brackets and its sentence.
func TestCodes(t *testing.T) {
	tests := map[Code]string{
		CodeBadMessageFile: "[023] Message was not delivered: message file was corrupted.",
		CodeNoMessageFile:  "[016] Message was not sent due to missing message file.",
		CodeNoRoutingFile:  "[021] Message was not delivered due to missing routing file.",
		CodeBadRoutingFile: "[024] Message was not delivered: routing file was corrupted.",
		CodeNoAttachment:   "[018] Message was not sent due to missing attachment.",
		CodeUndeliverable:  "[001] unable to deliver.",
		CodeCorruptMessage: "[012] This corrupt message cannot be delivered. Contact your administrator.",
	}
	for code, want := range tests {
		if got := code.Line(""); got != want || !code.IsCorruption() {
			t.Errorf("code %d: %q, want %q", code, got, want)
		}
	}
	for _, code := range []Code{CodeNone, CodeUnknownAddress, CodeRetryCount, CodeContention, CodeFullMailbag} {
		if code.IsCorruption() {
			t.Errorf("%v is not about damaged files", code)
		}
	}
	for code := range codeTexts {
		if code.Text() == "" || code == CodeNone {
			t.Errorf("code %d has no text", code)
		}
	}
}

// What Dump writes of a postoffice with mail in every state.
func TestDump(t *testing.T) {
	inWorld(t, func(w *world) {
		w.busyPostoffice()
		w.truncate(KeyPath(bagCyd), 100)
		var b strings.Builder
		w.ok(Dump(w.remote, &b))
		golden(t, "dump.txt", b.String())
	})
}
