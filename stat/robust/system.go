package robust

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"pare/internal/f64"
)

// system solves the equations of a Newton step in w, b, t and the change of
// ∂φ/∂t, after s is eliminated. Its large part is
//
//	E w + Xᵀy = v,  X w − R⁻¹y = 0,
//
// which is XᵀRX + E. Near the optimum a few curvatures R, of residuals at 0, go
// to infinity, and a few penalties E, of weights that stay, to 0. Eliminating
// those loses all digits, so only the others are, and the rest is a dense
// system with pivots.
type system struct {
	n, p      int
	x         []float64
	intercept bool

	penalty []float64 // E
	curve   []float64 // R
	kept    []int     // rows, or columns where there are more of them
	scale   []float64 // of the others' axis
	dense   mat.LU
}

func newSystem(n, p int, x []float64, intercept bool) *system {
	return &system{n: n, p: p, x: x, intercept: intercept, penalty: make([]float64, p)}
}

func (k *system) column(j int) []float64 { return k.x[j*k.n : (j+1)*k.n] }

func (k *system) wide() bool { return k.n < k.p }

// factorize prepares for curvatures R; E is in penalty.
func (k *system) factorize(curve []float64) {
	k.curve = curve
	if k.wide() {
		k.factorizeWide()
	} else {
		k.factorizeTall()
	}
}

// smooth is a curvature that all residuals away from 0 are below.
func (k *system) smooth() float64 { return 20 / float64(k.n) }

// factorizeTall eliminates the rows of moderate curvature: unknowns are w, and
// y of the other rows.
func (k *system) factorizeTall() {
	n, p := k.n, k.p
	root := make([]float64, n)
	k.kept = k.kept[:0]
	for i, c := range k.curve {
		if c > k.smooth() {
			k.kept = append(k.kept, i)
		} else {
			root[i] = math.Sqrt(c)
		}
	}
	scaled := make([]float64, n*p)
	for j := range p {
		to := scaled[j*n : (j+1)*n]
		for i, v := range k.column(j) {
			to[i] = v * root[i]
		}
	}
	square := mat.NewSymDense(p, nil)
	square.SymOuterK(1, mat.NewDense(p, n, scaled))
	k.scale = make([]float64, p)
	for j := range p {
		square.SetSym(j, j, square.At(j, j)+k.penalty[j])
		k.scale[j] = 1 / math.Sqrt(square.At(j, j))
	}
	size := p + len(k.kept)
	a := mat.NewDense(size, size, nil)
	for j := range p {
		for l := range p {
			a.Set(j, l, square.At(j, l)*k.scale[j]*k.scale[l])
		}
		for r, i := range k.kept {
			v := k.column(j)[i] * k.scale[j]
			a.Set(j, p+r, v)
			a.Set(p+r, j, v)
		}
	}
	for r, i := range k.kept {
		a.Set(p+r, p+r, -1/k.curve[i])
	}
	k.dense.Factorize(a)
}

// factorizeWide eliminates all columns but the n of smallest penalty: unknowns
// are y, and w of those columns.
func (k *system) factorizeWide() {
	n, p := k.n, k.p
	order := make([]int, p)
	for j := range order {
		order[j] = j
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(k.penalty[a], k.penalty[b]) })
	k.kept = order[:n]
	k.scale = make([]float64, n)
	for i, c := range k.curve {
		k.scale[i] = math.Sqrt(min(c, k.smooth()))
	}
	scaled := make([]float64, n*(p-n))
	for r, j := range order[n:] {
		to := scaled[r*n : (r+1)*n]
		e := 1 / math.Sqrt(k.penalty[j])
		for i, v := range k.column(j) {
			to[i] = v * e * k.scale[i]
		}
	}
	square := mat.NewSymDense(n, nil)
	square.SymOuterK(1, mat.NewDense(p-n, n, scaled).T())
	a := mat.NewDense(2*n, 2*n, nil)
	for i := range n {
		for l := range n {
			a.Set(n+i, n+l, -square.At(i, l))
		}
		a.Set(n+i, n+i, a.At(n+i, n+i)-min(1, k.smooth()/k.curve[i]))
	}
	for r, j := range k.kept {
		a.Set(r, r, k.penalty[j])
		for i, v := range k.column(j) {
			a.Set(r, n+i, v*k.scale[i])
			a.Set(n+i, r, v*k.scale[i])
		}
	}
	k.dense.Factorize(a)
}

// apply is (XᵀRX + E)⁻¹v, or nil where that failed.
func (k *system) apply(v []float64) []float64 {
	n, p := k.n, k.p
	var x mat.VecDense
	if !k.wide() {
		right := make([]float64, p+len(k.kept))
		for j, c := range v {
			right[j] = c * k.scale[j]
		}
		if !solved(k.dense.SolveVecTo(&x, false, mat.NewVecDense(len(right), right))) {
			return nil
		}
		out := slices.Clone(x.RawVector().Data[:p])
		for j := range out {
			out[j] *= k.scale[j]
		}
		return out
	}
	right := make([]float64, 2*n)
	kept := make([]bool, p)
	for r, j := range k.kept {
		right[r], kept[j] = v[j], true
	}
	for j, c := range v {
		if !kept[j] {
			f64.Axpy(-c/k.penalty[j], k.column(j), right[n:])
		}
	}
	for i, s := range k.scale {
		right[n+i] *= s
	}
	if !solved(k.dense.SolveVecTo(&x, false, mat.NewVecDense(2*n, right))) {
		return nil
	}
	y := slices.Clone(x.RawVector().Data[n:])
	for i, s := range k.scale {
		y[i] *= s
	}
	out := make([]float64, p)
	for j, c := range v {
		if !kept[j] {
			out[j] = (c - f64.Dot(k.column(j), y)) / k.penalty[j]
		}
	}
	for r, j := range k.kept {
		out[j] = x.AtVec(r)
	}
	return out
}

