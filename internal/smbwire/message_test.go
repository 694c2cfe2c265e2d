package smbwire

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
)

const (
	sampleTime = nt.FileTime(133_000_000_000_000_000)
	forever    = -time.Millisecond
)

// sampleData is what reads and writes carry.
var sampleData = []byte("Message-ID: 1\r\n")

// samples returns one message for each body and word count there is: the
// command table of the codec laws.
func samples() []*Message {
	var all []*Message
	for _, b := range slices.Concat(setupRequests(), openRequests(), dataRequests(), lockRequests(), pathRequests()) {
		all = append(all, &Message{sampleHeader(b, 0, 0), []Body{b}})
	}
	for _, b := range slices.Concat(setupReplies(), fileReplies(), otherReplies()) {
		all = append(all, &Message{sampleHeader(b, FlagReply, 0), []Body{b}})
	}
	failed := &ErrorReply{Cmd: CmdNTCreateAndX}
	return append(all, &Message{sampleHeader(failed, FlagReply, nt.StatusSharingViolation), []Body{failed}})
}

// setupRequests negotiate, log on and connect.
func setupRequests() []Body {
	return []Body{
		&NegotiateRequest{Dialects: []string{DialectCore, DialectLanman21, DialectNTLM012}},
		&SessionSetupLanmanRequest{
			MaxBufferSize: 4356, MaxMpxCount: 2, VcNumber: 1, SessionKey: 7, Password: sampleData,
			AccountName: "CLARA", PrimaryDomain: "PO", NativeOS: "DOS", NativeLanMan: "LANMAN",
		},
		&SessionSetupNTRequest{
			MaxBufferSize: 4356, MaxMpxCount: 50, VcNumber: 1, SessionKey: 7,
			OEMPassword: sampleData, UnicodePassword: sampleData[:8], Capabilities: CapUnicode | CapStatus32,
			AccountName: "Clara", PrimaryDomain: "PO", NativeOS: "Windows NT 1057", NativeLanMan: "Windows NT 3.51",
		},
		&SessionSetupExtendedRequest{
			MaxBufferSize: 4356, MaxMpxCount: 50, VcNumber: 1, SessionKey: 7,
			Capabilities: CapExtendedSecurity, SecurityBlob: sampleData, NativeOS: "Unix", NativeLanMan: "x",
		},
		&LogoffAndXRequest{},
		&TreeConnectRequest{Path: `\\PO\MAIL`, Password: "secret", Service: ServiceDisk},
		&TreeConnectAndXRequest{Flags: 1, Password: []byte{0}, Path: `\\PO\MAIL`, Service: ServiceAny},
		&TreeDisconnectRequest{},
	}
}

// openRequests open and close files.
func openRequests() []Body {
	return []Body{
		&NTCreateAndXRequest{
			Flags: CreateRequestOplock | CreateRequestBatchOplock, RootDirectoryFID: 3,
			DesiredAccess: nt.GenericRead | nt.GenericWrite, AllocationSize: 1 << 33,
			Attributes: nt.AttrNormal, ShareAccess: nt.ShareRead, Disposition: nt.FileOpenIf,
			Options: nt.NonDirectoryFile, ImpersonationLevel: ImpersonateSecurity, SecurityFlags: 3,
			FileName: `\MAIL\key\00000001.key`,
		},
		&OpenAndXRequest{
			Flags: OpenWantAttributes | OpenWantOplock, AccessMode: AccessReadWrite | ShareDenyNone,
			SearchAttributes: nt.AttrHidden, FileAttributes: nt.AttrArchive, CreationTime: 815_000_000,
			OpenMode: OpenModeOpen | OpenModeCreate, AllocationSize: 9, Timeout: forever, FileName: `\a`,
		},
		&OpenRequest{AccessMode: ShareDenyWrite, SearchAttributes: nt.AttrSystem, FileName: `\a`},
		&CreateRequest{FileAttributes: nt.AttrArchive, CreationTime: 815_000_000, FileName: `\a`},
		&CreateNewRequest{FileAttributes: nt.AttrArchive, CreationTime: 815_000_000, FileName: `\a`},
		&FlushRequest{FID: NoFID},
		&CloseRequest{FID: 0x801, LastModified: 815_000_000},
		&SeekRequest{FID: 0x801, Mode: SeekEnd, Offset: -1},
	}
}

