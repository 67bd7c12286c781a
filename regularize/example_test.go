package regularize_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pare/layers"
	"pare/nn"
	"pare/regularize"
)

// MCP is f(w) = Σ |wᵢ| − wᵢ²/2a, constant from |wᵢ| = a on (Zhang 2010): like l1
// for small values, but it leaves large ones alone. Its option is a field with tags.
type MCP struct {
	A float64 `yaml:"a" range:"(0,)" doc:"size from which values are left alone"`
}

func (*MCP) Kind() string      { return "mcp" }
func (*MCP) Elementwise() bool { return true }

func (p *MCP) Value(w []float32) (sum float64) {
	for _, v := range w {
		r := min(math.Abs(float64(v)), p.A)
		sum += r - r*r/(2*p.A)
	}
	return sum
}

func (p *MCP) Subgradient(dst, w []float32) {
	for i, v := range w {
		slope := max(0, 1-math.Abs(float64(v))/p.A)
		dst[i] = float32(math.Copysign(slope, float64(v)))
	}
}

func (p *MCP) Prox(w, d []float32, tau float32) {
	for i, v := range w {
		t, r := float64(tau), math.Abs(float64(v))
		if d != nil {
			t /= float64(d[i])
		}
		switch {
		case r >= max(p.A, math.Sqrt(t*p.A)): // beyond the bend
		case t >= p.A || r <= t:
			w[i] = 0
		default:
			w[i] = float32(math.Copysign((r-t)/(1-t/p.A), float64(v)))
		}
	}
}

func init() {
	regularize.Penalties.Register("mcp", "l1 that spares large values", func() regularize.Kind { return &MCP{A: 1} })
}

// Once registered, your own penalty is known to configs: {type: mcp, a: 2, on: weights,
// lambda: 1}.
func Example() {
	net, _ := nn.New("linear", nn.Shape{3}, rand.New(rand.NewPCG(1, 1)))
	_ = net.Add("fc", &layers.Linear{Out: 1}, nn.InputName)
	weight := net.Params()[0].Data()
	copy(weight, []float32{3, -1.5, 0.5})

	term, err := regularize.NewTerm(net, regularize.Spec{Penalty: &MCP{A: 2}, On: "weights", Lambda: 1})
	if err != nil {
		panic(err)
	}
	term.Prox(1, nil) // a step with learning rate 1
	fmt.Println(term.Name(), weight)
	// Output: mcp(weights) [3 -1 0]
}
