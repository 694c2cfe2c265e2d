// Command mutants shows that the tests and conformance cases can fail: it flips one
// behaviour at a time, without touching the tree, and runs what is said to guard it.
//
// The list is mutants.txt. A mutant is killed if a case or test that its row names goes
// red, or hangs; one that survives needs an explanation in its row. A row whose text is
// no longer in the source, or not alone there, is an error of the list, as is a mutant
// that does not compile or a guard that is red without any mutation.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"time"
)

func main() {
	ok, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	root     string
	list     string
	run      *regexp.Regexp
	jobs     int
	timeout  time.Duration
	discover string
}

func parseFlags() (o options, err error) {
	var pattern string
	flag.StringVar(&o.root, "root", ".", "the module's directory")
	flag.StringVar(&o.list, "list", "internal/tools/mutants/mutants.txt", "the list of mutants, below root")
	flag.StringVar(&pattern, "run", "", "only mutants whose id matches this regular expression")
	flag.IntVar(&o.jobs, "jobs", runtime.NumCPU(), "mutants at a time")
	flag.DurationVar(&o.timeout, "timeout", 2*time.Minute, "time that a guard may take; more is a kill")
	flag.StringVar(&o.discover, "discover", "",
		"instead of the guards of each row run all tests of these packages (./a,./b), and the cases of cases:REGEXP, and say what goes red")
	flag.Parse()
	if flag.NArg() > 0 {
		return o, fmt.Errorf("argument %q: only flags are taken", flag.Arg(0))
	}
	o.run, err = regexp.Compile(pattern)
	return o, err
}

func run() (ok bool, err error) {
	o, err := parseFlags()
	if err != nil {
		return false, err
	}
	text, err := os.ReadFile(o.path(o.list))
	if err != nil {
		return false, err
	}
	all, err := parseList(string(text))
	if err != nil {
		return false, fmt.Errorf("%s: %w", o.list, err)
	}
	if err := checkTexts(o.root, all); err != nil {
		return false, err
	}
	var chosen []mutant
	for _, m := range all {
		if o.run.MatchString(m.ID) {
			chosen = append(chosen, m)
		}
	}
	r, err := newRunner(o)
	if err != nil {
		return false, err
	}
	defer r.close()
	started := time.Now()
	results, err := r.runAll(chosen)
	if err != nil {
		return false, err
	}
	return printResults(os.Stdout, results, time.Since(started)), nil
}
