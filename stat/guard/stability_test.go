package guard

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestStabilityFindsWhatIsThere(t *testing.T) {
	const n, p, step = 80, 120, 30
	rng := rand.New(rand.NewPCG(1, 5))
	x := autoregressive(n, p, 0.2, rng)
	y := planted(x, step, 2, rng)
	q, err := MostChosen(p, 25, 0.75, 1)
	if err != nil || q < 5 {
		t.Fatalf("%d columns a half, %v", q, err)
	}
	told := 0
	o := StabilityOptions{Pairs: 25, Progress: func(done, total int) {
		if done != told+1 || total != 50 {
			t.Errorf("progress %d of %d after %d", done, total, told)
		}
		told = done
	}}
	run := func() *Stable {
		s, err := Stability(x, y, FirstEntered(lassoPath, q, 0.1), o, rand.New(rand.NewPCG(4, 4)))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := run()
	if told != 50 {
		t.Errorf("progress ended at %d", told)
	}
	if !slices.Equal(s.Selected, []int{0, 30, 60, 90}) {
		t.Errorf("selected %v", s.Selected)
	}
	if s.Chosen > float64(q) || s.Bounds.RConcave > 1 {
		t.Errorf("chosen %v of %d, bounds %+v", s.Chosen, q, s.Bounds)
	}
	told = 0
	if again := run(); !slices.Equal(again.Probability, s.Probability) {
		t.Error("two runs of one seed differ")
	}
}

// TestStabilityKeepsItsBound counts false selections of pure noise.
func TestStabilityKeepsItsBound(t *testing.T) {
	const n, p = 40, 40
	q, err := MostChosen(p, 20, 0.7, 0.5)
	if err != nil || q == 0 {
		t.Fatalf("%d columns a half, %v", q, err)
	}
	// The columns that go with y most, as a choice without a solver.
	choose := func(x Matrix, y []float64, _ *rand.Rand) ([]int, error) {
		order := make([]int, x.Cols)
		for j := range order {
			order[j] = j
		}
		slices.SortFunc(order, func(a, b int) int {
			if math.Abs(x.Dot(a, y)) > math.Abs(x.Dot(b, y)) {
				return -1
			}
			return 1
		})
		return order[:q], nil
	}
	wrong := make([]float64, 60)
	for k := range wrong {
		rng := rand.New(rand.NewPCG(uint64(k), 1))
		x := autoregressive(n, p, 0, rng)
		y := make([]float64, n)
		for i := range y {
			y[i] = rng.NormFloat64()
		}
		s, err := Stability(x, y, choose, StabilityOptions{Pairs: 20, Threshold: 0.7}, rng)
		if err != nil {
			t.Fatal(err)
		}
		if s.Chosen != float64(q) || s.Bounds.RConcave > 0.5 {
			t.Fatalf("chosen %v, bounds %+v", s.Chosen, s.Bounds)
		}
		wrong[k] = float64(len(s.Selected))
	}
	if mean, se := meanAndError(wrong); mean > 0.5+3*se {
		t.Errorf("%v ± %v false selections, at most 0.5 were promised", mean, se)
	}
}

func TestStabilityErrors(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	x := autoregressive(10, 3, 0, rng)
	y := make([]float64, 10)
	nothing := func(Matrix, []float64, *rand.Rand) ([]int, error) { return nil, nil }
	for _, o := range []StabilityOptions{{Threshold: 0.5}, {Threshold: 1.1}, {Pairs: -1}} {
		if _, err := Stability(x, y, nothing, o, rng); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
	s, err := Stability(x, y, nothing, StabilityOptions{}, rng)
	if err != nil || s.Selected == nil || len(s.Selected) != 0 || s.Bounds.RConcave != 0 {
		t.Errorf("nothing chosen: %+v, %v", s, err)
	}
	broken := errors.New("broken")
	if _, err := Stability(x, y, func(Matrix, []float64, *rand.Rand) ([]int, error) { return nil, broken },
		StabilityOptions{}, rng); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if _, err := Stability(x, y, func(Matrix, []float64, *rand.Rand) ([]int, error) { return []int{3}, nil },
		StabilityOptions{}, rng); err == nil || !strings.Contains(err.Error(), "column 3") {
		t.Errorf("column that is not there: %v", err)
	}
}

// TestTailIsTheWorstLaw: no r-concave law of the mean has a larger tail, and
// one of the family has the same.
func TestTailIsTheWorstLaw(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 6))
	for _, c := range []struct {
		theta float64
		from  int
		b     int
		r     float64
	}{{0.05, 10, 25, -0.5}, {0.01, 5, 20, -0.5}, {0.1, 30, 40, -0.25}, {0.2, 12, 20, -0.25}} {
		bound := tail(c.theta, c.from, c.b, int(-1/c.r))
		if bound <= 0 || bound >= 1 || bound > c.theta*float64(c.b)/float64(c.from) {
			t.Fatalf("%+v: bound %v, Markov's %v", c, bound, c.theta*float64(c.b)/float64(c.from))
		}
		for range 3000 {
			// f^r is convex: a random convex sequence, and 0 from some end on.
			end := 1 + rng.IntN(c.b)
			v, slope := rng.ExpFloat64()*math.Pow(10, -3*rng.Float64()), 0.1*rng.ExpFloat64()
			f := make([]float64, c.b+1)
			for i := 0; i <= end; i++ {
				f[i] = math.Pow(v, 1/c.r)
				v += slope
				if rng.IntN(4) == 0 {
					slope += rng.ExpFloat64()
				}
			}
			sum, mean, above := 0.0, 0.0, 0.0
			for i, w := range f {
				sum += w
				mean += float64(i) * w
				if i >= c.from {
					above += w
				}
			}
			if mean/sum <= c.theta*float64(c.b) && above/sum > bound*(1+1e-9) {
				t.Fatalf("%+v: tail %v above the bound %v", c, above/sum, bound)
			}
		}
		// The family over a fine grid of a: nothing above, something near.
		near := 0.0
		for end := c.from; end < c.b; end++ {
			for e := -6.0; e < 6; e += 0.01 {
				a := math.Pow(10, e)
				sum, mean, above := 0.0, 0.0, 0.0
				for i := 0; i <= end; i++ {
					w := math.Pow(a+float64(i), 1/c.r)
					sum, mean = sum+w, mean+float64(i)*w
					if i >= c.from {
						above += w
					}
				}
				if mean/sum <= c.theta*float64(c.b) {
					near = max(near, above/sum)
				}
			}
		}
		if near > bound*(1+1e-9) || near < 0.85*bound {
			t.Errorf("%+v: the family reaches %v, the bound is %v", c, near, bound)
		}
	}
}

