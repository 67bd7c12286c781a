package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"pare/internal/kernel/parallel"
	"pare/internal/option"
	"pare/nn"
)

// goldens are PyTorch's results; testdata/optimizers.py writes them.
type goldens struct {
	Steps                    int
	Start, Target, Curvature map[string][]float32
	Cases                    []struct {
		Spec map[string]any
		Clip float64
		End  map[string][]float32
	}
}

// quadratic is the loss Σ c(x−a)²/2 over named parameters.
type quadratic struct {
	params []nn.NamedParam
	a, c   map[string][]float32
	grads  map[*nn.Param][]float32
}

func newQuadratic(start, a, c map[string][]float32) *quadratic {
	q := &quadratic{a: a, c: c, grads: map[*nn.Param][]float32{}}
	for _, name := range []string{"weight", "bias"} {
		if start[name] == nil {
			continue
		}
		p := nn.NewParam(name, nn.Role(name), []int{len(start[name])}, nn.AxisOut)
		copy(p.Data(), start[name])
		q.params = append(q.params, nn.NamedParam{Param: p, Full: name})
		q.grads[p] = make([]float32, p.Size())
	}
	return q
}

func (q *quadratic) grad(p *nn.Param) []float32 { return q.grads[p] }

func (q *quadratic) differentiate() {
	for _, p := range q.params {
		for i, x := range p.Data() {
			q.grads[p.Param][i] = q.c[p.Name][i] * (x - q.a[p.Name][i])
		}
	}
}

func TestOptimizersMatchPyTorch(t *testing.T) {
	data, err := os.ReadFile("testdata/optimizers.json")
	if err != nil {
		t.Fatal(err)
	}
	var g goldens
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	for _, c := range g.Cases {
		t.Run(fmt.Sprint(c.Spec), func(t *testing.T) {
			spec, err := Optimizers.New(c.Spec["type"].(string))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range option.Fields(reflect.ValueOf(spec)) {
				if v, ok := c.Spec[f.Key]; ok {
					f.Value.Set(reflect.ValueOf(v))
				}
			}
			q := newQuadratic(g.Start, g.Target, g.Curvature)
			o, err := NewOptimizer(spec, Setup{Params: q.params, Grad: q.grad})
			if err != nil {
				t.Fatal(err)
			}
			norm := newGradientNorm([][]float32{q.grads[q.params[0].Param], q.grads[q.params[1].Param]})
			for range g.Steps {
				q.differentiate()
				o.Step(spec.Rate(), clipScale(norm.compute(), c.Clip))
			}
			for _, p := range q.params {
				for i, v := range p.Data() {
					if want := c.End[p.Name][i]; math.Abs(float64(v-want)) > 2e-6*(1+math.Abs(float64(want))) {
						t.Errorf("%s[%d] = %g, PyTorch has %g", p.Name, i, v, want)
					}
				}
			}
		})
	}
}

// l1 is λ·Σ|x| on one parameter, as a proximal penalty.
type l1 struct {
	nn.Term
	p      *nn.Param
	lambda float64
}

func (l *l1) SetEpoch(float64)          {}
func (l *l1) Lambda() float64           { return l.lambda }
func (l *l1) Proximal() bool            { return true }
func (l *l1) Governs() []*nn.Param      { return []*nn.Param{l.p} }
func (l *l1) Groups() (total, zero int) { return 0, 0 }

func (l *l1) Prox(step float64, metric func(*nn.Param) []float32) {
	x := l.p.Data()
	var d []float32
	if metric != nil {
		d = metric(l.p)
	}
	for i, v := range x {
		cut := step * l.lambda
		if d != nil {
			cut /= float64(d[i])
		}
		x[i] = float32(math.Copysign(max(0, math.Abs(float64(v))-cut), float64(v)))
	}
}

