package bench

import (
	"github.com/ntrdr/ntrdr/internal/machine"
	"github.com/ntrdr/ntrdr/internal/rt/simrt"
)

// Worker plays one simulated trial after another and keeps what a trial leaves behind
// that the next can use again. It belongs to one goroutine at a time. What it keeps
// decides the speed of a trial and nothing else.
type Worker struct {
	pool   *simrt.Pool
	models machine.Models
	lim    limits
}

// NewWorker returns a worker. Its owner must call Close.
func NewWorker() *Worker { return &Worker{pool: simrt.NewPool(), lim: limits{steps: stepLimit}} }

// Close frees what the worker keeps.
func (w *Worker) Close() { w.pool.Close() }

// Run plays one simulated trial.
func (w *Worker) Run(s Spec) (Result, error) { return w.run(s) }
