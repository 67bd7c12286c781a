package diffusion

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

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
	// Eigenvalues are vₖᵀSvₖ, in the order of the templates.
	Eigenvalues []float64
	// Objective is Σ|Sᵢⱼ| off the diagonal.
	Objective float64
	// Distance is ‖S − V diag(Eigenvalues) Vᵀ‖_F: S lies within it exactly.
	Distance float64
	// Gap ≥ 0 bounds the distance of the objective above the optimum of the problem whose
	// epsilon is the larger of Epsilon and Distance.
	Gap float64
	// Iterations of ADMM. It stops when Gap ≤ tolerance·Objective and
	// Distance ≤ Epsilon + tolerance·‖S‖_F; Converged says that it did. Where it
	// does not, the usual reason is an Epsilon that no shift can reach.
	Iterations int
	Converged  bool
}

// CovarianceTemplates returns the eigenvectors of the sample covariance of the
// outputs Y (n×p), as columns. With white inputs and a kernel that is a polynomial
// of the shift they tend to the eigenvectors of the shift. For a Laplacian, whose
// constant eigenvector is known, it comes first, before the eigenvectors of
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
// of the vectors orthogonal to constants.
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
	o.Tolerance = cmp.Or(o.Tolerance, 1e-5)
	o.MaxIterations = cmp.Or(o.MaxIterations, 20_000)
	return nil
}

// admm splits the problem of spectral templates: s obeys the constraints on the weights and
// has the ℓ1 norm, z lies near the span of the templates, u is the scaled dual of s = z.
// For a Laplacian the weights are −sᵢⱼ, the diagonal of s is free, and the rows of z sum to
// 0: in the basis of the templates, the first of which is constant, z has a first row and
// column of zeros.
type admm struct {
	p          int
	v          *mat.Dense
	epsilon    float64
	anchor     int
	laplacian  bool
	rho        float64
	s, z, u    *mat.Dense
	iterations int
	// residuals of the last step
	primal, dual float64
}

func (a *admm) step() {
	a.iterations++
	var w mat.Dense
	w.Sub(a.z, a.u)
	a.weights(&w)
	w.Add(a.s, a.u)
	before := mat.DenseCopyOf(a.z)
	a.project(&w)
	a.u.Sub(&w, a.z)
	var d mat.Dense
	d.Sub(a.s, a.z)
	a.primal = mat.Norm(&d, 2)
	d.Sub(a.z, before)
	a.dual = a.rho * mat.Norm(&d, 2)
}

// balance lets the penalty follow the residuals (Boyd et al. 2011, 3.4.1).
func (a *admm) balance() {
	// Steps of ρ that grow rarer keep the convergence of a fixed ρ.
	if a.iterations > 2000 {
		return
	}
	f := 1.0
	switch {
	case a.primal > 10*a.dual/float64(a.p):
		f = 1.5
	case a.dual/float64(a.p) > 10*a.primal:
		f = 1 / 1.5
	}
	a.rho *= f
	a.u.Scale(1/f, a.u)
}

// sign of the entries that stand for weights.
func (a *admm) sign() float64 {
	if a.laplacian {
		return -1
	}
	return 1
}

// weights sets s to the point of the constraints that minimises Σ|Sᵢⱼ| + ρ/2 ‖S − w‖², the
// sum being off the diagonal. The anchor's weights have a fixed sum, so their norm is
// constant and only a projection on the simplex remains.
func (a *admm) weights(w *mat.Dense) {
	sign := a.sign()
	set := func(i, j int, v float64) {
		a.s.Set(i, j, sign*v)
		a.s.Set(j, i, sign*v)
	}
	row := make([]float64, 0, a.p-1)
	for i := range a.p {
		if a.laplacian {
			a.s.Set(i, i, w.At(i, i))
		}
		if i != a.anchor {
			row = append(row, sign*(w.At(a.anchor, i)+w.At(i, a.anchor))/2)
		}
		for j := range i {
			set(i, j, max(0, sign*(w.At(i, j)+w.At(j, i))/2-1/a.rho))
		}
	}
	simplex(row)
	for i := range a.p {
		if i != a.anchor {
			set(a.anchor, i, row[0])
			row = row[1:]
		}
	}
}

// simplex projects x on the vectors that are not negative and sum to 1.
func simplex(x []float64) {
	sorted := slices.Clone(x)
	slices.Sort(sorted)
	var sum, shift float64
	for k := range sorted {
		v := sorted[len(sorted)-1-k]
		sum += v
		if t := (sum - 1) / float64(k+1); v > t {
			shift = t
		}
	}
	for i := range x {
		x[i] = max(0, x[i]-shift)
	}
}

