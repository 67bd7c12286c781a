package linear

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// draws is how a random problem is drawn: everything follows from the seed.
type draws struct{ *rand.Rand }

func (r draws) chance(one int) bool { return r.IntN(one) == 0 }

func (r draws) of(list ...float64) float64 { return list[r.IntN(len(list))] }

func (r draws) list(n int, of ...float64) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = r.of(of...)
	}
	return values
}

// cells are columns with normal values, of different means and scales, some equal to
// another one, nearly so, or constant.
func (r draws) cells(n, p int, filled float64) []float64 {
	data := make([]float64, n*p)
	for j := range p {
		x := data[j*n : (j+1)*n]
		scale, mean := 1.0, 0.0
		if r.chance(4) {
			scale, mean = r.of(1e-3, 0.1, 30), r.of(0, 1, 50)
		}
		for i := range x {
			x[i] = scale * (r.NormFloat64() + mean)
			if r.Float64() > filled {
				x[i] = 0
			}
		}
		switch from := r.IntN(max(j, 1)); {
		case r.chance(15):
			for i := range x {
				x[i] = scale
			}
		case r.chance(8) && j > 0:
			for i := range x {
				x[i] = -2 * data[from*n+i]
			}
		case r.chance(8) && j > 0:
			v := make([]float64, n)
			for i := range v {
				v[i] = 1 / float64(n)
			}
			_, variance := momentsOf(data[from*n:(from+1)*n], v)
			for i := range x {
				x[i] = data[from*n+i] + 1e-3*math.Sqrt(variance)*r.NormFloat64()
			}
		}
	}
	return data
}

// response draws values, of which every class occurs.
func (r draws) response(n int, family Family, x []float64) []float64 {
	y := make([]float64, n)
	shift, scale := r.of(0, 0, 100), r.of(1, 1, 1e-3, 1e3)
	for i := range y {
		signal := r.NormFloat64() + x[i] - 0.7*x[len(x)-n+i]
		switch family {
		case Gaussian:
			y[i] = scale * (signal + shift)
		case Binomial:
			if signal > 0 {
				y[i] = 1
			}
			if i < 4 {
				y[i] = float64(i % 2)
			}
		case Poisson:
			y[i] = math.Floor(math.Exp(min(max(signal/2, -3), 5)))
			if i < 4 {
				y[i] = float64(i % 2)
			}
		case Multinomial:
			y[i] = float64(i % 3)
			if i > 5 {
				y[i] = min(2, math.Floor(3/(1+math.Exp(signal))))
			}
		}
	}
	return y
}

func (r draws) design(n, p int) Design {
	kind := r.IntN(8)
	if kind < 3 {
		data := r.cells(n, p, 0.25)
		return sparseOf(n, p, data)
	}
	d := &Dense{n, p, r.cells(n, p, 1)}
	switch {
	case kind == 3:
		return &foreign{*d}
	case kind == 4:
		pairs, err := NewInteractions(&Dense{n, 2 + p%9, r.cells(n, 2+p%9, 0.7)}, r.chance(2))
		if err != nil {
			panic(err)
		}
		return pairs
	}
	return d
}

func sparseOf(n, p int, data []float64) *Sparse {
	s := &Sparse{n: n, p: p, start: []int{0}}
	for j := range p {
		for i := range n {
			if v := data[j*n+i]; v != 0 {
				s.row, s.value = append(s.row, int32(i)), append(s.value, v)
			}
		}
		s.start = append(s.start, len(s.row))
	}
	return s
}

// problem draws a problem with any of the options.
func (r draws) problem(family Family, groups bool) Problem {
	n := 5 + r.IntN(36)
	p := Problem{Family: family, X: r.design(n, 1+r.IntN(60))}
	_, features := p.X.Dims()
	x := make([]float64, n*features)
	for j := range features {
		p.X.AddTo(x[j*n:(j+1)*n], j, 1)
	}
	p.Y = r.response(n, family, x)
	p.Alpha = r.of(0, 1, 0.9, 0.3)
	if family != Multinomial && r.chance(4) {
		p.Offset = r.list(n, 0, 0.5, -1, 1)
	}
	if !groups && r.chance(8) {
		p.Alpha, p.Penalty = 0, Ridge{}
	}
	p.NoIntercept, p.NoStandardize = r.chance(4), r.chance(4)
	if r.chance(2) {
		p.Weights = r.list(n, 0.5, 1, 2, 3)
		if family == Gaussian || n > 15 {
			for i := 6; i < n; i += 5 {
				p.Weights[i] = 0
			}
		}
	}
	if groups {
		r.group(&p, features)
		return p
	}
	if r.chance(2) {
		p.PenaltyFactor = r.list(features, 0.5, 1, 1, 3, math.Inf(1))
		// Free features may separate classes: then there is no optimum.
		if family == Gaussian || n > 30 && p.Weights == nil && overlap(x[:n], p.Y) {
			p.PenaltyFactor[0] = 0
			if k := features / 2; family == Gaussian && k > 0 && independent(x[:n], x[k*n:(k+1)*n], p.Weights) {
				p.PenaltyFactor[features/2] = 0
			}
		}
	}
	if r.chance(3) {
		p.Lower, p.Upper = r.list(features, 0, -0.2, math.Inf(-1)), r.list(features, 0, 0.1, math.Inf(1))
		for j := range p.PenaltyFactor {
			if p.PenaltyFactor[j] == 0 {
				p.Lower[j], p.Upper[j] = math.Inf(-1), math.Inf(1)
			}
		}
	}
	return p
}

