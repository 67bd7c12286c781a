package train

import (
	"cmp"
	"errors"
	"fmt"

	"pare/internal/option"
	"pare/layers"
	"pare/nn"
)

// WorstGroups makes training go by the groups of examples that do worst; see layers.WorstGroup.
// Batches must say which examples they have, in Batch.Examples, and have no weights.
type WorstGroups struct {
	Of    []int32 // group of each training example
	Sizes []int   // examples of each group
	WorstGroupSpec
}

// WorstGroupSpec holds the numbers of a WorstGroups.
type WorstGroupSpec struct {
	Rate   float64 `yaml:"rate,omitempty" range:"(0,10]" doc:"worst: how fast the weights of groups follow their losses; left out: 0.01"`
	Adjust float64 `yaml:"adjust,omitempty" range:"[0,)" doc:"worst: added to the loss of a group, over the root of its examples, so that small groups fit less than they could; 0: none"`
}

// worstGroups begins a phase with equal weights.
func worstGroups(o Options) (*layers.GroupWeights, error) {
	g := o.Groups
	if g == nil {
		return nil, nil
	}
	if err := option.Check(g.WorstGroupSpec); err != nil {
		return nil, fmt.Errorf("groups: %w", err)
	}
	if _, weighed := o.Loss.(layers.Weighed); weighed {
		return nil, errors.New("groups: examples have weights, or are mixed; the worst groups have weights of their own")
	}
	return layers.NewGroupWeights(g.Sizes, o.Train.BatchSize(), cmp.Or(g.Rate, 0.01), g.Adjust)
}

// ownLoss is the loss of the targets in steps.
func (t *Trainer) ownLoss() nn.Loss {
	if t.groups == nil {
		return t.o.Loss
	}
	return layers.WorstGroup{Loss: t.o.Loss, GroupWeights: t.groups}
}

// loadGroups sets the groups of the examples of a batch.
func (t *Trainer) loadGroups(b Batch) error {
	if t.groups == nil {
		return nil
	}
	if len(b.Examples) < b.N {
		return errors.New("it does not say which examples it has, so their groups are not known")
	}
	for k, i := range b.Examples[:b.N] {
		if i < 0 || i >= len(t.o.Groups.Of) {
			return fmt.Errorf("example %d has no group; there are groups for %d", i, len(t.o.Groups.Of))
		}
		t.groups.Of[k] = t.o.Groups.Of[i]
	}
	return nil
}

// GroupWeights are the weights of the groups now, by WorstGroups; nil without.
func (t *Trainer) GroupWeights() []float32 {
	if t.groups == nil {
		return nil
	}
	return t.groups.Weights
}
