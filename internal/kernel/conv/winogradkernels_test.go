package conv

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/gemm"
	"pare/internal/kernel/kerneltest"
	"pare/internal/simd"
)

// portable runs f with the portable kernels.
func portable(f func()) {
	defer simd.Use(simd.AVX2)
	simd.Use(false)
	f()
}

// TestWinogradTransforms compares the assembly with its portable twins; the
// transforms only add and halve, so that results are the same to the last bit.
func TestWinogradTransforms(t *testing.T) {
	if !simd.Supported {
		t.Skip("no assembly kernels")
	}
	r := kerneltest.Rand(54)
	for _, c := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 23, 40} {
		for _, width := range []int{1, 2, 5, 8} {
			for _, pad := range []int{0, 1, 2} {
				for _, odd := range []bool{false, true} {
					name := fmt.Sprint(c, " channels, ", width, " wide, padding ", pad, ", special values ", odd)
					fill := func(n int) []float32 {
						if odd {
							return kerneltest.Strange(kerneltest.Slice(r, n))
						}
						return kerneltest.Slice(r, n)
					}
					tiles := (width + 2*pad - 1) / 2
					if tiles <= 0 {
						continue
					}
					ld := eightFold(c) + 8
					xi := tiles*ld + 3
					a, b := make([]float32, 16*xi), make([]float32, 16*xi)
					// compare looks at the channels only: lanes past them may differ.
					compare := func(what string) {
						t.Helper()
						for k := range 16 {
							for i := range tiles {
								at := k*xi + i*ld
								kerneltest.Agree(t, name+": "+what, a[at:at+c], b[at:at+c], 0)
							}
						}
					}
					rows := [4][]float32{fill(width * c), fill(width * c), fill(width * c), fill(width * c)}
					winogradInput(a, xi, ld, &rows, -pad, width, c, tiles)
					portable(func() { winogradInput(b, xi, ld, &rows, -pad, width, c, tiles) })
					compare("input")

					if tiles = (width + 1) / 2; tiles*ld > xi {
						continue
					}
					two := [4][]float32{rows[0], rows[1]}
					winogradGradient(a, xi, ld, &two, 0, width, c, tiles)
					portable(func() { winogradGradient(b, xi, ld, &two, 0, width, c, tiles) })
					compare("gradient")

					m, bias := fill(16*xi), fill(eightFold(c))
					pitch := c + 3*(tiles%2)
					y := fill(4 * tiles * pitch)
					for _, floor := range []float32{0, float32(math.Inf(-1))} {
						for _, sum := range []string{"", "in place", "another"} {
							h := 2 * tiles * pitch
							other, factor := fill(2*h), fill(eightFold(c))
							output := func() []float32 {
								p := append([]float32(nil), y...)
								var a0, a1 []float32
								switch sum {
								case "in place":
									a0, a1 = p[:h], p[h:]
								case "another":
									a0, a1 = other[h:], other[:h]
								}
								winogradOutput(p[:h], p[h:], c, pitch, m, xi, ld, tiles, bias, a0, a1, factor, floor)
								return p
							}
							got := output()
							portable(func() { kerneltest.Agree(t, name+": output, sum "+sum, got, output(), 0) })
						}
					}
				}
			}
		}
	}
}

func TestWinogradFilters(t *testing.T) {
	if !simd.Supported {
		t.Skip("no assembly kernels")
	}
	r := kerneltest.Rand(55)
	for _, odd := range []bool{false, true} {
		for _, rows := range []int{1, 3, 8} {
			const ld = 21
			tap := rows*ld + 2
			w := kerneltest.Slice(r, 9*tap+gemm.TileN)
			if odd {
				kerneltest.Strange(w)
			}
			xi := rows*gemm.TileN + 5
			a, b := make([]float32, 16*xi), make([]float32, 16*xi)
			for _, v := range [][2]int{{1, tap}, {8 * tap, -tap}} {
				winogradFilter(a, xi, w, v[0], v[1], ld, rows)
				portable(func() { winogradFilter(b, xi, w, v[0], v[1], ld, rows) })
				kerneltest.Agree(t, "filters", a, b, 0)
			}
			for _, c := range []int{1, 8, 13, 24} {
				xi := rows*24 + 3
				d := kerneltest.Slice(r, 16*xi)
				if odd {
					kerneltest.Strange(d)
				}
				tap := rows*c + 1
				a, b := make([]float32, 9*tap), make([]float32, 9*tap)
				winogradFilterGrad(a, tap, c, d, xi, 24, rows)
				portable(func() { winogradFilterGrad(b, tap, c, d, xi, 24, rows) })
				kerneltest.Agree(t, "filter gradients", a, b, 0)
			}
		}
	}
}

