package linear

import (
	"fmt"
	"math"
)

// task is a problem in standardised columns x̃ⱼ = (xⱼ − meanⱼ)/scaleⱼ and weights
// that sum to one. Features that are constant or excluded have factor +Inf.
type task struct {
	n, p         int
	x            bulk
	y, v         []float64 // y is centred if Gaussian with an intercept
	shift        float64   // by that
	mean, scale  []float64 // mean is zero without an intercept
	norm         []float64 // of x̃ⱼ: √Σ vᵢ x̃ᵢⱼ²; nil: all one
	largest      float64   // of norm, of what is not excluded; 1: of nothing
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
	t := &task{x: asBulk(p.X), y: p.Y, alpha: p.Alpha, intercept: !p.NoIntercept, threads: threads}
	if t.alpha == 0 {
		t.alpha = 1
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
	if p.Family == Gaussian && t.intercept {
		t.shift, _ = momentsOf(p.Y, t.v)
		t.y = make([]float64, t.n)
		for i, y := range p.Y {
			t.y[i] = y - t.shift
		}
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
	if t.largest == 0 {
		t.largest = 1
	}
	return nil
}

// leastSize and mostSize bound the sizes of which squares, and products of two squares,
// are numbers of full precision.
const leastSize, mostSize = 1e-75, 1e75

// inRange tells that the largest of x is within these bounds, or zero.
func inRange(x []float64) bool {
	size := 0.0
	for _, v := range x {
		size = max(size, math.Abs(v))
	}
	return size == 0 || size >= leastSize && size <= mostSize
}

// varies tells that column j, whose variance is zero, varies by more than rounding: then
// its squares are no numbers.
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

// extent is the norm of column j before it is centred, in units of its scale: what its
// products are rounded in proportion to.
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
