package diffusion

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"pare/internal/limit"
)

// TemplateOptions say how SpectralTemplates searches; the zero value is usable.
type TemplateOptions struct {
	// Epsilon ≥ 0 is the largest distance ‖S − V diag(s) Vᵀ‖_F of the shift from
	// those with the templates as eigenvectors. 0 demands the templates exactly,
	// which templates of few observations cannot meet.
	Epsilon float64
	// Anchor is the node whose weights sum to 1, which sets the scale; it needs a
	// neighbour. The sparsest shift under this scale is the true one mostly where the
	// anchor is well connected: a node of small degree makes it cheaper to add
	// weights to itself. Heat and consensus leave well connected nodes with the
	// smallest variances.
	Anchor int
	// Laplacian looks for a Laplacian in place of an adjacency matrix: kernels such
	// as Heat and Consensus are polynomials of that, and the two have the same
	// eigenvectors only where all degrees are equal. The first template has to be
	// the constant one.
	Laplacian bool
	// Tolerance of the stopping rule; 0 means 1e-5.
	Tolerance float64
	// MaxIterations of ADMM; 0 means 20,000.
	MaxIterations int
	// Progress, if not nil, is called after every hundredth iteration.
	Progress func(done, total int)
}

// Shift is a graph found from spectral templates.
type Shift struct {
	// S, p×p, is an adjacency matrix: symmetric, not negative, with zero diagonal; or
	// the Laplacian of one.
	S *mat.SymDense
	// Eigenvalues are those of the templates, vₖᵀSvₖ, in the order of the templates.
	Eigenvalues []float64
	// Objective is Σ|Sᵢⱼ| off the diagonal.
	Objective float64
	// Distance is ‖S − V diag(Eigenvalues) Vᵀ‖_F: S lies within it exactly.
	Distance float64
	// Gap ≥ 0 bounds how far the objective is above the optimum of the problem
	// whose epsilon is the larger of Epsilon and Distance.
	Gap float64
	// Iterations of ADMM. It stops when Gap ≤ tolerance·Objective and
	// Distance ≤ Epsilon + tolerance·‖S‖_F; Converged says that it did. Where it
	// does not, an Epsilon below what any shift can reach is the usual reason.
	Iterations int
	Converged  bool
}

// CovarianceTemplates returns the eigenvectors of the sample covariance of the
// outputs Y (n×p), as columns. With white inputs and a kernel that is a polynomial
// of the shift they tend to the eigenvectors of the shift. For a Laplacian, whose
// constant eigenvector is known, that one comes first and the others are those of
// the covariance orthogonal to it.
func CovarianceTemplates(y *mat.Dense, laplacian bool) (*mat.Dense, error) {
	if y == nil {
		return nil, errors.New("outputs are needed")
	}
	if err := checkMatrix("outputs", y); err != nil {
		return nil, err
	}
	n, p := y.Dims()
	// Covariance, eigenvectors and their products, and the matrices of ADMM.
	if err := limit.Check(fmt.Sprintf("a graph of %d nodes", p), 8*int64(p)*int64(p), 8); err != nil {
		return nil, err
	}
	c, _ := centred(y)
	if laplacian && p < 2 {
		return nil, errors.New("templates need at least 2 nodes")
	}
	basis := mat.NewDense(p, p, nil)
	for i := range p {
		basis.Set(i, i, 1)
	}
	if laplacian {
		reflect(basis)
		c.Mul(c, basis)
		basis = mat.DenseCopyOf(basis.Slice(0, p, 1, p))
		c = mat.DenseCopyOf(c.Slice(0, n, 1, p))
	}
	_, k := c.Dims()
	cov := mat.NewSymDense(k, nil)
	cov.SymOuterK(1/float64(n), c.T())
	var eig mat.EigenSym
	if !eig.Factorize(cov, true) {
		return nil, errors.New("the eigenvalues of the covariance did not converge")
	}
	var e, v mat.Dense
	eig.VectorsTo(&e)
	v.Mul(basis, &e)
	if !laplacian {
		return &v, nil
	}
	all := mat.NewDense(p, p, nil)
	for i := range p {
		all.Set(i, 0, 1/math.Sqrt(float64(p)))
		for j := range k {
			all.Set(i, j+1, v.At(i, j))
		}
	}
	return all, nil
}