// TestProxReachesTheLassoSolution: with a separable quadratic the minimum of
// Σ c(x−a)²/2 + λ|x| is soft(a, λ/c), whatever metric the steps are taken in.
func TestProxReachesTheLassoSolution(t *testing.T) {
	a := []float32{2, -1, 0.3, -0.2, 0.05, 0}
	c := []float32{1, 2, 1, 0.5, 4, 1}
	const lambda = 0.25
	for _, spec := range []OptimizerSpec{
		&SGD{LR: 0.2}, &SGD{LR: 0.05, Momentum: 0.5},
		&Adam{LR: 0.01, Decay: Decay{WeightDecay: 3}, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, &Adam{LR: 0.01, Beta2: 0.9, Decay: Decay{WeightDecay: 3}, Beta1: 0.9, Eps: 1e-8, Decoupled: true},
	} {
		q := newQuadratic(map[string][]float32{"weight": {1, 1, 1, 1, 1, 1}},
			map[string][]float32{"weight": a}, map[string][]float32{"weight": c})
		pen := &l1{p: q.params[0].Param, lambda: lambda}
		o, err := NewOptimizer(spec, Setup{Params: q.params, Grad: q.grad, Penalties: []Penalty{pen}})
		if err != nil {
			t.Fatal(err)
		}
		for k := range 6000 {
			q.differentiate()
			o.Step(spec.Rate()/(1+float64(k)/600), 1)
		}
		for i, x := range pen.p.Data() {
			want := math.Copysign(max(0, math.Abs(float64(a[i]))-lambda/float64(c[i])), float64(a[i]))
			if want == 0 && x != 0 {
				t.Errorf("%s: x[%d] = %g, it should be exactly 0", kind(spec), i, x)
			}
			if math.Abs(float64(x)-want) > 1e-3 {
				t.Errorf("%s: x[%d] = %g, the minimum is at %g", kind(spec), i, x, want)
			}
		}
	}
}

// TestISTAStep: one step with rate 1/c from anywhere is the closed form.
func TestISTAStep(t *testing.T) {
	a := []float32{2, -1, 0.3, -0.2}
	q := newQuadratic(map[string][]float32{"weight": {5, -3, 2, 0.1}},
		map[string][]float32{"weight": a}, map[string][]float32{"weight": {4, 4, 4, 4}})
	pen := &l1{p: q.params[0].Param, lambda: 2}
	o, err := NewOptimizer(&SGD{LR: 0.25}, Setup{Params: q.params, Grad: q.grad, Penalties: []Penalty{pen}})
	if err != nil {
		t.Fatal(err)
	}
	q.differentiate()
	o.Step(0.25, 1)
	for i, want := range []float32{1.5, -0.5, 0, 0} {
		if x := pen.p.Data()[i]; math.Abs(float64(x-want)) > 1e-6 || want == 0 && x != 0 {
			t.Errorf("x[%d] = %g, want %g", i, x, want)
		}
	}
}

func TestFrozenZerosStayZero(t *testing.T) {
	for _, spec := range []OptimizerSpec{&SGD{LR: 0.1, Momentum: 0.9}, NewAdam(0.1)} {
		q := newQuadratic(map[string][]float32{"weight": {0, 1, 0}, "bias": {0}},
			map[string][]float32{"weight": {1, 2, 3}, "bias": {1}}, map[string][]float32{"weight": {1, 1, 1}, "bias": {1}})
		o, err := NewOptimizer(spec, Setup{Params: q.params, Grad: q.grad, FreezeZeros: true})
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			q.differentiate()
			o.Step(0.1, 1)
		}
		w, b := q.params[0].Data(), q.params[1].Data()
		if w[0] != 0 || w[2] != 0 || w[1] == 1 || b[0] == 0 {
			t.Errorf("%s: weight %v, bias %v: want the zero weights frozen, the rest trained", kind(spec), w, b)
		}
		for _, s := range o.State().Tensors {
			if strings.HasSuffix(s.Name, "/weight") && !strings.HasPrefix(s.Name, "frozen") && (s.Data[0] != 0 || s.Data[1] == 0) {
				t.Errorf("%s: %s is %v, want 0 where frozen", kind(spec), s.Name, s.Data)
			}
		}
	}
}

// TestUpdatesDoNotDependOnThreads: values spread over several chunks.
func TestUpdatesDoNotDependOnThreads(t *testing.T) {
	defer parallel.SetThreads(0)
	run := func(threads int, spec OptimizerSpec) ([]float32, float64) {
		parallel.SetThreads(threads)
		n := 3*shareSize + 5
		a, c := make([]float32, n), make([]float32, n)
		for i := range a {
			a[i], c[i] = float32(i%17)-8, float32(i%5+1)
		}
		q := newQuadratic(map[string][]float32{"weight": c}, map[string][]float32{"weight": a}, map[string][]float32{"weight": c})
		o, err := NewOptimizer(spec, Setup{Params: q.params, Grad: q.grad,
			Penalties: []Penalty{&l1{p: q.params[0].Param, lambda: 0.1}}})
		if err != nil {
			t.Fatal(err)
		}
		norm := newGradientNorm([][]float32{q.grads[q.params[0].Param]})
		for range 3 {
			q.differentiate()
			o.Step(0.01, 1)
		}
		return q.params[0].Data(), norm.compute()
	}
	for _, spec := range []OptimizerSpec{&SGD{LR: 0.1, Momentum: 0.9}, NewAdam(0.1)} {
		x, nx := run(1, spec)
		y, ny := run(2, spec)
		if !sameBits(x, y) || nx != ny {
			t.Errorf("%s: one and two threads give different results", kind(spec))
		}
	}
}

