package regularize

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
	"pare/nn"
)

// Build implements nn.Term: a scalar node that reads the outputs. λ is read at
// each run. Each output is swept once for the value and once for the gradient,
// which is added in place to that of the layers behind it.
func (t *Activations) Build(b *nn.Builder, _ *nn.Network) (*gorgonia.Node, error) {
	var in []*gorgonia.Node
	var sweeps []*sweep
	var grads []nn.GradFunc
	for _, s := range t.sites {
		n, ok := b.Output(s.name)
		if !ok {
			return nil, fmt.Errorf("layer %s has no output to penalise", s.name)
		}
		w := newSweep(t, s, b.Batch)
		in, sweeps = append(in, n), append(sweeps, w)
		grads = append(grads, w.gradient(len(grads)))
	}
	if len(in) == 0 { // an operation has inputs
		in = append(in, noInput(b, t.Name()))
	}
	return nn.Apply(nn.Op{Name: t.Name(), Grad: grads, Run: func(dst []float32, in [][]float32) {
		sum := 0.0
		for i, w := range sweeps {
			sum += w.site.weight * w.value(in[i])
		}
		dst[0] = float32(t.lambda * sum)
	}}, in...)
}

// sweep computes the penalty of one site in a compiled program. The gradient
// uses what the value found out about each vector.
type sweep struct {
	term    *Activations
	site    *site
	rows    int // units at one position of one example
	cols    int
	vectors int // that f is of
	act     *vector.Activity

	dst, x []float32
	weight []float32 // for each unit
	add    bool
	step   int
	task   func(int)
}

func newSweep(t *Activations, s *site, batch int) *sweep {
	w := &sweep{term: t, site: s, rows: batch * s.shape.Positions(), cols: s.shape.Units()}
	w.vectors = w.rows
	if len(s.shape) == 3 && t.spec.Type == "hoyer_square" {
		w.vectors = batch
	}
	beta := 0.0
	if t.spec.Type == "transformed_l1" {
		beta = t.spec.beta()
	}
	w.act = vector.NewActivity(w.rows, w.cols, float32(beta))
	w.weight = make([]float32, w.cols)
	w.step = max(1, vector.ActivityShare/w.cols)
	w.task = w.run
	return w
}

// value is the mean of f, over the positions of an image divided by them.
func (w *sweep) value(x []float32) float64 {
	w.act.Run(x, w.rows)
	if w.site.firing != nil {
		w.site.firing.see(w.act.Fired, w.rows)
	}
	sum := 0.0
	switch w.term.spec.Type {
	case "l1":
		for _, v := range w.act.Abs {
			sum += v
		}
	case "transformed_l1":
		for _, v := range w.act.Saturated {
			sum += v
		}
		sum *= 1 + w.term.spec.beta()
	case "hoyer_square":
		for v := range w.vectors {
			if abs, square := w.norms(v); square != 0 {
				sum += abs * abs / square
			}
		}
	}
	return sum / float64(w.rows)
}

// norms is Σ|a| and Σa² of a vector.
func (w *sweep) norms(vector int) (abs, square float64) {
	n := w.rows / w.vectors
	for r := vector * n; r < (vector+1)*n; r++ {
		abs += w.act.Abs[r]
		square += w.act.Square[r]
	}
	return abs, square
}

func (w *sweep) gradient(i int) nn.GradFunc {
	return func(in gorgonia.Nodes, out, dy *gorgonia.Node) (*gorgonia.Node, error) {
		run := func(add bool) nn.Kernel {
			// The value is an input so that it comes before the gradient.
			return func(dst []float32, in [][]float32) { w.apply(dst, in[0], float64(in[2][0]), add) }
		}
		op := nn.Op{Name: w.term.Name() + "/da", Shape: in[i].Shape().Clone(), Run: run(false), Accumulate: run(true)}
		if nn.IsRectified(in[i]) { // it is 0 where the value is
			op.MaskedBy = in[i]
		}
		return nn.Apply(op, in[i], out, dy)
	}
}

// apply sets dst to the gradient times dy, or adds that.
func (w *sweep) apply(dst, x []float32, dy float64, add bool) {
	scale := dy * w.term.lambda * w.site.weight / float64(w.rows)
	if w.act.Saturated != nil {
		scale *= 1 + w.term.spec.beta()
	}
	for c := range w.weight {
		w.weight[c] = float32(scale)
		if f := w.site.firing; f != nil && !f.penalised(c) {
			w.weight[c] = 0
		}
	}
	w.dst, w.x, w.add = dst, x, add
	parallel.Run((w.rows+w.step-1)/w.step, w.task)
	w.dst, w.x = nil, nil
}

func (w *sweep) run(task int) {
	lo, hi := task*w.step, min((task+1)*w.step, w.rows)
	if !w.add {
		clear(w.dst[lo*w.cols : hi*w.cols])
	}
	beta := w.term.spec.beta()
	each := w.rows / w.vectors // rows of a vector
	p, q := float32(1), float32(0)
	for r := lo; r < hi; r++ {
		dst, x := w.dst[r*w.cols:][:w.cols], w.x[r*w.cols:][:w.cols]
		switch w.term.spec.Type {
		case "transformed_l1":
			vector.SaturatedGrad(dst, x, w.weight, float32(beta))
			continue
		case "hoyer_square":
			if r == lo || r%each == 0 {
				p, q = hoyerSlope(w.norms(r / each))
			}
		}
		vector.SignGrad(dst, x, w.weight, p, q)
	}
}

// hoyerSlope gives the gradient of (Σ|a|)²/Σa² as p·sign(a) + q·a.
func hoyerSlope(abs, square float64) (p, q float32) {
	if square == 0 {
		return 0, 0
	}
	return float32(2 * abs / square), float32(-2 * abs * abs / (square * square))
}
