package kernel

import (
	"fmt"
	"math"
	"testing"
)

// bothModes returns what f writes with the assembly and with the portable kernel.
func bothModes(t *testing.T, f func() []float32) (fast, slow []float32) {
	t.Helper()
	if !haveAVX2() {
		t.Skip("no AVX2")
	}
	old := useAVX2
	defer func() { useAVX2 = old }()
	useAVX2 = true
	fast = f()
	useAVX2 = false
	return fast, f()
}

// agree fails unless both are within tol of each other, both NaN or the same
// infinity.
func agree(t *testing.T, what string, fast, slow []float32, tol float64) {
	t.Helper()
	for i, v := range fast {
		w := slow[i]
		d := math.Abs(float64(v) - float64(w))
		if d <= tol*(1+math.Abs(float64(w))) || v == w || v != v && w != w {
			continue
		}
		t.Fatalf("%s: value %d is %v in assembly and %v in Go", what, i, v, w)
	}
}

// strange puts values that are not ordinary numbers into x.
func strange(x []float32) {
	for i, v := range []float32{nan, float32(math.Inf(1)), float32(math.Inf(-1)), 1e-42, float32(math.Copysign(0, -1))} {
		if at := i*7 + 3; at < len(x) {
			x[at] = v
		}
	}
}

func TestStrips(t *testing.T) {
	r := newRand(70)
	for _, c := range []strips{
		{ldc: 16, rowA: 5, stepA: 1, ldb: 16, depth: 5, nextA: 20},
		{ldc: 35, rowA: 9, stepA: 1, ldb: 33, depth: 4, nextA: 36, nextDepth: 1},
		{ldc: 32, rowA: 1, stepA: 13, ldb: 40, depth: 7, nextA: 4 + 13, nextB: 40, nextDepth: -2, add: true},
		{ldc: 16, rowA: 1, stepA: 1, ldb: 16, add: true},
		{ldc: 16, rowA: 1, stepA: 1, ldb: 16},
	} {
		for count := range 5 {
			for _, panels := range []int{0, 1, 2} {
				for _, odd := range []bool{false, true} {
					a, b, start := randSlice(r, 400), randSlice(r, 1000), randSlice(r, 4*4*35+32)
					if odd {
						strange(a)
						strange(b[200:])
					}
					fast, slow := bothModes(t, func() []float32 {
						s := c
						s.a, s.b, s.c = a, b, append([]float32(nil), start...)
						out := s.c
						s.run(count, panels)
						return out
					})
					agree(t, fmt.Sprintf("%+v, %d strips, %d panels", c, count, panels), fast, slow, 1e-6)
				}
			}
		}
	}
}

func TestCopyAndTransposeColumns(t *testing.T) {
	r := newRand(71)
	for _, rows := range []int{0, 1, 3, 7, 8, 9, 16, 21} {
		for _, n := range []int{0, 1, 5, 8, 11, 16, 24, 31} {
			src := randSlice(r, 21*40)
			strange(src)
			start := randSlice(r, 40*40)
			copied, slow := bothModes(t, func() []float32 {
				dst := append([]float32(nil), start...)
				copyColumns(dst, src, rows, n, 33, 37)
				return dst
			})
			same(t, fmt.Sprint("copy ", rows, n), copied, slow)
			turned, slow := bothModes(t, func() []float32 {
				dst := append([]float32(nil), start...)
				transposeColumns(dst, src, rows, n, 23, 37, 0.5)
				return dst
			})
			same(t, fmt.Sprint("transpose ", rows, n), turned, slow)
			for i := range rows {
				for j := range n {
					v := src[i*37+j]
					if math.Float32bits(copied[i*33+j]) != math.Float32bits(v) || turned[j*23+i] != 0.5*v && v == v {
						t.Fatalf("%d×%d: value %d, %d is %v, and %v turned, of %v", rows, n, i, j, copied[i*33+j], turned[j*23+i], v)
					}
				}
			}
		}
	}
}

func TestSoftmaxRows(t *testing.T) {
	r := newRand(72)
	const ld = 48
	for _, rows := range []int{1, 2, 5, 14} {
		for _, n := range []int{1, 2, 7, 8, 9, 16, 17, 31, 34} {
			for _, step := range []int{0, 1} {
				for what, put := range map[string]func(row []float32){
					"numbers":   func([]float32) {},
					"far apart": func(row []float32) { row[0] = 1e20 },
					"denormals": func(row []float32) {
						for i := range row {
							row[i] *= 1e-40
						}
					},
					"NaN":       func(row []float32) { row[len(row)/2] = nan },
					"+Inf":      func(row []float32) { row[len(row)-1] = float32(math.Inf(1)) },
					"-Inf":      func(row []float32) { row[0] = float32(math.Inf(-1)) },
					"no number": func(row []float32) { copy(row, []float32{nan, nan, nan}) },
				} {
					x, dp := randSlice(r, rows*ld), randSlice(r, rows*ld)
					for i := range rows {
						put(x[i*ld:][:n+i*step])
						for j := n + i*step; j < ld; j++ { // must not be read
							x[i*ld+j], dp[i*ld+j] = nan, nan
						}
					}
					name := fmt.Sprintf("%s, %d rows of %d + r·%d", what, rows, n, step)
					fast, slow := bothModes(t, func() []float32 {
						p := append([]float32(nil), x...)
						softmaxRows(p, rows, ld, n, step)
						return p
					})
					grad, slowGrad := bothModes(t, func() []float32 {
						d := append([]float32(nil), dp...)
						softmaxGradRows(d, slow, rows, ld, n, step)
						return d
					})
					for i := range rows {
						k := n + i*step
						row := func(x []float32) []float32 { return x[i*ld:][:k] }
						agree(t, name, row(fast), row(slow), 1e-6)
						agree(t, name+", gradient", row(grad), row(slowGrad), 1e-6)
						sum := 0.0
						for _, v := range fast[i*ld:][:k] {
							sum += float64(v)
						}
						wrong := what == "NaN" || what == "+Inf" || what == "no number" || what == "-Inf" && k == 1
						if wrong != (sum != sum) || !wrong && math.Abs(sum-1) > 1e-6 {
							t.Fatalf("%s: row %d sums to %v", name, i, sum)
						}
						for j := i*ld + k; j < i*ld+(k+7)&^7 && !wrong; j++ {
							if fast[j] != 0 || slow[j] != 0 || grad[j] != 0 || slowGrad[j] != 0 {
								t.Fatalf("%s: value %d of row %d is not cleared", name, j-i*ld, i)
							}
						}
					}
				}
			}
		}
	}
}
