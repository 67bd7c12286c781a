package layers

import (
	"fmt"
	"math"
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
	// ForgetBias is added to the first values of the forget gates' biases, 1 or more
	// for tasks that need a long memory from the start (Gers et al. 2000; Jozefowicz
	// et al. 2015). 0 is PyTorch's.
	ForgetBias float64 `yaml:"forget_bias,omitempty" json:"forget_bias,omitempty"`

	recurrent
}

func init() {
	nn.RegisterLayer("long short-term memory", func() nn.Layer { return &LSTM{} })
}

func (l *LSTM) Kind() string { return "lstm" }

func (l *LSTM) Init(in []nn.Shape, rng *rand.Rand) (nn.Shape, error) {
	if math.IsNaN(l.ForgetBias) || math.IsInf(l.ForgetBias, 0) {
		return nil, fmt.Errorf("lstm: forget_bias is %g, it must be finite", l.ForgetBias)
	}
	fresh := l.biasIH == nil
	s, err := l.init("lstm", kernel.LSTMCell, l.Hidden, in, rng)
	if err == nil && fresh && rng != nil {
		forget := l.biasIH.Data()[l.Hidden : 2*l.Hidden]
		for i := range forget {
			forget[i] += float32(l.ForgetBias)
		}
	}
	return s, err
}

func (l *LSTM) Slice(s nn.Slicing) (nn.Layer, error) {
	return &LSTM{Hidden: len(s.Out), ForgetBias: l.ForgetBias, recurrent: l.slice(s)}, nil
}
