package train

import (
	"context"
	"iter"
	"math"
	"math/rand/v2"

	"pare/internal/kernel/parallel"
	"pare/layers"
	"pare/nn"
)

// Attacker moves the examples of batches so that the loss of a network grows. The network
// computes as in inference: running statistics, no dropout. Where an example goes depends on
// the seed, the stream and its place in the batch, not on the number of threads. Not safe for
// concurrent use.
type Attacker struct {
	Eps float64 // radius of the ball in pixel units, at first the one of the options

	o         *Adversarial
	loss      nn.Loss // whose targets batches have
	program   *nn.Program
	teacher   []float32 // outputs for clean examples, which KL compares with; nil: the loss goes by targets
	size      int       // of an example
	seed      uint64
	low, high []float32 // limits of each value
	x         []float32 // clean examples

	best  []float32 // of several starts
	worst []float64
}

// NewAttacker compiles the network for attacks on batches of up to batch examples, which
// increase the loss or, with o.Trades, the divergence from the outputs of the clean examples.
func NewAttacker(net *nn.Network, o *Adversarial, loss nn.Loss, batch int, seed uint64) (*Attacker, error) {
	if err := attackable(net, len(o.Std)); err != nil {
		return nil, err
	}
	a := &Attacker{Eps: o.Eps, o: o, loss: loss, size: net.Input.Size(), seed: seed}
	if o.Trades > 0 {
		a.teacher = make([]float32, batch*net.Output().Shape.Size())
		loss = layers.Distilled{Loss: loss, Form: layers.TargetForm{Classes: net.Output().Shape.Units()},
			Teacher: a.teacher, Temperature: 1, Weight: 1}
	}
	var err error
	if a.program, err = nn.Compile(net, nn.CompileOptions{Mode: nn.Eval, Batch: batch, Loss: loss, InputGradient: true}); err != nil {
		return nil, err
	}
	n := batch * a.size
	a.x, a.low, a.high = make([]float32, n), make([]float32, n), make([]float32, n)
	return a, nil
}

// Move writes the attacked examples of a batch, which has no more than the program, to dst.
func (a *Attacker) Move(dst []float32, b Batch, stream uint64) {
	if a.Eps == 0 {
		copy(dst, b.X[:b.N*a.size])
		return
	}
	p, path, n := a.program, a.o.Attack.Path(a.Eps), b.N
	setTargets(p.Target, a.loss, b)
	copy(a.x, b.X[:n*a.size])
	a.bound(n)
	if a.teacher != nil {
		copy(p.X, a.x)
		a.run()
		copy(a.teacher, p.Output())
	}
	for start := range path.Restarts {
		copy(p.X, a.x[:n*a.size])
		if path.Random {
			a.each(n, func(i int) { a.draw(i, stream, uint64(start)) })
		}
		for range path.Steps {
			a.run()
			a.each(n, func(i int) { a.step(i, path.Step) })
		}
		if path.Restarts > 1 {
			a.run()
			a.keep(n, start)
		}
	}
	if path.Restarts > 1 {
		copy(dst, a.best[:n*a.size])
		return
	}
	copy(dst, p.X[:n*a.size])
}

func (a *Attacker) run() {
	a.program.ResetState()
	a.program.Run()
}

// each calls f for every example, in parallel.
func (a *Attacker) each(n int, f func(i int)) {
	chunk := max(1, 1<<14/a.size)
	parallel.Run((n+chunk-1)/chunk, func(task int) {
		for i := task * chunk; i < min((task+1)*chunk, n); i++ {
			f(i)
		}
	})
}

// of is the part of values that belongs to an example.
func (a *Attacker) of(values []float32, i int) []float32 { return values[i*a.size:][:a.size] }

// bound computes the limits of each value: the pixels' range and, for linf, the ball. A clean
// value outside the range limits it itself.
func (a *Attacker) bound(n int) {
	a.each(n, func(i int) {
		x, low, high := a.of(a.x, i), a.of(a.low, i), a.of(a.high, i)
		units := len(a.o.Std)
		for j, v := range x {
			mean, std := float64(a.o.Mean[j%units]), float64(a.o.Std[j%units])
			lo, hi := min(float32(-mean/std), v), max(float32((1-mean)/std), v)
			if a.o.Norm != "l2" {
				lo, hi = max(lo, within(v, -a.Eps/std)), min(hi, within(v, a.Eps/std))
			}
			low[j], high[j] = lo, hi
		}
	})
}

// within is x+d as a float32 that is no farther from x than d.
func within(x float32, d float64) float32 {
	v := float32(float64(x) + d)
	if math.Abs(float64(v)-float64(x)) > math.Abs(d) {
		v = math.Nextafter32(v, x)
	}
	return v
}

