package kernel

// The transforms of one row of tiles. A transformed tile is spread over sixteen
// matrices, one per product, xi elements apart, with one row of ld elements per
// tile. Channels are padded with zeros to a multiple of eight where the target
// has room for it; what is in the padding is never used.

// winogradInput computes Bᵀ·d·B of neighbouring tiles of a row:
//
//	v[(4i+j)·xi + t·ld + ch]
//
// from the four pixel rows, each width pixels of c channels. Tile t begins at
// pixel column col + 2t; columns outside [0, width) count as zeros.
func winogradInput(v []float32, xi, ld int, rows *[4][]float32, col, width, c, tiles int) {
	if useAVX2 {
		winogradInputAVX2(&v[0], xi, ld, &rows[0][0], &rows[1][0], &rows[2][0], &rows[3][0], col, width, c, tiles)
		return
	}
	winogradInputGo(v, xi, ld, rows, col, width, c, tiles)
}

func winogradInputGo(v []float32, xi, ld int, rows *[4][]float32, col, width, c, tiles int) {
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

// winogradOutput computes max(Aᵀ·m·A + bias, floor) of neighbouring tiles of a
// row: two rows y0 and y1 of 2·tiles pixels of c channels. With add it is added
// to them. bias has c elements, padded to a multiple of eight.
func winogradOutput(y0, y1 []float32, c int, m []float32, xi, ld, tiles int, bias []float32, floor float32, add bool) {
	if useAVX2 {
		winogradOutputAVX2(&y0[0], &y1[0], c, &m[0], xi, ld, tiles, &bias[0], floor, add)
		return
	}
	winogradOutputGo(y0, y1, c, m, xi, ld, tiles, bias, floor, add)
}

func winogradOutputGo(y0, y1 []float32, c int, m []float32, xi, ld, tiles int, bias []float32, floor float32, add bool) {
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
				out := y0
				if r == 1 {
					out = y1
				}
				out = out[2*t*c+ch:]
				for q, v := range [2]float32{(p[1] + p[2]) + p[0], (p[1] - p[2]) + p[3]} {
					if v < floor {
						v = floor
					}
					if add {
						v += out[q*c]
					}
					out[q*c] = v
				}
			}
		}
	}
}

// winogradGradient computes A·e·Aᵀ of neighbouring 2×2 tiles of two rows of
// width pixels of c channels. Tile t begins at pixel column col + 2t ≥ 0; a
// second column past the width counts as zeros.
func winogradGradient(z []float32, xi, ld int, rows *[2][]float32, col, width, c, tiles int) {
	if useAVX2 {
		winogradGradientAVX2(&z[0], xi, ld, &rows[0][0], &rows[1][0], col, width, c, tiles)
		return
	}
	winogradGradientGo(z, xi, ld, rows, col, width, c, tiles)
}

func winogradGradientGo(z []float32, xi, ld int, rows *[2][]float32, col, width, c, tiles int) {
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
