package dense

import (
	"sync"

	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

const (
	tileRows, tileCols = 4, 12
	depth              = 192 // of a packed panel: 18 KiB of B and 6 KiB of A stay in L1
	blockRows          = 96  // of A packed at a time: 144 KiB, for L2
	blockCols          = 960 // of B packed at a time
	parallelWork       = 1 << 19
)

// Matrix is a view of a row-major matrix, or of the transpose of one.
type Matrix struct {
	Data       []float64
	Stride     int
	Transposed bool
	// Rows, unless nil, are the rows, in place of Data and Stride; they are not transposed.
	Rows [][]float64
	// Weights, unless nil, multiply the columns of Rows.
	Weights []float64
}

// T is the transpose of m.
func (m Matrix) T() Matrix {
	m.Transposed = !m.Transposed
	return m
}

// Range says which terms of Σₖ A[i,k]·B[k,j] can differ from zero, so that products with
// triangular matrices skip the others. Zero means all.
type Range uint8

const (
	FromRow Range = 1 << iota // A[i,k] = 0 for k < i
	ToRow                     // A[i,k] = 0 for k > i
	FromCol                   // B[k,j] = 0 for k < j
	ToCol                     // B[k,j] = 0 for k > j
	Lower                     // only elements of C with j ≤ i are wanted; others may get any value
)

// Multiply adds alpha·A·B to C, where A is m×k, B is k×n and C is m×n with rows ldc apart.
func Multiply(c []float64, ldc int, alpha float64, a, b Matrix, m, n, k int, r Range) {
	multiply(0, c, ldc, alpha, a, b, m, n, k, r)
}

// Weighted adds A·diag(w)·Bᵀ to C, with rows ldc apart, on at most the given number of threads;
// 0 stands for all. A and B are slices of rows of the length of w.
func Weighted(c []float64, ldc int, a, b [][]float64, w []float64, r Range, threads int) {
	left, right := Matrix{Rows: a, Weights: w}, Matrix{Rows: b}
	multiply(threads, c, ldc, 1, left, right.T(), len(a), len(b), len(w), r)
}

func multiply(most int, c []float64, ldc int, alpha float64, a, b Matrix, m, n, k int, r Range) {
	if m == 0 || n == 0 || k == 0 {
		return
	}
	pb := buffers.Get().(*panels)
	defer buffers.Put(pb)
	if pb.work == nil {
		pb.work = pb.job.block
	}
	for jc := 0; jc < n; jc += blockCols {
		nc := min(blockCols, n-jc)
		for pc := 0; pc < k; pc += depth {
			kc := min(depth, k-pc)
			pack(pb.b[:], b.T(), jc, pc, nc, kc, tileCols)
			threads := most
			if m*nc*kc < parallelWork {
				threads = 1
			}
			pb.job = product{c: c, ldc: ldc, alpha: alpha, a: a, b: pb.b[:], m: m, jc: jc, nc: nc, pc: pc, kc: kc, r: r}
			parallel.Of(threads, (m+blockRows-1)/blockRows, pb.work)
		}
	}
}

// product is the share of a product that one packed block of B takes part in.
type product struct {
	c              []float64
	ldc            int
	alpha          float64
	a              Matrix
	b              []float64
	m              int
	jc, nc, pc, kc int
	r              Range
}

// panels holds the packed parts of A and B, a tile for the edges of C, and the share of the
// product being computed, with its method block, so that calls allocate nothing.
type panels struct {
	a    [blockRows * depth]float64
	b    [blockCols * depth]float64
	edge [tileRows * tileCols]float64
	job  product
	work func(index int)
}

var buffers = sync.Pool{New: func() any { return new(panels) }}

// block computes the rows of one block of A.
func (p *product) block(index int) {
	w := buffers.Get().(*panels)
	defer buffers.Put(w)
	ic := index * blockRows
	mc := min(blockRows, p.m-ic)
	pack(w.a[:], p.a, ic, p.pc, mc, p.kc, tileRows)
	for j := 0; j < p.nc; j += tileCols {
		if p.r&Lower != 0 && p.jc+j > ic+mc-1 {
			break
		}
		for i := 0; i < mc; i += tileRows {
			p.tile(w, ic, i, j, mc)
		}
	}
}

func (p *product) tile(w *panels, ic, i, j, mc int) {
	row, col := ic+i, p.jc+j
	if p.r&Lower != 0 && col > row+tileRows-1 {
		return
	}
	lo, hi := 0, p.kc
	if p.r&FromRow != 0 {
		lo = max(lo, row-p.pc)
	}
	if p.r&FromCol != 0 {
		lo = max(lo, col-p.pc)
	}
	if p.r&ToRow != 0 {
		hi = min(hi, row+tileRows-p.pc)
	}
	if p.r&ToCol != 0 {
		hi = min(hi, col+tileCols-p.pc)
	}
	if lo >= hi {
		return
	}
	a := w.a[i*p.kc+lo*tileRows:]
	b := p.b[j*p.kc+lo*tileCols:]
	c := p.c[row*p.ldc+col:]
	rows, cols := min(tileRows, mc-i), min(tileCols, p.nc-j)
	if rows == tileRows && cols == tileCols {
		runTile(c, a, b, hi-lo, p.ldc, p.alpha)
		return
	}
	clear(w.edge[:])
	runTile(w.edge[:], a, b, hi-lo, tileCols, p.alpha)
	for r := range rows {
		for s := range cols {
			c[r*p.ldc+s] += w.edge[r*tileCols+s]
		}
	}
}

func runTile(c, a, b []float64, k, ldc int, alpha float64) {
	if simd.AVX2 {
		tileAVX2(&c[0], &a[0], &b[0], k, ldc, alpha)
		return
	}
	tilePortable(c, a, b, k, ldc, alpha)
}

// tilePortable is the twin of tileAVX2.
func tilePortable(c, a, b []float64, k, ldc int, alpha float64) {
	var sum [tileRows * tileCols]float64
	for l := range k {
		bl := b[l*tileCols : (l+1)*tileCols]
		for r, x := range a[l*tileRows : (l+1)*tileRows] {
			row := sum[r*tileCols : (r+1)*tileCols]
			for j, y := range bl {
				row[j] += x * y
			}
		}
	}
	for r := range tileRows {
		for j := range tileCols {
			c[r*ldc+j] += alpha * sum[r*tileCols+j]
		}
	}
}

// pack copies rows r0..r0+rows and columns k0..k0+kc of m into panels of width rows, column
// after column; rows beyond the last are zero.
func pack(dst []float64, m Matrix, r0, k0, rows, kc, width int) {
	for i := 0; i < rows; i += width {
		packPanel(dst[i*kc:], m, r0+i, k0, min(width, rows-i), kc, width)
	}
}

// packPanel copies rows r0..r0+rows of m, as columns of width values.
func packPanel(dst []float64, m Matrix, r0, k0, rows, kc, width int) {
	dst = dst[:kc*width]
	if m.Rows != nil {
		packRows(dst, m, r0, k0, rows, kc, width)
		return
	}
	if m.Transposed {
		for k := range kc {
			to := dst[k*width : (k+1)*width]
			clear(to[copy(to, m.Data[(k0+k)*m.Stride+r0:][:rows]):])
		}
		return
	}
	for r := range width {
		if r >= rows {
			for k := range kc {
				dst[k*width+r] = 0
			}
			continue
		}
		at := r
		for _, v := range m.Data[(r0+r)*m.Stride+k0:][:kc] {
			dst[at] = v
			at += width
		}
	}
}

// packRows is packPanel of Rows.
func packRows(dst []float64, m Matrix, r0, k0, rows, kc, width int) {
	if rows < width {
		clear(dst)
	}
	r := 0
	for ; r+4 <= rows; r += 4 {
		packFour(dst[r:], (*[4][]float64)(m.Rows[r0+r:]), m.Weights, k0, kc, width)
	}
	for ; r < rows; r++ {
		from, at := m.Rows[r0+r][k0:][:kc], r
		for k, v := range from {
			if m.Weights != nil {
				v *= m.Weights[k0+k]
			}
			dst[at] = v
			at += width
		}
	}
}

// packFour packs four rows, whose values are neighbours in a panel.
func packFour(dst []float64, rows *[4][]float64, weights []float64, k0, kc, width int) {
	a, b, c, d := rows[0][k0:][:kc], rows[1][k0:][:kc], rows[2][k0:][:kc], rows[3][k0:][:kc]
	if weights == nil {
		for k, v := range a {
			to := (*[4]float64)(dst[k*width:])
			to[0], to[1], to[2], to[3] = v, b[k], c[k], d[k]
		}
		return
	}
	for k, w := range weights[k0:][:kc] {
		to := (*[4]float64)(dst[k*width:])
		to[0], to[1], to[2], to[3] = w*a[k], w*b[k], w*c[k], w*d[k]
	}
}
