package registry

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAssignmentsMakeAnotherPolicy(t *testing.T) {
	stock, err := Builtin("q143413")
	if err != nil {
		t.Fatal(err)
	}
	before := said(stock)
	p, err := stock.With("--set", "usewritebehind=1", "MaxCmds=0x10", "NtrdrL2Dispatch=fourth")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"UseWriteBehind=1 from --set", "NtrdrL2Dispatch=fourth from --set", "MaxCmds=16 from --set",
	}
	if diff := cmp.Diff(said(p), want); diff != "" {
		t.Errorf("settings (-got +want):\n%s", diff)
	}
	if want := "q143413+UseWriteBehind=1+MaxCmds=16+NtrdrL2Dispatch=fourth"; p.Name != want {
		t.Errorf("name %q, want %q", p.Name, want)
	}
	if diff := cmp.Diff(said(stock), before); diff != "" {
		t.Errorf("the old policy changed:\n%s", diff)
	}
}

func TestAssignmentsAreChecked(t *testing.T) {
	tests := map[string]struct {
		assignment string
		kind       error
		want       string
	}{
		"no value":         {"MaxCmds", nil, `--set: "MaxCmds" is not NAME=VALUE`},
		"unknown":          {"MaxCommands=5", ErrUnknownValue, "--set: MaxCommands: unknown value (`ntrdr params` lists them)"},
		"of a later NT":    {"FailedConnectTimeout=5", ErrUnknownValue, "--set: FailedConnectTimeout: unknown value (`ntrdr params` lists them)"},
		"no number":        {"MaxCmds=many", ErrWrongType, `--set: LanmanWorkstation\MaxCmds=many: wrong type (want a number, 0 to 255)`},
		"out of range":     {"SessTimeout=9", ErrOutOfRange, `--set: LanmanWorkstation\SessTimeout=9: out of range (want 10 to 65535)`},
		"none of a choice": {"NtrdrL2Dispatch=third", ErrOutOfRange, `--set: Rdr\NtrdrL2Dispatch=third: out of range (want full|fourth)`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := (&Policy{}).With("--set", tt.assignment)
			if err == nil || err.Error() != tt.want {
				t.Errorf("error %v, want %s", err, tt.want)
			}
			if tt.kind != nil && !errors.Is(err, tt.kind) {
				t.Errorf("error %v is not %v", err, tt.kind)
			}
		})
	}
}
