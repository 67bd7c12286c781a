package dense

import (
	"math"
	"sync"
)

const (
	leaf  = 32  // order of the triangles that are factored element by element
	panel = 192 // columns that are brought up to date at once
)

// scratch keeps room for the temporary matrices of factors and inverses.
var scratch = sync.Pool{New: func() any { return new([]float64) }}

// Cholesky replaces the lower triangle of the n×n matrix a by L with L·Lᵀ = a, and reports
// whether a is positive definite; if not, a is left half done. The upper triangle is not
// used, but may be overwritten.
func Cholesky(a []float64, n int) bool {
	room := scratch.Get().(*[]float64)
	defer scratch.Put(room)
	if cap(*room) < (n+leaf)*leaf {
		*room = make([]float64, (n+leaf)*leaf)
	}
	inverse, below := (*room)[:leaf*leaf], (*room)[leaf*leaf:(n+leaf)*leaf]
	clear(inverse)
	for k0 := 0; k0 < n; k0 += panel {
		k1 := min(k0+panel, n)
		subtract(a, n, k0, k1, 0)
		for k := k0; k < k1; k += leaf {
			nb := min(leaf, k1-k)
			subtract(a, n, k, k+nb, k0)
			if !factorLeaf(a[k*n+k:], n, nb) {
				return false
			}
			divide(a, n, k, nb, inverse, below)
		}
	}
	return true
}

// subtract takes the products of the factor's columns from to lo off the columns lo to hi.
func subtract(a []float64, n, lo, hi, from int) {
	rows := Matrix{Data: a[lo*n+from:], Stride: n}
	Multiply(a[lo*n+lo:], n, -1, rows, rows.T(), n-lo, hi-lo, lo-from, Lower)
}

// divide solves X·Lᵀ = A for the rows below the triangle L of order nb at k: with the inverse
// of L, as a product.
func divide(a []float64, n, k, nb int, inverse, below []float64) {
	rest := n - k - nb
	if rest == 0 {
		return
	}
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

// Inverse writes (L·Lᵀ)⁻¹, symmetric to the last bit, into w and destroys the lower
// triangle l. Both are n×n; the upper triangle of l is not read.
func Inverse(w, l []float64, n int) {
	room := scratch.Get().(*[]float64)
	defer scratch.Put(room)
	if cap(*room) < n*n/4+tileCols*n {
		*room = make([]float64, n*n/4+tileCols*n)
	}
	invertLower(l, n, n, (*room)[:cap(*room)])
	clear(w[:n*n])
	for i := range n {
		clear(l[i*n+i+1 : (i+1)*n])
	}
	y := Matrix{Data: l, Stride: n}
	Multiply(w, n, 1, y.T(), y, n, n, n, FromRow|Lower)
	Mirror(w, n)
}

// Mirror copies the lower triangle of the n×n matrix a to the upper one.
func Mirror(a []float64, n int) {
	const side = 32
	for i0 := 0; i0 < n; i0 += side {
		for j0 := 0; j0 <= i0; j0 += side {
			for i := i0; i < min(i0+side, n); i++ {
				for j := j0; j < min(j0+side, i); j++ {
					a[j*n+i] = a[i*n+j]
				}
			}
		}
	}
}

// invertLower inverts a lower triangle of order n in place:
// [L₁ 0; B L₂]⁻¹ = [L₁⁻¹ 0; −L₂⁻¹·B·L₁⁻¹ L₂⁻¹].
func invertLower(l []float64, ld, n int, room []float64) {
	if n <= leaf {
		invertLeaf(l, ld, n)
		return
	}
	n1 := (n/2 + tileCols - 1) / tileCols * tileCols
	n2 := n - n1
	second := l[n1*ld+n1:]
	invertLower(l, ld, n1, room)
	invertLower(second, ld, n2, room)
	b := l[n1*ld:]
	t := room[:n2*n1]
	clear(t)
	// The upper triangles of l may hold anything: a tile of the triangle reads a few
	// elements above the diagonal, so those next to it have to be zero.
	clearAbove(l, ld, n1)
	clearAbove(second, ld, n2)
	Multiply(t, n1, 1, Matrix{Data: b, Stride: ld}, Matrix{Data: l, Stride: ld}, n2, n1, n1, FromCol)
	for i := range n2 {
		clear(b[i*ld:][:n1])
	}
	Multiply(b, ld, -1, Matrix{Data: second, Stride: ld}, Matrix{Data: t, Stride: n1}, n2, n1, n2, ToRow)
}

// clearAbove zeroes the elements right of the diagonal that a tile of products reads.
func clearAbove(a []float64, ld, n int) {
	for i := range n {
		clear(a[i*ld+i+1:][:min(n-i-1, tileCols)])
	}
}

func invertLeaf(l []float64, ld, n int) {
	for j := range n {
		l[j*ld+j] = 1 / l[j*ld+j]
		for i := j + 1; i < n; i++ {
			s := 0.0
			for k := j; k < i; k++ {
				s += l[i*ld+k] * l[k*ld+j]
			}
			l[i*ld+j] = -s / l[i*ld+i]
		}
	}
}
