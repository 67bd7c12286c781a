package gradual

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"pare/nn"
	"pare/prune"
	"pare/regularize"
	"pare/train"
)

// Shrinker removes groups that are zero during training; with a target it also brings
// enough groups to zero. It is for one training, and not for concurrent use.
type Shrinker struct {
	o         Options
	penalties []penalty
	whole     nn.Counts
	interval  int         // steps between changes of the factor or choices of groups; 0 without a target
	goal      *Controller // nil: no target
	last      kept        // values of groups after the last step, with method Lambda
	smaller   bool        // removed since the last look of Hysteresis
	state
}

var _ train.Reshaper = (*Shrinker)(nil)

// Few random inputs will do for the certificates during training: the one at the end
// proves the last network against many, and a wrong rewrite shows on any input.
const randomExamples = 8

// New returns the Shrinker of a network that is trained with the penalties, which are
// bound to the whole network; with a target their lambdas are relative. A target that no
// training can meet is an *OptionError.
func New(net *nn.Network, penalties []train.Penalty, o Options) (*Shrinker, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	var err error
	if o.Keep, err = o.Keep.Fixed(net); err != nil {
		return nil, &OptionError{Option: "Keep", Err: err}
	}
	s := &Shrinker{o: o, whole: net.Count()}
	for _, p := range penalties {
		term, _ := p.(*regularize.Term)
		s.penalties = append(s.penalties, penalty{whole: p, now: term})
	}
	if o.Target == nil {
		return s, nil
	}
	s.interval = o.interval()
	s.goal = NewController(o.Target.Plan, float64(s.interval)/float64(o.Steps))
	s.TargetShare = o.Target.Share
	for _, check := range []func(*nn.Network) error{s.reachable, s.measurable} {
		if err := check(net); err != nil {
			return nil, err
		}
	}
	s.strengthen(0)
	return s, nil
}

// Begin implements train.Reshaper: a checkpoint holds the values after its step.
func (s *Shrinker) Begin(*nn.Network) {
	s.last = s.last.keep(s.terms().grouped())
	s.Fading.recall(s.terms())
}

// Every implements train.Reshaper.
func (s *Shrinker) Every() int {
	if s.goal != nil {
		return 1
	}
	return s.o.Every
}

// met reports whether there is a target and it has been met.
func (s *Shrinker) met() bool { return s.TargetStep > 0 }

// Unmet implements train.Reshaper.
func (s *Shrinker) Unmet() bool { return s.goal != nil && !s.met() }

// Reshape implements train.Reshaper.
func (s *Shrinker) Reshape(net *nn.Network, at train.Place) (*train.Reshaped, error) {
	switch {
	case !s.Unmet():
		if s.o.Every == 0 || at.Step%s.o.Every != 0 {
			return nil, nil
		}
		return s.shrink(net)
	case s.o.Target.Method == Lambda:
		return s.lambda(net, at)
	}
	return s.least(net, at)
}

// share is the share of the whole network that is left.
func (s *Shrinker) share(left nn.Counts) float64 {
	return s.o.Target.share(left, s.whole, s.terms().grouped())
}

// options are the options of a removal.
func (s *Shrinker) options(held nn.Held) prune.Options {
	return prune.Options{Random: randomExamples, Seed: s.o.Seed, Held: held, Keep: s.o.Keep, RoundTo: s.o.RoundTo}
}

// left is the share of the whole network that a removal would leave now.
func (s *Shrinker) left(net *nn.Network) (float64, error) {
	left, err := prune.RemainingWith(net, s.options(nil))
	return s.share(left), err
}

// measuring is left as a function.
func (s *Shrinker) measuring(net *nn.Network) func() (float64, error) {
	return func() (float64, error) { return s.left(net) }
}