// independent reports whether two columns without their means differ by more than a part of
// 1e-4 from multiples of each other: the coefficients of unpenalised columns that do not
// can not be found in float64 from their products.
func independent(x, y, weights []float64) bool {
	centred := func(x []float64) []float64 {
		mean, total := 0.0, 0.0
		w := make([]float64, len(x))
		for i := range x {
			w[i] = 1
			if weights != nil {
				w[i] = weights[i]
			}
			mean, total = mean+w[i]*x[i], total+w[i]
		}
		z := make([]float64, len(x))
		for i := range x {
			z[i] = (x[i] - mean/total) * math.Sqrt(w[i])
		}
		return z
	}
	a, b := centred(x), centred(y)
	along := dot2(a, b)
	return 1-along*along/(dot2(a, a)*dot2(b, b)) > 1e-8
}

// overlap reports whether no multiple of x, with or without an intercept, separates two
// classes.
func overlap(x, y []float64) bool {
	for a := range 3 {
		for b := range a {
			low, high := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
			signs := [2]bool{}
			for i, v := range x {
				k := slices.Index([]int{a, b}, int(y[i]))
				if k < 0 {
					continue
				}
				low[k], high[k] = min(low[k], v), max(high[k], v)
				signs[0] = signs[0] || v > 0 == (k == 0) && v != 0
				signs[1] = signs[1] || v > 0 == (k == 1) && v != 0
			}
			if high[0] >= low[0] && high[1] >= low[1] && (low[0] >= high[1] || low[1] >= high[0] || !signs[0] || !signs[1]) {
				return false
			}
		}
	}
	return true
}

func (r draws) group(p *Problem, features int) {
	count := 1 + r.IntN(features)
	p.Groups = make([]int, features)
	for j := range p.Groups {
		p.Groups[j] = j % count
		if j >= count {
			p.Groups[j] = r.IntN(count)
		}
	}
	if r.chance(2) {
		p.GroupFactor = r.list(count, 0.5, 1, 3, math.Inf(1))
	}
}

// testRandom fits paths to random problems. Every model has to have converged to a
// tight tolerance, with a certificate that the oracle confirms, to an objective that a
// solver that shares no code with it does not find to be below the bound that the dual
// point proves. The seeds of beyond were hard for earlier versions.
func testRandom(t *testing.T, family Family, groups bool, tolerance float64, beyond ...int) {
	searches, sharp := 0, 0
	seeds := beyond
	for seed := range problems() {
		seeds = append(seeds, seed)
	}
	for _, seed := range seeds {
		r := draws{rand.New(rand.NewPCG(uint64(seed), uint64(family)))}
		p := r.problem(family, groups)
		o := PathOptions{Count: 6, Ratio: r.of(0.3, 0.02, 1e-3), Full: true, Options: Options{Tolerance: tolerance, KeepDual: true}}
		path, err := FitPath(p, nil, o)
		if err != nil {
			t.Fatal(err)
		}
		f := &labelled{t, fmt.Sprintf("seed %d", seed)}
		for _, m := range path.Models {
			check(f, p, m)
		}
		if _, ridge := p.Penalty.(Ridge); !ridge && path.Models[0].selected(&p) > 0 && path.LambdaMax > 0 {
			f.Errorf("features are selected at the largest lambda")
		}
		if seed%5 > 0 {
			continue
		}
		searches++
		if searched(f, p, path.Models[seed/5%6]) {
			sharp++
		}
	}
	if sharp < searches/2 {
		t.Errorf("the reference came near the optimum in only %d of %d problems", sharp, searches)
	}
}

// selected counts penalised features that are not zero.
func (m *Model) selected(p *Problem) int {
	count := 0
	o := newOracle(*p)
	for _, c := range append([]Predictor{{Index: m.Index}}, m.Classes...) {
		for _, j := range c.Index {
			if o.omega[j] > 0 {
				count++
			}
		}
	}
	return count
}

// labelled puts a label before failures.
type labelled struct {
	*testing.T
	label string
}

func (l *labelled) Errorf(format string, args ...any) {
	l.Helper()
	l.T.Errorf(l.label+": "+format, args...)
}

func TestRandomGaussian(t *testing.T)       { testRandom(t, Gaussian, false, 1e-11) }
func TestRandomBinomial(t *testing.T)       { testRandom(t, Binomial, false, 1e-11, 3232, 4513) }
func TestRandomMultinomial(t *testing.T)    { testRandom(t, Multinomial, false, 1e-11, 4225) }
func TestRandomPoisson(t *testing.T)        { testRandom(t, Poisson, false, 1e-11) }
func TestRandomPoissonGroups(t *testing.T)  { testRandom(t, Poisson, true, 1e-11, 347, 1881) }
func TestRandomGroups(t *testing.T)         { testRandom(t, Gaussian, true, 1e-11) }
func TestRandomBinomialGroups(t *testing.T) { testRandom(t, Binomial, true, 1e-11, 1310, 1578) }
