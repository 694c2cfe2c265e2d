package mailclient

import (
	"fmt"
	"strings"
)

// destination is where mail for one address goes: to local mailbags, or on to another
// postoffice.
type destination struct {
	bags     []string // local mailbags
	outbound string   // mailbag of the next postoffice, "" for a local address
	fail     Code
	reason   Reason
}

// resolve finds the destination of an address. Lists that ADMIN has changed are read
// again.
//
// src: KB Q103421, Q132059 (lists are read again if FLAG.GLB has changed), Q117895 (a
// group without a member file).
func (m *Mailer) resolve(a Address) (destination, error) {
	if bag, ok := m.dir.user(a); ok {
		return destination{bags: []string{bag}}, nil
	}
	if err := m.reload(); err != nil {
		return destination{}, err
	}
	if bag, ok := m.dir.user(a); ok {
		return destination{bags: []string{bag}}, nil
	}
	if bag, ok := m.dir.external(a.Network, a.PO); ok {
		return destination{outbound: bag}, nil
	}
	return m.resolveGroup(a)
}

func (m *Mailer) resolveGroup(a Address) (destination, error) {
	unknown := destination{fail: CodeUnknownAddress, reason: ReasonMissing}
	id, ok, err := findGroup(m.fs, m.dir.self, a)
	if err != nil && !isFinding(err) || !ok {
		return unknown, ignoreFinding(err)
	}
	members, err := readMembers(m.fs, id)
	if err != nil {
		return destination{fail: CodeNoGroup, reason: reasonOrMissing(err)}, ignoreFinding(err)
	}
	d := destination{}
	for _, id := range members {
		d.bags = append(d.bags, id.String())
	}
	return d, nil
}

// ignoreFinding keeps the errors of the way to the postoffice.
func ignoreFinding(err error) error {
	if isFinding(err) {
		return nil
	}
	return err
}

// reload reads the directory again if FLAG.GLB has changed since.
func (m *Mailer) reload() error {
	flag, err := readFile(m.fs, flagPath)
	if err != nil {
		return ignoreFinding(err)
	}
	if string(flag) == m.flag {
		return nil
	}
	dir, err := readDirectory(m.fs)
	if err != nil {
		return ignoreFinding(err)
	}
	m.dir, m.flag = dir, string(flag)
	return nil
}

// findGroup returns the group that a local address names.
func findGroup(fs FS, self Master, a Address) (id ID, ok bool, err error) {
	if !a.isAt(self.Network, self.PO) {
		return 0, false, nil
	}
	groups, err := readGroups(fs)
	for _, g := range groups {
		if strings.EqualFold(g.Name, a.Mailbox) {
			return g.ID, true, err
		}
	}
	return 0, false, err
}

// forward queues a copy of the message for another postoffice, with an envelope for the
// recipients there. The copy has one hop less and this postoffice in its route.
//
// src: KB Q154783, Q147471 (hop count and route), Q128627 (circular routes)
func (m *Mailer) forward(it *item, bag string, rcpts []Address) (failed []failedRcpt, err error) {
	fail := func(code Code, reason Reason) []failedRcpt {
		for _, a := range rcpts {
			failed = append(failed, failedRcpt{a, code, reason})
		}
		return failed
	}
	here := m.dir.self.Network + "/" + m.dir.self.PO
	switch {
	case it.mai == nil: // an older reader, which cannot tell what it would forward
		return fail(CodeUndeliverable, ReasonTLV), nil
	case it.mai.visited(here):
		return fail(CodeCircularRoute, ReasonRoute), nil
	case it.mai.Hops == 0 || len(it.mai.Route) == maxRoute:
		return fail(CodeHopCount, ReasonRoute), nil
	}
	err = m.queueCopy(it, bag, here, rcpts)
	if err != nil && isFinding(err) {
		m.log("%v", err)
		return fail(CodeUndeliverable, reasonOrMissing(err)), nil
	}
	return nil, err
}

func (m *Mailer) queueCopy(it *item, bag, here string, rcpts []Address) error {
	var atts []Attachment
	for _, a := range it.mai.Attachments {
		f, err := readWhole(nil, m.fs, ATTPath(a.ID), maxATT)
		if err != nil {
			return err
		}
		atts = append(atts, Attachment{a.Name, f.Data})
	}
	st := &store{fs: m.fs, names: &m.names, bags: []string{bag}, flags: RecordHasP1}
	st.envelope = &Envelope{Rcpts: []Rcpt{{RcptFrom, it.mai.From}}}
	for _, a := range rcpts {
		st.envelope.Rcpts = append(st.envelope.Rcpts, Rcpt{RcptTo, a})
	}
	err := st.put(atts, func(first, _ ID) (*MAI, error) {
		c := *it.mai
		c.Hops--
		c.Route = append(append([]string(nil), c.Route...), here)
		c.Attachments = append([]AttachmentRef(nil), c.Attachments...)
		for i := range c.Attachments {
			c.Attachments[i].ID = first + ID(i)
		}
		return &c, nil
	})
	if err != nil {
		return fmt.Errorf("forward to mailbag %s: %w", bag, err)
	}
	return nil
}

// visited reports whether the message has come through a postoffice before.
func (m *MAI) visited(po string) bool {
	for _, r := range m.Route {
		if strings.EqualFold(r, po) {
			return true
		}
	}
	return false
}

// FreeSpacer is an FS that knows how much room its disk has.
type FreeSpacer interface {
	// FreeSpace returns the bytes that can still be written.
	FreeSpace() (int64, error)
}

// isFull reports whether the postoffice's disk has less than MinKDiskFull. An FS that
// cannot tell is never full.
//
// src: KB Q111558
func (m *Mailer) isFull() (bool, error) {
	disk, ok := m.cfg.PO.(FreeSpacer)
	if !ok || m.cfg.MinKDiskFull == 0 {
		return false, nil
	}
	free, err := disk.FreeSpace()
	if err != nil {
		return false, fmt.Errorf("free space: %w", err)
	}
	return free < int64(m.cfg.MinKDiskFull)<<10, nil
}
