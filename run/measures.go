package run

import (
	"cmp"
	"fmt"
	"math"

	"pare/datasets"
	"pare/report"
)

// Language holds the losses of a summary as measures of a language model, where the task
// is to predict the next character (or other token) of a text. All fields are 0, and left out of
// summary.json, for other tasks.
type Language struct {
	// Perplexity is exp of the loss: between how many equally likely characters the
	// network is in doubt.
	PerplexityTrained     float64 `json:"perplexity_trained,omitempty"`
	PerplexityBeforePrune float64 `json:"perplexity_before_prune,omitempty"`
	PerplexityAfterPrune  float64 `json:"perplexity_after_prune,omitempty"`
	PerplexityFinal       float64 `json:"perplexity_final,omitempty"`
	// Bits per character are the loss in bits.
	BitsTrained     float64 `json:"bits_per_character_trained,omitempty"`
	BitsBeforePrune float64 `json:"bits_per_character_before_prune,omitempty"`
	BitsAfterPrune  float64 `json:"bits_per_character_after_prune,omitempty"`
	BitsFinal       float64 `json:"bits_per_character_final,omitempty"`
	// EntropyBits are the fewest bits per character that there can be, for data that
	// know; ExcessBits are how many more the final network needs.
	EntropyBits float64 `json:"entropy_bits_per_character,omitempty"`
	ExcessBits  float64 `json:"excess_bits_per_character,omitempty"`
}

// Regression holds the losses of a summary where targets are numbers: the mean of the
// squared differences. All fields are 0, and left out of summary.json,
// for other tasks. Accuracies are then shares of predictions within 0.04.
type Regression struct {
	MSETrained     float64 `json:"mse_trained,omitempty"`
	MSEBeforePrune float64 `json:"mse_before_prune,omitempty"`
	MSEAfterPrune  float64 `json:"mse_after_prune,omitempty"`
	MSEFinal       float64 `json:"mse_final,omitempty"`
}

// measures turns losses of the trained network, before and after removal and at the
// end into the measures of a task.
func measures(set *datasets.Set, trained, before, after, final float64) (l Language, r Regression) {
	switch {
	case set.Task.Classes == 0:
		r = Regression{trained, before, after, final}
	case set.Task.NextToken:
		l = Language{Perplexity(trained), Perplexity(before), Perplexity(after), Perplexity(final),
			BitsPerCharacter(trained), BitsPerCharacter(before), BitsPerCharacter(after), BitsPerCharacter(final), 0, 0}
		if set.Entropy > 0 {
			l.EntropyBits = BitsPerCharacter(set.Entropy)
			l.ExcessBits = l.BitsFinal - l.EntropyBits
		}
	}
	return l, r
}

// Perplexity is exp of a mean loss in nats, the largest number where that is too
// large.
func Perplexity(loss float64) float64 { return min(math.Exp(loss), math.MaxFloat64) }

// BitsPerCharacter is a mean loss in nats in bits.
func BitsPerCharacter(loss float64) float64 { return loss / math.Ln2 }

// Targets is the number of targets that accuracies are shares of.
func (s *Summary) Targets() int { return cmp.Or(s.TestTargets, s.TestExamples) }

// Headline is the result on the test set that runs of one task are compared by: the error
// where classes are predicted, the perplexity of a text, or the mean square error. Its
// values go from the trained network to the final one; a stage whose loss an older version
// did not keep is left out.
func (s *Summary) Headline() (measure string, values []report.StageValue) {
	measure, of := "error", func(at stage) float64 { return 1 - at.Accuracy }
	switch {
	case s.PerplexityFinal > 0:
		measure, of = "perplexity", func(at stage) float64 { return Perplexity(at.loss) }
	case s.MSEFinal > 0:
		measure, of = "mean square error", func(at stage) float64 { return at.loss }
	}
	for _, at := range s.stages() {
		if v := of(at); !math.IsNaN(v) {
			values = append(values, report.StageValue{Stage: at.Name, Value: v})
		}
	}
	return measure, values
}

// Measures are the results on the test set that loss and accuracy do not show, for
// reports.
func (s *Summary) Measures() []report.Measure {
	var out []report.Measure
	stages := s.stages()
	if s.PerplexityFinal > 0 {
		out = append(out, lossMeasure("perplexity", "%.4g", stages, Perplexity))
		bits := lossMeasure("bits per character", "%.4f", stages, BitsPerCharacter)
		if s.EntropyBits > 0 {
			bits.Note = fmt.Sprintf("%.4f above the entropy, %.4f", s.ExcessBits, s.EntropyBits)
		}
		out = append(out, bits)
	}
	if s.MSEFinal > 0 {
		out = append(out, lossMeasure("mean square error", "%.4g", stages, func(v float64) float64 { return v }))
	}
	return append(out, activities(stages)...)
}
