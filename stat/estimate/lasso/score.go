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
	scores := make([]float64, len(columns))
	for i, y := range t.Y {
		w := at(t.Weights, i, 1)
		total += w
		for k := range columns {
			scores[k] = columns[k][i]
		}
		loss, wrong := lossOf(r.Options.Family, scores, y)
		s.Loss += w * loss
		if wrong {
			s.Error += w
		}
		loss, _ = lossOf(r.Options.Family, null, y)
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
	classes := 1
	if family != linear.Gaussian {
		classes = len(d.Classes)
	}
	sum, total := make([]float64, classes), 0.0
	for i, y := range d.Y {
		w := at(d.Weights, i, 1)
		total += w
		if family == linear.Gaussian {
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
	case linear.Multinomial:
		for k := range sum {
			sum[k] = math.Log(sum[k])
		}
	}
	return sum
}

// lossOf returns the square or the deviance of one row, and whether its class is wrong.
func lossOf(family linear.Family, scores []float64, y float64) (loss float64, wrong bool) {
	switch family {
	case linear.Gaussian:
		return (y - scores[0]) * (y - scores[0]), false
	case linear.Binomial:
		s := scores[0]
		return 2 * (math.Log1p(math.Exp(-math.Abs(s))) + max(s, 0) - y*s), (s > 0) != (y == 1)
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
