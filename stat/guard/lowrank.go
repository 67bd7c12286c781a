package guard

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"pare/internal/dense"
	"pare/internal/f64"
)

// lowRank is the conditional distribution of knockoffs of far more features
// than rows. Their correlation matrix, shrunk by δ, is δI + (1−δ)ZᵀZ/n: δ in
// all directions but n, so nothing of p×p is ever made.
type lowRank struct {
	basis dense.Matrix // p×rank, orthonormal
	// Factors of Σ⁻¹S and of the root of reach·S − SΣ⁻¹S: in the directions of the
	// basis, and in all others.
	slope, root           []float64
	slopeOther, rootOther float64
}

// newLowRank finds the distances, one s for all: with δ in most directions no
// method can give more than a few features an s beyond 2δ.
func newLowRank(z Matrix, shrink float64, method Method, copies int) (*lowRank, float64, error) {
	n, p := z.Dims()
	rows := z.transposed()
	outer := square(rows.T(), n, p)
	for i := range outer {
		outer[i] /= float64(n)
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(mat.NewSymDense(n, outer), true) {
		return nil, 0, fmt.Errorf("the eigenvalues of the covariance were not found")
	}
	values := eigen.Values(nil)
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	first := 0
	for first < n && values[first] <= 1e-10*values[n-1] {
		first++
	}
	rank := n - first
	if rank == 0 {
		return nil, 0, fmt.Errorf("all features are constant")
	}
	scaled := make([]float64, n*rank)
	sigma := make([]float64, rank)
	for k := range rank {
		g := values[first+k]
		sigma[k] = shrink + (1-shrink)*g
		for i := range n {
			scaled[i*rank+k] = vectors.At(i, first+k) / math.Sqrt(g*float64(n))
		}
	}
	l := &lowRank{basis: dense.Matrix{Data: make([]float64, p*rank), Stride: rank}, slope: make([]float64, rank), root: make([]float64, rank)}
	dense.Multiply(l.basis.Data, rank, 1, rows, dense.Matrix{Data: scaled, Stride: rank}, p, rank, n, 0)
	var s float64
	switch method {
	case MVR:
		s = equalTrace(sigma, shrink, p, copies)
	case SDP, Equicorrelated:
		s = min(1, reach(copies)*shrink)
	default:
		return nil, 0, fmt.Errorf("unknown method %v for the distances of knockoffs", method)
	}
	l.slopeOther, l.rootOther = s/shrink, math.Sqrt(max(0, reach(copies)*s-s*s/shrink))
	for k, v := range sigma {
		l.slope[k] = s/v - l.slopeOther
		l.root[k] = math.Sqrt(max(0, reach(copies)*s-s*s/v)) - l.rootOther
	}
	return l, s, nil
}

// equalTrace is the s, the same for all features, of least trace of the inverse
// joint covariance, Σ 1/(2σ−s) + p/s for one knockoff a feature, by bisection of
// the derivative. For k of them 2 becomes (k+1)/k and p/s k² times as much.
func equalTrace(sigma []float64, shrink float64, p, copies int) float64 {
	c, k := reach(copies), float64(copies)
	low, high := 0.0, c*min(shrink, sigma[0])
	for range 100 {
		s := (low + high) / 2
		slope := -k * k * float64(p) / (s * s)
		for _, v := range sigma {
			slope += 1 / ((c*v - s) * (c*v - s))
		}
		slope += float64(p-len(sigma)) / ((c*shrink - s) * (c*shrink - s))
		if slope < 0 {
			low = s
		} else {
			high = s
		}
	}
	return low
}

func (l *lowRank) draw(to, z, noise []float64, n int) {
	l.apply(to, z, n, -l.slopeOther, -1, l.slope)
	l.apply(to, noise, n, l.rootOther, 1, l.root)
}

// apply adds v·other and, in the directions of the basis, sign times the factors.
func (l *lowRank) apply(to, v []float64, n int, other, sign float64, factors []float64) {
	rank, p := len(factors), len(v)/n
	along, values := make([]float64, rank*n), dense.Matrix{Data: v, Stride: n}
	dense.Multiply(along, n, sign, l.basis.T(), values, rank, n, p, 0)
	for k, f := range factors {
		for i := range n {
			along[k*n+i] *= f
		}
	}
	f64.Axpy(other, v, to)
	dense.Multiply(to, n, 1, l.basis, dense.Matrix{Data: along, Stride: n}, p, n, rank, 0)
}
