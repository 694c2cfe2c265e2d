package smbserver

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/ntlm"
	"github.com/ntrdr/ntrdr/internal/smbwire"
	"github.com/ntrdr/ntrdr/internal/volume"
)

func TestNegotiate(t *testing.T) {
	for _, row := range []struct {
		what     string
		dialects []string
		index    uint16
	}{
		{"NT LM 0.12 alone", []string{smbwire.DialectNTLM012}, 0},
		{"the list of NT 3.51", []string{smbwire.DialectCore, smbwire.DialectLanman10, smbwire.DialectLanman21, smbwire.DialectNTLM012}, 3},
		{"older dialects", []string{smbwire.DialectCore, smbwire.DialectLanman10, smbwire.DialectLanman21}, smbwire.NoDialect},
		{"none", nil, smbwire.NoDialect},
	} {
		t.Run(row.what, func(t *testing.T) {
			w := newWorld(t)
			body := w.dial("WS1").want(nt.StatusSuccess, &smbwire.NegotiateRequest{Dialects: row.dialects})
			switch out := body.(type) {
			case *smbwire.NegotiateCoreResponse:
				if out.DialectIndex != row.index {
					t.Errorf("index %#x, want %#x", out.DialectIndex, row.index)
				}
			case *smbwire.NegotiateNTResponse:
				out.Challenge = nil
				want := &smbwire.NegotiateNTResponse{
					DialectIndex: row.index, SecurityMode: 3, MaxMpxCount: 50, MaxNumberVcs: 1, MaxBufferSize: 4356,
					MaxRawSize: 65535, Capabilities: capabilities | smbwire.CapRawMode, SystemTime: nt.FileTimeOf(w.now), DomainName: "WORKGROUP", ServerName: "SERVER",
				}
				if diff := cmp.Diff(want, out); diff != "" {
					t.Error(diff)
				}
			default:
				t.Errorf("got %T", body)
			}
		})
	}
}

func withUser(c *Config) { c.Users = map[string]string{"Smbuser": "Passw0rd"} }

func TestClassicLogon(t *testing.T) {
	for _, row := range []struct {
		what, user, password string
		v1                   bool
		want                 nt.Status
	}{
		{"NTLMv2", "smbuser", "Passw0rd", false, nt.StatusSuccess},
		{"NTLM", "SMBUSER", "Passw0rd", true, nt.StatusSuccess},
		{"wrong password", "smbuser", "passw0rd", false, nt.StatusLogonFailure},
		{"unknown user", "nobody", "Passw0rd", false, nt.StatusLogonFailure},
		{"anonymous", "", "", false, nt.StatusLogonFailure},
	} {
		t.Run(row.what, func(t *testing.T) {
			w := newWorld(t, withUser)
			p := w.dial("WS1")
			out, ok := p.want(nt.StatusSuccess, &smbwire.NegotiateRequest{Dialects: []string{smbwire.DialectNTLM012}}).(*smbwire.NegotiateNTResponse)
			if !ok {
				t.Fatal("not NT LM 0.12")
			}
			cred := ntlm.Credentials{User: row.user, Password: row.password, Domain: "WORKGROUP"}
			answer := ntlm.AnswerClassicV2(cred, [8]byte(out.Challenge), rand.New(rand.NewPCG(1, 1)), w.now)
			if row.v1 {
				answer = ntlm.AnswerClassicV1(cred, [8]byte(out.Challenge))
			}
			setup := setupRequest(0)
			setup.OEMPassword, setup.UnicodePassword = answer.LM, answer.NT
			setup.AccountName, setup.PrimaryDomain = row.user, "WORKGROUP"
			p.want(row.want, setup)
			tree := row.want
			if tree != nt.StatusSuccess {
				tree = nt.StatusUserSessionDeleted
			}
			p.want(tree, &smbwire.TreeConnectAndXRequest{Path: `\\SERVER\DATA`, Service: "?????"})
		})
	}
}

