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

// TestFoldsInTime: a fold is predicted by the fit to the observations before it, whatever the
// later ones are.
func TestFoldsInTime(t *testing.T) {
	d, y := randomRows(12, 90, 8, 3, 1)
	time := make([]float64, 90)
	for i := range time {
		time[i] = float64((i * 37) % 90)
	}
	o := CVOptions{Folds: 5, Time: time, Lambdas: []float64{0.3, 0.05}, PathOptions: PathOptions{Options: Options{Tolerance: 1e-13}}}
	cv, err := CrossValidate(Problem{X: d, Y: y}, o)
	if err != nil {
		t.Fatal(err)
	}
	before := cv.HeldOut(1, 1)[0][0]
	for i, fold := range cv.Fold {
		if math.IsNaN(before[i]) != (fold < 0) || (fold < 0) != (time[i] < 15) {
			t.Errorf("observation %d of time %v: fold %d, predictor %v", i, time[i], fold, before[i])
		}
	}
	other := slices.Clone(y)
	for i := range other {
		if cv.Fold[i] >= 2 {
			other[i] += 100
		}
	}
	changed, err := CrossValidate(Problem{X: d, Y: other}, o)
	if err != nil {
		t.Fatal(err)
	}
	after := changed.HeldOut(1, 1)[0][0]
	for i, fold := range cv.Fold {
		if fold >= 0 && (before[i] == after[i]) != (fold <= 2) {
			t.Errorf("fold %d: predictors %v and %v after later responses changed", fold, before[i], after[i])
		}
	}
}

// TestMeasures: the mean of each measure belongs to the predictions out of fold.
func TestMeasures(t *testing.T) {
	d, y := randomRows(13, 100, 10, 3, 1)
	class := make([]float64, 100)
	for i, v := range y {
		if v > 0 {
			class[i] = 1
		}
	}
	for _, c := range []struct {
		Problem
		measure Measure
		of      func(eta, y float64) float64
	}{
		{Problem{Y: y}, Deviance, func(eta, y float64) float64 { return (eta - y) * (eta - y) }},
		{Problem{Y: y}, AbsoluteError, func(eta, y float64) float64 { return math.Abs(eta - y) }},
		{Problem{Y: class, Family: Binomial}, ClassError, func(eta, y float64) float64 {
			if (eta > 0) == (y == 1) {
				return 0
			}
			return 1
		}},
		{Problem{Y: class, Family: Binomial}, Deviance, func(eta, y float64) float64 { return 2 * math.Log1p(math.Exp((1-2*y)*eta)) }},
	} {
		c.X = d
		cv, err := CrossValidate(c.Problem, CVOptions{Folds: 4, Repeats: 2, Seed: 1, Measure: c.measure, PathOptions: PathOptions{Count: 10},
			Gammas: []float64{0, 0.5}})
		if err != nil {
			t.Fatal(err)
		}
		check := func(l int, gamma, want float64) {
			t.Helper()
			sum := 0.0
			for _, eta := range cv.HeldOut(l, gamma) {
				for i, e := range eta[0] {
					sum += c.of(e, c.Y[i]) / 200
				}
			}
			if math.Abs(sum-want) > 1e-12 {
				t.Errorf("%s of %s at λ %d, γ %v: %v, predictions out of fold have %v", c.measure, c.Family, l, gamma, want, sum)
			}
		}
		for l := range cv.Mean {
			check(l, 1, cv.Mean[l])
			for g, choice := range cv.Relaxed.Choices {
				if !math.IsInf(choice.Mean[l], 0) {
					check(l, cv.Relaxed.Gammas[g], choice.Mean[l])
				}
			}
		}
		best := math.Inf(1)
		for _, choice := range cv.Relaxed.Choices {
			best = min(best, slices.Min(choice.Mean))
		}
		g := slices.Index(cv.Relaxed.Gammas, cv.Relaxed.MinGamma)
		if got := cv.Relaxed.Choices[g].Mean[cv.Min]; got != best {
			t.Errorf("%s of %s: chosen %v, best %v", c.measure, c.Family, got, best)
		}
		if cv.LambdaMin() > cv.Lambda1SE() {
			t.Errorf("λ.min %v, λ.1se %v", cv.LambdaMin(), cv.Lambda1SE())
		}
	}
	cv, err := CrossValidate(Problem{X: d, Y: class, Family: Binomial}, CVOptions{Folds: 4, Measure: AUC, PathOptions: PathOptions{Count: 10}})
	if err != nil {
		t.Fatal(err)
	}
	if cv.Mean[cv.Min] != slices.Max(cv.Mean) || cv.Mean[cv.Min] < 0.8 {
		t.Errorf("AUC %v, chosen %d", cv.Mean, cv.Min)
	}
	alone, late := make([]int, 100), make([]float64, 100)
	for i, v := range class {
		alone[i] = i % 3
		if v == 1 {
			alone[i] = 1 + i%2
		}
		late[i] = 1000*v + float64(i)
	}
	for want, o := range map[string]CVOptions{
		"linear: the measure mae does not apply to binomial responses":                                         {Measure: AbsoluteError},
		`linear: unknown measure "r2"`:                                                                         {Measure: "r2"},
		"linear: gamma 2 of a relaxed fit is not within 0 and 1":                                               {Gammas: []float64{2}},
		"linear: no observation of class 1 is in fold 0; the measure needs both classes in every fold":         {Measure: AUC, Assigned: alone},
		"linear: groups, strata and repeats are of folds that are drawn":                                       {Time: y, Repeats: 2},
		"linear: no observation of class 1 is left to fit without fold 0; every class needs some in two folds": {Time: late, Folds: 2},
	} {
		if _, err := CrossValidate(Problem{X: d, Y: class, Family: Binomial}, o); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
