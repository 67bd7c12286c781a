package attention

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pare/internal/kernel/kerneltest"
)

// attentionCase is a size of attention.
type attentionCase struct {
	batch, positions int
	qk, v            []int
	causal           bool
}

func (c attentionCase) String() string {
	return fmt.Sprintf("%d×%d qk%v v%v causal=%t", c.batch, c.positions, c.qk, c.v, c.causal)
}

func (c attentionCase) plan() *Plan {
	return New(c.batch, c.positions, c.qk, c.v, attentionTestScale, c.causal)
}

const attentionTestScale = 0.7

var attentionCases = func() (cases []attentionCase) {
	for _, causal := range []bool{false, true} {
		for _, c := range []attentionCase{
			{1, 1, []int{1}, []int{1}, false}, {2, 5, []int{3}, []int{2}, false}, {1, 16, []int{16}, []int{16}, false},
			{2, 17, []int{4, 4}, []int{4, 4}, false}, {1, 9, []int{5, 0, 17}, []int{1, 3, 20}, false},
			{2, 64, []int{32, 8}, []int{32, 8}, false}, {1, 66, []int{8, 3}, []int{8, 19}, false},
			{1, 150, []int{20}, []int{7}, false}, {1, 7, []int{2, 3}, []int{4, 0}, false},
		} {
			c.causal = causal
			cases = append(cases, c)
		}
	}
	return cases
}()

// attention64 is the definition of attention, and of its gradient by the chain
// rule, in float64.
func attention64(c attentionCase, x, dy []float64) (y, dx []float64) {
	keys, values := 0, 0
	for h := range c.qk {
		keys += c.qk[h]
		values += c.v[h]
	}
	in := 2*keys + values
	y, dx = make([]float64, c.batch*c.positions*values), make([]float64, len(x))
	for b := range c.batch {
		q0, v0 := 0, 0
		for h, d := range c.qk {
			at := func(i, from, j int) int { return (b*c.positions+i)*in + from + j }
			for i := range c.positions {
				seen := c.positions
				if c.causal {
					seen = i + 1
				}
				p, sum := make([]float64, seen), 0.0
				for j := range p {
					s := 0.0
					for e := range d {
						s += x[at(i, q0, e)] * x[at(j, keys+q0, e)]
					}
					p[j] = math.Exp(attentionTestScale * s)
					sum += p[j]
				}
				dp, mean := make([]float64, seen), 0.0
				out := (b*c.positions+i)*values + v0
				for j := range p {
					p[j] /= sum
					for e := range c.v[h] {
						v := at(j, 2*keys+v0, e)
						y[out+e] += p[j] * x[v]
						dx[v] += p[j] * dy[out+e]
						dp[j] += x[v] * dy[out+e]
					}
					mean += p[j] * dp[j]
				}
				for j := range p {
					ds := attentionTestScale * p[j] * (dp[j] - mean)
					for e := range d {
						q, k := at(i, q0, e), at(j, keys+q0, e)
						dx[q] += ds * x[k]
						dx[k] += ds * x[q]
					}
				}
			}
			q0 += d
			v0 += c.v[h]
		}
	}
	return y, dx
}

func (c attentionCase) random(r *rand.Rand) (a *Plan, x, dy []float32) {
	a = c.plan()
	return a, kerneltest.Slice(r, c.batch*c.positions*a.in), kerneltest.Slice(r, c.batch*c.positions*a.out)
}

func TestAttention(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(60)
		for _, c := range attentionCases {
			a, x, dy := c.random(r)
			for i := range x {
				x[i] *= 2
			}
			y, dx := kerneltest.Slice(r, len(dy)), kerneltest.Slice(r, len(x))
			want, grad := attention64(c, kerneltest.Float64s(x), kerneltest.Float64s(dy))
			for range 2 { // the second time on used workspaces
				a.Forward(y, x)
				// Scores up to 15 are rounded to 1e-6, and so are their exponentials.
				kerneltest.Near(t, c.String(), y, want, 5e-6)
				a.Backward(dx, x, dy)
				kerneltest.Near(t, c.String()+" gradient", dx, grad, 1e-5)
			}
		}
	})
}

// TestAttentionDifferences holds the gradient of the reference against finite
// differences of its output.
func TestAttentionDifferences(t *testing.T) {
	r := kerneltest.Rand(61)
	for _, c := range []attentionCase{{2, 4, []int{2, 1}, []int{1, 2}, false}, {1, 5, []int{3}, []int{2}, true}} {
		_, x32, dy32 := c.random(r)
		x, dy := kerneltest.Float64s(x32), kerneltest.Float64s(dy32)
		loss := func() float64 {
			y, _ := attention64(c, x, dy)
			sum := 0.0
			for i, v := range y {
				sum += v * dy[i]
			}
			return sum
		}
		_, grad := attention64(c, x, dy)
		for i, v := range x {
			const h = 1e-5
			x[i] = v + h
			up := loss()
			x[i] = v - h
			want := (up - loss()) / (2 * h)
			x[i] = v
			if math.Abs(grad[i]-want) > 1e-8 {
				t.Fatalf("%v: gradient %d is %g, differences give %g", c, i, grad[i], want)
			}
		}
	}
}

