package linear

import "testing"

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
			path, err := FitPath(p, nil, PathOptions{Count: 8, Ratio: 0.05, Full: true, Options: Options{Tolerance: 1e-12, KeepDual: true}})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range path.Models {
				check(t, p, m)
			}
			if selected := path.Models[0].Index; len(selected) != 4 || selected[0] != 12 {
				t.Errorf("%v: at the largest lambda %v are selected, not the free group", family, selected)
			}
		}
	}
}
