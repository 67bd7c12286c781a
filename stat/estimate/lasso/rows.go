package lasso

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"pare/internal/table"
	"pare/stat/linear"
)

func (d *Data) notef(format string, args ...any) {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
}

// rows reads what belongs to rows: weights, folds, groups.
func (d *Data) rows(t *table.Table, c Columns) error {
	if c.Weights != "" {
		w, err := t.Target(c.Weights)
		if err != nil {
			return input(err)
		}
		sum := 0.0
		for i, v := range w {
			if v < 0 {
				return inputf("%s: row %d, column %s: the weight %v is negative", t.Source, i+1, c.Weights, v)
			}
			sum += v
		}
		if sum == 0 || math.IsInf(sum, 0) {
			return inputf("%s: the weights in column %s add up to %v", t.Source, c.Weights, sum)
		}
		d.Weights = w
	}
	for name, to := range map[string]*[]int{c.Together: &d.Together, c.Fold: &d.Fold} {
		if name == "" {
			continue
		}
		codes, levels, err := t.Classes(name)
		if err != nil {
			return input(err)
		}
		if len(levels) < 2 {
			return inputf("%s: column %s has one value, which is one fold; cross-validation needs 2", t.Source, name)
		}
		if *to = codes; name == c.Fold {
			d.FoldNames = levels
		}
	}
	if c.Audit != "" {
		codes, levels, err := t.Classes(c.Audit)
		if err != nil {
			return input(err)
		}
		const most = 50
		switch {
		case len(levels) > most:
			return inputf("%s: column %s has %d values, an audit takes at most %d groups", t.Source, c.Audit, len(levels), most)
		case len(levels) < 2:
			return inputf("%s: column %s is %s in every row, an audit compares groups", t.Source, c.Audit, levels[0])
		}
		d.Groups = make([]string, d.Rows)
		for i, k := range codes {
			d.Groups[i] = levels[k]
		}
	}
	return nil
}

// split takes a share of the rows, or of the groups that stay together, out.
func (d *Data) split(family linear.Family, c Columns) (*Data, error) {
	if !(c.TestSize > 0 && c.TestSize < 1) {
		return nil, inputf("-test-size is %v, it must be between 0 and 1", c.TestSize)
	}
	unit := d.Together
	if unit == nil {
		unit = make([]int, d.Rows)
		for i := range unit {
			unit[i] = i
		}
	}
	units := slices.Max(unit) + 1
	order := rand.New(rand.NewPCG(c.Seed, 0x7e57)).Perm(units)
	out := make([]bool, units)
	for _, u := range order[:int(math.Round(c.TestSize*float64(units)))] {
		out[u] = true
	}
	var kept, left []int
	for i, u := range unit {
		if out[u] {
			left = append(left, i)
		} else {
			kept = append(kept, i)
		}
	}
	if len(left) < 1 || len(kept) < 2 {
		return nil, inputf("-test-size %v leaves %d rows to fit and %d to measure on", c.TestSize, len(kept), len(left))
	}
	train := d.take(kept)
	train.Test = d.take(left)
	if err := train.varies(family); err != nil {
		return nil, err
	}
	return train, nil
}

// varies checks that the rows that are left to fit have what a fit needs.
func (d *Data) varies(family linear.Family) error {
	seen := make(map[float64]bool)
	for _, v := range d.Y {
		seen[v] = true
	}
	want := 2
	if family == linear.Multinomial {
		want = len(d.Classes)
	}
	if len(seen) < want {
		return inputf("of the target %s the rows left to fit have %d values, %d are needed; choose another -test-size or -seed", d.Target, len(seen), want)
	}
	return nil
}

// take is the data of some rows.
func (d *Data) take(rows []int) *Data {
	out := *d
	out.Rows = len(rows)
	out.X = make([]float64, 0, len(rows)*len(d.Names))
	for j := range d.Names {
		column := d.X[j*d.Rows : (j+1)*d.Rows]
		for _, i := range rows {
			out.X = append(out.X, column[i])
		}
	}
	out.Y, out.Weights = pick(d.Y, rows), pick(d.Weights, rows)
	out.Together, out.Fold, out.Groups = pick(d.Together, rows), pick(d.Fold, rows), pick(d.Groups, rows)
	return &out
}

func pick[T any](from []T, rows []int) []T {
	if from == nil {
		return nil
	}
	to := make([]T, len(rows))
	for k, i := range rows {
		to[k] = from[i]
	}
	return to
}
