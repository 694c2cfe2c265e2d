package main

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// meter shows how far a command is: a bar on a terminal, else a line every few seconds.
type meter struct {
	bar  *progressbar.ProgressBar
	tick *ticker
}

func newMeter(c *invocation, what string, total int) *meter {
	bar := progressbar.NewOptions(total,
		progressbar.OptionSetWriter(c.stderr), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetVisibility(c.tty), progressbar.OptionThrottle(100*time.Millisecond),
	)
	return &meter{bar: bar, tick: newTicker(c, what, total)}
}

// step counts one thing done. It may be called from several goroutines.
func (m *meter) step() {
	_ = m.bar.Add(1) // a bar that cannot be drawn must not end a run
	m.tick.step()
}

// finish takes the bar away.
func (m *meter) finish() { _ = m.bar.Finish() }
