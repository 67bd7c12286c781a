package linear

import (
	"pare/internal/dense"
	"pare/internal/f64"
)

// depth is how many differences an extrapolation combines.
const depth = 5

// history keeps the coefficients after the last sweeps, with the states that are
// linear in them, for Anderson acceleration (Bertrand & Massias 2021): the
// combination Σ cₖβₖ with Σ cₖ = 1 of which the differences Σ cₖ(βₖ₊₁−βₖ) are the
// shortest.
type history struct {
	count  int
	betas  [depth + 1][]float64
	states [depth + 1][]float64
	diff   [depth][]float64
}

func (h *history) clear() { h.count = 0 }

// push records the coefficients of list and the state; it returns whether there are
// enough for an extrapolation.
func (h *history) push(beta []float64, list []int, state []float64) bool {
	b := h.betas[h.count][:0]
	for _, j := range list {
		b = append(b, beta[j])
	}
	h.betas[h.count] = b
	h.states[h.count] = append(h.states[h.count][:0], state...)
	h.count++
	return h.count == depth+1
}

// combine returns the extrapolated coefficients and state, which the caller may
// change, or false if the differences do not determine them.
func (h *history) combine() (beta, state []float64, ok bool) {
	for k := range depth {
		h.diff[k] = append(h.diff[k][:0], h.betas[k+1]...)
		f64.Axpy(-1, h.betas[k], h.diff[k])
	}
	var gram [depth][depth]float64
	trace := 0.0
	for i := range depth {
		for j := range i + 1 {
			gram[i][j] = f64.Dot(h.diff[i], h.diff[j])
			gram[j][i] = gram[i][j]
		}
		trace += gram[i][i]
	}
	if !(trace > 0) {
		return nil, nil, false
	}
	factor, kept := dense.Independent(depth, func(i, j int) float64 {
		if i == j {
			return gram[i][i] + 1e-10*trace
		}
		return gram[i][j]
	})
	if len(kept) < depth {
		return nil, nil, false
	}
	c := make([]float64, depth)
	for k := range c {
		c[k] = 1
	}
	factor.Solve(c)
	sum := 0.0
	for _, w := range c {
		sum += w
	}
	// The later point of each difference is combined.
	beta, state = h.diff[0], h.states[0]
	clear(beta)
	clear(state)
	for k := range depth {
		w := c[k] / sum
		f64.Axpy(w, h.betas[k+1], beta)
		f64.Axpy(w, h.states[k+1], state)
	}
	return beta, state, true
}
