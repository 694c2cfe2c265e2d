package bench

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/ntrdr/ntrdr/ntcache/rdr"
)

// parameter is something that decides the results of a Matrix.
type parameter struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// parameters are all that decides the results of the matrix and the form of its files.
// The shard is not among them: shards of one matrix share them.
func (m Matrix) parameters() []parameter {
	type policy struct{ Name, Edition, Values string }
	var policies []policy
	for _, s := range m.Policies {
		var values []string
		for _, v := range s.Policy.Settings() {
			values = append(values, fmt.Sprintf("%s=%v", v.Param.Name, v.Value))
		}
		policies = append(policies, policy{s.Policy.Name, s.Edition.Name, strings.Join(values, " ")})
	}
	type profile struct{ Name, Hash string }
	var links []profile
	for _, p := range m.Links {
		links = append(links, profile{p.Name, p.Hash()})
	}
	var works []string
	for _, w := range m.Workloads {
		works = append(works, spell(w))
	}
	list := []parameter{
		{"policies", spell(policies)},
		{"links", spell(links)},
		{"losses", spell(m.Losses)},
		{"workloads", spell(works)},
		{"trials", spell(m.Trials)},
		{"keep", spell(m.Keep)},
		{"where", spell(m.Where())},
	}
	for _, s := range m.Policies {
		if own := m.WritePolicies[s.Policy.Name]; own != nil {
			list = append(list, parameter{"write policy " + s.Policy.Name, spell(own)})
		}
	}
	return append(list, m.Base.parameters()...)
}

// parameters are the Spec's fields, but for hooks and what each cell sets. They are
// found by reflection because one that somebody forgot here would let a resumed run mix
// two.
func (s Spec) parameters() (list []parameter) {
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Type.Kind() == reflect.Func || slices.Contains([]string{"Policy", "Link", "Loss"}, f.Name) {
			continue
		}
		list = append(list, parameter{fieldWords(f.Name), spell(v.Field(i).Interface())})
	}
	return list
}

// spell is a value as text that tells it from every other.
func spell(v any) string {
	switch x := v.(type) {
	case Workload:
		return spell([]any{x.Name(), x.Bytes()})
	case rdr.WritePolicy:
		return spell(fmt.Sprintf("%T%+v", x, x))
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain data
	}
	return string(b)
}

// fieldWords spells MessageSize as "message size".
func fieldWords(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// maxShown bounds a value in a message.
const maxShown = 200

// differ names the first parameter that is not the same; have is the file's.
func differ(have, want []parameter) error {
	for i := range max(len(have), len(want)) {
		var h, w parameter
		if i < len(have) {
			h = have[i]
		}
		if i < len(want) {
			w = want[i]
		}
		switch {
		case h.Name != w.Name:
			return fmt.Errorf("another version's: parameter %.40q there, %.40q here", h.Name, w.Name)
		case h.Value != w.Value:
			return fmt.Errorf("another sweep: %s: %.*s there, %.*s here", h.Name, maxShown, h.Value, maxShown, w.Value)
		}
	}
	return nil
}
