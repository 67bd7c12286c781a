package run

import (
	"math"

	"pare/nn"
	"pare/regularize"
)

// worth is what batches tell about how much the loss would miss each group:
// first-order Taylor importance, (Σ w·∂L/∂w)² over the values of a group (Molchanov
// et al. 2019, equation 8). It is in units of the loss, so that layers and kinds of
// groups compare, and what is left of a layer is worth more the less there is.
type worth struct {
	Squares [][]float64 `json:"squares,omitempty"` // sums over batches, by penalty and group
	Batches int         `json:"batches,omitempty"`
}

// measure adds the batch that gave the gradients. Terms of nil are left out.
func (w *worth) measure(terms []*regularize.Term, grad func(*nn.Param) []float32) {
	if w.Batches == 0 {
		w.Squares = make([][]float64, len(terms))
	}
	w.Batches++
	for k, t := range terms {
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
		if w.Squares[k] == nil {
			w.Squares[k] = make([]float64, len(sums))
		}
		for g, v := range sums {
			w.Squares[k][g] += v * v
		}
	}
}

// ranked lists the groups that are not zero, those that are worth least first. A
// group of a larger λ, or of a larger weight in its penalty, seems worth less by
// that factor; sizes do not count, as the worth of a large group is that of all of
// it.
func (w *worth) ranked(terms []*regularize.Term, lambda func(term int) float64) []fallen {
	var list []fallen
	for k, t := range terms {
		if t == nil {
			continue
		}
		norms, weights := t.Norms(), t.Weights()
		at := make([]int, len(norms))
		for g := range norms {
			if at[g] = -1; norms[g] > 0 && weights[g] > 0 {
				at[g] = len(list)
				list = append(list, fallen{term: k, group: g, norm: math.Sqrt(w.Squares[k][g]) / (weights[g] * lambda(k))})
			}
		}
		t.Visit(func(g int, p *nn.Param, i int) {
			if at[g] >= 0 {
				list[at[g]].places = append(list[at[g]].places, place{p, i})
			}
		})
	}
	sortFallen(list)
	return list
}

// follow takes the sums over to what a removal has left of the groups.
func (w *worth) follow(terms []*regularize.Term, small *nn.Network) error {
	if w.Batches == 0 {
		return nil
	}
	for k, t := range terms {
		if w.Squares[k] == nil {
			continue
		}
		from, err := t.Origins(small)
		if err != nil {
			return err
		}
		squares := make([]float64, len(from))
		for g, o := range from {
			if o >= 0 {
				squares[g] = w.Squares[k][o]
			}
		}
		w.Squares[k] = squares
	}
	return nil
}
