package mailclient

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// put makes or replaces a file of the remote postoffice.
func (w *world) put(path string, b []byte) { w.ok(writeFile(w.remote, path, createAnyway, b)) }

// patch changes a file of the remote postoffice in place.
func (w *world) patch(path string, change func(b []byte)) { change(w.remote.files[path].data) }

// patchKey changes a KEY of the remote postoffice.
func (w *world) patchKey(bag string, change func(*Key)) {
	k, err := ParseKey("KEY", w.remote.files[KeyPath(bag)].data)
	w.ok(err)
	change(k)
	w.remote.files[KeyPath(bag)].data = k.Encode()
}

// busyPostoffice has mail in every state: delivered to two users with an attachment
// (message 2, attachment 1), and waiting in INQUEUE3 (message 3).
func (w *world) busyPostoffice() {
	m := w.message()
	m.Cc, m.Attachments = []Address{cyd}, []Attachment{{"A", []byte("attached")}}
	w.send(m)
	w.cycle()
	w.send(w.message())
}

// Mailbags of BRANCH.
const (
	bagBob  = "00000001"
	bagCyd  = "00000002"
	bagStar = "000000FF" // nobody's
)

// inconsistencies lists what a postoffice can have wrong, one row each, and all that
// Check has to say of it.
//
// src: KB Q77926, Q132744
var inconsistencies = []struct {
	name   string
	damage func(w *world)
	want   []string // beginning of each finding
}{
	// Mailbags.
	{"KEY one byte short", func(w *world) { w.truncate(KeyPath(bagBob), 559) }, []string{`KEY\00000001.KEY: [001]`, `MAI\MA2\00000002.MAI: reason=FIELD`}},
	{"KEY one byte long", func(w *world) { w.put(KeyPath(Inqueue), make([]byte, 561)) }, []string{
		`KEY\INQUEUE3.KEY: [001] unable to deliver. reason=SIZE`, `MAI\MA3\00000003.MAI: reason=ORPHAN`, `P1\00000003.P1: reason=ORPHAN`,
	}},
	{"KEY missing", func(w *world) { w.ok(w.remote.Delete(KeyPath(bagCyd))) }, []string{
		`KEY\00000002.KEY: [001] unable to deliver. reason=MISSING`, `MAI\MA2\00000002.MAI: reason=FIELD`,
	}},
	{"MBG missing", func(w *world) { w.ok(w.remote.Delete(MBGPath(bagCyd))) }, []string{
		`KEY\00000002.KEY: [001] unable to deliver. reason=MISSING`, `MAI\MA2\00000002.MAI: reason=FIELD`,
	}},
	{"MBG no multiple of 116", func(w *world) { w.truncate(MBGPath(bagCyd), 115) }, []string{
		`KEY\00000002.KEY: [001] unable to deliver. reason=SIZE`, `MAI\MA2\00000002.MAI: reason=FIELD`,
	}},
	{"KEY counts more live records than its bitmap", func(w *world) {
		w.patch(KeyPath(Inqueue), func(b []byte) { b[4]++ })
	}, []string{
		`KEY\INQUEUE3.KEY: [001] unable to deliver. reason=FIELD`, `MAI\MA3\00000003.MAI: reason=ORPHAN`, `P1\00000003.P1: reason=ORPHAN`,
	}},
	{"KEY counts more unread than live records", func(w *world) {
		w.patch(KeyPath(bagBob), func(b []byte) { b[2] = 9 })
	}, []string{`KEY\00000001.KEY: [001] unable to deliver. reason=FIELD`, `MAI\MA2\00000002.MAI: reason=FIELD`}},
	{"KEY with bits beyond its slots", func(w *world) {
		w.patch(KeyPath(bagBob), func(b []byte) { b[KeySize-1] = 0x80 })
	}, []string{`KEY\00000001.KEY: [001] unable to deliver. reason=FIELD`, `MAI\MA2\00000002.MAI: reason=FIELD`}},
	{"KEY with more than 4096 slots", func(w *world) {
		w.patch(KeyPath(bagBob), func(b []byte) { binary.LittleEndian.PutUint16(b[6:], 4097) })
	}, []string{`KEY\00000001.KEY: [001] unable to deliver. reason=FIELD`, `MAI\MA2\00000002.MAI: reason=FIELD`}},
	{"MBG with more than 4096 records", func(w *world) { w.put(MBGPath(bagStar), make([]byte, 4097*RecordSize)) }, []string{
		`MBG\000000FF.MBG: reason=ORPHAN`, `GLB\CONTROL.GLB: reason=COUNTER next mailbag is 00000004, 000000FF exists`,
	}},
	{"mailbag of a user with more than 4096 records", func(w *world) {
		w.put(MBGPath(bagBob), append(w.remote.files[MBGPath(bagBob)].data, make([]byte, 4096*RecordSize)...))
	}, []string{`MBG\00000001.MBG: reason=STRANDED 4096 records beyond the 1 slots of the KEY`}},
	{"KEY ahead of its MBG", func(w *world) { w.truncate(MBGPath(bagBob), 0) }, []string{
		`MBG\00000001.MBG: [001] unable to deliver. reason=AHEAD mailbag 00000001 slot 0`, `MAI\MA2\00000002.MAI: reason=FIELD`,
	}},
	{"record of zeros", func(w *world) { clear(w.remote.files[MBGPath(bagBob)].data) }, []string{
		`MBG\00000001.MBG: [001] unable to deliver. reason=AHEAD mailbag 00000001 slot 0`, `MAI\MA2\00000002.MAI: reason=FIELD`,
	}},
	{"two records for one message", func(w *world) {
		w.put(MBGPath(bagBob), append(w.remote.files[MBGPath(bagBob)].data, w.remote.files[MBGPath(bagBob)].data...))
		w.patchKey(bagBob, func(k *Key) { k.Add(1) })
	}, []string{`MBG\00000001.MBG: reason=DUPLICATE slots 0 and 1 both name 00000002`, `MAI\MA2\00000002.MAI: reason=FIELD reference counter 2, 3 mailbags`}},
	{"KEY reset by hand", func(w *world) { clear(w.remote.files[KeyPath(Inqueue)].data) }, []string{
		`MBG\INQUEUE3.MBG: reason=STRANDED 1 records`, `MAI\MA3\00000003.MAI: reason=ORPHAN`, `P1\00000003.P1: reason=ORPHAN`,
	}},
	{"mailbag of nobody", func(w *world) { w.put(KeyPath(bagStar), make([]byte, KeySize)) }, []string{
		`KEY\000000FF.KEY: reason=ORPHAN`, `GLB\CONTROL.GLB: reason=COUNTER next mailbag is 00000004`,
	}},
	{"COPY.MBG of a compress that broke off", func(w *world) { w.put(`MBG\COPY.MBG`, nil) }, []string{`MBG\COPY.MBG: reason=ORPHAN`}},
	{"full mailbag", func(w *world) { w.fillBag(bagStar); w.rename(bagStar, "00000003") }, []string{
		`KEY\00000003.KEY: [017] Unable to deliver user mail due to a full mailbag. reason=SIZE 4096 live records`,
		`MAI\MA2\00000002.MAI: reason=FIELD reference counter 2, 4098 mailbags`,
	}},

	// What the records name.
	{"message file missing", func(w *world) { w.ok(w.remote.Delete(MAIPath(3))) }, []string{`MAI\MA3\00000003.MAI: [016]`}},
	{"message file short", func(w *world) { w.truncate(MAIPath(3), 100) }, []string{`MAI\MA3\00000003.MAI: [023] Message was not delivered: message file was corrupted. reason=TRUNCATED`}},
	{"message file with a hole", func(w *world) { w.patch(MAIPath(3), func(b []byte) { clear(b[9000:9100]) }) }, []string{
		`MAI\MA3\00000003.MAI: [023] Message was not delivered: message file was corrupted. reason=CHECKSUM`,
	}},
	{"envelope missing", func(w *world) { w.ok(w.remote.Delete(P1Path(3))) }, []string{`MAI\MA3\00000003.MAI: [021]`}},
	{"envelope corrupt", func(w *world) { w.truncate(P1Path(3), 5) }, []string{`MAI\MA3\00000003.MAI: [024]`}},
	{"attachment missing", func(w *world) { w.ok(w.remote.Delete(ATTPath(1))) }, []string{
		`MAI\MA2\00000002.MAI: [018]`, `MAI\MA2\00000002.MAI: [018]`, // of both mailbags
	}},
	{"attachment short", func(w *world) { w.truncate(ATTPath(1), 2) }, []string{
		`MAI\MA2\00000002.MAI: [018] Message was not sent due to missing attachment. reason=SHORT`, `MAI\MA2\00000002.MAI: [018]`,
	}},
	{"reference counter too low", func(w *world) { w.patch(MAIPath(2), func(b []byte) { b[maiRefOff] = 1 }) }, []string{
		`MAI\MA2\00000002.MAI: reason=FIELD reference counter 1, 2 mailbags point at it`,
	}},

	// What no record names.
	{"message file of nobody", func(w *world) { w.put(MAIPath(0), nil) }, []string{`MAI\MA0\00000000.MAI: reason=ORPHAN`}},
	{"attachment of nobody", func(w *world) { w.put(ATTPath(0), nil) }, []string{`ATT\AT0\00000000.ATT: reason=ORPHAN`}},
	{"file in the wrong directory", func(w *world) { w.put(`MAI\MA4\00000001.MAI`, nil) }, []string{
		`MAI\MA4\00000001.MAI: reason=ORPHAN belongs in the directory of its last digit, 1`,
	}},
	{"file that is no message file", func(w *world) { w.put(`MAI\MA4\README.TXT`, nil) }, []string{`MAI\MA4\README.TXT: reason=ORPHAN no name`}},
	{"attachment of two messages", func(w *world) {
		m := mustParse(w, MAIPath(3))
		m.Attachments = mustParse(w, MAIPath(2)).Attachments
		b, err := m.Encode()
		w.ok(err)
		w.put(MAIPath(3), b)
		w.patch(MBGPath(Inqueue), func(rec []byte) { copy(rec, recordWithP1(m, b, 3)) })
	}, []string{`ATT\AT1\00000001.ATT: reason=DUPLICATE message files 00000003 and 00000002 both name it`}},
	{"stranded envelope", func(w *world) { w.put(P1Path(0), nil) }, []string{`P1\00000000.P1: reason=ORPHAN`}},
	{"semaphore left behind", func(w *world) { w.put(LockPath(bagBob), nil) }, []string{`P1\00000001.0LK: reason=STRANDED`}},
	{"sender's copy of an envelope left behind", func(w *world) { w.put(`P1\00000001.PBB`, nil) }, []string{`P1\00000001.PBB: reason=STRANDED`}},
	{"the file that every P1 has", func(w *world) { w.put(populate, nil) }, []string{}},

	// Configuration.
	{"no postoffice", func(w *world) { w.ok(w.remote.Delete(MasterPath)) }, []string{`GLB\MASTER.GLB: [001] unable to deliver. reason=MISSING`}},
	{"MASTER.GLB short", func(w *world) { w.truncate(MasterPath, 175) }, []string{`GLB\MASTER.GLB: [001] unable to deliver. reason=SIZE`}},
	{"MASTER.GLB not ours", func(w *world) { w.patch(MasterPath, func(b []byte) { b[masterLabelOff] = 0 }) }, []string{`GLB\MASTER.GLB: [001] unable to deliver. reason=FIELD`}},
	{"CONTROL.GLB missing", func(w *world) { w.ok(w.remote.Delete(ControlPath)) }, []string{`GLB\CONTROL.GLB: [001] unable to deliver. reason=MISSING`}},
	{"CONTROL.GLB long", func(w *world) { w.put(ControlPath, make([]byte, 9)) }, []string{`GLB\CONTROL.GLB: [001] unable to deliver. reason=SIZE`}},
	{"CONTROL.GLB: next name in use", func(w *world) { w.patch(ControlPath, func(b []byte) { b[4] = 3 }) }, []string{
		`GLB\CONTROL.GLB: reason=COUNTER next name is 00000003, 00000003 exists`,
	}},
	{"CONTROL.GLB: next mailbag in use", func(w *world) { w.patch(ControlPath, func(b []byte) { b[0] = 3 }) }, []string{
		`GLB\CONTROL.GLB: reason=COUNTER next mailbag is 00000003, 00000003 exists`,
	}},
	{"FLAG.GLB missing", func(w *world) { w.ok(w.remote.Delete(flagPath)) }, []string{`GLB\FLAG.GLB: reason=MISSING`}},
	{"ACCESS2.GLB missing", func(w *world) { w.ok(w.remote.Delete(accessPath)) }, []string{
		`GLB\ACCESS2.GLB: [001] unable to deliver. reason=MISSING`,
		`KEY\00000001.KEY: reason=ORPHAN`, `KEY\00000002.KEY: reason=ORPHAN`, `MBG\00000001.MBG: reason=ORPHAN`, `MBG\00000002.MBG: reason=ORPHAN`,
		`ATT\AT1\00000001.ATT: reason=ORPHAN`, `MAI\MA2\00000002.MAI: reason=ORPHAN`,
	}},
	{"ACCESS2.GLB no multiple of 69", func(w *world) { w.truncate(accessPath, 69+1) }, []string{
		`GLB\ACCESS2.GLB: [001] unable to deliver. reason=SIZE`,
		`KEY\00000001.KEY: reason=ORPHAN`, `KEY\00000002.KEY: reason=ORPHAN`, `MBG\00000001.MBG: reason=ORPHAN`, `MBG\00000002.MBG: reason=ORPHAN`,
		`ATT\AT1\00000001.ATT: reason=ORPHAN`, `MAI\MA2\00000002.MAI: reason=ORPHAN`,
	}},
	{"ACCESS.GLB has fewer users", func(w *world) { w.put(`GLB\ACCESS.GLB`, make([]byte, 586)) }, []string{`GLB\ACCESS.GLB: reason=FIELD 1 records, GLB\ACCESS2.GLB has 2`}},
	{"two users with one mailbag", func(w *world) {
		w.put(accessPath, encodeUsers([]Mailbag{{"BOB", 1}, {"CYD", 2}, {"DAN", 2}}))
	}, []string{`GLB\ACCESS2.GLB: reason=DUPLICATE two users have mailbag 00000002`, `MAI\MA2\00000002.MAI: reason=FIELD reference counter 2, 3 mailbags`}},
	{"user without a mailbag", func(w *world) {
		w.put(accessPath, encodeUsers([]Mailbag{{"BOB", 1}, {"CYD", 2}, {"DAN", 0xA}}))
	}, []string{`KEY\0000000A.KEY: [001] unable to deliver. reason=MISSING`}},
	{"NETPO.GLB miscounts", func(w *world) { w.patch(netPOPath, func(b []byte) { b[0] = 7 }) }, []string{
		`GLB\NETPO.GLB: [001] unable to deliver. reason=FIELD`, `KEY\00000003.KEY: reason=ORPHAN`, `MBG\00000003.MBG: reason=ORPHAN`,
	}},
	{"NETPO.GLB of a wrong size", func(w *world) { w.truncate(netPOPath, 4+42) }, []string{
		`GLB\NETPO.GLB: [001] unable to deliver. reason=SIZE`, `KEY\00000003.KEY: reason=ORPHAN`, `MBG\00000003.MBG: reason=ORPHAN`,
	}},
	{"group without its member file", func(w *world) { w.put(groupPath, encodeGroups([]Mailbag{{"STAFF", 9}})) }, []string{
		`MEM\00000009.MEM: [007] Message addressed to group that no longer exists. reason=MISSING`,
	}},
	{"group with a member who left", func(w *world) {
		w.put(groupPath, encodeGroups([]Mailbag{{"STAFF", 9}}))
		w.put(memPath(9), encodeMembers([]ID{1, 8}))
	}, []string{`MEM\00000009.MEM: [001] unable to deliver. reason=MISSING group STAFF has member 00000008, who is no user`}},
	{"GROUP.GLB miscounts", func(w *world) { w.put(groupPath, make([]byte, 4+51)) }, []string{`GLB\GROUP.GLB: [007] Message addressed to group that no longer exists. reason=FIELD`}},
}

