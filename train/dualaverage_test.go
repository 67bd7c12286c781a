package train

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"pare/internal/kernel"
	"pare/layers"
	"pare/nn"
	"pare/regularize"
)

// byFormula runs algorithm 1 of RMDA or RAMDA in float64 on Σ c(x−a)²/2 + λ|x|,
// with a stage for each rate and c as given for every step.
func byFormula(x, a, c []float64, lambda float64, rates [][]float64, share func(step int) float64, adaptive bool) {
	const eps = 1e-6
	n, step, factor, last := len(x), 0, 1.0, 0.0
	for _, stage := range rates {
		if last > 0 {
			factor *= stage[0] / last
		}
		origin := append([]float64(nil), x...)
		sum, squares, alpha := make([]float64, n), make([]float64, n), 0.0
		for t, rate := range stage {
			root := math.Sqrt(float64(t + 1))
			s := rate * root
			alpha += s
			for i := range x {
				g := c[i] * (x[i] - a[i])
				sum[i] += s * g
				squares[i] += s * g * g
				d := root
				if adaptive {
					d = math.Cbrt(squares[i]) + eps*factor
				}
				v := origin[i] - sum[i]/d
				v = math.Copysign(max(0, math.Abs(v)-alpha*lambda/d), v)
				x[i] += share(step) * (v - x[i])
			}
			step++
			last = rate
		}
	}
}

// TestDualAveragingFollowsTheAlgorithm: two stages with a warm-up, c growing in the
// second, a penalty that acts value by value and one that does not.
func TestDualAveragingFollowsTheAlgorithm(t *testing.T) {
	start, a, c := []float32{1, -2, 0.5, 3}, []float32{2, -1, 0.05, 0}, []float32{1, 2, 1, 0.5}
	rates := [][]float64{{0.05, 0.1, 0.1, 0.1, 0.1, 0.1}, {0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01}}
	all := append(append([]float64(nil), rates[0]...), rates[1]...)
	const momentum, lambda = 0.75, 0.1
	share := func(step int) float64 {
		k := float64(step - 5)
		if k < 1 {
			return 0.25
		}
		return min(1, max(0.25*math.Sqrt(k), 0.25+0.75*2*k/8))
	}
	for _, kind := range []string{"rmda", "ramda"} {
		for _, separable := range []bool{false, true} {
			q := newQuadratic(map[string][]float32{"weight": start}, map[string][]float32{"weight": a}, map[string][]float32{"weight": c})
			pen := &l1{p: q.params[0].Param, lambda: lambda}
			var p Penalty = pen
			if separable {
				p = &separableL1{*pen}
			}
			o, err := NewOptimizer(dual(kind, momentum), Setup{Params: q.params, Grad: q.grad,
				Penalties: []Penalty{p}, Steps: len(all), Rate: func(k int) float64 { return all[k] }})
			if err != nil {
				t.Fatal(err)
			}
			for _, rate := range all {
				q.differentiate()
				o.Step(rate, 1)
			}
			want := wide(start)
			byFormula(want, wide(a), wide(c), lambda, rates, share, kind == "ramda")
			for i, x := range q.params[0].Data() {
				if math.Abs(float64(x)-want[i]) > 1e-5 {
					t.Errorf("%s, separable %t: x[%d] = %g, the algorithm gives %g", kind, separable, i, x, want[i])
				}
			}
		}
	}
}

type separableL1 struct{ l1 }

func (l *separableL1) Separate(take func(p *nn.Param, scale, alpha float64) bool) func(float64, func(*nn.Param) []float32) {
	if take(l.p, 1, 1) {
		return nil
	}
	return l.Prox
}

