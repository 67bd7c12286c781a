package diffusion

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// TemplateOptions say how SpectralTemplates searches; the zero value is usable.
type TemplateOptions struct {
	// Epsilon ≥ 0 is the largest distance ‖S − V diag(s) Vᵀ‖_F of the shift from
	// those with the templates as eigenvectors. 0 demands the templates exactly,
	// which templates of few observations cannot meet.
	Epsilon float64
	// Anchor is the node whose weights sum to 1, which sets the scale; it needs a
	// neighbour.
	Anchor int
	// Tolerance of the stopping rule; 0 means 1e-5.
	Tolerance float64
	// MaxIterations of ADMM; 0 means 20,000.
	MaxIterations int
	// Progress, if not nil, is called after every hundredth iteration.
	Progress func(done, total int)
}

// Shift is a graph found from spectral templates.
type Shift struct {
	// S, p×p, is symmetric and not negative, with zero diagonal.
	S *mat.SymDense
	// Eigenvalues are those of the templates, vₖᵀSvₖ, in the order of the templates.
	Eigenvalues []float64
	// Objective is Σ|Sᵢⱼ|.
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
// of the shift they tend to the eigenvectors of the shift.
func CovarianceTemplates(y *mat.Dense) (*mat.Dense, error) {
	if y == nil {
		return nil, errors.New("diffusion: outputs are needed")
	}
	if err := checkMatrix("outputs", y); err != nil {
		return nil, err
	}
	c, _ := centred(y)
	n, p := c.Dims()
	cov := mat.NewSymDense(p, nil)
	cov.SymOuterK(1/float64(n), c.T())
	var eig mat.EigenSym
	if !eig.Factorize(cov, true) {
		return nil, errors.New("diffusion: the eigenvalues of the covariance did not converge")
	}
	v := new(mat.Dense)
	eig.VectorsTo(v)
	return v, nil
}

// SpectralTemplates finds the sparsest adjacency matrix with given eigenvectors
// (Segarra, Marques, Mateos & Ribeiro 2017):
//
//	min Σ|Sᵢⱼ|  subject to  ‖S − V diag(s) Vᵀ‖_F ≤ ε,
//	S = Sᵀ, Sᵢᵢ = 0, Sᵢⱼ ≥ 0, Σⱼ S_anchor,j = 1,
//
// over S and s, by ADMM. V is p×p with orthonormal columns. Eigenvalues that occur
// more than once leave their eigenvectors open, and the graph with them.
func SpectralTemplates(v *mat.Dense, o TemplateOptions) (*Shift, error) {
	if err := checkTemplates(v, &o); err != nil {
		return nil, err
	}
	p, _ := v.Dims()
	a := &admm{
		p: p, v: v, epsilon: o.Epsilon, anchor: o.Anchor, rho: float64(p) / 2,
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
		return errors.New("diffusion: templates are needed")
	}
	p, c := v.Dims()
	if p != c || p < 2 {
		return fmt.Errorf("diffusion: templates are %d×%d, they have to be square with at least 2 nodes", p, c)
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
				return fmt.Errorf("diffusion: templates %d and %d have inner product %.3g, they have to be orthonormal", i+1, j+1, g.At(i, j))
			}
		}
	}
	if !(o.Epsilon >= 0) || math.IsInf(o.Epsilon, 0) {
		return fmt.Errorf("diffusion: epsilon is %v, it has to be 0 or more", o.Epsilon)
	}
	if o.Anchor < 0 || o.Anchor >= p {
		return fmt.Errorf("diffusion: the anchor is node %d, of %d", o.Anchor, p)
	}
	if !(o.Tolerance >= 0) || o.MaxIterations < 0 {
		return errors.New("diffusion: tolerance and number of iterations have to be 0 or more")
	}
	if o.Tolerance == 0 {
		o.Tolerance = 1e-5
	}
	if o.MaxIterations == 0 {
		o.MaxIterations = 20_000
	}
	return nil
}
