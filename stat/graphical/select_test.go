package graphical

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// chain draws n observations of a Markov chain of p variables, whose true edges are (i, i+1).
func chain(seed uint64, n, p int) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float64, n*p)
	for i := range n {
		for j := range p {
			x[i*p+j] = r.NormFloat64()
			if j > 0 {
				x[i*p+j] += 0.6 * x[i*p+j-1]
			}
		}
	}
	return x
}

func trueEdges(n *Network) (found, wrong int) {
	for _, e := range n.Edges {
		if e.J == e.I+1 {
			found++
		} else {
			wrong++
		}
	}
	return found, wrong
}

func TestSelectFindsTheChain(t *testing.T) {
	const n, p = 400, 15
	x := chain(1, n, p)
	for _, m := range []Method{EBIC, StARS, CV} {
		calls, last := 0, 0
		s, err := Select(x, n, p, SelectOptions{Method: m, Correlation: true, Path: PathOptions{Count: 15,
			Progress: func(done, total int) {
				calls++
				if done <= last || done > total {
					t.Errorf("%s: progress went from %d to %d of %d", m, last, done, total)
				}
				last = done
			}}})
		if err != nil {
			t.Fatal(err)
		}
		found, wrong := trueEdges(s.Network())
		t.Logf("%s: λ %.3f, %d of %d edges, %d wrong", m, s.Network().Lambda, found, p-1, wrong)
		if found != p-1 {
			t.Errorf("%s found %d of %d edges", m, found, p-1)
		}
		if limit := map[Method]int{EBIC: 3, StARS: 30, CV: 80}[m]; wrong > limit {
			t.Errorf("%s: %d wrong edges", m, wrong)
		}
		if len(s.Score) != 15 || calls == 0 {
			t.Errorf("%s: %d scores, %d calls of progress", m, len(s.Score), calls)
		}
		switch m {
		case CV:
			if len(s.StdErr) != 15 || s.OneSE > s.Best || s.OneSE == 0 {
				t.Errorf("CV: %d standard errors, best %d, within one error %d", len(s.StdErr), s.Best, s.OneSE)
			}
		case StARS:
			for _, e := range s.Stability[:p-1] {
				if e.J != e.I+1 || e.Frequency < 0.9 {
					t.Errorf("StARS: one of the most stable edges is %+v", e)
				}
			}
		}
	}
}

func TestRefitMakesEBICSparser(t *testing.T) {
	const n, p = 400, 15
	x := chain(1, n, p)
	wrong := map[bool]int{}
	for _, penalised := range []bool{false, true} {
		s, err := Select(x, n, p, SelectOptions{Penalised: penalised, Correlation: true})
		if err != nil {
			t.Fatal(err)
		}
		_, wrong[penalised] = trueEdges(s.Network())
	}
	if wrong[false] > 3 || wrong[false] >= wrong[true] {
		t.Errorf("%d wrong edges with refits, %d without", wrong[false], wrong[true])
	}
}

func TestEBICByHand(t *testing.T) {
	n := &Network{LogDet: 1.5, Trace: 3, Edges: make([]Edge, 2), Diagonal: make([]float64, 4)}
	near(t, "eBIC", EBICOf(n, 100, 0.5), 100*1.5+2*math.Log(100)+4*0.5*2*math.Log(4), 1e-12)
}

func TestCrossValidationScoresByHand(t *testing.T) {
	// One λ that leaves no edges, leave-one-out: the score is the mean over rows of
	// Σ log s² + (x−m)²/s² with mean m and variance s² of the others.
	x := []float64{1, 5, 2, 3, 4, 4, 8, 1}
	s, err := Select(x, 4, 2, SelectOptions{Method: CV, Folds: 4, Path: PathOptions{Lambdas: []float64{100}}})
	if err != nil {
		t.Fatal(err)
	}
	want := 0.0
	for i := range 4 {
		for j := range 2 {
			m, v := 0.0, 0.0
			for k := range 4 {
				if k != i {
					m += x[2*k+j] / 3
				}
			}
			for k := range 4 {
				if k != i {
					v += (x[2*k+j] - m) * (x[2*k+j] - m) / 3
				}
			}
			want += (math.Log(v) + (x[2*i+j]-m)*(x[2*i+j]-m)/v) / 4
		}
	}
	near(t, "score", s.Score[0], want, 1e-12)
}

func TestInstabilityByHand(t *testing.T) {
	s := &subsamples{p: 3}
	got := s.instability([]Stability{{0, 1, 1}, {0, 2, 0.5}, {1, 2, 0.1}})
	near(t, "instability", got, (0.5+0.18)/3, 1e-15)
}

func TestEdgeStability(t *testing.T) {
	const n, p = 200, 8
	x := chain(2, n, p)
	o := SelectOptions{Subsamples: 10, Seed: 3, Correlation: true}
	a, err := EdgeStability(x, n, p, 0.25, o)
	if err != nil {
		t.Fatal(err)
	}
	b, err := EdgeStability(x, n, p, 0.25, o)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, b) {
		t.Error("the same seed gave different frequencies")
	}
	if len(a) < p-1 || a[0].Frequency != 1 || a[0].J != a[0].I+1 {
		t.Errorf("most stable edges: %+v", a)
	}
	if _, err := EdgeStability(x, n, p, -1, o); err == nil {
		t.Error("a negative λ was taken")
	}
}

func TestSelectCovariance(t *testing.T) {
	n, p := 200, 6
	x := chain(3, n, p)
	o := SelectOptions{Path: PathOptions{Count: 8}}
	want, err := Select(x, n, p, o)
	if err != nil {
		t.Fatal(err)
	}
	c, err := FromData(x, n, p)
	if err != nil {
		t.Fatal(err)
	}
	got, err := SelectCovariance(c, o)
	if err != nil {
		t.Fatal(err)
	}
	if got.Best != want.Best || !slices.Equal(got.Score, want.Score) {
		t.Errorf("eBIC of a covariance %v, of its data %v", got.Score, want.Score)
	}
	o.Method = CV
	if _, err := SelectCovariance(c, o); err == nil || !strings.Contains(err.Error(), "needs the data") {
		t.Errorf("cross-validation of a covariance: %v", err)
	}
	s := make([]float64, p*p)
	c.block(upTo(p), s)
	unknown, err := FromMatrix(s, p, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := SelectCovariance(unknown, SelectOptions{}); err == nil || !strings.Contains(err.Error(), "number of observations") {
		t.Errorf("without observations: %v", err)
	}
}

// TestSelectReadsItsMethodAlone: options of other methods do not count.
func TestSelectReadsItsMethodAlone(t *testing.T) {
	x := chain(3, 9, 3)
	two := 2.0
	for _, o := range []SelectOptions{{Method: EBIC, Folds: 10, Subsamples: 1, Instability: 7},
		{Method: CV, Gamma: &two, Subsamples: 1, Instability: 7},
		{Method: StARS, Gamma: &two, Folds: 10}} {
		if _, err := Select(x, 9, 3, o); err != nil {
			t.Errorf("%s: %v", o.Method, err)
		}
	}
	if _, err := EdgeStability(x, 9, 3, 0.1, SelectOptions{Gamma: &two, Folds: 10, Instability: 7}); err != nil {
		t.Error(err)
	}
	for _, o := range []SelectOptions{{Method: EBIC, Gamma: &two}, {Method: CV, Folds: 10},
		{Method: StARS, Subsamples: 1}, {Method: StARS, Instability: 7}} {
		if _, err := Select(x, 9, 3, o); err == nil {
			t.Errorf("%+v is not refused", o)
		}
	}
}
