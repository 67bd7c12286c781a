package linear

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"pare/internal/f64"
)

// Problem is the data of a fit, with its penalty. The package documentation has the objective.
type Problem struct {
	X Design
	// Y has a value per row of X: a number, 0 or 1 for Binomial, the index of a
	// class for Multinomial, a count for Poisson.
	Y       []float64
	Family  Family
	Classes int // of Multinomial; 0: one more than the largest value of Y
	// Weights of observations, at least 0, are scaled to sum to one; nil: equal.
	// An observation of weight 0 changes nothing.
	Weights []float64
	// Offset is added to the linear predictor of every observation, such as the logarithm of
	// its exposure for Poisson; nil: none. Multinomial takes none. Predictors of a model are
	// without it.
	Offset []float64
	// Penalty is Ridge{}, MCP{} or SCAD{}; nil: the elastic net of Alpha, or the group lasso of
	// Groups.
	Penalty Penalty
	// PenaltyFactor is ωⱼ: 0 leaves feature j unpenalised, +Inf excludes it; nil: 1.
	// Unlike in glmnet they are used as they are, not scaled to sum to p.
	PenaltyFactor []float64
	// Alpha mixes the penalties: 1 is the lasso, below 1 the elastic net; 0 means 1. Ridge
	// alone is a Penalty.
	Alpha       float64
	NoIntercept bool
	// NoStandardize leaves the scale of the columns; they are centred all the same
	// when there is an intercept.
	NoStandardize bool
	// Lower ≤ 0 and Upper ≥ 0 bound coefficients on the original scale; nil: none.
	Lower, Upper []float64
	// Groups names the group of each feature, from 0 without gaps, and makes the penalty a
	// group lasso; nil: every feature is a group of its own.
	Groups []int
	// GroupFactor is ω_g; nil: the square root of the number of features of a group.
	GroupFactor []float64
}

// Options says how exact a fit has to be.
type Options struct {
	// Tolerance is the duality gap to reach, as a part of the objective without
	// penalised features; 0: 1e-6.
	Tolerance float64
	// KeepDual keeps the dual points of models.
	KeepDual bool
	// MaxIterations bounds the sweeps of coordinate descent, together with the products
	// of conjugate gradients, for one λ; 0: 100000.
	MaxIterations int
	// Threads is the number of goroutines that share passes over all features, at most the
	// number of processors; 0: all processors. It never changes the result.
	Threads int
	// Progress, unless nil, is called after every λ.
	Progress func(done, total int)
}

func (o Options) check() error {
	if !(o.Tolerance >= 0) || o.MaxIterations < 0 {
		return fmt.Errorf("linear: tolerance %v and %d iterations must not be negative", o.Tolerance, o.MaxIterations)
	}
	return nil
}

// check returns the first thing that is wrong with a problem.
func (p *Problem) check() error {
	if p.X == nil {
		return fmt.Errorf("linear: no design")
	}
	n, features := p.X.Dims()
	switch {
	case n < 2:
		return fmt.Errorf("linear: %d observations; at least 2 are needed", n)
	case len(p.Y) != n:
		return fmt.Errorf("linear: %d responses for %d observations", len(p.Y), n)
	case p.Weights != nil && len(p.Weights) != n:
		return fmt.Errorf("linear: %d weights for %d observations", len(p.Weights), n)
	case !p.Family.known():
		return fmt.Errorf("linear: unknown family %d", int(p.Family))
	case !(p.Alpha >= 0 && p.Alpha <= 1):
		return fmt.Errorf("linear: alpha %v is not in (0, 1]", p.Alpha)
	case p.Offset != nil && len(p.Offset) != n:
		return fmt.Errorf("linear: %d offsets for %d observations", len(p.Offset), n)
	}
	for i, o := range p.Offset {
		if math.IsNaN(o) || math.IsInf(o, 0) {
			return fmt.Errorf("linear: offset %d is %v", i, o)
		}
	}
	if err := p.refuse(); err != nil {
		return err
	}
	for i, y := range p.Y {
		if math.IsNaN(y) || math.IsInf(y, 0) {
			return fmt.Errorf("linear: response %d is %v", i, y)
		}
		if check := families[p.Family].check; check != nil {
			if err := check(p, i, y); err != nil {
				return err
			}
		}
	}
	sum := 0.0
	for i, w := range p.Weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return fmt.Errorf("linear: weight %d is %v", i, w)
		}
		sum += w
	}
	switch {
	case p.Weights != nil && sum == 0:
		return fmt.Errorf("linear: all weights are 0")
	case math.IsInf(sum, 0):
		return fmt.Errorf("linear: the weights add up to more than a number can be")
	}
	if p.Groups != nil {
		return p.checkGroups(features)
	}
	return p.checkFactors(features)
}

