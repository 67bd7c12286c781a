package export

import (
	"testing"

	"pare/layers"
	"pare/nn"
)

// vocabulary is the number of tokens that the network reads, 0 for numbers.
func vocabulary(net *nn.Network) int {
	if l, ok := net.Nodes[0].Layer.(*layers.Embedding); ok {
		return l.Vocab
	}
	return 0
}

// text maps tokens to logits at each position.
func text(t *testing.T) *nn.Network {
	s := newStack(t, "text", 1, 5)
	s.add("embed", &layers.Embedding{Vocab: 7, Out: 6})
	s.add("position", &layers.Position{})
	s.add("norm", &layers.LayerNorm{})
	s.add("qkv", &layers.Linear{Out: 12})
	s.add("attention", &layers.Attention{Heads: 2, Causal: true})
	s.add("up", &layers.Linear{Out: 9})
	gate := s.act("relu")
	s.add("other", &layers.Linear{Out: 9}, "attention")
	s.add("gated", &layers.Mul{}, gate, "other")
	s.add("down", &layers.Linear{Out: 6, NoBias: true})
	s.add("add", &layers.Add{}, "position", "down")
	s.add("logits", &layers.Linear{Out: 7})
	randomise(s.net, 0)
	return s.net
}

// readings maps a sequence of vectors to logits.
func readings(t *testing.T) *nn.Network {
	s := newStack(t, "readings", 3, 4)
	s.add("embed", &layers.Linear{Out: 5})
	s.add("position", &layers.Position{Index: []int{0, 1, 3, 4, 6}, Units: 7})
	s.add("pick", &layers.Select{Index: []int{0, 1, 2, 5}})
	s.add("narrow", &layers.LayerNorm{Width: 7, From: []int{0, 2, -1, 3, -1}})
	s.act("tanh")
	s.add("qkv", &layers.Linear{Out: 10})
	s.add("attention", &layers.Attention{Heads: 2, QK: []int{2, 0}, V: []int{2, 4}, Scale: 0.4})
	s.add("token", &layers.ClassToken{})
	s.add("last", &layers.Last{})
	s.add("logits", &layers.Linear{Out: 3})
	randomise(s.net, 0)
	return s.net
}

// patches maps an image to logits by way of the pixels as tokens.
func patches(t *testing.T) *nn.Network {
	s := newStack(t, "patches", 3, 3, 2)
	s.add("pixels", &layers.Linear{Out: 6})
	s.add("tokens", &layers.Tokens{})
	s.add("class", &layers.ClassToken{})
	s.add("position", &layers.Position{})
	s.add("qkv", &layers.Linear{Out: 16})
	s.add("rotary", &layers.Rotary{Heads: 3, Dim: 4, Base: 100})
	s.add("grouped", layers.GroupedQueries(2, 1, 4)) // 8 + 4 + 4 units
	s.add("attention", &layers.Attention{Heads: 2})
	s.add("reverse", &layers.Reverse{})
	first := s.add("first", &layers.First{})
	last := s.add("last", &layers.Last{}, "rotary")
	s.add("both", &layers.Concat{}, first, last)
	s.add("logits", &layers.Linear{Out: 3})
	randomise(s.net, 0)
	return s.net
}

// shared has an embedding that is the output layer too, in two places, and layers used twice.
func shared(t *testing.T) *nn.Network {
	s := newStack(t, "shared", 1, 5)
	s.add("embed", &layers.Embedding{Vocab: 7, Out: 6})
	s.add("lstm1", &layers.LSTM{Hidden: 6})
	s.tied("lstm2", &layers.LSTM{}, "lstm1")
	s.add("norm1", &layers.RMSNorm{})
	s.add("fc1", &layers.Linear{Out: 6})
	s.act("tanh")
	s.tied("norm2", &layers.RMSNorm{}, "norm1")
	x := s.tied("fc2", &layers.Linear{}, "fc1")
	s.add("last", &layers.Last{})
	y := s.tied("out", &layers.Linear{}, "embed")
	first := s.add("first", &layers.First{}, x)
	s.add("sum", &layers.Add{}, y, s.tied("out2", &layers.Linear{}, "out", first))
	randomise(s.net, 0)
	return s.net
}

// filters has a convolution and a linear layer over pixels that are used twice.
func filters(t *testing.T) *nn.Network {
	s := newStack(t, "filters", 3, 4, 5)
	s.add("conv1", &layers.Conv{Out: 3, Kernel: layers.Square(3), Pad: layers.Around(1)})
	s.act("relu")
	s.tied("conv2", &layers.Conv{}, "conv1")
	s.add("pixels1", &layers.Linear{Out: 3})
	s.tied("pixels2", &layers.Linear{}, "pixels1")
	s.add("pool", &layers.GlobalPool{})
	s.add("logits", &layers.Linear{Out: 4})
	randomise(s.net, 0)
	return s.net
}

func sequences(t *testing.T) []*nn.Network {
	return append(recurrents(t), text(t), readings(t), pruned(t, readings(t), 0.3), pruned(t, readings(t), 0.5),
		patches(t), pruned(t, patches(t), 0.4),
		shared(t), pruned(t, shared(t), 0.3), filters(t), pruned(t, filters(t), 0.4))
}
