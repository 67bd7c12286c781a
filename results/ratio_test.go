package results

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pare/report/chart"
)

func TestInterpolate(t *testing.T) {
	line := []knot{{1, 90}, {4, 80}, {16, 40}}
	for _, c := range []struct{ ratio, want float64 }{
		{1, 90}, {2, 85}, {4, 80}, {8, 60}, {16, 40}, // half of the way in log ratio
		{16.5, 40}, {20, math.NaN()}, {0.9, math.NaN()}, // within 5 % of the last point, beyond it, before the first
	} {
		if got := interpolate(line, c.ratio); math.Abs(got-c.want) > 1e-9 || math.IsNaN(got) != math.IsNaN(c.want) {
			t.Errorf("at %g×: %g, want %g", c.ratio, got, c.want)
		}
	}
	if got := interpolate(nil, 2); !math.IsNaN(got) {
		t.Errorf("of no points: %g", got)
	}
}

// Intervals of Student's t: with 3 values the factor is t(0.975; 2)/√3, where t is
// 0.95·√(2/(1−0.95²)), the closed form for 2 degrees of freedom.
func TestConfidence(t *testing.T) {
	s := summarise([]float64{1, math.NaN(), 2, 6})
	if s.n != 3 || s.mean != 3 || math.Abs(s.sd-math.Sqrt(7)) > 1e-12 {
		t.Errorf("got %+v", s)
	}
	quantile := 0.95 * math.Sqrt(2/(1-0.95*0.95))
	if want := quantile * math.Sqrt(7) / math.Sqrt(3); math.Abs(s.confidence()-want) > 1e-9 {
		t.Errorf("half width %g, want %g", s.confidence(), want)
	}
	if one := summarise([]float64{5}); one.sd != 0 || !math.IsNaN(one.confidence()) {
		t.Errorf("of one value %+v, interval %g", one, one.confidence())
	}
}

