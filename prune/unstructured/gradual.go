package unstructured

import (
	"fmt"

	"pare/nn"
	"pare/train"
)

// Schedule says when masks change during training. From and By are shares of its steps.
type Schedule struct {
	From  float64 `yaml:"from" range:"[0,1)" doc:"share of the training steps after which masks begin to change"`
	By    float64 `yaml:"by" range:"(0,1]" doc:"share of the training steps by which they have changed for the last time"`
	Every int     `yaml:"every" range:"[1,1000000000]" doc:"steps between changes"`
}

// Defaults sets the values of the keys that a section leaves out.
func (s *Schedule) Defaults() { *s = DefaultSchedule() }

// DefaultSchedule is that of RigL: every 100 steps until three quarters of training.
func DefaultSchedule() Schedule { return Schedule{From: 0, By: 0.75, Every: 100} }

// times is the schedule in steps of a training: masks change before the updates first,
// first + Every, …, last, counted from 0.
type times struct{ first, every, changes int }

// in is the schedule in a training of so many steps. Each change takes effect in an update
// at least.
func (s Schedule) in(steps int) times {
	t := times{first: int(s.From * float64(steps)), every: s.Every}
	t.changes = (min(int(s.By*float64(steps)), steps-1) - t.first) / s.Every
	return t
}

// last is the update before which masks change for the last time.
func (t times) last() int { return t.first + t.changes*t.every }

func (t times) due(step int) bool {
	return step >= t.first && step <= t.last() && (step-t.first)%t.every == 0
}

// Validate refuses a schedule without room for a change in a training of so many steps.
func (s Schedule) Validate(steps int) error {
	switch {
	case s.From >= s.By:
		return fmt.Errorf("from is %g, it must be below by, which is %g", s.From, s.By)
	case s.Every < 1:
		return fmt.Errorf("every is %d, it must be at least 1", s.Every)
	case s.in(steps).changes < 1:
		return fmt.Errorf("every is %d, but there are %.0f steps between from and by, of %d in all; lower it, or train for longer",
			s.Every, (s.By-s.From)*float64(steps), steps)
	}
	return nil
}

// Gradual prunes single weights while the network trains (Zhu & Gupta 2017, "To prune, or not
// to prune: exploring the efficacy of pruning for model compression"). After i of n changes
// the share of the weights to keep is, by their equation 1,
//
//	s + (1 − s)·(1 − i/n)³
//
// where s is the share in the end. Weights that are gone stay 0.
type Gradual struct {
	*Masks
	selection Selection
	times
}

var _ train.Masks = (*Gradual)(nil)

// NewGradual returns the masks of a training of so many steps. The share of the selection is
// the one in the end, and its importance must not need data.
func NewGradual(net *nn.Network, s Selection, schedule Schedule, steps int) (*Gradual, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if err := schedule.Validate(steps); err != nil {
		return nil, fmt.Errorf("schedule: %w", err)
	}
	weights, err := s.Weights(net)
	if err != nil {
		return nil, err
	}
	return &Gradual{newMasks(weights), s, schedule.in(steps)}, nil
}

// Due implements train.Masks.
func (g *Gradual) Due(step int) bool { return g.due(step) }

// Unmet implements train.Masks.
func (g *Gradual) Unmet(step int) bool { return step <= g.last() }

// At is the share of the weights to keep from an update on.
func (g *Gradual) At(step int) float64 {
	i := min(max(step-g.first, 0)/g.every, g.changes)
	left := 1 - float64(i)/float64(g.changes)
	return g.selection.Share + (1-g.selection.Share)*left*left*left
}

// Update implements train.Masks.
func (g *Gradual) Update(net *nn.Network, at train.Place) (instead bool, err error) {
	s := g.selection
	s.Share = g.At(at.Step)
	next, err := s.Masks(net)
	if err != nil {
		return false, err
	}
	for p, mask := range next.frozen {
		copy(g.frozen[p], mask)
	}
	return false, nil
}
