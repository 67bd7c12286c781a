package lasso

import (
	"errors"
	"fmt"
	"math"

	"pare/internal/limit"
	"pare/stat/linear"
)

// linear returns the design of the columns, with all products of two for Interactions.
func (d *Data) linear(o *Options) (linear.Design, *linear.Interactions, error) {
	if s := d.Sparse; s != nil && !o.Interactions {
		x, err := linear.NewSparse(s.Rows, len(s.Names), s.Start, s.Row, s.Value)
		return x, nil, err
	}
	filled, err := d.filled("-interactions")
	if err != nil {
		return nil, nil, err
	}
	dense, err := linear.NewDense(d.Rows, len(d.Names), filled)
	if err != nil || !o.Interactions {
		return dense, nil, err
	}
	if len(d.Names) < 2 {
		return nil, nil, errors.New("-interactions needs two columns, there is one")
	}
	pairs, err := linear.NewInteractions(dense, true)
	return pairs, pairs, err
}

// filled returns the design with all its zeros, column after column, for an option that
// needs it.
func (d *Data) filled(option string) ([]float64, error) {
	if d.Sparse == nil {
		return d.X, nil
	}
	if err := limit.Check(fmt.Sprintf("%s fills the zeros of a table of %d rows and %d columns, which", option, d.Rows, len(d.Names)),
		int64(d.Rows)*int64(len(d.Names)), 8); err != nil {
		return nil, err
	}
	return d.Sparse.Dense(), nil
}

// deviation returns the standard deviation of feature j, with divisor n.
func (f *fitted) deviation(j int) float64 {
	_, sd := f.moments(j)
	return sd
}

// moments returns the mean and the standard deviation of feature j, with divisor n.
func (f *fitted) moments(j int) (mean, sd float64) {
	if f.d.Sparse == nil || f.pairs != nil {
		return moments(feature(f.X, j))
	}
	e := f.d.Sparse.Entries(j)
	n, size := float64(e.Rows), 0.0
	for _, v := range e.Value {
		mean += v / n
		size = max(size, math.Abs(v))
	}
	square := (n - float64(len(e.Value))) / n * mean * mean
	for _, v := range e.Value {
		square += (v - mean) * (v - mean) / n
	}
	if sd = math.Sqrt(square); sd <= constant*size {
		sd = 0
	}
	return mean, sd
}

// constant is the standard deviation of a column that varies by rounding alone, in parts of
// its largest value.
const constant = 1e-14

// moments returns the mean and the standard deviation with divisor n.
func moments(v []float64) (mean, sd float64) {
	for _, x := range v {
		mean += x / float64(len(v))
	}
	size := 0.0
	for _, x := range v {
		sd += (x - mean) * (x - mean) / float64(len(v))
		size = max(size, math.Abs(x))
	}
	if sd = math.Sqrt(sd); sd <= constant*size {
		sd = 0
	}
	return mean, sd
}

// feature returns column j of a design.
func feature(x linear.Design, j int) []float64 {
	n, _ := x.Dims()
	v := make([]float64, n)
	x.AddTo(v, j, 1)
	return v
}
