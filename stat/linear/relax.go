package linear

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Relax refits each model of a path without a penalty on the features that it selects, with
// the bounds of the problem (Meinshausen 2007, "Relaxed Lasso"; the relaxed fits of R's
// glmnet). A model of more than MaxRefit features has no such fit: nil. Blend mixes a model
// with its refit.
func Relax(p Problem, path *Path, o Options) ([]*Model, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	_, features := p.X.Dims()
	most := p.MaxRefit()
	var out []*Model
	var last []int
	for i, m := range path.Models {
		set := p.support(m, features)
		switch {
		case i > 0 && slices.Equal(set, last):
			out = append(out, out[i-1])
			continue
		case len(set) > most:
			out = append(out, nil)
		default:
			refit, err := p.refit(set, o)
			if err != nil {
				return nil, fmt.Errorf("%w (in the relaxed fit at lambda %.6g)", err, m.Lambda)
			}
			out = append(out, refit)
		}
		last = set
	}
	return out, nil
}

// MaxRefit is the largest number of features of a relaxed fit: three less than the n
// observations with a weight, and no more than a factor of the columns takes seconds for.
func (p *Problem) MaxRefit() int {
	const work = 1 << 32 // multiplications, in proportion to n·k²
	n := 0
	for i := range p.Y {
		if p.Weights == nil || p.Weights[i] > 0 {
			n++
		}
	}
	return max(0, min(n-3, max(100, int(math.Sqrt(work/float64(max(n, 1)))))))
}

// support lists the features of a model and those without a penalty.
func (p *Problem) support(m *Model, features int) []int {
	set := slices.Clone(m.Index)
	for _, c := range m.Classes {
		set = append(set, c.Index...)
	}
	for j := range features {
		if p.PenaltyFactor != nil && p.PenaltyFactor[j] == 0 {
			set = append(set, j)
		}
	}
	slices.Sort(set)
	return slices.Compact(set)
}

// refit fits some features without a penalty.
func (p *Problem) refit(set []int, o Options) (*Model, error) {
	part := *p
	part.X = subset(p.X, set)
	part.PenaltyFactor, part.Groups, part.GroupFactor = nil, nil, nil
	part.Lower, part.Upper = at(p.Lower, set), at(p.Upper, set)
	o.Progress = nil
	m, err := Fit(part, 0, o)
	if err != nil {
		return nil, err
	}
	m.Index = at(set, m.Index)
	for k := range m.Classes {
		m.Classes[k].Index = at(set, m.Classes[k].Index)
	}
	return m, nil
}

// at returns the values of a list at some places; nil for nil.
func at[T any](list []T, places []int) []T {
	if list == nil {
		return nil
	}
	out := make([]T, len(places))
	for k, i := range places {
		out[k] = list[i]
	}
	return out
}

// subset is the design of some features.
func subset(x Design, set []int) Design {
	s, ok := x.(*Sparse)
	if !ok {
		return columns{x, set}
	}
	out := &Sparse{n: s.n, p: len(set), start: []int{0}}
	for _, j := range set {
		rows, values := s.entries(j)
		out.row, out.value = append(out.row, rows...), append(out.value, values...)
		out.start = append(out.start, len(out.row))
	}
	return out
}

// columns are some features of a design.
type columns struct {
	of  Design
	set []int
}

func (c columns) Dims() (n, p int) {
	n, _ = c.of.Dims()
	return n, len(c.set)
}

func (c columns) Dot(j int, v []float64) float64 { return c.of.Dot(c.set[j], v) }

func (c columns) AddTo(v []float64, j int, a float64) { c.of.AddTo(v, c.set[j], a) }

// Blend returns share·a + (1−share)·b: the linear predictor of a relaxed lasso, for a of the
// penalised model and b of its refit.
func Blend(a, b Predictor, share float64) Predictor {
	out := Predictor{Intercept: share*a.Intercept + (1-share)*b.Intercept}
	for i, j := 0, 0; i < len(a.Index) || j < len(b.Index); {
		switch {
		case j == len(b.Index) || i < len(a.Index) && a.Index[i] < b.Index[j]:
			out.Index, out.Value = append(out.Index, a.Index[i]), append(out.Value, share*a.Value[i])
			i++
		case i == len(a.Index) || b.Index[j] < a.Index[i]:
			out.Index, out.Value = append(out.Index, b.Index[j]), append(out.Value, (1-share)*b.Value[j])
			j++
		default:
			out.Index, out.Value = append(out.Index, a.Index[i]), append(out.Value, share*a.Value[i]+(1-share)*b.Value[j])
			i, j = i+1, j+1
		}
	}
	return out
}

// checkGammas refuses shares outside 0 to 1.
func checkGammas(gammas []float64) error {
	for _, g := range gammas {
		if !(g >= 0 && g <= 1) {
			return fmt.Errorf("linear: gamma %v of a relaxed fit is not within 0 and 1", g)
		}
	}
	if len(gammas) > 100 {
		return errors.New("linear: more than 100 gammas")
	}
	return nil
}
