package lasso

import (
	"math"
	"slices"

	"pare/stat/linear"
	"pare/stat/robust"
)

// RobustResult compares the models with the one that is trained for the worst case:
// every feature may move by up to Epsilon standard deviations.
type RobustResult struct {
	Epsilon float64
	// Path holds the lasso's models; Best is the place of the one with the least worst case
	// on the rows it was fitted to.
	Path []WorstCase
	Best int
	// Model, on standardised features, minimises the mean worst-case loss of the rows it was
	// fitted to, exactly up to its Gap; Trained, Intercept and Value are the same model on
	// the scale of the columns.
	*robust.Model
	Trained   WorstCase
	Intercept float64
	Value     []float64
	Test      bool // losses are on rows left out
}

// WorstCase holds mean losses of a model, squares or logistic losses in nats: of the rows
// as they are, and in the worst case.
type WorstCase struct {
	Lambda      float64 // 0 of the trained one
	Selected    int
	Clean, Loss float64
	// Fitted is the worst-case loss on the rows that the model was fitted to.
	Fitted float64
	// Distance, of a binomial model, is the distance that a row in the right class may move
	// before its class changes, in standard deviations of all features at once: the median
	// over rows. Flipped is the share of rows in the wrong class in the worst case.
	Distance, Flipped float64
}

// robust measures worst cases and trains for them.
func (r *Result) robust() error {
	d := r.Data
	z, mean, sd, err := d.standardized(!r.Options.NoIntercept)
	if err != nil {
		return err
	}
	out := &RobustResult{Epsilon: r.Options.Robust, Test: d.Test != nil}
	rows := d
	if d.Test != nil {
		rows = d.Test
	}
	p := len(d.Names)
	for k, f := range r.Path {
		w := f.Coefficients(p)
		for j := range w {
			w[j] *= sd[j]
		}
		c := r.worst(rows, f.Model, w)
		c.Fitted = c.Loss
		if d.Test != nil {
			c.Fitted = r.worst(d, f.Model, w).Loss
		}
		c.Lambda = f.Lambda
		out.Path = append(out.Path, c)
		if c.Fitted < out.Path[out.Best].Fitted {
			out.Best = k
		}
	}
	train := robust.TrainSquare
	if r.Options.Family == linear.Binomial {
		train = robust.TrainLogistic
	}
	m, err := train(d.Rows, p, z, d.Y, out.Epsilon, robust.Options{NoIntercept: r.Options.NoIntercept})
	if err != nil {
		return err
	}
	out.Model = m
	trained := &linear.Model{Predictor: linear.Predictor{Intercept: m.Intercept}}
	out.Value = make([]float64, p)
	for j, w := range m.Weights {
		if w == 0 || sd[j] == 0 {
			continue
		}
		out.Value[j] = w / sd[j]
		trained.Index, trained.Value = append(trained.Index, j), append(trained.Value, out.Value[j])
		trained.Intercept -= out.Value[j] * mean[j]
	}
	out.Intercept = trained.Intercept
	out.Trained = r.worst(rows, trained, m.Weights)
	out.Trained.Fitted = m.Objective
	r.Robust = out
	return nil
}

// standardized returns the design with columns of deviation 1 and, if centred, mean 0.
func (d *Data) standardized(centred bool) (z, mean, sd []float64, err error) {
	x, err := d.filled("-robust")
	if err != nil {
		return nil, nil, nil, err
	}
	p := len(d.Names)
	z, mean, sd = make([]float64, len(x)), make([]float64, p), make([]float64, p)
	for j := range p {
		column := x[j*d.Rows : (j+1)*d.Rows]
		if mean[j], sd[j] = moments(column); sd[j] == 0 {
			continue
		}
		if !centred {
			mean[j] = 0
		}
		for i, v := range column {
			z[j*d.Rows+i] = (v - mean[j]) / sd[j]
		}
	}
	return z, mean, sd, nil
}

// worst measures a model whose weights are w on standardised features.
func (r *Result) worst(rows *Data, m *linear.Model, w []float64) WorstCase {
	x, _, err := rows.linear(&r.Options)
	if err != nil {
		return WorstCase{} // the design was made before
	}
	norm, epsilon := robust.Norm1(w), r.Options.Robust
	c := WorstCase{Selected: len(m.Index)}
	n := float64(rows.Rows)
	var distances []float64
	for i, s := range m.Predict(x) {
		y := rows.Y[i]
		if r.Options.Family == linear.Gaussian {
			c.Clean += robust.SquareLoss(y-s, norm, 0) / n
			c.Loss += robust.SquareLoss(y-s, norm, epsilon) / n
			continue
		}
		margin := (2*y - 1) * s
		c.Clean += robust.LogisticLoss(margin, norm, 0) / n
		c.Loss += robust.LogisticLoss(margin, norm, epsilon) / n
		if margin <= epsilon*norm {
			c.Flipped += 1 / n
		}
		if margin > 0 && norm > 0 {
			distances = append(distances, margin/norm)
		}
	}
	c.Distance = median(distances)
	return c
}

// median returns NaN for no values.
func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	sorted := append([]float64(nil), v...)
	slices.Sort(sorted)
	k := len(sorted)
	return (sorted[(k-1)/2] + sorted[k/2]) / 2
}
