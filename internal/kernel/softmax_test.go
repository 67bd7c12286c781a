package kernel

import (
	"math"
	"testing"
)

func TestSoftmax(t *testing.T) {
	r := newRand(21)
	for _, s := range [][2]int{{1, 1}, {3, 10}, {500, 17}} {
		n, k := s[0], s[1]
		x, labels := randSlice(r, n*k), make([]float32, n)
		for i := range labels {
			labels[i] = float32(r.IntN(k))
			x[i*k] += 90 // exp must not overflow
		}
		p := make([]float32, n*k)
		Softmax(p, x, n, k)
		for _, eps := range []float32{0, 0.1} {
			loss, grad := 0.0, make([]float64, n*k)
			for i := range n {
				sum := 0.0
				for _, v := range x[i*k : (i+1)*k] {
					sum += math.Exp(float64(v))
				}
				for q := range k {
					prob := math.Exp(float64(x[i*k+q])) / sum
					target := float64(eps) / float64(k)
					if q == int(labels[i]) {
						target += 1 - float64(eps)
					}
					loss -= target * math.Log(prob) / float64(n)
					grad[i*k+q] = (prob - target) * 2 / float64(n)
					if math.Abs(prob-float64(p[i*k+q])) > 1e-6 {
						t.Fatalf("softmax %v: %v, want %v", s, p[i*k+q], prob)
					}
				}
			}
			near(t, "loss", []float32{SoftmaxXent(x, labels, n, k, eps)}, []float64{loss}, 1e-6)
			dx := make([]float32, n*k)
			SoftmaxXentBackward(dx, x, labels, n, k, eps, 2)
			near(t, "gradient", dx, grad, 1e-6)
		}
	}
}
