package graphical

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestBadInput(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	good := covariance(t, []float64{1, 0.5, 0.5, 1}, 2)
	data := func(x []float64, n, p int) func() error {
		return func() error { _, err := FromData(x, n, p); return err }
	}
	matrix := func(s ...float64) func() error {
		return func() error { _, err := FromMatrix(s, 2, 0); return err }
	}
	fitted := func(pen Penalty, o Options) func() error {
		return func() error { _, err := Fit(good, pen, o); return err }
	}
	path := func(pen Penalty, o PathOptions) func() error {
		return func() error { _, err := FitPath(good, pen, o); return err }
	}
	selected := func(o SelectOptions) func() error {
		return func() error { _, err := Select([]float64{1, 2, 2, 1, 3, 3, 5, 1}, 4, 2, o); return err }
	}
	minus := -1.0
	for name, c := range map[string]struct {
		run  func() error
		want string
	}{
		"NaN cell":            {data([]float64{1, 2, 3, nan}, 2, 2), "NaN in row 2, column 2"},
		"infinite cell":       {data([]float64{1, inf, 3, 4}, 2, 2), "+Inf in row 1, column 2"},
		"constant column":     {data([]float64{0.1, 2, 0.1, 4, 0.1, 7}, 3, 2), "column 1 is constant"},
		"one observation":     {data([]float64{1, 2}, 1, 2), "at least 2 observations"},
		"number of cells":     {data([]float64{1, 2, 3}, 2, 2), "have 4 values; there are 3"},
		"matrix with NaN":     {matrix(1, nan, nan, 1), "NaN in row 1, column 2"},
		"not symmetric":       {matrix(1, 0.5, 0.4, 1), "not symmetric: row 2, column 1"},
		"not semidefinite":    {matrix(1, 2, 2, 1), "not positive semidefinite"},
		"no variance":         {matrix(1, 0, 0, 0), "variance of variable 2 is 0"},
		"large variance":      {matrix(1e300, 0, 0, 1), "variance of variable 1 is 1e+300"},
		"small variance":      {matrix(1, 0, 0, 1e-300), "variance of variable 2 is 1e-300"},
		"shape":               {matrix(1, 2, 3), "2 × 2 values; there are 3"},
		"negative lambda":     {fitted(Penalty{Lambda: -0.1}, Options{}), "lambda is -0.1"},
		"NaN lambda":          {fitted(Penalty{Lambda: nan}, Options{}), "lambda is NaN"},
		"number of weights":   {fitted(Penalty{Weights: []float64{1}}, Options{}), "has 1 weights"},
		"weights' symmetry":   {fitted(Penalty{Weights: []float64{1, 2, 3, 1}}, Options{}), "weight of row 2, column 1"},
		"infinite diagonal":   {fitted(Penalty{Lambda: 1, Diagonal: true, Weights: []float64{inf, 1, 1, 1}}, Options{}), "cannot be zero"},
		"tolerance":           {fitted(Penalty{}, Options{Tolerance: -1}), "have to be positive"},
		"start":               {fitted(Penalty{}, Options{Start: &Network{}}), "start has 0 variables"},
		"lambda of a path":    {path(Penalty{Lambda: 1}, PathOptions{}), "leave it 0"},
		"lambdas of a path":   {path(Penalty{}, PathOptions{Lambdas: []float64{-1}}), "lambda is -1"},
		"lambdas and count":   {path(Penalty{}, PathOptions{Lambdas: []float64{1}, Count: 3}), "or by their count"},
		"ratio of a path":     {path(Penalty{}, PathOptions{Ratio: 2}), "ratio between 0 and 1"},
		"method":              {selected(SelectOptions{Method: "aic"}), `"aic": ebic, stars or cv`},
		"gamma":               {selected(SelectOptions{Gamma: &minus}), "gamma of eBIC is -1"},
		"folds":               {selected(SelectOptions{Method: CV, Folds: 5}), "5 folds of 4 observations"},
		"subsamples":          {selected(SelectOptions{Method: StARS, Subsamples: 1}), "at least 2"},
		"allowed instability": {selected(SelectOptions{Method: StARS, Instability: 0.7}), "between 0 and 0.5"},
	} {
		err := c.run()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", name, err, c.want)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than one line: %v", name, err)
		}
	}
}

func TestNotConvergedSaysSo(t *testing.T) {
	c := sampled(t, rand.New(rand.NewPCG(1, 1)), 40, 30, 2)
	n, err := Fit(c, Penalty{Lambda: 0.2}, Options{MaxIterations: 1})
	if err != nil {
		t.Fatal(err)
	}
	if n.Converged || !(n.Gap > n.Tolerance) {
		t.Fatalf("converged %v with gap %v after one iteration", n.Converged, n.Gap)
	}
	for _, want := range []string{"did not converge", "gap", "tolerance", "raise the limit of iterations"} {
		if !strings.Contains(n.Err().Error(), want) {
			t.Errorf("%q does not say %q", n.Err(), want)
		}
	}
	best := mustFit(t, c, Penalty{Lambda: 0.2}, Options{})
	if over := n.Objective - best.Objective; over < -1e-9 || over > n.Gap {
		t.Errorf("the objective is %v above the optimum, the gap says at most %v", over, n.Gap)
	}
	// The rounding of float64 is below any tolerance: the fit must end, and say so.
	n, err = Fit(c, Penalty{Lambda: 0.2}, Options{Tolerance: 1e-300, MaxIterations: 100000})
	if err != nil {
		t.Fatal(err)
	}
	if !n.Converged && !strings.Contains(n.Err().Error(), "float64 allows no further step") {
		t.Errorf("at the limit of rounding: %v", n.Err())
	}
}

func TestCovarianceOfData(t *testing.T) {
	// By hand: means 2 and 3; deviations (−1, 0, 1) and (−2, 1, 1); divisor n = 3.
	c, err := FromData([]float64{1, 1, 2, 4, 3, 4}, 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "s₁₁", c.at(0, 0), 2.0/3, 1e-15)
	near(t, "s₁₂", c.at(1, 0), 1, 1e-15)
	near(t, "s₂₂", c.at(1, 1), 2, 1e-15)
	near(t, "correlation", c.Correlation().at(0, 1), 1/math.Sqrt(4.0/3), 1e-15)
}
