package linear

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// randomProblem draws a problem with any of the options; sparse designs have
// about a quarter of the cells filled.
func randomProblem(t *rapid.T, family Family) Problem {
	n := rapid.IntRange(5, 40).Draw(t, "n")
	most := 60
	if family == Multinomial {
		most = 15 // classes take turns slowly
	}
	p := rapid.IntRange(1, most).Draw(t, "p")
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	data := make([]float64, n*p)
	for i := range data {
		data[i] = math.Round(r.NormFloat64()*10) / 10
	}
	sparse := rapid.Bool().Draw(t, "sparse")
	if sparse {
		for i := range data {
			if i%7 != 0 && i%5 != 0 {
				data[i] = 0
			}
		}
	}
	problem := Problem{Family: family, X: design(t, n, p, data, sparse)}
	for i := range n {
		y := 2 * r.NormFloat64()
		switch family {
		case Binomial:
			y = float64(i % 2)
			if i > 3 {
				y = float64(r.IntN(2))
			}
		case Multinomial:
			y = float64(i % 3)
			if i > 5 {
				y = float64(r.IntN(3))
			}
		}
		problem.Y = append(problem.Y, y)
	}
	problem.Alpha = rapid.SampledFrom([]float64{0, 1, 0.9, 0.3}).Draw(t, "alpha")
	problem.NoIntercept = rapid.IntRange(0, 3).Draw(t, "intercept") == 0
	problem.NoStandardize = rapid.IntRange(0, 2).Draw(t, "standardize") == 0
	if rapid.Bool().Draw(t, "weights") {
		problem.Weights = rapid.SliceOfN(rapid.SampledFrom([]float64{0.5, 1, 2, 3}), n, n).Draw(t, "weight")
	}
	if rapid.Bool().Draw(t, "factors") {
		problem.PenaltyFactor = rapid.SliceOfN(rapid.SampledFrom([]float64{0.5, 1, 1, 3, math.Inf(1)}), p, p).Draw(t, "factor")
		if family == Gaussian { // a free feature may separate classes
			problem.PenaltyFactor[0] = 0
		}
	}
	if rapid.IntRange(0, 2).Draw(t, "bounds") == 0 {
		problem.Lower = rapid.SliceOfN(rapid.SampledFrom([]float64{0, -0.2, math.Inf(-1)}), p, p).Draw(t, "lower")
		problem.Upper = rapid.SliceOfN(rapid.SampledFrom([]float64{0.1, math.Inf(1)}), p, p).Draw(t, "upper")
		problem.Lower[0], problem.Upper[0] = math.Inf(-1), math.Inf(1)
	}
	return problem
}

func design(t interface{ Fatal(...any) }, n, p int, data []float64, sparse bool) Design {
	if !sparse {
		d, err := NewDense(n, p, data)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	start := []int{0}
	var row []int
	var value []float64
	for j := range p {
		for i := range n {
			if v := data[j*n+i]; v != 0 {
				row, value = append(row, i), append(value, v)
			}
		}
		start = append(start, len(row))
	}
	d, err := NewSparse(n, p, start, row, value)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func testRandom(t *testing.T, family Family, tolerance, limit float64) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t, family)
		path, err := FitPath(p, nil, PathOptions{Count: 6, Ratio: 0.02, Full: true, Options: Options{Tolerance: tolerance}})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range path.Models {
			check(t, p, m, limit)
		}
		if first := path.Models[0]; p.PenaltyFactor == nil && len(first.Index) != 0 {
			t.Errorf("features %v are selected at the largest lambda", first.Index)
		}
	})
}

func TestRandomGaussian(t *testing.T)    { testRandom(t, Gaussian, 1e-12, 2e-5) }
func TestRandomBinomial(t *testing.T)    { testRandom(t, Binomial, 1e-9, 2e-4) }
func TestRandomMultinomial(t *testing.T) { testRandom(t, Multinomial, 1e-8, 5e-4) }
