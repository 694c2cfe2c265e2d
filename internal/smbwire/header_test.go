package smbwire

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
)

func TestStatusTravelsAsTheClientWants(t *testing.T) {
	for _, tc := range []struct {
		name   string
		flags2 Flags2
		status nt.Status
		raw    nt.Status
		back   nt.Status
	}{
		{"NTSTATUS", Flags2NTStatus, nt.StatusSharingViolation, 0xC0000043, nt.StatusSharingViolation},
		{"success", 0, nt.StatusSuccess, 0, nt.StatusSuccess},
		{"ERRDOS/ERRbadshare", 0, nt.StatusSharingViolation, 0x00200001, nt.StatusSharingViolation},
		{"ERRDOS/ERRbadfile", 0, nt.StatusObjectNameNotFound, 0x00020001, nt.StatusObjectNameNotFound},
		{"ERRDOS/ERRbadfile again", 0, nt.StatusNoSuchFile, 0x00020001, nt.StatusObjectNameNotFound},
		{"ERRDOS/ERRlock", 0, nt.StatusFileLockConflict, 0x00210001, nt.StatusLockNotGranted},
		{"ERRSRV/ERRbadpw", 0, nt.StatusLogonFailure, 0x00020002, nt.StatusWrongPassword},
		{"ERRHRD/ERRgeneral for the rest", 0, nt.StatusLostWritebehindData, 0x001F0003, nt.StatusUnsuccessful},
	} {
		t.Run(tc.name, func(t *testing.T) {
			request := Header{Flags2: tc.flags2}
			reply := request.Reply(tc.status)
			if reply.Status != tc.raw {
				t.Errorf("raw: got %#08x, want %#08x", uint32(reply.Status), uint32(tc.raw))
			}
			if got := reply.NTStatus(); got != tc.back {
				t.Errorf("NTStatus: got %v, want %v", got, tc.back)
			}
		})
	}
}

func TestEveryDOSErrorHasAWayBack(t *testing.T) {
	for _, d := range dosErrors {
		h := Header{Status: d.raw()}
		if got := DOSStatus(h.NTStatus()); got == dosGeneral.raw() && d.status != nt.StatusUnsuccessful {
			t.Errorf("class %d code %d: %v has no DOS error", d.class, d.code, h.NTStatus())
		}
	}
	if got := (&Header{Status: 0x77770001}).NTStatus(); got != nt.StatusUnsuccessful {
		t.Errorf("unknown code: got %v", got)
	}
}

func TestReservedByteOfADOSErrorIsIgnored(t *testing.T) {
	h := Header{Status: 0x0020FF01}
	if got := h.NTStatus(); got != nt.StatusSharingViolation {
		t.Errorf("got %v", got)
	}
}

func TestReplyAddressesTheRequest(t *testing.T) {
	request := Header{
		Command: CmdOpen, Status: 7, Flags: FlagCaseless | FlagOplock | FlagOplockBatch,
		Flags2: Flags2NTStatus | Flags2Unicode, PID: 0x10002, Signature: [8]byte{1}, TID: 3, UID: 4, MID: 5,
	}
	got := request.Reply(nt.StatusAccessDenied)
	want := Header{
		Command: CmdOpen, Status: nt.StatusAccessDenied, Flags: FlagCaseless | FlagReply,
		Flags2: Flags2NTStatus | Flags2Unicode, PID: 0x10002, TID: 3, UID: 4, MID: 5,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want)\n%s", diff)
	}
}

func TestCommandNames(t *testing.T) {
	for c, want := range map[Command]string{
		CmdNTCreateAndX: "NT_CREATE_ANDX",
		CmdTransaction2: "TRANSACTION2",
		0xE9:            "COMMAND_0xE9",
	} {
		if got := c.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for key := range forms {
		if commandNames[key.cmd] == "" {
			t.Errorf("command %#02x has a body and no name", uint8(key.cmd))
		}
	}
}

func TestBreaksAndAcknowledgementsAreTold(t *testing.T) {
	for want, m := range map[string]*Message{
		"LOCKING_ANDX mid=0xffff fid=0x0801 break=level2": {Header{MID: BreakMID}, []Body{OplockBreak(0x801, nt.OplockLevelII)}},
		"LOCKING_ANDX mid=6 fid=0x0801 acknowledge=none":  {Header{MID: 6}, []Body{OplockBreak(0x801, nt.OplockNone)}},
		"NT_CREATE_ANDX mid=6 path=\"\\\\a b\" want=batch access=0x0 share=deny-all disposition=open options=0x0": {
			Header{MID: 6}, []Body{&NTCreateAndXRequest{Flags: OplockFlags(nt.OplockBatch), FileName: `\a b`, Disposition: nt.FileOpen}},
		},
		"OPEN_ANDX mid=6 path=\\a want=exclusive access=0x0000 mode=0x00": {
			Header{MID: 6}, []Body{&OpenAndXRequest{Flags: OpenWantOplock, FileName: `\a`}},
		},
		"READ_ANDX reply mid=6 status=STATUS_FILE_CLOSED": {
			Header{MID: 6, Flags: FlagReply, Flags2: Flags2NTStatus, Status: nt.StatusFileClosed}, []Body{&ErrorReply{Cmd: CmdReadAndX}},
		},
		"TRANSACTION2 mid=6 QUERY_FS_INFORMATION malformed parameters": {
			Header{MID: 6}, []Body{&Transaction2Request{Setup: []uint16{Trans2QueryFS}}},
		},
	} {
		if got := describeAll(m); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
