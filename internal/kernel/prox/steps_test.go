package prox

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

var updateSizes = []int{1, 7, 8, 9, 16, 31, 100, 1003}

// oddValues are random values with zeros of both signs, NaN, infinities,
// denormals and values at a threshold of 0.25 among them.
func oddValues(seed uint64, n int) []float32 {
	s := kerneltest.Slice(kerneltest.Rand(seed), n)
	odd := []float32{kerneltest.NaN, float32(math.Inf(1)), float32(math.Inf(-1)), 0, float32(math.Copysign(0, -1)),
		1e-40, -1e-40, 0.25, -0.25, math.MaxFloat32}
	for i := int(seed % 3); i < n; i += 3 {
		s[i] = odd[i/3%len(odd)]
	}
	return s
}

// portable runs f with the portable kernels.
func portable(f func()) {
	defer simd.Use(simd.AVX2)
	simd.Use(false)
	f()
}

// sameOrNaN fails unless both hold the same bits or are both NaN.
func sameOrNaN(t *testing.T, what string, a, b []float32) {
	t.Helper()
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) && (a[i] == a[i] || b[i] == b[i]) {
			t.Fatalf("%s: value %d is %v and %v", what, i, a[i], b[i])
		}
	}
}

func mask(n int) []float32 {
	m := make([]float32, n+1)[1:]
	for i := 0; i < n; i += 3 {
		m[i] = 1
	}
	return m
}

func clone(s []float32) []float32 { return append(make([]float32, 0, len(s)+3), s...) }

var sgdKernels = map[string]SGD{
	"step":      {Rate: 0.1, Scale: 0.5},
	"decay":     {Rate: 0.1, Scale: 1, Decay: 0.01, Momentum: 0.9},
	"threshold": {Rate: 0.1, Scale: 1, Momentum: 0.5, Cut: 0.25, Shrink: 1},
	"elastic":   {Rate: 0.1, Scale: 1, Decay: 0.1, Momentum: 0.5, Cut: 0.25, Shrink: 0.75, Nesterov: true},
	"nesterov":  {Rate: 0.1, Scale: 1, Momentum: 0.9, Nesterov: true},
}

var adamKernels = map[string]Adam{
	"adam":      {Rate: 0.1, Scale: 0.5, Coupled: 0.01, Keep: 1, Beta1: 0.9, Rest1: 0.1, Beta2: 0.99, Rest2: 0.01, Root: 0.5, Eps: 1e-8},
	"adamw":     {Rate: 0.1, Scale: 1, Keep: 0.99, Beta1: 0.9, Rest1: 0.1, Beta2: 0.99, Rest2: 0.01, Root: 0.5, Eps: 1e-8},
	"threshold": {Rate: 0.1, Scale: 1, Keep: 1, Beta1: 0.9, Rest1: 0.1, Beta2: 0.99, Rest2: 0.01, Root: 0.5, Eps: 1e-3, Cut: 0.05},
	"elastic":   {Rate: 0.1, Scale: 1, Keep: 1, Beta1: 0.9, Rest1: 0.1, Beta2: 0.99, Rest2: 0.01, Root: 0.5, Eps: 1e-3, Cut: 0.05, Ridge: 0.3},
}

// The assembly gives the portable bits on every value there is.
func TestUpdatesAreThePortableOnes(t *testing.T) {
	if !simd.Supported {
		t.Skip("no AVX2")
	}
	for _, n := range updateSizes {
		x, g, v, m := oddValues(1, n), oddValues(2, n), oddValues(3, n), oddValues(5, n)
		for _, frozen := range [][]float32{nil, mask(n)} {
			for name, k := range sgdKernels {
				for _, velocity := range [][]float32{nil, v} {
					what := fmt.Sprintf("sgd %s of %d, velocity %t, frozen %t", name, n, velocity != nil, frozen != nil)
					xa, xb := kerneltest.Slice(kerneltest.Rand(1), n), clone(x)
					copy(xa, x)
					var va, vb []float32
					if velocity != nil {
						va, vb = clone(velocity), clone(velocity)
					}
					k.Update(xa, g, va, frozen)
					portable(func() { k.Update(xb, g, vb, frozen) })
					sameOrNaN(t, what, xa, xb)
					sameOrNaN(t, what+": velocity", va, vb)
				}
			}
			for name, k := range adamKernels {
				what := fmt.Sprintf("%s of %d, frozen %t", name, n, frozen != nil)
				xa, xb, ma, mb, va, vb := clone(x), clone(x), clone(m), clone(m), clone(v), clone(v)
				k.Update(xa, g, ma, va, frozen)
				portable(func() { k.Update(xb, g, mb, vb, frozen) })
				sameOrNaN(t, what, xa, xb)
				sameOrNaN(t, what+": mean", ma, mb)
				sameOrNaN(t, what+": square", va, vb)
				k.Metric(xa, v)
				portable(func() { k.Metric(xb, v) })
				sameOrNaN(t, what+": metric", xa, xb)
			}
		}
		for _, cut := range []float32{0, 0.25} {
			a, b, d := clone(x), clone(x), oddValues(4, n)
			for i := range d {
				d[i] = abs32(d[i])
			}
			SoftThreshold(a, cut, 0.5)
			portable(func() { SoftThreshold(b, cut, 0.5) })
			sameOrNaN(t, "soft threshold", a, b)
			for _, ridge := range []float32{0, 0.5} {
				copy(a, x)
				copy(b, x)
				SoftThresholdMetric(a, d, cut, ridge)
				portable(func() { SoftThresholdMetric(b, d, cut, ridge) })
				sameOrNaN(t, "soft threshold in a metric", a, b)
			}
		}
	}
}

