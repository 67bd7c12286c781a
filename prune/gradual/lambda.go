package gradual

import (
	"math"
	"slices"

	"pare/nn"
	"pare/train"
)

// Method Lambda changes one factor on all penalties once in an interval, and looks more
// often whether enough has become zero.

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

// lambda is the turn of method Lambda after a step.
func (s *Shrinker) lambda(net *nn.Network, at train.Place) (*train.Reshaped, error) {
	defer func() { s.last = s.last.keep(s.terms().grouped()) }()
	due := at.Step%s.interval == 0
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
	s.goal.Update(at.Share, share, s.terms().grouped().norms())
	s.strengthen(at.Share)
	change := &train.Reshaped{Keep: true}
	if s.o.Every > 0 {
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

// changed reports whether the network may have become smaller since the last look:
// groups have come to zero, or it is time to look at single weights.
func (s *Shrinker) changed(at train.Place) bool {
	grouped := s.terms().grouped()
	_, zero := grouped.count()
	was := s.Zero
	s.Zero = zero
	return zero != was || len(grouped) < len(s.penalties) && at.Step%looks(s.interval) == 0
}

// look measures how much of the network is left. If more groups came to zero in this step
// than the plan asks for, those in excess come back.
func (s *Shrinker) look(net *nn.Network, at train.Place) (float64, error) {
	share, err := s.left(net)
	if err != nil {
		return 0, err
	}
	if line := s.goal.Plan.At(at.Share); share < line {
		if share, err = s.last.undo(s.terms().grouped(), line, share, s.measuring(net)); err != nil {
			return 0, err
		}
		if share == 0 {
			return 0, ErrClosed
		}
	}
	return share, nil
}

// Controller steers one factor on all penalties. Groups reach zero long after the factor
// that brings them there was set, and then many at once, so the Controller does not wait
// for that: from how fast their norms fall it chooses the factor so that about as many
// groups as the plan asks for arrive within the next Updates. Without norms to compare it
// is integral control in the logarithm of the factor.
type Controller struct {
	Plan Plan
	// Step is the time between two calls of Update, as a share of training.
	Step float64
	ControllerState
}

// ControllerState is the memory of a Controller.
type ControllerState struct {
	Factor float64   `json:"factor"`           // on the strength of all penalties
	Norms  []float64 `json:"norms,omitempty"`  // of the groups at the last Update; nil: they cannot be compared
	Braked bool      `json:"braked,omitempty"` // penalties rest until the next Update
}

const (
	start       = 0.03 // first factor
	rise, fall  = 2.0, 0.4
	steepest    = 8.0   // rise where there are few Updates
	reach       = 200.0 // largest rise of the factor in the share climb of the time
	climb       = 0.4
	gain        = 6.0 // without norms: rise of log factor per Update while nothing has gone yet
	push        = 1.3 // least rise while more is left than planned
	ahead       = 3.0 // Updates that the norms are extrapolated over
	least, most = 1e-8, 1e8
	// perShare is the share of the groups that go with a small share of the network: a unit
	// takes along parts of the layers that make it and read it.
	perShare = 0.6
	// near is the distance from the target, as a share of the whole way, that short steps
	// cover.
	near   = 0.05
	braked = 0.6 // factor on a factor that made too many groups go
)

// NewController returns a Controller before its first Update; step is the time between two
// of them as a share of training.
func NewController(p Plan, step float64) *Controller {
	return &Controller{Plan: p, Step: step, ControllerState: ControllerState{Factor: start}}
}

// Update sets the factor for the time until the next call. x is the point of training,
// share the share of the network that is left, and norms are the norms of the groups,
// always in the same order. A change of the network changes the order: call Forget first.
func (c *Controller) Update(x, share float64, norms []float64) {
	defer func() { c.Norms, c.Braked = norms, false }()
	if x < c.Plan.From {
		return
	}
	if c.Braked {
		c.Forget() // norms have risen meanwhile
		c.Factor *= braked
	}
	var ratio float64
	switch left, live := c.arrivals(norms); {
	case live == 0:
		ratio = math.Exp(gain * (share - c.Plan.At(x)) / (1 - c.Plan.Share))
	case left == nil: // not known yet how fast they fall
		ratio = 1
	default:
		// Groups that are late are to go at once, the next ones in time.
		late := c.ratio(left, c.wanted(share, x, live), 1)
		next := c.ratio(left, c.wanted(share, x+ahead*c.Step, live), ahead)
		ratio = max(late, next)
	}
	switch {
	case x >= c.Plan.By:
		ratio = max(ratio, rise)
	case share > c.Plan.At(x):
		ratio = max(ratio, push) // the falling groups may be small
	}
	c.Factor = min(max(c.Factor*min(max(ratio, fall), c.rise()), least), most)
}

// rise is the largest rise in one Update.
func (c *Controller) rise() float64 {
	updates := climb * (c.Plan.By - c.Plan.From) / c.Step
	return min(max(math.Pow(reach, 1/updates), rise), steepest)
}

// Brake reports whether enough groups have gone until the next Update: penalties
// are to rest.
func (c *Controller) Brake(x, share float64) bool {
	line := max(c.Plan.At(x), c.Plan.Share+near*(1-c.Plan.Share))
	c.Braked = c.Braked || x < c.Plan.By && share < line
	return c.Braked
}

// Forget drops the norms.
func (c *Controller) Forget() { c.Norms = nil }

// arrivals lists, in ascending order, the numbers of Updates after which the groups with
// falling norms reach zero at their present pace, and counts the groups that are not zero.
// The list is nil without norms to compare with.
func (c *Controller) arrivals(norms []float64) (left []float64, live int) {
	known := len(norms) == len(c.Norms)
	if known {
		left = []float64{}
	}
	for i, n := range norms {
		if n == 0 {
			continue
		}
		live++
		if !known {
			continue
		}
		if drop := c.Norms[i] - n; drop > 0 {
			left = append(left, n/drop)
		}
	}
	slices.Sort(left)
	return left, live
}

// wanted is the number of live groups that should be gone at a point of training.
func (c *Controller) wanted(share, x float64, live int) int {
	return int(math.Ceil(perShare * (1 - c.Plan.At(x)/share) * float64(live)))
}

// ratio is the factor on the factor with which n groups arrive within a number of Updates.
// The root dampens it, because the pace of a norm does not only depend on the factor.
func (c *Controller) ratio(left []float64, n int, within float64) float64 {
	switch {
	case n <= 0:
		return 0
	case n > len(left):
		return c.rise()
	}
	return math.Sqrt(left[n-1] / within)
}

// undo revives groups that came to zero in the last step, so that a share of line is left,
// or the largest possible share below it, and returns that share; v holds the values
// before the step. Groups that fell at the same pace reach zero in the same step, though
// fewer were to go: those with the longest way come back. A group that takes very much
// along, such as the gate of a path, comes back before others. Without values of the step
// before nothing changes.
func (v kept) undo(ts terms, line, share float64, measure func() (float64, error)) (float64, error) {
	_, share, err := v.choose(v.fallen(ts), line, share, measure)
	return share, err
}

// fallen lists the groups that came to zero in the last step, in the order of their way:
// the norm before the step over the weight and λ of the penalty, by which norms of
// different penalties compare.
func (v kept) fallen(ts terms) []group {
	var list []group
	for k, t := range ts.all() {
		now := t.Norms()
		groups := map[int]*group{}
		t.Visit(func(g int, p *nn.Param, i int) {
			before := v[p]
			if now[g] > 0 || before == nil {
				return
			}
			if groups[g] == nil {
				groups[g] = &group{term: k, number: g}
			}
			groups[g].rank = math.Hypot(groups[g].rank, float64(before[i]))
			groups[g].places = append(groups[g].places, place{p, i})
		})
		scales := t.Scales()
		for g, f := range groups {
			if f.rank == 0 {
				continue
			}
			if pull := scales[g] * t.Lambda(); pull > 0 {
				f.rank /= pull
			}
			list = append(list, *f)
		}
	}
	slices.SortFunc(list, group.order)
	return list
}
