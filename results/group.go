package results

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Group is the runs of an experiment that differ in nothing but the seed and its
// consequences: the paths of ancestors, budgets that follow a sibling of the same seed,
// folders of data, names and threads.
type Group struct {
	Point string
	Rows  []*Row // one for each seed, in the order of the seeds
}

// Mean is the mean of a value over the seeds.
func (g Group) Mean(of func(*Row) float64) float64 {
	sum := 0.0
	for _, r := range g.Rows {
		sum += of(r)
	}
	return sum / float64(len(g.Rows))
}

// Deviation is the standard deviation of a value over the seeds; 0 for one seed.
func (g Group) Deviation(of func(*Row) float64) float64 {
	if len(g.Rows) < 2 {
		return 0
	}
	mean, sum := g.Mean(of), 0.0
	for _, r := range g.Rows {
		sum += (of(r) - mean) * (of(r) - mean)
	}
	return math.Sqrt(sum / float64(len(g.Rows)-1))
}

// Curve is the groups of a method that differ in nothing but how much they were asked to
// remove, those with the most multiply-accumulates first, then with the most nonzero
// parameters.
type Curve struct {
	Method string
	Label  string // the method, with the settings that tell curves of one method apart
	Groups []Group
}

// Curves are the rows by method and point, in the order of their first rows.
func (s *Set) Curves() []Curve { return s.curves }

// seedKey is the same for runs that can be compared seed by seed. A sweep may make one shape
// for all seeds, so the seeds of earlier runs do not count where the method is given.
func (r *Row) seedKey() string {
	if r.labelled {
		return fmt.Sprint([]uint64{r.Seed})
	}
	seeds := slices.Clone(r.seeds)
	slices.Sort(seeds)
	return fmt.Sprint(slices.Compact(seeds))
}

// rest are the settings without amounts and consequences of the seed, by path. For a
// narrow network, whose widths are its amounts, they lack the numbers of its model.
func (r *Row) rest() map[string]any {
	if r.labelled {
		return r.Keys
	}
	out := leaves(r.settings)
	for path, v := range out {
		_, isText := v.(string)
		_, key := lastKeys(path)
		switch {
		case isAmount(path),
			key == "run" && isText, // the path of a run that cannot be read
			r.Method == methodNarrow && strings.HasPrefix(path, "model.") && numeric(v):
			delete(out, path)
		}
	}
	return out
}

// numeric reports whether a scalar is a number or a list of numbers.
func numeric(v any) bool {
	if list, ok := v.([]any); ok {
		return !slices.ContainsFunc(list, func(item any) bool { return !numeric(item) })
	}
	_, ok := v.(float64)
	return ok
}

// amounts are the settings that say how much to remove, by path.
func (r *Row) amounts() map[string]any {
	if r.labelled {
		return map[string]any{"": r.Point}
	}
	out := map[string]any{}
	for path, v := range leaves(r.settings) {
		if isAmount(path) {
			out[path] = v
		}
	}
	return out
}

// bucket is rows of a curve with the same amounts.
type bucket struct {
	amounts map[string]any
	rows    []*Row
}

// curvesOf groups rows.
func curvesOf(rows []*Row) []Curve {
	curves, at := [][]*bucket{}, map[string]int{}
	var firsts []*Row
	of := map[*Row]*bucket{}
	for _, r := range rows {
		key := r.Method + jsonText(r.rest())
		k, ok := at[key]
		if !ok {
			k = len(curves)
			at[key] = k
			curves, firsts = append(curves, nil), append(firsts, r)
		}
		amounts := r.amounts()
		i := slices.IndexFunc(curves[k], func(b *bucket) bool { return jsonText(b.amounts) == jsonText(amounts) })
		if i < 0 {
			i = len(curves[k])
			curves[k] = append(curves[k], &bucket{amounts: amounts})
		}
		b := curves[k][i]
		b.rows = append(b.rows, r)
		of[r] = b
	}
	siblings := siblingsOf(rows, of)
	out := make([]Curve, len(curves))
	for k, buckets := range curves {
		out[k].Method = firsts[k].Method
		for _, b := range follow(buckets, siblings) {
			for _, rows := range onePerSeed(b) {
				rows = slices.Clone(rows)
				slices.SortStableFunc(rows, func(a, b *Row) int { return slices.Compare(a.seeds, b.seeds) })
				out[k].Groups = append(out[k].Groups, Group{commonPoint(rows), rows})
			}
		}
		slices.SortStableFunc(out[k].Groups, func(a, b Group) int {
			return cmp.Or(cmp.Compare(b.Mean(OverMACs.of), a.Mean(OverMACs.of)), cmp.Compare(b.Mean(OverNonZero.of), a.Mean(OverNonZero.of)))
		})
	}
	labelCurves(out)
	return out
}

// The budget of a run follows a sibling if it is the share that the sibling has, up to
// rounding. Budgets of different seeds within sameBudget of each other are one, too: the
// sibling may not be among the rows.
const (
	rounding   = 0.002
	sameBudget = 1.1
)

