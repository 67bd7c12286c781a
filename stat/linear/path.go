package linear

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"pare/stat/internal/grid"
)

// PathOptions says which λ a path has and when it ends.
type PathOptions struct {
	Options
	Count int // of λ; 0: 100
	// Ratio is the smallest λ over the largest; 0: 0.01 with fewer observations than
	// features, else 0.0001, as in glmnet.
	Ratio float64
	// Full fits every λ. Otherwise a path that chooses its own λ ends, as glmnet's
	// does, when 0.999 of the null loss is explained or when, after at least five λ,
	// one more λ explains less than 1e-5 of it in addition.
	Full bool
}

// Path is the fits of a problem along descending λ, each started from the last.
type Path struct {
	Models []*Model
	// LambdaMax is the smallest λ for which no penalised feature is selected.
	LambdaMax float64
	// Ended says why the path has fewer models than λ; empty if it does not.
	Ended string
}

// Lambdas returns the λ of the models.
func (p *Path) Lambdas() []float64 {
	list := make([]float64, len(p.Models))
	for i, m := range p.Models {
		list[i] = m.Lambda
	}
	return list
}

// engine fits one λ after another.
type engine interface {
	// begin fits the features without a penalty and returns the largest λ that selects
	// any other.
	begin() float64
	fit(lambda float64) *Model
}

func newEngine(p *Problem, o Options) (engine, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	t, err := newTask(p, o.Threads)
	if err != nil {
		return nil, err
	}
	if families[p.Family].loss == nil {
		return newMultinomial(p, t, o)
	}
	if enough := families[p.Family].enough; enough != nil {
		if err := enough(t); err != nil {
			return nil, err
		}
	}
	var pen penalty = elasticNet{t}
	switch {
	case p.Groups != nil:
		pen = newGroupLasso(p.Groups, t)
	case p.Penalty != nil:
		pen = p.Penalty.bind(t)
	}
	s := &single{fitter: newFitter(t, families[p.Family].loss(t), pen, map[int][]float64{}, o), family: p.Family}
	if math.IsInf(s.null, 0) || math.IsNaN(s.null) {
		return nil, errors.New("linear: offsets are too large for means to be numbers; the offset of a rate is the logarithm of its exposure")
	}
	s.list[0] = s.fitter
	if !s.loss.quadratic() && p.Groups == nil {
		s.near = newProximal(s)
	}
	return s, nil
}

// single is the engine of families with one linear predictor.
type single struct {
	*fitter
	list     [1]*fitter // the same
	family   Family
	nullLoss float64 // of the intercept alone
}

func (s *single) fitters() []*fitter { return s.list[:] }

func (s *single) value() float64 { return s.loss.value(s.eta) }

func (s *single) residuals() { s.loss.dual(s.u, s.eta) }

func (s *single) weights(h []float64, _, _ int) { s.loss.curvature(h, s.eta) }

func (s *single) begin() float64 {
	f := s.fitter
	s.nullLoss = f.null
	var out outcome
	f.inner(1, 1e-13*math.Sqrt(f.null), &out)
	f.setNull(f.loss.value(f.eta))
	f.setFirst()
	return f.largestEntry()
}

// largestEntry is the largest λ for which a penalised unit enters.
func (f *fitter) largestEntry() float64 {
	f.screen.update(f.fair, f.pen.bound(0))
	largest := 0.0
	for _, unit := range f.pen.fresh(f.screen) {
		if f.pen.weight(unit) > 0 {
			largest = max(largest, f.entry(unit))
		}
	}
	return largest / max(f.t.alpha, 1e-3)
}

func (s *single) fit(lambda float64) *Model {
	out := s.solve(lambda)
	out.judge(s.dependent(lambda), s.separable(lambda))
	return s.model(lambda, s.nullLoss, out, s.family)
}

// Fit fits one λ ≥ 0.
func Fit(p Problem, lambda float64, o Options) (*Model, error) {
	path, err := FitPath(p, []float64{lambda}, PathOptions{Options: o})
	if err != nil {
		return nil, err
	}
	return path.Models[0], nil
}

// MaxCount is the largest number of λ of a path.
const MaxCount = 10000

// FitPath fits the given λ, in descending order; nil: o.Count from the largest that
// selects nothing down to o.Ratio of it, equally spaced in the logarithm.
func FitPath(p Problem, lambdas []float64, o PathOptions) (*Path, error) {
	for _, lambda := range lambdas {
		if !(lambda >= 0) || math.IsInf(lambda, 0) {
			return nil, fmt.Errorf("linear: lambda %v must be a number that is not negative", lambda)
		}
	}
	if o.Count > MaxCount {
		return nil, fmt.Errorf("linear: a path of %d lambdas: at most %d are possible", o.Count, MaxCount)
	}
	if o.Count < 0 || !(o.Ratio >= 0 && o.Ratio < 1) {
		return nil, fmt.Errorf("linear: a path of %d lambdas down to %v of the largest", o.Count, o.Ratio)
	}
	e, err := newEngine(&p, o.Options)
	if err != nil {
		return nil, err
	}
	path := &Path{LambdaMax: e.begin()}
	own := lambdas == nil
	if own {
		ratio := 1e-4
		if n, features := p.X.Dims(); n < features {
			ratio = 0.01
		}
		lambdas = grid.Falling(path.LambdaMax, cmp.Or(o.Ratio, ratio), cmp.Or(o.Count, 100))
	} else {
		lambdas = slices.Clone(lambdas)
		slices.Sort(lambdas)
		slices.Reverse(lambdas)
	}
	for i, lambda := range lambdas {
		if i == 0 {
			approach(e, path.LambdaMax, lambda)
		}
		path.Models = append(path.Models, e.fit(lambda))
		if o.Progress != nil {
			o.Progress(i+1, len(lambdas))
		}
		if own && !o.Full && i+1 < len(lambdas) {
			if path.Ended = ended(path.Models); path.Ended != "" {
				break
			}
		}
	}
	return path, nil
}

// approach fits a few larger λ on the way to the first one, which is faster than
// going there at once when it selects many features. λ = 0 needs no way.
func approach(e engine, most, lambda float64) {
	if lambda == 0 {
		return
	}
	for step := most / 3; step > 2*lambda && step > most/300; step /= 3 {
		e.fit(step)
	}
}

// ended says why a path ends, if it does. Between two features that enter, MCP and SCAD
// explain the same.
func ended(models []*Model) string {
	last := models[len(models)-1]
	if last.Explained > 0.999 {
		return "more than 0.999 of the loss is explained"
	}
	if len(models) > 5 && !last.Stationary() && last.Explained-models[len(models)-2].Explained < 1e-5*last.Explained {
		return "a smaller lambda explains less than 1e-5 more"
	}
	return ""
}
