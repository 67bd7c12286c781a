package selection

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
	// constant feature.
	Covariance []float64
	// Shrinkage is what EstimateGaussian moved the correlations towards 0 by.
	Shrinkage float64
}

// minShrinkage keeps the covariance of features that follow from others, such
// as one-hot columns of all values, positive definite.
const minShrinkage = 1e-4

// EstimateGaussian is the sample mean and the sample covariance with its
// correlations shrunk towards 0 as Ledoit & Wolf (2004) choose, by at least
// 1e-4. It needs memory and, in its users, time for p×p and p³: a few thousand
// features.
func EstimateGaussian(x Matrix) (*Gaussian, error) {
	if err := x.check(nil); err != nil {
		return nil, err
	}
	z, mean, scale := x.standardized()
	n, p := x.Rows, x.Cols
	corr := gram(z)
	norm, distance, fourth := 0.0, 0.0, 0.0
	for i := range p {
		for j := range p {
			c := corr.At(i, j) / float64(n)
			norm += c * c
			if i != j {
				distance += c * c
			}
		}
	}
	squares := make([]float64, n)
	for j := range p {
		for i, v := range z.Column(j) {
			squares[i] += v * v
		}
	}
	for _, s := range squares {
		fourth += s * s
	}
	shrink := 1.0
	if distance > 0 {
		variance := (fourth - float64(n)*norm) / float64(n*n)
		shrink = min(1, max(minShrinkage, variance/distance))
	}
	g := &Gaussian{Mean: mean, Covariance: make([]float64, p*p), Shrinkage: shrink}
	for i := range p {
		for j := range p {
			c := (1 - shrink) * corr.At(i, j) / float64(n)
			if i == j {
				c = 1
			}
			g.Covariance[i*p+j] = c * scale[i] * scale[j]
		}
	}
	return g, nil
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
	mean, scale []float64
	s           []float64
	slope       *mat.Dense // Σ⁻¹ diag(s), of standardised features
	root        *mat.Dense // lower triangular, of the conditional covariance
}

// NewSampler prepares the sampling of knockoffs; it takes time p³.
func NewSampler(g *Gaussian, method Method) (*Sampler, error) {
	p := len(g.Mean)
	if p == 0 || len(g.Covariance) != p*p {
		return nil, fmt.Errorf("a covariance of %d values does not fit %d means", len(g.Covariance), p)
	}
	k := &Sampler{mean: g.Mean, scale: make([]float64, p)}
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
	s, err := distances(sigma, method)
	if err != nil {
		return nil, err
	}
	k.s = s
	k.slope, k.root, err = conditional(sigma, s)
	return k, err
}

// conditional are Σ⁻¹S and a lower triangular root of 2S − SΣ⁻¹S.
func conditional(sigma *mat.SymDense, s []float64) (slope, root *mat.Dense, err error) {
	p := len(s)
	var chol mat.Cholesky
	if !chol.Factorize(sigma) {
		return nil, nil, fmt.Errorf("the covariance of the features is singular or indefinite: leave out columns that follow from others")
	}
	inverse := mat.NewSymDense(p, nil)
	if err := chol.InverseTo(inverse); err != nil {
		if _, badly := err.(mat.Condition); !badly {
			return nil, nil, err
		}
	}
	slope, v := mat.NewDense(p, p, nil), mat.NewDense(p, p, nil)
	for i := range p {
		for j := range p {
			slope.Set(i, j, inverse.At(i, j)*s[j])
			v.Set(i, j, -s[i]*inverse.At(i, j)*s[j])
		}
		v.Set(i, i, v.At(i, i)+2*s[i])
	}
	return slope, semiCholesky(v), nil
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

// Sample draws knockoffs of the rows of x.
func (k *Sampler) Sample(x Matrix, rng *rand.Rand) (Matrix, error) {
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
	t.Mul(k.root, mat.NewDense(p, n, noise.Data))
	var mean mat.Dense
	mean.Mul(k.slope.T(), mat.NewDense(p, n, z.Data))
	t.Sub(t, &mean)
	for j := range p {
		to, from := out.Column(j), z.Column(j)
		for i := range to {
			to[i] = k.mean[j] + k.scale[j]*(to[i]+from[i])
		}
	}
	return out, nil
}
