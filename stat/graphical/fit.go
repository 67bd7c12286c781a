package graphical

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"

	"pare/internal/kernel/parallel"
	"pare/internal/limit"
)

// Penalty is λᵢⱼ = Lambda · Weights[i·p+j].
type Penalty struct {
	Lambda float64 // ≥ 0
	// Weights is a symmetric p×p matrix of values ≥ 0, row-major; +Inf keeps an edge out.
	// nil: 1 everywhere. Its diagonal counts only if Diagonal is set.
	Weights []float64
	// Diagonal penalises Θᵢᵢ too.
	Diagonal bool
}

func (p Penalty) check(size int) error {
	if !(p.Lambda >= 0) || math.IsInf(p.Lambda, 1) {
		return fmt.Errorf("lambda is %v; it has to be a number ≥ 0", p.Lambda)
	}
	if p.Weights == nil {
		return nil
	}
	if len(p.Weights) != size*size {
		return fmt.Errorf("the penalty has %d weights; %d variables need %d × %d = %d", len(p.Weights), size, size, size, size*size)
	}
	for i := range size {
		for j := range i + 1 {
			a, b := p.Weights[i*size+j], p.Weights[j*size+i]
			if !(a >= 0) || a != b {
				return fmt.Errorf("the penalty's weight of row %d, column %d is %v and its mirror image %v; weights are symmetric and ≥ 0",
					i+1, j+1, a, b)
			}
			if i == j && p.Diagonal && math.IsInf(a, 1) {
				return fmt.Errorf("the penalty's weight of row %d, column %d is +Inf; a diagonal element cannot be zero", i+1, i+1)
			}
		}
	}
	return nil
}

// at is λᵢⱼ.
func (p Penalty) at(i, j, size int) float64 {
	if i == j && !p.Diagonal {
		return 0
	}
	if p.Weights == nil {
		return p.Lambda
	}
	w := p.Weights[i*size+j]
	if math.IsInf(w, 1) {
		return w
	}
	return p.Lambda * w
}

// with is the same penalty at another λ.
func (p Penalty) with(lambda float64) Penalty {
	p.Lambda = lambda
	return p
}

// ratio is the λ at which the pair i, j falls below its threshold.
func (p Penalty) ratio(s float64, i, j, size int) float64 {
	s = math.Abs(s)
	if p.Weights == nil || s == 0 {
		return s
	}
	return s / p.Weights[i*size+j]
}

// Options of one fit.
type Options struct {
	// Tolerance is the duality gap per variable, in nats, at which a fit ends; 0: 1e-9. The
	// objective without edges is one nat a variable for correlations.
	Tolerance     float64
	MaxIterations int // sweeps and Newton steps for each component; 0: 500
	// Start is a network near the solution, such as the network of a slightly larger λ; nil: none.
	Start *Network
}

func (o Options) check(p int) (Options, error) {
	o.Tolerance = cmp.Or(o.Tolerance, 1e-9)
	o.MaxIterations = cmp.Or(o.MaxIterations, 500)
	if !(o.Tolerance > 0) || math.IsInf(o.Tolerance, 1) || o.MaxIterations < 0 {
		return o, fmt.Errorf("tolerance %v and limit of iterations %d have to be positive", o.Tolerance, o.MaxIterations)
	}
	if o.Start != nil && o.Start.P() != p {
		return o, fmt.Errorf("the start has %d variables, the covariance %d", o.Start.P(), p)
	}
	return o, nil
}

var errUnbounded = errors.New("without a penalty a singular covariance has no precision matrix: choose lambda > 0")

// Fit solves the problem at one λ. A network that did not converge is not an error of Fit:
// see Network.Err.
func Fit(c *Covariance, pen Penalty, o Options) (*Network, error) {
	o, err := o.check(c.P())
	if err != nil {
		return nil, err
	}
	if err := pen.check(c.P()); err != nil {
		return nil, err
	}
	return fit(c, pen, o, components(c, pen))
}

// outcome is the solution of a component, for the network.
type outcome struct {
	x                     []float64
	f, gap, logDet, trace float64
	steps                 int
	stalled               bool
}

// fit solves the components, the largest first, several at a time.
func fit(c *Covariance, pen Penalty, o Options, components [][]int) (*Network, error) {
	p := c.P()
	// Covariance, Θ, its inverse, a factor, and two matrices of the descent.
	largest := int64(len(slices.MaxFunc(components, func(a, b []int) int { return len(a) - len(b) })))
	if err := limit.Check(fmt.Sprintf("a component of %d variables at lambda %.4g",
		largest, pen.Lambda), 6*largest*largest, 8); err != nil {
		return nil, fmt.Errorf("%w; raise lambda, or take fewer columns", err)
	}
	n := &Network{Lambda: pen.Lambda, Tolerance: o.Tolerance * float64(p), Components: components,
		Edges: []Edge{}, Diagonal: make([]float64, p)}
	starts := make([][]float64, len(components))
	if o.Start != nil {
		starts = o.Start.starts(components)
	}
	order := upTo(len(components))
	slices.SortStableFunc(order, func(a, b int) int { return len(components[b]) - len(components[a]) })
	outcomes := make([]outcome, len(components))
	var unbounded atomic.Bool
	solve := func(k int) {
		members := components[k]
		if len(members) == 1 || unbounded.Load() {
			outcomes[k] = single(c, pen, members[0])
			return
		}
		b := newBlock(c, pen, members)
		if !b.penalised() && !b.definite() {
			unbounded.Store(true)
			return
		}
		s := b.solve(starts[k], o.Tolerance*float64(b.p), o.MaxIterations)
		starts[k] = nil
		outcomes[k] = outcome{s.x, s.f, s.gap, s.logDet, s.trace, s.steps, s.settled}
	}
	// One after another components share their products among the threads. That pays where
	// the largest takes nearly all of the time.
	others := 0.0
	for _, k := range order[1:] {
		others += math.Pow(float64(len(components[k])), 3)
	}
	if 8*others < math.Pow(float64(largest), 3) {
		solve(order[0])
		order = order[1:]
	}
	parallel.Of(0, len(order), func(at int) { solve(order[at]) })
	if unbounded.Load() {
		return nil, errUnbounded
	}
	for k, r := range outcomes {
		n.Objective += r.f
		n.Gap += r.gap
		n.LogDet += r.logDet
		n.Trace += r.trace
		n.Iterations = max(n.Iterations, r.steps)
		n.stalled = n.stalled || r.stalled
		n.add(components[k], r.x)
	}
	n.sortEdges()
	n.Converged = n.Gap <= n.Tolerance
	return n, nil
}

// single is the closed form for a variable without edges.
func single(c *Covariance, pen Penalty, i int) outcome {
	l := pen.at(i, i, c.P())
	x := 1 / (c.diag[i] + l)
	return outcome{x: []float64{x}, f: 1 - math.Log(x), logDet: math.Log(x), trace: c.diag[i] * x}
}

// Refit is the network with the same edges that fits S best without a penalty: the maximum
// likelihood estimate of the Gaussian graphical model, free of the shrinkage that chose the
// edges. It need not exist with few observations; the network then did not converge.
func Refit(c *Covariance, net *Network, o Options) (*Network, error) {
	p := c.P()
	pen := Penalty{Weights: make([]float64, p*p)}
	for k := range pen.Weights {
		pen.Weights[k] = math.Inf(1)
	}
	for _, e := range net.Edges {
		pen.Weights[e.I*p+e.J], pen.Weights[e.J*p+e.I] = 0, 0
	}
	return Fit(c, pen, o)
}
