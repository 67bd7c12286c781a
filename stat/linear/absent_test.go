package linear

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRowsOfWeightZeroChangeNothing: objectives equal the fit without such rows, also
// where their cells and offsets are so large that the predictors overflow.
func TestRowsOfWeightZeroChangeNothing(t *testing.T) {
	for family := Gaussian; family <= Poisson; family++ {
		for seed := range 6 {
			r := draws{rand.New(rand.NewPCG(uint64(seed), 11))}
			const n, features, kept = 30, 6, 20
			d, part := &Dense{n, features, make([]float64, n*features)}, &Dense{kept, features, nil}
			for i := range d.data {
				if d.data[i] = r.NormFloat64(); i%n >= kept {
					d.data[i] *= 1e4
				}
			}
			p := Problem{Family: family, X: d, Y: r.response(n, family, d.data), Weights: make([]float64, n)}
			for j := range features {
				part.data = append(part.data, d.Column(j)[:kept]...)
			}
			for i := range kept {
				p.Weights[i] = r.of(1, 2)
			}
			if family != Multinomial {
				p.Offset = r.list(n, 0, 1)
				for i := kept; i < n; i++ {
					p.Offset[i] = 2000
				}
			}
			if seed%2 == 1 && family != Multinomial {
				p.Groups = []int{0, 0, 0, 1, 1, 2}
			}
			q := p
			q.X, q.Y, q.Weights = part, p.Y[:kept], p.Weights[:kept]
			if p.Offset != nil {
				q.Offset = p.Offset[:kept]
			}
			o := PathOptions{Count: 6, Full: true, Options: Options{Tolerance: 1e-10}}
			want, err := FitPath(q, nil, o)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range []Design{d, sparseOf(n, features, d.data)} {
				p.X = x
				got, err := FitPath(p, want.Lambdas(), o)
				if err != nil {
					t.Fatal(err)
				}
				for k, m := range got.Models {
					if w := want.Models[k]; !m.Converged || !(math.Abs(m.Objective-w.Objective) <= 2e-10*w.Null) {
						t.Errorf("%v, seed %d, %T, lambda %v: objective %v, without the rows %v; %s", family, seed, x, m.Lambda, m.Objective,
							w.Objective, m.Note())
					}
				}
			}
		}
	}
}

// TestDependentFreeFeatures: copies and sums of unpenalised columns change no objective, and
// have the coefficient 0.
func TestDependentFreeFeatures(t *testing.T) {
	for family := Gaussian; family <= Poisson; family++ {
		for seed := range 8 {
			r := draws{rand.New(rand.NewPCG(uint64(seed), 12))}
			const n, penalised, free = 60, 12, 3
			d := &Dense{n, penalised + free, make([]float64, n*(penalised+free))}
			for i := range d.data {
				d.data[i] = math.Floor(3*r.NormFloat64()) / 2
			}
			y := r.response(n, family, d.data)
			factor := slices.Repeat([]float64{1}, penalised+free)
			clear(factor[penalised:])
			more := &Dense{n, d.p + 2, slices.Clone(d.data)}
			for _, of := range [][2]int{{penalised, penalised}, {penalised, penalised + 1}} {
				for i := range n {
					more.data = append(more.data, d.Column(of[0])[i]+d.Column(of[1])[i])
				}
			}
			p := Problem{Family: family, X: d, Y: y, PenaltyFactor: factor}
			o := PathOptions{Count: 8, Full: true, Options: Options{Tolerance: 1e-8, KeepDual: true}}
			want, err := FitPath(p, nil, o)
			if err != nil {
				t.Fatal(err)
			}
			p.PenaltyFactor = append(slices.Clone(factor), 0, 0)
			for _, x := range []Design{more, sparseOf(n, more.p, more.data)} {
				p.X = x
				got, err := FitPath(p, want.Lambdas(), o)
				if err != nil {
					t.Fatal(err)
				}
				for k, m := range got.Models {
					if w := want.Models[k]; !m.Converged || m.Dependent != 2 || !(math.Abs(m.Objective-w.Objective) <= 2e-8*w.Null) {
						t.Errorf("%v, seed %d, %T, lambda %v: %d dependent, objective %v, without them %v; %s", family, seed, x, m.Lambda,
							m.Dependent, m.Objective, w.Objective, m.Note())
					}
					for _, c := range m.each() {
						if b := c.Coefficients(more.p)[d.p:]; b[0] != 0 || b[1] != 0 {
							t.Errorf("%v, seed %d, %T, lambda %v: coefficients of dependent columns are %v", family, seed, x, m.Lambda, b)
						}
					}
				}
			}
		}
	}
}

// TestLargeCountsConverge: the likelihood of large counts is a small difference of large terms,
// whose rounding is no gap.
func TestLargeCountsConverge(t *testing.T) {
	for seed := range 60 {
		r := draws{rand.New(rand.NewPCG(uint64(seed), 13))}
		n := 3 + r.IntN(4)
		d := &Dense{n, 4, make([]float64, 4*n)}
		for i := range d.data {
			d.data[i] = r.NormFloat64()
		}
		y := make([]float64, n)
		for i := range y {
			y[i] = math.Floor(1e6 * math.Exp(0.01*r.NormFloat64()))
		}
		path, err := FitPath(Problem{Family: Poisson, X: d, Y: y}, nil, PathOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range path.Models {
			if !m.Converged || m.Gap < 0 {
				t.Errorf("seed %d, lambda %v: gap %v, null %v: %s", seed, m.Lambda, m.Gap, m.Null, m.Note())
			}
		}
	}
}
