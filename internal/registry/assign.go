package registry

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// With returns the policy with NAME=VALUE assignments added, as a command line gives
// them: numbers decimal or, with 0x, hexadecimal. origin says where they were given. The
// new policy's name has the assignments in it, because it is not the old policy.
//
// A value that the table does not allow is a *ValueError.
func (p *Policy) With(origin string, assignments ...string) (*Policy, error) {
	q := &Policy{Name: p.Name, Skipped: p.Skipped, settings: slices.Clone(p.settings)}
	for _, a := range assignments {
		s, err := assigned(a, Origin{Kind: OriginFile, Name: origin})
		if err != nil {
			return nil, err
		}
		q.set(s)
		q.Name += "+" + s.Param.Name + "=" + s.Value.String()
	}
	return q, nil
}

func assigned(assignment string, at Origin) (Setting, error) {
	name, data, ok := strings.Cut(assignment, "=")
	if !ok {
		return Setting{}, fmt.Errorf("%v: %q is not NAME=VALUE", at, assignment)
	}
	row := find(name)
	if row == nil || row.Since != "" {
		return Setting{}, fmt.Errorf("%v: %s: %w (`ntrdr params` lists them)", at, name, ErrUnknownValue)
	}
	bad := &ValueError{Origin: at, Key: row.Key, Name: row.Name, Data: data, Hint: "want " + row.Range(), Err: ErrOutOfRange}
	var v Value
	switch row.Type {
	case TypeDWORD:
		n, err := strconv.ParseUint(data, 0, 32)
		if err != nil {
			bad.Err, bad.Hint = ErrWrongType, "want a number, "+row.Range()
			return Setting{}, bad
		}
		v = dword(uint32(n))
	case TypeMultiString:
		v = list(data)
	default:
		v = Value{Type: TypeString, Text: data}
	}
	if !row.accepts(v) {
		return Setting{}, bad
	}
	return Setting{Param: *row, Value: v, Origin: at}, nil
}
