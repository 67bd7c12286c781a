package layers

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pare/internal/kernel/recurrence"
	"pare/nn"
)

// recurrent is what RNN, LSTM and GRU share: input [D, T], output the hidden
// states [H, T] at all positions, with PyTorch's equations, parameters and order
// of gates.
//
// The state after the last position is carried: it is kept in State of the
// compiled program and the next run starts from it, without a gradient through it,
// until Program.ResetState. So a long sequence can be cut into pieces.
type recurrent struct {
	kind  string
	cell  recurrence.Cell
	trace *[]float32 // see KeepStateGradients

	// Weights [D, G, H] and [H, G, H] of G gates, biases [G, H].
	weightIH, weightHH, biasIH, biasHH *nn.Param
}

func (l *recurrent) init(kind string, cell recurrence.Cell, hidden int, in []nn.Shape, rng *rand.Rand) (nn.Shape, error) {
	s, err := oneInput(kind, in)
	if err != nil {
		return nil, err
	}
	if len(s) != 2 {
		return nil, fmt.Errorf("%s needs a sequence of shape D×T, got %s", kind, s)
	}
	if err := positive(kind, map[string]int{"hidden": hidden}); err != nil {
		return nil, err
	}
	l.kind, l.cell = kind, cell
	g, bound := cell.Gates(), 1/math.Sqrt(float64(hidden))
	for _, p := range []struct {
		at    **nn.Param
		name  string
		role  nn.Role
		shape []int
		axes  []nn.Axis
		order []int
	}{
		{&l.weightIH, "weight_ih", nn.RoleWeight, []int{s.Units(), g, hidden}, []nn.Axis{nn.AxisIn, nn.AxisOther, nn.AxisOut}, []int{1, 2, 0}},
		{&l.weightHH, "weight_hh", nn.RoleWeight, []int{hidden, g, hidden}, []nn.Axis{nn.AxisOut, nn.AxisOther, nn.AxisOut}, []int{1, 2, 0}},
		{&l.biasIH, "bias_ih", nn.RoleBias, []int{g, hidden}, []nn.Axis{nn.AxisOther, nn.AxisOut}, nil},
		{&l.biasHH, "bias_hh", nn.RoleBias, []int{g, hidden}, []nn.Axis{nn.AxisOther, nn.AxisOut}, nil},
	} {
		if *p.at, err = keepOrMake(*p.at, p.shape, func() *nn.Param {
			q := nn.NewParam(p.name, p.role, p.shape, p.axes...).Uniform(bound, rng)
			q.Order, q.Merged = p.order, 2
			return q
		}); err != nil {
			return nil, err
		}
	}
	return s.WithUnits(hidden), nil
}

func (l *recurrent) Params() []*nn.Param {
	return nonNil(l.weightIH, l.weightHH, l.biasIH, l.biasHH)
}

// MACs counts the products of both weights at every position.
func (l *recurrent) MACs(in []nn.Shape) int64 {
	return int64(in[0].Positions()) * int64(l.weightIH.Size()+l.weightHH.Size())
}

// StateTracer is implemented by recurrent layers, which compute on the way back
// what the loss depends on at every position.
type StateTracer interface {
	// KeepStateGradients makes the program compiled next for training keep the
	// gradients of the loss with respect to the hidden states, (batch, T, H),
	// through the layer's output and through all positions after: *into is where
	// they are after a run. nil: programs keep nothing.
	KeepStateGradients(into *[]float32)
}

// KeepStateGradients implements StateTracer.
func (l *recurrent) KeepStateGradients(into *[]float32) { l.trace = into }