// dataRequests read and write.
func dataRequests() []Body {
	return []Body{
		&ReadAndXRequest{FID: 0x801, Offset: 1 << 31, MaxCount: 4096, MinCount: 1, MaxCountHigh: 0xFFFFFFFF, Remaining: 5},
		&ReadAndXRequest{FID: 0x801, Wide: true, Offset: 1<<40 + 5, MaxCount: 4096, MinCount: 1, MaxCountHigh: 1, Remaining: 5},
		&WriteAndXRequest{FID: 0x801, Offset: 1 << 31, Timeout: forever, WriteMode: nt.WriteModeThrough, Remaining: 5, Data: sampleData},
		&WriteAndXRequest{FID: 0x801, Wide: true, Offset: 1<<40 + 5, Data: sampleData},
		&ReadRequest{FID: 0x801, Count: 512, Offset: 1 << 31, Remaining: 5},
		&WriteRequest{FID: 0x801, Offset: 1 << 31, Remaining: 5, Data: sampleData},
		&LockAndReadRequest{FID: 0x801, Count: 512, Offset: 1 << 31, Remaining: 5},
		&WriteAndUnlockRequest{FID: 0x801, Offset: 1 << 31, Remaining: 5, Data: sampleData},
		&WriteAndCloseRequest{FID: 0x801, Offset: 1 << 31, LastWriteTime: 815_000_000, Data: sampleData},
		&WriteAndCloseRequest{FID: 0x801, Wide: true, Offset: 1 << 31, LastWriteTime: 815_000_000, Data: sampleData},
		&ReadRawRequest{FID: 0x801, Offset: 1 << 31, MaxCount: 65535, MinCount: 1, Timeout: forever},
		&ReadRawRequest{FID: 0x801, Wide: true, Offset: 1<<40 + 5, MaxCount: 65535, MinCount: 1},
		&WriteRawRequest{FID: 0x801, Count: 65535, Offset: 1 << 31, Timeout: forever, WriteMode: nt.WriteModeThrough, Data: sampleData},
		&WriteRawRequest{FID: 0x801, Wide: true, Count: 65535, Offset: 1<<40 + 5},
	}
}

// lockRequests lock and break.
func lockRequests() []Body {
	return []Body{
		&LockingAndXRequest{
			FID: 0x801, Type: LockShared, Timeout: 5 * time.Second,
			Unlocks: []LockRange{{PID: 1, Offset: 2, Length: 3}}, Locks: []LockRange{{PID: 4, Offset: 0xFFFFFFFF, Length: 1}},
		},
		&LockingAndXRequest{
			FID: 0x801, Type: LockLargeFiles, Timeout: forever,
			Unlocks: []LockRange{{PID: 1, Offset: 1<<63 + 1, Length: 1 << 40}}, Locks: []LockRange{{4, 5, 6}, {7, 8, 9}},
		},
		OplockBreak(0x801, nt.OplockLevelII),
		&LockByteRangeRequest{FID: 0x801, Count: 7, Offset: 1 << 31},
		&UnlockByteRangeRequest{FID: 0x801, Count: 7, Offset: 1 << 31},
	}
}

