package train

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pare/nn"
	"pare/regularize"
)

// apart hides that a penalty is separable, so that its maps follow the update.
type apart struct{ OnParameters }

// fuseCases are lists of penalties on toyNet with the parameters whose penalty
// the update takes over.
var fuseCases = []struct {
	specs []regularize.Spec
	fused []string
	left  int // penalties with a map of their own
}{
	{[]regularize.Spec{{Type: "l1", On: "weights", Lambda: 0.3}}, []string{"conv.weight", "fc.weight"}, 0},
	{[]regularize.Spec{{Penalty: &regularize.ElasticNet{Alpha: 0.6}, On: "weights", Lambda: 0.3}}, []string{"conv.weight", "fc.weight"}, 0},
	{[]regularize.Spec{{Type: "l1", On: "weights", Lambda: 0.3, Layers: []string{"fc"}, Factors: map[string]float64{"fc": 0.3}}}, []string{"fc.weight"}, 0},
	{[]regularize.Spec{{Type: "l1", On: "channels", Lambda: 0.3}}, []string{"bn.weight", "bn.bias"}, 0},
	// Of two maps on a parameter only the first can move before the other.
	{[]regularize.Spec{{Type: "l1", On: "weights", Lambda: 0.3}, {Type: "group_lasso", On: "positions", Lambda: 0.02}},
		[]string{"conv.weight", "fc.weight"}, 1},
	{[]regularize.Spec{{Type: "group_lasso", On: "positions", Lambda: 0.02}, {Type: "l1", On: "weights", Lambda: 0.3}},
		[]string{"conv.weight"}, 2},
	{[]regularize.Spec{{Type: "l1", On: "weights", Lambda: 0.3}, {Penalty: &regularize.ElasticNet{Alpha: 0.5}, On: "weights", Lambda: 0.01}},
		[]string{"conv.weight", "fc.weight"}, 1},
	// A group of values under different scales does not come apart; nor does
	// a penalty that acts through the gradient of the loss.
	{[]regularize.Spec{{Type: "group_lasso", On: "channels", Lambda: 0.02}}, nil, 1},
	{[]regularize.Spec{{Type: "l1", On: "weights", Lambda: 0.3, Mode: "subgradient"}}, nil, 0},
	{[]regularize.Spec{{Type: "l1", On: "weights", Lambda: 0.3, Warmup: 1}}, []string{"conv.weight", "fc.weight"}, 0},
}

