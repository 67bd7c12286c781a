package lasso

import (
	"math"

	"pare/stat/linear"
)

// test measures all fits on the rows left out.
func (r *Result) test() (err error) {
	for _, f := range append(r.Path, r.Chosen) {
		if f == nil || f.Test != nil {
			continue
		}
		if f.Test, err = r.score(f); err != nil {
			return err
		}
	}
	return nil
}

// score measures a fit on the rows left out.
func (r *Result) score(f *Fit) (*Score, error) {
	t := r.Data.Test
	x, _, err := t.linear(&r.Options)
	if err != nil {
		return nil, err
	}
	w := t.Weights
	if w == nil {
		w = make([]float64, t.Rows)
		for i := range w {
			w[i] = 1
		}
	}
	s := &Score{Rows: t.Rows}
	columns := scores(f, x)
	null := r.Data.null(r.Options.Family)
	total, base := 0.0, 0.0
	for i, y := range t.Y {
		total += w[i]
		at := make([]float64, len(columns))
		for k := range columns {
			at[k] = columns[k][i]
		}
		loss, wrong := lossOf(r.Options.Family, at, y)
		s.Loss += w[i] * loss
		if wrong {
			s.Error += w[i]
		}
		loss, _ = lossOf(r.Options.Family, null, y)
		base += w[i] * loss
	}
	s.R2 = 1 - s.Loss/base
	s.Loss /= total
	s.Error /= total
	return s, nil
}

// null are the linear predictors without features.
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

// lossOf is the square or the deviance of one row, and whether its class is wrong.
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
