package link_test

import (
	"testing"
	"time"

	"github.com/ntrdr/ntrdr/internal/link"
)

func TestFlavourNames(t *testing.T) {
	for _, f := range link.Flavours() {
		got, err := link.ParseFlavour(f.String())
		if err != nil || got != f {
			t.Errorf("ParseFlavour(%q) = %v, %v", f, got, err)
		}
	}
	if _, err := link.ParseFlavour("tcp-tahoe"); err == nil {
		t.Error("tcp-tahoe was accepted")
	}
}

// Results of different TCPs do not pass for results of one link.
func TestTheTCPIsInTheHash(t *testing.T) {
	p, err := link.ByName("t1")
	if err != nil {
		t.Fatal(err)
	}
	stock := link.StockTCP().MinRTO
	for _, c := range []struct {
		tcp  link.TCP
		text string
		same bool // as the profile alone
	}{
		{link.TCP{}, "tcp-nt351", true},
		{link.TCP{MinRTO: stock}, "tcp-nt351", true},
		{link.TCP{Flavour: link.TCPReno}, "tcp-reno", false},
		{link.TCP{MinRTO: time.Second}, "tcp-nt351,min-rto=1s", false},
	} {
		if got := c.tcp.String(); got != c.text {
			t.Errorf("%+v is %q, want %q", c.tcp, got, c.text)
		}
		if same := p.HashWith(c.tcp) == p.Hash(); same != c.same {
			t.Errorf("%v: the hash is the profile's own: %v, want %v", c.tcp, same, c.same)
		}
	}
	for _, bad := range []link.TCP{{Flavour: 9}, {MinRTO: -1}, {MinRTO: time.Hour}} {
		if bad.Validate() == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
}
