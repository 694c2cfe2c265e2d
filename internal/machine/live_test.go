package machine

import (
	"bytes"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/rt"
	"github.com/ntrdr/ntrdr/internal/tools/samba"
	"github.com/ntrdr/ntrdr/mailclient"
)

// liveWorld is a world on a Samba of its own, in a new directory of it, over a fast link.
func liveWorld(t *testing.T) (*Live, *samba.Server) {
	t.Helper()
	s := samba.Start(t, samba.Options{})
	return liveWorldOf(t, s, false), s
}

func liveWorldOf(t *testing.T, s *samba.Server, smb1Mailer bool) *Live {
	t.Helper()
	peer, err := Peer{Host: "127.0.0.1", Addr: s.Addr, User: s.User, Password: s.Password, Share: s.Share, SMB1Mailer: smb1Mailer}.NewDir("trial")
	if err != nil {
		t.Fatal(err)
	}
	if want := "trial"; peer.Dir != want {
		t.Fatalf("directory %q, want %q", peer.Dir, want)
	}
	lan, err := link.ByName("lan10")
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewLive(LiveConfig{Settings: settings(t, ""), Mailer: settings(t, ""), Peer: peer, Link: lan, Seed: 1, Keep: true})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// end closes a live world and checks that nothing is left of it.
func end(t *testing.T, w *Live) {
	t.Helper()
	if err := w.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	noTaskLeft(t, w)
}

func noTaskLeft(t *testing.T, w *Live) {
	t.Helper()
	if left := w.Runtime.Wait(5 * time.Second); len(left) > 0 {
		t.Errorf("tasks left: %v", left)
	}
}

// task runs f as a task of the world and fails if the runtime could not.
func (l *Live) task(t *testing.T, f func() error) {
	t.Helper()
	var err error
	if doErr := l.Runtime.Do("test", func() { err = f() }); doErr != nil || err != nil {
		t.Errorf("%v, %v", doErr, err)
	}
}

func put(path string, text []byte, w *Live) error {
	f, err := w.SenderFS.Open(path, create(readWrite, nt.ShareRead))
	if err != nil {
		return err
	}
	_, err = f.WriteAt(text, 0)
	return errors.Join(err, f.Close())
}

// What our redirector writes by SMB1 is what another implementation reads by SMB2, once
// the redirector is idle; and both ends see the names and sizes.
func TestLiveWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	w, _ := liveWorld(t)
	defer end(t, w)
	text := bytes.Repeat([]byte("0123456789abcdef"), 3000)
	w.task(t, func() error { return w.SenderFS.Mkdir("MAI") })
	w.task(t, func() error { return put(`MAI\ONE`, text, w) })
	w.task(t, func() error {
		w.Sender.Redirector.Idle().Wait(rt.Forever)
		f, err := w.MailerFS.Open(`MAI\ONE`, nt.CreateParams{Access: nt.GenericRead, Share: nt.ShareRead, Disposition: nt.FileOpen})
		if err != nil {
			return err
		}
		got := make([]byte, len(text)+1)
		n, err := f.ReadAt(got, 0)
		if n != len(text) || !bytes.Equal(got[:n], text) {
			t.Errorf("%d bytes read, %v", n, err)
		}
		return f.Close()
	})
	for name, fs := range map[string]interface {
		Find(pattern string) ([]nt.FileInfo, error)
	}{"SMB1": w.SenderFS, "SMB2": w.MailerFS} {
		w.task(t, func() error {
			list, err := fs.Find(`MAI\*`)
			var got []string
			for _, info := range list {
				if info.Name != "." && info.Name != ".." && info.Size == int64(len(text)) {
					got = append(got, info.Name)
				}
			}
			if diff := cmp.Diff([]string{"ONE"}, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			return err
		})
	}
	if st := w.Sender.LinkStats(); st.Up.Bytes < int64(len(text)) {
		t.Errorf("the link has carried %d bytes", st.Up.Bytes)
	}
}

// smb2World is a world whose sender is go-smb2, on a Samba of its own.
func smb2World(t *testing.T) (*Live, *samba.Server) {
	t.Helper()
	s := samba.Start(t, samba.Options{})
	return smb2WorldAt(t, s, s.Addr), s
}

// smb2WorldAt is one whose sender finds the server at addr.
func smb2WorldAt(t *testing.T, s *samba.Server, addr string) *Live {
	t.Helper()
	lan, err := link.ByName("lan10")
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewLive(LiveConfig{
		Peer: Peer{Host: "127.0.0.1", Addr: addr, Direct: s.Addr, User: s.User, Password: s.Password, Share: s.Share},
		SMB2: true, Mailer: settings(t, ""), Link: lan, Seed: 1, Keep: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// go-smb2's opens deny nothing, but the Mailer's do: the two keep each other out of what
// the Mailer has to itself.
func TestLiveSMB2IsKeptOut(t *testing.T) {
	t.Parallel()
	w, _ := smb2World(t)
	defer end(t, w)
	shared := func(fs mailclient.FS, share nt.ShareAccess) (mailclient.File, error) {
		return fs.Open("KEY", create(readWrite, share))
	}
	w.task(t, func() error {
		for _, order := range [][2]mailclient.FS{{w.SenderFS, w.MailerFS}, {w.MailerFS, w.SenderFS}} {
			f, err := shared(order[0], nt.ShareNone)
			if err != nil {
				return err
			}
			if _, err := shared(order[1], nt.ShareNone); !errors.Is(err, nt.StatusSharingViolation) {
				t.Errorf("opened by both: %v", err)
			}
			if err := f.Close(); err != nil {
				return err
			}
		}
		return nil
	})
}

// The server dies under go-smb2's open files: every call fails, the world ends.
func TestLiveSMB2ServerDies(t *testing.T) {
	t.Parallel()
	w, s := smb2World(t)
	w.task(t, func() error {
		f, err := w.SenderFS.Open("F", create(readWrite, nt.ShareRead))
		if err != nil {
			return err
		}
		if err := s.Stop(); err != nil {
			return err
		}
		for range 2 {
			if _, err := f.WriteAt(make([]byte, 4096), 0); !errors.Is(err, nt.StatusConnectionDisconnected) {
				t.Errorf("write: %v", err)
			}
		}
		if _, err := w.SenderFS.Stat("F"); !errors.Is(err, nt.StatusConnectionRefused) {
			t.Errorf("stat: %v", err)
		}
		if err := f.Close(); err == nil {
			t.Error("closed a file of a dead server")
		}
		return nil
	})
	if err := w.Close(); !errors.Is(err, nt.StatusConnectionDisconnected) {
		t.Errorf("close: %v", err) // the direct connection tells it
	}
	noTaskLeft(t, w)
}

// The Mailer may read by SMB1 as well. Then the server keeps it waiting at a file that the
// sender has open, and lets it in once that is closed: by SMB2 it is refused at once.
//
// src: smb.conf(5) ("defer returning a \"sharing violation\" error message for up to one second")
func TestLiveTheServerHoldsAnOpenerBySMB1Alone(t *testing.T) {
	t.Parallel()
	for _, smb1 := range []bool{true, false} {
		s := samba.Start(t, samba.Options{})
		w := liveWorldOf(t, s, smb1)
		w.task(t, func() error {
			f, err := w.SenderFS.Open("LOCK", create(readWrite, nt.ShareNone))
			if err != nil {
				return err
			}
			closed := w.RT.NewEvent(rt.Notification)
			w.RT.Go("closer", func() {
				w.RT.Sleep(300 * time.Millisecond)
				if err := f.Close(); err != nil {
					t.Error(err)
				}
				closed.Set()
			})
			g, err := w.MailerFS.Open("LOCK", nt.CreateParams{Access: nt.GenericRead, Share: nt.ShareRead, Disposition: nt.FileOpen})
			closed.Wait(rt.Forever)
			switch {
			case smb1 && err == nil:
				return g.Close()
			case !smb1 && errors.Is(err, nt.StatusSharingViolation):
				return nil
			}
			t.Errorf("opened, by SMB1 %v: %v", smb1, err)
			return nil
		})
		end(t, w)
	}
}

// Abort ends a sender that waits for a server which accepts and says nothing.
func TestLiveSMB2AbortedWhileConnecting(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	w := smb2WorldAt(t, samba.Start(t, samba.Options{}), silent.Addr().String())
	w.Runtime.Go("connect", func() {
		if err := w.Client.Connect(); err == nil {
			t.Error("connected")
		}
	})
	conn, err := silent.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	w.Abort()
	noTaskLeft(t, w)
	if err := w.Close(); !errors.Is(err, nt.StatusConnectionDisconnected) {
		t.Errorf("close: %v", err)
	}
}

// A deny-all open of ours keeps the other implementation out.
func TestLiveShareModesHold(t *testing.T) {
	t.Parallel()
	w, _ := liveWorld(t)
	defer end(t, w)
	w.task(t, func() error {
		f, err := w.SenderFS.Open("LOCK", create(readWrite, nt.ShareNone))
		if err != nil {
			return err
		}
		_, err = w.MailerFS.Open("LOCK", nt.CreateParams{Access: nt.GenericRead, Share: nt.ShareRead, Disposition: nt.FileOpen})
		if !errors.Is(err, nt.StatusSharingViolation) {
			t.Errorf("opened: %v", err)
		}
		return f.Close()
	})
}

// The server dies under open files and dirty data: every call fails, the world ends.
func TestLiveServerDies(t *testing.T) {
	t.Parallel()
	w, s := liveWorld(t)
	w.task(t, func() error {
		f, err := w.SenderFS.Open("F", create(readWrite, nt.ShareRead))
		if err != nil {
			return err
		}
		_, err = f.WriteAt(make([]byte, 4096), 0)
		return errors.Join(err, f.Flush())
	})
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	w.task(t, func() error {
		if err := w.SenderFS.Mkdir("D"); err == nil {
			t.Error("made a directory on a dead server")
		}
		if _, err := w.SenderFS.Stat("F"); !errors.Is(err, nt.StatusBadNetworkPath) {
			t.Errorf("stat: %v", err)
		}
		return nil
	})
	if err := w.Close(); !errors.Is(err, nt.StatusConnectionDisconnected) {
		t.Errorf("close: %v", err) // the Mailer's connection tells it
	}
	noTaskLeft(t, w)
}
