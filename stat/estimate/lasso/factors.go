package lasso

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"pare/internal/table"
)

// byColumn spreads values given by name over the columns. The name of a text column stands
// for all its one-hot columns.
func (d *Data) byColumn(option string, values map[string]float64, other float64) ([]float64, error) {
	if len(values) == 0 {
		return nil, nil
	}
	out := make([]float64, len(d.Names))
	for j := range out {
		out[j] = other
	}
	columns, tables := map[string][]int{}, map[string][]int{} // by the names of both
	for j, name := range d.Names {
		columns[name], tables[d.Of[j]] = append(columns[name], j), append(tables[d.Of[j]], j)
	}
	names := slices.Sorted(maps.Keys(values))
	// Text columns come first, so that a value for one of their one-hot columns overrides.
	for _, own := range []bool{false, true} {
		for _, name := range names {
			if (columns[name] != nil) != own {
				continue
			}
			at := slices.Concat(columns[name], tables[name])
			if len(at) == 0 {
				return nil, fmt.Errorf("%s names %q, which is no feature%s", option, name, table.Suggestion(name, "features", d.Names))
			}
			for _, j := range at {
				out[j] = values[name]
			}
		}
	}
	return out, nil
}

// factors returns the penalty factors and bounds of the columns; nil if none were given.
func (d *Data) factors(o *Options) (penalty, lower, upper []float64, err error) {
	if penalty, err = d.penaltyFactors(o); err != nil {
		return nil, nil, nil, err
	}
	if lower, err = d.byColumn("-lower-limits", o.Lower, math.Inf(-1)); err != nil {
		return nil, nil, nil, err
	}
	if upper, err = d.byColumn("-upper-limits", o.Upper, math.Inf(1)); err != nil {
		return nil, nil, nil, err
	}
	if o.NonNegative {
		lower = make([]float64, len(d.Names))
	}
	for j, name := range d.Names {
		w := at(penalty, j, 1)
		low, high := at(lower, j, math.Inf(-1)), at(upper, j, math.Inf(1))
		switch {
		case !(w >= 0):
			return nil, nil, nil, fmt.Errorf("-penalty-factor of %s is %v, it must be at least 0 (inf leaves the column out)", name, w)
		case !(low <= 0):
			return nil, nil, nil, fmt.Errorf("-lower-limits of %s is %v, it must be at most 0", name, low)
		case !(high >= 0):
			return nil, nil, nil, fmt.Errorf("-upper-limits of %s is %v, it must be at least 0", name, high)
		case w == 0 && !(math.IsInf(low, 0) && math.IsInf(high, 0)):
			return nil, nil, nil, fmt.Errorf("column %s has penalty factor 0 and a limit, which contradict each other; give it a small factor", name)
		}
	}
	return penalty, lower, upper, nil
}

// at returns list[j], or other if the list is nil.
func at(list []float64, j int, other float64) float64 {
	if list == nil {
		return other
	}
	return list[j]
}

// groups numbers the columns of the table that features stand for. The factor of each is
// the usual one, the root of its size, times its penalty factor.
func (d *Data) groups(penalty []float64, o *Options) (group []int, factor []float64, err error) {
	number := map[string]int{}
	together, err := o.grouping(slices.Compact(slices.Clone(d.Of)))
	if err != nil {
		return nil, nil, err
	}
	for j, name := range d.Of {
		if label := together[name]; label != "" {
			name = "group " + label
		}
		g, ok := number[name]
		if !ok {
			g = len(number)
			number[name] = g
			factor = append(factor, at(penalty, j, 1))
		}
		if factor[g] != at(penalty, j, 1) {
			return nil, nil, fmt.Errorf("-penalty-factor differs within %s, which is one group", name)
		}
		group = append(group, g)
	}
	sizes := make([]float64, len(factor))
	for _, g := range group {
		sizes[g]++
	}
	for g := range factor {
		factor[g] *= math.Sqrt(sizes[g])
	}
	return group, factor, nil
}
