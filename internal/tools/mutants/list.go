package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mutant is one row of the list: a change of one behaviour and what guards it.
type mutant struct {
	ID      string
	What    string // the behaviour, as it should be
	File    string // below the module's directory
	Find    string // is in the file once
	Replace string
	By      []guard
	Why     string // why it may survive; "" if it may not
	line    int
}

// guard is a conformance case or a test; Pattern is a regular expression.
type guard struct {
	Package string // "" for cases
	Pattern string
}

func (g guard) String() string {
	if g.Package == "" {
		return "case " + g.Pattern
	}
	return "test " + g.Package + " " + g.Pattern
}

// parseList reads the list. A row starts with "id"; its lines are a word and a text:
//
//	id    a name
//	what  the behaviour that is changed
//	file  where
//	-     the text that is replaced; further lines of it follow, each after a "-"
//	+     the text instead, likewise; none deletes
//	by    case REGEXP, or test PACKAGE REGEXP; several are tried in turn
//	why   the explanation of a survivor
//
// Empty lines and lines after # say nothing.
func parseList(text string) ([]mutant, error) {
	var list []mutant
	for i, line := range strings.Split(text, "\n") {
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		if word == "id" {
			list = append(list, mutant{ID: strings.TrimSpace(rest), line: i + 1})
			continue
		}
		if len(list) == 0 {
			return nil, fmt.Errorf("line %d: a row starts with id", i+1)
		}
		if err := list[len(list)-1].add(word, rest); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return list, checkRows(list)
}

func (m *mutant) add(word, rest string) error {
	if word != "-" && word != "+" {
		rest = strings.TrimSpace(rest)
	}
	switch word {
	case "what":
		m.What = rest
	case "file":
		m.File = rest
	case "-":
		m.Find = joined(m.Find, rest)
	case "+":
		m.Replace = joined(m.Replace, rest)
	case "by":
		g, err := parseGuard(rest)
		if err != nil {
			return err
		}
		m.By = append(m.By, g)
	case "why":
		m.Why = rest
	default:
		return fmt.Errorf("unknown word %q", word)
	}
	return nil
}

func joined(text, line string) string {
	if text == "" {
		return line
	}
	return text + "\n" + line
}

func parseGuard(s string) (guard, error) {
	f := strings.Fields(s)
	switch {
	case len(f) == 2 && f[0] == "case":
		return guard{Pattern: f[1]}, nil
	case len(f) == 3 && f[0] == "test":
		return guard{Package: f[1], Pattern: f[2]}, nil
	}
	return guard{}, fmt.Errorf("guard %q: want case REGEXP or test PACKAGE REGEXP", s)
}

func checkRows(list []mutant) error {
	var errs []error
	ids := map[string]bool{}
	for _, m := range list {
		missing := m.ID == "" || m.What == "" || m.File == "" || m.Find == "" || len(m.By) == 0 && m.Why == ""
		switch {
		case missing:
			errs = append(errs, fmt.Errorf("line %d: %s: a row needs id, what, file, - and by", m.line, m.ID))
		case ids[m.ID]:
			errs = append(errs, fmt.Errorf("line %d: %s: there is such a row already", m.line, m.ID))
		case m.Find == m.Replace:
			errs = append(errs, fmt.Errorf("line %d: %s: nothing is changed", m.line, m.ID))
		}
		ids[m.ID] = true
	}
	return errors.Join(errs...)
}

// checkTexts makes sure that each row's text is in its file, once.
func checkTexts(root string, list []mutant) error {
	var errs []error
	for _, m := range list {
		if _, err := m.mutated(root); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// mutated returns the file's text with the mutation.
func (m mutant) mutated(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, m.File))
	if err != nil {
		return "", fmt.Errorf("line %d: %s: %w", m.line, m.ID, err)
	}
	if n := strings.Count(string(text), m.Find); n != 1 {
		return "", fmt.Errorf("line %d: %s: the text is %d times in %s, want once:\n%s", m.line, m.ID, n, m.File, m.Find)
	}
	return strings.Replace(string(text), m.Find, m.Replace, 1), nil
}

// packages are those whose tests guard something; "" stands for the cases.
func packages(list []mutant) (all []string) {
	for _, m := range list {
		for _, g := range m.By {
			if !slices.Contains(all, g.Package) {
				all = append(all, g.Package)
			}
		}
	}
	return all
}
