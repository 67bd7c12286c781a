package run

import (
	"errors"

	"pare/nn"
	"pare/prune"
	"pare/prune/gradual"
	"pare/regularize"
	"pare/train"
)

// Shrinking is what was removed while training was under way.
type Shrinking struct {
	Removals         int     `json:"removals_on_the_way,omitempty"`
	WorstCertificate float64 `json:"worst_certificate_on_the_way,omitempty"` // largest relative difference of all their certificates
	// TargetShare is the share of the network that was asked for, TargetReached what
	// was left at TargetStep, when that was met; 0 without a target.
	TargetShare   float64 `json:"target_share,omitempty"`
	TargetReached float64 `json:"target_reached,omitempty"`
	TargetStep    int     `json:"target_step,omitempty"`
}

// shrinker removes what is zero during training, and steers the penalties where
// there is a target. It implements train.Reshaper.
type shrinker struct {
	r       *runner
	first   []train.Penalty    // of the whole network
	now     []*regularize.Term // of the present one, in the same order; nil: on activations
	full    nn.Counts
	every   int                 // steps between removals; 0: none before a target is met
	tick    int                 // steps between calls
	looks   int                 // steps between looks at single weights
	control int                 // steps between changes of the factor
	goal    *gradual.Controller // nil: no target
	last    overshoot
	smaller bool // removed since the last look of settled
	shrinkState
}

// shrinkState is what a checkpoint keeps of a shrinker.
type shrinkState struct {
	Shrinking
	Target gradual.State `json:"target"`
	Factor float64       `json:"factor"` // on the penalties now
	Zero   int           `json:"zero"`   // groups of several values that were zero at the last look
	Alive  []int         `json:"alive"`  // groups of each penalty that the last removal left

	Condemned condemned `json:"condemned"` // with method least
	Settled   settled   `json:"settled"`   // without a target
}

// Few inputs will do for the certificates on the way: that of the end proves the
// last network against many, and a wrong rewrite shows on any.
const (
	wayExamples = 16
	wayRandom   = 8
)

// newShrinker returns nil where training leaves the network whole.
func (r *runner) newShrinker(net *nn.Network, terms []train.Penalty) (*shrinker, error) {
	c := r.c
	if c.Target == nil && c.Prune.Every == 0 {
		return nil, nil
	}
	source, err := r.data.Train(c.Train.Batch, 1)
	if err != nil {
		return nil, c.Locate("train.batch", err)
	}
	perEpoch := source.Batches()
	s := &shrinker{r: r, first: terms, full: net.Count(), every: c.Prune.Every, tick: c.Prune.Every}
	for _, t := range terms {
		term, _ := t.(*regularize.Term)
		s.now = append(s.now, term)
	}
	if t := c.Target; t != nil {
		s.control = c.Prune.Every
		if s.control == 0 {
			s.control = max(10, perEpoch/10)
		}
		if t.Method != "lambda" {
			s.control = interval(s.control, t, perEpoch*c.Train.Epochs)
		}
		s.tick, s.looks = 1, looks(s.control)
		plan := gradual.Plan{Share: t.MACs + t.Params + t.Groups, From: t.From, By: t.By}
		s.goal = gradual.New(plan, float64(s.control)/float64(perEpoch*c.Train.Epochs))
		s.TargetShare = plan.Share
		if err := s.reachable(net); err != nil {
			return nil, err
		}
		s.strengthen(0)
	}
	return s, nil
}

// looks is the largest divisor of the steps between two changes that makes at
// least five looks in between, so that a target is not missed by much.
func looks(steps int) int {
	for n := steps / 5; n > 1; n-- {
		if steps%n == 0 {
			return n
		}
	}
	return 1
}

// Begin implements train.Reshaper: a checkpoint holds the values after its step.
func (s *shrinker) Begin(*nn.Network) {
	s.last.keep(s.grouped())
	s.recall()
}

func (s *shrinker) Every() int { return s.tick }

// met reports whether there is a target and it has been met.
func (s *shrinker) met() bool { return s.TargetStep > 0 }

// Unmet implements train.Reshaper.
func (s *shrinker) Unmet() bool { return s.goal != nil && !s.met() }