// reflect overwrites an identity with the Householder reflection that takes the
// first unit vector to the constant one: its other columns are an orthonormal basis
// of what is orthogonal to constants.
func reflect(m *mat.Dense) {
	p, _ := m.Dims()
	w := mat.NewVecDense(p, nil)
	for i := range p {
		w.SetVec(i, -1/math.Sqrt(float64(p)))
	}
	w.SetVec(0, 1+w.AtVec(0))
	m.RankOne(m, -2/mat.Dot(w, w), w, w)
}

// SpectralTemplates finds the sparsest graph shift with given eigenvectors
// (Segarra, Marques, Mateos & Ribeiro 2017):
//
//	min Σ|Sᵢⱼ|  subject to  ‖S − V diag(s) Vᵀ‖_F ≤ ε,
//	S = Sᵀ, Sᵢᵢ = 0, Sᵢⱼ ≥ 0, Σⱼ S_anchor,j = 1,
//
// over S and s, by ADMM; or, for a Laplacian, Sᵢⱼ ≤ 0 off the diagonal, rows of sum
// 0 and S_anchor,anchor = 1. V is p×p with orthonormal columns. Eigenvalues that
// occur more than once leave their eigenvectors open, and the graph with them.
func SpectralTemplates(v *mat.Dense, o TemplateOptions) (*Shift, error) {
	if err := checkTemplates(v, &o); err != nil {
		return nil, err
	}
	p, _ := v.Dims()
	a := &admm{
		p: p, v: v, epsilon: o.Epsilon, anchor: o.Anchor, laplacian: o.Laplacian, rho: float64(p) / 2,
		s: mat.NewDense(p, p, nil), z: mat.NewDense(p, p, nil), u: mat.NewDense(p, p, nil),
	}
	for a.iterations < o.MaxIterations {
		a.step()
		if a.iterations%20 == 0 || a.iterations == o.MaxIterations {
			if f := a.shift(); f.Gap <= o.Tolerance*f.Objective &&
				f.Distance <= o.Epsilon+o.Tolerance*mat.Norm(f.S, 2) {
				f.Converged = true
				return f, nil
			}
			a.balance()
		}
		if o.Progress != nil && a.iterations%100 == 0 {
			o.Progress(a.iterations, o.MaxIterations)
		}
	}
	return a.shift(), nil
}

func checkTemplates(v *mat.Dense, o *TemplateOptions) error {
	if v == nil {
		return errors.New("templates are needed")
	}
	p, c := v.Dims()
	if p != c || p < 2 {
		return fmt.Errorf("templates are %d×%d, they have to be square with at least 2 nodes", p, c)
	}
	var g mat.Dense
	g.Mul(v.T(), v)
	for i := range p {
		for j := range p {
			want := 0.0
			if i == j {
				want = 1
			}
			if !(math.Abs(g.At(i, j)-want) < 1e-6) {
				return fmt.Errorf("templates %d and %d have inner product %.3g, they have to be orthonormal", i+1, j+1, g.At(i, j))
			}
		}
	}
	if o.Laplacian {
		for i := range p {
			if !(math.Abs(v.At(i, 0)-v.At(0, 0)) < 1e-6) {
				return errors.New("the first template of a Laplacian has to be constant")
			}
		}
	}
	if !(o.Epsilon >= 0) || math.IsInf(o.Epsilon, 0) {
		return fmt.Errorf("epsilon is %v, it has to be 0 or more", o.Epsilon)
	}
	if o.Anchor < 0 || o.Anchor >= p {
		return fmt.Errorf("the anchor is node %d, of %d", o.Anchor, p)
	}
	if !(o.Tolerance >= 0) || o.MaxIterations < 0 {
		return errors.New("tolerance and number of iterations have to be 0 or more")
	}
	if o.Tolerance == 0 {
		o.Tolerance = 1e-5
	}
	if o.MaxIterations == 0 {
		o.MaxIterations = 20_000
	}
	return nil
}
