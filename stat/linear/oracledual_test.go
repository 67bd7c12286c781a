package linear

import "math"

// dual returns the dual objective at the dual point of a model, after a check that
// the point is feasible.
func (o *oracle) dual(t failer, m *Model) (value float64, ok bool) {
	t.Helper()
	if len(m.Dual) == 0 {
		t.Errorf("lambda %v: no dual point", m.Lambda)
		return 0, false
	}
	var sum sum2
	o.rounding = 0
	for _, theta := range m.Dual {
		size := 0.0
		for i, v := range o.v {
			if v > 0 {
				size += theta[i] * theta[i] / v
			} else if theta[i] != 0 {
				t.Errorf("lambda %v: observation %d of weight 0 has the dual value %v", m.Lambda, i, theta[i])
			}
		}
		size = math.Sqrt(size)
		var total sum2
		for _, v := range theta {
			total.add(v)
		}
		if !o.p.NoIntercept && !(math.Abs(total.value()) <= ulp*size) {
			t.Errorf("lambda %v: the dual point of norm %v sums to %v", m.Lambda, size, total.value())
		}
		sum.add(-o.conjugates(t, m, theta, size))
	}
	value = sum.value() + o.lossDual(t, m)
	return value, true
}

// slack is by how much a constraint may be violated: the rounding of xᵀθ, of which
// the size is that of the column before it is centred.
func (o *oracle) slack(j int, size float64) float64 {
	return ulp * (o.norm[j] + math.Abs(o.mean[j])/o.scale[j]) * size
}

// conjugates is the sum of the conjugates of the penalties at X̃ᵀθ.
func (o *oracle) conjugates(t failer, m *Model, theta []float64, size float64) float64 {
	t.Helper()
	var sum sum2
	squares, slacks, omegas := map[int]float64{}, map[int]float64{}, map[int]float64{}
	for j, x := range o.x {
		if o.fixed[j] {
			continue
		}
		c, slack := dot2(x, theta), o.slack(j, size)
		if o.p.Groups != nil {
			g := o.p.Groups[j]
			squares[g], slacks[g], omegas[g] = squares[g]+c*c, slacks[g]+slack*slack, o.omega[j]
			continue
		}
		lower, upper := o.p.bounds(j)
		room := upper * o.scale[j]
		if c < 0 {
			room = -lower * o.scale[j]
		}
		sum.add(o.conjugate(t, m, j, math.Abs(c), o.omega[j], room, slack))
	}
	for g, square := range squares {
		sum.add(o.conjugate(t, m, g, math.Sqrt(square), omegas[g], math.Inf(1), math.Sqrt(slacks[g])))
	}
	return sum.value()
}

// conjugate is sup over 0 ≤ β ≤ room of cβ − λω(αβ + (1−α)/2 β²).
func (o *oracle) conjugate(t failer, m *Model, j int, c, omega, room, slack float64) float64 {
	t.Helper()
	over, ridge := c-m.Lambda*omega*o.alpha, m.Lambda*omega*(1-o.alpha)
	if over <= -slack || room == 0 {
		return 0
	}
	if ridge > 0 {
		room = min(room, max(over, slack)/ridge)
	}
	if math.IsInf(room, 1) {
		if over > slack+4*ulp*c {
			t.Errorf("lambda %v: feature or group %d: the dual point is outside by %v, slack %v", m.Lambda, j, over, slack)
		}
		return 0
	}
	o.rounding += slack * room
	return max(0, over*room-ridge/2*room*room)
}

