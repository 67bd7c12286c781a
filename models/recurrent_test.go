package models_test

import (
	"strings"
	"testing"

	. "pare/models"
	"pare/nn"
)

var waves = Task{Input: nn.Shape{3, 6}, Classes: 4}

// The counts of the character networks are PyTorch's: an embedding of 65 × 128, a
// layer of 256 and a linear one of 65.
func TestRecurrentModels(t *testing.T) {
	for _, c := range []struct {
		model, options string
		task           Task
		layers         string
		params         int64
	}{
		{"rnn", "", text, "embedding:128×64 rnn1:256×64 fc:65×64", 123841},
		{"lstm", "", text, "embedding:128×64 lstm1:256×64 fc:65×64", 420289},
		{"gru", "", text, "embedding:128×64 gru1:256×64 fc:65×64", 321473},
		{"lstm", "hidden: 7, depth: 2, embedding: 5, dropout: 0.1", text,
			"embedding:5×64 lstm1:7×64 dropout1:7×64 lstm2:7×64 dropout2:7×64 fc:65×64", 65*5 + 4*7*(5+7+2) + 4*7*(7+7+2) + 8*65},
		{"gru", "hidden: 5", waves, "gru1:5×6 last:5 fc:4", 3*5*(3+5+2) + 6*4},
		{"rnn", "hidden: 5, nonlinearity: relu", tagging, "rnn1:5×5 fc:4×5", 5*(3+5+2) + 6*4},
		{"lstm", "hidden: 4", adding, "lstm1:4×50 last:4 fc:1", 4*4*(2+4+2) + 5},
		{"gru", "hidden: 5, depth: 2, bidirectional: true, dropout: 0.2", waves,
			"gru1:5×6 gru1_from_end:3×6 gru1_reverse:5×6 gru1_in_order:5×6 gru1_both:10×6 dropout1:10×6 " +
				"gru2:5×6 gru2_from_end:10×6 gru2_reverse:5×6 last:5 last_reverse:5 gru2_both:10 dropout2:10 fc:4",
			2*3*5*(3+5+2) + 2*3*5*(10+5+2) + 11*4},
	} {
		net := mustBuild(t, c.model, c.options, c.task)
		var got []string
		for _, n := range net.Nodes {
			got = append(got, n.Name+":"+n.Shape.String())
		}
		if strings.Join(got, " ") != c.layers {
			t.Errorf("%s, %q: %v, expected %s", c.model, c.options, got, c.layers)
		}
		if n := net.Count().Params; n != c.params {
			t.Errorf("%s, %q: %d parameters, expected %d", c.model, c.options, n, c.params)
		}
		if err := Check(net, c.task); err != nil {
			t.Error(err)
		}
	}
}

func TestRecurrentModelsRefuse(t *testing.T) {
	for _, c := range []struct {
		model, options string
		task           Task
		want           string
	}{
		{"rnn", "", grey, "rnn needs sequences, the data gives images of 1×28×28"},
		{"lstm", "", Task{Data: "digits", Input: nn.Shape{64}, Classes: 10}, "lstm needs sequences, digits gives vectors of 64"},
		{"gru", "embedding: 8", waves, "embedding is 8, but the data gives vectors of numbers; leave it out"},
		{"gru", "embedding: -1", text, "model.embedding must be at least 1, got -1"},
		{"gru", "hidden: 0", text, "model.hidden must be at least 1, got 0"},
		{"lstm", "depth: 0", text, "model.depth must be at least 1 and at most 2000, got 0"},
		{"lstm", "nonlinearity: relu", text, "nonlinearity"},
		{"rnn", "nonlinearity: sine", text, `model.nonlinearity must be tanh or relu, got "sine"`},
		{"rnn", "dropout: 1", text, "dropout"},
		{"lstm", "bidirectional: true", Task{Data: "text", Input: nn.Shape{1, 8}, Classes: 9, Targets: 8, Vocabulary: 9, NextToken: true},
			"bidirectional is true, but text asks for the next tokens, which such a network reads; leave it out"},
	} {
		_, err := build(c.model, c.options, c.task)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s, %q: error %v, expected one line with %q", c.model, c.options, err, c.want)
		}
	}
}

// TestBidirectionalLikePyTorch: training steps of torch.nn.RNN, LSTM and GRU with
// bidirectional=True.
func TestBidirectionalLikePyTorch(t *testing.T) {
	var g struct {
		Input               []int
		Classes, Vocabulary int
		Cases               []struct {
			Model, Options string
			Tokens         bool
			goldenSteps
		}
	}
	readGolden(t, "bidirectional", &g)
	for _, c := range g.Cases {
		task := Task{Input: g.Input, Classes: g.Classes}
		if c.Tokens {
			task = Task{Input: nn.Shape{1, g.Input[1]}, Classes: g.Classes, Vocabulary: g.Vocabulary, Targets: g.Input[1]}
		}
		t.Run(c.Model+" "+c.Options, func(t *testing.T) { c.require(t, mustBuild(t, c.Model, c.Options, task)) })
	}
}
