package robust

import (
	"math"
	"slices"

	"pare/internal/f64"
)

// solver is a primal-dual interior-point method for
//
//	minimise Σ φ(rᵢ, t) over w, b, with r = offset + sign∘(Xw + b), t = Σ sⱼ, |wⱼ| ≤ sⱼ,
//
// where the term φ is convex and rises with t. alpha and beta are the
// multipliers of s − w ≥ 0 and s + w ≥ 0.
type solver struct {
	n, p    int
	x       []float64 // column after column
	epsilon float64
	o       Options
	term    term
	classes bool // the loss has no minimum where classes are separable

	offset, sign   []float64
	w, s           []float64
	alpha, beta    []float64
	b              float64
	residual       []float64
	system         *system
	u, curve, mix  []float64 // ∂φ/∂r, ∂²φ/∂r², ∂²φ/∂r∂t
	xu             []float64 // Aᵀu
	bestDual       float64
	bestObjective  float64
	bestW          []float64
	bestB          float64
	deltaW, deltaS []float64
	deltaA, deltaB []float64
	deltaR         []float64
}

// term is the loss of the residuals, with variables of its own inside.
type term interface {
	// start sets the inner variables for residuals and t.
	start(r []float64, epsilon, t float64)
	// multipliers writes u = ∂/∂r and returns ∂/∂t, by the inner multipliers.
	multipliers(r []float64, epsilon, t float64, u []float64) (tau float64)
	// expand is the quadratic model that is left when inner variables move
	// along: gradient u and tau, curvature by rows and by t.
	expand(r []float64, epsilon, t, mu float64, u, curve, mix []float64) (tau, curveT float64)
	// direction computes how inner variables move with r and t.
	direction(r, deltaR []float64, epsilon, t, deltaT, mu float64)
	// limit is the longest step, at most most, that inner variables allow; r
	// are the residuals before it.
	limit(r, deltaR []float64, most float64) float64
	// step moves the inner variables by a share of their direction.
	step(share float64)
	// error is the squared norm of the inner optimality conditions.
	error(r []float64, epsilon, t, mu float64) float64
	// complementarity is the sum of products of slacks and multipliers, and
	// their number.
	complementarity(r []float64) (sum float64, count int)
	// objective is the loss with the inner variables at their best.
	objective(r []float64, epsilon, norm1 float64) float64
	// dual is a lower bound of the optimum from u, which may be changed, or
	// −Inf. products computes Aᵀu.
	dual(u, offset, sign []float64, intercept bool, epsilon float64, products func(u []float64) []float64) float64
}

func newSolver(n, p int, x []float64, epsilon float64, o Options) *solver {
	zeros := func(k int) []float64 { return make([]float64, k) }
	return &solver{
		n: n, p: p, x: x, epsilon: epsilon, o: o, system: newSystem(n, p, x, !o.NoIntercept),
		offset: zeros(n), sign: zeros(n), residual: zeros(n), u: zeros(n), curve: zeros(n), mix: zeros(n), deltaR: zeros(n),
		w: zeros(p), s: zeros(p), alpha: zeros(p), beta: zeros(p), xu: zeros(p),
		deltaW: zeros(p), deltaS: zeros(p), deltaA: zeros(p), deltaB: zeros(p),
		bestDual: math.Inf(-1), bestObjective: math.Inf(1),
	}
}

// moreForZeros is the number of iterations after the gap is small enough, to find weights
// of exactly 0 with such a gap.
const moreForZeros = 5

// solve runs from w = 0; null is the loss there.
func (v *solver) solve(null float64) *Model {
	// Penalty and residuals of one size to begin with.
	for j := range v.s {
		v.s[j] = 0.5 / v.epsilon / float64(v.p)
	}
	v.residual = v.residuals(v.w, v.b)
	t := v.t()
	v.term.start(v.residual, v.epsilon, t)
	tau := v.term.multipliers(v.residual, v.epsilon, t, v.u)
	for j := range v.s {
		v.alpha[j], v.beta[j] = tau/2, tau/2
	}
	v.bestW = make([]float64, v.p)
	v.bestB = v.b
	v.bestObjective = v.term.objective(v.residual, v.epsilon, 0)
	m := &Model{Null: null}
	target := v.o.Tolerance * null
	more := 0
	for {
		sparse := v.certify(target)
		if v.bestObjective-v.bestDual <= target {
			more++
		}
		m.Separable = v.classes && v.separates(v.bestW, v.bestB)
		if m.Separable || sparse || more > moreForZeros || m.Iterations == v.o.MaxIterations {
			break
		}
		m.Iterations++
		if !v.iterate() {
			break
		}
	}
	m.Weights, m.Intercept, m.Objective = v.bestW, v.bestB, v.bestObjective
	m.Gap = max(0, v.bestObjective-v.bestDual)
	m.Converged = m.Gap <= target && !m.Separable
	return m
}

func (v *solver) t() float64 {
	t := 0.0
	for _, s := range v.s {
		t += s
	}
	return t
}

// residuals are offset + sign∘(Xw + b).
func (v *solver) residuals(w []float64, b float64) []float64 {
	r := make([]float64, v.n)
	for i := range r {
		r[i] = b
	}
	for j, c := range w {
		if c != 0 {
			f64.Axpy(c, v.x[j*v.n:(j+1)*v.n], r)
		}
	}
	for i := range r {
		r[i] = v.offset[i] + v.sign[i]*r[i]
	}
	return r
}