func wide(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

// noisy is the toy data's regression relative: y = Xw* + noise, in batches, with the
// groups of w* three values each, most of them 0.
type noisy struct {
	groups int
	truth  []float32
	rng    *rand.Rand
}

func newNoisy() *noisy {
	n := &noisy{groups: 12, rng: rand.New(rand.NewPCG(5, 6))}
	n.truth = make([]float32, 3*n.groups)
	for _, g := range []int{1, 4, 9} {
		for k := range 3 {
			n.truth[3*g+k] = float32(1 + 0.5*float64(k))
		}
	}
	return n
}

// gradient is that of half the mean square error over a new batch.
func (n *noisy) gradient(dst, w []float32) {
	const batch, noise = 8, 1.0
	clear(dst)
	x := make([]float64, len(w))
	for range batch {
		r := noise * n.rng.NormFloat64()
		for i := range x {
			x[i] = n.rng.NormFloat64()
			r += x[i] * float64(w[i]-n.truth[i])
		}
		for i := range x {
			dst[i] += float32(r * x[i] / batch)
		}
	}
}

// TestDualAveragingSettlesOnTheSupport: with group lasso on noisy gradients RMDA
// and RAMDA end with the zeros of the solution and change none in the last third of
// the training; proximal SGD, whose steps all have the noise of one batch, goes on
// opening groups.
func TestDualAveragingSettlesOnTheSupport(t *testing.T) {
	const steps, lambda = 1500, 0.12
	changes := map[string]int{}
	for _, spec := range []OptimizerSpec{&SGD{LR: 0.05}, &RMDA{LR: 0.05, Momentum: 0.9}, &RAMDA{RMDA: RMDA{LR: 0.05, Momentum: 0.9}, Eps: 1e-6}} {
		data := newNoisy()
		p := nn.NewParam("weight", nn.RoleWeight, []int{data.groups, 3}, nn.AxisIn, nn.AxisOther)
		for i := range p.Data() {
			p.Data()[i] = float32(data.rng.NormFloat64())
		}
		g := make([]float32, p.Size())
		pen := &rows{p: p, n: 3, lambda: lambda}
		o, err := NewOptimizer(spec, Setup{Params: []nn.NamedParam{{Param: p, Full: "weight"}}, Grad: func(*nn.Param) []float32 { return g },
			Penalties: []Penalty{pen}, Steps: steps, Rate: func(int) float64 { return spec.Rate() }})
		if err != nil {
			t.Fatal(err)
		}
		var last [12]bool
		wrong := 0
		for k := range steps {
			data.gradient(g, p.Data())
			o.Step(spec.Rate(), 1)
			var now [12]bool
			wrong = 0
			for i := range now {
				now[i] = !pen.zero(i)
				if now[i] != (data.truth[3*i] != 0) {
					wrong++
				}
			}
			if k > steps*2/3 && now != last {
				changes[kind(spec)]++
			}
			last = now
		}
		if kind(spec) != "sgd" && (wrong != 0 || changes[kind(spec)] != 0) {
			t.Errorf("%s: %d of 12 groups are wrong at the end, and the support changed %d times in the last third", kind(spec), wrong, changes[kind(spec)])
		}
	}
	if changes["sgd"] == 0 {
		t.Error("proximal SGD settled too: the problem shows nothing")
	}
	t.Logf("changes of the support in the last %d steps: %v", steps/3, changes)
}

// rows is group lasso on the rows of one parameter.
type rows struct {
	l1
	p      *nn.Param
	n      int
	lambda float64
}

func (r *rows) Governs() []*nn.Param { return []*nn.Param{r.p} }

func (r *rows) zero(i int) bool {
	for _, v := range r.p.Data()[i*r.n : (i+1)*r.n] {
		if v != 0 {
			return false
		}
	}
	return true
}

func (r *rows) Prox(step float64, metric func(*nn.Param) []float32) {
	var d []float32
	if metric != nil {
		d = metric(r.p)
	}
	for lo := 0; lo < r.p.Size(); lo += r.n {
		w := r.p.Data()[lo : lo+r.n]
		if d == nil {
			regularize.GroupLasso{}.Prox(w, nil, float32(step*r.lambda))
		} else {
			regularize.GroupLasso{}.Prox(w, d[lo:lo+r.n], float32(step*r.lambda))
		}
	}
}

func dual(kind string, momentum float64) OptimizerSpec {
	r := RMDA{LR: 0.1, Momentum: momentum}
	if kind == "ramda" {
		return &RAMDA{RMDA: r, Eps: 1e-6}
	}
	return &r
}

// TestDualAveragingReachesTheLassoSolution as the other optimizers do, in one stage.
func TestDualAveragingReachesTheLassoSolution(t *testing.T) {
	a, c := []float32{2, -1, 0.3, -0.2, 0.05, 0}, []float32{1, 2, 1, 0.5, 4, 1}
	const lambda, steps = 0.25, 6000
	for _, spec := range []OptimizerSpec{
		&RMDA{LR: 0.1, Momentum: 0.9}, &RMDA{LR: 0.1, Decay: Decay{WeightDecay: 3}}, &RAMDA{RMDA: RMDA{LR: 0.1, Momentum: 0.9}, Eps: 1e-6},
	} {
		q := newQuadratic(map[string][]float32{"weight": {1, 1, 1, 1, 1, 1}},
			map[string][]float32{"weight": a}, map[string][]float32{"weight": c})
		pen := &l1{p: q.params[0].Param, lambda: lambda}
		o, err := NewOptimizer(spec, Setup{Params: q.params, Grad: q.grad, Penalties: []Penalty{pen},
			Steps: steps, Rate: func(int) float64 { return spec.Rate() }})
		if err != nil {
			t.Fatal(err)
		}
		for range steps {
			q.differentiate()
			o.Step(spec.Rate(), 1)
		}
		for i, x := range pen.p.Data() {
			want := math.Copysign(max(0, math.Abs(float64(a[i]))-lambda/float64(c[i])), float64(a[i]))
			if want == 0 && x != 0 || math.Abs(float64(x)-want) > 1e-3 {
				t.Errorf("%+v: x[%d] = %g, the minimum is at %g", spec, i, x, want)
			}
		}
	}
}

// TestDualAveragingState: frozen zeros, threads, memory and a state taken in the
// middle of a stage, all with a parameter that has no gradient.
func TestDualAveragingState(t *testing.T) {
	defer kernel.SetThreads(0)
	for _, kind := range []string{"rmda", "ramda"} {
		n := 2*shareSize + 5
		make1 := func() (*quadratic, Optimizer) {
			a, c := make([]float32, n), make([]float32, n)
			for i := range a {
				a[i], c[i] = float32(i%17)-8, float32(i%5+1)
			}
			start := append([]float32(nil), a...)
			start[8] = 0.5 // a[8] is 0
			q := newQuadratic(map[string][]float32{"weight": start, "bias": {1, 2}},
				map[string][]float32{"weight": c, "bias": {0, 0}}, map[string][]float32{"weight": c, "bias": {1, 1}})
			q.grads[q.params[1].Param] = nil
			o, err := NewOptimizer(dual(kind, 0.9), Setup{Params: q.params, FreezeZeros: true,
				Grad:      func(p *nn.Param) []float32 { return q.grads[p] },
				Penalties: []Penalty{&l1{p: q.params[0].Param, lambda: 0.1}}, Steps: 40, Rate: func(k int) float64 { return 0.1 / float64(1+k/20) }})
			if err != nil {
				t.Fatal(err)
			}
			return q, o
		}
		step := func(q *quadratic, o Optimizer, k int) {
			w := q.params[0]
			for i, x := range w.Data() {
				q.grads[w.Param][i] = q.c["weight"][i] * (x - q.a["weight"][i])
			}
			o.Step(0.1/float64(1+k/20), 1)
		}
		kernel.SetThreads(1)
		q, o := make1()
		var saved OptimizerState
		var values [][]float32
		for k := range 40 {
			if k == 25 {
				saved = OptimizerState{Step: o.State().Step, Tensors: cloneTensors(o.State().Tensors)}
				for _, p := range q.params {
					values = append(values, append([]float32(nil), p.Data()...))
				}
			}
			step(q, o, k)
		}
		w := q.params[0].Data()
		for i, v := range w {
			if i%17 == 8 && i != 8 && v != 0 {
				t.Fatalf("%s: frozen value %d is %g", kind, i, v)
			}
		}
		if b := q.params[1].Data(); b[0] != 1 || b[1] != 2 {
			t.Errorf("%s: a parameter without a gradient became %v", kind, b)
		}
		kernel.SetThreads(2)
		again, resumed := make1()
		if err := resumed.Restore(saved); err != nil {
			t.Fatal(err)
		}
		for i, p := range again.params {
			copy(p.Data(), values[i])
		}
		for k := 25; k < 40; k++ {
			step(again, resumed, k)
		}
		if !sameBits(again.params[0].Data(), w) {
			t.Errorf("%s: going on from a state with two threads is not what one did without a break", kind)
		}
		if !raceEnabled {
			if n := testing.AllocsPerRun(20, func() { resumed.Step(0.05, 1) }); n != 0 {
				t.Errorf("%s: a step allocates %g times", kind, n)
			}
		}
	}
}

// TestDualAveragingTrains closes channels of a network and keeps the rest, with the
// rate falling once.
func TestDualAveragingTrains(t *testing.T) {
	for lambda, opt := range map[float64]OptimizerSpec{0.05: &RMDA{LR: 0.3, Momentum: 0.9}, 0.1: &RAMDA{RMDA: RMDA{LR: 0.02, Momentum: 0.9}, Eps: 1e-6}} {
		net := toyNet(t, 1)
		term, err := regularize.NewTerm(net, regularize.Spec{Type: "group_lasso", On: "channels", Lambda: lambda})
		if err != nil {
			t.Fatal(err)
		}
		o := Options{Train: newToy(256, 16, 1), Val: newToy(100, 16, 2), Loss: layers.CrossEntropy{}, Penalties: []Penalty{term},
			Optimizer: opt, Schedule: &Step{Milestones: []float64{16}, Gamma: 0.1}, Epochs: 24, Seed: 3}
		res, err := mustNew(t, net, o).Fit(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		total, zero := term.Groups()
		if total != 6 || zero < 1 || zero > 5 || res.Val.Accuracy < 0.9 {
			t.Errorf("%s: %d of %d channels are closed, accuracy %g", kind(opt), zero, total, res.Val.Accuracy)
		}
		o.Schedule = &Cosine{}
		if _, err := New(net, o); err == nil {
			t.Errorf("%s: a cosine is accepted", kind(opt))
		}
	}
}
