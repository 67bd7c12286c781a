package dense

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
	clearUpper(l, n)
	y := Matrix{Data: l, Stride: n}
	Multiply(w, n, 1, y.T(), y, n, n, n, FromRow|Lower)
	Mirror(w, n)
}

func clearUpper(a []float64, n int) {
	for i := range n {
		clear(a[i*n+i+1 : (i+1)*n])
	}
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