// pathRequests name files, or nothing.
func pathRequests() []Body {
	return []Body{
		&DeleteRequest{SearchAttributes: nt.AttrHidden, FileName: `\*.tmp`},
		&RenameRequest{SearchAttributes: nt.AttrHidden, OldFileName: `\a`, NewFileName: `\bc`},
		&CreateDirectoryRequest{DirectoryName: `\d`},
		&DeleteDirectoryRequest{DirectoryName: `\d`},
		&CheckDirectoryRequest{DirectoryName: `\d`},
		&QueryInformationRequest{FileName: `\a`},
		&SetInformationRequest{FileAttributes: nt.AttrReadOnly, LastWriteTime: 815_000_000, FileName: `\a`},
		&QueryInformation2Request{FID: 0x801},
		&SetInformation2Request{FID: 0x801, Created: 1, Accessed: 2, Written: 0x12345678},
		&QueryInformationDiskRequest{},
		&Transaction2Request{
			TotalParams: 5, TotalData: 15, MaxParams: 10, MaxData: 4096, MaxSetup: 1, Flags: 2, Timeout: forever,
			Setup: []uint16{Trans2SetFile}, Params: []byte("param"), Data: sampleData,
		},
		&Transaction2Request{Setup: []uint16{Trans2QueryFS, 2}, TotalParams: 2, Params: []byte{1, 2}},
		&FindClose2Request{SID: 0xFFFE},
		&EchoRequest{EchoCount: 3, Data: sampleData},
		&ProcessExitRequest{},
		&NTCancelRequest{},
		(&NotifyChangeRequest{Filter: nt.NotifyFileName, FID: 0x801, WatchTree: true, MaxParams: 4096}).Request(),
		&NTTransactRequest{
			MaxSetup: 1, TotalParams: 1 << 20, TotalData: 15, MaxParams: 3, MaxData: 4, Function: 2,
			Setup: []uint16{9}, Params: []byte("param"), Data: sampleData,
		},
		&Unknown{Cmd: CmdIOCTL, Words: []byte{1, 2, 3, 4}, Bytes: sampleData},
		&Unknown{Cmd: 0xE9},
	}
}

// setupReplies answer setupRequests.
func setupReplies() []Body {
	return []Body{
		&NegotiateCoreResponse{DialectIndex: NoDialect},
		&NegotiateLanmanResponse{
			DialectIndex: 2, SecurityMode: SecurityUser, MaxBufferSize: 4356, MaxMpxCount: 50, MaxNumberVcs: 1,
			RawMode: RawModeRead | RawModeWrite, SessionKey: 7, ServerTime: DOSDateTimeOf(time.Date(1995, 6, 1, 12, 0, 2, 0, time.UTC)),
			TimeZone: -60, Challenge: sampleData[:8], PrimaryDomain: "PO",
		},
		&NegotiateNTResponse{
			DialectIndex: 2, SecurityMode: SecurityUser | SecurityEncryptPasswords, MaxMpxCount: 50, MaxNumberVcs: 1,
			MaxBufferSize: 4356, MaxRawSize: 65536, SessionKey: 7, Capabilities: CapUnicode | CapNTSMBs,
			SystemTime: sampleTime, TimeZone: 480, Challenge: sampleData[:8], DomainName: "PO", ServerName: "SERVER",
		},
		&NegotiateNTResponse{
			DialectIndex: 2, MaxBufferSize: 4356, Capabilities: CapExtendedSecurity,
			ServerGUID: [16]byte{1, 15: 2}, SecurityBlob: sampleData,
		},
		&SessionSetupResponse{Action: SetupGuest, NativeOS: "Windows NT 3.51", NativeLanMan: "NT LAN Manager 3.51", PrimaryDomain: "PO"},
		&SessionSetupResponse{},
		&SessionSetupExtendedResponse{Action: 1, SecurityBlob: sampleData, NativeOS: "Unix", NativeLanMan: "x"},
		&SessionSetupExtendedResponse{NativeOS: "Unix", NativeLanMan: "x", PrimaryDomain: "PO"},
		&LogoffAndXResponse{},
		&TreeConnectResponse{MaxBufferSize: 4356, TID: 5},
		&TreeConnectAndXResponse{Words: 2, Service: ServiceIPC},
		&TreeConnectAndXResponse{Words: 3, OptionalSupport: 1, Service: ServiceDisk, NativeFileSystem: "NTFS"},
		&TreeConnectAndXResponse{Words: 7, OptionalSupport: 1, MaximalAccess: 2, GuestMaximalAccess: 3, Service: ServiceDisk, NativeFileSystem: "FAT"},
		&TreeDisconnectResponse{},
	}
}

