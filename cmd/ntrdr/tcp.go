package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/ntrdr/ntrdr/internal/link"
)

// tcpFlags choose the TCP at both ends of a simulated link.
type tcpFlags struct {
	flavour string
	minRTO  time.Duration
}

func (f *tcpFlags) add(set *pflag.FlagSet) {
	set.StringVar(&f.flavour, "flavour", link.Flavours()[0].String(), "the TCP of the link: "+flavourNames())
	set.DurationVar(&f.minRTO, "min-rto", link.StockTCP().MinRTO, "its minimum retransmission timeout; NT's was not published: try 300ms to 1s")
}

func flavourNames() string {
	var names []string
	for _, f := range link.Flavours() {
		names = append(names, f.String())
	}
	return strings.Join(names, ", ")
}

// tcp checks the flags.
func (f *tcpFlags) tcp() (link.TCP, error) {
	flavour, err := link.ParseFlavour(f.flavour)
	if err != nil {
		return link.TCP{}, badInput("--flavour: %w", err)
	}
	if f.minRTO <= 0 {
		return link.TCP{}, badInput("--min-rto: %v is not a positive time", f.minRTO)
	}
	t := link.TCP{Flavour: flavour, MinRTO: f.minRTO}
	if err := t.Validate(); err != nil {
		return link.TCP{}, badInput("--min-rto: %w", err)
	}
	return t, nil
}

// tcpOf says with which TCP a link runs, if not with NT 3.51's.
func tcpOf(t link.TCP) string {
	if t.String() == (link.TCP{}).String() {
		return ""
	}
	return fmt.Sprintf(" with %v", t)
}
