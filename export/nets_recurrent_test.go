package export

import (
	"testing"

	"pare/layers"
	"pare/nn"
)

// character maps tokens to logits at each position, through all recurrent layers.
func character(t *testing.T) *nn.Network {
	s := newStack(t, "character", 1, 6)
	s.add("embed", &layers.Embedding{Vocab: 7, Out: 6})
	s.add("lstm", &layers.LSTM{Hidden: 5})
	s.add("gru", &layers.GRU{Hidden: 7})
	s.add("rnn", &layers.RNN{Hidden: 4})
	s.add("logits", &layers.Linear{Out: 7})
	randomise(s.net, 0)
	return s.net
}

// sensor maps a sequence of vectors to logits.
func sensor(t *testing.T) *nn.Network {
	s := newStack(t, "sensor", 3, 5)
	s.add("rnn", &layers.RNN{Hidden: 8, Nonlinearity: "relu"})
	s.add("gru", &layers.GRU{Hidden: 6})
	s.add("last", &layers.Last{})
	s.add("logits", &layers.Linear{Out: 3})
	randomise(s.net, 0)
	return s.net
}

func recurrents(t *testing.T) []*nn.Network {
	return []*nn.Network{character(t), sensor(t), pruned(t, sensor(t), 0.3)}
}