// TestFusedPenaltiesAreTheSame: the update with its penalties gives the bits of
// the update followed by their maps.
func TestFusedPenaltiesAreTheSame(t *testing.T) {
	for i, c := range fuseCases {
		for _, spec := range []OptimizerSpec{
			&SGD{LR: 0.1}, &SGD{LR: 0.05, Momentum: 0.9}, &SGD{LR: 0.05, Momentum: 0.9, Nesterov: true, Decay: Decay{WeightDecay: 0.1, DecayAll: true}},
			&Adam{LR: 0.01, Decay: Decay{WeightDecay: 0.1}, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, &Adam{LR: 0.01, Decay: Decay{WeightDecay: 0.1}, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decoupled: true},
		} {
			for _, freeze := range []bool{false, true} {
				what := fmt.Sprintf("case %d, %s %+v, frozen %t", i, kind(spec), spec, freeze)
				a, fused := fuseRun(t, c.specs, spec, freeze, false)
				b, apart := fuseRun(t, c.specs, spec, freeze, true)
				zeros := 0
				for k, p := range a.Params() {
					if !sameBits(p.Data(), b.Params()[k].Data()) {
						t.Fatalf("%s: %s differs", what, p.Full)
					}
					for _, v := range p.Data() {
						if v == 0 && slices.Contains(c.fused, p.Full) {
							zeros++
						}
					}
				}
				if c.fused != nil && c.specs[0].Warmup == 0 && zeros == 0 {
					t.Errorf("%s: no zeros, the comparison says little", what)
				}
				var names []string
				for _, s := range fused.slots {
					if s.fused != nil {
						names = append(names, s.name)
					}
				}
				if fmt.Sprint(names) != fmt.Sprint(c.fused) || len(fused.proxes) != c.left {
					t.Errorf("%s: fused %v and left %d maps, want %v and %d", what, names, len(fused.proxes), c.fused, c.left)
				}
				for _, s := range apart.slots {
					if s.fused != nil {
						t.Errorf("%s: %s is fused although its penalty is not separable", what, s.name)
					}
				}
			}
		}
	}
}

// fuseRun makes some steps along random gradients.
func fuseRun(t *testing.T, specs []regularize.Spec, spec OptimizerSpec, freeze, hide bool) (*nn.Network, *core) {
	t.Helper()
	net := toyNet(t, 3)
	rng := rand.New(rand.NewPCG(8, 9))
	grads := map[*nn.Param][]float32{}
	for _, p := range net.Params() {
		grads[p.Param] = make([]float32, p.Size())
		if p.Role == nn.RoleWeight {
			for i := 0; i < p.Size(); i += 5 {
				p.Data()[i] = 0
			}
		}
	}
	s := Setup{Params: net.Params(), Grad: func(p *nn.Param) []float32 { return grads[p] }, FreezeZeros: freeze}
	for _, sp := range specs {
		term, err := regularize.NewTerm(net, sp)
		if err != nil {
			t.Fatal(err)
		}
		if hide {
			s.Penalties = append(s.Penalties, apart{term})
		} else {
			s.Penalties = append(s.Penalties, term)
		}
	}
	o, err := NewOptimizer(spec, s)
	if err != nil {
		t.Fatal(err)
	}
	for k := range 12 {
		for _, p := range s.Penalties {
			p.SetEpoch(float64(k) / 12)
		}
		for _, p := range net.Params() {
			for i := range grads[p.Param] {
				grads[p.Param][i] = float32(rng.NormFloat64())
			}
		}
		o.Step(spec.Rate()/(1+float64(k)), 0.5)
	}
	switch o := o.(type) {
	case *sgd:
		return net, o.core
	case *adam:
		return net, o.core
	}
	t.Fatalf("optimizer of type %T", o)
	return nil, nil
}

// TestNoGradientNoFusion: a parameter without a gradient is not updated, so its
// penalty must stay with the map.
func TestNoGradientNoFusion(t *testing.T) {
	net := toyNet(t, 3)
	term, err := regularize.NewTerm(net, regularize.Spec{Type: "l1", On: "weights", Lambda: 1e6})
	if err != nil {
		t.Fatal(err)
	}
	o, err := NewOptimizer(&SGD{LR: 0.1}, Setup{Params: net.Params(), Penalties: []Penalty{term},
		Grad: func(*nn.Param) []float32 { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	o.Step(0.1, 1)
	if total, zero := term.Groups(); zero != total {
		t.Errorf("%d of %d weights are 0, want all", zero, total)
	}
}

// TestMetricAfterRestore: going back to an earlier step must not bring back the
// metric that was computed after it.
func TestMetricAfterRestore(t *testing.T) {
	run := func(scales ...float64) []float32 {
		start := []float32{1, 2}
		q := newQuadratic(map[string][]float32{"weight": start}, map[string][]float32{"weight": {0, 0}}, map[string][]float32{"weight": {1, 4}})
		o, err := NewOptimizer(NewAdam(0.1), Setup{Params: q.params, Grad: q.grad,
			Penalties: []Penalty{&l1{p: q.params[0].Param, lambda: 0.5}}})
		if err != nil {
			t.Fatal(err)
		}
		fresh := OptimizerState{Tensors: cloneTensors(o.State().Tensors)}
		for _, scale := range scales {
			if err := o.Restore(fresh); err != nil {
				t.Fatal(err)
			}
			copy(q.params[0].Data(), start)
			q.differentiate()
			o.Step(0.1, scale)
		}
		return q.params[0].Data()
	}
	want, got := run(1), run(100, 1)
	if !sameBits(got, want) {
		t.Errorf("a restored optimizer steps to %v, a new one to %v", got, want)
	}
}