// extendedLogon goes through SPNEGO and returns the last status and whether the
// client became a guest.
func extendedLogon(p *peer, vc uint16, cred ntlm.Credentials) (st nt.Status, guest bool) {
	p.w.t.Helper()
	client := ntlm.NewClient(cred, rand.New(rand.NewPCG(3, 4)))
	negotiate := &smbwire.NegotiateRequest{Dialects: []string{smbwire.DialectNTLM012}}
	m := p.exchangeExtended(negotiate)
	hello, ok := m.Chain[0].(*smbwire.NegotiateNTResponse)
	if !ok || hello.Capabilities&smbwire.CapExtendedSecurity == 0 {
		p.w.t.Fatalf("got %+v", m.Chain[0])
	}
	token, err := client.Init(hello.SecurityBlob)
	for range 4 {
		if err != nil {
			p.w.t.Fatal(err)
		}
		m = p.exchangeExtended(&smbwire.SessionSetupExtendedRequest{
			MaxBufferSize: 4356, VcNumber: vc, SecurityBlob: token,
			Capabilities: smbwire.CapUnicode | smbwire.CapStatus32 | smbwire.CapExtendedSecurity,
		})
		st = m.Header.NTStatus()
		if st != nt.StatusMoreProcessingRequired && st != nt.StatusSuccess {
			return st, false
		}
		p.uid = m.Header.UID
		out, ok := m.Chain[0].(*smbwire.SessionSetupExtendedResponse)
		if !ok {
			p.w.t.Fatalf("got %T", m.Chain[0])
		}
		if st == nt.StatusSuccess {
			return st, out.Action&smbwire.SetupGuest != 0
		}
		token, _, err = client.Step(out.SecurityBlob, p.w.now)
	}
	return st, false
}

func (p *peer) exchangeExtended(b smbwire.Body) *smbwire.Message {
	p.w.t.Helper()
	p.mid++
	m := &smbwire.Message{
		Header: smbwire.Header{Flags2: clientFlags2 | smbwire.Flags2ExtendedSecurity, UID: p.uid, MID: p.mid},
		Chain:  []smbwire.Body{b},
	}
	frame, err := m.Append(nil)
	if err != nil {
		p.w.t.Fatal(err)
	}
	p.w.step(frameInput{conn: p.id, frame: frame})
	if m = p.reply(p.mid); m == nil {
		p.w.t.Fatalf("no reply to %v", b.Command())
	}
	return m
}

func TestExtendedLogon(t *testing.T) {
	for _, row := range []struct {
		what  string
		users func(*Config)
		cred  ntlm.Credentials
		want  nt.Status
		guest bool
	}{
		{"right password", withUser, ntlm.Credentials{User: "smbuser", Password: "Passw0rd", Domain: "WG"}, nt.StatusSuccess, false},
		{"wrong password", withUser, ntlm.Credentials{User: "smbuser", Password: "x"}, nt.StatusLogonFailure, false},
		{"anonymous", withUser, ntlm.Credentials{}, nt.StatusLogonFailure, false},
		{"no accounts: anyone", func(*Config) {}, ntlm.Credentials{User: "who", Password: "ever"}, nt.StatusSuccess, true},
		{"no accounts: anonymous", func(*Config) {}, ntlm.Credentials{}, nt.StatusSuccess, true},
	} {
		t.Run(row.what, func(t *testing.T) {
			p := newWorld(t, row.users).dial("WS1")
			if st, guest := extendedLogon(p, 1, row.cred); st != row.want || guest != row.guest {
				t.Errorf("got %v, guest %v; want %v, guest %v", st, guest, row.want, row.guest)
			}
		})
	}
}

// A client that offers nothing but Kerberos has not got as far as a password, and is
// not let in as a guest either.
func TestOtherMechanismsAreRefused(t *testing.T) {
	p := newWorld(t).dial("WS1")
	p.exchangeExtended(&smbwire.NegotiateRequest{Dialects: []string{smbwire.DialectNTLM012}})
	m := p.exchangeExtended(&smbwire.SessionSetupExtendedRequest{SecurityBlob: []byte{
		0x60, 0x1B, 0x06, 0x06, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x02, 0xA0, 0x11, 0x30, 0x0F, 0xA0, 0x0D, 0x30, 0x0B,
		0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02,
	}})
	if st := m.Header.NTStatus(); st != nt.StatusLogonFailure {
		t.Errorf("got %v", st)
	}
}

