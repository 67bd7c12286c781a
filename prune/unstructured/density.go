package unstructured

import (
	"fmt"

	"pare/nn"
)

// Densities divide a share of all weights among the layers of a network that is sparse from
// the start.
const (
	// ERK, Erdős–Rényi-Kernel, makes the density of a weight of PyTorch's shape
	// [d₁, d₂, …] proportional to Σd/Πd (Evci et al. 2020, section 3): small layers stay
	// denser than large ones. Layers for which that is above 1 are dense.
	ERK = "erk"
	// Uniform gives all layers the same density, except that the first one is dense.
	Uniform = "uniform"
)

// densities are the densities of the parameters, in (0, 1], under a share of all weights. A
// share that the dense layers exceed is an error.
func densities(weights []nn.NamedParam, share float64, kind string) ([]float64, error) {
	raw := make([]float64, len(weights))
	dense := make([]bool, len(weights))
	for k, p := range weights {
		if raw[k] = 1; kind == ERK {
			sum := 0
			for _, d := range p.ExportShape() {
				sum += d
			}
			raw[k] = float64(sum) / float64(p.Size())
		}
	}
	dense[0] = kind == Uniform && len(weights) > 1 && share < 1
	for {
		// ε is such that the layers that are not dense keep the rest of the budget.
		rest, sum := share*float64(total(weights)), 0.0
		for k, p := range weights {
			if dense[k] {
				rest -= float64(p.Size())
			} else {
				sum += raw[k] * float64(p.Size())
			}
		}
		if rest < 0 {
			return nil, fmt.Errorf("the layer %s stays dense and has more weights than the %.4g of all that are to be kept; "+
				"keep more, or choose densities: erk", weights[0].Node.Name, share)
		}
		// The densest layers that would exceed 1 become dense first, all at once.
		most := 0.0
		for k := range weights {
			if !dense[k] {
				most = max(most, raw[k])
			}
		}
		if epsilon := rest / sum; most == 0 || epsilon*most <= 1 {
			out := make([]float64, len(weights))
			for k := range out {
				if out[k] = epsilon * raw[k]; dense[k] {
					out[k] = 1
				}
			}
			return out, nil
		}
		for k := range weights {
			dense[k] = dense[k] || raw[k] == most
		}
	}
}
