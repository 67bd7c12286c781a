package regularize_test

import (
	"fmt"
	"math"

	"pare/regularize"
)

// MCP is f(w) = Σ |wᵢ| − wᵢ²/2a, constant from |wᵢ| = a on (Zhang 2010): like l1
// for small values, but it leaves large ones as they are.
type MCP struct{ A float64 }

func (MCP) Kind() string      { return "mcp" }
func (MCP) Elementwise() bool { return true }

func (p MCP) Value(w []float32) (sum float64) {
	for _, v := range w {
		r := min(math.Abs(float64(v)), p.A)
		sum += r - r*r/(2*p.A)
	}
	return sum
}

func (p MCP) Subgradient(dst, w []float32) {
	for i, v := range w {
		slope := max(0, 1-math.Abs(float64(v))/p.A)
		dst[i] = float32(math.Copysign(slope, float64(v)))
	}
}

func (p MCP) Prox(w []float32, tau float32) {
	for i := range w {
		p.ProxMetric(w[i:i+1], []float32{1}, tau)
	}
}

func (p MCP) ProxMetric(w, d []float32, tau float32) {
	for i, v := range w {
		t, r := float64(tau/d[i]), math.Abs(float64(v))
		switch {
		case r >= max(p.A, math.Sqrt(t*p.A)): // beyond the bend
		case t >= p.A || r <= t:
			w[i] = 0
		default:
			w[i] = float32(math.Copysign((r-t)/(1-t/p.A), float64(v)))
		}
	}
}

// A penalty of one's own is registered and from then on known to configs.
func Example() {
	regularize.Register("mcp", "l1 that spares large values", func() regularize.Penalty { return MCP{A: 2} })
	p, _ := regularize.New("mcp")
	w := []float32{3, -1.5, 0.5}
	p.Prox(w, 1)
	fmt.Println(w, p.Value(w))
	// Output: [3 -1 0] 1.75
}
