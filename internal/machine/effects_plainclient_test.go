package machine

import (
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/smb1client"
)

// What the server's values do, as a client without a redirector sees it.
var plainClientEffects = []effect{
	{
		set: "EnableRaw=0",
		observe: func(s *story) string {
			return fmt.Sprintf("raw transfers of up to %d bytes", s.plain(0).Limits().MaxRaw)
		},
		stock: "raw transfers of up to 65535 bytes", changed: "raw transfers of up to 0 bytes",
	},
	{
		set: "MaxRawBufLen=20000",
		observe: func(s *story) string {
			return fmt.Sprintf("raw transfers of up to %d bytes", s.plain(0).Limits().MaxRaw)
		},
		stock: "raw transfers of up to 65535 bytes", changed: "raw transfers of up to 20000 bytes",
	},
	{
		set:     "RawWorkItems=1",
		observe: twoRawWrites,
		stock:   "0 declined", changed: "1 declined",
	},
	{
		set:     "MaxLinkDelay=0",
		observe: func(s *story) string { return s.secondRead(s.file("F", nt.ShareRead|nt.ShareWrite)) },
		stock:   "from the cache", changed: "from the server",
	},
	{
		set:     "MinLinkThroughput=1000000", // T1 carries 193,000
		observe: func(s *story) string { return s.secondRead(s.file("F", nt.ShareRead|nt.ShareWrite)) },
		stock:   "from the cache", changed: "from the server",
	},
	{
		set: "CachedOpenLimit=0",
		observe: func(s *story) string {
			p := create(nt.GenericRead, nt.ShareRead)
			p.Oplock = nt.OplockExclusive
			a, b := s.plain(0), s.plain(1)
			h, _, err := a.Create("F", p)
			if err != nil {
				return err.Error()
			}
			if err := a.Close(h, 0); err != nil {
				return err.Error()
			}
			return result(func() error {
				_, _, err := b.Create("F", create(readWrite, nt.ShareRead))
				return err
			})
		},
		stock: "error 32", changed: "success",
	},
	{
		set: "EnableSoftCompat=0",
		observe: func(s *story) string {
			if err := s.Volume.WriteFile("F", nil); err != nil {
				return err.Error()
			}
			open := func(t *smb1client.Tree) error { // as MS-DOS opens to read: in compatibility mode
				reply, err := t.Exchange(&smbwire.OpenRequest{FileName: "F"})
				if err == nil && reply.Header.NTStatus() != nt.StatusSuccess {
					err = reply.Header.NTStatus()
				}
				return err
			}
			if err := open(s.plain(0)); err != nil {
				return err.Error()
			}
			other := s.plain(1)
			return result(func() error { return open(other) })
		},
		stock: "success", changed: "error 32",
	},
}

// plain logs a client without a redirector on, on the sender's link. It does not make
// the server drop other circuits.
func (s *story) plain(n int) *smb1client.Tree {
	s.t.Helper()
	conn, err := s.Link.Dialer().Dial(time.Minute)
	if err != nil {
		s.t.Fatal(err)
	}
	tree, err := smb1client.Logon(conn, smb1client.Options{Runtime: s.RT, Circuit: uint32(100 + n), VCNumber: uint16(100 + n)},
		SimCredentials(), `\\`+ServerName+`\`+ShareName)
	if err != nil {
		s.t.Fatal(err)
	}
	return tree
}

// twoRawWrites lets two clients write 64 KB raw at a time and tells how many of them
// the server declined.
func twoRawWrites(s *story) string {
	declined := 0
	var done []rt.Event
	for i := range 2 {
		tree := s.plain(i)
		h, _, err := tree.Create(fmt.Sprint("F", i), create(readWrite, nt.ShareRead))
		if err != nil {
			return err.Error()
		}
		e := s.RT.NewEvent(rt.Notification)
		done = append(done, e)
		s.RT.Go("raw writer", func() {
			defer e.Set()
			if _, err := tree.WriteRaw(h, make([]byte, 65000), 0, 0, 0); err != nil {
				declined++
			}
		})
	}
	for _, e := range done {
		e.Wait(rt.Forever)
	}
	return fmt.Sprintf("%d declined", declined)
}
