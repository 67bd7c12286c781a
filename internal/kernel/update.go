package kernel

import "math"

// The updates of the optimizers work on a piece of a parameter, on the calling
// goroutine: the caller shares a network's parameters out. Products and sums
// are rounded one by one, in Go as in assembly, so that both give the same
// bits; the updates are bound by memory, not by arithmetic.

// SGD is a step of stochastic gradient descent, with d = Scale·g + Decay·x:
//
//	v ← Momentum·v + d          where there is a velocity
//	x ← x − Rate·v              (Nesterov: x − Rate·(d + Momentum·v); plain: x − Rate·d)
//	x ← soft(x, Cut)·Shrink     where Cut > 0
type SGD struct {
	Rate, Scale, Decay, Momentum float32
	Cut                          float32 // soft threshold after the update; 0: none
	Shrink                       float32 // factor after the threshold; read where Cut > 0
	Nesterov                     bool
}

// Update makes the step. A nil v is plain descent; where frozen is not 0, x and
// v become 0; a nil frozen freezes nothing.
func (k *SGD) Update(x, g, v, frozen []float32) {
	n := len(x)
	g = g[:n]
	i := 0
	if useAVX2 && n >= 8 {
		i = n &^ 7
		sgdAVX2(k, &x[0], &g[0], first(v, n), first(frozen, n), i)
	}
	for ; i < n; i++ {
		d := float32(k.Scale*g[i]) + float32(k.Decay*x[i])
		if v != nil {
			v[i] = float32(k.Momentum*v[i]) + d
			if k.Nesterov {
				d += float32(k.Momentum * v[i])
			} else {
				d = v[i]
			}
		}
		x[i] -= float32(k.Rate * d)
		if k.Cut > 0 {
			x[i] = soft(x[i], k.Cut) * k.Shrink
		}
		if frozen != nil && frozen[i] != 0 {
			x[i] = 0
			if v != nil {
				v[i] = 0
			}
		}
	}
}

// Adam is a step of Adam, with g' = Scale·g + Coupled·x and d = √v/Root + Eps:
//
//	m ← Beta1·m + Rest1·g'
//	v ← Beta2·v + Rest2·g'²
//	x ← Keep·x − Rate·m/d
//	x ← soft(x, Cut/d)/(1 + Ridge/d)     where Cut > 0
type Adam struct {
	Rate, Scale  float32
	Coupled      float32 // weight decay as part of the gradient
	Keep         float32 // 1 − lr·decay of decoupled weight decay, or 1
	Beta1, Rest1 float32
	Beta2, Rest2 float32
	Root         float32 // √(1−β₂ᵗ): bias correction of √v; that of m is in Rate
	Eps          float32
	Cut          float32 // soft threshold in the metric d after the update; 0: none
	Ridge        float32 // square part of an elastic net; read where Cut > 0
}

// Update makes the step. Where frozen is not 0, x, m and v become 0; a nil frozen
// freezes nothing.
func (k *Adam) Update(x, g, m, v, frozen []float32) {
	n := len(x)
	g, m, v = g[:n], m[:n], v[:n]
	i := 0
	if useAVX2 && n >= 8 {
		i = n &^ 7
		adamAVX2(k, &x[0], &g[0], &m[0], &v[0], first(frozen, n), i)
	}
	for ; i < n; i++ {
		u := float32(k.Scale*g[i]) + float32(k.Coupled*x[i])
		m[i] = float32(k.Beta1*m[i]) + float32(k.Rest1*u)
		v[i] = float32(k.Beta2*v[i]) + float32(float32(k.Rest2*u)*u)
		d := k.metric(v[i])
		x[i] = float32(k.Keep*x[i]) - float32(k.Rate*m[i])/d
		if k.Cut > 0 {
			x[i] = softMetric(x[i], d, k.Cut, k.Ridge)
		}
		if frozen != nil && frozen[i] != 0 {
			x[i], m[i], v[i] = 0, 0, 0
		}
	}
}

// Metric sets dst to the diagonal √v/Root + Eps in which Adam's steps are taken,
// for a whole parameter: it runs on all threads.
func (k *Adam) Metric(dst, v []float32) {
	j := newJob()
	j.dst, j.a, j.s, j.eps = dst, v[:len(dst)], k.Root, k.Eps
	j.flat(func(j *job, lo, hi, _ int) { adamMetric(j.dst[lo:hi], j.a[lo:hi], j.s, j.eps) })
}

func adamMetric(dst, v []float32, root, eps float32) {
	i := 0
	if useAVX2 && len(dst) >= 8 {
		i = len(dst) &^ 7
		adamMetricAVX2(&dst[0], &v[0], i, root, eps)
	}
	k := Adam{Root: root, Eps: eps}
	for ; i < len(dst); i++ {
		dst[i] = k.metric(v[i])
	}
}

func (k *Adam) metric(v float32) float32 {
	return float32(math.Sqrt(float64(v)))/k.Root + k.Eps
}

// first is the address of a slice that may be nil and else holds n values.
func first(s []float32, n int) *float32 {
	if s == nil {
		return nil
	}
	return &s[:n][0]
}
