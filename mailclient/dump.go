package mailclient

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Dump writes what a postoffice's files say, for people: who it is, its counters, and the
// records of each mailbag. It judges nothing; Check does.
func Dump(fs FS, w io.Writer) error {
	dir, err := readDirectory(fs)
	if err != nil {
		return err
	}
	control, err := parseFile(fs, ControlPath, ParseControl)
	if err != nil {
		return err
	}
	out := &strings.Builder{}
	fmt.Fprintf(out, "postoffice %s/%s\nnext names: mailbag %v, message %v\n", dir.self.Network, dir.self.PO, control.Mailbag, control.Letter)
	errs := []error{dumpBag(fs, out, Inqueue, "mail from other postoffices")}
	for _, u := range dir.users {
		errs = append(errs, dumpBag(fs, out, u.ID.String(), "user "+u.Name))
	}
	for _, x := range dir.externals {
		errs = append(errs, dumpBag(fs, out, x.ID.String(), "mail for "+x.Network+"/"+x.PO))
	}
	_, err = io.WriteString(w, out.String())
	return errors.Join(append(errs, err)...)
}

// dumpBag writes one mailbag, or why it cannot be read.
func dumpBag(fs FS, w *strings.Builder, name, owner string) error {
	fmt.Fprintf(w, "\nmailbag %s, %s\n", name, owner)
	b, err := openMailbagRead(fs, name)
	if err != nil {
		if !isFinding(err) {
			return err
		}
		fmt.Fprintf(w, "  %v\n", err)
		return nil
	}
	k := &b.key
	fmt.Fprintf(w, "  %d live of %d slots, %d new, %d unread, sequence %d\n", k.Live, k.Slots, k.New, k.Unread, k.Seq)
	for slot := range k.LiveSlots() {
		var raw []byte
		if raw, err = b.rawRecord(slot); err != nil {
			break
		}
		dumpRecord(w, b.mbgPath, slot, raw)
	}
	return errors.Join(err, b.close())
}

func dumpRecord(w *strings.Builder, path string, slot int, raw []byte) {
	r, err := ParseRecord(path, int64(slot)*RecordSize, raw)
	if err != nil {
		fmt.Fprintf(w, "  %4d  %v\n", slot, err)
		return
	}
	kind := "new"
	switch {
	case r.Flags&RecordHasP1 != 0:
		kind = "P1"
	case r.Flags&RecordRead != 0:
		kind = "read"
	}
	fmt.Fprintf(w, "  %4d  %v  %-4s  %s  %-10s  %8d bytes, checksum %08X, %d attachments, %dh  %q\n",
		slot, r.MAI, kind, r.Posted.Format("2006-01-02 15:04"), r.Sender, r.Size, r.CRC, r.ATTs, r.Hours, r.Subject)
}
