// Package importance scores groups of a network's values, such as the weights of a channel.
// The groups of the lowest score matter least to the network. A criterion is a type that
// implements Importance and registers itself in Criteria; each of the built-in ones is a
// file.
package importance

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

	"pare/datasets"
	"pare/internal/option"
	"pare/nn"
)

// Importance is a criterion.
type Importance interface {
	// Score returns a score for each group, in the order of Slots; scores must be finite.
	// An error names the layer that cannot be scored; for missing data it wraps ErrNoData.
	Score(s *Sample) ([]float64, error)
}

// Criteria are all criteria by name. Register one of your own in an init function, and
// configs may name it.
var Criteria = option.NewKinds[Importance]("importance")

// Scores are the scores by a criterion: one for each group, and none of them NaN.
func Scores(by Importance, s *Sample) ([]float64, error) {
	scores, err := by.Score(s)
	if err != nil {
		return nil, err
	}
	if n := len(s.Groups.Slots()); len(scores) != n {
		return nil, fmt.Errorf("importance %T gives %d scores for %d groups", by, len(scores), n)
	}
	if g := slices.IndexFunc(scores, math.IsNaN); g >= 0 {
		return nil, fmt.Errorf("importance %T gives NaN for group %d, which has no place in a ranking", by, g)
	}
	return scores, nil
}

// OfGradients is implemented by criteria that are a function of sums over batches of
// gradients. Training gives them its own batches.
type OfGradients interface {
	Importance
	// Add adds a batch, by the gradient of its loss with respect to a parameter, to the
	// sums, one for each group and 0 at first.
	Add(sums []float64, groups Groups, grad func(*nn.Param) []float32)
}

// Groups are sets of values of a network's parameters, numbered from 0.
type Groups interface {
	// Slots lists the slices of parameters of each group.
	Slots() [][]nn.Slot
	// Visit calls f for every value of every group: its parameter and its place in it.
	Visit(f func(group int, p *nn.Param, i int))
}

// Sample is the evidence for a criterion: the network with its groups, and data.
type Sample struct {
	Net    *nn.Network
	Groups Groups
	Seed   uint64    // of random scores
	Sums   []float64 // that a criterion OfGradients has been given; nil: it measures them on Data
	Data   *Data     // nil: none
	// Step is called by criteria that take long on values, after each piece of done pieces of total;
	// they stop with its error. nil: it is not.
	Step func(done, total int64) error
}

// Data are examples with their targets.
type Data struct {
	Batches iter.Seq2[datasets.Batch, error] // to range over any number of times
	Batch   int                              // examples of a batch, at most; smaller ones count for nothing
	Loss    nn.Loss
	// Attack returns a function that writes the attacked examples of a batch to dst, for networks
	// that are trained on such examples; nil: the criterion sees the examples as they are.
	Attack func(net *nn.Network) (move func(dst []float32, b datasets.Batch), err error)
	N      int // batches, for the display of progress; 0: not known
}

// step calls Step.
func (s *Sample) step(done, total int) error {
	if s.Step == nil {
		return nil
	}
	return s.Step(int64(done), int64(total))
}

// ErrNoData is wrapped by the error of a criterion that needs data and has none.
var ErrNoData = errors.New("needs data, and there are none; use importance magnitude")

// Units are groups that are given by their slots.
type Units [][]nn.Slot

// Slots implements Groups.
func (u Units) Slots() [][]nn.Slot { return u }

// Visit implements Groups. A value of two slots of a group is visited once.
func (u Units) Visit(f func(group int, p *nn.Param, i int)) {
	for g, slots := range u {
		for k, s := range slots {
			each(s, func(i int) {
				for _, before := range slots[:k] {
					if before.Param == s.Param && at(before, i) == before.Index {
						return
					}
				}
				f(g, s.Param, i)
			})
		}
	}
}

// each calls f for the place of every value of a slot.
func each(s nn.Slot, f func(i int)) {
	n, stride := s.Param.AxisLen(s.Axis)
	for first := s.Index * stride; first < s.Param.Size(); first += n * stride {
		for i := first; i < first+stride; i++ {
			f(i)
		}
	}
}

// at is the position of value i of a slot's parameter along the slot's axis.
func at(s nn.Slot, i int) int {
	n, stride := s.Param.AxisLen(s.Axis)
	return i / stride % n
}

// run runs a program on the batches of the data and calls after for each.
func (s *Sample) run(name string, o nn.CompileOptions, after func(*nn.Program)) error {
	if s.Data == nil {
		return fmt.Errorf("importance %s %w", name, ErrNoData)
	}
	o.Batch = s.Data.Batch
	p, err := nn.Compile(s.Net, o)
	if err != nil {
		return err
	}
	load := func(dst []float32, b datasets.Batch) { copy(dst, b.X) }
	if s.Data.Attack != nil {
		if load, err = s.Data.Attack(s.Net); err != nil {
			return err
		}
	}
	full, done := false, 0
	for b, err := range s.Data.Batches {
		if err != nil {
			return err
		}
		done++
		if err := s.step(done, s.Data.N); err != nil {
			return err
		}
		if b.N != o.Batch {
			continue
		}
		if !b.Continues {
			p.ResetState()
		}
		load(p.X, b)
		copy(p.Target, b.Y)
		p.Run()
		after(p)
		full = true
	}
	if !full {
		return fmt.Errorf("importance %s %w", name, ErrNoData)
	}
	return nil
}

// gradients runs the network on the data in training mode and calls after for each batch,
// with its gradients. Running statistics stay as they were.
func (s *Sample) gradients(name string, after func(*nn.Program)) error {
	o := nn.CompileOptions{Mode: nn.Train, Seed: s.Seed}
	if s.Data != nil {
		o.Loss = s.Data.Loss
	}
	return preserving(s.Net, func() error { return s.run(name, o, after) })
}

// preserving calls f and puts running statistics back as they were.
func preserving(net *nn.Network, f func() error) error {
	kept := map[*nn.Param][]float32{}
	for _, p := range net.Params() {
		if !p.Trainable() {
			kept[p.Param] = append([]float32(nil), p.Data()...)
		}
	}
	err := f()
	for p, values := range kept {
		copy(p.Data(), values)
	}
	return err
}

// perLayer divides scores by the root of the sum of their squares in each layer, so
// that layers compare (Molchanov et al. 2017, section 2.2).
func perLayer(scores []float64, layerOf func(group int) int) {
	squares := map[int]float64{}
	for g, v := range scores {
		squares[layerOf(g)] += v * v
	}
	for g := range scores {
		if q := squares[layerOf(g)]; q > 0 {
			scores[g] /= math.Sqrt(q)
		}
	}
}
