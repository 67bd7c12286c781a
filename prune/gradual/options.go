package gradual

import (
	"errors"
	"fmt"

	"pare/nn"
	"pare/prune"
	"pare/prune/importance"
)

// Options say which groups go during training, and when.
type Options struct {
	// Target is the share of the network to keep; nil: groups that are zero go, and
	// penalties keep their strength.
	Target *Target
	// Every is the number of steps between removals. 0 needs a target: then method Lambda
	// removes nothing before it is met. It changes its factor, and Least chooses groups,
	// every tenth of an epoch.
	Every int
	// EpochSteps and Steps are the numbers of steps of an epoch and of the whole training;
	// a target needs them.
	EpochSteps, Steps int
	// Examples returns examples in the batched layout for the certificates, beside
	// random ones; nil: none.
	Examples func() ([]float32, error)
	// Data are for criteria of importance that look at activations; nil: none.
	Data *importance.Data
	// Seed of the random examples.
	Seed uint64
	// Keep and RoundTo demand units of the layers, as in prune.Options: units that are zero
	// stay where these demand it. Shares are of the units that the network has at first.
	Keep    prune.Keep
	RoundTo int
	// Warn is told why a removal was put off: its certificate did not pass. nil: nobody is
	// told.
	Warn func(error)
}

// Target is the share of the network to keep, with the plan and the method to get there.
type Target struct {
	Measure Measure
	Plan
	Method     Method
	Importance importance.Importance // by which method Least ranks groups; nil: Taylor
}

// Measure is the unit in which a share is counted.
type Measure string

// Measures of a target.
const (
	MACs   Measure = "macs"   // multiply-accumulates
	Params Measure = "params" // parameters; "" is the same
	Groups Measure = "groups" // groups of the penalties; single weights are none
)

func (m Measure) noun() string {
	switch m {
	case MACs:
		return "multiply-accumulates"
	case Groups:
		return "groups"
	}
	return "parameters"
}

// Method is the way to a target.
type Method string

// Methods of a target.
const (
	Least  Method = "least"  // the least important groups go; "" is the same
	Lambda Method = "lambda" // one factor on all penalties brings enough groups to zero
)

// OptionError is a fault of an option, or an option that no training can satisfy.
type OptionError struct {
	Option string // field of Options, such as "Every" or "Target.Share"
	Err    error
}

func (e *OptionError) Error() string { return fmt.Sprintf("gradual: %s: %v", e.Option, e.Err) }
func (e *OptionError) Unwrap() error { return e.Err }

func refuse(option, format string, args ...any) error {
	return &OptionError{Option: option, Err: fmt.Errorf(format, args...)}
}

// ErrClosed is the error of a training with nothing left to train.
var ErrClosed = errors.New("the output no longer depends on the input; raise the target, train for more epochs, " +
	"or penalise less of the network, with a smaller lambda")

// ErrMissed is wrapped by the error of a training that did not meet its target.
var ErrMissed = errors.New("the target was not met")

func (o Options) validate() error {
	if o.Every < 0 {
		return refuse("Every", "%d steps between removals; it is at least 0", o.Every)
	}
	t := o.Target
	switch {
	case t == nil && o.Every == 0:
		return refuse("Every", "without a target it is at least 1, or nothing is ever removed")
	case t == nil:
		return nil
	case t.Measure != "" && t.Measure != MACs && t.Measure != Params && t.Measure != Groups:
		return refuse("Target.Measure", "%q is not one of %s, %s, %s", t.Measure, MACs, Params, Groups)
	case t.Method != "" && t.Method != Least && t.Method != Lambda:
		return refuse("Target.Method", "%q is neither %s nor %s", t.Method, Least, Lambda)
	case !(t.Share > 0 && t.Share < 1):
		return refuse("Target.Share", "%g does not lie in (0, 1)", t.Share)
	case !(t.From >= 0 && t.From < t.By && t.By <= 1):
		return refuse("Target.From", "from %g to %g of training; 0 ≤ from < by ≤ 1 must hold", t.From, t.By)
	case o.EpochSteps < 1 || o.Steps < o.EpochSteps:
		return refuse("Target", "training of %d steps in epochs of %d is too short for a target", o.Steps, o.EpochSteps)
	}
	return nil
}

