package conv

import (
	"math"
	"unsafe"

	"pare/internal/kernel/gemm"
	"pare/internal/simd"
)

// The transforms of one row of tiles. A transformed tile is spread over sixteen
// matrices, one per product, xi elements apart, with one row of ld elements per
// tile. Channels are padded with zeros to a multiple of eight where the target
// has room for it; the padding is never used.

// winogradInput computes Bᵀ·d·B of neighbouring tiles of a row:
//
//	v[(4i+j)·xi + t·ld + ch]
//
// from the four pixel rows, each width pixels of c channels. Tile t begins at
// pixel column col + 2t; columns outside [0, width) count as zeros.
func winogradInput(v []float32, xi, ld int, rows *[4][]float32, col, width, c, tiles int) {
	if simd.AVX2 {
		winogradInputAVX2(&v[0], xi, ld, &rows[0][0], &rows[1][0], &rows[2][0], &rows[3][0], col, width, c, tiles)
		return
	}
	for t := range tiles {
		for ch := range c {
			var d [4][4]float32
			for q := range 4 {
				w := col + 2*t + q
				if w < 0 || w >= width {
					continue
				}
				at := w*c + ch
				r0, r1, r2, r3 := rows[0][at], rows[1][at], rows[2][at], rows[3][at]
				d[0][q], d[1][q], d[2][q], d[3][q] = r0-r2, r2+r1, r2-r1, r3-r1
			}
			out := v[t*ld+ch:]
			for i, r := range d {
				out[(4*i)*xi] = r[0] - r[2]
				out[(4*i+1)*xi] = r[1] + r[2]
				out[(4*i+2)*xi] = r[2] - r[1]
				out[(4*i+3)*xi] = r[3] - r[1]
			}
		}
	}
}

// winogradOutput computes max(Aᵀ·m·A + bias + a·factor, floor) of neighbouring tiles of a
// row: two rows y0 and y1 of 2·tiles pixels of c channels, pitch values apart. a0 and a1 are the
// rows of a, in the same layout, which may be y0 and y1; nil: nothing to add. bias and factor
// have c elements, padded to a multiple of eight.
func winogradOutput(y0, y1 []float32, c, pitch int, m []float32, xi, ld, tiles int, bias, a0, a1, factor []float32, floor float32) {
	if simd.AVX2 {
		winogradOutputAVX2(&y0[0], &y1[0], c, pitch, &m[0], xi, ld, tiles, &bias[0], unsafe.SliceData(a0), unsafe.SliceData(a1), unsafe.SliceData(factor), floor)
		return
	}
	for t := range tiles {
		for ch := range c {
			in := m[t*ld+ch:]
			var s [2][4]float32
			for j := range 4 {
				a, b, c, d := in[j*xi], in[(4+j)*xi], in[(8+j)*xi], in[(12+j)*xi]
				if j == 1 {
					b += bias[ch] // reaches all four outputs with weight one
				}
				s[0][j], s[1][j] = (b+c)+a, (b-c)+d
			}
			for r, p := range s {
				out, add := y0, a0
				if r == 1 {
					out, add = y1, a1
				}
				out = out[2*t*pitch+ch:]
				for q, v := range [2]float32{(p[1] + p[2]) + p[0], (p[1] - p[2]) + p[3]} {
					if add != nil {
						v = float32(math.FMA(float64(add[(2*t+q)*pitch+ch]), float64(factor[ch]), float64(v)))
					}
					if v < floor {
						v = floor
					}
					out[q*pitch] = v
				}
			}
		}
	}
}

