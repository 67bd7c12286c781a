package diffusion

import (
	"math"
	"strings"
	"testing"

	"pare/stat/recovery"

	"gonum.org/v1/gonum/mat"
)

func TestBadInput(t *testing.T) {
	good := func() Problem {
		rng := newRand(1)
		return Problem{X: gaussian(6, 3, rng), Y: gaussian(6, 3, rng)}
	}
	support := func(rows, columns int) [][]bool {
		s := make([][]bool, rows)
		for i := range s {
			s[i] = make([]bool, columns)
		}
		return s
	}
	tests := []struct {
		change func(p *Problem) (lambda float64, o Options)
		want   string
	}{
		{func(p *Problem) (float64, Options) { p.Y = nil; return 1, Options{} }, "both needed"},
		{func(p *Problem) (float64, Options) { p.X.Set(2, 1, math.NaN()); return 1, Options{} }, "inputs: row 3, column 2 is NaN"},
		{func(p *Problem) (float64, Options) { p.Y.Set(5, 0, math.Inf(-1)); return 1, Options{} }, "outputs: row 6, column 1 is -Inf"},
		{func(p *Problem) (float64, Options) { p.X = gaussian(7, 3, newRand(2)); return 1, Options{} }, "7 observations of the inputs, 6 of the outputs"},
		{func(p *Problem) (float64, Options) {
			p.X, p.Y = gaussian(1, 3, newRand(2)), gaussian(1, 3, newRand(3))
			return 1, Options{}
		}, "at least 2"},
		{func(p *Problem) (float64, Options) {
			p.X.SetCol(1, []float64{2, 2, 2, 2, 2, 2})
			return 1, Options{}
		}, "inputs: column 2 is constant (2)"},
		{func(p *Problem) (float64, Options) {
			p.Y.SetCol(2, make([]float64, 6))
			return 1, Options{}
		}, "outputs: column 3 is constant (0)"},
		{func(*Problem) (float64, Options) { return -0.5, Options{} }, "lambda is -0.5"},
		{func(*Problem) (float64, Options) { return math.NaN(), Options{} }, "lambda is NaN"},
		{func(*Problem) (float64, Options) { return math.Inf(1), Options{} }, "lambda is +Inf"},
		{func(*Problem) (float64, Options) { return 1, Options{Tolerance: -1} }, "tolerance is -1"},
		{func(*Problem) (float64, Options) { return 1, Options{Threads: -1} }, "threads"},
		{func(p *Problem) (float64, Options) {
			p.Symmetric, p.Y = true, gaussian(6, 2, newRand(2))
			return 1, Options{}
		}, "as many outputs as inputs, not 2 and 3"},
		{func(p *Problem) (float64, Options) {
			p.FreeDiagonal, p.Y = true, gaussian(6, 2, newRand(2))
			return 1, Options{}
		}, "free diagonal needs as many"},
		{func(p *Problem) (float64, Options) { p.Support = support(2, 3); return 1, Options{} }, "support has 2 rows, the kernel 3"},
		{func(p *Problem) (float64, Options) { p.Support = support(3, 4); return 1, Options{} }, "row 1 of the known support has 4 columns"},
		{func(p *Problem) (float64, Options) {
			p.Support, p.Symmetric = support(3, 3), true
			p.Support[0][2] = true
			return 1, Options{}
		}, "not symmetric at row 3, column 1"},
	}
	for _, test := range tests {
		p := good()
		lambda, o := test.change(&p)
		_, err := Fit(p, lambda, o)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
}

func TestBadFolds(t *testing.T) {
	p := Problem{X: gaussian(6, 3, newRand(1)), Y: gaussian(6, 3, newRand(2))}
	for want, o := range map[string]CVOptions{
		"between 2 and 6 are possible": {Folds: 7},
		"1 folds of 6":                 {Folds: 1},
		"2 folds given for 6":          {Fold: []int{0, 1}},
		"is in fold -1":                {Fold: []int{0, 1, 0, 1, -1, 0}},
		"no observation is in fold 1":  {Fold: []int{0, 2, 0, 2, 2, 0}},
		"needs at least 2 folds":       {Fold: make([]int, 6)},
		"at least one lambda":          {Lambdas: []float64{}},
	} {
		if _, err := CrossValidate(p, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestNoPath(t *testing.T) {
	rng := newRand(3)
	x := gaussian(20, 2, rng)
	var y mat.Dense
	y.Scale(-1, x)
	support := [][]bool{{true, false}, {false, true}}
	_, err := FitPath(Problem{X: x, Y: &y, NonNegative: true, Support: support}, nil, Options{})
	if err == nil || !strings.Contains(err.Error(), "no path") {
		t.Errorf("got %v", err)
	}
}

func TestCompare(t *testing.T) {
	truth := mat.NewDense(2, 3, []float64{9, 1, 0, 0.1, 9, -2})
	found := mat.NewDense(2, 3, []float64{0, 1, 5, 1, 0, 0})
	s, err := Compare(truth, found, CompareOptions{OffDiagonal: true, TruthAbove: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	want := recovery.Score{TruePositives: 1, FalsePositives: 2, FalseNegatives: 1, Precision: 1. / 3, Recall: 0.5, F1: 0.4, Hamming: 3}
	s.F1 = math.Round(s.F1*1e12) / 1e12
	if s != want {
		t.Errorf("got %+v, want %+v", s, want)
	}
	if s, _ = Compare(truth, mat.NewDense(2, 3, nil), CompareOptions{}); s.F1 != 0 || s.Precision != 1 || s.Recall != 0 {
		t.Errorf("nothing found: %+v", s)
	}
	if _, err := Compare(truth, truth.T(), CompareOptions{}); err == nil {
		t.Error("shapes that differ were compared")
	}
}
