package rdr

import "testing"

// How much a search asks for at once: by the application's buffer, and on a link that
// would take more than five seconds exactly that buffer (KB Q103003).
func TestSearchBuffer(t *testing.T) {
	tests := []struct {
		name      string
		buffer    int
		threshold int
		speed     int64 // bytes a second
		want      int
	}{
		{"a small search", 4096, 16384, 192_000, 16384},
		{"a large search", 16384, 16384, 192_000, 32768},
		{"a small search when none is small", 4096, 0, 192_000, 32768},
		{"28.8 kbit/s: 4.6 s", 4096, 16384, 3600, 16384},
		{"a large search at 28.8 kbit/s: 9.1 s", 16384, 16384, 3600, 16384},
		{"9.6 kbit/s: 13.7 s", 4096, 16384, 1200, 4096},
		{"a link of unknown speed", 4096, 16384, 0, 16384},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := Stock()
			c.FindBufferSize, c.LowerSearchThreshold = tt.buffer, tt.threshold
			if got := c.SearchBuffer(tt.speed); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}
