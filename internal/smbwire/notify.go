package smbwire

import "github.com/ntrdr/ntrdr/internal/nt"

// NotifyChangeRequest waits for a change in the directory FID.
//
// src: [MS-CIFS] §2.2.7.4.1
type NotifyChangeRequest struct {
	Filter    nt.NotifyFilter
	FID       FID
	WatchTree bool   // and in all directories below it
	MaxParams uint32 // bytes of changes that the client takes
}

// notifySetup is how many setup words the request has.
//
// src: [MS-CIFS] §2.2.7.4.1
const notifySetup = 4

// Request returns the NT_TRANSACT that carries r.
func (r *NotifyChangeRequest) Request() *NTTransactRequest {
	tree := uint16(0)
	if r.WatchTree {
		tree = 1
	}
	return &NTTransactRequest{
		Function: NTTransactNotifyChange, MaxParams: r.MaxParams,
		Setup: []uint16{uint16(r.Filter), uint16(r.Filter >> 16), uint16(r.FID), tree},
	}
}

// Decode reads r from the NT_TRANSACT that carries it.
func (r *NotifyChangeRequest) Decode(t *NTTransactRequest) error {
	if t.Function != NTTransactNotifyChange || len(t.Setup) < notifySetup {
		return &FormatError{Command: CmdNTTransact, Field: "Setup", Reason: "not that of NT_TRANSACT_NOTIFY_CHANGE"}
	}
	r.Filter = nt.NotifyFilter(t.Setup[0]) | nt.NotifyFilter(t.Setup[1])<<16
	r.FID = FID(t.Setup[2])
	r.WatchTree = t.Setup[3]&0xFF != 0
	r.MaxParams = t.MaxParams
	return nil
}

// notifyHeader is the size of an entry ahead of its name.
//
// src: [MS-CIFS] §2.2.7.4.2 (FILE_NOTIFY_INFORMATION)
const notifyHeader = 12

// EncodeChanges writes changes as parameters of the response. Names are UTF-16
// whatever the flags.
//
// src: [MS-CIFS] §2.2.7.4.2
func EncodeChanges(changes []nt.Change) []byte {
	e := newEncoder(CmdNTTransact, Flags2Unicode)
	for i, c := range changes {
		start := e.pos()
		e.u32(0) // NextEntryOffset
		e.u32(uint32(c.Action))
		name := appendUTF16(nil, c.Name)
		e.u32(uint32(len(name)))
		e.blob(name)
		if i < len(changes)-1 {
			e.align(4)
			e.patch32(start, uint32(e.pos()-start))
		}
	}
	return e.buf
}

// DecodeChanges reads the parameters of the response. None at all mean that there
// were more changes than the buffers hold.
//
// src: [MS-CIFS] §2.2.7.4.2
func DecodeChanges(params []byte) ([]nt.Change, error) {
	var all []nt.Change
	for len(params) > 0 {
		d := newDecoder(CmdNTTransact, params, Flags2Unicode)
		next := d.u32("NextEntryOffset")
		action := nt.NotifyAction(d.u32("Action"))
		n := d.u32("FileNameLength")
		if d.err == nil && (n%2 != 0 || uint64(n) > uint64(d.remaining())) {
			d.fail("FileNameLength", "not within the parameters")
		}
		name := d.blob("FileName", int(n))
		if d.err == nil && next != 0 && (next < notifyHeader+n || uint64(next) > uint64(len(params))) {
			d.fail("NextEntryOffset", "not behind the entry")
		}
		if d.err != nil {
			return nil, d.error()
		}
		all = append(all, nt.Change{Action: action, Name: utf16String(name)})
		if next == 0 {
			break
		}
		params = params[next:]
	}
	return all, nil
}
