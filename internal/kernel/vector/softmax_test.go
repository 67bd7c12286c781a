package vector

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
)

// softmax64 returns the softmax of a row.
func softmax64(x []float32) []float64 {
	m, sum := math.Inf(-1), 0.0
	for _, v := range x {
		m = max(m, float64(v))
	}
	p := make([]float64, len(x))
	for i, v := range x {
		p[i] = math.Exp(float64(v) - m)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// relative fails unless every value is within tol of the reference relative to
// it.
func relative(t *testing.T, what string, got []float32, want []float64, tol float64) {
	t.Helper()
	for i, v := range got {
		if !(math.Abs(float64(v)-want[i]) <= tol*math.Abs(want[i])) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, v, want[i])
		}
	}
}

var softmaxSizes = [][2]int{{1, 1}, {3, 7}, {4, 8}, {64, 10}, {500, 17}, {5, 65}, {3, 1000}, {2, 3001}}

// softmax computes the softmax of the rows of x [n,k]: the gradient of cross-entropies
// against no class.
func softmax(y, x []float32, n, k int) {
	labels := make([]float32, n)
	for i := range labels {
		labels[i] = -1
	}
	CrossEntropyBackward(y, x, labels, n, k, 0, float32(n))
}

func TestSoftmax(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(21)
		for _, s := range softmaxSizes {
			n, k := s[0], s[1]
			x, y := kerneltest.Slice(r, n*k), make([]float32, n*k)
			for i := range n {
				x[i*k+r.IntN(k)] += 10
			}
			for i := range x {
				x[i] += 90 // exp must not overflow
			}
			softmax(y, x, n, k)
			for i := range n {
				relative(t, fmt.Sprint("softmax", s), y[i*k:][:k], softmax64(x[i*k:][:k]), 2e-6)
			}
		}
	})
}

func TestSoftmaxRange(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		inf := float32(math.Inf(1))
		for _, k := range []int{3, 8, 13, 40} {
			for at := range k {
				x, y := make([]float32, 6*k), make([]float32, 6*k)
				for i := range k {
					x[3*k+i] = -inf
				}
				x[at], x[k+at], x[2*k+at], x[3*k+at], x[4*k+at] = kerneltest.NaN, inf, -inf, -50, -88
				for i := range k {
					x[5*k+i] = -inf
				}
				softmax(y, x, 6, k)
				for i := range k {
					one := float32(0)
					if i == at {
						one = 1
					}
					rest := float32(1 / float64(k-1))
					if y[i] == y[i] || y[k+i] == y[k+i] || y[5*k+i] == y[5*k+i] {
						t.Fatalf("%d of %d: rows without a softmax give %v, %v and %v", i, k, y[i], y[k+i], y[5*k+i])
					}
					if math.Abs(float64(y[2*k+i]-(1-one)*rest)) > 1e-7 || y[3*k+i] != one || math.Abs(float64(y[4*k+i]-(1-one)*rest)) > 1e-7 {
						t.Fatalf("%d of %d: %v, %v and %v", i, k, y[2*k+i], y[3*k+i], y[4*k+i])
					}
				}
			}
		}
	})
}

func TestCrossEntropy(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(23)
		for _, s := range softmaxSizes {
			n, k := s[0], s[1]
			x, labels := kerneltest.Slice(r, n*k), make([]float32, n)
			for i := range labels {
				labels[i] = float32(r.IntN(k))
				x[i*k] += 90
			}
			for _, eps := range []float32{0, 0.1} {
				loss, grad := 0.0, make([]float64, n*k)
				for i := range n {
					for q, prob := range softmax64(x[i*k : (i+1)*k]) {
						target := float64(eps) / float64(k)
						if q == int(labels[i]) {
							target += 1 - float64(eps)
						}
						loss -= target * math.Log(prob) / float64(n)
						grad[i*k+q] = (prob - target) * 2 / float64(n)
					}
				}
				kerneltest.Near(t, fmt.Sprint("loss", s), []float32{CrossEntropy(x, labels, n, k, eps)}, []float64{loss}, 1e-6)
				dx := make([]float32, n*k)
				CrossEntropyBackward(dx, x, labels, n, k, eps, 2)
				kerneltest.Near(t, fmt.Sprint("gradient", s), dx, grad, 4e-7/float64(n))
			}
			x[n*k-1] = kerneltest.NaN
			dx := make([]float32, n*k)
			CrossEntropyBackward(dx, x, labels, n, k, 0.1, 1)
			if v := CrossEntropy(x, labels, n, k, 0.1); v == v || dx[n*k-k] == dx[n*k-k] {
				t.Errorf("%v: NaN is lost", s)
			}
		}
	})
}

// TestCrossEntropyNoClass holds that the gradient for labels that are no class
// is the gradient of an empty target: the loss is NaN by then and training stops.
func TestCrossEntropyNoClass(t *testing.T) {
	dx := make([]float32, 12)
	CrossEntropyBackward(dx, make([]float32, 12), []float32{4, -1, kerneltest.NaN}, 3, 4, 0, 3)
	for i, v := range dx {
		if v != 0.25 {
			t.Errorf("value %d is %v", i, v)
		}
	}
}

func TestSoftmaxRows(t *testing.T) {
	r := kerneltest.Rand(72)
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
					"NaN":       func(row []float32) { row[len(row)/2] = kerneltest.NaN },
					"+Inf":      func(row []float32) { row[len(row)-1] = float32(math.Inf(1)) },
					"-Inf":      func(row []float32) { row[0] = float32(math.Inf(-1)) },
					"no number": func(row []float32) { copy(row, []float32{kerneltest.NaN, kerneltest.NaN, kerneltest.NaN}) },
				} {
					x, dp := kerneltest.Slice(r, rows*ld), kerneltest.Slice(r, rows*ld)
					for i := range rows {
						put(x[i*ld:][:n+i*step])
						for j := n + i*step; j < ld; j++ { // must not be read
							x[i*ld+j], dp[i*ld+j] = kerneltest.NaN, kerneltest.NaN
						}
					}
					name := fmt.Sprintf("%s, %d rows of %d + r·%d", what, rows, n, step)
					fast, slow := kerneltest.Both(t, func() []float32 {
						p := append([]float32(nil), x...)
						SoftmaxRows(p, rows, ld, n, step)
						return p
					})
					grad, slowGrad := kerneltest.Both(t, func() []float32 {
						d := append([]float32(nil), dp...)
						SoftmaxGradRows(d, slow, rows, ld, n, step)
						return d
					})
					for i := range rows {
						k := n + i*step
						row := func(x []float32) []float32 { return x[i*ld:][:k] }
						kerneltest.Agree(t, name, row(fast), row(slow), 1e-6)
						kerneltest.Agree(t, name+", gradient", row(grad), row(slowGrad), 1e-6)
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

func BenchmarkCrossEntropy(b *testing.B) {
	for _, s := range [][2]int{{64, 10}, {4096, 65}, {256, 1000}} {
		n, k := s[0], s[1]
		r := kerneltest.Rand(25)
		x, d, labels := kerneltest.Aligned(r, n*k), make([]float32, n*k), make([]float32, n)
		for i := range labels {
			labels[i] = float32(r.IntN(k))
		}
		for name, f := range map[string]func(){
			"CrossEntropy":         func() { CrossEntropy(x, labels, n, k, 0) },
			"CrossEntropyBackward": func() { CrossEntropyBackward(d, x, labels, n, k, 0, 1) },
		} {
			b.Run(fmt.Sprint(name, s), func(b *testing.B) {
				for b.Loop() {
					f()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n*k), "ns/value")
			})
		}
	}
}
