package layers

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pare/internal/kernel/recurrence"
	"pare/nn"
	"pare/nn/onnx"
)

// LSTM is the long short-term memory (Hochreiter & Schmidhuber 1997; Gers et al.
// 2000): gates i, f, o and a candidate g from W·x + b + U·h + b', cells
// c = f·c + i·g and states h = o·tanh(c). Input [D, T], output the states
// [Hidden, T]. Parameters, carried state and initial values as for RNN, the gates
// in the order i, f, g, o.
type LSTM struct {
	Hidden int `yaml:"hidden" json:"hidden" doc:"units; at least 1"`
	// Memory is the number of steps that untrained cells remember, at least 2: the biases
	// of forget gates begin at ln u, the biases of input gates at −ln u, with u uniform in
	// [1, Memory−1] for each unit (Tallec & Ollivier 2018, equation 16). 0: initial values
	// as for RNN, which are PyTorch's and forget within a few steps.
	Memory int `yaml:"memory,omitempty" json:"memory,omitempty" doc:"steps that untrained cells remember, at least 2; left out: as PyTorch, which forget within a few steps"`

	recurrent
}

func init() {
	nn.RegisterLayer("long short-term memory", func() nn.Layer { return &LSTM{} })
}

func (l *LSTM) Kind() string { return "lstm" }

func (l *LSTM) Init(in []nn.Shape, rng *rand.Rand) (nn.Shape, error) {
	if l.Memory < 0 || l.Memory == 1 {
		return nil, fmt.Errorf("lstm: memory is %d, it must be at least 2 steps, or 0 for none", l.Memory)
	}
	fresh := l.biasIH == nil
	s, err := l.init("lstm", recurrence.LSTM, l.Hidden, in, rng)
	if err == nil && fresh && rng != nil && l.Memory > 0 {
		input, hidden := l.biasIH.Data(), l.biasHH.Data()
		clear(hidden[:2*l.Hidden])
		for i := range l.Hidden {
			forget := math.Log(1 + rng.Float64()*float64(l.Memory-2))
			input[i], input[l.Hidden+i] = float32(-forget), float32(forget)
		}
	}
	return s, err
}

func (l *LSTM) Slice(s nn.Slicing) (nn.Layer, error) {
	return &LSTM{Hidden: len(s.Out), Memory: l.Memory, recurrent: l.slice(s)}, nil
}

// ONNX is LSTM, whose gates are in the order i, o, f, g.
func (l *LSTM) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	return l.onnx(b, name, "LSTM", in[0], []int{0, 3, 1, 2}), nil
}
