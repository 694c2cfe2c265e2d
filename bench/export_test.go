package bench

// Window is how many groups may be begun and not yet handed on.
const Window = window

// WithHook lets a test change each trial's Spec, and bounds its steps.
func (m Matrix) WithHook(hook func(*Spec), steps uint64) Matrix {
	m.play = func(w *Worker, s Spec) (Result, error) {
		hook(&s)
		w.lim.steps = steps
		return w.Run(s)
	}
	return m
}

// WithMostKept bounds the failing trials of a cell that are kept.
func (m Matrix) WithMostKept(n int) Matrix {
	m.mostKept = n
	return m
}

// WithPlay replaces the trials.
func (m Matrix) WithPlay(play func(Spec) (Result, error)) Matrix {
	m.play = func(_ *Worker, s Spec) (Result, error) { return play(s) }
	return m
}
