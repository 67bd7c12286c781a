package linear

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// liveProblems are the problems of the scripts in testdata, by the names that they print.
func liveProblems(t *testing.T) (problems map[string]Problem, table string) {
	p := diabetes(t)
	n, features := p.X.Dims()
	// A response of unit variance: glmnet divides by it, which changes the ridge.
	y := slices.Clone(p.Y)
	v := make([]float64, n)
	for i := range v {
		v[i] = 1 / float64(n)
	}
	mean, variance := momentsOf(y, v)
	order := slices.Sorted(slices.Values(p.Y))
	high, third, weight := make([]float64, n), make([]float64, n), make([]float64, n)
	counts, offset := make([]float64, n), make([]float64, n)
	var text strings.Builder
	for i := range n {
		if p.Y[i] > 140 {
			high[i] = 1
		}
		if p.Y[i] > order[n/3] {
			third[i]++
		}
		if p.Y[i] > order[2*n/3] {
			third[i]++
		}
		y[i] = (y[i] - mean) / math.Sqrt(variance)
		weight[i] = float64(1 + i%3)
		counts[i], offset[i] = math.Floor(p.Y[i]/40), float64(i%5)/4
		for j := range features {
			fmt.Fprintf(&text, "%.17g,", p.X.(*Dense).Column(j)[i])
		}
		fmt.Fprintf(&text, "%.17g,%v,%v,%v,%v,%v\n", y[i], high[i], third[i], weight[i], counts[i], offset[i])
	}
	// glmnet scales factors to sum to the number of features, and the response by its
	// weighted variance, which the lasso does not notice.
	factors, lower, zero := make([]float64, features), make([]float64, features), make([]float64, features)
	sum := 0.0
	for j := range factors {
		factors[j] = []float64{1, 2, 0.5, 1, 0}[j%5]
		sum += factors[j]
		lower[j] = []float64{math.Inf(-1), 0}[j%2]
	}
	for j := range factors {
		factors[j] *= float64(features) / sum
	}
	return map[string]Problem{
		"lasso":        {X: p.X, Y: y},
		"enet":         {X: p.X, Y: y, Alpha: 0.5},
		"weighted":     {X: p.X, Y: y, Weights: weight, PenaltyFactor: factors},
		"bounded":      {X: p.X, Y: y, Lower: lower},
		"positive":     {X: p.X, Y: y, Lower: zero},
		"binomial":     {X: p.X, Y: high, Family: Binomial},
		"binomialenet": {X: p.X, Y: high, Family: Binomial, Alpha: 0.5, Weights: weight},
		"multinomial":  {X: p.X, Y: third, Family: Multinomial},
		"poisson":      {X: p.X, Y: counts, Family: Poisson},
		"poissonenet":  {X: p.X, Y: counts, Family: Poisson, Alpha: 0.5, Weights: weight, Offset: offset},
		"offset":       {X: p.X, Y: high, Family: Binomial, Offset: offset},
		"ridge":        {X: p.X, Y: y, Penalty: Ridge{}},
		"logitridge":   {X: p.X, Y: high, Family: Binomial, Penalty: Ridge{}},
		"poissonridge": {X: p.X, Y: counts, Family: Poisson, Penalty: Ridge{}, Offset: offset},
		"softmaxridge": {X: p.X, Y: third, Family: Multinomial, Penalty: Ridge{}},
	}, text.String()
}

func TestLiveGlmnet(t *testing.T) { testLive(t, 46, "Rscript", "testdata/live.R") }

func TestLiveScikitLearn(t *testing.T) { testLive(t, 20, "python3", "testdata/live.py") }

// testLive demands that the script and we come to the same objectives.
func testLive(t *testing.T, models int, command ...string) {
	problems, table := liveProblems(t)
	file := filepath.Join(t.TempDir(), "data.csv")
	if err := os.WriteFile(file, []byte(table), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath(command[0]); err != nil {
		t.Skip(command[0] + " is not installed")
	}
	out, err := exec.Command(command[0], command[1], file).Output()
	if err != nil {
		t.Fatal(err)
	}
	if string(out) == "missing\n" {
		t.Skip(command[0] + " has no glmnet or scikit-learn")
	}
	theirs := liveModels(t, out)
	if len(theirs) != models {
		t.Fatalf("%d models, want %d", len(theirs), models)
	}
	for name, m := range theirs {
		p := problems[strings.Fields(name)[0]]
		o := newOracle(p)
		ours, err := Fit(p, m.Lambda, Options{Tolerance: 1e-12})
		if err != nil {
			t.Fatal(err)
		}
		if d := o.objective(m) - o.objective(ours); !(math.Abs(d) <= 1e-9*ours.Null) {
			t.Errorf("%s: their objective less ours is %.3g of the null objective", name, d/ours.Null)
		}
	}
}

// liveModels reads the output of a script, by case and lambda. A binomial model has one
// predictor, a multinomial one several.
func liveModels(t *testing.T, out []byte) map[string]*Model {
	models := map[string]*Model{}
	for line := range bytes.Lines(out) {
		fields := strings.Fields(string(line))
		values := make([]float64, len(fields)-1)
		for i, field := range fields[1:] {
			var err error
			if values[i], err = strconv.ParseFloat(field, 64); err != nil {
				t.Fatal(err)
			}
		}
		key := fields[0] + " " + fields[1]
		m := models[key]
		if m == nil {
			m = &Model{Lambda: values[0]}
			models[key] = m
		}
		c := Predictor{Intercept: values[2]}
		for j, b := range values[3:] {
			if b != 0 {
				c.Index, c.Value = append(c.Index, j), append(c.Value, b)
			}
		}
		m.Classes = append(m.Classes, c)
	}
	return models
}
