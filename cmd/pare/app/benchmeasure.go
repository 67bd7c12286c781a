package app

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"pare/internal/kernel/parallel"
	"pare/internal/simd"
	"pare/layers"
	"pare/nn"
	"pare/train"
)

const (
	benchWarmup   = 3 // steps before those that count
	benchMinSteps = 10
	// benchRate is small enough to keep the network near its initial values for any number
	// of steps.
	benchRate = 1e-4
)

// Time that measurements take unless a number of steps is given.
const (
	stepBudget    = 5 * time.Second
	forwardBudget = time.Second
)

// benchResult is the outcome of a benchmark. Times belong to the median step.
type benchResult struct {
	Model     string   `json:"model"`
	Input     nn.Shape `json:"input"` // of one example, channels first
	Classes   int      `json:"classes"`
	Batch     int      `json:"batch"`
	Threads   int      `json:"threads"`
	Kernels   string   `json:"kernels"`
	Go        string   `json:"go"`
	Params    int64    `json:"params"`
	MACs      int64    `json:"macs"`       // forward, for one example
	Steps     int      `json:"steps"`      // measured ones
	StepMs    float64  `json:"step_ms"`    // forward, loss, backward, update
	ForwardMs float64  `json:"forward_ms"` // inference
	GFLOPs    float64  `json:"gflops"`     // per second, of the training step: see stepMACs
	// PeakBytes is the largest resident memory of the process up to the end of the training
	// steps; 0 if the system does not report it.
	PeakBytes int64 `json:"peak_bytes,omitempty"`
	// FirstStepS is the time from the start of the process to the end of its first training
	// step, in seconds; 0 if the system does not report it, and for all but the first model
	// of a process.
	FirstStepS float64 `json:"first_step_s,omitempty"`
	// Profile is where the time of a training step goes; nil unless asked for.
	Profile []profileRow `json:"profile,omitempty"`
}

// stepBench is how to measure training steps.
type stepBench struct {
	batch   int
	steps   int    // 0: as many as fit into the budget
	profile string // "", kinds or layers
	show    func(what string, done, total int64)
}

// measure benchmarks one model; first says that the process has done no other.
func (b stepBench) measure(ctx context.Context, w workload, first bool) (*benchResult, error) {
	peakKnown := first
	if !first {
		debug.FreeOSMemory()
		peakKnown = resetPeakMemory() == nil
	}
	counts := w.net.Count()
	r := &benchResult{Model: w.name, Input: w.net.Input, Classes: w.input.task.Classes, Batch: b.batch,
		Threads: parallel.Threads(), Kernels: simd.Features(), Go: runtime.Version(), Params: counts.Params, MACs: counts.MACs}
	program, update, err := b.trainingStep(w)
	if err != nil {
		return nil, err
	}
	step := func() {
		program.Run()
		update()
	}
	step()
	if first {
		r.FirstStepS = rounded(processAge().Seconds())
	}
	times, err := b.time(ctx, w.name+", training steps", stepBudget, step)
	if err != nil {
		return nil, err
	}
	r.Steps, r.StepMs = len(times), medianMs(times)
	r.GFLOPs = rounded(2 * float64(stepMACs(w.net)) * float64(b.batch) / (r.StepMs * 1e6))
	if peakKnown {
		r.PeakBytes = peakMemory()
	}
	forward, err := b.forwardPass(w)
	if err != nil {
		return nil, err
	}
	if times, err = b.time(ctx, w.name+", forward", forwardBudget, forward); err != nil {
		return nil, err
	}
	r.ForwardMs = medianMs(times)
	if b.profile != "" {
		if r.Profile, err = profile(ctx, program, update, b.profile == "layers"); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// trainingStep compiles the step that a trainer does for each batch, on one random batch.
func (b stepBench) trainingStep(w workload) (p *nn.Program, update func(), err error) {
	p, err = nn.Compile(w.net, nn.CompileOptions{Mode: nn.Train, Batch: b.batch, Loss: layers.CrossEntropy{}, Terms: w.terms})
	if err != nil {
		return nil, nil, err
	}
	o, err := train.NewOptimizer(&train.SGD{LR: benchRate, Momentum: 0.9},
		train.Setup{Params: w.net.Params(), Grad: p.Grad})
	if err != nil {
		return nil, nil, err
	}
	rng := rand.New(rand.NewPCG(3, 4))
	w.input.fill(p.X, rng)
	for i := range p.Target {
		p.Target[i] = float32(rng.IntN(w.input.task.Classes))
	}
	return p, func() { o.Step(benchRate, 1) }, nil
}

func (b stepBench) forwardPass(w workload) (func(), error) {
	p, err := nn.Compile(w.net, nn.CompileOptions{Mode: nn.Infer, Batch: b.batch})
	if err != nil {
		return nil, err
	}
	w.input.fill(p.X, rand.New(rand.NewPCG(3, 4)))
	return p.Run, nil
}

// time runs step, after some that do not count, as often as asked for or as
// fits into the budget.
func (b stepBench) time(ctx context.Context, what string, budget time.Duration, step func()) ([]time.Duration, error) {
	for range benchWarmup {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		step()
	}
	var times []time.Duration
	for start := time.Now(); !b.enough(len(times), time.Since(start), budget); {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		before := time.Now()
		step()
		times = append(times, time.Since(before))
		b.progress(what, len(times), time.Since(start), budget)
	}
	return times, nil
}

func (b stepBench) enough(steps int, spent, budget time.Duration) bool {
	if b.steps > 0 {
		return steps >= b.steps
	}
	return steps >= benchMinSteps && spent >= budget
}

func (b stepBench) progress(what string, steps int, spent, budget time.Duration) {
	if b.show == nil {
		return
	}
	done, total := int64(steps), int64(b.steps)
	if total == 0 {
		done, total = min(spent.Milliseconds(), budget.Milliseconds()-1), budget.Milliseconds()
	}
	if b.enough(steps, spent, budget) {
		done = total
	}
	b.show(what, done, total)
}

func medianMs(times []time.Duration) float64 {
	sorted := slices.Clone(times)
	slices.Sort(sorted)
	n := len(sorted)
	return rounded((sorted[(n-1)/2] + sorted[n/2]).Seconds() / 2 * 1e3)
}

// rounded drops the digits below the noise.
func rounded(v float64) float64 { return math.Round(v*1e4) / 1e4 }

// stepMACs is the number of multiply-accumulates of a training step for one
// example. A layer with m of them forward (nn.Counts.MACs, zeros of the padding
// included) has m more in the gradient to its weights, and m more in the one to
// its input where anything trainable lies before it: the first layers have none.
// Elementwise work, normalisation, pooling and the update are not counted.
func stepMACs(net *nn.Network) int64 {
	trained := make([]bool, len(net.Nodes)) // a parameter is at or before the node
	total := int64(0)
	for i, node := range net.Nodes {
		before := false
		for _, j := range node.Inputs {
			before = before || j >= 0 && trained[j]
		}
		c := net.CountNode(node)
		trained[i] = before || c.Params > 0
		total += 2 * c.MACs
		if before {
			total += c.MACs
		}
	}
	return total
}
