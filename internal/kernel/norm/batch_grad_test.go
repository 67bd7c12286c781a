package norm

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
)

// batchNorm is y = relu(γ·x̂ + β + h·skip) with the statistics of the batch, in
// float64, summed with the weights w.
type batchNorm struct {
	rows, c        int
	x, skip        []float64
	gamma, beta, h []float64
	w              []float64
	closest        float64 // the z next to zero of the last loss
}

const normEps = 1e-3

func newBatchNorm(seed uint64, rows, c int) *batchNorm {
	r := kerneltest.Rand(seed)
	v := func(n int, shift float64) []float64 {
		s := make([]float64, n)
		for i := range s {
			s[i] = float64(r.Float32())*2 - 1 + shift
		}
		return s
	}
	return &batchNorm{rows: rows, c: c, x: v(rows*c, 2), skip: v(rows*c, 0),
		gamma: v(c, 0.5), beta: v(c, 0), h: v(c, 0), w: v(rows*c, 0)}
}

func (b *batchNorm) loss() float64 {
	n := float64(b.rows)
	mean, variance := make([]float64, b.c), make([]float64, b.c)
	for i, v := range b.x {
		mean[i%b.c] += v / n
	}
	for i, v := range b.x {
		d := v - mean[i%b.c]
		variance[i%b.c] += d * d / n
	}
	b.closest = math.Inf(1)
	s := 0.0
	for i, v := range b.x {
		k := i % b.c
		z := (v-mean[k])/math.Sqrt(variance[k]+normEps)*b.gamma[k] + b.beta[k] + b.h[k]*b.skip[i]
		b.closest = min(b.closest, math.Abs(z))
		s += b.w[i] * max(z, 0)
	}
	return s
}

// differences returns the gradient with respect to v, which loss reads.
func (b *batchNorm) differences(v []float64) []float64 {
	const step = 1e-6
	g := make([]float64, len(v))
	for i, old := range v {
		v[i] = old + step
		up := b.loss()
		v[i] = old - step
		g[i] = (up - b.loss()) / (2 * step)
		v[i] = old
	}
	return g
}

// TestNormBatchStatistics puts the gradient of batch normalisation together
// from the kernels, as a layer does.
func TestNormBatchStatistics(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, s := range [][2]int{{12, 3}, {7, 8}, {9, 17}, {6, 16}} {
			rows, c := s[0], s[1]
			b := newBatchNorm(40, rows, c)
			for seed := uint64(41); ; seed++ {
				b.loss()
				if b.closest > 1e-4 {
					break // away from the kink
				}
				b = newBatchNorm(seed, rows, c)
			}
			f := func(v []float64) []float32 {
				s := make([]float32, len(v))
				for i := range v {
					s[i] = float32(v[i])
				}
				return s
			}
			v := func() []float32 { return make([]float32, c) }
			x, skip, dy, h := f(b.x), f(b.skip), f(b.w), f(b.h)
			mean, variance := v(), v()
			Moments(mean, variance, x, rows, c)
			n := Batch{Rows: rows, C: c, X: x, A: v(), B: v(), Skip: skip, H: h, ReLU: true}
			inv := make([]float64, c)
			for k := range inv {
				inv[k] = 1 / math.Sqrt(float64(variance[k])+normEps)
				n.A[k] = float32(b.gamma[k] * inv[k])
				n.B[k] = float32(b.beta[k] - float64(mean[k])*float64(n.A[k]))
			}
			sum, dot, skipDot, p, q, r := v(), v(), v(), v(), v(), v()
			n.GradSums(sum, dot, skipDot, mean, dy)
			dGamma := v()
			for k := range inv {
				g := b.gamma[k] * inv[k]
				p[k] = float32(g)
				q[k] = float32(-g * inv[k] * inv[k] * float64(dot[k]) / float64(rows))
				r[k] = float32(-g*float64(sum[k])/float64(rows) - float64(q[k])*float64(mean[k]))
				dGamma[k] = float32(inv[k] * float64(dot[k]))
			}
			dx, dskip := make([]float32, rows*c), make([]float32, rows*c)
			n.GradInput(dx, dskip, p, q, r, dy)
			kerneltest.Near(t, fmt.Sprint("dx", s), dx, b.differences(b.x), 1e-5)
			kerneltest.Near(t, fmt.Sprint("dskip", s), dskip, b.differences(b.skip), 1e-5)
			kerneltest.Near(t, fmt.Sprint("dgamma", s), dGamma, b.differences(b.gamma), 1e-5)
			kerneltest.Near(t, fmt.Sprint("dbeta", s), sum, b.differences(b.beta), 1e-5)
			kerneltest.Near(t, fmt.Sprint("dh", s), skipDot, b.differences(b.h), 1e-5)
			total := make([]float64, c)
			for i, g := range dx {
				total[i%c] += float64(g)
			}
			kerneltest.Near(t, fmt.Sprint("sum of dx", s), v(), total, 1e-5)
		}
	})
}
