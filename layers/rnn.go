package layers

import (
	"fmt"
	"math/rand/v2"

	"pare/internal/kernel/recurrence"
	"pare/nn"
	"pare/nn/onnx"
)

// RNN is Elman's recurrent layer, h = f(W·x + b + U·h + b') at each position with
// the state h of the position before. Input [D, T], output the states
// [Hidden, T]. Parameters as in PyTorch: weight_ih, weight_hh, bias_ih, bias_hh,
// drawn from U(−1/√Hidden, 1/√Hidden). The state is carried from run to run until
// Program.ResetState, which gives truncated back-propagation.
type RNN struct {
	Hidden       int    `yaml:"hidden" json:"hidden" doc:"units; at least 1"`
	Nonlinearity string `yaml:"nonlinearity,omitempty" json:"nonlinearity,omitempty" enum:"tanh,relu" doc:"tanh or relu; left out: tanh"`

	recurrent
}

func init() {
	nn.RegisterLayer("recurrent layer with tanh or ReLU", func() nn.Layer { return &RNN{} })
}

func (l *RNN) Kind() string { return "rnn" }

func (l *RNN) Init(in []nn.Shape, rng *rand.Rand) (nn.Shape, error) {
	cell := recurrence.Tanh
	switch l.Nonlinearity {
	case "", "tanh":
	case "relu":
		cell = recurrence.ReLU
	default:
		return nil, fmt.Errorf("rnn: nonlinearity is %q, it must be tanh or relu", l.Nonlinearity)
	}
	return l.init("rnn", cell, l.Hidden, in, rng)
}

func (l *RNN) Slice(s nn.Slicing) (nn.Layer, error) {
	return &RNN{Hidden: len(s.Out), Nonlinearity: l.Nonlinearity, recurrent: l.slice(s)}, nil
}

// Traits implements nn.Describer: neither tanh nor max(·, 0) is steeper than 1.
func (l *RNN) Traits() nn.Traits { return nn.Traits{Recurrent: l.weightHH} }

// ONNX is RNN.
func (l *RNN) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	activation := "Tanh"
	if l.Nonlinearity == "relu" {
		activation = "Relu"
	}
	return l.onnx(b, name, "RNN", in[0], []int{0}, onnx.Strings("activations", activation)), nil
}
