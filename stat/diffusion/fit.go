package diffusion

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"pare/internal/f64"
	"pare/internal/kernel/parallel"
	"pare/stat/internal/grid"
	"pare/stat/internal/progress"
)

// Model is the kernel at one λ.
type Model struct {
	Lambda float64
	Kernel Kernel
	// Intercept of every output; nil without Problem.Intercept.
	Intercept []float64
	// Objective is 1/(2n)‖Y − XHᵀ‖² + λΣ|Hᵢⱼ|; its optimum lies in
	// [Objective − Gap, Objective], and Gap ≥ 0.
	Objective, Gap float64
	// Tolerance is the gap that was asked for, in the unit of Gap.
	Tolerance float64
	// Iterations are passes of coordinate descent, of all rows together.
	Iterations int
	Converged  bool
}

// Warning says in one line that the fit did not converge, and advises; it is empty for a
// fit that did.
func (m *Model) Warning() string {
	if m.Converged {
		return ""
	}
	return fmt.Sprintf("lambda %.4g did not converge: duality gap %.3g, tolerance %.3g after %d passes; "+
		"allow more iterations, a larger tolerance or a larger lambda",
		m.Lambda, m.Gap, m.Tolerance, m.Iterations)
}

// Fit finds the kernel at one λ ≥ 0. λ = 0 is least squares and needs inputs of
// full column rank.
func Fit(p Problem, lambda float64, o Options) (*Model, error) {
	path, err := FitPath(p, []float64{lambda}, o)
	if err != nil {
		return nil, err
	}
	return path[0], nil
}

// FitPath finds the kernel at each λ, in the order given; from large to small is
// fastest. Nil means 30 values from LambdaMax down to 1/200 of it, even in their
// logarithms.
func FitPath(p Problem, lambdas []float64, o Options) ([]*Model, error) {
	f, err := prepare(p, lambdas, 1.0/200, &o)
	if err != nil {
		return nil, err
	}
	return f.path(f.moments, o)
}

var errNoPath = errors.New("no entry of the kernel can differ from zero, so there is no path")

// LambdaMax is the smallest λ at which every penalised entry is zero.
func LambdaMax(p Problem) (float64, error) {
	f, err := prepare(p, []float64{}, 1, &Options{})
	if err != nil {
		return 0, err
	}
	return lambdaMax(&f.prob, f.moments), nil
}

// MaxCount is the largest number of λ of a path.
const MaxCount = 10000

// Lambdas are count values of λ from LambdaMax down to ratio of it, even in their logarithms.
func Lambdas(p Problem, count int, ratio float64) ([]float64, error) {
	if count > MaxCount {
		return nil, fmt.Errorf("a path of %d lambdas: at most %d are possible", count, MaxCount)
	}
	if count < 2 || !(ratio > 0 && ratio < 1) {
		return nil, fmt.Errorf("a path of %d lambdas down to %v of the largest: it has at least 2, and a ratio between 0 and 1",
			count, ratio)
	}
	f, err := prepare(p, []float64{}, ratio, &Options{})
	if err != nil {
		return nil, err
	}
	top := lambdaMax(&f.prob, f.moments)
	if top == 0 {
		return nil, errNoPath
	}
	return grid.Falling(top, ratio, count), nil
}

// fitter is a checked problem, centred if it has an intercept.
type fitter struct {
	prob         Problem
	lambdas      []float64
	meanX, meanY []float64 // nil without an intercept
	moments      *moments
}

// prepare checks everything and completes o; ratio is where a path of its own ends.
func prepare(p Problem, lambdas []float64, ratio float64, o *Options) (*fitter, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if err := o.complete(); err != nil {
		return nil, err
	}
	for _, l := range lambdas {
		if err := checkLambda(l); err != nil {
			return nil, err
		}
	}
	f := &fitter{prob: p, lambdas: lambdas}
	if p.Intercept {
		f.prob.X, f.meanX = centred(p.X)
		f.prob.Y, f.meanY = centred(p.Y)
	}
	f.moments = sumsOf(f.prob.X, f.prob.Y).moments(p.Intercept)
	if lambdas == nil {
		top := lambdaMax(&f.prob, f.moments)
		if top == 0 {
			return nil, errNoPath
		}
		f.lambdas = grid.Falling(top, ratio, 30)
	}
	return f, nil
}

func lambdaMax(prob *Problem, m *moments) float64 {
	var top float64
	c := freeResidual(prob, m)
	for i := range m.q {
		for j := range m.p {
			v := c[i*m.p+j]
			if prob.Symmetric {
				v = (v + c[j*m.p+i]) / 2
			}
			if !prob.allowed(i, j) || prob.weight(i, j) == 0 {
				continue
			}
			if !prob.NonNegative {
				v = math.Abs(v)
			}
			top = max(top, v)
		}
	}
	return top
}

