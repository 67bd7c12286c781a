package linear

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

func readTable(t testing.TB, name string) [][]float64 {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]float64
	for lines := bufio.NewScanner(unzipped); lines.Scan(); {
		var row []float64
		for _, field := range strings.Fields(lines.Text()) {
			v, err := strconv.ParseFloat(field, 64)
			if err != nil {
				t.Fatal(err)
			}
			row = append(row, v)
		}
		rows = append(rows, row)
	}
	return rows
}

// diabetes is the data of Efron et al. 2004; see testdata/golden.py.
func diabetes(t testing.TB) Problem {
	x, err := NewDenseRows(readTable(t, "testdata/diabetes_data_raw.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	p := Problem{X: x}
	for _, row := range readTable(t, "testdata/diabetes_target.csv.gz") {
		p.Y = append(p.Y, row[0])
	}
	return p
}

type golden struct {
	Lasso, Enet, Lars []goldenFit
	Logistic          []struct {
		Alpha        float64
		Intercept    []float64
		Coefficients [][]float64
	}
	Multinomial []struct {
		Alpha        float64
		Intercept    []float64
		Coefficients [][]float64
	}
}

type goldenFit struct {
	Alpha, Ratio, Intercept float64
	Coefficients            []float64
}

func readGolden(t testing.TB) golden {
	var g golden
	data, err := os.ReadFile("testdata/golden.json")
	if err == nil {
		err = json.Unmarshal(data, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// atScale turns coefficients of standardised columns into a model of p.
func atScale(p Problem, lambda float64, intercepts []float64, rows [][]float64) *Model {
	n, features := p.X.Dims()
	m := &Model{Lambda: lambda}
	v, x := make([]float64, n), make([]float64, n)
	for i := range v {
		v[i] = 1 / float64(n)
	}
	for k, row := range rows {
		c := Predictor{Intercept: intercepts[k]}
		for j := range features {
			plain{p.X}.column(j, x)
			mean, variance := momentsOf(x, v)
			b := row[j] / math.Sqrt(variance)
			c.Index, c.Value = append(c.Index, j), append(c.Value, b)
			c.Intercept -= b * mean
		}
		m.Classes = append(m.Classes, c)
	}
	m.Intercept, m.Index, m.Value = m.Classes[0].Intercept, m.Classes[0].Index, m.Classes[0].Value
	return m
}

func TestDiabetesAgainstScikitLearn(t *testing.T) {
	p := diabetes(t)
	g := readGolden(t)
	for _, list := range [][]goldenFit{g.Lasso, g.Lars, g.Enet} {
		for _, want := range list {
			p.Alpha = want.Ratio
			theirs := atScale(p, want.Alpha, []float64{want.Intercept}, [][]float64{want.Coefficients})
			compare(t, p, theirs, want.Alpha, 1e-9)
		}
	}
	p.Alpha = 0
	sorted := append([]float64(nil), p.Y...)
	for i, y := range sorted {
		p.Y[i] = 0
		if y > 140 {
			p.Y[i] = 1
		}
	}
	p.Family = Binomial
	for _, want := range g.Logistic {
		compare(t, p, atScale(p, want.Alpha, want.Intercept, want.Coefficients), want.Alpha, 1e-9)
	}
	p.Family = Multinomial
	for i, y := range sorted {
		p.Y[i] = 0
		for _, quantile := range []float64{100, 184} {
			if y >= quantile {
				p.Y[i]++
			}
		}
	}
	for _, want := range g.Multinomial {
		compare(t, p, atScale(p, want.Alpha, want.Intercept, want.Coefficients), want.Alpha, 1e-9)
	}
}

// compare fits p and compares objectives with those of other coefficients.
func compare(t *testing.T, p Problem, theirs *Model, lambda, tolerance float64) {
	t.Helper()
	m, err := Fit(p, lambda, Options{Tolerance: 1e-13, KeepDual: true})
	if err != nil {
		t.Fatal(err)
	}
	check(t, p, m)
	if d := newOracle(p).objective(theirs) - m.Objective; math.Abs(d) > tolerance*m.Objective {
		t.Errorf("%v, lambda %v: objective %v, scikit-learn has %v more", p.Family, lambda, m.Objective, d)
	}
}
