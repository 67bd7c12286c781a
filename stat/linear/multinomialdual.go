package linear

import (
	"math"

	"pare/internal/dense"
	"pare/internal/f64"
)

// measure computes objective and gap. The dual points of all classes are scaled
// together; at each observation they sum to zero.
func (m *multinomial) measure(lambda float64, out *outcome) {
	out.loss = m.loss()
	out.objective = out.loss
	most, smooth, strict := 1.0, false, 1.0
	m.project(lambda)
	outside := 0.0
	for _, f := range m.classes {
		if lambda > 0 {
			outside = max(outside, f.loss.outside(f.fair, f.first))
		}
	}
	for _, f := range m.classes {
		f.mix(outside)
		f.screen.update(f.fair, lambda*m.t.alpha)
		out.objective += f.pen.value(lambda, f.beta, f.set)
		limit, over := f.room(lambda, false)
		most, smooth = min(most, limit), smooth || over
		limit, _ = f.room(lambda, true)
		strict = min(strict, limit)
	}
	best, scale := m.dualAt(lambda, most), most
	if smooth {
		if value := m.dualAt(lambda, strict); value > best {
			best, scale = value, strict
		}
	}
	m.classes[0].prove(best, scale, m.rounding(out.objective), out)
}

// rounding is that of an objective.
func (m *multinomial) rounding(objective float64) float64 {
	sum := m.classes[0].rounding(objective)
	for _, f := range m.classes[1:] {
		sum += 1e-15 * f.cancelled()
	}
	return sum
}

// project sets the dual points to the residuals, moved to be feasible for what has no
// penalty. At each observation those of all classes sum to zero.
func (m *multinomial) project(lambda float64) {
	for _, f := range m.classes {
		copy(f.fair, f.u)
	}
	m.close()
	if m.t.intercept {
		m.balance()
	}
	m.applyIn(lambda)
	for _, f := range m.classes {
		f.basis(lambda).apply(f.fair)
	}
}

// close makes the residual of the observed class the sum of the others.
func (m *multinomial) close() {
	for i, y := range m.t.y {
		own, rest := int(y), 0.0
		for k, f := range m.classes {
			if k != own {
				rest -= f.fair[i]
			}
		}
		m.classes[own].fair[i] = rest
	}
}

// applyIn takes Newton steps on the coefficients without penalty of all classes but the
// last, to which the others are relative. Their moves are in proportion to the
// probabilities, so that these stay probabilities.
func (m *multinomial) applyIn(lambda float64) {
	var class []int
	var columns [][]float64
	for k, f := range m.classes[:len(m.classes)-1] {
		for _, b := range f.basis(lambda).basis {
			class, columns = append(class, k), append(columns, b)
		}
	}
	if len(m.t.free) == 0 && lambda > 0 || len(columns) > jointLimit {
		return
	}
	weight, move := make([]float64, m.t.n), make([]float64, m.t.n)
	for range 3 { // the later ones remove what rounding left
		factor, kept := dense.Independent(len(columns), func(i, j int) float64 {
			m.hessian(weight, class[i], class[j], m.fairly)
			f64.Mul(weight, weight, columns[i])
			return f64.Dot(weight, columns[j])
		})
		step := make([]float64, len(kept))
		for k, i := range kept {
			step[k] = f64.Dot(columns[i], m.classes[class[i]].fair)
		}
		factor.Solve(step)
		next := make([][]float64, len(m.classes))
		for k, f := range m.classes {
			next[k] = append(next[k], f.fair...)
		}
		for from := range m.classes[:len(m.classes)-1] {
			clear(move)
			for k, i := range kept {
				if class[i] == from {
					f64.Axpy(-step[k], columns[i], move)
				}
			}
			for to := range m.classes {
				m.hessian(weight, from, to, m.fairly)
				f64.MulAxpy(1, weight, move, next[to])
			}
		}
		for k, f := range m.classes {
			copy(f.fair, next[k])
		}
		m.close()
	}
}

// fairly is the probability of class k for observation i at the dual points.
func (m *multinomial) fairly(k, i int) float64 {
	p := -m.classes[k].fair[i] / m.t.v[i]
	if int(m.t.y[i]) == k {
		p++
	}
	return min(max(p, 0), 1)
}

// balance moves the dual points as intercepts do until those of every class sum to
// zero, by scaling probabilities of classes and of observations in turn (Sinkhorn &
// Knopp 1967): in this way they stay probabilities.
func (m *multinomial) balance() {
	v := m.t.v
	for range 100 {
		worst := 0.0
		for k, f := range m.classes {
			expected, most := 0.0, 0.0 // sums of probabilities
			for i, u := range f.fair {
				if y := m.others[k].y[i]; y == 1 {
					most += v[i]
					expected += v[i]
				}
				expected -= u
			}
			factor := most / expected
			worst = max(worst, math.Abs(1-factor))
			for i, u := range f.fair {
				q := -u // times v
				if m.others[k].y[i] == 1 {
					q += v[i]
				}
				f.h[i] = q * factor
			}
		}
		if worst < 1e-15 {
			return
		}
		for i, w := range v {
			if w == 0 {
				continue
			}
			total := 0.0
			for _, f := range m.classes {
				total += f.h[i]
			}
			// The residual of the observed class is the sum of the others.
			own := int(m.t.y[i])
			rest := 0.0
			for k, f := range m.classes {
				if k != own {
					f.fair[i] = -f.h[i] * w / total
					rest -= f.fair[i]
				}
			}
			m.classes[own].fair[i] = rest
		}
	}
}

func (m *multinomial) dualAt(lambda, s float64) float64 {
	var value exactSum
	for k, f := range m.classes {
		for i, w := range m.t.v {
			if w == 0 {
				continue
			}
			q, own := -s*f.fair[i]/w, int(m.t.y[i]) == k
			switch {
			case own && q < -1-beyond, !own && q < -beyond:
				return math.Inf(-1)
			case own: // q less than 1
				value.add(-w * complement(-q))
			default:
				value.add(-w * entropy(q))
			}
		}
		value.add(-f.conjugates(lambda, s))
	}
	return value.total()
}
