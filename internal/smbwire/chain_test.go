package smbwire

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// chains returns AndX chains that clients and servers send.
func chains() map[string]*Message {
	request := Header{Command: CmdSessionSetupAndX, Flags2: Flags2Unicode | Flags2NTStatus, PID: 9, MID: 4}
	reply := request.Reply(nt.StatusSuccess)
	open := Header{Command: CmdNTCreateAndX, Flags2: Flags2Unicode | Flags2NTStatus, MID: 4}
	dos := Header{Command: CmdOpenAndX, MID: 4}
	return map[string]*Message{
		"logon with tree connect": {request, []Body{
			&SessionSetupNTRequest{MaxBufferSize: 4356, AccountName: "Clara", NativeOS: "NT"},
			&TreeConnectAndXRequest{Password: []byte{0}, Path: `\\PO\MAIL`, Service: ServiceDisk},
		}},
		"both succeeded": {reply, []Body{
			&SessionSetupResponse{NativeOS: "NT", NativeLanMan: "LM", PrimaryDomain: "PO"},
			&TreeConnectAndXResponse{Words: 3, Service: ServiceDisk, NativeFileSystem: "FAT"},
		}},
		"the tree connect failed": {request.Reply(nt.StatusBadNetworkName), []Body{
			&SessionSetupResponse{NativeOS: "NT", NativeLanMan: "LM", PrimaryDomain: "PO"},
			&ErrorReply{Cmd: CmdTreeConnectAndX},
		}},
		"the logon failed": {request.Reply(nt.StatusLogonFailure), []Body{&ErrorReply{Cmd: CmdSessionSetupAndX}}},
		"create and read": {open, []Body{
			&NTCreateAndXRequest{FileName: `\a`},
			&ReadAndXRequest{FID: NoFID, Wide: true, MaxCount: 100},
		}},
		"write and close, the second not AndX": {Header{Command: CmdWriteAndX}, []Body{
			&WriteAndXRequest{FID: 1, Data: []byte("odd")},
			&CloseRequest{FID: 1},
		}},
		"lock, read and an OEM open": {dos, []Body{
			&OpenAndXRequest{FileName: `\ab`},
			&LockingAndXRequest{FID: NoFID, Locks: []LockRange{{1, 2, 3}}},
			&ReadAndXRequest{FID: NoFID, MaxCount: 10},
		}},
	}
}

func TestChainsSurvive(t *testing.T) {
	for name, want := range chains() {
		t.Run(name, func(t *testing.T) {
			b := mustAppend(t, want)
			got, err := Parse(b)
			if err != nil {
				t.Fatalf("Parse(%x): %v", b, err)
			}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("%x (-got +want)\n%s", b, diff)
			}
			checkPrefixes(t, b)
			if len(want.Chain) == 1 {
				return
			}
			if off := binary.LittleEndian.Uint16(b[andXOffsetAt:]); off%chainAlign != 0 {
				t.Errorf("second block at %d", off)
			}
		})
	}
}

// andXOffsetAt is where AndXOffset of the first block lies.
const andXOffsetAt = HeaderSize + 3

func TestAndXOffsetMustPointBehindTheBlock(t *testing.T) {
	for name, m := range chains() {
		if len(m.Chain) < 2 {
			continue
		}
		b := mustAppend(t, m)
		block := HeaderSize + 1 + 2*int(b[HeaderSize]) + 2
		block += int(binary.LittleEndian.Uint16(b[block-2:]))
		for _, off := range []int{0, HeaderSize, HeaderSize + 1, block - 1, len(b), 0xFFFF} {
			binary.LittleEndian.PutUint16(b[andXOffsetAt:], uint16(off))
			wantFormatError(t, name, b, "")
		}
	}
}

func TestChainsHaveALimit(t *testing.T) {
	m := &Message{Header{Command: CmdLogoffAndX}, nil}
	for range maxChain {
		m.Chain = append(m.Chain, &LogoffAndXRequest{})
	}
	if _, err := Parse(mustAppend(t, m)); err != nil {
		t.Errorf("chain of %d: %v", maxChain, err)
	}
	m.Chain = append(m.Chain, &LogoffAndXRequest{})
	wantFormatError(t, "one more", mustAppend(t, m), "AndXCommand")
}