func (p *Problem) checkFactors(features int) error {
	for _, list := range []struct {
		name   string
		values []float64
	}{{"penalty factors", p.PenaltyFactor}, {"lower bounds", p.Lower}, {"upper bounds", p.Upper}} {
		if list.values != nil && len(list.values) != features {
			return fmt.Errorf("linear: %d %s for %d features", len(list.values), list.name, features)
		}
	}
	for j, w := range p.PenaltyFactor {
		if !(w >= 0) {
			return fmt.Errorf("linear: penalty factor %d is %v", j, w)
		}
	}
	for j := range max(len(p.Lower), len(p.Upper)) {
		l, u := p.bounds(j)
		if !(l <= 0 && u >= 0) {
			return fmt.Errorf("linear: bounds %v and %v of feature %d do not include 0", l, u, j)
		}
		if p.PenaltyFactor != nil && p.PenaltyFactor[j] == 0 && (!math.IsInf(l, 0) || !math.IsInf(u, 0)) {
			return fmt.Errorf("linear: feature %d is unpenalised and bounded; give it a small penalty factor", j)
		}
	}
	return nil
}

func (p *Problem) bounds(j int) (lower, upper float64) {
	lower, upper = math.Inf(-1), math.Inf(1)
	if p.Lower != nil {
		lower = p.Lower[j]
	}
	if p.Upper != nil {
		upper = p.Upper[j]
	}
	return lower, upper
}

// task is a problem in standardised columns x̃ⱼ = (xⱼ − meanⱼ)/scaleⱼ and weights
// that sum to one. Features that are constant or excluded have factor +Inf.
type task struct {
	n, p         int
	x            bulk
	y, v         []float64 // y is centred if Gaussian with an intercept, and without the offset
	offset       []float64 // nil: none, or part of y
	shift        float64   // by that
	mean, scale  []float64 // mean is zero without an intercept
	norm         []float64 // of x̃ⱼ: √Σ vᵢ x̃ᵢⱼ²; nil: all one
	largest      float64   // of norm, of features that are not excluded; 1: there are none
	factor       []float64 // ωⱼ
	lower, upper []float64 // on the standardised scale; nil: none
	least, most  []float64 // the same on the original scale; nil: none
	alpha        float64
	intercept    bool
	free         []int // features without penalty
	threads      int
	dropped      int // constant features
	basis        *projection
}

func newTask(p *Problem, threads int) (*task, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	t := &task{x: plain{p.X}, y: p.Y, alpha: p.Alpha, intercept: !p.NoIntercept, threads: threads}
	t.alpha = cmp.Or(t.alpha, 1)
	if p.Penalty != nil {
		t.alpha = p.Penalty.lasso()
	}
	if b, ok := p.X.(bulk); ok {
		t.x = b
	}
	t.n, t.p = p.X.Dims()
	t.v = make([]float64, t.n)
	total := 0.0
	for i := range t.v {
		t.v[i] = 1
		if p.Weights != nil {
			t.v[i] = p.Weights[i]
		}
		total += t.v[i]
	}
	for i := range t.v {
		t.v[i] /= total
	}
	if err := t.standardize(p); err != nil {
		return nil, err
	}
	if p.Family == Gaussian {
		t.centreResponse(p)
	} else {
		t.offset = p.Offset
	}
	if p.Family == Gaussian && !inRange(t.y) {
		return nil, fmt.Errorf("linear: responses are too large or too small for their squares to be numbers; scale them")
	}
	t.bound(p)
	for j, w := range t.factor {
		if w == 0 {
			t.free = append(t.free, j)
		}
	}
	t.basis = newProjection(t, t.free)
	return t, nil
}

// centreResponse takes offset and mean, if there is an intercept, off the response.
func (t *task) centreResponse(p *Problem) {
	if p.Offset != nil {
		t.y = slices.Clone(p.Y)
		f64.Axpy(-1, p.Offset, t.y)
	}
	if !t.intercept {
		return
	}
	t.shift, _ = momentsOf(t.y, t.v)
	centred := make([]float64, t.n)
	for i, y := range t.y {
		centred[i] = y - t.shift
	}
	t.y = centred
}

