package kernel

import (
	"fmt"
	"math"
	"testing"
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

func TestSoftmax(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := newRand(21)
		for _, s := range softmaxSizes {
			n, k := s[0], s[1]
			x, y, dy, dx := randSlice(r, n*k), make([]float32, n*k), randSlice(r, n*k), make([]float32, n*k)
			for i := range n {
				x[i*k+r.IntN(k)] += 10
			}
			for i := range x {
				x[i] += 90 // exp must not overflow
			}
			Softmax(y, x, n, k)
			SoftmaxBackward(dx, y, dy, n, k)
			z := append([]float32(nil), x...)
			Softmax(z, z, n, k)
			same(t, "softmax in place", z, y)
			for i := range n {
				p := softmax64(x[i*k:][:k])
				relative(t, fmt.Sprint("softmax", s), y[i*k:][:k], p, 2e-6)
				dot := dot64(y[i*k:][:k], dy[i*k:][:k])
				for q := range p {
					p[q] *= float64(dy[i*k+q]) - dot
				}
				near(t, fmt.Sprint("gradient", s), dx[i*k:][:k], p, 1e-6)
			}
		}
	})
}

func TestSoftmaxRange(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		inf := float32(math.Inf(1))
		for _, k := range []int{3, 8, 13, 40} {
			for at := range k {
				x, y := make([]float32, 6*k), make([]float32, 6*k)
				for i := range k {
					x[3*k+i] = -inf
				}
				x[at], x[k+at], x[2*k+at], x[3*k+at], x[4*k+at] = nan, inf, -inf, -50, -88
				for i := range k {
					x[5*k+i] = -inf
				}
				Softmax(y, x, 6, k)
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

func TestSoftmaxCausal(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := newRand(22)
		for _, size := range []int{1, 5, 8, 19, 64} {
			rows := 3 * size
			x, dy := randSlice(r, rows*size), randSlice(r, rows*size)
			y, dx := randSlice(r, rows*size), randSlice(r, rows*size)
			for i := range rows {
				for q := i%size + 1; q < size; q++ {
					x[i*size+q], dy[i*size+q] = nan, nan // never read
				}
			}
			SoftmaxCausal(y, x, rows, size)
			SoftmaxCausalBackward(dx, y, dy, rows, size)
			for i := range rows {
				n := i%size + 1
				p := softmax64(x[i*size:][:n])
				relative(t, "softmax", y[i*size:][:n], p, 1e-6)
				dot := dot64(y[i*size:][:n], dy[i*size:][:n])
				for q := range p {
					p[q] *= float64(dy[i*size+q]) - dot
				}
				near(t, "gradient", dx[i*size:][:n], p, 1e-6)
				for q := n; q < size; q++ {
					if y[i*size+q] != 0 || dx[i*size+q] != 0 {
						t.Fatalf("row %d of %d: column %d is %v, its gradient %v", i, size, q, y[i*size+q], dx[i*size+q])
					}
				}
			}
		}
	})
}

func TestSoftmaxXent(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := newRand(23)
		for _, s := range softmaxSizes {
			n, k := s[0], s[1]
			x, labels := randSlice(r, n*k), make([]float32, n)
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
				near(t, fmt.Sprint("loss", s), []float32{SoftmaxXent(x, labels, n, k, eps)}, []float64{loss}, 1e-6)
				dx := make([]float32, n*k)
				SoftmaxXentBackward(dx, x, labels, n, k, eps, 2)
				near(t, fmt.Sprint("gradient", s), dx, grad, 4e-7/float64(n))
			}
			x[n*k-1] = nan
			dx := make([]float32, n*k)
			SoftmaxXentBackward(dx, x, labels, n, k, 0.1, 1)
			if v := SoftmaxXent(x, labels, n, k, 0.1); v == v || dx[n*k-k] == dx[n*k-k] {
				t.Errorf("%v: NaN is lost", s)
			}
		}
	})
}

// TestSoftmaxXentNoClass holds that the gradient for labels that are no class
// is that of an empty target: the loss is NaN by then and training stops.
func TestSoftmaxXentNoClass(t *testing.T) {
	dx := make([]float32, 12)
	SoftmaxXentBackward(dx, make([]float32, 12), []float32{4, -1, nan}, 3, 4, 0, 3)
	for i, v := range dx {
		if v != 0.25 {
			t.Errorf("value %d is %v", i, v)
		}
	}
}

func TestSoftmaxThreadsAndAllocs(t *testing.T) {
	r := newRand(24)
	const rows, k = 1300, 65
	x, dy, d := randSlice(r, rows*k), randSlice(r, rows*k), make([]float32, rows*k)
	for name, f := range map[string]func() []float32{
		"softmax":         func() []float32 { Softmax(d, x, rows, k); return d },
		"causal":          func() []float32 { SoftmaxCausal(d, x, rows, k); return d },
		"gradient":        func() []float32 { SoftmaxBackward(d, x, dy, rows, k); return d },
		"causal gradient": func() []float32 { SoftmaxCausalBackward(d, x, dy, rows, k); return d },
	} {
		a, b := withThreads(f)
		same(t, name, a, b)
		if !raceEnabled {
			noAllocs(t, name, func() { f() })
		}
	}
}

func BenchmarkSoftmax(b *testing.B) {
	for _, s := range [][2]int{{64, 10}, {4096, 65}, {256, 1000}} {
		n, k := s[0], s[1]
		r := newRand(25)
		x, dy, y, d, labels := benchSlice(r, n*k), benchSlice(r, n*k), make([]float32, n*k), make([]float32, n*k), make([]float32, n)
		for i := range labels {
			labels[i] = float32(r.IntN(k))
		}
		Softmax(y, x, n, k)
		for name, f := range map[string]func(){
			"Softmax":             func() { Softmax(d, x, n, k) },
			"SoftmaxBackward":     func() { SoftmaxBackward(d, y, dy, n, k) },
			"SoftmaxXent":         func() { SoftmaxXent(x, labels, n, k, 0) },
			"SoftmaxXentBackward": func() { SoftmaxXentBackward(d, x, labels, n, k, 0, 1) },
		} {
			b.Run(fmt.Sprint(name, s), func(b *testing.B) {
				for b.Loop() {
					f()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n*k), "ns/value")
			})
		}
	}
	const heads, t = 16, 64
	r := newRand(26)
	x, d := benchSlice(r, heads*t*t), make([]float32, heads*t*t)
	b.Run("SoftmaxCausal[16 64 64]", func(b *testing.B) {
		for b.Loop() {
			SoftmaxCausal(d, x, heads*t, t)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(heads*t*t), "ns/value")
	})
}
