package layers_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"pare/layers"
	"pare/nn"
)

// worstGroup is a compiled loss of logits of n examples in groups, with their classes.
func worstGroup(t *testing.T, g *layers.GroupWeights, logits, classes []float32, n int) (*nn.Program, *nn.Param) {
	t.Helper()
	net, probes := around(t, &layers.Add{}, n, nil, nn.Shape{len(logits) / n})
	p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: n, Loss: layers.WorstGroup{Loss: layers.CrossEntropy{}, GroupWeights: g}})
	copy(probes[0].value.Data(), logits)
	copy(p.Target, classes)
	return p, probes[0].value
}

// TestWorstGroup follows algorithm 1 of Sagawa et al. 2020 in float64: losses of groups, weights,
// and the gradient of the weighted losses.
func TestWorstGroup(t *testing.T) {
	const n, k, rate, adjust = 6, 3, 0.5, 2.0
	rng := rand.New(rand.NewPCG(1, 2))
	sizes := []int{40, 4, 9} // no example of the last group is in the batch
	of := []int32{0, 1, 0, 0, 1, 0}
	g, err := layers.NewGroupWeights(sizes, n, rate, adjust)
	if err != nil {
		t.Fatal(err)
	}
	copy(g.Of, of)
	classes := []float32{0, 1, 2, 2, 0, 1}
	logits := normal(n*k, rng)
	p, x := worstGroup(t, g, logits, classes, n)

	q := []float64{1. / 3, 1. / 3, 1. / 3}
	for step := range 3 {
		p.Run()
		loss, grad := groupLosses(logits, classes, of, n, k)
		total := 0.0
		next := make([]float64, 3)
		for j := range q {
			next[j] = q[j]
			if j < 2 {
				next[j] *= math.Exp(rate * (loss[j] + adjust/math.Sqrt(float64(sizes[j]))))
			}
			total += next[j]
		}
		want := 0.0
		for j := range next {
			next[j] /= total
			want += next[j] * loss[j]
		}
		if math.Abs(p.Loss()-want) > 1e-6 {
			t.Errorf("step %d: loss %g, want %g", step, p.Loss(), want)
		}
		for i, v := range p.Grad(x) {
			if w := next[of[i/k]] * grad[i]; math.Abs(float64(v)-w) > 1e-6 {
				t.Errorf("step %d: gradient %d is %g, want %g", step, i, v, w)
			}
		}
		if p.Run(); math.Abs(p.Loss()-want) > 1e-6 {
			t.Errorf("step %d: the loss of the same batch changed without Commit", step)
		}
		g.Commit()
		q = next
	}
	for j, w := range g.Weights {
		if math.Abs(float64(w)-q[j]) > 1e-6 {
			t.Errorf("weight %d is %g, want %g", j, w, q[j])
		}
	}
	if allocated := testing.AllocsPerRun(5, p.Run); allocated != 0 {
		t.Errorf("a run allocates %g times", allocated)
	}
	p.Target[0] = float32(math.NaN())
	if p.Run(); !math.IsNaN(p.Loss()) {
		t.Errorf("the loss of a target that is no class is %g", p.Loss())
	}
}

// TestWorstGroupComesBack: a group that lost all its weight gets it back when its loss grows.
func TestWorstGroupComesBack(t *testing.T) {
	g, err := layers.NewGroupWeights([]int{5, 5}, 2, 10, 0)
	if err != nil {
		t.Fatal(err)
	}
	copy(g.Of, []int32{0, 1})
	p, x := worstGroup(t, g, []float32{9, 0, 0, 9}, []float32{0, 0}, 2)
	step := func() {
		for range 20 {
			p.Run()
			g.Commit()
		}
	}
	if step(); g.Weights[1] != 1 || g.Weights[0] == 0 {
		t.Fatalf("weights %v of losses 0 and 9", g.Weights)
	}
	copy(x.Data(), []float32{0, 9, 9, 0})
	if step(); g.Weights[0] != 1 {
		t.Errorf("weights %v after the losses changed to 9 and 0", g.Weights)
	}
}

// groupLosses are the mean cross-entropies of groups, and the gradient of each example in the mean
// of its group.
func groupLosses(logits, classes []float32, of []int32, n, k int) (loss []float64, grad []float64) {
	loss, count, grad := make([]float64, 3), make([]float64, 3), make([]float64, n*k)
	for _, g := range of {
		count[g]++
	}
	for i := range n {
		sum := 0.0
		for _, v := range logits[i*k:][:k] {
			sum += math.Exp(float64(v))
		}
		c, g := int(classes[i]), of[i]
		loss[g] += (math.Log(sum) - float64(logits[i*k+c])) / count[g]
		for j := range k {
			grad[i*k+j] = math.Exp(float64(logits[i*k+j])) / sum / count[g]
		}
		grad[i*k+c] -= 1 / count[g]
	}
	return loss, grad
}

// TestGroupWeightsBadInput: one line each.
func TestGroupWeightsBadInput(t *testing.T) {
	for want, sizes := range map[string][]int{"groups: there must be at least two": {3}, "groups: group 1 has no examples": {3, 0}} {
		if _, err := layers.NewGroupWeights(sizes, 4, 0.01, 0); err == nil || err.Error() != want {
			t.Errorf("%v: %v, want %s", sizes, err, want)
		}
	}
}