func TestWinogradProducts(t *testing.T) {
	if !simd.Supported {
		t.Skip("no assembly kernels")
	}
	r := kerneltest.Rand(56)
	next := [2][]float32{kerneltest.Slice(r, 100), nil}
	for _, odd := range []bool{false, true} {
		fill := func(n int) []float32 {
			if odd {
				return kerneltest.Strange(kerneltest.Slice(r, n))
			}
			return kerneltest.Slice(r, n)
		}
		for _, depth := range []int{4, 5, 6, 7, 8, 11, 16, 50} {
			for _, s := range [][2]int{{16, 2}, {48, 2}, {3, 2}, {8, 1}, {23, 2}, {24, 3}, {25, 1}, {40, 4}} {
				cols, groups := s[0], s[1]
				panels := (cols + gemm.TileN - 1) / gemm.TileN
				ldv, ldm := depth+1, panels*gemm.TileN+3
				xi := groups * gemm.TileM * max(ldv, ldm)
				u := fill(16 * panels * depth * gemm.TileN)
				a := fill(17 * xi)
				b := append([]float32(nil), a...)
				winogradProducts(a, a[xi:], u, xi, ldm, ldv, cols, depth, groups, &next)
				portable(func() { winogradProducts(b, b[xi:], u, xi, ldm, ldv, cols, depth, groups, &next) })
				kerneltest.Agree(t, fmt.Sprint("products ", depth, s), a, b, 1e-5)
			}
		}
		for _, depth := range []int{4, 5, 6, 9, 16, 35} {
			for _, s := range [][2]int{{16, 2}, {1, 1}, {2, 2}, {4, 3}, {5, 1}, {8, 2}, {9, 2}, {10, 1}, {11, 2}, {12, 3}, {13, 2}, {20, 4}, {23, 1}, {41, 3}} {
				cols, groups := s[0], s[1]
				panels, tail := (cols+gemm.TileN-1)/gemm.TileN, newWinogradTail(cols, depth)
				ldv, ldm := eightFold(depth)+1, panels*gemm.TileN+3
				xi := groups * gemm.TileM * max(ldv, ldm)
				u := fill(16 * panels * depth * gemm.TileN)
				packed := make([]float32, 16*tail.size(depth))
				for k := range 16 {
					tail.pack(packed[k*tail.size(depth):][:tail.size(depth)], u[k*panels*depth*gemm.TileN:], depth)
				}
				a := fill(17 * xi)
				for k := range 16 {
					for row := range groups * gemm.TileM {
						clear(a[xi+k*xi+row*ldv+depth:][:eightFold(depth)-depth])
					}
				}
				b := append([]float32(nil), a...)
				name := fmt.Sprint("frozen products ", depth, s)
				plain := append([]float32(nil), a...)
				winogradFrozenProducts(a, a[xi:], packed, xi, ldm, ldv, depth, groups, tail, &next)
				portable(func() { winogradFrozenProducts(b, b[xi:], packed, xi, ldm, ldv, depth, groups, tail, &next) })
				kerneltest.Agree(t, name, a, b, 1e-5)
				if odd {
					continue // sums in another order may overflow
				}
				winogradProducts(plain, plain[xi:], u, xi, ldm, ldv, cols, depth, groups, &next)
				for k := range 16 {
					for row := range groups * gemm.TileM {
						at := k*xi + row*ldm
						kerneltest.Agree(t, name+" beside panels of sixteen", a[at:][:cols], plain[at:][:cols], 1e-5)
					}
				}
			}
		}
		for _, tiles := range []int{4, 5, 6, 7, 12, 25} {
			for _, rows := range []int{8, 16, 24, 32} {
				for _, cols := range []int{32, 5, 20, 30} {
					ldd, ldv, ldz := eightFold(cols)+1, rows+3, eightFold(cols)+2
					xid, xiv, xiz := rows*ldd+4, tiles*ldv+5, tiles*ldz+6
					a, v, z := fill(16*xid), fill(16*xiv), fill(16*xiz)
					b := append([]float32(nil), a...)
					for _, add := range []bool{false, true} {
						winogradSums(a, v, z, xid, xiv, xiz, ldd, ldv, ldz, cols, rows, tiles, add, &next)
						portable(func() { winogradSums(b, v, z, xid, xiv, xiz, ldd, ldv, ldz, cols, rows, tiles, add, &next) })
						kerneltest.Agree(t, fmt.Sprint("sums ", tiles, rows, cols, add), a, b, 1e-5)
					}
				}
			}
		}
	}
}
