package main

import (
	"fmt"
	"io"
	"os"

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

// apply gives the matrix its workloads.
func (f *workloadFlags) apply(m *bench.Matrix) error {
	for _, name := range f.names {
		w, err := bench.WorkloadByName(name)
		if err != nil {
			return badInput("--workloads: %w", err)
		}
		m.Workloads = append(m.Workloads, w)
	}
	for _, file := range f.files {
		text, err := readLimited(file, workload.MaxText)
		if err != nil {
			return err
		}
		w, err := bench.LoadWorkload(file, text)
		if err != nil {
			return inputError{err}
		}
		m.Workloads = append(m.Workloads, w)
	}
	seen := map[string]bool{}
	for _, w := range m.Workloads {
		s := m.Base
		s.Workload = w
		name := s.WorkloadName()
		if seen[name] {
			return badInput("two workloads are named %q", name)
		}
		seen[name] = true
	}
	return nil
}

// readLimited reads a file, and one byte more than it may have at most.
func readLimited(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, inputError{err}
	}
	defer func() { _ = f.Close() }() // it was only read
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, inputError{err}
	}
	return b, nil
}