// freeResidual returns the correlations YᵀX/n after the free diagonal has been fitted.
func freeResidual(prob *Problem, m *moments) []float64 {
	c := append([]float64(nil), m.cross...)
	if !prob.FreeDiagonal {
		return c
	}
	for i := range m.q {
		d := m.gram[i*m.p+i]
		if d <= 0 || !prob.allowed(i, i) {
			continue
		}
		f64.Axpy(-prob.shrink(c[i*m.p+i], 0)/d, m.gram[i*m.p:(i+1)*m.p], c[i*m.p:(i+1)*m.p])
	}
	return c
}

var errRank = errors.New("lambda = 0 needs inputs of full column rank, with more observations than nodes; give a lambda above 0")

func (f *fitter) path(m *moments, o Options) ([]*Model, error) {
	models := f.solve(m, len(f.lambdas), o, func(d *descent, _, l int, _ fit) fit {
		if f.lambdas[l] == 0 && !d.factorise() {
			return fit{singular: true}
		}
		return d.solve(f.lambdas[l])
	})
	for i, model := range models {
		if model == nil {
			return nil, errRank
		}
		model.Lambda = f.lambdas[i]
		f.finish(model, m, o)
	}
	return models, nil
}

// rows are the rows of the kernel that unit is: one, or with Problem.Symmetric all.
func (f *fitter) rows(k Kernel, unit int) []Row {
	if f.prob.Symmetric {
		return k.Rows
	}
	return k.Rows[unit : unit+1]
}

// solve makes count models, of units that do not depend on each other: do fits model l of
// a unit and knows the fit of the model before. Models are nil where a unit has no fit.
func (f *fitter) solve(m *moments, count int, o Options, do func(d *descent, unit, l int, before fit) fit) []*Model {
	models := make([]*Model, count)
	for l := range models {
		models[l] = &Model{Kernel: Kernel{Inputs: m.p, Rows: make([]Row, m.q)}}
	}
	units, start := m.q, newRow
	if f.prob.Symmetric {
		units, start = 1, newSymmetric
	}
	fits := make([][]fit, units)
	done := progress.New(o.Progress, 0, units*count)
	parallel.Of(o.Threads, units, func(unit int) {
		d, last := start(&f.prob, m, o, unit), fit{}
		for l, model := range models {
			last = do(d, unit, l, last)
			fits[unit] = append(fits[unit], last)
			copy(f.rows(model.Kernel, unit), d.rows())
			done.Add(1)
		}
	})
	for l, model := range models {
		for unit := range fits {
			one := fits[unit][l]
			model.Objective += one.objective
			model.Gap += one.gap
			model.Iterations += one.iterations
			if one.singular {
				models[l] = nil
			}
		}
	}
	return models
}

func (f *fitter) finish(model *Model, m *moments, o Options) {
	model.Tolerance = o.Tolerance * m.nullObjective()
	model.Converged = model.Gap <= model.Tolerance
	if f.prob.Intercept {
		model.Intercept = f.intercept(model.Kernel, m)
	}
}

// intercept undoes the centring, globally and within m.
func (f *fitter) intercept(k Kernel, m *moments) []float64 {
	b := make([]float64, m.q)
	for i, row := range k.Rows {
		b[i] = f.meanY[i] + m.meanY[i] - row.apply(f.meanX) - row.apply(m.meanX)
	}
	return b
}

// Relax fits the support of a kernel again without a penalty, which undoes the shrinking of
// its entries. Symmetry, signs and intercept are as in the problem; objective and gap belong
// to λ = 0 on this support. Each row needs linearly independent inputs on its support; a
// symmetric kernel needs inputs of full column rank.
func Relax(p Problem, k Kernel, o Options) (*Model, error) {
	f, err := prepare(p, []float64{}, 1, &o)
	if err != nil {
		return nil, err
	}
	if len(k.Rows) != f.moments.q || k.Inputs != f.moments.p {
		return nil, fmt.Errorf("the kernel is %d×%d, the data ask for %d×%d", len(k.Rows), k.Inputs, f.moments.q, f.moments.p)
	}
	model := f.relax(f.moments, []Kernel{k}, o)[0]
	if model == nil {
		return nil, errRank
	}
	f.finish(model, f.moments, o)
	return model, nil
}

// relax refits each kernel; nil stands where a Gram matrix is singular. Parts of the same
// support as in the kernel before are not fitted again.
func (f *fitter) relax(m *moments, kernels []Kernel, o Options) []*Model {
	return f.solve(m, len(kernels), o, func(d *descent, unit, l int, before fit) fit {
		if l > 0 && slices.EqualFunc(f.rows(kernels[l], unit), f.rows(kernels[l-1], unit), sameSupport) {
			return before
		}
		d.restrict(kernels[l])
		if !d.factorise() {
			return fit{singular: true}
		}
		return d.solve(0)
	})
}

func sameSupport(a, b Row) bool { return slices.Equal(a.Index, b.Index) }

// support is where the kernel is not zero.
func (k Kernel) support() [][]bool {
	s := make([][]bool, len(k.Rows))
	for i, r := range k.Rows {
		s[i] = make([]bool, k.Inputs)
		for _, j := range r.Index {
			s[i][j] = true
		}
	}
	return s
}