// lossDual is −Σ vᵢ f*(−θᵢ/vᵢ).
func (o *oracle) lossDual(t failer, m *Model) float64 {
	t.Helper()
	var sum sum2
	entropy := func(v, q float64) {
		if q < -ulp || q > 1+ulp {
			t.Errorf("lambda %v: the dual point has probability %v", m.Lambda, q)
		}
		if q > 0 {
			sum.product(-v*q, math.Log(q))
		}
	}
	for i, v := range o.v {
		if v == 0 {
			continue
		}
		y := o.p.Y[i]
		switch o.p.Family {
		case Gaussian:
			theta := m.Dual[0][i]
			sum.product(theta, y)
			sum.product(-theta/2, theta/v)
			if o.p.Offset != nil {
				sum.product(-theta, o.p.Offset[i])
			}
		case Binomial:
			q := (2*y - 1) * m.Dual[0][i] / v
			entropy(v, q)
			entropy(v, 1-q)
			if o.p.Offset != nil {
				sum.product(-m.Dual[0][i], o.p.Offset[i])
			}
		case Poisson:
			q := y - m.Dual[0][i]/v
			if q < -ulp*(1+y) {
				t.Errorf("lambda %v: the dual point has mean %v", m.Lambda, q)
			}
			if q > 0 {
				sum.product(-v*q, math.Log(q))
			}
			sum.product(v, q)
			if y > 0 {
				sum.product(v*y, math.Log(y))
			}
			sum.product(-v, y)
			if o.p.Offset != nil {
				sum.product(-m.Dual[0][i], o.p.Offset[i])
			}
		case Multinomial:
			total := 0.0
			for k := range m.Dual {
				q := -m.Dual[k][i] / v
				total += q
				if int(y) == k {
					q++
				}
				entropy(v, q)
			}
			if math.Abs(total) > 8*ulp {
				t.Errorf("lambda %v: the dual values of observation %d sum to %v", m.Lambda, i, total)
			}
		}
	}
	return sum.value()
}

// checkMoves fails the test if a move of one coordinate, or of one group, lowers the
// objective by more than the gap: the step β → prox(β + u/L) with the curvature L
// along it lowers it by at least L/2 times its square.
func (o *oracle) checkMoves(t failer, m *Model, beta, u []float64, unit float64) {
	t.Helper()
	most := 1.0 // second derivative of f
	switch o.p.Family {
	case Gaussian:
	case Poisson:
		return // it has no bound
	default:
		most = 0.25
	}
	lowers := func(what string, k int, by float64) {
		if !(by <= m.Gap+8*unit) {
			t.Errorf("lambda %v: %s %d can lower the objective by %v, the gap is %v", m.Lambda, what, k, by, m.Gap)
		}
	}
	if !o.p.NoIntercept {
		var sum sum2
		for _, v := range u {
			sum.add(v)
		}
		lowers("intercept", 0, sum.value()*sum.value()/(2*most))
	}
	if o.p.Groups != nil {
		o.groupMoves(m.Lambda, beta, u, most, lowers)
		return
	}
	for j, b := range beta {
		curve := most * o.norm[j] * o.norm[j]
		if o.fixed[j] || curve == 0 {
			continue
		}
		lower, upper := o.p.bounds(j)
		b *= o.scale[j]
		strength := m.Lambda * o.omega[j]
		z := curve*b + dot2(o.x[j], u)
		next := math.Copysign(max(0, math.Abs(z)-strength*o.alpha), z) / (curve + strength*(1-o.alpha))
		next = min(max(next, lower*o.scale[j]), upper*o.scale[j])
		lowers("feature", j, (curve+strength*(1-o.alpha))/2*(next-b)*(next-b))
	}
}

func (o *oracle) groupMoves(lambda float64, beta, u []float64, most float64, lowers func(string, int, float64)) {
	members := map[int][]int{}
	for j, g := range o.p.Groups {
		if !o.fixed[j] {
			members[g] = append(members[g], j)
		}
	}
	for g, list := range members {
		curve, size, omega := 0.0, 0.0, o.omega[list[0]]
		z := make([]float64, len(list))
		for _, j := range list {
			curve += most * o.norm[j] * o.norm[j] // the trace bounds the largest eigenvalue
		}
		for k, j := range list {
			z[k] = curve*beta[j]*o.scale[j] + dot2(o.x[j], u)
			size += z[k] * z[k]
		}
		size = math.Sqrt(size)
		total := curve + lambda*omega*(1-o.alpha)
		by := 0.0
		for k, j := range list {
			next := 0.0
			if size > lambda*omega*o.alpha {
				next = z[k] * (1 - lambda*omega*o.alpha/size) / total
			}
			d := next - beta[j]*o.scale[j]
			by += total / 2 * d * d
		}
		lowers("group", g, by)
	}
}
