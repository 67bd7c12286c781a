package linear

import (
	"math"
	"slices"
	"testing"
)

func TestCrossValidate(t *testing.T) {
	d, y := randomRows(11, 80, 30, 3, 1)
	p := Problem{X: d, Y: y}
	o := CVOptions{Seed: 3, Folds: 5, PathOptions: PathOptions{Count: 20}}
	one, err := CrossValidate(p, o)
	if err != nil {
		t.Fatal(err)
	}
	o.Threads = 1
	two, err := CrossValidate(p, o)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(one.Mean, two.Mean) || !slices.Equal(one.Fold, two.Fold) {
		t.Error("the number of threads changes the result")
	}
	for k := range 3 {
		if !slices.Contains(one.Path.Models[one.Min].Index, k) {
			t.Errorf("the best model %v misses feature %d", one.Path.Models[one.Min].Index, k)
		}
	}
	if one.LambdaMin() > one.Lambda1SE() || one.Mean[one.OneSE] > one.Mean[one.Min]+one.Error[one.Min] {
		t.Errorf("lambda min %v, 1se %v", one.LambdaMin(), one.Lambda1SE())
	}
	// The first fold by hand: the observations in it have no influence.
	var kept []int
	for i, f := range one.Fold {
		if f != 0 {
			kept = append(kept, i)
		}
	}
	part := &Dense{len(kept), 30, nil}
	for j := range 30 {
		for _, i := range kept {
			part.data = append(part.data, d.Column(j)[i])
		}
	}
	var response []float64
	for _, i := range kept {
		response = append(response, y[i])
	}
	lambda := one.LambdaMin()
	alone, err := Fit(Problem{X: part, Y: response}, lambda, Options{Tolerance: 1e-12})
	if err != nil {
		t.Fatal(err)
	}
	p.Weights = make([]float64, 80)
	for _, i := range kept {
		p.Weights[i] = 2
	}
	weighted, err := Fit(p, lambda, Options{Tolerance: 1e-12})
	if err != nil {
		t.Fatal(err)
	}
	a, b := alone.Coefficients(30), weighted.Coefficients(30)
	for j := range a {
		if math.Abs(a[j]-b[j]) > 1e-6 {
			t.Errorf("feature %d: %v without the fold, %v with weight 0", j, a[j], b[j])
		}
	}
}

func TestFoldsKeepGroupsTogether(t *testing.T) {
	d, y := randomRows(11, 60, 5, 2, 1)
	together := make([]int, 60)
	for i := range together {
		together[i] = i / 6
	}
	cv, err := CrossValidate(Problem{X: d, Y: y}, CVOptions{Folds: 3, Together: together, PathOptions: PathOptions{Count: 5}})
	if err != nil {
		t.Fatal(err)
	}
	sizes := make([]int, 3)
	for i, f := range cv.Fold {
		sizes[f]++
		if f != cv.Fold[i/6*6] {
			t.Errorf("observation %d is not in the fold of its group", i)
		}
	}
	if slices.Min(sizes) < 18 {
		t.Errorf("folds of %v observations", sizes)
	}
	if _, err := CrossValidate(Problem{X: d, Y: y}, CVOptions{Folds: 11, Together: together}); err == nil {
		t.Error("11 folds of 10 groups are no error")
	}
}

func TestOLS(t *testing.T) {
	d, y := randomRows(4, 40, 6, 6, 0.5)
	fit, err := OLS(d, y, true)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Fit(Problem{X: d, Y: y}, 0, Options{Tolerance: 1e-13})
	if err != nil {
		t.Fatal(err)
	}
	for j, b := range m.Coefficients(6) {
		if math.Abs(b-fit.Coefficients[j]) > 1e-6 {
			t.Errorf("feature %d: %v by least squares, %v at lambda 0", j, fit.Coefficients[j], b)
		}
	}
	if math.Abs(m.Intercept-fit.Intercept) > 1e-6 || fit.MinimumNorm || fit.Rank != 6 {
		t.Errorf("intercepts %v and %v, rank %d", fit.Intercept, m.Intercept, fit.Rank)
	}
	// More features than observations: interpolation, orthogonal to the null space.
	d, y = randomRows(4, 12, 30, 3, 0.5)
	if fit, err = OLS(d, y, false); err != nil {
		t.Fatal(err)
	}
	eta := make([]float64, 12)
	norm, along := 0.0, 0.0
	for j, b := range fit.Coefficients {
		d.AddTo(eta, j, b)
		norm += b * b
	}
	for i := range y {
		if math.Abs(eta[i]-y[i]) > 1e-9 {
			t.Errorf("observation %d: %v, fitted %v", i, y[i], eta[i])
		}
	}
	// ‖β‖² = yᵀ(XXᵀ)⁻¹y for the minimum norm: a move by the part of a vector that X
	// maps to zero must be orthogonal to β.
	e := make([]float64, 30)
	for j := range e {
		e[j] = float64(j%7) - 3
	}
	xe := make([]float64, 12)
	for j, v := range e {
		d.AddTo(xe, j, v)
	}
	inRows, err := OLS(d, xe, false)
	if err != nil {
		t.Fatal(err)
	}
	for j, b := range fit.Coefficients {
		along += b * (e[j] - inRows.Coefficients[j])
	}
	if math.Abs(along) > 1e-9*norm || !fit.MinimumNorm || fit.Rank != 12 {
		t.Errorf("%v along the null space, rank %d", along, fit.Rank)
	}
}
