package lasso

import (
	"math"

	"pare/stat/linear"
)

// test measures all fits on the rows left out.
func (r *Result) test() (err error) {
	for _, f := range r.fits() {
		if f.Test, err = r.score(f.Model); err != nil {
			return err
		}
	}
	return nil
}

// score measures a model on the rows left out.
func (r *Result) score(m *linear.Model) (*Score, error) {
	x, _, err := r.Data.Test.linear(&r.Options)
	if err != nil {
		return nil, err
	}
	return r.scoreOn(r.Data.Test, x, m), nil
}

// explained returns the share of the loss without features that a model explains in the rows
// it was fitted to.
func (r *Result) explained(m *linear.Model) float64 { return r.scoreOn(r.Data, r.problem.X, m).R2 }

// scoreOn measures a model on rows with their design.
func (r *Result) scoreOn(t *Data, x linear.Design, m *linear.Model) *Score {
	s := &Score{Rows: t.Rows}
	columns := predictors(m, x)
	null := r.Data.null(r.Options.Family)
	total, base := 0.0, 0.0
	scores, without := make([]float64, len(columns)), make([]float64, len(columns))
	for i, y := range t.Y {
		w := at(t.Weights, i, 1)
		total += w
		shift := at(t.Offset, i, 0)
		for k := range columns {
			scores[k] = columns[k][i] + shift
			without[k] = null[k] + shift
		}
		loss, wrong := lossOf(r.Options.Family, scores, y)
		s.Loss += w * loss
		if wrong {
			s.Error += w
		}
		loss, _ = lossOf(r.Options.Family, without, y)
		base += w * loss
	}
	s.R2 = 1 - s.Loss/base
	s.Loss /= total
	s.Error /= total
	return s
}

// predictors returns the linear predictors of a model on the rows of a design: one column,
// or one for each class.
func predictors(m *linear.Model, x linear.Design) [][]float64 {
	if m.Classes == nil {
		return [][]float64{m.Predict(x)}
	}
	var out [][]float64
	for _, c := range m.Classes {
		out = append(out, c.Predict(x))
	}
	return out
}

// null returns the linear predictors of a model without features.
func (d *Data) null(family linear.Family) []float64 {
	if d.Offset != nil {
		return d.nullBeside(family)
	}
	classes := max(1, len(d.Classes))
	sum, total := make([]float64, classes), 0.0
	for i, y := range d.Y {
		w := at(d.Weights, i, 1)
		total += w
		if !family.Classes() {
			sum[0] += w * y
		} else {
			sum[int(y)] += w
		}
	}
	for k := range sum {
		sum[k] /= total
	}
	switch family {
	case linear.Binomial:
		return []float64{math.Log(sum[1] / sum[0])}
	case linear.Poisson:
		return []float64{math.Log(sum[0])}
	case linear.Multinomial:
		for k := range sum {
			sum[k] = math.Log(sum[k])
		}
	}
	return sum
}

// nullBeside returns null beside offsets.
func (d *Data) nullBeside(family linear.Family) []float64 {
	none, err := linear.NewDense(d.Rows, 0, nil)
	if err != nil {
		return []float64{math.NaN()}
	}
	m, err := linear.Fit(linear.Problem{X: none, Y: d.Y, Family: family, Weights: d.Weights, Offset: d.Offset}, 1, linear.Options{})
	if err != nil {
		return []float64{math.NaN()} // the fit with features has failed in the same way
	}
	return []float64{m.Intercept}
}

// lossOf returns the square or the deviance of one row, and whether its class is wrong.
func lossOf(family linear.Family, scores []float64, y float64) (loss float64, wrong bool) {
	if family != linear.Multinomial {
		return family.Deviance(scores[0], y), family == linear.Binomial && (scores[0] > 0) != (y == 1)
	}
	top, best := math.Inf(-1), 0
	for k, s := range scores {
		if s > top {
			top, best = s, k
		}
	}
	sum := 0.0
	for _, s := range scores {
		sum += math.Exp(s - top)
	}
	return 2 * (math.Log(sum) + top - scores[int(y)]), best != int(y)
}
