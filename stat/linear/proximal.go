package linear

import (
	"math"
	"slices"

	"pare/internal/dense"
	"pare/internal/f64"
)

// curved is a loss of one or more linear predictors, at the point of its fitters, whose second
// derivatives change with the point.
type curved interface {
	// fitters returns the fitter of each predictor.
	fitters() []*fitter
	// value is the loss at the present predictors.
	value() float64
	// residuals sets u of all fitters to −∂loss/∂η.
	residuals()
	// weights sets h to the second derivatives by predictors k and l.
	weights(h []float64, k, l int)
	// rounding is the rounding of an objective.
	rounding(objective float64) float64
}

// proximal minimises a curved loss plus the elastic net over the working sets of all
// predictors by proximal Newton steps (Lee, Sun & Saunders 2014): each one minimises the
// quadratic model of the loss, plus the penalty, on the Gram matrix of all coefficients.
//
// The Gram matrix costs as much as many steps, so it is kept, with the second derivatives of
// an earlier point (the chord method), until steps that are less exact for it have cost as
// much as a new one. Gradients belong to the present point, so that the minimum is the same.
type proximal struct {
	of   curved
	t    *task
	gram gram

	class, feature []int       // of each coefficient of the Gram matrix
	row            [][]int     // of the Gram matrix, by class and place in its working set; −1: held
	intercepts     int         // eliminated by centring: of all classes, or all but the last
	cross          [][]float64 // second derivatives by each coefficient and the intercepts
	factor         *dense.Factor
	kept           []int         // the intercepts that factor keeps
	weight         [][][]float64 // second derivatives of the Gram matrix, by classes k and l ≤ k
	total          float64       // their sum, over k = l

	descent descent
	newton  newton
	debt    float64 // cost of the steps for which the Gram matrix was not exact, since it was made
	rate    float64 // the part of a violation that a step has left lately
	now     []float64
	pull    []float64   // Σu of each class with an intercept of its own
	eta     [][]float64 // of the last point
}

// mostCoefficients bounds the Gram matrix of a proximal, of 128 MB.
const mostCoefficients = 4000

func newProximal(of curved) *proximal {
	p := &proximal{of: of, t: of.fitters()[0].t}
	classes := len(of.fitters())
	p.row, p.eta = make([][]int, classes), make([][]float64, classes)
	for k := range p.eta {
		p.eta[k] = make([]float64, p.t.n)
	}
	if p.t.intercept {
		p.intercepts = max(1, classes-1)
	}
	p.gram.threads, p.rate = p.t.threads, 1
	return p
}

// forget gives up the Gram matrix.
func (p *proximal) forget() {
	p.class, p.feature = p.class[:0], p.feature[:0]
	p.cross, p.gram.q, p.gram.g = p.cross[:0], p.gram.q[:0], p.gram.g[:0]
	for k := range p.row {
		p.row[k] = p.row[k][:0]
	}
	p.newton.chol.Reset()
	p.newton.order = p.newton.order[:0]
	p.debt = 0
}

// holds reports whether there is a Gram matrix that is worth keeping.
func (p *proximal) holds() bool {
	size := float64(len(p.class))
	return size > 0 && p.debt < 0.7*float64(p.t.n)*size*size/2
}

// pays reports whether proximal steps are the way to solve on the working sets: not on sparse
// columns, nor where the Gram matrix would be too large. For a few features of few
// observations a Gram matrix for every step costs nothing.
func (p *proximal) pays() bool {
	for _, f := range p.of.fitters() {
		if f.sparse != nil {
			return false
		}
	}
	return p.coefficients() <= mostCoefficients && (len(p.row) > 1 || p.expects())
}

// expects reports whether most of the features that are expected to be needed will be: old
// correlations mislead where a few of many features are in use.
func (p *proximal) expects() bool { return p.t.n >= p.t.p || p.coefficients() > newtonGram }

// coefficients is the number of those in working sets.
func (p *proximal) coefficients() int {
	total := 0
	for _, f := range p.of.fitters() {
		total += len(f.set)
	}
	return total
}

