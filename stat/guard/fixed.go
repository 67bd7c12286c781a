package guard

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"pare/internal/dense"
	"pare/internal/f64"
)

// Fixed are knockoffs that assume nothing of the features but that they are
// given, and of y that it is linear in them with independent normal noise of
// equal variance (Barber & Candès 2015).
type Fixed struct {
	// X and Knockoffs have columns of mean 0 and norm 1, and Y has mean 0: a
	// model needs no intercept, and one does no harm. They have as many rows as
	// the data or, where those are fewer than 2p + 1, 2p + 1.
	X, Knockoffs Matrix
	Y            []float64
	// Added is the number of added rows, with zero features and drawn noise as y.
	Added int

	s []float64
}

// FixedX makes knockoffs of the columns of x as they are. It needs p + 2 rows
// at least, and independent columns; from 2p + 1 rows on nothing is added.
func FixedX(x Matrix, y []float64, method Method, rng *rand.Rand) (*Fixed, error) {
	if err := x.check(y); err != nil {
		return nil, err
	}
	n, p := x.Rows, x.Cols
	if n < p+2 {
		return nil, fmt.Errorf("fixed-X knockoffs of %d features need %d rows, there are %d: use model-X knockoffs", p, p+2, n)
	}
	z, _, scale := x.standardized()
	for j, s := range scale {
		if s == 0 {
			return nil, fmt.Errorf("column %d is constant: leave it out", j+1)
		}
		for i := range z.Column(j) {
			z.Data[j*n+i] /= math.Sqrt(float64(n))
		}
	}
	mean, _ := moments(y)
	f := &Fixed{X: z, Y: make([]float64, n)}
	for i, v := range y {
		f.Y[i] = v - mean
	}
	if n < 2*p+1 {
		if err := f.augment(2*p+1-n, rng); err != nil {
			return nil, err
		}
	}
	return f, f.build(method, rng)
}

// build draws the knockoffs X(I − Σ⁻¹S) + UC.
func (f *Fixed) build(method Method, rng *rand.Rand) error {
	n, p := f.X.Dims()
	sigma := f.X.gram()
	var err error
	if f.s, err = distances(sigma, p, method, 1); err != nil {
		return err
	}
	l, err := conditional(sigma, f.s, 1)
	if err != nil {
		return err
	}
	f.Knockoffs = Matrix{n, p, slices.Clone(f.X.Data)}
	l.draw(f.Knockoffs.Data, f.X.Data, complement(f.X, rng).Data, n)
	return nil
}

// complement are p random orthonormal columns that are orthogonal to the
// constant and to the columns of x, by Gram-Schmidt done twice.
func complement(x Matrix, rng *rand.Rand) Matrix {
	n, p := x.Dims()
	basis := make([][]float64, 0, 2*p+1)
	one := make([]float64, n)
	for i := range one {
		one[i] = 1 / math.Sqrt(float64(n))
	}
	basis = append(basis, one)
	add := func(v []float64) {
		before := math.Sqrt(f64.Dot(v, v))
		for range 2 {
			for _, b := range basis {
				f64.Axpy(-f64.Dot(b, v), b, v)
			}
		}
		if norm := math.Sqrt(f64.Dot(v, v)); norm > 1e-10*before {
			for i := range v {
				v[i] /= norm
			}
			basis = append(basis, v)
		}
	}
	for j := range p {
		add(append([]float64(nil), x.Column(j)...))
	}
	u := NewMatrix(n, p)
	for j := range p {
		v := u.Column(j)
		for i := range v {
			v[i] = rng.NormFloat64()
		}
		add(v)
	}
	return u
}

// augment adds rows without features whose y is noise of the variance that the
// residuals of least squares have. Centred rows are not independent, so this
// is done in the n − 1 dimensions beside the constant, and turned back.
func (f *Fixed) augment(rows int, rng *rand.Rand) error {
	n, p := f.X.Dims()
	factor, ok := dense.NewFactor(f.X.gram(), p)
	if !ok {
		return fmt.Errorf("the columns of the design are not independent: leave out those that follow from others")
	}
	xy := make([]float64, p)
	for j := range xy {
		xy[j] = f.X.Dot(j, f.Y)
	}
	beta := slices.Clone(xy)
	factor.Solve(beta)
	rest := f64.Dot(f.Y, f.Y) - f64.Dot(beta, xy)
	noise := math.Sqrt(max(0, rest) / float64(n-1-p))

	x := NewMatrix(n+rows, p)
	for j := range p {
		copy(x.Column(j), turned(f.X.Column(j), n+rows))
	}
	y := append(append([]float64(nil), 0), flat(f.Y)...)
	for range rows {
		y = append(y, noise*rng.NormFloat64())
	}
	f.X, f.Y, f.Added = x, reflect(y), rows
	return nil
}

// turned moves a vector of mean 0 into the vectors of mean 0 of a longer space.
func turned(v []float64, length int) []float64 {
	out := make([]float64, length)
	copy(out[1:], flat(v))
	return reflect(out)
}

// flat are the n − 1 coordinates of a vector of mean 0 beside the constant.
func flat(v []float64) []float64 { return reflect(append([]float64(nil), v...))[1:] }

// reflect exchanges, in place, the first axis and the constant of norm 1.
func reflect(v []float64) []float64 {
	n := float64(len(v))
	// The mirror's normal is e₁ − 1/√n, of squared norm 2 − 2/√n.
	root := 1 / math.Sqrt(n)
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	c := (v[0] - sum*root) / (1 - root)
	for i := range v {
		v[i] += c * root
	}
	v[0] -= c
	return v
}