func sameBits(x, y []float32) bool {
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if math.Float32bits(x[i]) != math.Float32bits(y[i]) {
			return false
		}
	}
	return true
}

func TestStepAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector drops recycled memory")
	}
	q := newQuadratic(map[string][]float32{"weight": {1, 2}}, map[string][]float32{"weight": {0, 0}}, map[string][]float32{"weight": {1, 1}})
	o, err := NewOptimizer(NewAdam(0.1), Setup{Params: q.params, Grad: q.grad,
		Penalties: []Penalty{&l1{p: q.params[0].Param}}})
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(50, func() { o.Step(0.1, 1) }); n != 0 {
		t.Errorf("a step allocates %g times", n)
	}
}

// idle is a kind of another module that makes nothing.
type idle struct{}

func (idle) Rate() float64                        { return 1 }
func (idle) New(Setup) Optimizer                  { return nil }
func (idle) Rise() float64                        { return 0 }
func (idle) Factor(float64) func(float64) float64 { return nil }

func TestOptimizerSpecErrors(t *testing.T) {
	for _, c := range []struct {
		spec OptimizerSpec
		want string
	}{
		{&SGD{LR: 0.1, Nesterov: true}, "nesterov needs momentum above 0"},
		{&SGD{}, "lr must be above 0, got 0"},
		{&SGD{LR: math.NaN()}, "lr must be a finite number"},
		{&SGD{LR: math.Inf(1)}, "lr must be a finite number, got +Inf"},
		{&Adam{LR: 0.1}, "beta1 must be above 0 and below 1, got 0"},
		{&RAMDA{RMDA: RMDA{LR: 1}}, "eps must be above 0, got 0"},
		{&SGD{LR: 1, Momentum: 1}, "momentum must be at least 0 and below 1, got 1"},
		{&SGD{LR: 1, Decay: Decay{DecayAll: true}}, "decay_all needs weight_decay above 0"},
		{&RAMDA{RMDA: RMDA{LR: 1, Decay: Decay{DecayAll: true}}, Eps: 1}, "decay_all needs weight_decay above 0"},
		{&Adam{LR: 1, Decay: Decay{WeightDecay: -1}, Beta1: 0.9, Beta2: 0.9, Eps: 1}, "weight_decay must be at least 0, got -1"},
		{nil, "there is no optimizer"},
		{idle{}, "optimizer: train.idle makes none"},
	} {
		if _, err := NewOptimizer(c.spec, Setup{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one with %q", c.spec, err, c.want)
		}
	}
	if _, err := Optimizers.New("lion"); err == nil || !strings.Contains(err.Error(), "known: adam, adamw, ramda, rmda, sgd") {
		t.Errorf("an unknown optimizer: %v", err)
	}
}

// kind names an optimizer in messages of tests.
func kind(o OptimizerSpec) string {
	return strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", o), "*train."))
}

func TestOptimizerRestores(t *testing.T) {
	q := newQuadratic(map[string][]float32{"weight": {1, 2}}, map[string][]float32{"weight": {0, 0}}, map[string][]float32{"weight": {1, 1}})
	o, err := NewOptimizer(NewAdam(0.1), Setup{Params: q.params, Grad: q.grad})
	if err != nil {
		t.Fatal(err)
	}
	run := func() []float32 {
		copy(q.params[0].Data(), []float32{1, 2})
		for range 4 {
			q.differentiate()
			o.Step(0.1, 1)
		}
		return append([]float32(nil), q.params[0].Data()...)
	}
	run()
	saved := OptimizerState{Step: o.State().Step, Tensors: cloneTensors(o.State().Tensors)}
	warm := run()
	if err := o.Restore(saved); err != nil {
		t.Fatal(err)
	}
	if !sameBits(run(), warm) {
		t.Error("after Restore the steps differ from those after the saved ones")
	}
	saved.Tensors[0].Data = saved.Tensors[0].Data[:1]
	if err := o.Restore(saved); !errors.Is(err, ErrMismatch) {
		t.Errorf("a state of another shape: %v", err)
	}
}
