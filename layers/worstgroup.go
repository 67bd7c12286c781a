package layers

import (
	"errors"
	"fmt"
	"math"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/parallel"
	"pare/nn"
)

// WorstGroup is the loss of the groups of examples that do worst: Σ_g q_g·L_g, where L_g is the
// mean of Loss over the examples of group g in the batch, and the weights q of the groups follow
// their losses (Sagawa et al. 2020, "Distributionally robust neural networks for group shifts",
// algorithm 1 with the adjustment of section 3.3):
//
//	q_g ← q_g·exp(Rate·(L_g + Adjust/√n_g)), then divided by their sum
//
// for the groups in the batch; n_g are the examples of the group in the training data. The value
// belongs to the new weights. Weights are kept only by Commit, so that a batch may be computed
// again.
type WorstGroup struct {
	Loss nn.Loss // a mean over examples, such as CrossEntropy
	*GroupWeights
}

// GroupWeights are the weights of the groups and the groups of the examples of a batch.
type GroupWeights struct {
	Rate, Adjust float64
	Sizes        []int     // of the groups in the training data
	Weights      []float32 // q, one for each group
	Of           []int32   // group of each example of the batch

	next   []float64 // the weights of the batch that was computed last
	losses []float64 // its L_g; NaN for groups without examples
	rows   []float64 // the weights of its rows, by group
}

// NewGroupWeights begins with equal weights, for batches of so many examples.
func NewGroupWeights(sizes []int, batch int, rate, adjust float64) (*GroupWeights, error) {
	if len(sizes) < 2 {
		return nil, errors.New("groups: there must be at least two")
	}
	g := &GroupWeights{Rate: rate, Adjust: adjust, Sizes: sizes, Weights: make([]float32, len(sizes)), Of: make([]int32, batch),
		next: make([]float64, len(sizes)), losses: make([]float64, len(sizes)), rows: make([]float64, len(sizes))}
	for k, n := range sizes {
		if n < 1 {
			return nil, fmt.Errorf("groups: group %d has no examples", k)
		}
		g.Weights[k] = 1 / float32(len(sizes))
	}
	return g, nil
}

// Commit keeps the weights of the batch that was computed last. None of them becomes 0, which no loss
// could raise again.
func (g *GroupWeights) Commit() {
	for k, q := range g.next {
		g.Weights[k] = max(float32(q), leastWeight)
	}
}

// leastWeight is the smallest normal float32.
const leastWeight = 0x1p-126

// update computes the weights after a batch whose sums of losses and of weights of rows are given
// by group.
func (g *GroupWeights) update(sums []float64) float64 {
	most := math.Inf(-1)
	for k := range g.next {
		g.losses[k], g.next[k] = math.NaN(), math.Log(float64(g.Weights[k]))
		if g.rows[k] != 0 {
			g.losses[k] = sums[k] / g.rows[k]
			g.next[k] += g.Rate * (g.losses[k] + g.Adjust/math.Sqrt(float64(g.Sizes[k])))
		}
		most = max(most, g.next[k])
	}
	total, value := 0.0, 0.0
	for k, q := range g.next {
		g.next[k] = math.Exp(q - most)
		total += g.next[k]
	}
	for k := range g.next {
		g.next[k] /= total
		if g.rows[k] != 0 {
			value += g.next[k] * g.losses[k]
		}
	}
	return value
}

// Targets implements nn.Targeter.
func (l WorstGroup) Targets(output nn.Shape) int { return nn.TargetsOf(l.Loss, output) }

// Build implements nn.Loss.
func (l WorstGroup) Build(_ *nn.Builder, output, target *gorgonia.Node) (*gorgonia.Node, error) {
	p, ok := l.Loss.(pointwise)
	if !ok {
		return nil, fmt.Errorf("%T has no loss of groups: it is no mean over examples", l.Loss)
	}
	shape := output.Shape().Clone()
	if len(l.Of) != shape[0] {
		return nil, fmt.Errorf("groups of %d examples for a batch of %d", len(l.Of), shape[0])
	}
	s := newPointwiseSum(p, false, shape)
	perExample := s.rows / s.examples
	sums, scale := make([]float64, len(l.Weights)), 0.0
	share := func(r int) float64 { // made once: a run allocates nothing
		k := l.Of[r/perExample]
		return scale * l.next[k] / l.rows[k]
	}
	grad := nn.Gradient(nn.Op{Name: "worst-group/dx", Shape: shape, Run: func(dst []float32, in [][]float32) {
		s.output, s.all, s.dst, s.factors[0] = in[0], in[1], dst, 1
		scale, s.factor = float64(in[2][0]), share
		parallel.Run(s.tasks(), s.grad)
	}}, 0, 1, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "worst-group", Grad: []nn.GradFunc{grad, nil}, Run: func(dst []float32, in [][]float32) {
		s.output, s.all, s.factors[0], s.factor = in[0], in[1], 1, nil
		parallel.Run(s.tasks(), s.values)
		clear(sums)
		clear(l.rows)
		for r, v := range s.losses { // in their order, for any number of threads
			k := l.Of[r/perExample]
			sums[k] += v
			l.rows[k] += p.weight(in[1][r*s.targets:][:s.targets])
		}
		dst[0] = float32(l.update(sums))
	}}, output, target)
}
