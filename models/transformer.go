package models

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"

	"pare/internal/option"
	"pare/layers"
	"pare/nn"
)

// Transformer is a decoder of the kind of GPT-2 (Radford et al. 2019): learned
// positions and blocks of attention and feed-forward layers, each normalised
// before it and added to the stream. With a target at every position it is
// causal; with one for the whole sequence every position sees all, and the last
// one answers. Sequences of numbers enter through a linear layer. With rmsnorm, rotary
// positions, swiglu and shared keys it is of the kind of Llama (Touvron et al. 2023).
type Transformer struct {
	Blocks     int     `yaml:"blocks" range:"[1,2000]" doc:"pairs of attention and feed-forward layer"`
	Width      int     `yaml:"width" range:"[1,)" doc:"units of the stream"`
	Heads      int     `yaml:"heads" range:"[1,)" doc:"of each attention, sharing the width"`
	Hidden     int     `yaml:"hidden,omitempty" range:"[1,)" doc:"units of each feed-forward layer; left out: four times the width"`
	Activation string  `yaml:"activation" enum:"relu,gelu,silu,reglu,geglu,swiglu" doc:"of the feed-forward layers; reglu, geglu and swiglu: relu, gelu or silu of a gate, times up (Shazeer 2020)"`
	KVHeads    int     `yaml:"kv_heads,omitempty" range:"[1,)" doc:"heads of keys and values, each shared by heads/kv_heads heads of queries (Ainslie et al. 2023); left out: as many as heads"`
	Norm       string  `yaml:"norm" enum:"layernorm,rmsnorm" doc:"normalisation before each layer; rmsnorm: without mean and shift (Zhang & Sennrich 2019)"`
	Positions  string  `yaml:"positions" enum:"learned,rotary" doc:"learned: a vector for each position; rotary: queries and keys turn by angles that grow with the position (Su et al. 2021)"`
	Tied       bool    `yaml:"tied,omitempty" doc:"for tokens: the weight of the output layer, without bias, is the embedding, drawn with deviation 1/√width (Press & Wolf 2017)"`
	Dropout    float64 `yaml:"dropout" range:"[0,1)" doc:"of values added to the stream, embedding included"`
}

func init() {
	Kinds.Register("transformer", "transformer with learned positions and normalisation before each layer; default 4 blocks of 128",
		func() Model {
			return &Transformer{Blocks: 4, Width: 128, Heads: 4, Activation: "relu", Norm: "layernorm", Positions: "learned"}
		})
}

// Validate demands a width that the heads can share.
func (m *Transformer) Validate() error {
	if m.Width%m.Heads != 0 {
		return option.Errorf("width", "is %d, which cannot be shared out among %d heads; make it a multiple", m.Width, m.Heads)
	}
	if m.KVHeads > 0 && m.Heads%m.KVHeads != 0 {
		return option.Errorf("kv_heads", "is %d, which cannot be shared by %d heads; make it a divisor", m.KVHeads, m.Heads)
	}
	if d := m.Width / m.Heads; m.Positions == "rotary" && d%2 != 0 {
		return option.Errorf("positions", "is rotary, which turns pairs of dimensions, and a head has %d; make width/heads even", d)
	}
	return nil
}

// Build implements Model.
func (m *Transformer) Build(task Task, rng *rand.Rand) (*nn.Network, error) {
	if err := needSequence("transformer", task); err != nil {
		return nil, err
	}
	s := newStack("transformer", task, rng)
	switch {
	case m.Tied && (task.Vocabulary == 0 || task.Outputs() != task.Vocabulary):
		return nil, option.Errorf("tied", "is true, which needs answers that are tokens of the input; %s has %d outputs and %s; leave it out",
			task.data(), task.Outputs(), tokens(task.Vocabulary))
	case m.Tied:
		s.add("embed", &layers.Embedding{Vocab: task.Vocabulary, Out: m.Width, Std: 1 / math.Sqrt(float64(m.Width))})
	case task.Vocabulary > 0:
		s.add("embed", &layers.Embedding{Vocab: task.Vocabulary, Out: m.Width})
	default:
		s.add("embed", &layers.Linear{Out: m.Width})
	}
	x := "embed"
	if m.Positions == "learned" {
		x = s.add("position", &layers.Position{})
	}
	x = m.drop(s, "drop", x)
	for i := range m.Blocks {
		x = m.block(s, fmt.Sprintf("block%d", i+1), x, task.everywhere())
	}
	if !task.everywhere() {
		x = s.add("last", &layers.Last{}, x)
	}
	m.norm(s, "norm", x)
	if m.Tied {
		s.tied("out", &layers.Linear{NoBias: true}, "embed")
	} else {
		s.add("out", &layers.Linear{Out: task.Outputs()})
	}
	return s.done()
}

// block adds one block that reads the stream x and returns the stream after it.
func (m *Transformer) block(s *stack, name, x string, causal bool) string {
	m.norm(s, name+".norm1", x)
	m.attention(s, name, causal)
	y := m.drop(s, name+".drop1", s.add(name+".proj", &layers.Linear{Out: m.Width}))
	x = s.add(name+".add1", &layers.Add{}, x, y)
	y = m.norm(s, name+".norm2", x)
	s.add(name+".down", &layers.Linear{Out: m.Width}, m.hidden(s, name, y))
	return s.add(name+".add2", &layers.Add{}, x, m.drop(s, name+".drop2", name+".down"))
}

// hidden adds the hidden units of a feed-forward layer.
func (m *Transformer) hidden(s *stack, name, x string) string {
	hidden := cmp.Or(m.Hidden, 4*m.Width)
	act, gated := m.Activation, true
	switch act {
	case "reglu":
		act = "relu"
	case "geglu":
		act = "gelu"
	case "swiglu":
		act = "silu"
	default:
		gated = false
	}
	activation, err := nn.Layers.New(act)
	s.err = cmp.Or(s.err, err)
	if !gated {
		s.add(name+".up", &layers.Linear{Out: hidden}, x)
		return s.add(name+"."+act, activation)
	}
	s.add(name+".gate", &layers.Linear{Out: hidden}, x)
	gate := s.add(name+"."+act, activation)
	return s.add(name+".mul", &layers.Mul{}, gate, s.add(name+".up", &layers.Linear{Out: hidden}, x))
}

// attention adds queries, keys and values of the last layer, and attention over them.
func (m *Transformer) attention(s *stack, name string, causal bool) {
	groups, d := cmp.Or(m.KVHeads, m.Heads), m.Width/m.Heads
	s.add(name+".qkv", &layers.Linear{Out: m.Width + 2*groups*d})
	if m.Positions == "rotary" {
		s.add(name+".rotary", &layers.Rotary{Heads: m.Heads + groups, Dim: d})
	}
	if groups < m.Heads {
		s.add(name+".shared", layers.GroupedQueries(m.Heads, groups, d))
	}
	s.add(name+".attention", &layers.Attention{Heads: m.Heads, Causal: causal})
}

// norm adds a normalisation and returns its name.
func (m *Transformer) norm(s *stack, name, x string) string {
	if m.Norm == "rmsnorm" {
		return s.add(name, &layers.RMSNorm{}, x)
	}
	return s.add(name, &layers.LayerNorm{}, x)
}

func (m *Transformer) drop(s *stack, name, x string) string {
	if m.Dropout == 0 {
		return x
	}
	return s.add(name, &layers.Dropout{P: m.Dropout}, x)
}
