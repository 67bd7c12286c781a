package guard

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// Gaussian is the distribution of the features that model-X knockoffs assume.
// Only the first two moments matter to what is promised when features are not
// Gaussian: knockoffs of second order.
type Gaussian struct {
	Mean []float64
	// Covariance is p×p, symmetric and positive definite. A row of zeros is a
	// constant feature. EstimateGaussian leaves it out where there are more
	// than 1000 features and fewer than half as many rows: their standardised
	// rows say as much.
	Covariance []float64
	// Shrinkage is what EstimateGaussian moved the correlations towards 0 by.
	Shrinkage float64

	rows  *Matrix
	scale []float64 // with rows
}

// denseFeatures is the number of features up to which the covariance is made.
const denseFeatures = 1000

// minShrinkage keeps the covariance of features that follow from others, such
// as one-hot columns of all values, positive definite.
const minShrinkage = 1e-4

// EstimateGaussian is the sample mean and the sample covariance with its
// correlations shrunk towards 0 as Ledoit & Wolf (2004) choose, by at least
// 1e-4. With Covariance it needs memory for p×p, and its users time p³: a few
// thousand features; without, p×n and p×n².
func EstimateGaussian(x Matrix) (*Gaussian, error) { return estimate(x, denseFeatures) }

func estimate(x Matrix, dense int) (*Gaussian, error) {
	if err := x.check(nil); err != nil {
		return nil, err
	}
	z, mean, scale := x.standardized()
	n, p := z.Dims()
	wide := p > dense && p > 2*n
	// ZᵀZ and ZZᵀ have the same norm; the smaller is made.
	var products *mat.SymDense
	if wide {
		products = mat.NewSymDense(n, nil)
		products.SymOuterK(1, mat.NewDense(p, n, z.Data).T())
	} else {
		products = gram(z)
	}
	g := &Gaussian{Mean: mean, Shrinkage: shrinkage(z, products)}
	if wide {
		g.rows, g.scale = &z, scale
		return g, nil
	}
	g.Covariance = make([]float64, p*p)
	for i := range p {
		for j := range p {
			c := (1 - g.Shrinkage) * products.At(i, j) / float64(n)
			if i == j {
				c = 1
			}
			g.Covariance[i*p+j] = c * scale[i] * scale[j]
		}
	}
	return g, nil
}

// shrinkage is the share of the identity that has the least expected square
// error; products are those of columns or of rows.
func shrinkage(z Matrix, products *mat.SymDense) float64 {
	n, p := z.Dims()
	norm, fourth, diagonal := 0.0, 0.0, 0.0
	for i := range products.SymmetricDim() {
		for j := range products.SymmetricDim() {
			c := products.At(i, j) / float64(n)
			norm += c * c
		}
	}
	squares := make([]float64, n)
	for j := range p {
		c := z.Column(j)
		if dot(c, c) > 0 {
			diagonal++
		}
		for i, v := range c {
			squares[i] += v * v
		}
	}
	for _, s := range squares {
		fourth += s * s
	}
	distance := norm - diagonal
	if distance <= 0 {
		return 1
	}
	variance := (fourth - float64(n)*norm) / float64(n*n)
	return min(1, max(minShrinkage, variance/distance))
}

// gram is zᵀz.
func gram(z Matrix) *mat.SymDense {
	t := mat.NewDense(z.Cols, z.Rows, z.Data) // row j is column j of z
	g := mat.NewSymDense(z.Cols, nil)
	g.SymOuterK(1, t)
	return g
}

// Sampler draws knockoffs of features of a Gaussian distribution.
type Sampler struct {
	copies      int // knockoffs of each feature
	mean, scale []float64
	s           []float64
	law         law
}

// law is how knockoffs follow from standardised features. Matrices have a row
// for each feature and a column for each observation.
type law interface {
	// shift is SΣ⁻¹z, what is taken from z on the mean.
	shift(to, z *mat.Dense)
	// spread gives independent noise the conditional covariance of the mean of a
	// feature's knockoffs, reach·S − SΣ⁻¹S: 2S − SΣ⁻¹S where there is one.
	spread(to, noise *mat.Dense)
}

// denseLaw has the p×p matrices.
type denseLaw struct {
	slope *mat.Dense // Σ⁻¹S
	root  *mat.Dense // lower triangular
}

func (d denseLaw) shift(to, z *mat.Dense) { to.Mul(d.slope.T(), z) }

func (d denseLaw) spread(to, noise *mat.Dense) { to.Mul(d.root, noise) }

// NewSampler prepares the sampling of knockoffs; it takes time p³. Of an
// estimate without Covariance all distances are equal: MVR is then the best of
// these, and SDP is Equicorrelated.
func NewSampler(g *Gaussian, method Method) (*Sampler, error) { return newSampler(g, method, 1) }