func TestGuessingEnds(t *testing.T) {
	w := newWorld(t, withUser, func(c *Config) { c.Limits.MaxAuthFailures = 3 })
	p := w.dial("WS1")
	p.want(nt.StatusSuccess, &smbwire.NegotiateRequest{Dialects: []string{smbwire.DialectNTLM012}})
	p.want(nt.StatusLogonFailure, setupRequest(0))
	p.want(nt.StatusLogonFailure, setupRequest(0))
	p.wantNone(p.send(setupRequest(0)))
	if !p.hung {
		t.Error("the circuit is still up")
	}
}

func TestTreeConnect(t *testing.T) {
	for _, row := range []struct {
		path, service string
		want          nt.Status
	}{
		{`\\SERVER\data`, "A:", nt.StatusSuccess},
		{`\\ANY\DATA`, "?????", nt.StatusSuccess},
		{`data`, "?????", nt.StatusSuccess},
		{`\\SERVER\IPC$`, "IPC", nt.StatusSuccess},
		{`\\SERVER\IPC$`, "A:", nt.StatusBadDeviceType},
		{`\\SERVER\DATA`, "LPT1:", nt.StatusBadDeviceType},
		{`\\SERVER\NOPE`, "?????", nt.StatusBadNetworkName},
		{``, "?????", nt.StatusBadNetworkName},
	} {
		t.Run(row.path+" "+row.service, func(t *testing.T) {
			p := newWorld(t).logon("WS1")
			p.want(row.want, &smbwire.TreeConnectAndXRequest{Path: row.path, Service: row.service})
		})
	}
}

func TestIPCHoldsNothing(t *testing.T) {
	p := newWorld(t).logon("WS1")
	p.want(nt.StatusSuccess, &smbwire.TreeConnectAndXRequest{Path: `\\SERVER\IPC$`, Service: "IPC"})
	p.want(nt.StatusObjectNameNotFound, create(`\srvsvc`))
	p.want(nt.StatusInvalidDeviceRequest, &smbwire.DeleteRequest{FileName: "f"})
	p.want(nt.StatusSuccess, &smbwire.TreeDisconnectRequest{})
	p.want(nt.StatusNetworkNameDeleted, create(`\srvsvc`))
}

// A workstation that comes back with VcNumber 0 knows of no other circuit: what its
// earlier ones hold is let go before the logon is answered.
func TestGhostsAreDropped(t *testing.T) {
	for _, row := range []struct {
		what   string
		drop   bool
		client string
		vc     uint16
		want   nt.Status
	}{
		{"VcNumber 0", true, "WS1", 0, nt.StatusSuccess},
		{"VcNumber 1", true, "WS1", 1, nt.StatusSharingViolation},
		{"another workstation", true, "WS2", 0, nt.StatusSharingViolation},
		{"a nameless one", true, "", 0, nt.StatusSharingViolation},
		{"knob off", false, "WS1", 0, nt.StatusSharingViolation},
	} {
		t.Run(row.what, func(t *testing.T) {
			w := newWorld(t, noRetries, func(c *Config) { c.DropOldCircuits = row.drop })
			name := "WS1"
			if row.client == "" {
				name = ""
			}
			ghost := w.logon(name)
			fid := ghost.open(nt.OplockNone, create("f", sharing(nt.ShareNone)))
			ghost.want(nt.StatusSuccess, &smbwire.LockByteRangeRequest{FID: fid, Count: 1})
			p := w.logonVC(row.client, row.vc)
			p.want(row.want, create("f"))
			if want := row.want == nt.StatusSuccess; ghost.hung != want {
				t.Errorf("ghost hung up: %v, want %v", ghost.hung, want)
			}
		})
	}
}