func (s *shrinker) Reshape(net *nn.Network, at train.Place) (*train.Reshaped, error) {
	if s.goal == nil || s.met() {
		if s.every == 0 || at.Step%s.every != 0 {
			return nil, nil
		}
		return s.shrink(net)
	}
	if s.r.c.Target.Method != "lambda" {
		return s.least(net, at)
	}
	defer func() { s.last.keep(s.grouped()) }()
	due := at.Step%s.control == 0
	if !due && !s.changed(at) {
		return nil, nil
	}
	share, err := s.look(net, at)
	if err != nil {
		return nil, err
	}
	if share <= s.TargetShare {
		return s.arrive(net, share, at)
	}
	if !due {
		if s.goal.Brake(at.Share, share) {
			s.setFactor(0)
		}
		return nil, nil
	}
	s.goal.Update(at.Share, share, s.norms())
	s.strengthen(at.Share)
	change := &train.Reshaped{Keep: true}
	if s.every > 0 {
		if shrunk, err := s.shrink(net); err != nil {
			return nil, err
		} else if shrunk != nil {
			change = shrunk
			s.goal.Forget()
		}
	}
	change.Target = &train.ControlRecord{Share: share, Planned: s.goal.Plan.At(at.Share), Factor: s.goal.Factor}
	return change, nil
}

// look measures what is left. If more has gone in this step than was to be gone by
// now, what was too much comes back.
func (s *shrinker) look(net *nn.Network, at train.Place) (float64, error) {
	left, err := prune.Remaining(net)
	if err != nil {
		return 0, err
	}
	share := s.share(left)
	if line := s.goal.Plan.At(at.Share); share < line {
		if share, err = s.last.undo(net, s.grouped(), line, share, s.share); err != nil {
			return 0, err
		}
		if share == 0 {
			return 0, errClosed
		}
	}
	return share, nil
}

// arrive ends the search: the network is small enough.
func (s *shrinker) arrive(net *nn.Network, share float64, at train.Place) (*train.Reshaped, error) {
	if left, err := prune.Remaining(net); err != nil {
		return nil, err
	} else if left.MACs == 0 {
		return nil, errClosed
	}
	change, err := s.remove(net)
	if err != nil {
		return s.refused(err)
	}
	if change == nil {
		change = &train.Reshaped{} // it was shrunk already
	}
	s.TargetReached, s.TargetStep = share, at.Step
	change.Target = &train.ControlRecord{Share: share, Planned: s.goal.Plan.At(at.Share)}
	return change, nil
}

// shrink removes what is zero, and without a target was so at the last look; nil:
// nothing is, or the certificate does not pass.
func (s *shrinker) shrink(net *nn.Network) (*train.Reshaped, error) {
	if s.goal == nil {
		s.Settled.hold(s.now)
	}
	change, err := s.remove(net)
	if s.goal == nil {
		release(net)
		if s.smaller = err == nil && change != nil; s.smaller {
			release(change.Net)
		} else {
			s.Settled.look(s.now)
		}
	}
	if err != nil {
		return s.refused(err)
	}
	return change, nil
}

// refused leaves the network whole for now where a certificate does not pass.
func (s *shrinker) refused(err error) (*train.Reshaped, error) {
	if errors.Is(err, prune.ErrNotFinite) {
		return nil, diverged(err)
	}
	if !errors.Is(err, prune.ErrCertificate) {
		return nil, err
	}
	s.r.warn("nothing is removed now: %v", err)
	return nil, nil
}

// remove returns the network without what is zero, nil where nothing is.
func (s *shrinker) remove(net *nn.Network) (*train.Reshaped, error) {
	before := net.Count()
	left, err := prune.Remaining(net)
	if err != nil {
		return nil, err
	}
	if left.MACs == 0 || left.Params >= before.Params && left.MACs >= before.MACs {
		return nil, nil
	}
	real, err := s.r.data.Examples(s.r.data.Set.Test, wayExamples)
	if err != nil {
		return nil, err
	}
	small, report, err := prune.Prune(net, prune.Options{Inputs: real, Random: wayRandom, Seed: s.r.c.Seed})
	if err != nil {
		return nil, err
	}
	s.Removals++
	s.Alive = make([]int, len(s.now))
	for k, t := range s.now {
		if t != nil {
			s.Alive[k] = t.Surviving(small)
		}
	}
	s.WorstCertificate = max(s.WorstCertificate, report.Certificate.MaxRelDiff)
	return &train.Reshaped{Net: small, Shrink: &train.ShrinkRecord{Params: report.After.Params, MACs: report.After.MACs,
		MaxRelDiff: report.Certificate.MaxRelDiff}}, nil
}

// share is what is left of the whole network in the measure of the target; groups are
// counted as the penalties hold them now.
func (s *shrinker) share(left nn.Counts) float64 {
	switch t := s.r.c.Target; {
	case t.MACs > 0:
		return float64(left.MACs) / float64(s.full.MACs)
	case t.Groups > 0:
		all, zero := 0, 0
		for _, t := range s.grouped() {
			n, z := t.Groups()
			all, zero = all+n, zero+z
		}
		return float64(all-zero) / float64(all)
	}
	return float64(left.Params) / float64(s.full.Params)
}