// products are Aᵀu for A = diag(sign) X.
func (v *solver) products(u []float64) []float64 {
	signed := make([]float64, v.n)
	for i, s := range v.sign {
		signed[i] = s * u[i]
	}
	for j := range v.xu {
		v.xu[j] = f64.Dot(v.x[j*v.n:(j+1)*v.n], signed)
	}
	return v.xu
}

// mu is the mean product of slacks and multipliers.
func (v *solver) mu() float64 {
	sum, count := v.term.complementarity(v.residual)
	for j, s := range v.s {
		sum += (s-v.w[j])*v.alpha[j] + (s+v.w[j])*v.beta[j]
	}
	return sum / float64(count+2*v.p)
}

// iterate takes one Newton step; false where none makes progress.
func (v *solver) iterate() bool {
	t := v.t()
	mu := 0.1 * v.mu()
	tau, curveT := v.term.expand(v.residual, v.epsilon, t, mu, v.u, v.curve, v.mix)
	deltaB, deltaT, ok := v.system.solve(v, tau, curveT, mu)
	if !ok {
		return false
	}
	for i := range v.deltaR {
		v.deltaR[i] = deltaB
	}
	for j, d := range v.deltaW {
		f64.Axpy(d, v.x[j*v.n:(j+1)*v.n], v.deltaR)
	}
	for i, s := range v.sign {
		v.deltaR[i] *= s
	}
	for j, s := range v.s {
		below, above := s-v.w[j], s+v.w[j]
		v.deltaA[j] = mu/below - v.alpha[j] - v.alpha[j]/below*(v.deltaS[j]-v.deltaW[j])
		v.deltaB[j] = mu/above - v.beta[j] - v.beta[j]/above*(v.deltaS[j]+v.deltaW[j])
	}
	v.term.direction(v.residual, v.deltaR, v.epsilon, t, deltaT, mu)

	share := v.term.limit(v.residual, v.deltaR, 1/0.99)
	for j, s := range v.s {
		share = longest(share, s-v.w[j], v.deltaS[j]-v.deltaW[j])
		share = longest(share, s+v.w[j], v.deltaS[j]+v.deltaW[j])
		share = longest(share, v.alpha[j], v.deltaA[j])
		share = longest(share, v.beta[j], v.deltaB[j])
	}
	share = min(1, 0.99*share)
	before := v.error(mu)
	for range 40 {
		v.move(share, deltaB)
		v.term.step(share)
		if after := v.error(mu); after <= (1-0.01*share)*(1-0.01*share)*before {
			return true
		}
		v.term.step(-share)
		v.move(-share, deltaB)
		share /= 2
	}
	return false
}

// longest is the longest step, at most most, after which value is not below 0.
func longest(most, value, delta float64) float64 {
	if delta < 0 {
		return min(most, -value/delta)
	}
	return most
}

func (v *solver) move(share, deltaB float64) {
	f64.Axpy(share, v.deltaW, v.w)
	f64.Axpy(share, v.deltaS, v.s)
	f64.Axpy(share, v.deltaA, v.alpha)
	f64.Axpy(share, v.deltaB, v.beta)
	v.b += share * deltaB
	v.residual = v.residuals(v.w, v.b)
}

// error is the squared norm of the optimality conditions at mu.
func (v *solver) error(mu float64) float64 {
	t := v.t()
	tau := v.term.multipliers(v.residual, v.epsilon, t, v.u)
	sum := v.term.error(v.residual, v.epsilon, t, mu)
	v.products(v.u)
	balance := 0.0
	for i, s := range v.sign {
		balance += s * v.u[i]
	}
	if !v.o.NoIntercept {
		sum += balance * balance
	}
	for j, s := range v.s {
		for _, e := range []float64{
			v.xu[j] + v.alpha[j] - v.beta[j],
			tau - v.alpha[j] - v.beta[j],
			(s-v.w[j])*v.alpha[j] - mu,
			(s+v.w[j])*v.beta[j] - mu,
		} {
			sum += e * e
		}
	}
	return sum
}

// certify improves the best primal and dual values by the present point. The
// point with weights of 0 wins where it is within target of the dual value,
// which it reports.
func (v *solver) certify(target float64) (sparse bool) {
	t := v.t()
	tau := v.term.multipliers(v.residual, v.epsilon, t, v.u)
	v.bestDual = max(v.bestDual, v.term.dual(v.u, v.offset, v.sign, !v.o.NoIntercept, v.epsilon, v.products))
	zeros := slices.Clone(v.w)
	for j, s := range v.s {
		// Of a bound and its multiplier one goes to 0.
		if min(v.alpha[j], v.beta[j])/tau > s/t {
			zeros[j] = 0
		}
	}
	within := func(f float64) bool { return f <= v.bestDual+target }
	for _, w := range [][]float64{v.w, zeros} {
		f := v.term.objective(v.residuals(w, v.b), v.epsilon, Norm1(w))
		better := f < v.bestObjective
		if within(f) && within(v.bestObjective) {
			has, had := countZeros(w), countZeros(v.bestW)
			better = has > had || (has == had && better)
		}
		if better {
			v.bestObjective, v.bestW, v.bestB = f, slices.Clone(w), v.b
		}
	}
	return within(v.bestObjective) && countZeros(v.bestW) >= countZeros(zeros)
}

func countZeros(w []float64) int {
	n := 0
	for _, c := range w {
		if c == 0 {
			n++
		}
	}
	return n
}

// separates reports whether no perturbation changes the class of any example.
func (v *solver) separates(w []float64, b float64) bool {
	norm := v.epsilon * Norm1(w)
	for _, r := range v.residuals(w, b) {
		if r+norm >= 0 {
			return false
		}
	}
	return true
}
