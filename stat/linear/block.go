package linear

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// block is a group in the working set: its place there and the eigenvectors of its
// part of the Hessian, by which it is minimised over exactly.
type block struct {
	from, to int
	l1, l2   float64
	values   []float64
	vectors  *mat.Dense
	z, next  []float64
}

func newBlock(from, to int, hessian *mat.SymDense) block {
	b := block{from: from, to: to, z: make([]float64, to-from), next: make([]float64, to-from)}
	var eigen mat.EigenSym
	if !eigen.Factorize(hessian, true) {
		panic("linear: the eigenvalues of a symmetric matrix did not converge")
	}
	b.values = eigen.Values(nil)
	b.vectors = &mat.Dense{}
	eigen.VectorsTo(b.vectors)
	return b
}

// minimize sets next to the minimum of ½βᵀHβ − (g + Hβ₀)ᵀβ + l1‖β‖ + l2/2‖β‖². In the
// basis of the eigenvectors it is β = z/(d + l2 + l1/r) with r = ‖β‖, the root of
// Σ (z/((d+l2)r + l1))² = 1, which Newton steps find.
func (b *block) minimize(g, beta []float64) {
	n := len(b.z)
	norm, top := 0.0, 0.0
	for k := range n {
		z, along := 0.0, 0.0
		for i := range n {
			v := b.vectors.At(i, k)
			z += v * g[i]
			along += v * beta[i]
		}
		b.z[k] = z + b.values[k]*along
		norm += b.z[k] * b.z[k]
		top = max(top, b.values[k])
	}
	clear(b.next)
	norm = math.Sqrt(norm)
	if norm <= b.l1 || top == 0 {
		return
	}
	r := b.radius(norm)
	for k, z := range b.z {
		below := b.values[k] + b.l2
		if b.l1 > 0 {
			below += b.l1 / r
		} else if b.values[k] <= 1e-12*top {
			continue // a direction that changes nothing
		}
		for i := range n {
			b.next[i] += b.vectors.At(i, k) * z / below
		}
	}
}

// radius returns ‖β‖. 1/√Σ is concave and increasing in r, so that Newton steps
// from below stay below the root.
func (b *block) radius(norm float64) float64 {
	if b.l1 == 0 {
		return 1
	}
	top := 0.0
	for _, d := range b.values {
		top = max(top, d)
	}
	r := (norm - b.l1) / (top + b.l2)
	for range 100 {
		sum, slope := 0.0, 0.0
		for k, z := range b.z {
			below := (max(b.values[k], 0)+b.l2)*r + b.l1
			q := z / below
			sum += q * q
			slope += q * q * (max(b.values[k], 0) + b.l2) / below
		}
		// f = Σ^(−1/2) − 1, f′ = Σ^(−3/2)·slope
		step := (sum*math.Sqrt(sum) - sum) / slope
		r += step
		if math.Abs(step) <= 1e-15*r {
			break
		}
	}
	return r
}