// winogradGradient computes A·e·Aᵀ of neighbouring 2×2 tiles of the first two rows of
// width pixels of c channels. Tile t begins at pixel column col + 2t ≥ 0; a
// second column past the width counts as zeros.
func winogradGradient(z []float32, xi, ld int, rows *[4][]float32, col, width, c, tiles int) {
	if simd.AVX2 {
		winogradGradientAVX2(&z[0], xi, ld, &rows[0][0], &rows[1][0], col, width, c, tiles)
		return
	}
	for t := range tiles {
		for ch := range c {
			var e [4][2]float32
			for q := range min(2, width-col-2*t) {
				at := (col+2*t+q)*c + ch
				a, b := rows[0][at], rows[1][at]
				e[0][q], e[1][q], e[2][q], e[3][q] = a, a+b, a-b, b
			}
			out := z[t*ld+ch:]
			for i, r := range e {
				out[(4*i)*xi] = r[0]
				out[(4*i+1)*xi] = r[0] + r[1]
				out[(4*i+2)*xi] = r[0] - r[1]
				out[(4*i+3)*xi] = r[1]
			}
		}
	}
}

// winogradFilter computes G·g·Gᵀ of rows × 16 filters into rows of sixteen:
//
//	u[(4i+j)·xi + r·16 + n] from the taps w[(3p+q)·tap + r·ld + n]
//
// where tap may be negative, with the first tap at w[first].
func winogradFilter(u []float32, xi int, w []float32, first, tap, ld, rows int) {
	if simd.AVX2 {
		winogradFilterAVX2(&u[0], xi, &w[first], tap, ld, rows)
		return
	}
	for r := range rows {
		for n := range gemm.TileN {
			var g [4][3]float32
			at := first + r*ld + n
			for q := range 3 {
				a, b, c := w[at+q*tap], w[at+(3+q)*tap], w[at+(6+q)*tap]
				h, k := (a+c)*0.5, b*0.5
				g[0][q], g[1][q], g[2][q], g[3][q] = a, h+k, h-k, c
			}
			out := u[r*gemm.TileN+n:]
			for i, v := range g {
				h, k := (v[0]+v[2])*0.5, v[1]*0.5
				out[(4*i)*xi], out[(4*i+1)*xi], out[(4*i+2)*xi], out[(4*i+3)*xi] = v[0], h+k, h-k, v[2]
			}
		}
	}
}

// winogradFilterGrad computes Gᵀ·d·G, the gradient with respect to rows × c
// filters, into nine contiguous matrices tap elements apart from the sixteen
// matrices of d, xi elements apart with rows of ld elements, which are padded to
// a multiple of eight columns.
func winogradFilterGrad(dw []float32, tap, c int, d []float32, xi, ld, rows int) {
	if simd.AVX2 {
		winogradFilterGradAVX2(&dw[0], tap, c, &d[0], xi, ld, rows)
		return
	}
	for r := range rows {
		for n := range c {
			var s [3][4]float32
			in := d[r*ld+n:]
			for j := range 4 {
				a, b, c, d := in[j*xi], in[(4+j)*xi], in[(8+j)*xi], in[(12+j)*xi]
				h := (b + c) * 0.5
				s[0][j], s[1][j], s[2][j] = h+a, (b-c)*0.5, h+d
			}
			out := dw[r*c+n:]
			for p, v := range s {
				h := (v[1] + v[2]) * 0.5
				out[(3*p)*tap], out[(3*p+1)*tap], out[(3*p+2)*tap] = h+v[0], (v[1]-v[2])*0.5, h+v[3]
			}
		}
	}
}