// fileReplies answer opens, reads and writes.
func fileReplies() []Body {
	return []Body{
		&NTCreateAndXResponse{
			Oplock: nt.OplockBatch, FID: 0x801, Action: nt.FileCreated, Created: sampleTime, Accessed: sampleTime + 1,
			Written: sampleTime + 2, Changed: sampleTime + 3, Attributes: nt.AttrDirectory, AllocationSize: 1 << 40,
			EndOfFile: 1<<40 - 1, ResourceType: 2, PipeStatus: 7, Directory: true,
		},
		&OpenAndXResponse{
			FID: 0x801, FileAttributes: nt.AttrArchive, LastWriteTime: 815_000_000, DataSize: 1 << 31, AccessRights: 2,
			ResourceType: 3, PipeStatus: 4, OpenResults: OpenOplockGranted | 1, ServerFID: 0x801,
		},
		&OpenResponse{FID: 0x801, FileAttributes: nt.AttrArchive, LastModified: 815_000_000, FileSize: 1 << 31, AccessMode: AccessWrite},
		&CreateResponse{FID: 0x801},
		&CreateNewResponse{FID: 0x801},
		&FlushResponse{},
		&CloseResponse{},
		&SeekResponse{Offset: 1 << 31},
		&ReadAndXResponse{Available: 0xFFFF, DataCompactionMode: 1, Data: sampleData},
		&ReadAndXResponse{},
		&WriteAndXResponse{Count: 130048, Available: 0xFFFF},
		&ReadResponse{Data: sampleData},
		&WriteResponse{Count: 512},
		&LockAndReadResponse{Data: sampleData},
		&WriteAndUnlockResponse{Count: 512},
		&WriteAndCloseResponse{Count: 512},
		&WriteRawInterimResponse{Available: 0xFFFF},
		&WriteCompleteResponse{Count: 512},
	}
}

// otherReplies answer the rest.
func otherReplies() []Body {
	return []Body{
		&LockingAndXResponse{},
		&LockByteRangeResponse{},
		&UnlockByteRangeResponse{},
		&DeleteResponse{},
		&RenameResponse{},
		&CreateDirectoryResponse{},
		&DeleteDirectoryResponse{},
		&CheckDirectoryResponse{},
		&QueryInformationResponse{FileAttributes: nt.AttrArchive, LastWriteTime: 815_000_000, FileSize: 1 << 31},
		&SetInformationResponse{},
		&QueryInformation2Response{Created: 1, Accessed: 2, Written: 3, DataSize: 4, AllocationSize: 5, FileAttributes: nt.AttrArchive},
		&SetInformation2Response{},
		&QueryInformationDiskResponse{TotalUnits: 1, BlocksPerUnit: 2, BlockSize: 512, FreeUnits: 3},
		&Transaction2Response{
			TotalParams: 9, TotalData: 30, ParamDisplacement: 4, DataDisplacement: 15,
			Setup: []uint16{1}, Params: []byte("param"), Data: sampleData,
		},
		&FindClose2Response{},
		&EchoResponse{SequenceNumber: 2, Data: sampleData},
		&ProcessExitResponse{},
		&NTTransactResponse{TotalParams: 9, TotalData: 15, ParamDisplacement: 4, Setup: []uint16{7}, Params: []byte("param"), Data: sampleData},
		&NTTransactResponse{},
		&Unknown{Cmd: 0xE9, Words: []byte{1, 2}, Bytes: sampleData},
	}
}

func sampleHeader(b Body, fl Flags, st nt.Status) Header {
	return Header{
		Command: b.Command(), Status: st, Flags: fl | FlagCaseless, Flags2: Flags2NTStatus | Flags2LongNames,
		PID: 0x0001FEFF, TID: 1, UID: 2, MID: 3, Signature: [8]byte{1, 2, 3, 4, 5, 6, 7, 8},
	}
}

// inBothEncodings runs f for each sample with OEM and with Unicode strings.
func inBothEncodings(t *testing.T, f func(t *testing.T, m *Message)) {
	t.Helper()
	for i, m := range samples() {
		for _, unicode := range []Flags2{0, Flags2Unicode} {
			m := *m
			m.Header.Flags2 |= unicode
			t.Run(fmt.Sprintf("%d_%T_%#x", i, m.Chain[0], m.Header.Flags2), func(t *testing.T) { f(t, &m) })
		}
	}
}

