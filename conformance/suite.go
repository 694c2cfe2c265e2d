package conformance

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed cases
var caseFiles embed.FS

// All returns the cases of this package in the order of their files.
func All() ([]*Case, error) { return load(caseFiles) }

// load reads all case files below a directory; ids must be unique.
func load(files fs.FS) (cases []*Case, err error) {
	ids := map[string]string{}
	var errs []error
	walkErr := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".txt") {
			return err
		}
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		c, err := Parse(path, text)
		if err != nil {
			errs = append(errs, err)
			return nil
		}
		if other := ids[c.ID]; other != "" {
			errs = append(errs, &ParseError{File: path, Line: 1, Msg: fmt.Sprintf("the id %s is that of %s too", c.ID, other)})
		}
		ids[c.ID] = path
		cases = append(cases, c)
		return nil
	})
	return cases, errors.Join(append(errs, walkErr)...)
}

// Select returns the cases whose id the expression fits; nil fits all.
func Select(cases []*Case, re *regexp.Regexp) []*Case {
	return slices.DeleteFunc(slices.Clone(cases), func(c *Case) bool { return re != nil && !re.MatchString(c.ID) })
}

// Options say what Run runs.
type Options struct {
	Targets []Target
	Server  Server // for Live
	// Workers is how many stories of the model are played at a time; those in real
	// time, which mostly wait, follow, several times as many.
	Workers int
	// Progress, if set, is called after each result, from several goroutines.
	Progress func(Result)
}

// Run plays the cases on the targets. The results stand in the order of the cases,
// and for each case of the targets, whatever the number of workers. A cancelled ctx
// leaves the rest out.
func Run(ctx context.Context, cases []*Case, opt Options) []Result {
	n := len(opt.Targets)
	results := make([]Result, len(cases)*n)
	var modelled, timed []int
	for i := range results {
		if opt.Targets[i%n] == Model {
			modelled = append(modelled, i)
		} else {
			timed = append(timed, i)
		}
	}
	one := func(i int) {
		if err := ctx.Err(); err != nil {
			results[i] = Result{Case: cases[i/n], Target: opt.Targets[i%n], Verdict: Skipped, Reason: "interrupted", Err: err}
			return
		}
		results[i] = cases[i/n].run(opt.Targets[i%n], opt.Server)
		if opt.Progress != nil {
			opt.Progress(results[i])
		}
	}
	spread(modelled, max(opt.Workers, 1), one)
	spread(timed, max(opt.Workers, 1)*realAtOnce, one)
	return results
}

// realAtOnce is how many stories in real time are played for each of the model.
const realAtOnce = 4

// spread calls f for each number on so many workers.
func spread(list []int, workers int, f func(int)) {
	jobs := make(chan int)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range jobs {
				f(i)
			}
		})
	}
	for _, i := range list {
		jobs <- i
	}
	close(jobs)
	wg.Wait()
}
