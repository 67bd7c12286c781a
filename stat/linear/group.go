package linear

import (
	"fmt"
	"math"
)

// checkGroups checks the groups of features and their factors.
func (p *Problem) checkGroups(features int) error {
	switch {
	case len(p.Groups) != features:
		return fmt.Errorf("linear: groups of %d features for %d features", len(p.Groups), features)
	case p.PenaltyFactor != nil:
		return fmt.Errorf("linear: groups have GroupFactor, not PenaltyFactor")
	case p.Lower != nil || p.Upper != nil:
		return fmt.Errorf("linear: bounds of coefficients in groups are not supported")
	case p.Family == Multinomial:
		return fmt.Errorf("linear: groups with a multinomial response are not supported")
	}
	sizes := groupSizes(p.Groups)
	if sizes == nil {
		return fmt.Errorf("linear: groups must be numbered from 0 without gaps")
	}
	if p.GroupFactor != nil && len(p.GroupFactor) != len(sizes) {
		return fmt.Errorf("linear: %d factors for %d groups", len(p.GroupFactor), len(sizes))
	}
	for g, w := range p.GroupFactor {
		if !(w >= 0) {
			return fmt.Errorf("linear: factor of group %d is %v", g, w)
		}
	}
	return nil
}

// groupSizes counts the features of each group; nil if a number is missing.
func groupSizes(groups []int) []int {
	var sizes []int
	for _, g := range groups {
		if g < 0 || g >= len(groups) {
			return nil
		}
		for len(sizes) <= g {
			sizes = append(sizes, 0)
		}
		sizes[g]++
	}
	for _, size := range sizes {
		if size == 0 {
			return nil
		}
	}
	return sizes
}

// groupFactors returns ω of the group of every feature.
func (p *Problem) groupFactors() []float64 {
	sizes := groupSizes(p.Groups)
	factors := make([]float64, len(p.Groups))
	for j, g := range p.Groups {
		factors[j] = math.Sqrt(float64(sizes[g]))
		if p.GroupFactor != nil {
			factors[j] = p.GroupFactor[g]
		}
	}
	return factors
}

// grouped is the engine of the group lasso. Its working set is of whole groups, and
// correlations are all computed in every round.
type grouped struct {
	*fitter
	family   Family
	nullLoss float64
	members  [][]int // features of each group that are neither constant nor excluded
	factor   []float64
	inside   []bool  // of the working set
	list     []int   // groups of the working set
	blocks   []block // of the working set, in the order of list
}

func newGroupEngine(p *Problem, t *task, o Options) (engine, error) {
	if p.Family == Binomial {
		if rate := mean(t.y, t.v); !(rate > 0 && rate < 1) {
			return nil, fmt.Errorf("linear: all responses are %v; a binomial model needs both 0 and 1", t.y[0])
		}
	}
	count := len(groupSizes(p.Groups))
	e := &grouped{family: p.Family, members: make([][]int, count), factor: make([]float64, count), inside: make([]bool, count)}
	for j, g := range p.Groups {
		if w := t.factor[j]; !math.IsInf(w, 1) {
			e.members[g] = append(e.members[g], j)
			e.factor[g] = w
		}
	}
	t.x = plain{t.x} // the columns of the working set are filled
	e.fitter = newFitter(t, newLoss(p.Family, t), o)
	e.set = e.set[:0]
	for _, j := range t.free {
		e.place[j] = -1
	}
	for g, list := range e.members {
		if len(list) > 0 && e.factor[g] == 0 {
			e.enter(g)
		}
	}
	return e, nil
}

func (e *grouped) enter(g int) {
	e.inside[g] = true
	e.list = append(e.list, g)
	e.admit(e.members[g])
}

func (e *grouped) begin() float64 {
	e.nullLoss = e.null
	var out outcome
	e.minimize(0, 1e-13*math.Sqrt(e.null), &out)
	e.setNull(e.loss.value(e.eta))
	e.setFirst()
	e.screen.update(e.fair, -1)
	largest := 0.0
	for g := range e.members {
		if w := e.factor[g]; w > 0 && !e.inside[g] {
			if e.excess(g) > 0 {
				largest = max(largest, e.size(g)*(1+1e-15)/w)
			}
		}
	}
	return largest / max(e.t.alpha, 1e-3)
}

// correlate computes all correlations with the feasible dual point.
func (e *grouped) correlate(lambda float64) {
	e.project(lambda)
	e.screen.update(e.fair, -1)
}

// size is the norm of the correlations of a group.
func (e *grouped) size(g int) float64 {
	sum := 0.0
	for _, j := range e.members[g] {
		sum += e.screen.c[j] * e.screen.c[j]
	}
	return math.Sqrt(sum)
}

// excess is size without its rounding.
func (e *grouped) excess(g int) float64 {
	sum := 0.0
	for _, j := range e.members[g] {
		slack := e.slack(j)
		sum += slack * slack
	}
	return max(0, e.size(g)-math.Sqrt(sum))
}

func (e *grouped) fit(lambda float64) *Model {
	var out outcome
	if lambda == 0 { // groups are a matter of the penalty
		out = e.solveUnpenalised()
		out.judge(e.dependent(0), e.separable(0))
		return e.model(0, e.nullLoss, out, e.family)
	}
	e.allow(lambda, false)
	for strict := 0.3; ; {
		e.minimize(lambda, e.target(strict), &out)
		e.correlate(lambda)
		e.measure(lambda, &out)
		if out.converged || out.iterations >= e.limit {
			break
		}
		grown := false
		for g, w := range e.factor {
			if !e.inside[g] && len(e.members[g]) > 0 && e.excess(g) > lambda*e.t.alpha*w {
				e.enter(g)
				grown = true
			}
		}
		if !grown {
			if e.loose && strict < 1e-12 {
				break
			}
			e.allow(lambda, strict < 1e-12)
			strict *= 0.1
		}
	}
	out.judge(e.dependent(lambda), e.separable(lambda))
	return e.model(lambda, e.nullLoss, out, e.family)
}

// measure sets objective and gap.
func (e *grouped) measure(lambda float64, out *outcome) {
	out.loss = e.loss.value(e.eta)
	out.objective = out.loss + e.groupPenalty(lambda)
	most := 1.0
	for g, w := range e.factor {
		if c := e.excess(g); w > 0 && c > lambda*e.t.alpha*w {
			most = min(most, lambda*e.t.alpha*w/c)
		}
	}
	best, scale := e.loss.conjugate(e.fair, most)
	if lambda > 0 && e.t.alpha < 1 {
		value, s := e.loss.conjugate(e.fair, 1)
		for g, w := range e.factor {
			if over := s*e.size(g) - lambda*e.t.alpha*w; w > 0 && over > 0 {
				value -= over * over / (2 * lambda * (1 - e.t.alpha) * w)
			}
		}
		if value > best {
			best, scale = value, s
		}
	}
	e.prove(best, scale, e.rounding(out.objective), out)
}

func (e *grouped) groupPenalty(lambda float64) float64 {
	sum := 0.0
	for _, g := range e.list {
		square := 0.0
		for _, j := range e.members[g] {
			square += e.beta[j] * e.beta[j]
		}
		sum += lambda * e.factor[g] * (e.t.alpha*math.Sqrt(square) + (1-e.t.alpha)/2*square)
	}
	return sum
}
