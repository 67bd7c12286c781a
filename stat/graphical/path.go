package graphical

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"pare/stat/internal/grid"
)

// MaxCount is the largest number of λ of a path, and of subsamples.
const MaxCount = 10000

// PathOptions say which λ a path visits.
type PathOptions struct {
	Options
	Lambdas []float64 // any order; nil: Count values from LambdaMax down, evenly in log λ
	Count   int       // 0: 30
	Ratio   float64   // last λ over the first; 0: 0.05, or 0.1 with fewer observations than variables
	// Progress is called after every fit of a longer computation; nil: never.
	Progress func(done, total int)
}

// Path is a sequence of networks of falling λ.
type Path struct {
	Networks []*Network `json:"networks"`
}

// Lambdas returns the λ of the networks.
func (p *Path) Lambdas() []float64 {
	out := make([]float64, len(p.Networks))
	for i, n := range p.Networks {
		out[i] = n.Lambda
	}
	return out
}

// FitPath fits networks of falling λ, each started at the one before. pen.Lambda has to be
// 0: the path chooses it.
func FitPath(c *Covariance, pen Penalty, o PathOptions) (*Path, error) {
	lambdas, err := o.lambdas(c, pen)
	if err != nil {
		return nil, err
	}
	opt, err := o.Options.check(c.P())
	if err != nil {
		return nil, err
	}
	w := newWalk(c, pen, opt, lambdas)
	path := &Path{}
	for i := range lambdas {
		n, err := w.step(lambdas[i])
		if err != nil {
			return nil, err
		}
		path.Networks = append(path.Networks, n)
		if o.Progress != nil {
			o.Progress(i+1, len(lambdas))
		}
	}
	return path, nil
}

// walk goes down a path.
type walk struct {
	c      *Covariance
	pen    Penalty
	o      Options
	forest []link
}

func newWalk(c *Covariance, pen Penalty, o Options, lambdas []float64) *walk {
	return &walk{c, pen, o, forest(c, pen, lambdas[len(lambdas)-1])}
}

func (w *walk) step(lambda float64) (*Network, error) {
	n, err := fit(w.c, w.pen.with(lambda), w.o, componentsOf(w.forest, w.c.P(), lambda))
	w.o.Start = n
	return n, err
}

// lambdas checks the options and returns the path's λ, falling.
func (o PathOptions) lambdas(c *Covariance, pen Penalty) ([]float64, error) {
	if pen.Lambda != 0 {
		return nil, fmt.Errorf("the penalty of a path has lambda %v; the path chooses it, so leave it 0", pen.Lambda)
	}
	if err := pen.check(c.P()); err != nil {
		return nil, err
	}
	if o.Lambdas != nil {
		if len(o.Lambdas) == 0 || o.Count != 0 || o.Ratio != 0 {
			return nil, errors.New("a path is given by at least one lambda, or by their count and ratio")
		}
		out := slices.Clone(o.Lambdas)
		for _, l := range out {
			if err := pen.with(l).check(c.P()); err != nil {
				return nil, err
			}
		}
		slices.Sort(out)
		slices.Reverse(out)
		return out, nil
	}
	count, ratio := cmp.Or(o.Count, 30), 0.05
	if c.n > 0 && c.n < c.P() {
		ratio = 0.1
	}
	ratio = cmp.Or(o.Ratio, ratio)
	if count > MaxCount {
		return nil, fmt.Errorf("a path of %d lambdas: at most %d are possible", count, MaxCount)
	}
	if count < 1 || !(ratio > 0 && ratio < 1) {
		return nil, fmt.Errorf("a path of %d lambdas down to %v of the largest: the count is positive and the ratio between 0 and 1",
			count, ratio)
	}
	top, err := LambdaMax(c, pen)
	if err != nil {
		return nil, err
	}
	if top == 0 {
		return nil, errors.New("all covariances are zero, so no lambda has edges: give the path's lambdas")
	}
	return grid.Falling(top, ratio, count), nil
}