// minimize takes steps until no violation exceeds target, or is expected to do so no more. It
// returns false if rounding, or a loss without a minimum, keeps them from getting there.
func (p *proximal) minimize(lambda, target float64, out *outcome) bool {
	limit, wanted := p.of.fitters()[0].limit, p.of.fitters()[0].nearest(target)
	value := p.objective(lambda)
	before := math.Inf(1)
	for steps := range mostSteps {
		p.correlate(target)
		violation := p.violation(lambda)
		if violation <= wanted || out.iterations >= limit {
			return violation <= target
		}
		if steps > 0 {
			p.rate = violation / before
			if p.rate > slowRate {
				p.forget()
			}
		}
		before = violation
		fresh := p.ready(steps)
		moved := p.step(lambda, violation, wanted, &value, out)
		switch {
		case moved && p.rate*violation < wanted/2:
			p.rate = min(2*p.rate, 1) // until it is seen again
			return true
		case !moved && fresh:
			return violation <= target
		case !moved:
			p.forget()
		}
	}
	return false
}

// mostSteps bounds the steps of a minimisation, and slowRate is the part of a violation that a
// step leaves when the Gram matrix is too old for it.
const (
	mostSteps = 100
	slowRate  = 0.5
)

// ready makes the Gram matrix cover the working sets, and returns whether it is of the
// present point.
func (p *proximal) ready(steps int) (fresh bool) {
	rows, columns := float64(p.t.n), float64(len(p.class))
	if steps > 0 {
		p.debt += rows * (columns*stepCost + float64(len(p.row))*rowCost)
	}
	if p.debt > rows*columns*columns/2 {
		p.forget()
	}
	if fresh = len(p.class) == 0; fresh {
		p.reference()
	}
	p.extend()
	return fresh
}

// The costs of a step, in products of the Gram matrix: by value of the columns, which are read
// from memory twice, and by observation and class.
const (
	stepCost = 30
	rowCost  = 1000
)

// correlate sets the gradients of all working sets. It takes those that the screen has
// computed if their point is close enough for the target.
func (p *proximal) correlate(target float64) {
	p.pull = p.pull[:0]
	for _, f := range p.of.fitters() {
		p.pull = append(p.pull, sumOf(f.u))
		f.slope = zeros(f.slope, len(f.set))
		if f.apart > 0.01*target {
			f.correlate(f.slope, f.set)
			continue
		}
		for k, j := range f.set {
			if f.slope[k] = f.screen.c[j]; !f.screen.need[j] {
				f.slope[k] = f64.Dot(f.u, f.columns[j])
			}
		}
	}
}

func (p *proximal) violation(lambda float64) float64 {
	worst := 0.0
	for k, f := range p.of.fitters() {
		if p.t.intercept {
			worst = max(worst, math.Abs(p.pull[k]))
		}
		worst = max(worst, f.pen.violation(f, lambda, func(j int) float64 { return f.slope[f.place[j]] }))
	}
	return worst
}

// reference takes the second derivatives of the present point.
func (p *proximal) reference() {
	classes := len(p.row)
	if p.weight == nil {
		p.weight = make([][][]float64, classes)
		for k := range p.weight {
			for range k + 1 {
				p.weight[k] = append(p.weight[k], make([]float64, p.t.n))
			}
		}
	}
	p.total = 0
	for k, list := range p.weight {
		for l, h := range list {
			p.of.weights(h, k, l)
		}
		p.total += sumOf(list[k])
	}
	p.factor, p.kept = dense.Independent(p.intercepts, func(k, l int) float64 {
		return sumOf(p.weight[max(k, l)][min(k, l)])
	})
}

func sumOf(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum
}

// scale is by how much second derivatives have grown since they were taken.
func (p *proximal) scale() float64 {
	p.now = zeros(p.now, p.t.n)
	sum := 0.0
	for k := range p.row {
		p.of.weights(p.now, k, k)
		sum += sumOf(p.now)
	}
	return sum / p.total
}

