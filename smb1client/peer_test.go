package smb1client

import (
	"testing"

	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/ntlm"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// peer is a server by script: it logs everybody with the right password on, and hands
// every other request to a function of the test.
type peer struct {
	t        testing.TB
	rt       rt.Runtime
	conn     *pipeEnd
	welcome  smbwire.NegotiateNTResponse
	auth     *ntlm.Server
	requests []*smbwire.Message // all that came, logon included
	serve    func(p *peer, req *smbwire.Message)

	waiting  *smbwire.Message // a long-term request
	nextRaw  bool             // what comes next may be a block without a header
	afterRaw func()           // called when it has come
	block    []byte
}

const (
	testUser     = "anna"
	testPassword = "secret"
	testUNC      = `\\PO\MAIL`
	testUID      = smbwire.UID(100)
	testTID      = smbwire.TID(7)
)

func testCredentials() Credentials {
	return Credentials{User: testUser, Password: testPassword, Domain: "PO", Workstation: "WS1"}
}

func lookup(user, _ string) (string, bool) { return testPassword, user == testUser }

// newPeer starts a peer on the other end of the connection that it returns.
func newPeer(t testing.TB, r rt.Runtime, serve func(p *peer, req *smbwire.Message)) (*peer, *pipeEnd) {
	a, b := newPipe(r)
	p := &peer{t: t, rt: r, conn: b, serve: serve, auth: ntlm.NewServer("PO", r.Rand("server"), lookup)}
	p.welcome = smbwire.NegotiateNTResponse{
		DialectIndex:  uint16(len(dialects()) - 1),
		SecurityMode:  smbwire.SecurityUser | smbwire.SecurityEncryptPasswords,
		MaxMpxCount:   50,
		MaxBufferSize: 4356,
		Capabilities: smbwire.CapUnicode | smbwire.CapNTSMBs | smbwire.CapStatus32 | smbwire.CapLargeFiles |
			smbwire.CapLevelIIOplocks | smbwire.CapExtendedSecurity,
		SecurityBlob: ntlm.Hint(),
	}
	r.Go("peer", p.run)
	return p, a
}

// classic makes the peer one without extended security.
func (p *peer) classic() {
	p.welcome.Capabilities &^= smbwire.CapExtendedSecurity
	p.welcome.SecurityBlob = nil
	p.welcome.Challenge = []byte("12345678")
}

func (p *peer) run() {
	for {
		b, err := p.conn.Recv()
		if err != nil {
			return
		}
		req, err := smbwire.Parse(b)
		if err != nil && p.nextRaw {
			p.block, p.nextRaw = b, false
			if p.afterRaw != nil {
				p.afterRaw()
			}
			continue
		}
		if err != nil {
			p.t.Errorf("the client sent what cannot be parsed: %v", err)
			return
		}
		p.requests = append(p.requests, req)
		forScript := *req // which may change the header
		p.answer(&forScript)
	}
}

func (p *peer) answer(req *smbwire.Message) {
	switch r := req.Chain[0].(type) {
	case *smbwire.NegotiateRequest:
		w := p.welcome
		p.reply(req, &w)
	case *smbwire.SessionSetupExtendedRequest:
		p.step(req, r)
	case *smbwire.SessionSetupNTRequest:
		p.check(req, r)
	case *smbwire.TreeConnectAndXRequest:
		req.Header.TID = testTID
		p.reply(req, &smbwire.TreeConnectAndXResponse{Words: 3, Service: smbwire.ServiceDisk, NativeFileSystem: "NTFS"})
	default:
		p.serve(p, req)
	}
}

func (p *peer) step(req *smbwire.Message, r *smbwire.SessionSetupExtendedRequest) {
	token, done, _, err := p.auth.Step(r.SecurityBlob, p.rt.Now())
	if err != nil {
		p.fail(req, nt.StatusLogonFailure)
		return
	}
	req.Header.UID = testUID
	st := nt.StatusMoreProcessingRequired
	if done {
		st = nt.StatusSuccess
	}
	p.send(&smbwire.Message{
		Header: req.Header.Reply(st),
		Chain:  []smbwire.Body{&smbwire.SessionSetupExtendedResponse{SecurityBlob: token}},
	})
}

func (p *peer) check(req *smbwire.Message, r *smbwire.SessionSetupNTRequest) {
	_, ok := ntlm.VerifyClassic([8]byte(p.welcome.Challenge), r.UnicodePassword, r.AccountName, r.PrimaryDomain, testPassword)
	if !ok || r.AccountName != testUser {
		p.fail(req, nt.StatusLogonFailure)
		return
	}
	req.Header.UID = testUID
	p.reply(req, &smbwire.SessionSetupResponse{})
}

func (p *peer) reply(req *smbwire.Message, body smbwire.Body) {
	p.send(&smbwire.Message{Header: req.Header.Reply(nt.StatusSuccess), Chain: []smbwire.Body{body}})
}

func (p *peer) fail(req *smbwire.Message, st nt.Status) {
	p.send(&smbwire.Message{
		Header: req.Header.Reply(st), Chain: []smbwire.Body{&smbwire.ErrorReply{Cmd: req.Header.Command}},
	})
}

func (p *peer) send(m *smbwire.Message) {
	b, err := m.Append(nil)
	if err != nil {
		p.t.Errorf("the script does not encode: %v", err)
		return
	}
	p.raw(b)
}

func (p *peer) raw(b []byte) {
	_ = p.conn.Send(b) // the client may have closed the circuit
}

// breakOplock breaks the oplock on fid, unasked.
func (p *peer) breakOplock(fid smbwire.FID, to nt.OplockLevel) {
	p.send(&smbwire.Message{
		Header: smbwire.Header{MID: smbwire.BreakMID, TID: testTID, PID: 0xFFFFFFFF, Flags2: smbwire.Flags2NTStatus},
		Chain:  []smbwire.Body{smbwire.OplockBreak(fid, to)},
	})
}

// created answers NT_CREATE_ANDX.
func (p *peer) created(req *smbwire.Message, fid smbwire.FID) {
	p.reply(req, &smbwire.NTCreateAndXResponse{FID: fid, Oplock: nt.OplockBatch, Action: nt.FileOpened})
}

// commands lists the requests from the i-th on.
func (p *peer) commands(i int) []string {
	var names []string
	for _, r := range p.requests[i:] {
		names = append(names, r.Header.Command.String())
	}
	return names
}

// inSim runs f as a task in virtual time, until nothing is left to do, in several
// orders of the tasks. It fails the test if a task is then left, so a client must
// leave none behind.
func inSim(t *testing.T, f func(k *simrt.Kernel)) {
	t.Helper()
	for seed := range uint64(8) {
		inSimOnce(t, simrt.Options{Name: t.Name(), Shuffle: seed > 0, Seed: seed, MaxSteps: 1_000_000}, f)
	}
}

func inSimOnce(t *testing.T, opt simrt.Options, f func(k *simrt.Kernel)) simrt.Outcome {
	t.Helper()
	k := simrt.New(opt)
	defer k.Close()
	k.Go("test", func() { f(k) })
	out := k.Run()
	switch {
	case out.Panic != nil && out.Panic.Goexit && t.Failed():
		t.FailNow()
	case out.Err() != nil:
		t.Fatal(out.Err())
	case out.Unfinished > 0:
		t.Fatalf("tasks are left: %v", out)
	}
	return out
}

// logon connects to p's other end and to the share.
func logon(t testing.TB, conn Conn, opt Options) *Tree {
	t.Helper()
	tree, err := Logon(conn, opt, testCredentials(), testUNC)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func closeClient(t testing.TB, tree *Tree) {
	t.Helper()
	if err := tree.Session().Client().Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func mustCreate(t testing.TB, tree *Tree, path string) FileHandle {
	t.Helper()
	h, _, err := tree.Create(path, CreateParams{Access: ReadData | WriteData, Disposition: FileOpenIf, Oplock: OplockBatch})
	if err != nil {
		t.Fatal(err)
	}
	return h
}