// winogradProducts multiplies the sixteen matrices of v, 6·groups rows of depth
// columns, by the matrices of u, packed in panels of sixteen columns:
//
//	m[k·xi + t·ldm + n] = Σ_c v[k·xi + t·ldv + c] · u[((k·panels + n/16)·depth + c)·16 + n%16]
//
// for n < cols rounded up to eight, where panels = cols/16 rounded up. m may lie xi
// elements before v in the same memory: product k is complete when product k+1
// overwrites its left operand. The depth must be at least four. The slices of next
// are fetched into the cache meanwhile.
func winogradProducts(m, v, u []float32, xi, ldm, ldv, cols, depth, groups int, next *[2][]float32) {
	if simd.AVX2 {
		full, half := halfPanels(cols)
		winogradProductsAVX2(&m[0], &v[0], &u[0], xi, ldm, ldv, full, half, 0, 0, 0, depth, groups,
			unsafe.SliceData(next[0]), 4*len(next[0]), unsafe.SliceData(next[1]), 4*len(next[1]))
		return
	}
	panels := (cols + gemm.TileN - 1) / gemm.TileN
	for k := range 16 {
		for p := range panels {
			b := u[(k*panels+p)*depth*gemm.TileN:]
			for t := range groups * gemm.TileM {
				var acc [gemm.TileN]float32
				for c, a := range v[k*xi+t*ldv:][:depth] {
					row := (*[gemm.TileN]float32)(b[c*gemm.TileN:])
					for n := range acc {
						acc[n] += a * row[n]
					}
				}
				copy(m[k*xi+t*ldm+p*gemm.TileN:], acc[:min(gemm.TileN, eightFold(cols)-p*gemm.TileN)])
			}
		}
	}
}

// winogradTail is how columns after whole panels are packed where weights are frozen: eight or four
// of them with two rows of the depth side by side, one or two each by itself, along the depth. A
// panel that would have less than four columns empty is a whole one.
type winogradTail struct{ full, pairs, quarter, dots int }

func newWinogradTail(cols, depth int) winogradTail {
	t := winogradTail{full: cols / gemm.TileN}
	rest := cols % gemm.TileN
	if rest > 12 || rest > 10 && depth < 12 {
		t.full++
		return t
	}
	if rest > 4 {
		t.pairs = 1
		rest -= min(rest, 8)
	}
	if rest > 2 {
		t.quarter = 1
	} else {
		t.dots = rest
	}
	return t
}

// size is the number of values of a product's weights of that depth.
func (t winogradTail) size(depth int) int {
	return t.full*gemm.TileN*depth + (t.pairs*gemm.TileN+t.quarter*gemm.TileN/2)*((depth+1)/2) + t.dots*eightFold(depth)
}

// winogradPairOrder are the columns of a pair of rows of eight columns, in whose order sums of
// neighbours give columns in theirs. The first four serve a panel of four.
var winogradPairOrder = [8]int{0, 1, 4, 5, 2, 3, 6, 7}

// pack copies the weights of a product from panels of sixteen columns.
func (t winogradTail) pack(dst, panels []float32, depth int) {
	n := copy(dst, panels[:t.full*gemm.TileN*depth])
	dst, panels = dst[n:], panels[n:]
	pair := func(columns []int, first int) {
		for k := 0; k < depth; k += 2 {
			for i, c := range columns {
				dst[2*i], dst[2*i+1] = panels[k*gemm.TileN+first+c], 0
				if k+1 < depth {
					dst[2*i+1] = panels[(k+1)*gemm.TileN+first+c]
				}
			}
			dst = dst[2*len(columns):]
		}
	}
	if t.pairs > 0 {
		pair(winogradPairOrder[:], 0)
	}
	if t.quarter > 0 {
		pair([]int{0, 1, 2, 3}, 8*t.pairs)
	}
	for i := range t.dots {
		for k := range depth {
			dst[k] = panels[k*gemm.TileN+8*t.pairs+i]
		}
		dst = dst[eightFold(depth):]
	}
}

