package models

import (
	"fmt"
	"math/rand/v2"

	"pare/layers"
	"pare/nn"
)

// Recurrent is what the recurrent models share: tokens enter through an embedding,
// vectors of numbers directly, into layers of one kind on each other. With a
// target at every position a linear layer answers at each, else at the last.
type Recurrent struct {
	Hidden    int     `yaml:"hidden"`                 // units of each recurrent layer; default 256
	Depth     int     `yaml:"depth"`                  // recurrent layers; default 1
	Embedding int     `yaml:"embedding" range:"[1,)"` // length of the vectors of tokens; default 128; for tokens only
	Dropout   float64 `yaml:"dropout"`                // after each recurrent layer; default 0
}

// RNN is Elman's network with tanh or ReLU.
type RNN struct {
	Recurrent    `yaml:",inline"`
	Nonlinearity string `yaml:"nonlinearity"` // tanh or relu; default tanh
}

// LSTM is a network of long short-term memories.
type LSTM struct {
	Recurrent `yaml:",inline"`
	Memory    int `yaml:"memory"` // steps that cells remember from the start; default 0, not arranged
}

// GRU is a network of gated recurrent units.
type GRU struct {
	Recurrent `yaml:",inline"`
}

func init() {
	Register(RNN{})
	Register(LSTM{})
	Register(GRU{})
}

func (RNN) Name() string  { return "rnn" }
func (LSTM) Name() string { return "lstm" }
func (GRU) Name() string  { return "gru" }

func (RNN) Doc() string  { return "recurrent network with tanh or ReLU; default 256 units" }
func (LSTM) Doc() string { return "long short-term memory; default 256 units" }
func (GRU) Doc() string  { return "gated recurrent units; default 256 units" }

func (m RNN) Build(decode Decode, task Task, rng *rand.Rand) (*nn.Network, error) {
	m = RNN{Recurrent: defaultRecurrent(), Nonlinearity: "tanh"}
	if err := decode(&m); err != nil {
		return nil, err
	}
	return m.network("rnn", task, rng, func() nn.Layer {
		return &layers.RNN{Hidden: m.Hidden, Nonlinearity: m.Nonlinearity}
	})
}

func (m LSTM) Build(decode Decode, task Task, rng *rand.Rand) (*nn.Network, error) {
	m = LSTM{Recurrent: defaultRecurrent()}
	if err := decode(&m); err != nil {
		return nil, err
	}
	return m.network("lstm", task, rng, func() nn.Layer { return &layers.LSTM{Hidden: m.Hidden, Memory: m.Memory} })
}

func (m GRU) Build(decode Decode, task Task, rng *rand.Rand) (*nn.Network, error) {
	m = GRU{defaultRecurrent()}
	if err := decode(&m); err != nil {
		return nil, err
	}
	return m.network("gru", task, rng, func() nn.Layer { return &layers.GRU{Hidden: m.Hidden} })
}

func defaultRecurrent() Recurrent { return Recurrent{Hidden: 256, Depth: 1} }

// network stacks the layers that newLayer makes.
func (m Recurrent) network(kind string, task Task, rng *rand.Rand, newLayer func() nn.Layer) (*nn.Network, error) {
	d, err := readSequence(kind, task)
	if err != nil {
		return nil, err
	}
	if err := m.check(kind, d); err != nil {
		return nil, err
	}
	s := newStack(kind, task, rng)
	if d.vocabulary > 0 {
		s.add("embedding", &layers.Embedding{Vocab: d.vocabulary, Out: m.embedding()})
	}
	for i := range m.Depth {
		s.add(fmt.Sprintf("%s%d", kind, i+1), newLayer())
		if m.Dropout != 0 {
			s.add(fmt.Sprintf("dropout%d", i+1), &layers.Dropout{P: m.Dropout})
		}
	}
	if !d.everywhere {
		s.add("last", &layers.Last{})
	}
	s.add("fc", &layers.Linear{Out: d.outputs})
	return s.done()
}

func (m Recurrent) embedding() int {
	if m.Embedding == 0 {
		return 128
	}
	return m.Embedding
}

func (m Recurrent) check(kind string, d sequenceTask) error {
	if d.vocabulary == 0 && m.Embedding != 0 {
		return fmt.Errorf("%s: embedding is %d, but the data gives vectors of numbers; leave it out", kind, m.Embedding)
	}
	for _, o := range []struct {
		name  string
		value int
	}{{"hidden", m.Hidden}, {"depth", m.Depth}, {"embedding", m.embedding()}} {
		if o.value < 1 {
			return fmt.Errorf("%s: %s is %d, it must be at least 1", kind, o.name, o.value)
		}
	}
	return checkDepth(kind, "depth", m.Depth)
}