func newSampler(g *Gaussian, method Method, copies int) (*Sampler, error) {
	p := len(g.Mean)
	if g.rows != nil {
		l, s, err := newLowRank(*g.rows, g.Shrinkage, method, copies)
		if err != nil {
			return nil, err
		}
		k := &Sampler{copies: copies, mean: g.Mean, scale: g.scale, s: make([]float64, p), law: l}
		for j := range k.s {
			k.s[j] = s
		}
		return k, nil
	}
	if p == 0 || len(g.Covariance) != p*p {
		return nil, fmt.Errorf("a covariance of %d values does not fit %d means", len(g.Covariance), p)
	}
	k := &Sampler{copies: copies, mean: g.Mean, scale: make([]float64, p)}
	for j := range p {
		v := g.Covariance[j*p+j]
		if v < 0 || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("the variance of feature %d is %v", j+1, v)
		}
		k.scale[j] = math.Sqrt(v)
	}
	sigma := mat.NewSymDense(p, nil)
	for i := range p {
		sigma.SetSym(i, i, 1)
		for j := i + 1; j < p; j++ {
			a, b := g.Covariance[i*p+j], g.Covariance[j*p+i]
			if !(math.Abs(a-b) <= 1e-9*k.scale[i]*k.scale[j]) {
				return nil, fmt.Errorf("the covariance is not symmetric: %v and %v in rows %d and %d", a, b, i+1, j+1)
			}
			if k.scale[i] > 0 && k.scale[j] > 0 {
				sigma.SetSym(i, j, a/k.scale[i]/k.scale[j])
			}
		}
	}
	s, err := distancesOf(sigma, method, copies)
	if err != nil {
		return nil, err
	}
	k.s = s
	k.law, err = conditionalOf(sigma, s, copies)
	return k, err
}

// conditional is the law of knockoffs at distances s, one for each feature.
func conditional(sigma *mat.SymDense, s []float64) (law, error) { return conditionalOf(sigma, s, 1) }

// conditionalOf is the law of the mean of several knockoffs.
func conditionalOf(sigma *mat.SymDense, s []float64, copies int) (law, error) {
	p := len(s)
	var chol mat.Cholesky
	if !chol.Factorize(sigma) {
		return nil, fmt.Errorf("the covariance of the features is singular or indefinite: leave out columns that follow from others")
	}
	inverse := mat.NewSymDense(p, nil)
	if err := chol.InverseTo(inverse); err != nil {
		if _, badly := err.(mat.Condition); !badly {
			return nil, err
		}
	}
	slope, v := mat.NewDense(p, p, nil), mat.NewDense(p, p, nil)
	for i := range p {
		for j := range p {
			slope.Set(i, j, inverse.At(i, j)*s[j])
			v.Set(i, j, -s[i]*inverse.At(i, j)*s[j])
		}
		v.Set(i, i, v.At(i, i)+reach(copies)*s[i])
	}
	return denseLaw{slope: slope, root: semiCholesky(v)}, nil
}

// semiCholesky is the lower triangular root of a positive semidefinite matrix;
// a pivot that rounding made 0 or negative is 0, with its column.
func semiCholesky(a *mat.Dense) *mat.Dense {
	p, _ := a.Dims()
	l := mat.NewDense(p, p, nil)
	for j := range p {
		row := l.RawRowView(j)[:j]
		pivot := a.At(j, j) - dot(row, row)
		if pivot <= 1e-12*a.At(j, j) {
			continue
		}
		pivot = math.Sqrt(pivot)
		l.Set(j, j, pivot)
		for i := j + 1; i < p; i++ {
			l.Set(i, j, (a.At(i, j)-dot(row, l.RawRowView(i)[:j]))/pivot)
		}
	}
	return l
}

// Distances are the s of standardised features, in [0, 1] for SDP and
// Equicorrelated: 0 is a knockoff that equals its feature.
func (k *Sampler) Distances() []float64 { return k.s }

// Sample draws knockoffs of the rows of x, one of each feature.
func (k *Sampler) Sample(x Matrix, rng *rand.Rand) (Matrix, error) {
	if k.copies != 1 {
		return Matrix{}, fmt.Errorf("the sampler draws %d knockoffs of each feature", k.copies)
	}
	return k.centres(x, rng)
}

// centres draws the means of the knockoffs of each feature.
func (k *Sampler) centres(x Matrix, rng *rand.Rand) (Matrix, error) {
	n, p := x.Rows, x.Cols
	if p != len(k.mean) {
		return Matrix{}, fmt.Errorf("the design has %d columns, the distribution %d", p, len(k.mean))
	}
	if err := x.check(nil); err != nil {
		return Matrix{}, err
	}
	z, noise := NewMatrix(n, p), NewMatrix(n, p)
	for j := range p {
		to, e := z.Column(j), noise.Column(j)
		for i, v := range x.Column(j) {
			if k.scale[j] > 0 {
				to[i] = (v - k.mean[j]) / k.scale[j]
			}
			e[i] = rng.NormFloat64()
		}
	}
	// In memory the columns of x are rows: everything is transposed.
	out := NewMatrix(n, p)
	t := mat.NewDense(p, n, out.Data)
	k.law.spread(t, mat.NewDense(p, n, noise.Data))
	mean := mat.NewDense(p, n, nil)
	k.law.shift(mean, mat.NewDense(p, n, z.Data))
	t.Sub(t, mean)
	for j := range p {
		to, from := out.Column(j), z.Column(j)
		for i := range to {
			to[i] = k.mean[j] + k.scale[j]*(to[i]+from[i])
		}
	}
	return out, nil
}
