package main

import (
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/internal/link"
)

// spelling maps what results call a policy, a link or a workload to the words of a
// command line that name it.
type spelling map[string][]string

// note keeps the words of a name.
func (s *spelling) note(name string, words ...string) {
	if *s == nil {
		*s = spelling{}
	}
	(*s)[name] = words
}

// replayLine is what shows a trial of a bench again.
func (f *benchFlags) replayLine(c *invocation, s bench.Spec) string {
	words := append([]string{"ntrdr", "repro"}, f.policyWords[s.Policy.Policy.Name]...)
	words = append(words, "--link", f.linkWords[s.Link.Name][1])
	if w := f.workload.words[s.WorkloadName()]; w != nil {
		word := w[1]
		if _, unknown := bench.WorkloadByName(word); unknown == nil && w[0] == "--workload" {
			word = "./" + word // a file that is called as a built-in workload
		}
		words = append(words, "--workload", word)
	}
	return commandLine(append(append(words, weatherWords(s)...), givenWords(c)...))
}

// weatherWords are the loss and the seed of a trial.
func weatherWords(s bench.Spec) []string {
	return []string{"--loss", lossWord(s.Loss), "--seed", strconv.FormatUint(s.Seed, 10)}
}

// lossWord spells a loss so that it is read back as the same number.
func lossWord(loss float64) string {
	text := ""
	for digits := 1; digits <= 17; digits++ {
		text = strconv.FormatFloat(loss*100, 'g', digits, 64) + "%"
		if v, err := link.ParseLoss(text); err == nil && v == loss {
			return text
		}
	}
	return text
}

// givenWords are the flags that the commands share and that were given, but for those
// that say which trial of many it is.
func givenWords(c *invocation) (words []string) {
	shared := pflag.NewFlagSet("", pflag.ContinueOnError)
	var (
		story storyFlags
		tcp   tcpFlags
	)
	story.add(shared)
	story.addPoll(shared)
	tcp.add(shared)
	shared.VisitAll(func(own *pflag.Flag) {
		given := c.flags.Lookup(own.Name)
		switch own.Name {
		case "policies", "policy", "seed":
			return
		}
		if given == nil || !given.Changed {
			return
		}
		if list, ok := given.Value.(pflag.SliceValue); ok {
			for _, v := range list.GetSlice() {
				words = append(words, "--"+own.Name, v)
			}
			return
		}
		words = append(words, "--"+own.Name+"="+given.Value.String())
	})
	return words
}

// commandLine is words as a shell takes them.
func commandLine(words []string) string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = quoted(w)
	}
	return strings.Join(list, " ")
}

// quoted makes one word of a shell of it.
func quoted(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_=.,:/%@+", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