// arrive ends the search: the network is small enough.
func (s *Shrinker) arrive(net *nn.Network, share float64, at train.Place) (*train.Reshaped, error) {
	if left, err := prune.Remaining(net); err != nil {
		return nil, err
	} else if left.MACs == 0 {
		return nil, ErrClosed
	}
	change, err := s.remove(net, nil)
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

// shrink removes the groups that are zero, without a target only those that were zero at
// the last look; nil: there are none, or the certificate does not pass.
func (s *Shrinker) shrink(net *nn.Network) (*train.Reshaped, error) {
	var held nn.Held
	if s.goal == nil {
		held = s.Hysteresis.fresh(s.terms())
	}
	change, err := s.remove(net, held)
	if s.goal == nil {
		if s.smaller = err == nil && change != nil; !s.smaller {
			s.Hysteresis.look(s.terms())
		}
	}
	if err != nil {
		return s.refused(err)
	}
	return change, nil
}

// refused leaves the network whole for now if a certificate does not pass.
func (s *Shrinker) refused(err error) (*train.Reshaped, error) {
	if errors.Is(err, prune.ErrNotFinite) {
		return nil, train.Diverged(err)
	}
	if !errors.Is(err, prune.ErrCertificate) {
		return nil, err
	}
	if s.o.Warn != nil {
		s.o.Warn(err)
	}
	return nil, nil
}

// remove returns the network without the values that are zero and not held; nil if there
// are none.
func (s *Shrinker) remove(net *nn.Network, held nn.Held) (*train.Reshaped, error) {
	before := net.Count()
	left, err := prune.RemainingWith(net, s.options(held))
	if err != nil {
		return nil, err
	}
	if left.MACs == 0 || left.Params >= before.Params && left.MACs >= before.MACs {
		return nil, nil
	}
	o := s.options(held)
	if s.o.Examples != nil {
		if o.Inputs, err = s.o.Examples(); err != nil {
			return nil, err
		}
	}
	small, report, err := prune.Prune(net, o)
	if err != nil {
		return nil, err
	}
	s.Removals++
	s.Alive = make([]int, len(s.penalties))
	for k, t := range s.terms().all() {
		s.Alive[k] = t.Surviving(small, held)
	}
	s.WorstCertificate = max(s.WorstCertificate, report.Certificate.MaxRelDiff)
	return &train.Reshaped{Net: small, Shrink: &train.ShrinkRecord{Params: report.After.Params, MACs: report.After.MACs,
		MaxRelDiff: report.Certificate.MaxRelDiff}}, nil
}

// penalty is a penalty of the training.
type penalty struct {
	whole train.Penalty    // on the whole network
	now   *regularize.Term // on the present network; nil: on activations
}

// terms are the penalties on the parameters of the present network.
func (s *Shrinker) terms() terms {
	out := make(terms, len(s.penalties))
	for k, p := range s.penalties {
		out[k] = p.now
	}
	return out
}

// strengthen gives the penalties the factor in force at a point of training.
func (s *Shrinker) strengthen(at float64) {
	switch {
	case at < s.goal.Plan.From:
		s.setFactor(0)
	case s.o.Target.Method != Lambda: // lambdas are as given
		s.setFactor(1)
	default:
		s.setFactor(s.goal.Factor)
	}
}

func (s *Shrinker) setFactor(factor float64) {
	s.Factor = factor
	for _, p := range s.penalties {
		if p.now != nil {
			p.now.SetFactor(factor)
		}
	}
}

// Penalties implements train.Reshaper: the penalties given to New, bound to the present
// network. A target leaves penalties on activations unchanged.
func (s *Shrinker) Penalties(net *nn.Network) ([]train.Penalty, error) {
	out := make([]train.Penalty, len(s.penalties))
	for k := range s.penalties {
		var err error
		if out[k], err = s.rebind(k, net); err != nil {
			return nil, err
		}
	}
	s.last = s.last.keep(s.terms().grouped())
	if s.smaller {
		s.smaller = false
		s.Hysteresis.look(s.terms())
	}
	return out, nil
}

// rebind binds penalty k to the present network.
func (s *Shrinker) rebind(k int, net *nn.Network) (train.Penalty, error) {
	p := &s.penalties[k]
	p.now = nil
	switch t := p.whole.(type) {
	case *regularize.Activations:
		return t.Rebind(net)
	case *regularize.Term:
		next, err := t.Rebind(net)
		if err != nil {
			return nil, err
		}
		if s.Alive != nil {
			next.Hold(s.Alive[k])
		}
		switch {
		case s.met():
			next.SwitchOff()
		case s.goal != nil:
			next.SetFactor(s.Factor)
		}
		p.now = next
		return next, nil
	}
	return p.whole, nil
}

// Shrinking is the record of the removals during training.
type Shrinking struct {
	Removals         int     `json:"removals_on_the_way,omitempty"`          // removals during training
	WorstCertificate float64 `json:"worst_certificate_on_the_way,omitempty"` // largest relative difference of all their certificates
	TargetShare      float64 `json:"target_share,omitempty"`                 // share of the network that was asked for; 0: no target
	TargetReached    float64 `json:"target_reached,omitempty"`               // share of the network when the target was met
	TargetStep       int     `json:"target_step,omitempty"`                  // step in which the target was met
}

// state is the part of a Shrinker that a checkpoint keeps.
type state struct {
	Shrinking
	Control ControllerState `json:"target"`
	Factor  float64         `json:"factor"` // on the penalties now
	Zero    int             `json:"zero"`   // groups of several values that were zero at the last look of method Lambda
	Alive   []int           `json:"alive"`  // groups of each penalty that the last removal left

	Fading     fading     `json:"condemned"` // with method Least
	Hysteresis hysteresis `json:"settled"`   // without a target
}

// State implements train.Reshaper.
func (s *Shrinker) State() ([]byte, error) {
	if s.goal != nil {
		s.Control = s.goal.ControllerState
	}
	return json.Marshal(s.state)
}

// Restore implements train.Reshaper.
func (s *Shrinker) Restore(text []byte) error {
	if err := json.Unmarshal(text, &s.state); err != nil {
		return fmt.Errorf("state of the removals on the way: %w", err)
	}
	n := len(s.penalties)
	fits := func(of int) bool { return of == 0 || of == n }
	strange := func(g [2]int) bool { return g[0] < 0 || g[0] >= n }
	if !fits(len(s.Alive)) || !fits(len(s.Fading.Sums)) || slices.ContainsFunc(s.Fading.Groups, strange) {
		return fmt.Errorf("state of the removals on the way: it is not of these %d penalties", n)
	}
	if s.goal != nil {
		s.goal.ControllerState = s.Control
	}
	return nil
}