// draw puts an example at a random point of the ball: uniform in its volume.
func (a *Attacker) draw(i int, stream, start uint64) {
	rng := rand.New(rand.NewPCG(a.seed^stream*0x9e3779b97f4a7c15, start<<32|uint64(i)))
	x, units := a.of(a.program.X, i), len(a.o.Std)
	if a.o.Norm != "l2" {
		low, high := a.of(a.low, i), a.of(a.high, i)
		for j := range x {
			r := float32(a.Eps / float64(a.o.Std[j%units]))
			x[j] = min(max(x[j]+r*(2*rng.Float32()-1), low[j]), high[j])
		}
		return
	}
	norm := 0.0
	delta := make([]float64, len(x))
	for j := range delta {
		delta[j] = rng.NormFloat64()
		norm += delta[j] * delta[j]
	}
	f := a.Eps * math.Pow(rng.Float64(), 1/float64(len(x))) / math.Sqrt(norm)
	for j, d := range delta {
		x[j] += float32(f * d / float64(a.o.Std[j%units]))
	}
	a.project(i)
}

// step moves an example by one step of a length and back into its limits.
func (a *Attacker) step(i int, length float64) {
	x, g, units := a.of(a.program.X, i), a.of(a.program.InputGrad(), i), len(a.o.Std)
	if a.o.Norm != "l2" {
		low, high := a.of(a.low, i), a.of(a.high, i)
		for u := range units {
			s := float32(length / float64(a.o.Std[u]))
			for j := u; j < len(x); j += units {
				v := x[j]
				switch {
				case g[j] > 0:
					v += s
				case g[j] < 0:
					v -= s
				}
				x[j] = min(max(v, low[j]), high[j])
			}
		}
		return
	}
	norm := 0.0
	for j, v := range g {
		p := float64(v) / float64(a.o.Std[j%units]) // the gradient with respect to the pixel
		norm += p * p
	}
	if !(norm > 0) || math.IsInf(norm, 0) { // training has diverged, as the step will say
		return
	}
	f := length / math.Sqrt(norm)
	for j, v := range g {
		std := float64(a.o.Std[j%units])
		x[j] += float32(f * float64(v) / (std * std))
	}
	a.project(i)
}

// project puts an example back into the pixels' range and, by a factor on its perturbation, into
// the l2 ball.
func (a *Attacker) project(i int) {
	x, clean, units := a.of(a.program.X, i), a.of(a.x, i), len(a.o.Std)
	low, high := a.of(a.low, i), a.of(a.high, i)
	for j, v := range x {
		x[j] = min(max(v, low[j]), high[j])
	}
	for margin := 1e-6; ; margin *= 2 { // rounding to float32 may hold a perturbation just outside
		norm := 0.0
		for j, v := range x {
			d := (float64(v) - float64(clean[j])) * float64(a.o.Std[j%units])
			norm += d * d
		}
		if norm = math.Sqrt(norm); !(norm > a.Eps) {
			return
		}
		f := a.Eps / norm * max(0, 1-margin)
		for j, v := range x {
			x[j] = float32(float64(clean[j]) + f*(float64(v)-float64(clean[j])))
		}
	}
}

// keep remembers the examples of a start whose loss is the largest so far.
func (a *Attacker) keep(n, start int) {
	if a.best == nil {
		a.best, a.worst = make([]float32, len(a.x)), make([]float64, a.program.Batch())
	}
	width := len(a.program.Output()) / a.program.Batch()
	for i := range n {
		output := a.program.Output()[i*width:][:width]
		loss := math.Inf(-1)
		if a.teacher != nil {
			loss = layers.Divergence(a.teacher[i*width:][:width], output)
		} else if v, _, err := CrossEntropyScore(output, a.program.Target[i]); err == nil {
			loss = v
		}
		if start == 0 || loss > a.worst[i] {
			a.worst[i] = loss
			copy(a.of(a.best, i), a.of(a.program.X, i))
		}
	}
}

// attacked is a source whose examples an Attacker moves.
type attacked struct {
	EvalSource
	by     *Attacker
	stream uint64
	beside bool // each batch is followed by its clean examples
}

// All implements EvalSource.
func (s attacked) All(ctx context.Context) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		var x []float32
		for b, err := range s.EvalSource.All(ctx) {
			if err != nil {
				yield(b, err)
				return
			}
			if x == nil {
				x = make([]float32, len(b.X))
			}
			moved := b
			moved.X = x[:b.N*s.by.size]
			s.by.Move(moved.X, b, s.stream<<32|uint64(uint32(b.Index)))
			if !yield(moved, nil) || s.beside && !yield(b, nil) {
				return
			}
		}
	}
}

// Statistics gives the examples of a source as training sees them, for running statistics:
// attacked and, with TRADES, clean ones beside them.
func (a *Attacker) Statistics(s EvalSource) EvalSource {
	return attacked{EvalSource: s, by: a, stream: statisticsStream, beside: a.o.Trades > 0}
}