// standardize sets mean, scale, norm and factor.
func (t *task) standardize(p *Problem) error {
	t.mean, t.scale, t.factor = make([]float64, t.p), make([]float64, t.p), make([]float64, t.p)
	t.x.moments(t.v, t.mean, t.scale, t.threads)
	if p.NoStandardize || p.NoIntercept {
		t.norm = make([]float64, t.p)
	}
	factors := p.PenaltyFactor
	if p.Groups != nil {
		factors = p.groupFactors()
	}
	for j, variance := range t.scale {
		if math.IsNaN(t.mean[j]+variance) || math.IsInf(t.mean[j]+variance, 0) {
			return t.badCell(j)
		}
		mean := t.mean[j]
		if variance == 0 && t.varies(j) {
			return fmt.Errorf("linear: column %d is too large or too small for its squares to be numbers; scale it", j)
		}
		t.factor[j] = 1
		if factors != nil {
			t.factor[j] = factors[j]
		}
		if variance == 0 && (t.intercept || !p.NoStandardize || mean == 0) {
			t.factor[j] = math.Inf(1)
			t.dropped++
			variance = 1
		}
		t.scale[j] = math.Sqrt(variance)
		square := variance
		if !t.intercept {
			square += mean * mean
			t.mean[j] = 0
		}
		if p.NoStandardize {
			t.scale[j] = 1
		}
		if t.norm != nil {
			t.norm[j] = math.Sqrt(square) / t.scale[j]
		}
		if !math.IsInf(t.factor[j], 1) {
			t.largest = max(t.largest, t.normOf(j))
		}
	}
	t.largest = cmp.Or(t.largest, 1)
	return nil
}

// leastSize and mostSize bound the sizes whose squares, and products of two squares, have
// full precision.
const leastSize, mostSize = 1e-75, 1e75

// inRange reports whether the largest of x is within these bounds, or zero.
func inRange(x []float64) bool {
	size := 0.0
	for _, v := range x {
		size = max(size, math.Abs(v))
	}
	return size == 0 || size >= leastSize && size <= mostSize
}

// varies reports whether column j, whose computed variance is zero, varies by more than
// rounding: its squares then underflow.
func (t *task) varies(j int) bool {
	x := make([]float64, t.n)
	t.x.column(j, x)
	low, high := math.Inf(1), math.Inf(-1)
	for i, v := range x {
		if t.v[i] > 0 {
			low, high = min(low, v), max(high, v)
		}
	}
	return high-low > 1e-6*max(math.Abs(low), math.Abs(high))
}

// badCell finds the cell that makes the moments of column j not finite.
func (t *task) badCell(j int) error {
	x := make([]float64, t.n)
	t.x.column(j, x)
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("linear: row %d, column %d is %v", i, j, v)
		}
	}
	return fmt.Errorf("linear: column %d is too large: its variance is not a number", j)
}

func (t *task) bound(p *Problem) {
	if p.Lower == nil && p.Upper == nil {
		return
	}
	t.least, t.most = make([]float64, t.p), make([]float64, t.p)
	t.lower, t.upper = make([]float64, t.p), make([]float64, t.p)
	for j := range t.p {
		l, u := p.bounds(j)
		t.least[j], t.most[j] = l, u
		t.lower[j], t.upper[j] = l*t.scale[j], u*t.scale[j]
	}
}

// limits returns the bounds of standardised coefficient j.
func (t *task) limits(j int) (lower, upper float64) {
	if t.lower == nil {
		return math.Inf(-1), math.Inf(1)
	}
	return t.lower[j], t.upper[j]
}

func (t *task) normOf(j int) float64 {
	if t.norm == nil {
		return 1
	}
	return t.norm[j]
}

// extent is the norm of column j before it is centred, in units of its scale: the rounding
// of its products is in proportion to it.
func (t *task) extent(j int) float64 {
	return t.normOf(j) + math.Abs(t.mean[j])/t.scale[j]
}

// column writes x̃ⱼ.
func (t *task) column(j int, dst []float64) {
	t.x.column(j, dst)
	mean, inverse := t.mean[j], 1/t.scale[j]
	for i, x := range dst {
		dst[i] = (x - mean) * inverse
	}
}