func TestBoundsAreOrdered(t *testing.T) {
	for _, q := range []float64{0, 5, 20, 50} {
		for _, threshold := range []float64{0.6, 0.75, 0.9, 1} {
			b, err := ErrorBounds(1000, q, 50, threshold)
			if err != nil {
				t.Fatal(err)
			}
			if !(b.RConcave <= b.Unimodal && b.Unimodal <= b.MeinshausenBuhlmann) {
				t.Errorf("q %v, threshold %v: %+v", q, threshold, b)
			}
			if want := min(1000, q*q/1000/(2*threshold-1)); math.Abs(b.MeinshausenBuhlmann-want) > 1e-9 {
				t.Errorf("q %v, threshold %v: %v, want %v", q, threshold, b.MeinshausenBuhlmann, want)
			}
		}
	}
	if _, err := ErrorBounds(10, 11, 50, 0.7); err == nil {
		t.Error("11 of 10 columns: no error")
	}
}

func TestPermutationLambda(t *testing.T) {
	const n, p = 60, 200
	rng := rand.New(rand.NewPCG(1, 3))
	x := autoregressive(n, p, 0.2, rng)
	y := planted(x, 100, 2, rng)
	o := PermutationOptions{Level: 0.05, Count: 199}
	s, err := PermutationLambda(x, y, o, rng)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(s.Selected, 0) || !slices.Contains(s.Selected, 100) {
		t.Errorf("selected %v", s.Selected)
	}
	for j, v := range s.P {
		if chosen := slices.Contains(s.Selected, j); chosen != (v <= 0.05+1e-12) {
			t.Errorf("column %d: p %v, selected %v", j, v, chosen)
		}
	}
	if s.Lambda != s.Null[189] {
		t.Errorf("λ %v is not the 190th of 199", s.Lambda)
	}
	// The lasso of the package's test solver is empty above and not below.
	path, err := lassoPath(x, y, []float64{s.Lambda})
	if err != nil || path[0][0] == 0 {
		t.Errorf("coefficient %v, %v", path[0][0], err)
	}
	// Family-wise: noise is selected from in no more than the level.
	wrong := make([]float64, 200)
	for k := range wrong {
		rng := rand.New(rand.NewPCG(uint64(k), 31))
		x := autoregressive(20, 30, 0.5, rng)
		s, err := PermutationLambda(x, planted(x, 31, 0, rng), PermutationOptions{Level: 0.2, Count: 49}, rng)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Selected) > 0 {
			wrong[k] = 1
		}
	}
	if rate, se := meanAndError(wrong); rate > 0.2+3*se || rate < 0.1 {
		t.Errorf("something was found in %v ± %v of runs at the level 0.2", rate, se)
	}
	for want, o := range map[string]PermutationOptions{
		"19 are needed":      {Level: 0.05, Count: 18},
		"between 0 and 1":    {Level: 1},
		"1 scales for 200 c": {Level: 0.1, Scale: []float64{1}},
	} {
		if _, err := PermutationLambda(x, y, o, rng); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestPermutationsInPieces: more permutations than are in memory at once are the
// same ones.
func TestPermutationsInPieces(t *testing.T) {
	const n, count = 300_000, 40
	x := NewMatrix(n, 1)
	y := make([]float64, n)
	rng := rand.New(rand.NewPCG(7, 8))
	for i := range y {
		x.Data[i], y[i] = rng.NormFloat64(), rng.NormFloat64()
	}
	got, err := PermutationLambda(x, y, PermutationOptions{Level: 0.1, Count: count}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	mean := 0.0
	for _, v := range y {
		mean += v / n
	}
	rng = rand.New(rand.NewPCG(1, 2))
	var want []float64
	for range count {
		v := make([]float64, n)
		for i := range v {
			v[i] = y[i] - mean
		}
		rng.Shuffle(n, func(a, b int) { v[a], v[b] = v[b], v[a] })
		want = append(want, math.Abs(x.Dot(0, v))/n)
	}
	slices.Sort(want)
	for k := range want {
		if math.Abs(got.Null[k]-want[k]) > 1e-12 {
			t.Errorf("λ_max %d is %v, want %v", k, got.Null[k], want[k])
		}
	}
}
