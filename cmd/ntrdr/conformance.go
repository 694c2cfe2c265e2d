package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/schollz/progressbar/v3"

	"github.com/ntrdr/ntrdr/conformance"
	"github.com/ntrdr/ntrdr/internal/report"
)

func conformanceCommand() *command {
	return &command{
		name: "conformance", summary: "a case for each published failure and documented rule",
		long: "Plays text stories, each with its source: on the model in virtual time, on the embedded server over real TCP,\n" +
			"and with --server on a live one. Prints a line a case; what does not hold follows with what was expected and\n" +
			"observed. The status is 1 if a case fails, or if a live server differs and the case file does not say why.\n" +
			"--language says how a story is written, for cases of your own (--case).",
		example: "  ntrdr conformance --run q143413",
		run:     runConformance,
	}
}

type conformanceFlags struct {
	server   string
	junit    string
	json     bool
	run      string
	list     bool
	files    []string
	verbose  bool
	language bool
	workers  int
}

func (f *conformanceFlags) add(c *invocation) {
	c.flags.StringVar(&f.server, "server", "", "run the wire cases on this server instead: smb1://user:password@host:port/share/dir")
	c.flags.StringVar(&f.run, "run", "", "only cases whose id this regular expression fits")
	c.flags.StringArrayVar(&f.files, "case", nil, "a case file of your own, instead of the built-in ones (may be repeated)")
	c.flags.BoolVar(&f.list, "list", false, "list the cases and do not run them")
	c.flags.BoolVar(&f.verbose, "verbose", false, "print the trace of each story")
	c.flags.StringVar(&f.junit, "junit", "", "write a JUnit XML report to this file")
	c.flags.BoolVar(&f.json, "json", false, "print JSON")
	c.flags.IntVar(&f.workers, "workers", runtime.NumCPU(), "stories at a time")
	c.flags.BoolVar(&f.language, "language", false, "print what a story can say")
}

func runConformance(c *invocation) error {
	var f conformanceFlags
	f.add(c)
	if err := c.parse(0); err != nil {
		return err
	}
	if f.language {
		return conformance.Language(c.stdout)
	}
	cases, err := f.cases()
	if err != nil {
		return err
	}
	if f.list {
		return f.printList(c, cases)
	}
	opt := conformance.Options{Workers: f.workers, Targets: []conformance.Target{conformance.Model, conformance.Embedded}}
	if f.server != "" {
		if opt.Server, err = probe(f.server); err != nil {
			return err
		}
		opt.Targets = []conformance.Target{conformance.Live}
	}
	results := runCases(c, cases, opt)
	if err := c.ctx.Err(); err != nil {
		return err
	}
	return f.tell(c, results)
}

// cases reads the files of --case, or takes the built-in cases, and selects.
func (f *conformanceFlags) cases() ([]*conformance.Case, error) {
	re, err := regexp.Compile(f.run)
	switch {
	case err != nil:
		return nil, badInput("--run: %w", err)
	case f.workers < 1:
		return nil, badInput("--workers: %d is less than 1", f.workers)
	}
	cases, err := f.read()
	if err != nil {
		return nil, inputError{err}
	}
	cases = conformance.Select(cases, re)
	if len(cases) == 0 {
		return nil, badInput("--run: no case has an id that %q fits", f.run)
	}
	return cases, nil
}

func (f *conformanceFlags) read() ([]*conformance.Case, error) {
	if len(f.files) == 0 {
		return conformance.All()
	}
	var cases []*conformance.Case
	for _, name := range f.files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		one, err := conformance.Parse(name, text)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(cases, func(c *conformance.Case) bool { return c.ID == one.ID }) {
			return nil, fmt.Errorf("%s:1: the id %s stands twice", name, one.ID)
		}
		cases = append(cases, one)
	}
	return cases, nil
}

func probe(url string) (conformance.Server, error) {
	peer, err := parseServer(url)
	if err != nil {
		return conformance.Server{}, fmt.Errorf("--server: %w", err)
	}
	server, err := conformance.Probe(peer)
	if err != nil {
		return server, peerError{err}
	}
	return server, nil
}

// runCases runs under a progress bar, if there is a terminal.
func runCases(c *invocation, cases []*conformance.Case, opt conformance.Options) []conformance.Result {
	bar := progressbar.NewOptions(len(cases)*len(opt.Targets),
		progressbar.OptionSetWriter(c.stderr), progressbar.OptionSetDescription("cases"), progressbar.OptionShowCount(),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetVisibility(c.tty),
	)
	opt.Progress = func(conformance.Result) { _ = bar.Add(1) } // a bar that cannot be drawn must not end a run
	results := conformance.Run(c.ctx, cases, opt)
	if c.tty {
		_ = bar.Finish()
	}
	return results
}

