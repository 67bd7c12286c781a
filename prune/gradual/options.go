package gradual

import (
	"errors"
	"fmt"

	"pare/nn"
)

// Options say what is removed during training, and when.
type Options struct {
	// Target is the share of the network that is to be left; nil: what is zero is
	// removed, and penalties keep their strength.
	Target *Target
	// Every is the number of steps between removals. 0 needs a target: then method
	// Lambda removes nothing before it is met, and changes its factor, as Least chooses
	// groups, every tenth of an epoch.
	Every int
	// EpochSteps and Steps are the steps of an epoch and of all of training, for a
	// target.
	EpochSteps, Steps int
	// Examples returns examples in the batched layout for the certificates, beside
	// random ones; nil: none.
	Examples func() ([]float32, error)
	// Seed of the random examples.
	Seed uint64
	// Warn is told why a removal was put off, whose certificate did not pass; nil:
	// nobody is.
	Warn func(error)
}

// Target is how much of the network is to be left, when, and how it comes to that.
type Target struct {
	Measure Measure
	Plan
	Method Method
}

// Measure is what the share that is left counts.
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

// Method is how a target is met.
type Method string

// Methods of a target.
const (
	Least  Method = "least"  // the groups that the loss would miss least go; "" is the same
	Lambda Method = "lambda" // the strength of the penalties is found at which enough becomes zero
)

// OptionError is a fault of an option, or that no training can do what it asks for.
type OptionError struct {
	Option string // field of Options, such as "Every" or "Target.Share"
	Err    error
}

func (e *OptionError) Error() string { return fmt.Sprintf("gradual: %s: %v", e.Option, e.Err) }
func (e *OptionError) Unwrap() error { return e.Err }

func refuse(option, format string, args ...any) error {
	return &OptionError{Option: option, Err: fmt.Errorf(format, args...)}
}

// ErrClosed is the end of a training that has nothing left to train.
var ErrClosed = errors.New("the output no longer depends on the input; raise the target, train for more epochs, or penalise less of the network, with a smaller lambda")

// ErrMissed is wrapped by the error of a training that has not come down to its target.
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

// share is the share of the whole network that is left of it, by the measure of the
// target; groups are counted as the penalties hold them now.
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
