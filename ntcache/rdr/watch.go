package rdr

import (
	"github.com/ntrdr/ntrdr/internal/nt"
)

// Watch is a directory that an application watches for changes. It costs one of the
// requests that the server lets this machine have outstanding, for as long as it waits,
// and keeps raw mode away.
//
// src: KB Q191370 (the limit), KB Q123819 (raw mode)
type Watch struct {
	h      *Handle
	filter nt.NotifyFilter
	tree   bool
}

// Watch opens a directory to be watched for what filter asks for, with tree in the
// directories below too. It is FindFirstChangeNotification.
func (r *Redirector) Watch(dir string, filter nt.NotifyFilter, tree bool) (*Watch, error) {
	h, err := r.Open(dir, nt.CreateParams{
		Access: nt.FileReadData | nt.Synchronize, Share: nt.ShareRead | nt.ShareWrite | nt.ShareDelete,
		Disposition: nt.FileOpen, Options: nt.DirectoryFile,
	})
	if err != nil {
		return nil, err
	}
	return &Watch{h: h, filter: filter, tree: tree}, nil
}

// Next waits for changes, for ever if need be. No changes and no error mean that there
// were too many. Close ends it with an error.
//
// src: [MS-CIFS] §3.2.4.39, §3.2.6.1
func (w *Watch) Next() (changes []nt.Change, err error) {
	if _, err := w.h.rights(); err != nil {
		return nil, wrap("watch", w.h.f.path, err)
	}
	o := w.h.open
	err = o.circuit.longTerm(func() (err error) {
		changes, err = o.remote.NotifyChange(o.h, w.filter, w.tree)
		return err
	})
	return changes, wrap("watch", w.h.f.path, err)
}

// Close ends the watch. A Next that waits is cancelled first: when all requests that the
// server allows are taken by watches, a CLOSE could wait for ever for its turn.
//
// src: [MS-CIFS] §3.2.4.28 (NT_CANCEL is no request of its own)
func (w *Watch) Close() error {
	if _, err := w.h.rights(); err == nil {
		_ = w.h.open.remote.CancelWaits(w.h.open.h) // CLOSE ends what is left
	}
	return w.h.Close()
}
