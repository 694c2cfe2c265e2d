package conformance

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// Row is a case with its results on the three targets, for tables and JSON.
type Row struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Source   string   `json:"source"`
	Versions string   `json:"versions"`
	Model    *string  `json:"model"`
	Embedded *string  `json:"embedded"`
	Live     *string  `json:"live"`
	Observed []string `json:"observed"` // what broke what the case says, with both sides

	results []Result
}

// Rows puts the results of each case into one row, in the order of the results.
func Rows(results []Result) []*Row {
	var rows []*Row
	byID := map[string]*Row{}
	for _, r := range results {
		row := byID[r.Case.ID]
		if row == nil {
			row = &Row{ID: r.Case.ID, Title: r.Case.Title, Source: r.Case.Source, Versions: r.Case.Versions, Observed: []string{}}
			byID[r.Case.ID] = row
			rows = append(rows, row)
		}
		row.add(r)
	}
	return rows
}

func (row *Row) add(r Result) {
	text := string(r.Verdict)
	if r.Verdict == Skipped {
		text += ": " + r.Reason
	}
	switch r.Target {
	case Model:
		row.Model = &text
	case Embedded:
		row.Embedded = &text
	case Live:
		row.Live = &text
	}
	row.Observed = append(row.Observed, r.Lines()...)
	row.results = append(row.results, r)
}

// Results returns the row's results, one a target.
func (row *Row) Results() []Result { return row.results }

// Lines says of each thing that does not hold what was expected and what was observed.
func (r *Result) Lines() []string {
	var lines []string
	if r.Err != nil {
		lines = append(lines, fmt.Sprintf("%s: %v", r.Target, r.Err))
	}
	for _, f := range r.Broken() {
		s := fmt.Sprintf("%s: %s:%d", r.Target, r.Case.File, f.Line)
		if f.Variant != "" {
			s += " (" + f.Variant + ")"
		}
		s += "\n  expected: " + f.Expected + "\n  observed: " + strings.ReplaceAll(f.Observed, "\n", "\n            ")
		if f.Explained != "" {
			s += "\n  because:  " + f.Explained
		}
		lines = append(lines, s)
	}
	return lines
}

// WriteJSON writes an array of rows.
func WriteJSON(w io.Writer, rows []*Row) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if rows == nil {
		rows = []*Row{}
	}
	return enc.Encode(rows)
}

// The elements of a JUnit report.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure"`
		Skipped *junitSkipped `xml:"skipped"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
)

// WriteJUnit writes a JUnit XML report, a suite for each target.
func WriteJUnit(w io.Writer, results []Result) error {
	var out junitSuites
	for _, t := range Targets() {
		suite := junitSuite{Name: "ntrdr conformance " + string(t)}
		for i := range results {
			if results[i].Target == t {
				suite.add(&results[i])
			}
		}
		if suite.Tests > 0 {
			out.Suites = append(out.Suites, suite)
		}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *junitSuite) add(r *Result) {
	c := junitCase{
		Class: "conformance." + string(r.Target), Name: r.Case.ID,
		Time: fmt.Sprintf("%.3f", r.Took.Seconds()),
	}
	s.Tests++
	text := strings.Join(r.Lines(), "\n")
	switch {
	case r.Verdict == Skipped && r.Err == nil:
		s.Skipped++
		c.Skipped = &junitSkipped{r.Reason}
	case r.Unexplained():
		s.Failures++
		c.Failure = &junitFailure{r.Case.Title + " (" + r.Case.Source + ")", text}
	default:
		c.Output = text
	}
	s.Cases = append(s.Cases, c)
}

// ListRow is the row of a case that was not run: its results are null where it would
// run, and say why where it would not.
func ListRow(c *Case) *Row {
	row := &Row{ID: c.ID, Title: c.Title, Source: c.Source, Versions: c.Versions, Observed: []string{}}
	for _, t := range Targets() {
		if runs, why := c.On(t); !runs {
			row.add(Result{Case: c, Target: t, Verdict: Skipped, Reason: why})
		}
	}
	return row
}