// The tables of made-up curves, number by number.
func TestTables(t *testing.T) {
	var s Set
	for seed := uint64(1); seed <= 2; seed++ {
		base := 0.01 * float64(seed)
		add := func(settings map[string]any, macs int64, value, step float64) {
			r := row(seed, settings, macs)
			r.Value, r.StepMs = value, step
			s.Rows = append(s.Rows, r)
		}
		add(map[string]any{"prune": map[string]any{"method": "none"}}, 1000, base, 8)
		for _, budget := range []float64{0.5, 0.25} {
			add(pruned("magnitude", budget), int64(1000*budget), base+0.02/budget, 8*budget)
			add(pruned("random", budget), int64(1000*budget), base+0.04/budget, 8*budget)
		}
	}
	s.curves = curvesOf(s.Rows)
	var b strings.Builder
	if err := s.Tables(&b, Markdown); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"### Test accuracy (%) at fewer multiply-accumulates",
		"| fewer | method | base | pruned | Δ | seeds | step, ms | step, speed-up |",
		"| 2× | magnitude | 98.50 ± 0.71 | 94.50 ± 0.71 * | −4.00 ± 0.00 | 2 | 4 ± 0 | 2.00× |",
		"| 4× | random | 98.50 ± 0.71 | 82.50 ± 0.71 | −16.00 ± 0.00 | 2 | 2 ± 0 | 4.00× |",
		"| 4× | random | −8.00 | −8.00 to −8.00 | 2 |",
	} {
		if !strings.Contains(b.String(), want+"\n") {
			t.Errorf("no line %q in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "8× |") {
		t.Error("a ratio beyond all points has a row")
	}
	b.Reset()
	if err := s.Tables(&b, LaTeX); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`\begin{tabular}{llrrrrrr}`, `accuracy (\%)`,
		`2$\times$ & magnitude & 98.50 $\pm$ 0.71 & \textbf{94.50 $\pm$ 0.71} & $-$4.00 $\pm$ 0.00`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

// Masks leave the shape, so a table compares nonzero parameters too; the baseline is
// magnitude of weights.
func TestTablesOfMasks(t *testing.T) {
	var s Set
	for seed := uint64(1); seed <= 2; seed++ {
		s.Rows = append(s.Rows, row(seed, map[string]any{"prune": map[string]any{"method": "none"}}, 1000))
		for _, method := range []string{"rigl", "weights"} {
			settings := map[string]any{"prune": map[string]any{"method": method, "budget": map[string]any{"weights": 0.25}}}
			r := row(seed, settings, 1000)
			r.NonZero, r.Value = 250, 0.01*float64(seed)
			s.Rows = append(s.Rows, r)
		}
	}
	s.curves = curvesOf(s.Rows)
	var b strings.Builder
	if err := s.Tables(&b, Markdown); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"No method comes near 2 times fewer parameters.", "| 4× | weights | 100.00 ± 0.00 | 98.50 ± 0.71 * |",
		"### Difference from weights in test accuracy (%), seed by seed, at fewer nonzero parameters"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

// The best mean is of the methods with the most seeds: one lucky seed does not beat two.
func TestBestMean(t *testing.T) {
	one, two := summary{n: 1, mean: 99}, summary{n: 2, mean: 90}
	c := comparison{over: OverMACs, score: "accuracy (%)", rows: []ratioRow{
		{method: "lucky", ratio: 2, pruned: one}, {method: "sound", ratio: 2, pruned: two}, {method: "alone", ratio: 4, pruned: one}}}
	var got []string
	for _, r := range c.atRatios().rows {
		got = append(got, r[2])
	}
	if want := []string{"99.00", "90.00 ± 0.00 *", "99.00 *"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Results of different kinds or data share no figure and no table.
func TestComparable(t *testing.T) {
	a, b, c := row(1, pruned("random", 0.5), 500), row(1, pruned("random", 0.25), 250), row(1, pruned("random", 0.1), 100)
	a.Path, b.Path, c.Path, b.Data, c.Measure = "a", "b", "c", "text", "perplexity"
	for _, x := range []struct {
		rows []*Row
		want string
	}{
		{[]*Row{a, b}, "b has other data (text) than a (d): draw them apart"},
		{[]*Row{a, c}, "c has a result of another kind (perplexity) than a (error): draw them apart"},
	} {
		s := &Set{Rows: x.rows, curves: curvesOf(x.rows)}
		if _, err := s.Figure(OverMACs); err == nil || err.Error() != x.want {
			t.Errorf("got %v, want %s", err, x.want)
		}
		if err := s.Tables(&strings.Builder{}, Terminal); err == nil || err.Error() != x.want {
			t.Errorf("got %v, want %s", err, x.want)
		}
	}
	for rows, want := range map[*Set]bool{{Rows: []*Row{a, b}}: true, {Rows: []*Row{a, a}}: false} {
		rows.curves = curvesOf(rows.Rows)
		var table strings.Builder
		if err := rows.Runs(&table, Markdown); err != nil || strings.Contains(table.String(), " data ") != want {
			t.Errorf("a column of the data %v, want %v: %v\n%s", !want, want, err, table.String())
		}
	}
	a.ActiveLeft, a.LatencyMs = math.NaN(), math.NaN()
	s := &Set{Rows: []*Row{a}, curves: curvesOf([]*Row{a})}
	for over, want := range map[Over]string{
		OverLatency: "the latency of a was not measured: measure it with -latency",
		OverActive:  "a has no activations that can be 0: its network has no ReLU",
	} {
		if _, err := s.Figure(over); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestFront(t *testing.T) {
	s := sweepSet(t)
	f, err := s.Figure(OverMACs)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Series) != 7 || f.Level == nil || len(f.Front) < 2 {
		t.Fatalf("%d series, level %v, front %v", len(f.Series), f.Level, f.Front)
	}
	for i, at := range f.Front {
		if i > 0 && (at.X <= f.Front[i-1].X || at.Y >= f.Front[i-1].Y) {
			t.Errorf("the front %v turns back", f.Front)
		}
		for _, series := range f.Series {
			if slices.ContainsFunc(series.Spots, func(s chart.Spot) bool { return s.X < at.X && s.Y < at.Y }) {
				t.Errorf("a point beats %v of the front", at)
			}
		}
	}
}
