package robust

import (
	"math"
	"slices"

	"pare/internal/f64"
)

// squareTerm is (1/n) Σ (aᵢ + εt)² with |rᵢ| ≤ aᵢ; low and high are the
// multipliers of a − r ≥ 0 and a + r ≥ 0.
type squareTerm struct {
	n                      float64
	a, low, high           []float64
	deltaA, deltaL, deltaH []float64
}

func (q *squareTerm) start(r []float64, epsilon, t float64) {
	k := len(r)
	q.a, q.low, q.high = make([]float64, k), make([]float64, k), make([]float64, k)
	q.deltaA, q.deltaL, q.deltaH = make([]float64, k), make([]float64, k), make([]float64, k)
	for i, v := range r {
		q.a[i] = math.Abs(v) + 0.5
		q.low[i] = (q.a[i] + epsilon*t) / q.n
		q.high[i] = q.low[i]
	}
}

func (q *squareTerm) multipliers(_ []float64, epsilon, t float64, u []float64) (tau float64) {
	for i := range u {
		u[i] = q.low[i] - q.high[i]
		tau += 2 * epsilon / q.n * (q.a[i] + epsilon*t)
	}
	return tau
}

func (q *squareTerm) expand(r []float64, epsilon, t, mu float64, u, curve, mix []float64) (tau, curveT float64) {
	c := 2 * epsilon / q.n
	for i, v := range r {
		below, above := q.a[i]-v, q.a[i]+v
		la, lb := q.low[i]/below, q.high[i]/above
		m := 2/q.n + la + lb
		g := 2/q.n*(q.a[i]+epsilon*t) - mu/below - mu/above
		u[i] = mu/below - mu/above - (lb-la)*g/m
		// (la+lb) − (lb−la)²/m without cancellation.
		curve[i] = (2/q.n*(la+lb) + 4*la*lb) / m
		mix[i] = -(lb - la) * c / m
		tau += c*(q.a[i]+epsilon*t) - c*g/m
		curveT += c * epsilon * (la + lb) / m
	}
	return tau, curveT
}

func (q *squareTerm) direction(r, deltaR []float64, epsilon, t, deltaT, mu float64) {
	for i, v := range r {
		below, above := q.a[i]-v, q.a[i]+v
		la, lb := q.low[i]/below, q.high[i]/above
		m := 2/q.n + la + lb
		g := 2/q.n*(q.a[i]+epsilon*t) - mu/below - mu/above
		d := -(g + (lb-la)*deltaR[i] + 2*epsilon/q.n*deltaT) / m
		q.deltaA[i] = d
		q.deltaL[i] = mu/below - q.low[i] - la*(d-deltaR[i])
		q.deltaH[i] = mu/above - q.high[i] - lb*(d+deltaR[i])
	}
}

func (q *squareTerm) limit(r, deltaR []float64, most float64) float64 {
	for i, v := range r {
		most = longest(most, q.a[i]-v, q.deltaA[i]-deltaR[i])
		most = longest(most, q.a[i]+v, q.deltaA[i]+deltaR[i])
		most = longest(most, q.low[i], q.deltaL[i])
		most = longest(most, q.high[i], q.deltaH[i])
	}
	return most
}

func (q *squareTerm) step(share float64) {
	f64.Axpy(share, q.deltaA, q.a)
	f64.Axpy(share, q.deltaL, q.low)
	f64.Axpy(share, q.deltaH, q.high)
}

func (q *squareTerm) error(r []float64, epsilon, t, mu float64) float64 {
	sum := 0.0
	for i, v := range r {
		a := 2/q.n*(q.a[i]+epsilon*t) - q.low[i] - q.high[i]
		b := (q.a[i]-v)*q.low[i] - mu
		c := (q.a[i]+v)*q.high[i] - mu
		sum += a*a + b*b + c*c
	}
	return sum
}

func (q *squareTerm) complementarity(r []float64) (sum float64, count int) {
	for i, v := range r {
		sum += (q.a[i]-v)*q.low[i] + (q.a[i]+v)*q.high[i]
	}
	return sum, 2 * len(r)
}

func (q *squareTerm) objective(r []float64, epsilon, norm1 float64) float64 {
	sum := 0.0
	for _, v := range r {
		sum += SquareLoss(v, norm1, epsilon)
	}
	return sum / q.n
}

// dual is uᵀy minus the conjugate of the loss at u and v = ‖Aᵀu‖∞,
// sup over z ≥ εt ≥ 0 of Σ (|uᵢ|zᵢ − zᵢ²/n) + t(v − εΣ|uᵢ|).
func (q *squareTerm) dual(u, offset, _ []float64, intercept bool, epsilon float64, products func(u []float64) []float64) float64 {
	if intercept {
		mean := 0.0
		for _, v := range u {
			mean += v / q.n
		}
		for i := range u {
			u[i] -= mean
		}
	}
	v := 0.0
	for _, c := range products(u) {
		v = max(v, math.Abs(c))
	}
	value := f64.Dot(u, offset)
	sizes := make([]float64, len(u))
	above := 0.0 // Σ of the |uᵢ| whose z is free
	for i, c := range u {
		sizes[i] = math.Abs(c)
		above += sizes[i]
	}
	slices.Sort(sizes)
	t := 0.0
	if v > epsilon*above {
		for k, c := range sizes {
			above -= c
			t = (v - epsilon*above) * q.n / (2 * epsilon * epsilon * float64(k+1))
			if k+1 == len(sizes) || epsilon*t <= q.n*sizes[k+1]/2 {
				break
			}
		}
	}
	all := 0.0
	for _, c := range sizes {
		z := max(q.n*c/2, epsilon*t)
		value -= c*z - z*z/q.n
		all += c
	}
	return value - t*(v-epsilon*all)
}
