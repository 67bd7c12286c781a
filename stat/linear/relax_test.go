package linear

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestAUC compares with all pairs of an observation of class 1 and one of class 0, with weights,
// ties and observations without weight.
func TestAUC(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		n := 3 + r.IntN(30)
		eta, y, w := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range n {
			eta[i], y[i], w[i] = float64(r.IntN(6)), float64(r.IntN(2)), float64(r.IntN(3))
		}
		y[0], y[1], w[0], w[1] = 0, 1, 1, 1
		pairs, all := 0.0, 0.0
		for i := range n {
			for j := range n {
				if y[i] != 1 || y[j] != 0 {
					continue
				}
				all += w[i] * w[j]
				switch {
				case eta[i] > eta[j]:
					pairs += w[i] * w[j]
				case eta[i] == eta[j]:
					pairs += w[i] * w[j] / 2
				}
			}
		}
		if got := AUC.of(Binomial, [][]float64{eta}, y, w); math.Abs(got-pairs/all) > 1e-14 {
			t.Fatalf("AUC %v, want %v", got, pairs/all)
		}
	}
}

// TestRelaxIsLeastSquares: the relaxed fit of a Gaussian response has a residual that is
// orthogonal to the selected columns and to the intercept, and no other feature. The gradient of
// a binomial fit is zero.
func TestRelaxIsLeastSquares(t *testing.T) {
	d, y := randomRows(5, 60, 12, 4, 1)
	rows := make([][]float64, 60)
	for i := range rows {
		for j := range 12 {
			rows[i] = append(rows[i], d.Column(j)[i])
		}
	}
	for _, family := range []Family{Gaussian, Binomial} {
		response := slices.Clone(y)
		for i := range response {
			if family == Binomial && response[i] > 0 != (i%5 == 0) {
				response[i] = 1
			} else if family == Binomial {
				response[i] = 0
			}
		}
		for name, x := range map[string]Design{"dense": d, "sparse": sparseOf(60, 12, d.data)} {
			p := Problem{X: x, Y: response, Family: family}
			path, err := FitPath(p, nil, PathOptions{Count: 15})
			if err != nil {
				t.Fatal(err)
			}
			refits, err := Relax(p, path, Options{})
			if err != nil || len(refits) != len(path.Models) {
				t.Fatalf("%d refits, %v", len(refits), err)
			}
			for k, m := range refits {
				if !slices.Equal(m.Index, path.Models[k].Index) {
					t.Errorf("%s %s: features %v, refit of %v", family, name, path.Models[k].Index, m.Index)
				}
				u := slices.Clone(response)
				fitted := m.Predict(d)
				if family == Binomial {
					fitted = m.Probabilities(d)[0]
				}
				sum := 0.0
				for i := range u {
					u[i] -= fitted[i]
					sum += u[i]
				}
				if math.Abs(sum) > 1e-9 {
					t.Errorf("%s %s: residuals add up to %v", family, name, sum)
				}
				for _, j := range m.Index {
					if g := d.Dot(j, u); math.Abs(g) > 1e-9 {
						t.Errorf("%s %s: gradient of feature %d is %v", family, name, j, g)
					}
				}
			}
		}
	}
}

