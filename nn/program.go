package nn

import "time"

// Run computes the program on X (and Target). A training run also computes the
// gradients, updates running statistics and advances Random.Step; one in mode
// Measure adds to Statistics.
func (p *Program) Run() {
	p.plan.Run()
	p.finish()
}

// RunTimed is Run that reports how long every operation took.
func (p *Program) RunTimed(report func(operation string, took time.Duration)) {
	p.plan.RunTimed(report)
	p.finish()
}

func (p *Program) finish() {
	if p.mode != Train && p.mode != Measure {
		return
	}
	for _, f := range p.after {
		f()
	}
	p.Random.Step++
}

// ResetState makes the next run start afresh: the state that layers carry from run to run
// becomes zero.
func (p *Program) ResetState() {
	for _, s := range p.state {
		clear(s.Data)
	}
}

// State is the storage that layers carry from run to run, in a fixed order; writing to it
// changes the state. Empty for networks without recurrent layers.
func (p *Program) State() []NamedState { return p.state }

// Statistics are those that the layers of a program in mode Measure gather; none
// where no layer has any.
func (p *Program) Statistics() []Statistics { return p.statistics }

// Network is the network the program was compiled from.
func (p *Program) Network() *Network { return p.net }

// Batch is the number of examples per run.
func (p *Program) Batch() int { return p.batch }

// Output is the network's output of the last run in the batched layout: logits,
// batch × classes.
func (p *Program) Output() []float32 { return p.output }

// Loss is the mean loss of the last run without the terms; 0 in modes without one.
func (p *Program) Loss() float64 {
	if len(p.costs) == 0 {
		return 0
	}
	return float64(p.costs[0][0])
}

// TermValue is the value of the i-th loss term in the last training run.
func (p *Program) TermValue(i int) float64 { return float64(p.costs[1+i][0]) }

// Grad is the gradient of the loss with respect to a parameter, in the
// parameter's layout; nil when the loss does not depend on it.
func (p *Program) Grad(param *Param) []float32 { return p.grads[param] }

// InputGrad is the gradient of the loss with respect to X, in the layout of X; nil without
// CompileOptions.InputGradient.
func (p *Program) InputGrad() []float32 { return p.xGrad }

// Bytes is the memory of the program's intermediates.
func (p *Program) Bytes() int { return p.plan.Bytes() }

// FirstNonFinite repeats the run and names the first operation whose result is
// not finite, or returns "".
func (p *Program) FirstNonFinite() string { return p.plan.FirstNonFinite() }

// Operations names the operations of a run, in order.
func (p *Program) Operations() []string { return p.plan.Operations() }
