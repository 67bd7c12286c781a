package regularize_test

import (
	"fmt"
	"math"

	"pare/regularize"
)

// Max is f(w) = max|wᵢ|, the ℓ∞ norm. Its proximal map clips: the values above a
// level are cut down to it, and the level is where the cuts add up to τ.
type Max struct{}

func (Max) Kind() string { return "max" }

func (Max) Value(w []float32) (m float64) {
	for _, v := range w {
		m = max(m, math.Abs(float64(v)))
	}
	return m
}

func (p Max) Subgradient(dst, w []float32) {
	m := p.Value(w)
	for i, v := range w {
		hit := m > 0 && math.Abs(float64(v)) == m
		dst[i] = 0
		if hit {
			dst[i], m = float32(math.Copysign(1, float64(v))), math.Inf(1) // the first one only
		}
	}
}

func (p Max) Prox(w []float32, tau float32) { p.clip(w, nil, float64(tau)) }

func (p Max) ProxMetric(w, d []float32, tau float32) { p.clip(w, d, float64(tau)) }

func (p Max) clip(w, d []float32, tau float64) {
	low, high := 0.0, p.Value(w)
	for range 60 { // bisection on the level; at 0 all is cut
		level, cut := (low+high)/2, 0.0
		for i, v := range w {
			c := max(0, math.Abs(float64(v))-level)
			if d != nil {
				c *= float64(d[i])
			}
			cut += c
		}
		if cut > tau {
			low = level
		} else {
			high = level
		}
	}
	if low == 0 {
		high = 0
	}
	for i, v := range w {
		w[i] = float32(math.Copysign(min(math.Abs(float64(v)), high), float64(v)))
	}
}

// A penalty of one's own is registered and from then on known to configs.
func Example() {
	regularize.Register("max", "largest absolute value: the group becomes equal, then zero", func() regularize.Penalty { return Max{} })
	p, err := regularize.New("max")
	if err != nil {
		fmt.Println(err)
		return
	}
	w := []float32{3, -2, 0.5}
	fmt.Println("value", p.Value(w))
	p.Prox(w, 2)
	fmt.Println("after τ = 2", w)
	p.Prox(w, 4)
	fmt.Println("after τ = 4", w[0] == 0 && w[1] == 0 && w[2] == 0)
	// Output:
	// value 3
	// after τ = 2 [1.5 -1.5 0.5]
	// after τ = 4 true
}
