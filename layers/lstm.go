package layers

import (
	"math/rand/v2"

	"pare/internal/kernel"
	"pare/nn"
)

// LSTM is the long short-term memory (Hochreiter & Schmidhuber 1997; Gers et al.
// 2000): gates i, f, o and a candidate g from W·x + b + U·h + b', cells
// c = f·c + i·g and states h = o·tanh(c). Input [D, T], output the states
// [Hidden, T]. Parameters, carried state and initial values as for RNN, the gates
// in the order i, f, g, o.
type LSTM struct {
	Hidden int `yaml:"hidden" json:"hidden"` // units; at least 1

	recurrent
}

func init() {
	nn.RegisterLayer("long short-term memory", func() nn.Layer { return &LSTM{} })
}

func (l *LSTM) Kind() string { return "lstm" }

func (l *LSTM) Init(in []nn.Shape, rng *rand.Rand) (nn.Shape, error) {
	return l.init("lstm", kernel.LSTMCell, l.Hidden, in, rng)
}

func (l *LSTM) Slice(s nn.Slicing) (nn.Layer, error) {
	return &LSTM{Hidden: len(s.Out), recurrent: l.slice(s)}, nil
}