// tell prints the results and says whether all is well.
func (f *conformanceFlags) tell(c *invocation, results []conformance.Result) error {
	rows := conformance.Rows(results)
	if f.junit != "" {
		if err := writeFile(f.junit, func(w io.Writer) error { return conformance.WriteJUnit(w, results) }); err != nil {
			return err
		}
	}
	var err error
	if f.json {
		err = conformance.WriteJSON(c.stdout, rows)
	} else {
		err = f.printTable(c, rows)
	}
	if err != nil {
		return err
	}
	bad, ran := 0, 0
	for i := range results {
		if results[i].Unexplained() {
			bad++
		}
		if results[i].Verdict != conformance.Skipped {
			ran++
		}
	}
	if bad > 0 {
		return unmetError{fmt.Sprintf("%d of %s did not hold", bad, count(ran, "result"))}
	}
	return nil
}

// printTable prints a line a case, and below it what does not hold.
func (f *conformanceFlags) printTable(c *invocation, rows []*conformance.Row) error {
	var lines [][]string
	tally := map[conformance.Verdict]int{}
	for _, r := range rows {
		lines = append(lines, []string{r.ID, r.Title, r.Source, verdict(r.Model), verdict(r.Embedded), verdict(r.Live)})
	}
	if err := caseTable(c.stdout, lines); err != nil {
		return err
	}
	for _, r := range rows {
		if len(r.Observed) > 0 {
			fmt.Fprintf(c.stdout, "\n%s: %s (%s)\n", r.ID, r.Title, r.Source)
		}
		for _, text := range r.Observed {
			fmt.Fprintln(c.stdout, indent(text))
		}
		for _, res := range r.Results() {
			tally[res.Verdict]++
			if f.verbose {
				printStories(c.stdout, res)
			}
		}
	}
	_, err := fmt.Fprintf(c.stdout, "\n%s: %d pass, %d fail, %d differ, %d not run there (--json tells why)\n", count(len(rows), "case"),
		tally[conformance.Pass], tally[conformance.Fail], tally[conformance.Differs], tally[conformance.Skipped])
	return err
}

// verdict shortens a result to a word; why a case does not run somewhere is in --list
// and --json.
func verdict(s *string) string {
	if s == nil {
		return "-"
	}
	word, _, _ := strings.Cut(*s, ":")
	if word == string(conformance.Skipped) {
		return "-"
	}
	return word
}

func indent(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }

func printStories(w io.Writer, r conformance.Result) {
	for _, t := range r.Traces {
		fmt.Fprintf(w, "\ntrace of %s %s on %s\n", r.Case.ID, t.Variant, r.Target)
		for _, e := range t.Events {
			fmt.Fprintf(w, "  %s\n", e)
		}
	}
}

func (f *conformanceFlags) printList(c *invocation, cases []*conformance.Case) error {
	if f.json {
		var rows []*conformance.Row
		for _, k := range cases {
			rows = append(rows, conformance.ListRow(k))
		}
		return conformance.WriteJSON(c.stdout, rows)
	}
	var lines [][]string
	for _, k := range cases {
		lines = append(lines, []string{k.ID, k.Title, k.Source, reach(k, conformance.Model), reach(k, conformance.Embedded), reach(k, conformance.Live)})
	}
	return caseTable(c.stdout, lines)
}

// caseTable prints a line a case. On a terminal titles and sources are cut to fit.
func caseTable(w io.Writer, lines [][]string) error {
	if width := terminalWidth(); width > 0 {
		fit(lines, width)
	}
	return report.Table(w, []string{"id", "title", "source", "model", "embedded", "live"}, lines)
}

const (
	verdictColumns = 26 // of the three verdicts, with what separates columns
	leastColumns   = 20 // of a title or a source
)

// fit cuts titles and sources so that a line has at most width columns.
func fit(lines [][]string, width int) {
	id := 0
	for _, l := range lines {
		id = max(id, len(l[0]))
	}
	room := max(width-id-verdictColumns, 2*leastColumns)
	for _, l := range lines {
		l[2] = shorten(l[2], max(room/3, leastColumns))
		l[1] = shorten(l[1], max(room-room/3, leastColumns))
	}
}

func shorten(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most-3]) + "..."
}

func reach(k *conformance.Case, t conformance.Target) string {
	if runs, _ := k.On(t); runs {
		return "runs"
	}
	return "-"
}
