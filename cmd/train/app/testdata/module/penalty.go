package main

import (
	"math"

	"pare/regularize"
)

// Root is f(w) = ‖w‖₂ + ε·Σ|wᵢ|: groups of zeros with zeros in them (Simon et al. 2013).
type Root struct {
	Epsilon float64 `yaml:"epsilon" range:"[0,1]" doc:"weight of the sum of absolute values"`
}

func init() {
	regularize.Penalties.Register("sparse_group", "norm and sum of absolute values: zero groups, and zeros in the others",
		func() regularize.Kind { return &Root{Epsilon: 0.1} })
}

func (*Root) Kind() string { return "sparse_group" }

func (p *Root) Value(w []float32) float64 {
	norm, sum := 0.0, 0.0
	for _, v := range w {
		norm, sum = norm+float64(v)*float64(v), sum+math.Abs(float64(v))
	}
	return math.Sqrt(norm) + p.Epsilon*sum
}

func (p *Root) Subgradient(dst, w []float32) {
	norm := 0.0
	for _, v := range w {
		norm += float64(v) * float64(v)
	}
	norm = math.Sqrt(norm)
	for i, v := range w {
		if dst[i] = 0; v != 0 {
			dst[i] = float32(float64(v)/norm + p.Epsilon*float64(v)/math.Abs(float64(v)))
		}
	}
}

// Prox is the soft threshold followed by group lasso's map. Under Adam, whose metric is not
// a multiple of ones, it takes the mean of the metric.
func (p *Root) Prox(w, d []float32, tau float32) {
	t := float64(tau)
	if d != nil {
		mean := 0.0
		for _, v := range d {
			mean += float64(v) / float64(len(d))
		}
		t /= max(mean, 1e-30)
	}
	norm := 0.0
	for i, v := range w {
		x := max(math.Abs(float64(v))-p.Epsilon*t, 0)
		norm += x * x
		w[i] = float32(math.Copysign(x, float64(v)))
	}
	shrink := max(1-t/max(math.Sqrt(norm), 1e-30), 0)
	for i, v := range w {
		w[i] = float32(float64(v) * shrink)
	}
}
