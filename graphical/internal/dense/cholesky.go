package dense

import (
	"math"
	"sync"
)

const leaf = 32 // order of the triangles that are factored element by element

// scratch keeps room for the temporary matrices of factors and inverses.
var scratch = sync.Pool{New: func() any { return new([]float64) }}

// Cholesky replaces the lower triangle of the n×n matrix a by L with L·Lᵀ = a, and
// reports whether a is positive definite; if not, a is left half done. The upper triangle
// is neither read nor written on its own account, but may be overwritten.
func Cholesky(a []float64, n int) bool {
	room := scratch.Get().(*[]float64)
	defer scratch.Put(room)
	if cap(*room) < (n+leaf)*leaf {
		*room = make([]float64, (n+leaf)*leaf)
	}
	inverse, below := (*room)[:leaf*leaf], (*room)[leaf*leaf:(n+leaf)*leaf]
	clear(inverse)
	for k := 0; k < n; k += leaf {
		nb := min(leaf, n-k)
		rest := n - k
		if k > 0 {
			Multiply(a[k*n+k:], n, -1, Matrix{Data: a[k*n:], Stride: n},
				Matrix{Data: a[k*n:], Stride: n, Transposed: true}, rest, nb, k, Lower)
		}
		if !factorLeaf(a[k*n+k:], n, nb) {
			return false
		}
		rest -= nb
		if rest == 0 {
			return true
		}
		// Rows below: X·L₁₁ᵀ = A₂₁, with the inverse of the small triangle, as a product.
		for i := range nb {
			copy(inverse[i*leaf:], a[(k+i)*n+k:][:i+1])
		}
		invertLeaf(inverse, leaf, nb)
		for i := range rest {
			from := a[(k+nb+i)*n+k:][:nb]
			copy(below[i*leaf:], from)
			clear(from)
		}
		Multiply(a[(k+nb)*n+k:], n, 1, Matrix{Data: below, Stride: leaf},
			Matrix{Data: inverse, Stride: leaf, Transposed: true}, rest, nb, nb, ToCol)
	}
	return true
}

// factorLeaf is the Cholesky factor of a small matrix. NaN is not positive definite.
func factorLeaf(a []float64, ld, n int) bool {
	for i := range n {
		row := a[i*ld:][:i+1]
		for j := range i {
			other := a[j*ld:][:j+1]
			s := row[j]
			for k, v := range other[:j] {
				s -= v * row[k]
			}
			row[j] = s / other[j]
		}
		s := row[i]
		for _, v := range row[:i] {
			s -= v * v
		}
		if !(s > 0) || math.IsInf(s, 1) {
			return false
		}
		row[i] = math.Sqrt(s)
	}
	return true
}

// LogDet is log det(L·Lᵀ) for the lower triangle l of order n.
func LogDet(l []float64, n int) float64 {
	sum := 0.0
	for i := range n {
		sum += math.Log(l[i*n+i])
	}
	return 2 * sum
}