func TestGhostIsNotDroppedByAFailedLogon(t *testing.T) {
	w := newWorld(t, withUser)
	first := w.dial("WS1")
	if st, _ := extendedLogon(first, 0, ntlm.Credentials{User: "smbuser", Password: "Passw0rd"}); st != nt.StatusSuccess {
		t.Fatal(st)
	}
	if st, _ := extendedLogon(w.dial("WS1"), 0, ntlm.Credentials{User: "smbuser", Password: "x"}); st != nt.StatusLogonFailure {
		t.Fatal(st)
	}
	if first.hung {
		t.Error("a stranger's guess has dropped the circuit")
	}
	if st, _ := extendedLogon(w.dial("WS1"), 0, ntlm.Credentials{User: "smbuser", Password: "Passw0rd"}); st != nt.StatusSuccess {
		t.Fatal(st)
	}
	if !first.hung {
		t.Error("the ghost is still there")
	}
}

// FIDs start over on every circuit, so a stale one can name another file.
func TestNumbersStartOver(t *testing.T) {
	w := newWorld(t)
	a, b := w.logon("WS1"), w.logon("WS2")
	first := a.open(nt.OplockNone, create("a"))
	second := a.open(nt.OplockNone, create("b"))
	if other := b.open(nt.OplockNone, create("c")); other != first || second != first+1 {
		t.Errorf("FIDs %v, %v and %v", first, second, other)
	}
	a.close(first)
	if third := a.open(nt.OplockNone, create("a")); third != second+1 {
		t.Errorf("FID %v was used again at once", third)
	}
}

func TestNumbersWrap(t *testing.T) {
	used := table[smbwire.FID, openFile]{last: 1}
	assign(&used, &openFile{})
	used.last = 0xFFFC
	var got []smbwire.FID
	for range 3 {
		got = append(got, assign(&used, &openFile{}))
	}
	if diff := cmp.Diff([]smbwire.FID{0xFFFD, 1, 3}, got); diff != "" {
		t.Error(diff)
	}
}

func TestLostCircuitLetsGo(t *testing.T) {
	w := newWorld(t, noRetries)
	a, b := w.logon("WS1"), w.logon("WS2")
	fid := a.open(nt.OplockNone, create("f", sharing(nt.ShareNone)))
	a.write(fid, 0, "half")
	b.want(nt.StatusSharingViolation, create("f"))
	a.hangUp()
	b.open(nt.OplockNone, create("f"))
	want := []Closed{{Client: "WS1", Share: "DATA", Path: "f", FID: uint16(fid), Size: 4}}
	if diff := cmp.Diff(want, w.closed); diff != "" {
		t.Error(diff)
	}
}

func TestLogoffAndProcessExitClose(t *testing.T) {
	w := newWorld(t)
	p := w.logon("WS1")
	p.open(nt.OplockNone, create("f"))
	p.pid++
	p.open(nt.OplockNone, create("f"))
	p.want(nt.StatusSuccess, &smbwire.ProcessExitRequest{})
	if _, opens := w.core.fileState("DATA", "f"); opens != 1 {
		t.Errorf("%d opens after one process ended", opens)
	}
	p.want(nt.StatusSuccess, &smbwire.LogoffAndXRequest{})
	if _, opens := w.core.fileState("DATA", "f"); opens != 0 {
		t.Errorf("%d opens after the logoff", opens)
	}
	p.want(nt.StatusUserSessionDeleted, create("f"))
}

func TestAutoDisconnect(t *testing.T) {
	w := newWorld(t)
	idle, busy := w.logon("WS1"), w.logon("WS2")
	fid := busy.open(nt.OplockNone, create("f"))
	w.sleep(15*time.Minute - time.Second)
	if idle.hung {
		t.Error("too soon")
	}
	w.sleep(time.Second)
	if !idle.hung || busy.hung {
		t.Errorf("idle %v, with an open file %v", idle.hung, busy.hung)
	}
	w.sleep(time.Hour)
	busy.close(fid)
	w.sleep(15 * time.Minute)
	if !busy.hung {
		t.Error("the other is still up")
	}
}

func TestAutoDisconnectThatIsTooFarAway(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.AutoDisconnect = math.MaxInt64 })
	w.sleep(time.Second)
	p := w.logon("WS1")
	if w.sleep(1000 * time.Hour); p.hung || w.wake != never {
		t.Errorf("hung up %v, a tick is wanted at %v", p.hung, w.wake)
	}
}

