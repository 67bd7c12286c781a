package diffusion

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// Errors of held-out observations, from fits by hand.
func TestCrossValidationErrors(t *testing.T) {
	p, _ := sample(t, 10, 24, 11)
	for r := range 24 {
		p.Y.Set(r, 3, p.Y.At(r, 3)+5)
	}
	fold := make([]int, 24)
	for r := range fold {
		fold[r] = r / 8
	}
	lambdas := []float64{0.2, 0.05, 0.01}
	for _, intercept := range []bool{false, true} {
		for _, relaxed := range []bool{false, true} {
			p.Intercept = intercept
			cv, err := CrossValidate(p, CVOptions{Lambdas: lambdas, Fold: fold, Relaxed: relaxed, Options: Options{Tolerance: 1e-6}})
			if err != nil {
				t.Fatal(err)
			}
			for l, lambda := range lambdas {
				var errs []float64
				for k := range 3 {
					train, test := split(p, fold, k)
					m, err := Fit(train, lambda, Options{})
					if err != nil {
						t.Fatal(err)
					}
					if relaxed {
						if m, err = Relax(train, m.Kernel, Options{}); err != nil {
							t.Fatal(err)
						}
					}
					_, loss := correlations(test, m)
					errs = append(errs, 2*loss/10)
				}
				mean := (errs[0] + errs[1] + errs[2]) / 3
				var v float64
				for _, e := range errs {
					v += (e - mean) * (e - mean) / 6
				}
				if math.Abs(cv.Error[l]-mean) > 1e-3*mean || math.Abs(cv.SE[l]-math.Sqrt(v)) > 1e-2*math.Sqrt(v) {
					t.Errorf("intercept %v, relaxed %v, λ %v: %v ± %v, by hand %v ± %v",
						intercept, relaxed, lambda, cv.Error[l], cv.SE[l], mean, math.Sqrt(v))
				}
			}
		}
	}
}

func split(p Problem, fold []int, k int) (train, test Problem) {
	take := func(m *mat.Dense, in bool) *mat.Dense {
		_, c := m.Dims()
		var data []float64
		for r, f := range fold {
			if (f == k) == in {
				data = append(data, m.RawRowView(r)...)
			}
		}
		return mat.NewDense(len(data)/c, c, data)
	}
	train, test = p, p
	train.X, train.Y = take(p.X, false), take(p.Y, false)
	test.X, test.Y = take(p.X, true), take(p.Y, true)
	return train, test
}

func TestRelax(t *testing.T) {
	p, _ := sample(t, 12, 60, 12)
	for name, v := range variants(p) {
		if v.Support != nil {
			continue
		}
		m, err := Fit(v, 0.03, Options{})
		if err != nil {
			t.Fatal(err)
		}
		r, err := Relax(v, m.Kernel, Options{Tolerance: 1e-13})
		if err != nil {
			t.Fatal(err)
		}
		v.Support = m.Kernel.support()
		checkOptimal(t, "relaxed "+name, v, r)
	}
	if _, err := Relax(p, Kernel{Inputs: 3}, Options{}); err == nil {
		t.Error("a kernel of another shape was relaxed")
	}
}

func TestNothingToRefit(t *testing.T) {
	p, _ := sample(t, 15, 10, 13)
	p.Symmetric = true
	if _, err := CrossValidate(p, CVOptions{Relaxed: true}); err == nil || !strings.Contains(err.Error(), "leave Relaxed out") {
		t.Errorf("got %v", err)
	}
	p.Symmetric = false
	cv, err := CrossValidate(p, CVOptions{Relaxed: true, Lambdas: []float64{0.3, 1e-6}})
	if err != nil {
		t.Fatal(err)
	}
	if !math.IsInf(cv.Error[1], 1) && cv.Error[1] < cv.Error[0] || cv.Min != 0 {
		t.Errorf("%+v", cv)
	}
}

func TestProgress(t *testing.T) {
	p, _ := sample(t, 12, 60, 12)
	for _, symmetric := range []bool{false, true} {
		p.Symmetric = symmetric
		last, whole := 0, 0
		o := Options{Progress: func(done, total int) {
			if done != last+1 {
				t.Errorf("step %d after %d", done, last)
			}
			last, whole = done, total
		}}
		if _, err := FitPath(p, nil, o); err != nil {
			t.Fatal(err)
		}
		if last == 0 || last != whole {
			t.Errorf("symmetric %v: ended at %d of %d", symmetric, last, whole)
		}
	}
}
