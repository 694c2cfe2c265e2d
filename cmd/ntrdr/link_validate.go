package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/link/simlink"
	"github.com/ntrdr/ntrdr/internal/report"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
)

func linkValidateCommand() *command {
	return &command{
		name: "validate", summary: "the modelled TCP against the theories of PFTK and Mathis",
		long: "Sends without an end through each TCP flavour at random losses of 0.5, 1, 2 and 5 % and divides its segments a\n" +
			"second by what theory says: PFTK (Padhye, Firoiu, Towsley, Kurose 1998: Reno with timeouts), and Mathis\n" +
			"(Mathis, Semke, Mahdavi, Ott 1997: no timeouts, so it is meant for small losses and for NewReno).\n" +
			"b is the number of segments that one acknowledgement answers.\n\n" +
			"Reno is expected within 10 % of PFTK, with b = 1 and 2, or the exit status is 1. The theories do not speak of\n" +
			"tcp-nt351, which has no fast retransmit: each loss costs it a timeout and a slow start. tcp-nt4sp2 is Reno with a\n" +
			"threshold of two duplicates.\n\n" +
			"The theories know no window limit, no rate, no timer of acknowledgements (so --rtt is no shorter than NT's 200 ms)\n" +
			"and no slow start after a timeout (so --min-rto is several round trips, or the model falls below).",
		example: "  ntrdr link validate\n  ntrdr link validate --flavour tcp-nt351 --min-rto 300ms",
		run:     runLinkValidate,
	}
}

// validateFlags are link validate's own flags.
type validateFlags struct {
	flavours []string
	minRTO   time.Duration
	rtt      time.Duration
	seed     uint64
	asJSON   bool
}

func (f *validateFlags) add(c *invocation) {
	meant := simlink.TheoryConditions(link.TCPReno, 1)
	c.flags.StringSliceVar(&f.flavours, "flavour", nil, "TCP flavours; all by default: "+flavourNames())
	c.flags.DurationVar(&f.minRTO, "min-rto", meant.TCP.MinRTO, "minimum retransmission timeout")
	c.flags.DurationVar(&f.rtt, "rtt", meant.RTT, "round trip")
	c.flags.Uint64Var(&f.seed, "seed", 1, "seed of the losses")
	c.flags.BoolVar(&f.asJSON, "json", false, "print one JSON object a flavour, b and loss")
}

// renoWithin is how far Reno may be from PFTK.
const renoWithin = 0.1

// cells are what is to be measured: flavour by flavour, b by b, loss by loss.
func (f *validateFlags) cells() (list []simlink.Agreement, err error) {
	if len(f.flavours) == 0 {
		for _, flavour := range link.Flavours() {
			f.flavours = append(f.flavours, flavour.String())
		}
	}
	if f.rtt <= 0 || f.rtt > time.Minute {
		return nil, badInput("--rtt: %v is not a positive time up to a minute", f.rtt)
	}
	for _, name := range f.flavours {
		tcp, err := (&tcpFlags{name, f.minRTO}).tcp()
		if err != nil {
			return nil, err
		}
		for _, b := range []int{1, 2} {
			c := simlink.TheoryConditions(tcp.Flavour, b)
			c.TCP, c.RTT = tcp, f.rtt
			for _, loss := range simlink.TheoryLosses() {
				list = append(list, simlink.Agreement{Conditions: c, Loss: loss})
			}
		}
	}
	return list, nil
}

func runLinkValidate(c *invocation) error {
	var f validateFlags
	f.add(c)
	if err := c.parse(0); err != nil {
		return err
	}
	cells, err := f.cells()
	if err != nil {
		return err
	}
	if err := measureAll(c, cells, f.seed); err != nil {
		return err
	}
	if f.asJSON {
		err = f.printJSON(c, cells)
	} else {
		err = f.print(c, cells)
	}
	if err != nil {
		return err
	}
	return renoAgrees(cells)
}

// measureAll fills in the cells on all cores, each in a world of its own.
func measureAll(c *invocation, cells []simlink.Agreement, seed uint64) error {
	m := newMeter(c, "measurements", len(cells))
	defer m.finish()
	errs := make([]error, len(cells))
	var (
		next atomic.Int64
		wg   sync.WaitGroup
	)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(cells) && c.ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				cells[i], errs[i] = measureOne(cells[i], seed)
				m.step()
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return c.ctx.Err()
}

