package regularize

import "pare/nn"

// part is a share of a term whose groups touch no other part's parameters. data
// holds the values of its parameters, in order.
type part interface {
	params() []*nn.Param
	// value is Σ_g s_g·f(w_g).
	value(data [][]float32) float64
	// gradient sets dst to factor times the subgradient of value with respect to
	// parameter i.
	gradient(dst []float32, i int, data [][]float32, factor float64)
	// prox applies the proximal map with τ·s_g to the parameters.
	prox(tau float64, metric func(*nn.Param) []float32)
	count() (total, zero int)
	norms(dst []float64) []float64  // appends
	scales(dst []float64) []float64 // appends s_g, in the order of norms
	// visit calls f for every value with its group.
	visit(f func(group int, p *nn.Param, i int))
}
