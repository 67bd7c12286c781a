package guard

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"pare/internal/dense"
	"pare/internal/f64"
)

// Gaussian is the distribution of the features that model-X knockoffs assume. For features
// that are not Gaussian, the knockoffs are of second order: they match the first two
// moments only.
type Gaussian struct {
	Mean []float64
	// Covariance is p×p, symmetric and positive definite. A row of zeros is a
	// constant feature. EstimateGaussian leaves it out where there are more
	// than 1000 features and fewer than half as many rows: their standardised
	// rows say as much.
	Covariance []float64
	// Shrinkage is the share by which EstimateGaussian moved the correlations towards 0.
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
	size := p
	products := z.transposed()
	if wide {
		size, products = n, products.T()
	}
	square := square(products, size, n+p-size)
	g := &Gaussian{Mean: mean, Shrinkage: shrinkage(z, square)}
	if wide {
		g.rows, g.scale = &z, scale
		return g, nil
	}
	g.Covariance = make([]float64, p*p)
	for i := range p {
		for j := range p {
			c := (1 - g.Shrinkage) * square[i*p+j] / float64(n)
			if i == j {
				c = 1
			}
			g.Covariance[i*p+j] = c * scale[i] * scale[j]
		}
	}
	return g, nil
}

// shrinkage is the share of the identity that has the least expected square
// error; products are the inner products of columns or of rows.
func shrinkage(z Matrix, products []float64) float64 {
	n, p := z.Dims()
	norm, fourth, diagonal := 0.0, 0.0, 0.0
	for _, c := range products {
		norm += c / float64(n) * (c / float64(n))
	}
	squares := make([]float64, n)
	for j := range p {
		c := z.Column(j)
		if f64.Dot(c, c) > 0 {
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

// Sampler draws knockoffs of features of a Gaussian distribution.
type Sampler struct {
	copies      int // knockoffs of each feature
	mean, scale []float64
	s           []float64
	law         law
}

// law is how knockoffs follow from standardised features. Matrices have a row
// for each feature and a column for each of n observations.
type law interface {
	// draw adds to to the difference of the mean of a feature's knockoffs from the feature:
	// −SΣ⁻¹z and independent noise that gets the conditional covariance reach·S − SΣ⁻¹S,
	// which is 2S − SΣ⁻¹S for one knockoff.
	draw(to, z, noise []float64, n int)
}

// denseLaw has p×p matrices.
type denseLaw struct {
	slope []float64 // −SΣ⁻¹
	root  []float64 // lower triangular
}

func (d denseLaw) draw(to, z, noise []float64, n int) {
	p := len(z) / n
	for _, f := range [][2][]float64{{d.slope, z}, {d.root, noise}} {
		dense.Multiply(to, n, 1, dense.Matrix{Data: f[0], Stride: p}, dense.Matrix{Data: f[1], Stride: n}, p, n, p, 0)
	}
}

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
	sigma := make([]float64, p*p)
	for i := range p {
		sigma[i*p+i] = 1
		for j := i + 1; j < p; j++ {
			a, b := g.Covariance[i*p+j], g.Covariance[j*p+i]
			if !(math.Abs(a-b) <= 1e-9*k.scale[i]*k.scale[j]) {
				return nil, fmt.Errorf("the covariance is not symmetric: %v and %v in rows %d and %d", a, b, i+1, j+1)
			}
			if k.scale[i] > 0 && k.scale[j] > 0 {
				sigma[i*p+j] = a / k.scale[i] / k.scale[j]
				sigma[j*p+i] = sigma[i*p+j]
			}
		}
	}
	var err error
	if k.s, err = distances(sigma, p, method, copies); err != nil {
		return nil, err
	}
	k.law, err = conditional(sigma, k.s, copies)
	return k, err
}

// inverse inverts a symmetric matrix; an error says that it is not positive definite.
func inverse(sigma []float64, p int) ([]float64, error) {
	l, w := slices.Clone(sigma), make([]float64, p*p)
	if !dense.Cholesky(l, p) {
		return nil, fmt.Errorf("the covariance of the features is singular or indefinite: leave out columns that follow from others")
	}
	dense.Inverse(w, l, p)
	return w, nil
}

// conditional is the law of the mean of several knockoffs at distances s, one for each
// feature.
func conditional(sigma, s []float64, copies int) (law, error) {
	p := len(s)
	slope, err := inverse(sigma, p)
	if err != nil {
		return nil, err
	}
	v := make([]float64, p*p)
	for i := range p {
		for j := range p {
			slope[i*p+j] *= -s[i]
			v[i*p+j] = slope[i*p+j] * s[j]
		}
		v[i*p+i] += reach(copies) * s[i]
	}
	return denseLaw{slope: slope, root: semiCholesky(v, p)}, nil
}

// semiCholesky is the lower triangular root of a positive semidefinite matrix; a pivot
// that rounding made 0 or negative is 0, with its column. The factors of package dense, for
// equations, leave out its row.
func semiCholesky(a []float64, p int) []float64 {
	l := make([]float64, p*p)
	for j := range p {
		row := l[j*p : j*p+j]
		pivot := a[j*p+j] - f64.Dot(row, row)
		if pivot <= 1e-12*a[j*p+j] {
			continue
		}
		pivot = math.Sqrt(pivot)
		l[j*p+j] = pivot
		for i := j + 1; i < p; i++ {
			l[i*p+j] = (a[i*p+j] - f64.Dot(row, l[i*p:])) / pivot
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
	k.law.draw(out.Data, z.Data, noise.Data, n)
	for j := range p {
		to, from := out.Column(j), z.Column(j)
		for i := range to {
			to[i] = k.mean[j] + k.scale[j]*(to[i]+from[i])
		}
	}
	return out, nil
}

// lowRank is the conditional distribution of knockoffs of far more features
// than rows. Their correlation matrix, shrunk by δ, is δI + (1−δ)ZᵀZ/n: δ in
// all directions but n, so nothing of p×p is ever made.
type lowRank struct {
	basis dense.Matrix // p×rank, orthonormal
	// Factors of Σ⁻¹S and of the root of reach·S − SΣ⁻¹S: in the directions of the
	// basis, and in all others.
	slope, root           []float64
	slopeOther, rootOther float64
}

// newLowRank finds the distances, one s for all: with δ in most directions no
// method can give more than a few features an s beyond 2δ.
func newLowRank(z Matrix, shrink float64, method Method, copies int) (*lowRank, float64, error) {
	n, p := z.Dims()
	rows := z.transposed()
	outer := square(rows.T(), n, p)
	for i := range outer {
		outer[i] /= float64(n)
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(mat.NewSymDense(n, outer), true) {
		return nil, 0, fmt.Errorf("the eigenvalues of the covariance were not found")
	}
	values := eigen.Values(nil)
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	first := 0
	for first < n && values[first] <= 1e-10*values[n-1] {
		first++
	}
	rank := n - first
	if rank == 0 {
		return nil, 0, fmt.Errorf("all features are constant")
	}
	scaled := make([]float64, n*rank)
	sigma := make([]float64, rank)
	for k := range rank {
		g := values[first+k]
		sigma[k] = shrink + (1-shrink)*g
		for i := range n {
			scaled[i*rank+k] = vectors.At(i, first+k) / math.Sqrt(g*float64(n))
		}
	}
	l := &lowRank{slope: make([]float64, rank), root: make([]float64, rank)}
	l.basis = dense.Matrix{Data: make([]float64, p*rank), Stride: rank}
	dense.Multiply(l.basis.Data, rank, 1, rows, dense.Matrix{Data: scaled, Stride: rank}, p, rank, n, 0)
	var s float64
	switch method {
	case MVR:
		s = equalTrace(sigma, shrink, p, copies)
	case SDP, Equicorrelated:
		s = min(1, reach(copies)*shrink)
	default:
		return nil, 0, fmt.Errorf("unknown method %v for the distances of knockoffs", method)
	}
	l.slopeOther, l.rootOther = s/shrink, math.Sqrt(max(0, reach(copies)*s-s*s/shrink))
	for k, v := range sigma {
		l.slope[k] = s/v - l.slopeOther
		l.root[k] = math.Sqrt(max(0, reach(copies)*s-s*s/v)) - l.rootOther
	}
	return l, s, nil
}

// equalTrace is the s, equal for all features, with the least trace of the inverse joint
// covariance, Σ 1/(2σ−s) + p/s for one knockoff per feature, by bisection of the
// derivative. For k knockoffs 2 becomes (k+1)/k and p/s becomes k²p/s.
func equalTrace(sigma []float64, shrink float64, p, copies int) float64 {
	c, k := reach(copies), float64(copies)
	low, high := 0.0, c*min(shrink, sigma[0])
	for range 100 {
		s := (low + high) / 2
		slope := -k * k * float64(p) / (s * s)
		for _, v := range sigma {
			slope += 1 / ((c*v - s) * (c*v - s))
		}
		slope += float64(p-len(sigma)) / ((c*shrink - s) * (c*shrink - s))
		if slope < 0 {
			low = s
		} else {
			high = s
		}
	}
	return low
}

func (l *lowRank) draw(to, z, noise []float64, n int) {
	l.apply(to, z, n, -l.slopeOther, -1, l.slope)
	l.apply(to, noise, n, l.rootOther, 1, l.root)
}

// apply adds v·other and, in the directions of the basis, sign times the factors.
func (l *lowRank) apply(to, v []float64, n int, other, sign float64, factors []float64) {
	rank, p := len(factors), len(v)/n
	along, values := make([]float64, rank*n), dense.Matrix{Data: v, Stride: n}
	dense.Multiply(along, n, sign, l.basis.T(), values, rank, n, p, 0)
	for k, f := range factors {
		for i := range n {
			along[k*n+i] *= f
		}
	}
	f64.Axpy(other, v, to)
	dense.Multiply(to, n, 1, l.basis, dense.Matrix{Data: along, Stride: n}, p, n, rank, 0)
}