func measureOne(cell simlink.Agreement, seed uint64) (a simlink.Agreement, err error) {
	k := simrt.New(simrt.Options{Seed: seed, WallLimit: -1}) // it ends by itself, on a slow machine too
	defer k.Close()
	out := k.RunTask("validate", func() { a, err = simlink.Compare(k, cell.Conditions, cell.Loss) })
	if failed := out.Err(); failed != nil {
		return a, failed
	}
	return a, err
}

func (f *validateFlags) print(c *invocation, cells []simlink.Agreement) error {
	fmt.Fprintf(c.stdout, "The modelled TCP against theory: model/PFTK, and model/Mathis behind the bar. Loss of data only, RTT %v,\n"+
		"minimum timeout %v, no limit by window or rate.\n\n", f.rtt, f.minRTO)
	header := []string{"flavour", "b"}
	for _, loss := range simlink.TheoryLosses() {
		header = append(header, "p = "+percent(loss))
	}
	header = append(header, "PFTK speaks of it")
	var rows [][]string
	for len(cells) > 0 {
		n := len(simlink.TheoryLosses())
		row := []string{cells[0].TCP.Flavour.String(), fmt.Sprint(cells[0].AckEvery)}
		for _, a := range cells[:n] {
			row = append(row, fmt.Sprintf("%.2f | %.2f", a.PFTK, a.Mathis))
		}
		rows = append(rows, append(row, spokenOf(cells[0].TCP.Flavour)))
		cells = cells[n:]
	}
	return report.Table(c.stdout, header, rows)
}

// spokenOf says what PFTK has to do with a flavour.
func spokenOf(f link.Flavour) string {
	switch f {
	case link.TCPReno:
		return fmt.Sprintf("yes: within %.0f %%", renoWithin*100)
	case link.TCPNT4SP2:
		return "nearly: 2 duplicates, not 3"
	case link.TCPNewReno:
		return "no: fewer timeouts"
	case link.TCPNT351:
		return "no: only timeouts"
	}
	return "no"
}

// agreementJSON is an object of link validate --json.
type agreementJSON struct {
	Schema      string  `json:"schema"`
	Commit      string  `json:"commit"`
	ProfileHash string  `json:"profile_hash"`
	Flavour     string  `json:"flavour"`
	MinRTO      float64 `json:"min_rto"`
	RTT         float64 `json:"rtt"`
	AckEvery    int     `json:"b"`
	Loss        float64 `json:"loss"`
	Segments    float64 `json:"segments_per_second"`
	MeanRTT     float64 `json:"mean_rtt"`
	MeanT0      float64 `json:"mean_t0"`
	PFTK        float64 `json:"model_over_pftk"`
	Mathis      float64 `json:"model_over_mathis"`
}

func (f *validateFlags) printJSON(c *invocation, cells []simlink.Agreement) error {
	enc := json.NewEncoder(c.stdout)
	for _, a := range cells {
		if err := enc.Encode(agreementJSON{
			Schema: bench.Schema, Commit: commit(), ProfileHash: a.Profile().HashWith(a.TCP),
			Flavour: a.TCP.Flavour.String(), MinRTO: a.TCP.MinRTO.Seconds(), RTT: a.RTT.Seconds(), AckEvery: a.AckEvery, Loss: a.Loss,
			Segments: a.Measured.SegmentsPerSecond, MeanRTT: a.Measured.Stats.MeanRTT.Seconds(), MeanT0: a.Measured.Stats.MeanT0.Seconds(),
			PFTK: a.PFTK, Mathis: a.Mathis,
		}); err != nil {
			return err
		}
	}
	return nil
}

// renoAgrees holds Reno to PFTK under the conditions that the theory is meant for.
func renoAgrees(cells []simlink.Agreement) error {
	for _, a := range cells {
		meant := simlink.TheoryConditions(link.TCPReno, a.AckEvery)
		if a.TCP == meant.TCP && a.RTT == meant.RTT && (a.PFTK < 1-renoWithin || a.PFTK > 1+renoWithin) {
			return unmetError{fmt.Sprintf("%v with b = %d at a loss of %s: %.2f of PFTK, which is not within %.0f %%",
				a.TCP.Flavour, a.AckEvery, percent(a.Loss), a.PFTK, renoWithin*100)}
		}
	}
	return nil
}