func (w *world) fillBag(bag string) {
	record := w.remote.files[MBGPath(bagBob)].data
	w.put(KeyPath(bag), (&Key{Slots: MaxSlots, Live: MaxSlots}).Encode())
	w.put(MBGPath(bag), []byte(strings.Repeat(string(record), MaxSlots)))
}

func (w *world) rename(bag, to string) {
	w.ok(w.remote.Rename(KeyPath(bag), KeyPath(to)))
	w.ok(w.remote.Rename(MBGPath(bag), MBGPath(to)))
}

func mustParse(w *world, path string) *MAI {
	m, err := ParseMAI(path, w.remote.files[path].data)
	w.ok(err)
	return m
}

func recordWithP1(m *MAI, encoded []byte, id ID) []byte {
	r := recordOf(m, encoded, id)
	r.Flags |= RecordHasP1
	return r.Encode()
}

func TestCheckFindsEveryInconsistency(t *testing.T) {
	for _, tt := range inconsistencies {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.busyPostoffice()
				if diff := cmp.Diff(w.findings(w.remote), []string{}); diff != "" {
					t.Fatalf("before the damage (-got +want):\n%s", diff)
				}
				tt.damage(w)
				w.wantFindings(tt.want)
			})
		})
	}
}

// wantFindings compares the beginnings of the findings. A full mailbag repeats one of
// its findings for each record.
func (w *world) wantFindings(want []string) {
	w.t.Helper()
	got := w.findings(w.remote)
	if len(want) > 0 && strings.Contains(want[0], "[017]") {
		got = []string{got[len(got)-2], got[len(got)-1]}
	}
	for i := range got {
		if i < len(want) && strings.HasPrefix(got[i], want[i]) {
			got[i] = want[i]
		}
	}
	if diff := cmp.Diff(got, want); diff != "" {
		w.t.Errorf("findings (-got +want):\n%s", diff)
	}
}

