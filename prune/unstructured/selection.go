package unstructured

import (
	"errors"
	"fmt"
	"math"

	"pare/nn"
	"pare/prune/importance"
)

// Selection zeroes the least important single weights of a network until a share of them, or
// an N:M pattern, is left.
type Selection struct {
	Layers
	Importance importance.Importance // an importance.OfWeights; nil: importance.Magnitude
	Share      float64               // of the weights to keep, in (0, 1]; 0: Pattern says it
	Pattern    Pattern               // to keep in place of a share
	Scope      string                // "global": the lowest scores of the network; "layer": the same share of each parameter; "" means global
	Seed       uint64                // of random scores
	Data       *importance.Data      // for criteria that need data; nil: none
}

// Validate reports options that make no sense.
func (s Selection) Validate() error {
	switch {
	case (s.Share == 0) == (s.Pattern == Pattern{}):
		return errors.New("it needs either a budget, the share of the weights to keep, or a pattern")
	case !(s.Share >= 0 && s.Share <= 1):
		return fmt.Errorf("budget weights is %g, it must be above 0 and at most 1", s.Share)
	case s.Scope != "" && s.Scope != "global" && s.Scope != "layer":
		return fmt.Errorf("selection scope %q is not global or layer", s.Scope)
	}
	_, err := s.criterion()
	return err
}

// criterion is the importance as a criterion of single weights.
func (s Selection) criterion() (importance.OfWeights, error) {
	if s.Importance == nil {
		return importance.Magnitude{}, nil
	}
	by, ok := s.Importance.(importance.OfWeights)
	if !ok {
		return nil, fmt.Errorf("importance %T scores units, not single weights; choose magnitude, lamp, random or taylor", s.Importance)
	}
	return by, nil
}

// Fits returns the error of layers that the network does not have.
func (s Selection) Fits(net *nn.Network) error {
	_, err := s.Weights(net)
	return err
}

// Zero sets the selected weights to 0, in place. After an error the network is unchanged.
func (s Selection) Zero(net *nn.Network) error {
	m, err := s.Masks(net)
	if err != nil {
		return err
	}
	m.apply()
	return nil
}

// Masks returns masks that hold the selected weights; the weights are as they were. Weights
// that are 0 already are the first to go.
func (s Selection) Masks(net *nn.Network) (*Masks, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	by, err := s.criterion()
	if err != nil {
		return nil, err
	}
	weights, err := s.Weights(net)
	if err != nil {
		return nil, err
	}
	scores, err := importance.WeightScores(by, &importance.WeightSample{Net: net, Weights: weights, Seed: s.Seed, Data: s.Data})
	if err != nil {
		return nil, err
	}
	for k, p := range weights {
		for i, v := range p.Data() {
			if v == 0 {
				scores[k][i] = float32(math.Inf(-1))
			}
		}
	}
	m := newMasks(weights)
	mark := func(k, i int) { m.frozen[weights[k].Param][i] = 1 }
	switch {
	case s.Pattern != Pattern{}:
		for k, p := range weights {
			s.Pattern.choose(p.Param, scores[k], m.frozen[p.Param])
		}
	case s.Scope == "layer":
		for k := range weights {
			lowest(scores[k:k+1], pruned(len(scores[k]), s.Share), func(_, i int) { mark(k, i) })
		}
	default:
		lowest(scores, pruned(total(weights), s.Share), mark)
	}
	return m, nil
}

// pruned is the number of n weights that go where a share stays, rounded as PyTorch rounds it.
func pruned(n int, share float64) int { return int(math.RoundToEven((1 - share) * float64(n))) }