// inTemplates returns VᵀMV, whose off-diagonal part no template explains.
func (a *admm) inTemplates(m mat.Matrix) *mat.Dense {
	var half mat.Dense
	half.Mul(m, a.v)
	t := new(mat.Dense)
	t.Mul(a.v.T(), &half)
	return t
}

// offDiagonal is the Frobenius norm without the diagonal.
func offDiagonal(t *mat.Dense) float64 {
	n, _ := t.Dims()
	var sum float64
	for i := range n {
		for j, v := range t.RawRowView(i) {
			if i != j {
				sum += v * v
			}
		}
	}
	return math.Sqrt(sum)
}

// project sets z to the matrix nearest to w within epsilon of the templates.
func (a *admm) project(w *mat.Dense) {
	t := a.inTemplates(w)
	a.dropConstant(t)
	f := 1.0
	if off := offDiagonal(t); off > a.epsilon {
		f = a.epsilon / off
	}
	for i := range a.p {
		row := t.RawRowView(i)
		for j := range row {
			if i != j {
				row[j] *= f
			}
		}
	}
	var half mat.Dense
	half.Mul(a.v, t)
	a.z.Mul(&half, a.v.T())
}

// dropConstant clears, for a Laplacian, the part of the constant template.
func (a *admm) dropConstant(t *mat.Dense) {
	if a.laplacian {
		for k := range a.p {
			t.Set(0, k, 0)
			t.Set(k, 0, 0)
		}
	}
}

// shift describes s, with its certificate.
//
// For any W with ⟨W, Z⟩ = 0 for all Z = V diag(s) Vᵀ (with rows of sum 0 for a
// Laplacian) the optimum is at least min_S Σ|Sᵢⱼ| + Σ Wᵢⱼ Sᵢⱼ − ε‖W‖_F over the
// constraints on the weights. That is 2 min_j (1 ± W_anchor,j) − ε‖W‖_F where
// 1 ± Wᵢⱼ ≥ 0 elsewhere, − for a Laplacian, and −∞ where not. W is ρu, scaled to
// obey that.
func (a *admm) shift() *Shift {
	f := &Shift{S: mat.NewSymDense(a.p, nil), Iterations: a.iterations}
	w, norm := a.multiplier()
	low, lowAnchor := 0.0, math.Inf(1)
	for i := range a.p {
		for j := range i {
			v := a.s.At(i, j)
			f.S.SetSym(i, j, v)
			if a.laplacian {
				f.S.SetSym(i, i, f.S.At(i, i)-v)
				f.S.SetSym(j, j, f.S.At(j, j)-v)
			}
			f.Objective += 2 * math.Abs(v)
			x := a.sign() * (w.At(i, j) + w.At(j, i)) / 2
			if i == a.anchor || j == a.anchor {
				lowAnchor = min(lowAnchor, x)
			} else {
				low = min(low, x)
			}
		}
	}
	t := a.inTemplates(f.S)
	f.Distance = offDiagonal(t)
	for k := range a.p {
		f.Eigenvalues = append(f.Eigenvalues, t.At(k, k))
	}
	scale := 1.0
	if low < -1 {
		scale = -1 / low
	}
	bound := 2*(1+scale*lowAnchor) - scale*max(a.epsilon, f.Distance)*norm
	// W = 0 shows that the anchor's edges alone have norm 2.
	f.Gap = max(0, f.Objective-max(bound, 2))
	return f
}

// multiplier is ρu, cleared where a bound demands zero and rounding, or for a Laplacian the
// free diagonal, left something, and the norm that epsilon multiplies.
func (a *admm) multiplier() (*mat.Dense, float64) {
	var w, half mat.Dense
	w.Scale(a.rho, a.u)
	t := a.inTemplates(&w)
	for k := range a.p {
		t.Set(k, k, 0)
	}
	a.dropConstant(t)
	norm := mat.Norm(t, 2)
	half.Mul(a.v, t)
	w.Mul(&half, a.v.T())
	if a.laplacian {
		// Matrices b1ᵀ + 1bᵀ are orthogonal to all whose rows and columns sum to 0,
		// so they may be added to make the diagonal 0.
		diagonal := make([]float64, a.p)
		for i := range a.p {
			diagonal[i] = w.At(i, i)
		}
		w.Apply(func(i, j int, x float64) float64 { return x - (diagonal[i]+diagonal[j])/2 }, &w)
	}
	return &w, norm
}
