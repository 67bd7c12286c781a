package layers

import (
	"math/rand/v2"

	"pare/internal/kernel/recurrence"
	"pare/nn"
	"pare/nn/onnx"
)

// GRU is the gated recurrent unit (Cho et al. 2014) in PyTorch's form: gates r and
// z from W·x + b + U·h + b', a candidate n = tanh(W·x + b + r·(U·h + b')) and
// states h = (1 − z)·n + z·h. Input [D, T], output the states [Hidden, T].
// Parameters, carried state and initial values as for RNN, the gates in the order
// r, z, n.
type GRU struct {
	Hidden int `yaml:"hidden" json:"hidden" doc:"units; at least 1"`

	recurrent
}

func init() {
	nn.RegisterLayer("gated recurrent unit", func() nn.Layer { return &GRU{} })
}

func (l *GRU) Kind() string { return "gru" }

func (l *GRU) Init(in []nn.Shape, rng *rand.Rand) (nn.Shape, error) {
	return l.init("gru", recurrence.GRU, l.Hidden, in, rng)
}

func (l *GRU) Slice(s nn.Slicing) (nn.Layer, error) {
	return &GRU{Hidden: len(s.Out), recurrent: l.slice(s)}, nil
}

// ONNX is GRU, whose gates are in the order z, r, n.
func (l *GRU) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	return l.onnx(b, name, "GRU", in[0], []int{1, 0, 2}, onnx.Int("linear_before_reset", 1)), nil
}
