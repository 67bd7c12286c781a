package models

import (
	"cmp"
	"fmt"
	"math/rand/v2"

	"pare/internal/option"
	"pare/layers"
	"pare/nn"
)

// Recurrent is the common part of the recurrent models: tokens enter through an embedding,
// vectors of numbers directly, into layers of one kind on each other. With a
// target at every position a linear layer answers at each, else at the last.
//
// A bidirectional network (Schuster & Paliwal 1997) has beside each layer "lstm1" a layer
// "lstm1_reverse" of the same size that reads the sequence from its end; the next layer reads
// the units of both. A single answer is of the states that each has after its last position,
// as in h_n of PyTorch.
type Recurrent struct {
	Hidden        int     `yaml:"hidden" range:"[1,)" doc:"units of each recurrent layer"`
	Depth         int     `yaml:"depth" range:"[1,2000]" doc:"recurrent layers"`
	Bidirectional bool    `yaml:"bidirectional,omitempty" doc:"a second layer beside each, which reads the sequence from its end"`
	Embedding     int     `yaml:"embedding,omitempty" range:"[1,)" doc:"length of the vectors of tokens, for tokens only; left out: 128"`
	Dropout       float64 `yaml:"dropout" range:"[0,1)" doc:"after each recurrent layer"`
}

// RNN is Elman's network with tanh or ReLU.
type RNN struct {
	Recurrent
	Nonlinearity string `yaml:"nonlinearity" enum:"tanh,relu" doc:"of the units"`
}

// LSTM is a network of long short-term memories.
type LSTM struct {
	Recurrent
	Memory int `yaml:"memory" range:"[0,)" doc:"steps that cells remember from the start; 0: not arranged"`
}

// GRU is a network of gated recurrent units.
type GRU struct{ Recurrent }

func init() {
	defaults := Recurrent{Hidden: 256, Depth: 1}
	Kinds.Register("rnn", "recurrent network with tanh or ReLU; default 256 units", func() Model { return &RNN{defaults, "tanh"} })
	Kinds.Register("lstm", "long short-term memory; default 256 units", func() Model { return &LSTM{Recurrent: defaults} })
	Kinds.Register("gru", "gated recurrent units; default 256 units", func() Model { return &GRU{defaults} })
}

// Build implements Model.
func (m *RNN) Build(task Task, rng *rand.Rand) (*nn.Network, error) {
	return m.network("rnn", task, rng, func() nn.Layer {
		return &layers.RNN{Hidden: m.Hidden, Nonlinearity: m.Nonlinearity}
	})
}

// Build implements Model.
func (m *LSTM) Build(task Task, rng *rand.Rand) (*nn.Network, error) {
	return m.network("lstm", task, rng, func() nn.Layer { return &layers.LSTM{Hidden: m.Hidden, Memory: m.Memory} })
}

// Build implements Model.
func (m *GRU) Build(task Task, rng *rand.Rand) (*nn.Network, error) {
	return m.network("gru", task, rng, func() nn.Layer { return &layers.GRU{Hidden: m.Hidden} })
}

// network stacks the layers that newLayer makes.
func (m Recurrent) network(kind string, task Task, rng *rand.Rand, newLayer func() nn.Layer) (*nn.Network, error) {
	if err := needSequence(kind, task); err != nil {
		return nil, err
	}
	if task.Vocabulary == 0 && m.Embedding != 0 {
		return nil, option.Errorf("embedding", "is %d, but the data gives vectors of numbers; leave it out", m.Embedding)
	}
	if m.Bidirectional && task.NextToken {
		return nil, option.Errorf("bidirectional", "is true, but %s asks for the next tokens, which such a network reads; leave it out",
			task.data())
	}
	s := newStack(kind, task, rng)
	x := nn.InputName
	if task.Vocabulary > 0 {
		x = s.add("embedding", &layers.Embedding{Vocab: task.Vocabulary, Out: cmp.Or(m.Embedding, 128)})
	}
	for i := 1; i <= m.Depth; i++ {
		name := fmt.Sprintf("%s%d", kind, i)
		forward := s.add(name, newLayer(), x)
		switch {
		case !m.Bidirectional:
			x = forward
		case i == m.Depth && !task.everywhere():
			s.add(name+"_from_end", &layers.Reverse{}, x)
			reverse := s.add(name+"_reverse", newLayer())
			x = s.add(name+"_both", &layers.Concat{},
				s.add("last", &layers.Last{}, forward), s.add("last_reverse", &layers.Last{}, reverse))
		default:
			s.add(name+"_from_end", &layers.Reverse{}, x)
			s.add(name+"_reverse", newLayer())
			x = s.add(name+"_both", &layers.Concat{}, forward, s.add(name+"_in_order", &layers.Reverse{}))
		}
		if m.Dropout != 0 {
			x = s.add(fmt.Sprintf("dropout%d", i), &layers.Dropout{P: m.Dropout}, x)
		}
	}
	if !task.everywhere() && !m.Bidirectional {
		s.add("last", &layers.Last{})
	}
	s.add("fc", &layers.Linear{Out: task.Outputs()})
	return s.done()
}
