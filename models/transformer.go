package models

import (
	"fmt"
	"math/rand/v2"

	"pare/layers"
	"pare/nn"
)

// Transformer is a decoder of the kind of GPT-2 (Radford et al. 2019): learned
// positions and blocks of attention and feed-forward layers, each normalised
// before it and added to the stream. With a target at every position it is
// causal; with one for the whole sequence every position sees all, and the last
// one answers. Sequences of numbers enter through a linear layer.
type Transformer struct {
	Blocks     int     `yaml:"blocks"`              // default 4
	Width      int     `yaml:"width"`               // units of the stream; default 128
	Heads      int     `yaml:"heads"`               // of each attention, sharing the width; default 4
	Hidden     int     `yaml:"hidden" range:"[1,)"` // units of each feed-forward layer; default four times the width
	Activation string  `yaml:"activation"`          // relu, gelu, or reglu: relu(gate)·up (Shazeer 2020); default relu
	Dropout    float64 `yaml:"dropout"`             // of what is added to the stream, embedding included; default 0
}

func init() { Register(Transformer{}) }

func (Transformer) Name() string { return "transformer" }
func (Transformer) Doc() string {
	return "transformer with learned positions and normalisation before each layer; default 4 blocks of 128"
}

func (m Transformer) Build(decode Decode, task Task, rng *rand.Rand) (*nn.Network, error) {
	m = Transformer{Blocks: 4, Width: 128, Heads: 4, Activation: "relu"}
	if err := decode(&m); err != nil {
		return nil, err
	}
	if m.Hidden == 0 {
		m.Hidden = 4 * m.Width
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	d, err := readSequence("transformer", task)
	if err != nil {
		return nil, err
	}
	s := newStack("transformer", task, rng)
	if d.vocabulary > 0 {
		s.add("embed", &layers.Embedding{Vocab: d.vocabulary, Out: m.Width})
	} else {
		s.add("embed", &layers.Linear{Out: m.Width})
	}
	x := m.drop(s, "drop", s.add("position", &layers.Position{}))
	for i := range m.Blocks {
		x = m.block(s, fmt.Sprintf("block%d", i+1), x, d.everywhere)
	}
	if !d.everywhere {
		x = s.add("last", &layers.Last{}, x)
	}
	s.add("norm", &layers.LayerNorm{}, x)
	s.add("out", &layers.Linear{Out: d.outputs})
	return s.done()
}

func (m Transformer) check() error {
	for _, o := range []struct {
		name  string
		value int
	}{{"blocks", m.Blocks}, {"width", m.Width}, {"heads", m.Heads}, {"hidden", m.Hidden}} {
		if o.value < 1 {
			return fmt.Errorf("transformer: %s is %d, it must be at least 1", o.name, o.value)
		}
	}
	if err := checkDepth("transformer", "blocks", m.Blocks); err != nil {
		return err
	}
	if m.Width%m.Heads != 0 {
		return fmt.Errorf("transformer: width %d cannot be shared out among %d heads; make it a multiple", m.Width, m.Heads)
	}
	switch m.Activation {
	case "relu", "gelu", "reglu":
		return nil
	}
	return fmt.Errorf("transformer: activation %q is not relu, gelu or reglu", m.Activation)
}

// block adds one block that reads the stream x and returns the stream after it.
func (m Transformer) block(s *stack, name, x string, causal bool) string {
	s.add(name+".norm1", &layers.LayerNorm{}, x)
	s.add(name+".qkv", &layers.Linear{Out: 3 * m.Width})
	s.add(name+".attention", &layers.Attention{Heads: m.Heads, Causal: causal})
	y := m.drop(s, name+".drop1", s.add(name+".proj", &layers.Linear{Out: m.Width}))
	x = s.add(name+".add1", &layers.Add{}, x, y)
	y = s.add(name+".norm2", &layers.LayerNorm{}, x)
	s.add(name+".down", &layers.Linear{Out: m.Width}, m.hidden(s, name, y))
	return s.add(name+".add2", &layers.Add{}, x, m.drop(s, name+".drop2", name+".down"))
}

// hidden adds the hidden units of a feed-forward layer.
func (m Transformer) hidden(s *stack, name, x string) string {
	switch m.Activation {
	case "reglu":
		s.add(name+".gate", &layers.Linear{Out: m.Hidden}, x)
		gate := s.add(name+".relu", layers.ReLU())
		return s.add(name+".mul", &layers.Mul{}, gate, s.add(name+".up", &layers.Linear{Out: m.Hidden}, x))
	case "gelu":
		s.add(name+".up", &layers.Linear{Out: m.Hidden}, x)
		return s.add(name+".gelu", s.activation("gelu"))
	}
	s.add(name+".up", &layers.Linear{Out: m.Hidden}, x)
	return s.add(name+".relu", layers.ReLU())
}

func (m Transformer) drop(s *stack, name, x string) string {
	if m.Dropout == 0 {
		return x
	}
	return s.add(name, &layers.Dropout{P: m.Dropout}, x)
}
