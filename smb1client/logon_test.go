package smb1client

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

func nothing(p *peer, req *smbwire.Message) {
	p.t.Errorf("unexpected request: %v", req.Header.Command)
}

func TestLogon(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup func(p *peer)
		opt   Options
		want  []string
	}{
		{
			name: "extended security", setup: func(*peer) {},
			want: []string{"NEGOTIATE", "SESSION_SETUP_ANDX", "SESSION_SETUP_ANDX", "TREE_CONNECT_ANDX"},
		},
		{
			name: "challenge and response", setup: (*peer).classic,
			want: []string{"NEGOTIATE", "SESSION_SETUP_ANDX", "TREE_CONNECT_ANDX"},
		},
		{
			name: "OEM strings", setup: func(*peer) {}, opt: Options{OEM: true},
			want: []string{"NEGOTIATE", "SESSION_SETUP_ANDX", "SESSION_SETUP_ANDX", "TREE_CONNECT_ANDX"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			inSim(t, func(k *simrt.Kernel) {
				p, conn := newPeer(t, k, nothing)
				c.setup(p)
				c.opt.Runtime = k
				tree := logon(t, conn, c.opt)
				defer closeClient(t, tree)
				if diff := cmp.Diff(c.want, p.commands(0)); diff != "" {
					t.Errorf("requests (-want +got):\n%s", diff)
				}
				last := p.requests[len(p.requests)-1]
				if last.Header.UID != testUID || tree.tid != testTID || last.Header.Flags2.Unicode() == c.opt.OEM {
					t.Errorf("UID %d, TID %d, flags %#x", last.Header.UID, tree.tid, last.Header.Flags2)
				}
				extended := len(c.want) == 4
				if got := last.Header.Flags2&smbwire.Flags2ExtendedSecurity != 0; got != extended {
					t.Errorf("extended security in the flags: got %v, want %v", got, extended)
				}
				if second := p.requests[2]; second.Header.UID != testUID {
					t.Errorf("UID of the request behind the first leg: got %d", second.Header.UID)
				}
			})
		})
	}
}

// The session setup tells the server what the client can take.
func TestSessionSetupFields(t *testing.T) {
	inSim(t, func(k *simrt.Kernel) {
		p, conn := newPeer(t, k, nothing)
		p.classic()
		defer closeClient(t, logon(t, conn, Options{Runtime: k, MaxCmds: 15, MaxBufferSize: 8192, VCNumber: 3}))
		got := *p.requests[1].Chain[0].(*smbwire.SessionSetupNTRequest)
		got.OEMPassword, got.UnicodePassword = nil, nil
		want := smbwire.SessionSetupNTRequest{
			MaxBufferSize: 8192, MaxMpxCount: 15, VcNumber: 3,
			Capabilities: smbwire.CapUnicode | smbwire.CapLargeFiles | smbwire.CapNTSMBs | smbwire.CapStatus32 |
				smbwire.CapLevelIIOplocks,
			AccountName: testUser, PrimaryDomain: "PO", NativeOS: nativeOS, NativeLanMan: nativeLanMan,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("session setup (-want +got):\n%s", diff)
		}
	})
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup func(p *peer)
		cred  Credentials
		want  nt.Status
	}{
		{"wrong password", func(*peer) {}, Credentials{User: testUser, Password: "x"}, nt.StatusLogonFailure},
		{"wrong password, classic", (*peer).classic, Credentials{User: testUser, Password: "x"}, nt.StatusLogonFailure},
		{
			"signatures required", func(p *peer) { p.welcome.SecurityMode |= smbwire.SecuritySignaturesNeeded },
			testCredentials(), nt.StatusNotSupported,
		},
		{
			"share-level security", func(p *peer) { p.welcome.SecurityMode &^= smbwire.SecurityUser },
			testCredentials(), nt.StatusNotSupported,
		},
		{
			"clear text", func(p *peer) {
				p.classic()
				p.welcome.SecurityMode &^= smbwire.SecurityEncryptPasswords
			}, testCredentials(), nt.StatusNotSupported,
		},
		{
			"no request allowed", func(p *peer) { p.welcome.MaxMpxCount = 0 },
			testCredentials(), nt.StatusInvalidNetworkResponse,
		},
		{
			"a dialect not offered", func(p *peer) { p.welcome.DialectIndex = 99 },
			testCredentials(), nt.StatusInvalidNetworkResponse,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			inSim(t, func(k *simrt.Kernel) {
				p, conn := newPeer(t, k, nothing)
				c.setup(p)
				_, err := Logon(conn, Options{Runtime: k}, c.cred, testUNC)
				if !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
			})
		})
	}
}