// siblingsOf returns the bucket whose row of the same seed has the share of a budget; nil
// if there is none.
func siblingsOf(rows []*Row, of map[*Row]*bucket) func(r *Row, path string, budget float64) *bucket {
	bySeed := map[string][]*Row{}
	for _, r := range rows {
		bySeed[r.seedKey()] = append(bySeed[r.seedKey()], r)
	}
	return func(r *Row, path string, budget float64) *bucket {
		_, key := lastKeys(path)
		share := map[string]func(*Row) float64{
			"macs": func(q *Row) float64 { return q.MACs.Share() }, "params": func(q *Row) float64 { return q.Params.Share() },
			"weights": func(q *Row) float64 { return Change{q.Params.From, q.NonZero}.Share() },
		}[key]
		if share == nil {
			return nil
		}
		var found *bucket
		nearest := rounding * budget
		for _, q := range bySeed[r.seedKey()] {
			if d := math.Abs(share(q) - budget); q.Method != r.Method && len(of[q].rows) > 1 && d <= nearest {
				found, nearest = of[q], d
			}
		}
		return found
	}
}

// follow joins the buckets of a curve whose budgets follow siblings of one group, or differ
// a little, and that have no seed in common.
func follow(buckets []*bucket, sibling func(*Row, string, float64) *bucket) [][]*Row {
	type budgets struct {
		rest   string // the amounts that are no budgets
		values []float64
		of     []*bucket // that each value follows
	}
	list := make([]budgets, len(buckets))
	order := make([]int, len(buckets))
	for i, b := range buckets {
		order[i] = i
		rest := map[string]any{}
		for _, path := range paths([]map[string]any{b.amounts}) {
			v, isNumber := b.amounts[path].(float64)
			if !isNumber || !isBudget(path) {
				rest[path] = b.amounts[path]
				continue
			}
			list[i].values, list[i].of = append(list[i].values, v), append(list[i].of, sibling(b.rows[0], path, v))
		}
		list[i].rest = jsonText(rest)
	}
	slices.SortStableFunc(order, func(a, b int) int { return slices.Compare(list[a].values, list[b].values) })
	alike := func(a, b budgets) bool {
		if a.rest != b.rest || len(a.values) != len(b.values) || len(a.values) == 0 {
			return false
		}
		for k := range a.values {
			if follows := a.of[k] != nil && a.of[k] == b.of[k]; !follows && b.values[k] > a.values[k]*sameBudget {
				return false
			}
		}
		return true
	}
	type joined struct {
		first budgets
		rows  []*Row
		place int // of the first bucket
	}
	var out []*joined
	for _, i := range order {
		k := slices.IndexFunc(out, func(j *joined) bool { return alike(j.first, list[i]) && !shareSeed(j.rows, buckets[i].rows) })
		if k < 0 {
			out = append(out, &joined{list[i], buckets[i].rows, i})
			continue
		}
		out[k].rows, out[k].place = append(slices.Clone(out[k].rows), buckets[i].rows...), min(out[k].place, i)
	}
	slices.SortFunc(out, func(a, b *joined) int { return cmp.Compare(a.place, b.place) })
	var rows [][]*Row
	for _, j := range out {
		rows = append(rows, j.rows)
	}
	return rows
}

func shareSeed(a, b []*Row) bool {
	return slices.ContainsFunc(a, func(x *Row) bool {
		return slices.ContainsFunc(b, func(y *Row) bool { return slices.Equal(x.seeds, y.seeds) })
	})
}

// onePerSeed divides rows in which a seed occurs several times, because the amounts that
// tell them apart are not known: the runs before cannot be read, or widths differ from seed
// to seed. The rows of the seed with the most of them begin the groups; each other row
// joins the free group of the closest size.
func onePerSeed(rows []*Row) [][]*Row {
	bySeed := map[string][]*Row{}
	var seeds []string
	for _, r := range rows {
		key := fmt.Sprint(r.seeds)
		if bySeed[key] == nil {
			seeds = append(seeds, key)
		}
		bySeed[key] = append(bySeed[key], r)
	}
	if len(seeds) == len(rows) {
		return [][]*Row{rows}
	}
	most := slices.MaxFunc(seeds, func(a, b string) int { return cmp.Compare(len(bySeed[a]), len(bySeed[b])) })
	var out [][]*Row
	for _, r := range bySeed[most] {
		out = append(out, []*Row{r})
	}
	size := func(r *Row) float64 { return math.Log(max(1, float64(r.MACs.To))) }
	for _, seed := range seeds {
		if seed == most {
			continue
		}
		type pair struct {
			group int
			row   *Row
			gap   float64
		}
		var pairs []pair
		for _, r := range bySeed[seed] {
			for k := range out {
				pairs = append(pairs, pair{k, r, math.Abs(size(r) - size(out[k][0]))})
			}
		}
		slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(a.gap, b.gap) })
		taken, placed := map[int]bool{}, map[*Row]bool{}
		for _, p := range pairs {
			if !taken[p.group] && !placed[p.row] {
				taken[p.group], placed[p.row] = true, true
				out[p.group] = append(out[p.group], p.row)
			}
		}
	}
	return out
}

// commonPoint is the point of rows: a range where budgets differ from seed to seed.
func commonPoint(rows []*Row) string {
	var points []string
	for _, r := range rows {
		points = append(points, r.Point)
	}
	slices.Sort(points)
	low, high := points[0], points[len(points)-1]
	key, from, ok := strings.Cut(low, " ")
	other, to, also := strings.Cut(high, " ")
	switch {
	case low == high:
		return low
	case ok && also && key == other:
		return key + " " + from + "–" + to
	}
	return low + " – " + high
}
