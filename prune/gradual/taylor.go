package gradual

import (
	"cmp"
	"math"
	"slices"

	"pare/nn"
)

// taylor is what batches tell about how much the loss would miss each group:
// first-order Taylor importance, (Σ w·∂L/∂w)² over the values of a group (Molchanov
// et al. 2019, equation 8). It is in units of the loss, so that layers and kinds of
// groups compare, and what is left of a layer is worth more the less there is.
type taylor struct {
	Squares [][]float64 `json:"squares,omitempty"` // sums over batches, by penalty and group
	Batches int         `json:"batches,omitempty"`
}

// measure adds the batch that gave the gradients. Terms of nil are left out.
func (y *taylor) measure(ts terms, grad func(*nn.Param) []float32) {
	if y.Batches == 0 {
		y.Squares = make([][]float64, len(ts))
	}
	y.Batches++
	for k, t := range ts {
		if t == nil {
			continue
		}
		sums := make([]float64, len(t.Norms()))
		var of *nn.Param
		var value, slope []float32
		t.Visit(func(g int, p *nn.Param, i int) {
			if p != of {
				of, value, slope = p, p.Data(), grad(p)
			}
			if slope != nil {
				sums[g] += float64(value[i]) * float64(slope[i])
			}
		})
		if y.Squares[k] == nil {
			y.Squares[k] = make([]float64, len(sums))
		}
		for g, v := range sums {
			y.Squares[k][g] += v * v
		}
	}
}

// importance is the root of the sum for each group of term k, over λ and the weight of
// the group: a group of a larger λ, or of a larger weight in its penalty, seems worth
// less by that factor. Sizes do not count, as the worth of a large group is that of all
// of it. NaN stands for groups that are not penalised.
func (y *taylor) importance(k int, ts terms) []float64 {
	weights, lambda := ts[k].Weights(), ts[k].FullLambda()
	out := make([]float64, len(weights))
	for g, w := range weights {
		if out[g] = math.NaN(); w > 0 {
			out[g] = math.Sqrt(y.Squares[k][g]) / (w * lambda)
		}
	}
	return out
}

// ranked lists the groups that are not zero, those that are worth least first.
func (y *taylor) ranked(ts terms) []group {
	var list []group
	importance := make([][]float64, len(ts))
	for k, t := range ts {
		if t == nil {
			continue
		}
		norms := t.Norms()
		importance[k] = y.importance(k, ts)
		at := make([]int, len(norms))
		for g := range norms {
			if at[g] = -1; norms[g] > 0 && !math.IsNaN(importance[k][g]) {
				at[g] = len(list)
				list = append(list, group{term: k, number: g})
			}
		}
		t.Visit(func(g int, p *nn.Param, i int) {
			if at[g] >= 0 {
				list[at[g]].places = append(list[at[g]].places, place{p, i})
			}
		})
	}
	slices.SortFunc(list, func(a, b group) int {
		return cmp.Or(cmp.Compare(importance[a.term][a.number], importance[b.term][b.number]), a.order(b))
	})
	return list
}

// follow takes the sums over to what a removal has left of the groups.
func (y *taylor) follow(ts terms, small *nn.Network) error {
	if y.Batches == 0 {
		return nil
	}
	for k, t := range ts {
		if y.Squares[k] == nil {
			continue
		}
		from, err := t.Origins(small)
		if err != nil {
			return err
		}
		squares := make([]float64, len(from))
		for g, o := range from {
			if o >= 0 {
				squares[g] = y.Squares[k][o]
			}
		}
		y.Squares[k] = squares
	}
	return nil
}
