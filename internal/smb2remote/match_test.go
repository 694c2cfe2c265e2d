package smb2remote

import "testing"

func TestMatches(t *testing.T) {
	tests := []struct {
		mask, name string
		want       bool
	}{
		{"*", "anything", true},
		{"*.*", "NODOT", true},
		{"*.MAI", "00000001.mai", true},
		{"*.MAI", "00000001.MAIX", false},
		{"*.MAI", "MAI", false},
		{"INQUEUE?.KEY", "INQUEUE3.KEY", true},
		{"INQUEUE?.KEY", "INQUEUE.KEY", false},
		{"A*B*C", "AxxBxBxC", true},
		{"A*B*C", "AxxBxBx", false},
		{"Ä?", "äö", true},
		{"", "A", false},
	}
	for _, tt := range tests {
		if got := matches(tt.mask, tt.name); got != tt.want {
			t.Errorf("matches(%q, %q): got %v, want %v", tt.mask, tt.name, got, tt.want)
		}
	}
}

func TestSplit(t *testing.T) {
	tests := []struct{ pattern, dir, mask string }{
		{`*.KEY`, "", "*.KEY"},
		{`MAI\MA8\*.MAI`, `MAI\MA8`, "*.MAI"},
		{`MAI/*`, "MAI", "*"},
	}
	for _, tt := range tests {
		if dir, mask := split(tt.pattern); dir != tt.dir || mask != tt.mask {
			t.Errorf("split(%q): got %q, %q, want %q, %q", tt.pattern, dir, mask, tt.dir, tt.mask)
		}
	}
}
