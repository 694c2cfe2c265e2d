package nt_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// The codes that a user of the failures in this project's articles sees: KB Q155011.
func TestWin32Codes(t *testing.T) {
	for st, want := range map[nt.Status]uint32{
		nt.StatusSuccess: 0, nt.StatusObjectNameNotFound: 2, nt.StatusAccessDenied: 5, nt.StatusInvalidHandle: 6,
		nt.StatusSharingViolation: 32, nt.StatusBadNetworkPath: 53, nt.StatusUnexpectedNetworkError: 59,
		nt.StatusNetworkNameDeleted: 64, nt.StatusDiskFull: 112, nt.StatusIOTimeout: 121,
		nt.StatusSemaphoreLimitExceeded: 298, nt.Status(0xC000FFFF): 317,
	} {
		if got := st.Win32(); got != want {
			t.Errorf("%v: error %d, want %d", st, got, want)
		}
	}
}

func TestErrorKeepsStatusAndCause(t *testing.T) {
	err := error(&nt.Error{Op: "read", Path: `MAI\F`, Status: nt.StatusUnexpectedNetworkError, Err: io.ErrUnexpectedEOF})
	if !errors.Is(err, nt.StatusUnexpectedNetworkError) || !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, nt.StatusIOTimeout) {
		t.Errorf("errors.Is does not find status and cause of %v", err)
	}
	want := `read MAI\F: STATUS_UNEXPECTED_NETWORK_ERROR (error 59): unexpected EOF`
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

func TestFileTime(t *testing.T) {
	for _, r := range []struct {
		time time.Time
		want nt.FileTime
	}{
		{time.Time{}, 0},
		{time.Date(1601, 1, 1, 0, 0, 0, 100, time.UTC), 1},
		{time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), 116444736000000000},
		{time.Date(1995, 10, 2, 9, 0, 0, 500, time.UTC), 124570980000000005},
	} {
		if got := nt.FileTimeOf(r.time); got != r.want {
			t.Errorf("%v: %d, want %d", r.time, got, r.want)
		}
		if got := r.want.Time(); !got.Equal(r.time) {
			t.Errorf("%d: %v, want %v", r.want, got, r.time)
		}
	}
}

func TestAccessAndShareWords(t *testing.T) {
	if a := nt.GenericWrite; a.CanRead() || !a.CanWrite() || a.CanDelete() {
		t.Error("GENERIC_WRITE reads or deletes")
	}
	if got := (nt.GenericRead | nt.GenericWrite).Mapped(); got != 0x0012019F || !got.CanRead() || !got.CanWrite() || got.CanDelete() {
		t.Errorf("GENERIC_READ|GENERIC_WRITE is %#x", uint32(got))
	}
	if got := nt.GenericWrite.Mapped(); got != 0x00120116 || got.CanRead() {
		t.Errorf("GENERIC_WRITE is %#x", uint32(got))
	}
	for share, want := range map[nt.ShareAccess]string{
		nt.ShareNone: "deny-all", nt.ShareRead: "deny-write", nt.ShareWrite: "deny-read",
		nt.ShareRead | nt.ShareWrite | nt.ShareDelete: "deny-none",
	} {
		if got := share.String(); got != want {
			t.Errorf("%d: %s, want %s", share, got, want)
		}
	}
	if !nt.StatusSharingViolation.IsError() || nt.StatusBufferOverflow.IsError() {
		t.Error("severity")
	}
}
