package linear

import (
	"math"
	"testing"
)

// TestGroups checks the optimality conditions of group lassos, from their definition.
func TestGroups(t *testing.T) {
	d, y := randomRows(8, 60, 45, 7, 1)
	groups := make([]int, 45)
	for j := range groups {
		groups[j] = j / 4
	}
	for _, family := range []Family{Gaussian, Binomial} {
		for _, alpha := range []float64{1, 0.6} {
			p := Problem{X: d, Y: append([]float64(nil), y...), Family: family, Groups: groups, Alpha: alpha}
			if family == Binomial {
				for i, v := range p.Y {
					if p.Y[i] = 0; v > 0 {
						p.Y[i] = 1
					}
				}
			}
			factor := make([]float64, 12)
			for g := range factor {
				factor[g] = 2
			}
			factor[3], factor[11] = 0, 1
			p.GroupFactor = factor
			path, err := FitPath(p, nil, PathOptions{Count: 8, Ratio: 0.05, Full: true, Options: Options{Tolerance: 1e-10}})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range path.Models {
				if !m.Converged || m.Gap < 0 {
					t.Errorf("%v: gap %v, tolerance %v", family, m.Gap, m.Tolerance)
				}
				checkGroups(t, p, m)
			}
			if selected := path.Models[0].Index; len(selected) != 4 || selected[0] != 12 {
				t.Errorf("%v: at the largest lambda %v are selected, not the free group", family, selected)
			}
		}
	}
}

func checkGroups(t *testing.T, p Problem, m *Model) {
	t.Helper()
	n, features := p.X.Dims()
	v, x := make([]float64, n), make([]float64, n)
	residual := m.Predict(p.X)
	for i, e := range residual {
		v[i] = 1 / float64(n)
		if p.Family == Binomial {
			e = sigmoid(e)
		}
		residual[i] = p.Y[i] - e
	}
	beta := m.Coefficients(features)
	gradient := make([]float64, features)
	for j := range gradient {
		plain{p.X}.column(j, x)
		mean, variance := momentsOf(x, v)
		beta[j] *= math.Sqrt(variance)
		for i, r := range residual {
			gradient[j] += v[i] * r * (x[i] - mean) / math.Sqrt(variance)
		}
	}
	for g, w := range p.GroupFactor {
		size, norm := 0.0, 0.0
		for j, group := range p.Groups {
			if group == g {
				norm += beta[j] * beta[j]
			}
		}
		norm = math.Sqrt(norm)
		for j, group := range p.Groups {
			if group == g {
				r := gradient[j] - m.Lambda*w*(1-p.Alpha)*beta[j]
				if norm > 0 {
					r -= m.Lambda * w * p.Alpha * beta[j] / norm
				}
				size += r * r
			}
		}
		limit := m.Lambda * w * p.Alpha
		if norm > 0 {
			limit = 0
		}
		if size = math.Sqrt(size); size > limit+3e-5 {
			t.Errorf("%v, lambda %v, group %d of norm %v: violated by %v", p.Family, m.Lambda, g, norm, size-limit)
		}
	}
}
