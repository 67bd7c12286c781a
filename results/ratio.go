package results

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// ratios are the factors at which tables of pruning compare methods.
var ratios = []float64{2, 4, 8, 16}

// tableSizes are the sizes that tables compare at: those in which a network is smaller, and
// where masks leave zeros in a network, the parameters that are not 0.
func (s *Set) tableSizes() []Over {
	if s.Masked() {
		return []Over{OverMACs, OverParams, OverNonZero}
	}
	return []Over{OverMACs, OverParams}
}

// Masked reports whether a network has many zeros in its remaining layers, as masks of single
// weights leave them: its size in multiply-accumulates or parameters does not show these.
func (s *Set) Masked() bool {
	return slices.ContainsFunc(s.Rows, func(r *Row) bool { return float64(r.NonZero) < mostZeros*float64(r.Params.To) })
}

// mostZeros is the share of nonzero parameters below which a network counts as masked.
const mostZeros = 0.9

// reach is how far beyond the last point of a seed a ratio may lie and still have its
// value, as a share of the ratio.
const reach = 0.05

// knot is a value of a seed at the ratio of original to remaining size.
type knot struct{ ratio, value float64 }

// knots are the values of a seed along a curve, by ratio. The dense run of the seed, if
// any, is at ratio 1.
func knots(c Curve, dense *Row, seed string, over Over, value func(*Row) float64) []knot {
	var out []knot
	add := func(r *Row) {
		if share := over.of(r); share > 0 && !math.IsNaN(value(r)) {
			out = append(out, knot{100 / share, value(r)})
		}
	}
	for _, g := range c.Groups {
		for _, r := range g.Rows {
			if r.seedKey() == seed {
				add(r)
			}
		}
	}
	if len(out) > 0 && dense != nil {
		add(dense)
	}
	slices.SortStableFunc(out, func(a, b knot) int { return cmp.Compare(a.ratio, b.ratio) })
	return out
}

// interpolate is the value at a ratio, linear in log(ratio) between the two points around
// it; NaN beyond the points.
func interpolate(knots []knot, ratio float64) float64 {
	for i, k := range knots {
		if i > 0 && knots[i-1].ratio <= ratio && ratio <= k.ratio {
			from := knots[i-1]
			if k.ratio == from.ratio {
				return (from.value + k.value) / 2
			}
			t := math.Log(ratio/from.ratio) / math.Log(k.ratio/from.ratio)
			return from.value + t*(k.value-from.value)
		}
	}
	for _, k := range slices.Backward(knots) {
		if math.Abs(k.ratio-ratio) <= reach*ratio {
			return k.value
		}
	}
	return math.NaN()
}

// summary is the mean of values of some seeds with their standard deviation, which is 0
// for a single seed.
type summary struct {
	n        int
	mean, sd float64
}

// summarise leaves out NaN.
func summarise(values []float64) summary {
	var s summary
	for _, v := range values {
		if !math.IsNaN(v) {
			s.n++
			s.mean += v
		}
	}
	s.mean /= float64(s.n)
	for _, v := range values {
		if !math.IsNaN(v) && s.n > 1 {
			s.sd += (v - s.mean) * (v - s.mean) / float64(s.n-1)
		}
	}
	s.sd = math.Sqrt(s.sd)
	return s
}

// confidence is the half width of the 95 % interval of the mean, of Student's t with n−1
// degrees of freedom; NaN for fewer than two values.
func (s summary) confidence() float64 {
	if s.n < 2 {
		return math.NaN()
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(s.n - 1)}
	return t.Quantile(0.975) * s.sd / math.Sqrt(float64(s.n))
}

// ratioRow is a method at a ratio.
type ratioRow struct {
	method              string
	ratio               float64
	base, pruned, delta summary // the score in the units of the tables
	step, speedup       summary // a training step in ms, and how many times shorter than that of the dense network
}

// difference is a method against the reference at a ratio, seed by seed.
type difference struct {
	method, reference string
	ratio             float64
	summary
}

// comparison is the numbers behind the tables at fixed ratios of a size.
type comparison struct {
	over        Over
	score       string // name of the values
	rows        []ratioRow
	differences []difference
}

// score is a result as tables of pruning print it: accuracy in percent for classes, the
// measure itself otherwise.
func score(r *Row) float64 {
	if r.isError() {
		return 100 * (1 - r.Value)
	}
	return r.Value
}

// scoreName names the score.
func scoreName(r *Row) string {
	if r.isError() {
		return "accuracy (%)"
	}
	return r.Measure
}

// denseCurve is the first curve of unpruned runs; nil: there are none.
func (s *Set) denseCurve() *Curve {
	i := slices.IndexFunc(s.curves, func(c Curve) bool { return c.Method == methodDense })
	if i < 0 {
		return nil
	}
	return &s.curves[i]
}

// reference is the curve that the others are compared with: magnitude, the usual baseline,
// of units or else of weights, or else the first that removes anything.
func (s *Set) reference() *Curve {
	pruned := s.prunedCurves()
	for _, baseline := range []string{"magnitude", "weights"} {
		for i := range pruned {
			if pruned[i].Method == baseline {
				return &pruned[i]
			}
		}
	}
	if len(pruned) == 0 {
		return nil
	}
	return &pruned[0]
}

func (s *Set) prunedCurves() []Curve {
	return slices.DeleteFunc(slices.Clone(s.curves), func(c Curve) bool { return c.Method == methodDense })
}

// seeds are the seeds of all rows, in their order.
func (s *Set) seeds() []string {
	var out []string
	for _, r := range s.Rows {
		out = append(out, r.seedKey())
	}
	return compact(out)
}

// compare reads every curve at the ratios.
func (s *Set) compare(over Over) comparison {
	dense := map[string]*Row{} // by seed
	if c := s.denseCurve(); c != nil {
		for _, r := range c.Groups[0].Rows {
			dense[r.seedKey()] = r
		}
	}
	out := comparison{over: over, score: scoreName(s.Rows[0])}
	seeds, reference := s.seeds(), s.reference()
	read := func(c Curve, ratio float64, value func(*Row) float64) []float64 {
		values := make([]float64, len(seeds))
		for i, seed := range seeds {
			values[i] = interpolate(knots(c, dense[seed], seed, over, value), ratio)
		}
		return values
	}
	step := func(r *Row) float64 { return r.StepMs }
	for _, ratio := range ratios {
		for _, c := range s.prunedCurves() {
			pruned := read(c, ratio, score)
			row := ratioRow{method: c.Label, ratio: ratio, pruned: summarise(pruned)}
			if row.pruned.n == 0 {
				continue
			}
			bases, deltas, steps, speedups := nans(len(seeds)), nans(len(seeds)), read(c, ratio, step), nans(len(seeds))
			for i, seed := range seeds {
				if d := dense[seed]; d != nil && !math.IsNaN(pruned[i]) {
					bases[i], deltas[i], speedups[i] = score(d), pruned[i]-score(d), d.StepMs/steps[i]
				}
			}
			row.base, row.delta, row.step, row.speedup = summarise(bases), summarise(deltas), summarise(steps), summarise(speedups)
			out.rows = append(out.rows, row)
			if c.Label == reference.Label {
				continue
			}
			other := read(*reference, ratio, score)
			for i := range other {
				other[i] = pruned[i] - other[i]
			}
			if d := summarise(other); d.n > 1 {
				out.differences = append(out.differences, difference{c.Label, reference.Label, ratio, d})
			}
		}
	}
	return out
}

func nans(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
	}
	return out
}