func TestChains(t *testing.T) {
	w := newWorld(t)
	p := w.logon("WS1")
	if err := w.vol.WriteFile("f", []byte("contents")); err != nil {
		t.Fatal(err)
	}
	open := &smbwire.OpenAndXRequest{AccessMode: smbwire.ShareDenyNone, OpenMode: smbwire.OpenModeOpen, FileName: "f"}
	read := &smbwire.ReadAndXRequest{FID: 0xFFFF, Offset: 3, MaxCount: 100}
	got := p.replyTo(open, read, &smbwire.CloseRequest{FID: 0xFFFF})
	want := []smbwire.Body{
		&smbwire.OpenAndXResponse{
			FID: firstFID, FileAttributes: nt.AttrArchive, LastWriteTime: smbwire.UTimeOf(w.now), DataSize: 8, OpenResults: 1,
		},
		&smbwire.ReadAndXResponse{Available: 0xFFFF, Data: []byte("tents")},
		&smbwire.CloseResponse{},
	}
	if diff := cmp.Diff(want, got.Chain); diff != "" {
		t.Error(diff)
	}
	open.FileName = "nope"
	got = p.replyTo(open, read)
	if st := got.Header.NTStatus(); st != nt.StatusObjectNameNotFound || len(got.Chain) != 1 {
		t.Errorf("the first fails: %v with %d replies", st, len(got.Chain))
	}
	open.FileName = "f"
	got = p.replyTo(open, &smbwire.WriteAndXRequest{FID: 0xFFFF, Data: []byte("x")})
	if st := got.Header.NTStatus(); st != nt.StatusAccessDenied || len(got.Chain) != 2 {
		t.Errorf("the second fails: %v with %d replies", st, len(got.Chain))
	}
}

// A chain that has to wait for an oplock goes on where it stood.
func TestChainWaits(t *testing.T) {
	w := newWorld(t)
	a, b := w.logon("WS1"), w.logon("WS2")
	fid := a.open(nt.OplockBatch, create("f", oplock(nt.OplockBatch)))
	mid := b.send(create("f"), &smbwire.ReadAndXRequest{FID: 0xFFFF, MaxCount: 100})
	a.write(fid, 0, "flushed")
	b.wantNone(mid)
	a.close(fid)
	out, ok := b.wantReply(mid, nt.StatusSuccess).(*smbwire.ReadAndXResponse)
	if !ok || string(out.Data) != "flushed" {
		t.Errorf("got %+v", out)
	}
}

func (p *peer) replyTo(bodies ...smbwire.Body) *smbwire.Message {
	p.w.t.Helper()
	m := p.reply(p.send(bodies...))
	if m == nil {
		p.w.t.Fatal("no reply")
	}
	return m
}

func TestEcho(t *testing.T) {
	p := newWorld(t).logon("WS1")
	p.send(&smbwire.EchoRequest{EchoCount: 3, Data: []byte("ping")})
	var got []smbwire.Body
	for _, m := range p.inbox {
		got = append(got, m.Chain...)
	}
	want := []smbwire.Body{
		&smbwire.EchoResponse{SequenceNumber: 1, Data: []byte("ping")},
		&smbwire.EchoResponse{SequenceNumber: 2, Data: []byte("ping")},
		&smbwire.EchoResponse{SequenceNumber: 3, Data: []byte("ping")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestConfigIsValidated(t *testing.T) {
	for _, row := range []struct {
		what   string
		change func(*Config)
	}{
		{"OplockBreakWait", func(c *Config) { c.OplockBreakWait = 0 }},
		{"SizReqBuf", func(c *Config) { c.SizReqBuf = 511 }},
		{"retries", func(c *Config) { c.SharingViolationRetries = -1 }},
		{"limits", func(c *Config) { c.Limits.MaxParked = 0 }},
		{"share", func(c *Config) { c.Shares = map[string]volume.Volume{"X": nil} }},
	} {
		cfg := Stock()
		row.change(&cfg)
		if err := cfg.validate(); !errors.Is(err, nt.StatusInvalidParameter) {
			t.Errorf("%s: %v", row.what, err)
		}
	}
	cfg := Stock()
	if err := cfg.validate(); err != nil {
		t.Error(err)
	}
}