// importance is the criterion of method Least.
func (t *Target) importance() importance.Importance {
	if t.Importance == nil {
		return importance.Taylor{}
	}
	return t.Importance
}

// interval is the number of steps between changes of the factor, or from one choice of
// groups to the next.
func (o Options) interval() int {
	every := o.Every
	if every == 0 {
		every = max(10, o.EpochSteps/10)
	}
	if o.Target.Method == Lambda {
		return every
	}
	return lasting(every, o.Target.Plan, o.Steps)
}

// share is the share of the whole network that is left, by the measure of the target.
// Groups are counted as the penalties hold them now.
func (t *Target) share(left, whole nn.Counts, grouped terms) float64 {
	switch t.Measure {
	case MACs:
		return float64(left.MACs) / float64(whole.MACs)
	case Groups:
		all, zero := grouped.count()
		return float64(all-zero) / float64(all)
	}
	return float64(left.Params) / float64(whole.Params)
}

// reachable refuses a target that no training can meet: a smaller share than remains when
// the penalties have removed all values that they may remove. For a target in groups, any
// share can remain of the groups that proximal steps can zero.
func (s *Shrinker) reachable(net *nn.Network) error {
	target, terms := s.o.Target, s.terms()
	may := terms.where(zeroes)
	all, _ := terms.grouped().count()
	zeroable, _ := may.grouped().count()
	switch share := float64(all-zeroable) / float64(max(all, 1)); {
	case target.Measure == Groups && share > target.Share:
		return refuse("Target.Share", "%.3g of the groups cannot be reached: %.3g belong to penalties with "+
			"lambda 0 or mode subgradient, which remove nothing; leave these penalties out, or raise the target",
			target.Share, share)
	case target.Measure == Groups:
		return nil
	case target.Method != Lambda && zeroable == 0:
		return refuse("Target.Method", "least removes groups, and the penalties are on single weights; "+
			"add one on groups, such as {type: group_lasso, on: channels, lambda: 1e-4}, or use lambda")
	}
	left, err := s.bare(net, may)
	switch {
	case err != nil:
		return refuse("Target.Share", "%.3g of the %s cannot be reached: %w", target.Share, target.Measure.noun(), err)
	case left > target.Share && s.limited():
		return refuse("Target.Share", "%.3g of the %s cannot be reached: with everything removed that the "+
			"penalties cover, and that keep and round_to leave to them, %.3g would be left; penalise more of the network, "+
			"loosen keep or round_to, or raise the target", target.Share, target.Measure.noun(), left)
	case left > target.Share:
		return refuse("Target.Share", "%.3g of the %s cannot be reached: with everything removed that the "+
			"penalties cover, %.3g would be left; penalise more of the network, or raise the target",
			target.Share, target.Measure.noun(), left)
	}
	return nil
}

// limited reports whether layers have to keep units.
func (s *Shrinker) limited() bool { return s.o.RoundTo > 1 || s.o.Keep.Demands() }

// bare is the share of the whole network that is left with all values of the terms at zero.
func (s *Shrinker) bare(net *nn.Network, ts terms) (float64, error) {
	values := kept{}.keep(ts)
	var all group
	for _, t := range ts.all() {
		t.Visit(func(_ int, p *nn.Param, i int) { all.places = append(all.places, place{p, i}) })
	}
	gone := []group{all}
	values.put(nil, gone)
	left, err := s.left(net)
	values.put(gone, nil)
	return left, err
}

// Missed is the error, which wraps ErrMissed, of a training that ended before its target
// was met; nil: there was no target or it was met.
func (s *Shrinker) Missed(net *nn.Network) error {
	if !s.Unmet() {
		return nil
	}
	left, err := s.left(net)
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: %.3g %% of the %s are left, and the target is %.3g %%; train for more epochs, "+
		"penalise more of the network, or raise the target",
		ErrMissed, 100*left, s.o.Target.Measure.noun(), 100*s.TargetShare)
}
