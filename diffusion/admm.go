package diffusion

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// admm splits the problem of spectral templates: s obeys the constraints of an
// adjacency matrix and has the ℓ1 norm, z lies near the span of the templates, u is
// the scaled dual of s = z.
type admm struct {
	p          int
	v          *mat.Dense
	epsilon    float64
	anchor     int
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
	a.adjacency(&w)
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

// adjacency sets s to the point of the constraints that minimises
// Σ|Sᵢⱼ| + ρ/2 ‖S − w‖². The anchor's row has a fixed sum, so there the norm is
// constant and a projection on the simplex is left.
func (a *admm) adjacency(w *mat.Dense) {
	for i := range a.p {
		for j := range i {
			v := 0.0
			if i != a.anchor && j != a.anchor {
				v = max(0, (w.At(i, j)+w.At(j, i))/2-1/a.rho)
			}
			a.s.Set(i, j, v)
			a.s.Set(j, i, v)
		}
	}
	row := make([]float64, 0, a.p-1)
	for j := range a.p {
		if j != a.anchor {
			row = append(row, (w.At(a.anchor, j)+w.At(j, a.anchor))/2)
		}
	}
	simplex(row)
	k := 0
	for j := range a.p {
		if j != a.anchor {
			a.s.Set(a.anchor, j, row[k])
			a.s.Set(j, a.anchor, row[k])
			k++
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

// shift describes s, with its certificate.
//
// For W orthogonal to all V diag(s) Vᵀ the optimum is at least
// min_S Σ(1+Wᵢⱼ)Sᵢⱼ − ε‖W‖_F over the constraints of S, which is
// 2 min_j (1+W_anchor,j) − ε‖W‖_F where 1+Wᵢⱼ ≥ 0 elsewhere and −∞ where not. W is
// ρu, scaled to obey that.
func (a *admm) shift() *Shift {
	t := a.inTemplates(a.s)
	f := &Shift{S: mat.NewSymDense(a.p, nil), Distance: offDiagonal(t), Iterations: a.iterations}
	for k := range a.p {
		f.Eigenvalues = append(f.Eigenvalues, t.At(k, k))
	}
	low, lowAnchor := 0.0, math.Inf(1)
	var w mat.Dense
	w.Scale(a.rho, a.u)
	a.clean(&w)
	for i := range a.p {
		for j := range i {
			f.S.SetSym(i, j, a.s.At(i, j))
			f.Objective += 2 * a.s.At(i, j)
			x := (w.At(i, j) + w.At(j, i)) / 2
			if i == a.anchor || j == a.anchor {
				lowAnchor = min(lowAnchor, x)
			} else {
				low = min(low, x)
			}
		}
	}
	scale := 1.0
	if low < -1 {
		scale = -1 / low
	}
	norm := mat.Norm(&w, 2)
	bound := 2*(1+scale*lowAnchor) - scale*max(a.epsilon, f.Distance)*norm
	// W = 0 shows that the anchor's edges alone have norm 2.
	f.Gap = max(0, f.Objective-max(bound, 2))
	return f
}

// clean removes from w what rounding has left along the templates.
func (a *admm) clean(w *mat.Dense) {
	t := a.inTemplates(w)
	for k := range a.p {
		t.Set(k, k, 0)
	}
	var half mat.Dense
	half.Mul(a.v, t)
	w.Mul(&half, a.v.T())
}
