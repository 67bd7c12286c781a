package graphical

import (
	"fmt"
	"math"

	"pare/internal/f64"
	"pare/stat/internal/folds"
)

// crossValidate scores the networks by the likelihood of observations left out, which are
// centred, and for correlations scaled, as those were that the networks are fitted to.
func (s *Selection) crossValidate(x []float64, n, p int, o SelectOptions) error {
	fold, err := folds.Deal(shuffled(n, o.Seed, 1), o.Folds)
	if err != nil {
		return err
	}
	lambdas := s.Path.Lambdas()
	scores := make([][]float64, o.Folds)
	for k := range o.Folds {
		var train, test []int
		for i, in := range fold {
			if in == k {
				test = append(test, i)
			} else {
				train = append(train, i)
			}
		}
		fitted := rowsOf(x, p, train)
		c, err := fromData(fitted, len(train), p, o.Correlation)
		if err != nil {
			return fmt.Errorf("without fold %d of %d: %w", k+1, o.Folds, err)
		}
		path := PathOptions{Options: o.Path.Options, Lambdas: lambdas, Progress: part(o.Path.Progress, k+1, o.Folds+1)}
		fits, err := FitPath(c, o.Penalty, path)
		if err != nil {
			return fmt.Errorf("without fold %d of %d: %w", k+1, o.Folds, err)
		}
		held := heldOut(fitted, rowsOf(x, p, test), p, o.Correlation)
		for _, net := range fits.Networks {
			scores[k] = append(scores[k], held.trace(net)-net.LogDet)
		}
	}
	c := folds.Choose(scores, nil, lambdas)
	s.Score, s.StdErr, s.Best, s.OneSE = c.Mean, c.Error, c.Min, c.OneSE
	return nil
}

// heldOut is the second moment of test rows around the mean of the training rows.
func heldOut(train, test []float64, p int, correlation bool) *dataSource {
	nTrain, n := len(train)/p, len(test)/p
	d := &dataSource{make([]float64, len(test)), n, p}
	for j := range p {
		mean, variance := 0.0, 0.0
		for i := range nTrain {
			mean += train[i*p+j] / float64(nTrain)
		}
		for i := range nTrain {
			v := train[i*p+j] - mean
			variance += v * v / float64(nTrain)
		}
		scale := 1 / math.Sqrt(float64(n))
		if correlation {
			scale /= math.Sqrt(variance)
		}
		for i := range n {
			d.z[j*n+i] = (test[i*p+j] - mean) * scale
		}
	}
	return d
}

// trace is tr(SΘ).
func (d *dataSource) trace(n *Network) float64 {
	sum := 0.0
	for i, v := range n.Diagonal {
		z := d.z[i*d.n : (i+1)*d.n]
		sum += v * f64.Dot(z, z)
	}
	for _, e := range n.Edges {
		sum += 2 * e.Weight * d.at(e.I, e.J)
	}
	return sum
}
