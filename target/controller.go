package target

import (
	"math"
	"slices"
)

// Controller is integral control in the logarithm of the factor: it rises while
// more is left than planned and falls while less is. Groups tend to reach zero
// together after a long time in which none does, so it also looks at how fast
// their norms fall, and does not rise so far that many more than wanted would
// arrive soon.
type Controller struct {
	Plan Plan
	// Step is the time between two calls of Update, as a share of training.
	Step float64
	State
}

// State is all that a Controller remembers.
type State struct {
	Factor float64   `json:"factor"`          // on the strength of all penalties
	Norms  []float64 `json:"norms,omitempty"` // of the groups at the last Update; nil: they cannot be compared
}

const (
	start        = 0.03 // first factor
	gain         = 6.0  // rise of log factor per Update, for all that is to go
	rise, fall   = 2.0, 0.3
	push         = 1.3 // least rise when the time is up
	horizon      = 3.0 // Updates that the norms are extrapolated over
	least, most  = 1e-8, 1e8
	perGroup     = 0.5 // share of the groups that go, over the share of the network that goes with them
	lateTurnBack = 0.1 // the norms alone may lower the factor as far in one Update
)

// New returns a Controller before its first Update.
func New(p Plan, step float64) *Controller {
	return &Controller{Plan: p, Step: step, State: State{Factor: start}}
}

// Update sets the factor for the time until the next call. x is the point of
// training, share what is left of the network, norms those of the groups in an
// order that is the same each time; after a change of the network, whose order is
// another, Forget comes first.
func (c *Controller) Update(x, share float64, norms []float64) {
	defer func() { c.Norms = norms }()
	if x < c.Plan.From {
		return
	}
	ratio := math.Exp(gain * (share - c.Plan.At(x)) / (1 - c.Plan.Share))
	if x >= c.Plan.By {
		ratio = max(ratio, push)
	}
	ratio = min(max(ratio, fall), rise)
	if limit := c.limit(x, share, norms); ratio > limit {
		ratio = max(limit, lateTurnBack)
	}
	c.Factor = min(max(c.Factor*ratio, least), most)
}

// Forget drops the norms.
func (c *Controller) Forget() { c.Norms = nil }

// limit is the largest ratio by which the factor may change so that not many more
// groups than wanted reach zero within the horizon, if all norms go on falling as
// they did, in proportion to the factor.
func (c *Controller) limit(x, share float64, norms []float64) float64 {
	if len(norms) == 0 || len(norms) != len(c.Norms) {
		return rise
	}
	live := 0
	var left []float64 // Updates until a group is at zero
	for i, n := range norms {
		if n == 0 {
			continue
		}
		live++
		if drop := c.Norms[i] - n; drop > 0 {
			left = append(left, n/drop)
		}
	}
	wanted := 0.0
	for h := 1.0; h <= horizon; h++ {
		missing := max(0, share-c.Plan.At(x+h*c.Step))
		wanted = max(wanted, missing/share)
	}
	n := int(math.Ceil(perGroup*wanted*float64(live))) + 1
	if n >= len(left) {
		return rise
	}
	slices.Sort(left)
	return left[n] / horizon
}
