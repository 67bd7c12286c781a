package kernel

// winogradFilter computes G·g·Gᵀ of rows × 16 filters into rows of sixteen:
//
//	u[(4i+j)·xi + r·16 + n] from the taps w[(3p+q)·tap + r·ld + n]
//
// where tap may be negative, with the first tap at w[first].
func winogradFilter(u []float32, xi int, w []float32, first, tap, ld, rows int) {
	if useAVX2 {
		winogradFilterAVX2(&u[0], xi, &w[first], tap, ld, rows)
		return
	}
	winogradFilterGo(u, xi, w, first, tap, ld, rows)
}

func winogradFilterGo(u []float32, xi int, w []float32, first, tap, ld, rows int) {
	for r := range rows {
		for n := range tileN {
			var g [4][3]float32
			at := first + r*ld + n
			for q := range 3 {
				a, b, c := w[at+q*tap], w[at+(3+q)*tap], w[at+(6+q)*tap]
				h, k := (a+c)*0.5, b*0.5
				g[0][q], g[1][q], g[2][q], g[3][q] = a, h+k, h-k, c
			}
			out := u[r*tileN+n:]
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
	if useAVX2 {
		winogradFilterGradAVX2(&dw[0], tap, c, &d[0], xi, ld, rows)
		return
	}
	winogradFilterGradGo(dw, tap, c, d, xi, ld, rows)
}

func winogradFilterGradGo(dw []float32, tap, c int, d []float32, xi, ld, rows int) {
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

// transpose writes dst[j·ldd+i] = src[i·lds+j] for i in [0, rows), j in [0, cols).
func transpose(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	i8, j8 := 0, 0
	if useAVX2 {
		i8, j8 = rows&^7, cols&^7
		for i := 0; i < i8; i += 8 {
			for j := 0; j < j8; j += 8 {
				transpose8AVX2(&dst[j*ldd+i], ldd, &src[i*lds+j], lds)
			}
		}
	}
	for i := range rows {
		j := 0
		if i < i8 {
			j = j8
		}
		for ; j < cols; j++ {
			dst[j*ldd+i] = src[i*lds+j]
		}
	}
}