// The size rule of each file, right and one byte off.
//
// src: KB Q77926
func TestCheckSizes(t *testing.T) {
	sizes := map[string]int{
		`GLB\ACCESS.GLB`: 2 * 586, `GLB\ACCESS3.GLB`: 2 * 512, `GLB\FLAG.GLB`: 2, `GLB\GLOBAL.GLB`: 512,
		`GLB\GRPMEM.GLB`: 4 + 128, `GLB\MODEM.GLB`: 64, `GLB\NETWORK.GLB`: 122, `GLB\PROCESS.GLB`: 512 + 197,
		`GLB\REQCONF.GLB`: 512, `GLB\SERVER.GLB`: 181, `GLB\SVRCONF.GLB`: 2048, `GLB\SRVCONF.GLB`: 1024, `GLB\TID.GLB`: 4,
		`GLB\RNETSEM.GLB`: 4, `GRP\00000001.GRP`: 16, `MEM\00000001.MEM`: 8, `NME\ADMIN.NME`: 45, `USR\00000001.USR`: 106,
		`XTN\NET.XTN`: 698, `FOLDERS\LOC\A.IDX`: 258, `FOLDERS\PUB\B.IDX`: 100,
	}
	for path, size := range sizes {
		t.Run(path, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.put(path, make([]byte, size))
				w.wantFindings([]string{})
				w.put(path, make([]byte, size+1))
				w.wantFindings([]string{path + ": reason=SIZE"})
			})
		})
	}
}
