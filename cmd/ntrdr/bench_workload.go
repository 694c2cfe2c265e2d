package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/pflag"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/bench/workload"
)

// workloadFlags say what the application of a trial does.
type workloadFlags struct {
	names    []string
	files    []string
	list     bool
	show     string
	language bool

	words   spelling
	sources *sources
}

func (f *workloadFlags) add(set *pflag.FlagSet) {
	set.StringSliceVar(&f.names, "workloads", nil, "what the application does: mail-32k, copy-256k, log, isam, build, office (usual: mail of --message-size)")
	set.StringArrayVar(&f.files, "workload", nil, "a workload of your own: a text file (may be repeated)")
	set.BoolVar(&f.list, "list-workloads", false, "print the workloads and what a reader may never see of each, and end")
	set.StringVar(&f.show, "show-workload", "", "print a workload such as log as a text file, and end")
	set.BoolVar(&f.language, "workload-help", false, "print how a workload is written, and end")
}

// told answers the flags that only ask something.
func (f *workloadFlags) told(w io.Writer) (done bool, err error) {
	switch {
	case f.language:
		_, err = io.WriteString(w, workload.Language)
	case f.show != "":
		text, terr := workload.Text(f.show)
		if terr != nil {
			return true, badInput("--show-workload: %w", terr)
		}
		_, err = io.WriteString(w, text)
	case f.list:
		_, err = fmt.Fprintln(w, listWorkloads())
	default:
		return false, nil
	}
	return true, err
}

func listWorkloads() string {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"workload", "number", "the application", "a reader may never see"})
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 3, WidthMax: 46}, {Number: 4, WidthMax: 46}})
	t.AppendRow(table.Row{"mail-32k", "bytes", "a message is sent to a postoffice in the seven steps of KB Q143413", "an announced message that is damaged or missing"})
	for _, b := range workload.Builtins() {
		t.AppendRow(table.Row{b.Name, b.Unit, b.Summary, b.Never})
	}
	return t.Render()
}

// load returns the workloads that the flags say, none if they say nothing. The Spec
// says what mail without a size is called.
func (f *workloadFlags) load(base bench.Spec) (list []bench.Workload, err error) {
	seen := map[string]bool{}
	add := func(w bench.Workload, flag, word string) error {
		base.Workload = w
		name := base.WorkloadName()
		if seen[name] {
			return badInput("two workloads are named %q", name)
		}
		seen[name] = true
		f.words.note(name, flag, word)
		list = append(list, w)
		return nil
	}
	for _, name := range f.names {
		w, err := bench.WorkloadByName(name)
		if err != nil {
			return nil, badInput("--workloads: %w", err)
		}
		if err := add(w, "--workloads", name); err != nil {
			return nil, err
		}
	}
	for _, path := range f.files {
		w, err := f.sources.loadWorkload(path)
		if err != nil {
			return nil, err
		}
		if err := add(w, "--workload", path); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// loadWorkload reads somebody's own workload.
func (s *sources) loadWorkload(path string) (bench.Workload, error) {
	text, err := s.read(path, workload.MaxText)
	if err != nil {
		return nil, err
	}
	w, err := bench.LoadWorkload(path, text)
	if err != nil {
		return nil, inputError{err}
	}
	return w, nil
}

// lookupWorkload takes the name of a built-in workload, or else that of a file; nil is
// mail of the usual size.
func lookupWorkload(flag, word string) (bench.Workload, error) {
	w, unknown := bench.WorkloadByName(word)
	if unknown == nil {
		return w, nil
	}
	w, err := (*sources)(nil).loadWorkload(word)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, badInput("%s: %w, and no such file", flag, unknown)
	}
	return w, err
}