// winogradFrozenProducts is winogradProducts with weights packed by a winogradTail, one product
// after another. Rows of v are zero from the depth up to a multiple of eight.
func winogradFrozenProducts(m, v, u []float32, xi, ldm, ldv, depth, groups int, t winogradTail, next *[2][]float32) {
	if simd.AVX2 {
		winogradProductsAVX2(&m[0], &v[0], &u[0], xi, ldm, ldv, t.full, 0, t.pairs, t.quarter, t.dots, depth, groups,
			unsafe.SliceData(next[0]), 4*len(next[0]), unsafe.SliceData(next[1]), 4*len(next[1]))
		return
	}
	size := t.size(depth)
	for k := range 16 {
		for row := range groups * gemm.TileM {
			a, out, u := v[k*xi+row*ldv:][:depth], m[k*xi+row*ldm:], u[k*size:][:size]
			for range t.full {
				var acc [gemm.TileN]float32
				for c, a := range a {
					for n, w := range (*[gemm.TileN]float32)(u[c*gemm.TileN:]) {
						acc[n] += a * w
					}
				}
				copy(out, acc[:])
				out, u = out[gemm.TileN:], u[depth*gemm.TileN:]
			}
			if t.pairs > 0 {
				u = winogradPairSums(out, a, u, winogradPairOrder[:])
				out = out[8:]
			}
			if t.quarter > 0 {
				winogradPairSums(out, a, u, []int{0, 1, 2, 3})
			}
			for i := range t.dots {
				out[i] = 0
				for c, a := range a {
					out[i] += a * u[c]
				}
				u = u[eightFold(depth):]
			}
		}
	}
}

// winogradPairSums computes the columns of one row from pairs of rows of u, and returns u behind
// them.
func winogradPairSums(out, row, u []float32, columns []int) []float32 {
	var acc [8][2]float32
	for c, a := range row {
		for i := range columns {
			acc[i][c%2] += a * u[2*i+c%2]
		}
		if c%2 == 1 || c+1 == len(row) {
			u = u[2*len(columns):]
		}
	}
	for i, c := range columns {
		out[c] = acc[i][0] + acc[i][1]
	}
	return u
}

// winogradSums multiplies the transposes of the sixteen matrices of v by those
// of z, both with one row per tile:
//
//	d[k·xid + c·ldd + n] = Σ_t v[k·xiv + t·ldv + c] · z[k·xiz + t·ldz + n]
//
// for t in [0, tiles), at least four, c in [0, rows), rows a multiple of eight,
// and n in [0, cols), cols rounded up to eight. With add the sum is added to d. The
// slices of next are fetched into the cache meanwhile.
func winogradSums(d, v, z []float32, xid, xiv, xiz, ldd, ldv, ldz, cols, rows, tiles int, add bool, next *[2][]float32) {
	if simd.AVX2 {
		sixes, fours := sixesAndFours(rows)
		full, half := halfPanels(cols)
		winogradSumsAVX2(&d[0], &v[0], &z[0], xid, xiv, xiz, ldd, ldv, ldz, full, sixes, fours, half*rows/8, tiles, add,
			unsafe.SliceData(next[0]), 4*len(next[0]), unsafe.SliceData(next[1]), 4*len(next[1]))
		return
	}
	const lanes = gemm.TileN / 2
	for k := range 16 {
		for c := range rows {
			for p := 0; p < cols; p += lanes {
				var acc [lanes]float32
				for t := range tiles {
					a := v[k*xiv+t*ldv+c]
					row := (*[lanes]float32)(z[k*xiz+t*ldz+p:])
					for n := range acc {
						acc[n] += a * row[n]
					}
				}
				out := d[k*xid+c*ldd+p:][:lanes]
				if !add {
					copy(out, acc[:])
					continue
				}
				for n, v := range acc {
					out[n] += v
				}
			}
		}
	}
}

// halfPanels splits columns into panels of sixteen and, if at most eight are left
// over, one of eight.
func halfPanels(cols int) (full, half int) {
	full = (cols + gemm.TileN/2 - 1) / (gemm.TileN / 2)
	return full / 2, full % 2
}

// sixesAndFours splits an even n ≥ 4 into as many sixes as possible and fours.
func sixesAndFours(n int) (sixes, fours int) {
	sixes = n / 6
	switch n % 6 {
	case 2:
		return sixes - 1, 2
	case 4:
		return sixes, 1
	}
	return sixes, 0
}
