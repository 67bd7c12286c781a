package linear

import (
	"flag"
	"math"
)

var long = flag.Int("problems", 0, "random problems of each kind; 0: 60")

func problems() int {
	if *long > 0 {
		return *long
	}
	return 60
}

// searched minimises the problem of a model from zero with proximal coordinate steps,
// in the oracle's terms, and fails the test if it gets below the bound that the dual
// point of the model proves. It returns whether it came near that.
func searched(t failer, p Problem, m *Model) bool {
	t.Helper()
	if p.Family == Poisson {
		return true // proximal steps have no step size: the loss curves without bound
	}
	o := newOracle(p)
	count := max(1, len(m.Classes))
	classes := make([]Predictor, count)
	betas := make([][]float64, count)
	for k := range betas {
		betas[k] = make([]float64, o.features)
	}
	most := 1.0
	if p.Family != Gaussian {
		most = 0.25
	}
	etas := make([][]float64, count)
	for k := range etas {
		etas[k] = make([]float64, o.n)
		copy(etas[k], p.Offset)
	}
	for range 150 {
		for k := range etas {
			if !p.NoIntercept {
				_, u := o.loss(etas)
				d := 0.0
				for _, v := range u[k] {
					d += v / most
				}
				classes[k].Intercept += d
				for i := range etas[k] {
					etas[k][i] += d
				}
			}
			if p.Groups != nil {
				_, u := o.loss(etas)
				o.searchGroups(m.Lambda, betas[k], u[k], etas[k], most)
			} else {
				o.searchFeatures(m.Lambda, betas[k], etas, k, most)
			}
		}
	}
	// The objective of the end point, with its intercept on the original scale.
	value := 0.0
	for k := range classes {
		for j, b := range betas[k] {
			if b == 0 {
				continue
			}
			b /= o.scale[j]
			classes[k].Index, classes[k].Value = append(classes[k].Index, j), append(classes[k].Value, b)
			classes[k].Intercept -= b * o.mean[j]
		}
		value += o.penalty(m.Lambda, classes[k].Coefficients(o.features))
	}
	exact := o.predictors(classes)
	loss, u := o.loss(exact)
	value += loss
	if bound := m.Objective - m.Gap; value < bound-8*o.unit(m, exact, u) {
		t.Errorf("lambda %v: the dual point proves that no objective is below %v, but %v is reached", m.Lambda, bound, value)
	}
	return value-m.Objective < 1e-4*m.Null
}

// searchFeatures takes a proximal step on every coefficient of predictor k.
func (o *oracle) searchFeatures(lambda float64, beta []float64, etas [][]float64, k int, most float64) {
	for j, x := range o.x {
		curve := most * o.norm[j] * o.norm[j]
		if o.fixed[j] || curve == 0 {
			continue
		}
		_, u := o.loss(etas)
		z := curve * beta[j]
		for i := range x {
			z += x[i] * u[k][i]
		}
		lower, upper := o.p.bounds(j)
		strength := lambda * o.omega[j]
		next := math.Copysign(max(0, math.Abs(z)-strength*o.alpha), z) / (curve + strength*(1-o.alpha))
		next = min(max(next, lower*o.scale[j]), upper*o.scale[j])
		if d := next - beta[j]; d != 0 {
			beta[j] = next
			for i := range x {
				etas[k][i] += d * x[i]
			}
		}
	}
}

// searchGroups takes a proximal step on every group.
func (o *oracle) searchGroups(lambda float64, beta, u, eta []float64, most float64) {
	members := map[int][]int{}
	order := []int{}
	for j, g := range o.p.Groups {
		if !o.fixed[j] {
			if members[g] == nil {
				order = append(order, g)
			}
			members[g] = append(members[g], j)
		}
	}
	for _, g := range order {
		_, all := o.loss([][]float64{eta})
		list, curve, size := members[g], 0.0, 0.0
		z := make([]float64, len(list))
		for _, j := range list {
			curve += most * o.norm[j] * o.norm[j]
		}
		for at, j := range list {
			z[at] = curve * beta[j]
			for i, x := range o.x[j] {
				z[at] += x * all[0][i]
			}
			size += z[at] * z[at]
		}
		size = math.Sqrt(size)
		limit := lambda * o.omega[list[0]] * o.alpha
		for at, j := range list {
			next := 0.0
			if size > limit {
				next = z[at] * (1 - limit/size) / (curve + lambda*o.omega[j]*(1-o.alpha))
			}
			d := next - beta[j]
			beta[j] = next
			for i, x := range o.x[j] {
				eta[i] += d * x
			}
		}
	}
	_ = u
}