// The formulas, in float64.
func TestUpdatesAreTheFormulas(t *testing.T) {
	soft64 := func(v, cut float64) float64 { return math.Copysign(max(math.Abs(v)-cut, 0), v) }
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(4)
		const n = 101
		x, g, v := kerneltest.Slice(r, n), kerneltest.Slice(r, n), kerneltest.Slice(r, n)
		for i := range v {
			v[i] = abs32(v[i])
		}
		wantX, wantV, wantM := make([]float64, n), make([]float64, n), make([]float64, n)
		for name, k := range sgdKernels {
			for i := range x {
				d := float64(k.Scale)*float64(g[i]) + float64(k.Decay)*float64(x[i])
				wantV[i] = float64(k.Momentum)*float64(v[i]) + d
				if k.Nesterov {
					d += float64(k.Momentum) * wantV[i]
				} else {
					d = wantV[i]
				}
				wantX[i] = float64(x[i]) - float64(k.Rate)*d
				if k.Cut > 0 {
					wantX[i] = soft64(wantX[i], float64(k.Cut)) * float64(k.Shrink)
				}
			}
			gotX, gotV := clone(x), clone(v)
			k.Update(gotX, g, gotV, nil)
			kerneltest.Near(t, name, gotX, wantX, 1e-6)
			kerneltest.Near(t, name+": velocity", gotV, wantV, 1e-6)
		}
		for name, k := range adamKernels {
			for i := range x {
				u := float64(k.Scale)*float64(g[i]) + float64(k.Coupled)*float64(x[i])
				wantM[i] = float64(k.Beta1)*float64(x[i]) + float64(k.Rest1)*u
				wantV[i] = float64(k.Beta2)*float64(v[i]) + float64(k.Rest2)*u*u
				d := math.Sqrt(wantV[i])/float64(k.Root) + float64(k.Eps)
				wantX[i] = float64(k.Keep)*float64(x[i]) - float64(k.Rate)*wantM[i]/d
				if k.Cut > 0 {
					wantX[i] = soft64(wantX[i], float64(k.Cut)/d) / (1 + float64(k.Ridge)/d)
				}
			}
			gotX, gotM, gotV := clone(x), clone(x), clone(v)
			k.Update(gotX, g, gotM, gotV, nil)
			kerneltest.Near(t, name, gotX, wantX, 3e-6)
			kerneltest.Near(t, name+": mean", gotM, wantM, 1e-6)
			kerneltest.Near(t, name+": square", gotV, wantV, 1e-6)
		}
	})
}

func abs32(v float32) float32 { return float32(math.Abs(float64(v))) }

// Inside the threshold the result is +0; NaN stays; frozen values are +0.
func TestThresholdZeros(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, n := range []int{3, 19} {
			x, d := make([]float32, n), make([]float32, n)
			for i := range x {
				x[i], d[i] = []float32{0.25, -0.25, -0.1, kerneltest.NaN}[i%4], 1
			}
			a, b, c, e := clone(x), clone(x), clone(x), clone(x)
			SoftThreshold(a, 0.25, 0.5)
			SoftThresholdMetric(b, d, 0.25, 1)
			sgd := SGD{Rate: 1, Cut: 0.25, Shrink: 1}
			sgd.Update(c, make([]float32, n), nil, nil)
			adam := Adam{Rate: 1, Keep: 1, Root: 1, Eps: 1, Cut: 0.25}
			adam.Update(e, make([]float32, n), make([]float32, n), make([]float32, n), nil)
			for _, got := range [][]float32{a, b, c, e} {
				for i, v := range got {
					if i%4 == 3 != (v != v) || i%4 != 3 && math.Float32bits(v) != 0 {
						t.Errorf("the threshold of %v is %v", x[i], v)
					}
				}
			}
			frozen := make([]float32, n)
			for i := range frozen {
				frozen[i] = 1
			}
			v := clone(x)
			sgd.Update(x, x, v, frozen)
			for i := range x {
				if math.Float32bits(x[i]) != 0 || math.Float32bits(v[i]) != 0 {
					t.Errorf("a frozen value is %v, its velocity %v", x[i], v[i])
				}
			}
		}
	})
}

func TestUpdatesAllocateNothing(t *testing.T) {
	n := 3*parallel.Chunk + 5
	x, d := make([]float32, n), make([]float32, n)
	sgd, adam := sgdKernels["elastic"], adamKernels["elastic"]
	kerneltest.NoAllocs(t, "SGD", func() { sgd.Update(x, d, d, nil) })
	kerneltest.NoAllocs(t, "Adam", func() { adam.Update(x, d, d, d, nil) })
	kerneltest.NoAllocs(t, "Metric", func() { adam.Metric(d, x) })
	kerneltest.NoAllocs(t, "SoftThreshold", func() { SoftThreshold(x, 1, 1) })
	kerneltest.NoAllocs(t, "SoftThresholdMetric", func() { SoftThresholdMetric(x, d, 1, 1) })
}
