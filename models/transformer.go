package models

import (
	"cmp"
	"fmt"
	"math/rand/v2"

	"pare/internal/option"
	"pare/layers"
	"pare/nn"
)

// Transformer is a decoder of the kind of GPT-2 (Radford et al. 2019): learned
// positions and blocks of attention and feed-forward layers, each normalised
// before it and added to the stream. With a target at every position it is
// causal; with one for the whole sequence every position sees all, and the last
// one answers. Sequences of numbers enter through a linear layer.
type Transformer struct {
	Blocks     int     `yaml:"blocks" range:"[1,2000]" doc:"pairs of attention and feed-forward layer"`
	Width      int     `yaml:"width" range:"[1,)" doc:"units of the stream"`
	Heads      int     `yaml:"heads" range:"[1,)" doc:"of each attention, sharing the width"`
	Hidden     int     `yaml:"hidden,omitempty" range:"[1,)" doc:"units of each feed-forward layer; left out: four times the width"`
	Activation string  `yaml:"activation" enum:"relu,gelu,reglu" doc:"of the feed-forward layers; reglu: relu(gate)·up (Shazeer 2020)"`
	Dropout    float64 `yaml:"dropout" range:"[0,1)" doc:"of values added to the stream, embedding included"`
}

func init() {
	Kinds.Register("transformer", "transformer with learned positions and normalisation before each layer; default 4 blocks of 128",
		func() Model { return &Transformer{Blocks: 4, Width: 128, Heads: 4, Activation: "relu"} })
}

// Validate demands a width that the heads can share.
func (m *Transformer) Validate() error {
	if m.Width%m.Heads != 0 {
		return option.Errorf("width", "is %d, which cannot be shared out among %d heads; make it a multiple", m.Width, m.Heads)
	}
	return nil
}

// Build implements Model.
func (m *Transformer) Build(task Task, rng *rand.Rand) (*nn.Network, error) {
	if err := needSequence("transformer", task); err != nil {
		return nil, err
	}
	s := newStack("transformer", task, rng)
	if task.Vocabulary > 0 {
		s.add("embed", &layers.Embedding{Vocab: task.Vocabulary, Out: m.Width})
	} else {
		s.add("embed", &layers.Linear{Out: m.Width})
	}
	x := m.drop(s, "drop", s.add("position", &layers.Position{}))
	for i := range m.Blocks {
		x = m.block(s, fmt.Sprintf("block%d", i+1), x, task.everywhere())
	}
	if !task.everywhere() {
		x = s.add("last", &layers.Last{}, x)
	}
	s.add("norm", &layers.LayerNorm{}, x)
	s.add("out", &layers.Linear{Out: task.Outputs()})
	return s.done()
}

// block adds one block that reads the stream x and returns the stream after it.
func (m *Transformer) block(s *stack, name, x string, causal bool) string {
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
func (m *Transformer) hidden(s *stack, name, x string) string {
	hidden := cmp.Or(m.Hidden, 4*m.Width)
	switch m.Activation {
	case "reglu":
		s.add(name+".gate", &layers.Linear{Out: hidden}, x)
		gate := s.add(name+".relu", layers.ReLU())
		return s.add(name+".mul", &layers.Mul{}, gate, s.add(name+".up", &layers.Linear{Out: hidden}, x))
	case "gelu":
		s.add(name+".up", &layers.Linear{Out: hidden}, x)
		gelu, err := nn.Layers.New("gelu")
		s.err = cmp.Or(s.err, err)
		return s.add(name+".gelu", gelu)
	}
	s.add(name+".up", &layers.Linear{Out: hidden}, x)
	return s.add(name+".relu", layers.ReLU())
}

func (m *Transformer) drop(s *stack, name, x string) string {
	if m.Dropout == 0 {
		return x
	}
	return s.add(name, &layers.Dropout{P: m.Dropout}, x)
}