// extend adds the coefficients that have joined the working sets to the Gram matrix.
func (p *proximal) extend() {
	from := len(p.class)
	var starts []int
	for k, f := range p.of.fitters() {
		starts = append(starts, len(p.class))
		for at := len(p.row[k]); at < len(f.set); at++ {
			j := f.set[at]
			// Only differences between classes matter where there is no penalty.
			if p.t.factor[j] == 0 && k > 0 && k == len(p.row)-1 {
				p.row[k] = append(p.row[k], -1)
				continue
			}
			p.row[k] = append(p.row[k], len(p.class))
			p.class, p.feature = append(p.class, k), append(p.feature, j)
		}
	}
	size := len(p.class)
	if size == from {
		return
	}
	p.gram.grow(size)
	p.gram.q = zeros(p.gram.q, size)
	of := make([][]int, len(p.row)) // coefficients by class
	for a, k := range p.class {
		of[k] = append(of[k], a)
	}
	for k := range p.row {
		to := size
		if k+1 < len(starts) {
			to = starts[k+1]
		}
		if to > starts[k] {
			p.centre(k, starts[k], to)
			for l := range p.row {
				p.products(k, starts[k], to, l, of[l])
			}
		}
	}
}

func (p *proximal) columnsOf(list []int) [][]float64 {
	columns := make([][]float64, len(list))
	for i, a := range list {
		columns[i] = p.of.fitters()[p.class[a]].columns[p.feature[a]]
	}
	return columns
}

// centre sets cross of the coefficients from to to−1, of class k.
func (p *proximal) centre(k, from, to int) {
	for a := from; a < to; a++ {
		x := p.of.fitters()[k].columns[p.feature[a]]
		cross := make([]float64, len(p.kept))
		for i, l := range p.kept {
			cross[i] = f64.Dot(p.weight[max(k, l)][min(k, l)], x)
		}
		p.cross = append(p.cross, cross)
	}
}

// products sets the second derivatives by the coefficients from to to−1 of class k and those
// of list, of class l, up to the diagonal, and their mirror images.
func (p *proximal) products(k, from, to, l int, list []int) {
	last, _ := slices.BinarySearch(list, to)
	list = list[:last]
	if len(list) == 0 {
		return
	}
	rows := make([]int, to-from)
	for i := range rows {
		rows[i] = from + i
	}
	left, right, h := p.columnsOf(rows), p.columnsOf(list), p.weight[max(k, l)][min(k, l)]
	block, across, down := make([]float64, len(rows)*len(list)), 1, len(list)
	switch {
	case list[0] == from:
		dense.Weighted(block, down, left, right, h, dense.Lower, p.t.threads)
	case len(rows) < len(list)/2:
		across, down = len(rows), 1
		dense.Weighted(block, across, right, left, h, 0, p.t.threads)
	default:
		dense.Weighted(block, down, left, right, h, 0, p.t.threads)
	}
	solved := make([]float64, len(p.kept))
	for i, a := range rows {
		copy(solved, p.cross[a])
		p.factor.Solve(solved)
		for c, b := range list {
			if b > a {
				break
			}
			g := block[i*down+c*across]
			for m, s := range solved {
				g -= s * p.cross[b][m]
			}
			p.gram.g[a][b], p.gram.g[b][a] = g, g
		}
	}
}

// step minimises the quadratic model and goes there, or part of the way, so that the
// objective decreases or, where it is equal up to rounding, the violation. It returns
// whether it moved.
func (p *proximal) step(lambda, violation, target float64, value *float64, out *outcome) bool {
	d, fs := &p.descent, p.of.fitters()
	scale := p.scale()
	p.load(lambda, scale)
	d.sweeps, d.limit = out.iterations, fs[0].limit
	p.solve(max(0.3*target, part*violation, fs[0].floor()) / scale)
	out.iterations = d.sweeps
	for a, b := range d.beta { // columns that are copies of others enter by rounding
		if p.gram.start[a] == 0 && d.l1[a] > 0 && d.curve[a]*math.Abs(b)*scale <= fs[0].floor() {
			d.beta[a] = 0
		}
	}
	before := *value
	equal := 10 * p.of.rounding(before)
	intercepts := make([]float64, len(fs))
	for k, f := range fs {
		copy(p.eta[k], f.eta)
		intercepts[k] = f.intercept
	}
	p.store(scale)
	for _, f := range fs {
		f.predict()
	}
	for range 40 {
		p.of.residuals()
		p.settle(target)
		*value = p.objective(lambda)
		change := *value - before
		if change < -equal {
			return true
		}
		if change < equal {
			if p.correlate(0); p.violation(lambda) < violation {
				return true
			}
		}
		for k, f := range fs {
			halve(f.eta, p.eta[k])
			f.intercept = (f.intercept + intercepts[k]) / 2
		}
		halve(d.beta, p.gram.start)
		p.put(d.beta)
	}
	for k, f := range fs {
		copy(f.eta, p.eta[k])
		f.intercept = intercepts[k]
	}
	p.put(p.gram.start)
	p.of.residuals()
	p.correlate(0)
	*value = before
	return false
}