func mustAppend(t testing.TB, m *Message) []byte {
	t.Helper()
	b, err := m.Append(nil)
	if err != nil {
		t.Fatalf("Append: %v", err)
	}
	return b
}

func TestParseInvertsAppend(t *testing.T) {
	inBothEncodings(t, func(t *testing.T, want *Message) {
		b := mustAppend(t, want)
		got, err := Parse(b)
		if err != nil {
			t.Fatalf("Parse(%x): %v", b, err)
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%x (-got +want)\n%s", b, diff)
		}
	})
}

func TestPrefixesOfSamplesAreMalformed(t *testing.T) {
	inBothEncodings(t, func(t *testing.T, m *Message) { checkPrefixes(t, mustAppend(t, m)) })
}

func TestAppendKeepsWhatIsBeforeIt(t *testing.T) {
	inBothEncodings(t, func(t *testing.T, m *Message) {
		prefix := []byte("odd")
		got, err := m.Append(prefix)
		if err != nil {
			t.Fatal(err)
		}
		if want := append([]byte("odd"), mustAppend(t, m)...); string(got) != string(want) {
			t.Errorf("got %x, want %x", got, want)
		}
	})
}

func TestSamplesCoverTheCommandTable(t *testing.T) {
	type shape struct {
		reply bool
		body  reflect.Type
		words int
	}
	covered := map[shape]bool{}
	for _, m := range samples() {
		words := int(mustAppend(t, m)[HeaderSize])
		covered[shape{m.Header.IsReply(), reflect.TypeOf(m.Chain[0]), words}] = true
	}
	for key, known := range forms {
		for _, f := range known {
			b := f.make(newBodies(nil))
			if b.Command() != key.cmd {
				t.Errorf("%T is filed under %v", b, key.cmd)
			}
			for words := f.minWords; words <= f.maxWords; words++ {
				if f.maxWords == 255 && words > f.minWords+1 {
					break // transactions: with and without setup is enough
				}
				if f.maxWords == 255 && words == f.minWords {
					continue // none of ours is without setup
				}
				if s := (shape{key.reply, reflect.TypeOf(b), words}); !covered[s] {
					t.Errorf("no sample of %v", s)
				}
			}
		}
	}
}

func TestFieldsSurviveAtTheirLimits(t *testing.T) {
	for name, m := range map[string]*Message{
		"write of 130048 bytes wraps ByteCount": {
			sampleHeader(&WriteAndXRequest{}, 0, 0),
			[]Body{&WriteAndXRequest{FID: 1, Wide: true, Data: make([]byte, 130048)}},
		},
		"read of 130048 bytes wraps ByteCount": {
			sampleHeader(&ReadAndXResponse{}, FlagReply, 0),
			[]Body{&ReadAndXResponse{Data: make([]byte, 130048)}},
		},
		"write of nothing": {
			sampleHeader(&WriteRequest{}, 0, 0),
			[]Body{&WriteRequest{FID: 1, Offset: 100}},
		},
		"astral characters in a path": {
			Header{Command: CmdDelete, Flags2: Flags2Unicode},
			[]Body{&DeleteRequest{FileName: `\ä𝄞`}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(mustAppend(t, m))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, m); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
		})
	}
}

func TestReadCounts(t *testing.T) {
	for _, tc := range []struct {
		low  uint16
		high uint32
		want int
	}{
		{4096, 0, 4096},
		{0xFC00, 0xFFFFFFFF, 0xFC00}, // a timeout, not a count
		{0xFC00, 1, 0x1FC00},
		{1, 0x30000, 1}, // only 16 bits of it count
	} {
		r := ReadAndXRequest{MaxCount: tc.low, MaxCountHigh: tc.high}
		if got := r.Count(); got != tc.want {
			t.Errorf("%#x, %#x: got %#x, want %#x", tc.low, tc.high, got, tc.want)
		}
	}
	var r ReadAndXRequest
	if r.SetCount(0x1FC00); r.Count() != 0x1FC00 {
		t.Errorf("got %#x, want 0x1FC00", r.Count())
	}
}
