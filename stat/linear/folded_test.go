package linear

import (
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// foldedPenalty is the penalty written down anew, as the integral of its slope, with l = λω.
func foldedPenalty(p Penalty, l, b float64) float64 {
	b = math.Abs(b)
	switch p := p.(type) {
	case MCP:
		g := p.Gamma
		end := min(b, g*l)
		return l*end - end*end/(2*g)
	case SCAD:
		g := p.Gamma
		first, end := min(b, l), min(max(b, l), g*l)
		return l*first + (g*l*(end-l)-(end*end-l*l)/2)/(g-1)
	}
	panic("not a folded penalty")
}

// foldedSlope is its derivative by |b|.
func foldedSlope(p Penalty, l, b float64) float64 {
	b = math.Abs(b)
	switch p := p.(type) {
	case MCP:
		return max(0, l-b/p.Gamma)
	case SCAD:
		return min(l, max(0, p.Gamma*l-b)/(p.Gamma-1))
	}
	panic("not a folded penalty")
}

// TestFoldedOfOrthogonalColumns compares with the thresholding functions of MCP (Breheny &
// Huang 2011, equation 2.6) and of SCAD (Fan & Li 2001, equation 2.8).
func TestFoldedOfOrthogonalColumns(t *testing.T) {
	const n = 64
	x := make([]float64, 0, n*8)
	for j := 1; j <= 8; j++ { // of a Hadamard matrix
		for i := range n {
			sign := 1.0
			for b := i & (j * 7 % 64); b > 0; b &= b - 1 {
				sign = -sign
			}
			x = append(x, sign)
		}
	}
	d := &Dense{n, 8, x}
	effects := []float64{0.2, -0.6, 1.1, -1.7, 2.3, -3.1, 4.2, 0}
	y := make([]float64, n)
	for j, b := range effects {
		d.AddTo(y, j, b)
	}
	soft := func(z, l float64) float64 { return math.Copysign(max(0, math.Abs(z)-l), z) }
	const l = 0.5
	for name, c := range map[string]struct {
		p    Penalty
		want func(z float64) float64
	}{
		"mcp": {MCP{Gamma: 2.5}, func(z float64) float64 {
			if math.Abs(z) > 2.5*l {
				return z
			}
			return soft(z, l) / (1 - 1/2.5)
		}},
		"scad": {SCAD{}, func(z float64) float64 {
			switch a := math.Abs(z); {
			case a <= 2*l:
				return soft(z, l)
			case a <= 3.7*l:
				return soft(z, 3.7*l/2.7) / (1 - 1/2.7)
			}
			return z
		}},
	} {
		m, err := Fit(Problem{X: d, Y: y, Penalty: c.p}, l, Options{Tolerance: 1e-13})
		if err != nil {
			t.Fatal(err)
		}
		got := m.Coefficients(8)
		for j, z := range effects {
			if math.Abs(got[j]-c.want(z)) > 1e-12 {
				t.Errorf("%s: coefficient %d of %v is %v, want %v", name, j, z, got[j], c.want(z))
			}
		}
		if !m.Converged || !math.IsNaN(m.Gap) || m.Tolerance != 1e-13 {
			t.Errorf("%s: converged %v, gap %v, tolerance %v", name, m.Converged, m.Gap, m.Tolerance)
		}
	}
}

// TestRandomFolded demands of random problems of all families with one predictor that models
// are stationary and have the objective that they claim, by the terms of the oracle.
func TestRandomFolded(t *testing.T) {
	lost := 0
	for seed := range problems() {
		r := draws{rand.New(rand.NewPCG(uint64(seed), 77))}
		family := []Family{Gaussian, Binomial, Poisson}[seed%3]
		p := r.problem(family, false)
		p.Alpha, p.Penalty = 0, MCP{Gamma: r.of(3, 1.5, 8)}
		if seed%2 == 1 {
			p.Penalty = SCAD{Gamma: r.of(3.7, 2.5, 9)}
		}
		const tolerance = 1e-7
		path, err := FitPath(p, nil, PathOptions{Count: 5, Ratio: 0.05, Full: true, Options: Options{Tolerance: tolerance}})
		if err != nil {
			t.Fatal(err)
		}
		o := newOracle(p)
		for _, m := range path.Models {
			if m.Lambda == 0 {
				continue // no penalty
			}
			if !m.Converged && family != Gaussian {
				lost++ // large coefficients have no penalty, and may separate classes
				continue
			}
			if !m.Converged {
				t.Errorf("seed %d, %v, %#v: %s", seed, family, p.Penalty, m.Note())
				continue
			}
			loss, u := o.loss(o.predictors(m.each()))
			objective, worst, largest := loss, 0.0, 0.0
			for j, b := range m.Coefficients(o.features) {
				if o.fixed[j] {
					continue
				}
				largest = max(largest, o.norm[j])
				b *= o.scale[j]
				lower, upper := p.bounds(j)
				l, g := m.Lambda*o.omega[j], dot2(o.x[j], u[0])
				objective += foldedPenalty(p.Penalty, l, b)
				over := g - math.Copysign(foldedSlope(p.Penalty, l, b), b)
				if b == 0 {
					over = math.Copysign(max(0, math.Abs(g)-l), g)
				}
				if over > 0 && b < upper*o.scale[j]*(1-1e-12) || over < 0 && b > lower*o.scale[j]*(1-1e-12) {
					worst = max(worst, math.Abs(over))
				}
			}
			if unit := math.Sqrt(2*m.Null) * max(largest, 1e-300); worst > 2*tolerance*unit {
				t.Errorf("seed %d, %v, %#v, lambda %v: violation %v of %v", seed, family, p.Penalty, m.Lambda, worst/unit, tolerance)
			}
			if d := math.Abs(objective - m.Objective); d > 1e-9*(m.Null+objective) {
				t.Errorf("seed %d, %v, lambda %v: objective %v, recomputed %v", seed, family, m.Lambda, m.Objective, objective)
			}
		}
	}
	if lost > problems()/4 {
		t.Errorf("%d of %d models did not converge", lost, 5*problems())
	}
}

// TestLiveSkglm demands objectives as low as in skglm, to 1e-8 of the null objective.
func TestLiveSkglm(t *testing.T) {
	problems, table := liveProblems(t)
	file := filepath.Join(t.TempDir(), "data.csv")
	if err := os.WriteFile(file, []byte(table), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("python3", "testdata/folded.py", file).Output()
	if err != nil || string(out) == "missing\n" {
		t.Skip("python3 has no skglm")
	}
	penalties := map[string]Penalty{"mcp": MCP{Gamma: 3}, "scad": SCAD{Gamma: 3.7}}
	for name, m := range liveModels(t, out) {
		p := problems["lasso"]
		p.Penalty = penalties[strings.Fields(name)[0]]
		o := newOracle(p)
		objective := func(m *Model) float64 {
			sum, _ := o.loss(o.predictors(m.each()))
			for j, b := range m.each()[0].Coefficients(o.features) {
				sum += foldedPenalty(p.Penalty, m.Lambda, b*o.scale[j])
			}
			return sum
		}
		ours, err := Fit(p, m.Lambda, Options{Tolerance: 1e-12})
		if err != nil {
			t.Fatal(err)
		}
		if d := objective(m) - objective(ours); !(d >= -1e-8*ours.Null) {
			t.Errorf("%s: their objective less ours is %.3g of the null objective", name, d/ours.Null)
		} else {
			t.Logf("%s: %.3g", name, d/ours.Null)
		}
	}
}