func TestOldDialects(t *testing.T) {
	for _, c := range []struct {
		name  string
		reply smbwire.Body
	}{
		{"LANMAN2.1", &smbwire.NegotiateLanmanResponse{DialectIndex: 6, Challenge: []byte("12345678")}},
		{"core", &smbwire.NegotiateCoreResponse{DialectIndex: 0}},
		{"none", &smbwire.NegotiateCoreResponse{DialectIndex: smbwire.NoDialect}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inSim(t, func(k *simrt.Kernel) {
				client, server := newPipe(k)
				k.Go("old server", func() { answerNegotiate(t, server, c.reply) })
				if _, err := Connect(client, Options{Runtime: k}); !errors.Is(err, nt.StatusNotSupported) {
					t.Errorf("got %v, want %v", err, nt.StatusNotSupported)
				}
			})
		})
	}
}

func answerNegotiate(t *testing.T, conn *pipeEnd, body smbwire.Body) {
	b, err := conn.Recv()
	if err != nil {
		t.Error(err)
		return
	}
	req, err := smbwire.Parse(b)
	if err != nil {
		t.Error(err)
		return
	}
	out, err := (&smbwire.Message{Header: req.Header.Reply(nt.StatusSuccess), Chain: []smbwire.Body{body}}).Append(nil)
	if err != nil {
		t.Error(err)
		return
	}
	_ = conn.Send(out)
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		name string
		opt  Options
	}{
		{"no runtime", Options{}},
		{"negative MaxCmds", Options{MaxCmds: -1}},
		{"a buffer below the least", Options{MaxBufferSize: 511}},
		{"a buffer that 16 bits cannot express", Options{MaxBufferSize: 65536}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inSim(t, func(k *simrt.Kernel) {
				if c.name != "no runtime" {
					c.opt.Runtime = k
				}
				conn, _ := newPipe(k)
				if _, err := Connect(conn, c.opt); !errors.Is(err, nt.StatusInvalidParameter) || !conn.closed {
					t.Errorf("got %v, connection closed: %v", err, conn.closed)
				}
			})
		})
	}
}

// One core write carries whole pages of what both sides can take.
//
// src: KB Q136150, Q223140
func TestLimits(t *testing.T) {
	for _, c := range []struct{ server, own, want int }{
		{4356, 4356, 4096},
		{16644, 4356, 4096},
		{4356, 16644, 4096},
		{16644, 16644, 16384},
		{2048, 4356, 2048 - writeOverhead},
	} {
		inSim(t, func(k *simrt.Kernel) {
			p, conn := newPeer(t, k, nothing)
			p.welcome.MaxBufferSize = uint32(c.server)
			tree := logon(t, conn, Options{Runtime: k, MaxBufferSize: c.own})
			defer closeClient(t, tree)
			want := Limits{
				Dialect: "NT LM 0.12", MaxBufferSize: min(c.server, c.own),
				MaxRead: c.want, MaxWrite: c.want, MaxMpx: 50,
			}
			if c.want < pageSize {
				want.MaxRead += writeOverhead - readOverhead
			}
			if diff := cmp.Diff(want, tree.Limits()); diff != "" {
				t.Errorf("server %d, own %d (-want +got):\n%s", c.server, c.own, diff)
			}
		})
	}
}