// times writes (XᵀRX + E)w to out.
func (k *system) times(w, out []float64) {
	rows := make([]float64, k.n)
	for j, c := range w {
		f64.Axpy(c, k.x[j*k.n:(j+1)*k.n], rows)
	}
	for i, c := range k.curve {
		rows[i] *= c
	}
	for j, c := range w {
		out[j] = k.penalty[j]*c + f64.Dot(k.x[j*k.n:(j+1)*k.n], rows)
	}
}

// solved: near the optimum the condition is bad by nature and no error.
func solved(err error) bool {
	if err == nil {
		return true
	}
	_, badly := err.(mat.Condition)
	return badly
}

// solve writes deltaW and deltaS of v.
func (k *system) solve(v *solver, tau, curveT, mu float64) (deltaB, deltaT float64, ok bool) {
	n, p := k.n, k.p
	// s: D δs + (db − da) δw + h = −gS, h the change of tau.
	ratio, perS, rhs := make([]float64, p), make([]float64, p), make([]float64, p)
	gradS := make([]float64, p)
	sumPerS, sumGradS := 0.0, 0.0
	xu := v.products(v.u)
	for j, s := range v.s {
		below, above := s-v.w[j], s+v.w[j]
		da, db := v.alpha[j]/below, v.beta[j]/above
		perS[j] = 1 / (da + db)
		ratio[j] = (db - da) * perS[j]
		k.penalty[j] = 4 * da * perS[j] * db
		gradS[j] = tau - mu/below - mu/above
		rhs[j] = -(xu[j] + mu/below - mu/above) + ratio[j]*gradS[j]
		sumPerS += perS[j]
		sumGradS += gradS[j] * perS[j]
	}
	k.factorize(v.curve)
	// Borders: b, t, h.
	border := [3][]float64{make([]float64, p), make([]float64, p), make([]float64, p)}
	signedMix := make([]float64, n)
	balance, curveB, mixB := 0.0, 0.0, 0.0
	for i, s := range v.sign {
		signedMix[i] = s * v.mix[i]
		balance += s * v.u[i]
		curveB += v.curve[i]
		mixB += signedMix[i]
	}
	for j := range p {
		c := v.x[j*n : (j+1)*n]
		border[0][j] = f64.Dot(c, v.curve)
		border[1][j] = f64.Dot(c, signedMix)
		border[2][j] = -ratio[j]
	}
	corner := [9]float64{curveB, mixB, 0, mixB, curveT, -1, 0, -1, -sumPerS}
	right := [3]float64{-balance, 0, sumGradS}
	if !k.intercept {
		clear(border[0])
		corner = [9]float64{1, 0, 0, 0, curveT, -1, 0, -1, -sumPerS}
		right[0] = 0
	}
	bordered := bordered{k: k, border: border, corner: corner}
	theta, ok := bordered.solve(rhs, right, v.deltaW)
	if !ok {
		return 0, 0, false
	}
	for j, d := range v.deltaW {
		v.deltaS[j] = -(gradS[j]+theta[2])*perS[j] - ratio[j]*d
		deltaT += v.deltaS[j]
	}
	return theta[0], deltaT, !math.IsNaN(deltaT) && !math.IsInf(deltaT, 0)
}

// bordered is a factorized system with three more unknowns.
type bordered struct {
	k       *system
	border  [3][]float64
	corner  [9]float64
	through [3][]float64 // the border, solved for
	schur   mat.LU
}

// refinements of the whole: parts of a solution that cancel leave errors which
// would stop the gap near 1e-5.
const refinements = 3

// solve writes the large part of the unknowns to w and returns the others.
func (b *bordered) solve(rhs []float64, right [3]float64, w []float64) (theta [3]float64, ok bool) {
	s := b.corner
	for a := range 3 {
		if b.through[a] = b.k.apply(b.border[a]); b.through[a] == nil {
			return theta, false
		}
	}
	for a := range 3 {
		for c := range 3 {
			s[3*a+c] -= f64.Dot(b.border[a], b.through[c])
		}
	}
	b.schur.Factorize(mat.NewDense(3, 3, s[:]))
	clear(w)
	left, leftCorner := slices.Clone(rhs), right
	applied := make([]float64, len(w))
	for range 1 + refinements {
		part := b.k.apply(left)
		if part == nil {
			return theta, false
		}
		for a := range 3 {
			leftCorner[a] -= f64.Dot(b.border[a], part)
		}
		var d mat.VecDense
		if !solved(b.schur.SolveVecTo(&d, false, mat.NewVecDense(3, leftCorner[:]))) {
			return theta, false
		}
		for a := range 3 {
			f64.Axpy(-d.AtVec(a), b.through[a], part)
			theta[a] += d.AtVec(a)
		}
		f64.Axpy(1, part, w)
		b.k.times(w, applied)
		for j := range left {
			left[j] = rhs[j] - applied[j]
		}
		for a := range 3 {
			f64.Axpy(-theta[a], b.border[a], left)
			leftCorner[a] = right[a] - f64.Dot(b.border[a], w)
			for c := range 3 {
				leftCorner[a] -= b.corner[3*a+c] * theta[c]
			}
		}
	}
	return theta, true
}