// settle takes Newton steps on the intercept of a single predictor, so that its residuals are a
// dual point and the correlations of the screen are gradients.
func (p *proximal) settle(target float64) {
	fs := p.of.fitters()
	for _, f := range fs {
		f.apart = math.Inf(1)
	}
	if len(fs) > 1 || !p.t.intercept {
		return
	}
	f := fs[0]
	for range 3 {
		pull := sumOf(f.u)
		if math.Abs(pull) <= 1e-3*target {
			return
		}
		p.of.weights(p.now, 0, 0)
		move := pull / sumOf(p.now)
		f.intercept += move
		for i := range f.eta {
			f.eta[i] += move
		}
		p.of.residuals()
	}
}

// halve moves x half the way to y.
func halve(x, y []float64) {
	for i, v := range y {
		x[i] = (x[i] + v) / 2
	}
}

// put sets the coefficients of the fitters.
func (p *proximal) put(beta []float64) {
	for a, b := range beta {
		p.of.fitters()[p.class[a]].beta[p.feature[a]] = b
	}
}

// part is the part of the violation at the start of a step that the minimum of its model may
// leave.
const part = 0.05

// load fills the descent with the model, divided by scale.
func (p *proximal) load(lambda, scale float64) {
	d, t := &p.descent, p.t
	size := len(p.class)
	d.beta, d.l1, d.l2, d.curve = zeros(d.beta, size), zeros(d.l1, size), zeros(d.l2, size), zeros(d.curve, size)
	if t.lower != nil {
		d.lower, d.upper = zeros(d.lower, size), zeros(d.upper, size)
	}
	pull := p.pulls()
	for k, f := range p.of.fitters() {
		for at, a := range p.row[k] {
			if a < 0 {
				continue
			}
			j := f.set[at]
			d.beta[a] = f.beta[j]
			l1, l2 := f.pen.tangent(lambda, j, f.beta[j])
			d.l1[a], d.l2[a] = l1/scale, l2/scale
			d.curve[a] = p.gram.g[a][a]
			p.gram.q[a] = (f.slope[at] - f64.Dot(pull, p.cross[a])) / scale
			if t.lower != nil {
				d.lower[a], d.upper[a] = t.lower[j], t.upper[j]
			}
		}
	}
	if t.alpha < 1 {
		p.newton.chol.Reset()
	}
	p.gram.begin(d.beta)
	d.smooth = &p.gram
}

// pulls are the moves of the intercepts to their minimum, times the scale.
func (p *proximal) pulls() []float64 {
	pull := make([]float64, len(p.kept))
	for i, k := range p.kept {
		pull[i] = p.pull[k]
	}
	p.factor.Solve(pull)
	return pull
}

func (p *proximal) solve(target float64) {
	d := &p.descent
	d.solve(target, func() bool { return p.newton.finish(d, &p.gram) })
}

// store moves coefficients and intercepts to the minimum of the model.
func (p *proximal) store(scale float64) {
	p.put(p.descent.beta)
	rest := make([]float64, len(p.kept))
	for i, k := range p.kept {
		rest[i] = p.pull[k] / scale
	}
	for a, b := range p.descent.beta {
		f64.Axpy(p.gram.start[a]-b, p.cross[a], rest)
	}
	p.factor.Solve(rest)
	for i, k := range p.kept {
		p.of.fitters()[k].intercept += rest[i]
	}
}

func (p *proximal) objective(lambda float64) float64 {
	sum := p.of.value()
	for _, f := range p.of.fitters() {
		sum += f.pen.value(lambda, f.beta, f.set)
	}
	return sum
}