// TestRelaxKeepsToTheProblem: bounds hold, features without a penalty are in every refit, and
// a model of too many features has none.
func TestRelaxKeepsToTheProblem(t *testing.T) {
	d, y := randomRows(6, 12, 30, 3, 0.5)
	p := Problem{X: d, Y: y, PenaltyFactor: slices.Repeat([]float64{1}, 30)}
	p.PenaltyFactor[29] = 0
	path, err := FitPath(p, nil, PathOptions{Count: 30, Full: true})
	if err != nil {
		t.Fatal(err)
	}
	refits, err := Relax(p, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	none := 0
	for k, m := range refits {
		selected := len(path.Models[k].Index)
		if (m == nil) != (selected > 9) {
			t.Errorf("%d features of 12 observations: refit %v", selected, m)
		}
		if m == nil {
			none++
		} else if !slices.Contains(m.Index, 29) {
			t.Error("the feature without a penalty is not in the refit")
		}
	}
	if none == 0 {
		t.Error("no model selects too many features")
	}
	p.PenaltyFactor, p.Lower, p.Upper = nil, make([]float64, 30), slices.Repeat([]float64{0.4}, 30)
	if path, err = FitPath(p, nil, PathOptions{Count: 5}); err != nil {
		t.Fatal(err)
	}
	if refits, err = Relax(p, path, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, m := range refits {
		if m == nil {
			continue
		}
		for _, b := range m.Value {
			if b < 0 || b > 0.4 {
				t.Errorf("coefficient %v is out of bounds", b)
			}
		}
	}
}

func TestBlend(t *testing.T) {
	a := Predictor{Intercept: 1, Index: []int{1, 4}, Value: []float64{2, 3}}
	b := Predictor{Intercept: 3, Index: []int{0, 4, 9}, Value: []float64{8, 1, 4}}
	got := Blend(a, b, 0.25)
	if got.Intercept != 2.5 || !slices.Equal(got.Index, []int{0, 1, 4, 9}) || !slices.Equal(got.Value, []float64{6, 0.5, 1.5, 3}) {
		t.Errorf("%+v", got)
	}
}

// TestSparseIsDense: designs with zeros stored and not stored have the same fits and
// certificates, with one-hot columns of many levels.
func TestSparseIsDense(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	const n, levels = 400, 60
	data := make([]float64, n*(levels+2))
	y := make([]float64, n)
	for i := range n {
		level := r.IntN(levels)
		if i < levels {
			level = i
		}
		data[level*n+i] = 1
		data[levels*n+i] = r.NormFloat64()
		data[(levels+1)*n+i] = 5 + r.NormFloat64()
		y[i] = r.NormFloat64() + float64(level%3) + data[levels*n+i]
	}
	dense, err := NewDense(n, levels+2, data)
	if err != nil {
		t.Fatal(err)
	}
	sparse := sparseOf(n, levels+2, data)
	high := slices.Clone(y)
	for i := range high {
		if high[i] > 1 {
			high[i] = 1
		} else {
			high[i] = 0
		}
	}
	for _, c := range []struct {
		name string
		Problem
	}{
		{"gaussian", Problem{Y: y}},
		{"elastic net without intercept", Problem{Y: y, Alpha: 0.5, NoIntercept: true}},
		{"not standardised", Problem{Y: y, NoStandardize: true}},
		{"binomial", Problem{Y: high, Family: Binomial}},
	} {
		o := PathOptions{Count: 12, Ratio: 0.02, Options: Options{Tolerance: 1e-14}}
		c.X = dense
		a, err := FitPath(c.Problem, nil, o)
		if err != nil {
			t.Fatal(err)
		}
		c.X = sparse
		b, err := FitPath(c.Problem, nil, o)
		if err != nil {
			t.Fatal(err)
		}
		for k := range a.Models {
			x, z := a.Models[k], b.Models[k]
			if math.Abs(x.Lambda-z.Lambda) > 1e-12*x.Lambda || math.Abs(x.Objective-z.Objective) > 1e-12*x.Null ||
				x.Converged != z.Converged || z.Gap > z.Tolerance {
				t.Errorf("%s: λ %v and %v, objectives %v and %v, gaps %v and %v, tolerance %v", c.name, x.Lambda, z.Lambda,
					x.Objective, z.Objective, x.Gap, z.Gap, x.Tolerance)
			}
			u, v := x.Predict(dense), z.Predict(sparse)
			for i := range u {
				if math.Abs(u[i]-v[i]) > 1e-7 {
					t.Fatalf("%s, λ = %v: predictors %v and %v", c.name, x.Lambda, u[i], v[i])
				}
			}
		}
	}
}

// TestMixturesNeedRefits: cross-validation chooses no mixture of a model that has no refit, on all
// data or without a fold, where as many features may be selected from fewer observations.
func TestMixturesNeedRefits(t *testing.T) {
	for seed := range 12 {
		r := draws{rand.New(rand.NewPCG(uint64(seed), 21))}
		const n, features = 12, 30
		d, y := &Dense{n, features, make([]float64, n*features)}, make([]float64, n)
		for i := range d.data {
			d.data[i] = r.NormFloat64()
		}
		for j := range 10 {
			d.AddTo(y, j, 1)
		}
		o := CVOptions{Folds: 4, Seed: uint64(seed), Gammas: []float64{0}}
		cv, err := CrossValidate(Problem{X: d, Y: y}, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range []int{cv.Min, cv.OneSE} {
			if cv.Relaxed.Refits[l] == nil {
				t.Errorf("seed %d: model %d is chosen and has no refit", seed, l)
			}
			for i, eta := range cv.HeldOut(l, 0)[0][0] {
				if math.IsNaN(eta) {
					t.Errorf("seed %d: observation %d has no prediction by model %d", seed, i, l)
				}
			}
		}
		for _, h := range cv.held[0] {
			for l, refit := range h.refits {
				if selected := len(h.path.Models[l].Index); refit != nil && selected > n-n/4-3 {
					t.Errorf("seed %d: a refit of %d features to %d observations", seed, selected, n-n/4)
				}
			}
		}
		p := Problem{X: d, Y: y, PenaltyFactor: make([]float64, features)}
		if _, err := CrossValidate(p, o); err == nil || !strings.Contains(err.Error(), "let gamma 1 be among the mixtures") {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}
