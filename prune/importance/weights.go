package importance

import (
	"fmt"

	"pare/nn"
)

// OfWeights is implemented by criteria that also score single weights.
type OfWeights interface {
	Importance
	// ScoreWeights returns a score for every value of every parameter of the sample; scores
	// must not be NaN.
	ScoreWeights(s *WeightSample) ([][]float32, error)
}

// WeightSample is the evidence for a criterion of single weights.
type WeightSample struct {
	Net     *nn.Network
	Weights []nn.NamedParam // of the network
	Seed    uint64          // of random scores
	Data    *Data           // nil: none
}

// WeightScores are the scores by a criterion, in the order of the values of the parameters.
func WeightScores(by OfWeights, s *WeightSample) ([][]float32, error) {
	scores, err := by.ScoreWeights(s)
	if err != nil {
		return nil, err
	}
	if len(scores) != len(s.Weights) {
		return nil, fmt.Errorf("importance %T gives scores for %d parameters of %d", by, len(scores), len(s.Weights))
	}
	for k, p := range s.Weights {
		if len(scores[k]) != p.Size() {
			return nil, fmt.Errorf("importance %T gives %d scores for the %d values of %s", by, len(scores[k]), p.Size(), p.Full)
		}
		for _, v := range scores[k] {
			if v != v {
				return nil, fmt.Errorf("importance %T gives NaN for a value of %s, which has no place in a ranking", by, p.Full)
			}
		}
	}
	return scores, nil
}

// perWeight makes scores by a function of the place of a value.
func (s *WeightSample) perWeight(score func(k, i int) float32) [][]float32 {
	out := make([][]float32, len(s.Weights))
	for k, p := range s.Weights {
		out[k] = make([]float32, p.Size())
		for i := range out[k] {
			out[k][i] = score(k, i)
		}
	}
	return out
}
