package diffusion

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// admm splits the problem of spectral templates: s obeys the constraints on the
// weights and has the ℓ1 norm, z lies near the span of the templates, u is the
// scaled dual of s = z. For a Laplacian the weights are −sᵢⱼ, the diagonal of s is
// free, and it is z whose rows sum to 0: in the basis of the templates, of which the
// first is constant, that is a first row and column of zeros.
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

// weights sets s to the point of the constraints that minimises
// Σ|Sᵢⱼ| + ρ/2 ‖S − w‖², the sum being off the diagonal. The anchor's weights have a
// fixed sum, so there the norm is constant and a projection on the simplex is left.
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

// inTemplates returns VᵀMV, whose off-diagonal part is what no template explains.
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

// dropConstant clears, for a Laplacian, what belongs to the constant template.
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

// multiplier is ρu without what rounding, and for a Laplacian the free diagonal, has
// left where a bound does not allow it, and the norm that epsilon multiplies.
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