// Values that are not finite go no further than attention takes them: not to
// other heads or sequences, and in causal attention not back in time but for the
// rows of the same strip, where they meet probabilities of 0.
func TestAttentionNotFinite(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(62)
		c := attentionCase{2, 21, []int{5, 9}, []int{7, 3}, true}
		for _, bad := range []float32{kerneltest.NaN, float32(math.Inf(1)), float32(math.Inf(-1))} {
			for _, dimension := range []int{0, 14, 28} { // a query, a key and a value of head 0
				a, x, dy := c.random(r)
				const at = 11
				x[at*a.in+dimension] = bad
				y, dx := make([]float32, len(dy)), make([]float32, len(x))
				a.Forward(y, x)
				a.Backward(dx, x, dy)
				for i, v := range y {
					row, head0 := i/a.out, i%a.out < c.v[0]
					reached := head0 && row < c.positions && row >= at-at%stripRows
					if !reached && v-v != 0 {
						t.Fatalf("%v in dimension %d of row %d makes output %d of row %d %v", bad, dimension, at, i%a.out, row, v)
					}
				}
				for i, v := range dx {
					row, j := i/a.in, i%a.in
					head0 := j < 5 || j >= 14 && j < 19 || j >= 28 && j < 35
					if !(head0 && row < c.positions) && v-v != 0 {
						t.Fatalf("%v in dimension %d makes gradient %d of row %d %v", bad, dimension, j, row, v)
					}
				}
				if math.IsNaN(float64(bad)) && !slices.ContainsFunc(y, func(v float32) bool { return v != v }) {
					t.Fatalf("a NaN in dimension %d is lost", dimension)
				}
			}
		}
		// Scores far apart: the softmax of each row is finite.
		a, x, dy := c.random(r)
		for i := range x {
			if i%a.in < 28 {
				x[i] *= 1e15
			}
		}
		y := make([]float32, len(dy))
		a.Forward(y, x)
		for i, v := range y {
			if !(math.Abs(float64(v)) <= 1.001) {
				t.Fatalf("output %d is %v for values below 1", i, v)
			}
		}
	})
}

func TestAttentionThreadsAndAllocs(t *testing.T) {
	r := kerneltest.Rand(63)
	for _, c := range []attentionCase{{3, 70, []int{9, 16}, []int{12, 5}, true}, {3, 30, []int{9, 16}, []int{12, 5}, false}} {
		a, x, dy := c.random(r)
		y, dx := make([]float32, len(dy)), make([]float32, len(x))
		for name, f := range map[string]func() []float32{
			"forward":  func() []float32 { a.Forward(y, x); return y },
			"backward": func() []float32 { a.Backward(dx, x, dy); return dx },
		} {
			one, two := kerneltest.WithThreads(f)
			kerneltest.Same(t, name, one, two)
			kerneltest.NoAllocs(t, name, func() { f() })
		}
	}
}

func BenchmarkAttention(b *testing.B) {
	for _, c := range []attentionCase{
		{64, 64, []int{32, 32, 32, 32}, []int{32, 32, 32, 32}, true},
		{64, 64, []int{32, 32, 32, 32}, []int{32, 32, 32, 32}, false},
		{64, 64, []int{13, 32, 21, 7}, []int{21, 30, 9, 2}, true},
		{2, 512, []int{64, 64, 64, 64}, []int{64, 64, 64, 64}, true},
	} {
		a, x, dy := c.random(kerneltest.Rand(64))
		y, dx := make([]float32, len(dy)), make([]float32, len(x))
		pairs := float64(c.positions) * float64(c.positions)
		if c.causal {
			pairs = float64(c.positions) * float64(c.positions+1) / 2
		}
		ops := 0.0
		for h, d := range c.qk {
			ops += 2 * float64(c.batch) * pairs * float64(d+c.v[h])
		}
		b.Run("forward "+c.String(), func(b *testing.B) {
			for b.Loop() {
				a.Forward(y, x)
			}
			b.ReportMetric(ops*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
		b.Run("backward "+c.String(), func(b *testing.B) {
			for b.Loop() {
				a.Backward(dx, x, dy)
			}
			b.ReportMetric(2*ops*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}
