package lasso

import (
	"fmt"
	"hash/maphash"
	"maps"
	"math"

	"pare/internal/table"
)

// usage is the share of the rows in which each column of the table is not at its most frequent
// value, by name: near 1 for measurements, and the share of the rows that have it for a flag.
// Values of a text column are the same where all its one-hot columns are.
func (d *Data) usage() map[string]float64 {
	columns := map[string][]int{}
	for j, of := range d.Of {
		columns[of] = append(columns[of], j)
	}
	out := make(map[string]float64, len(columns))
	hash, seed := make([]uint64, d.Rows), maphash.MakeSeed() // of the value in each row; 0 where it is 0
	for of, its := range columns {
		var rows []int // that have another value than 0
		for _, j := range its {
			d.nonzero(j, func(i int, v float64) {
				if hash[i] == 0 {
					rows = append(rows, i)
				}
				hash[i] += maphash.Comparable(seed, [2]uint64{uint64(j), math.Float64bits(v)})
			})
		}
		counts, most := map[uint64]int{}, d.Rows-len(rows)
		for _, i := range rows {
			counts[hash[i]]++
			most = max(most, counts[hash[i]])
			hash[i] = 0
		}
		out[of] = float64(d.Rows-most) / float64(d.Rows)
	}
	return out
}

// nonzero calls f for the values of a column that are not 0.
func (d *Data) nonzero(j int, f func(row int, v float64)) {
	if d.Sparse != nil {
		e := d.Sparse.Entries(j)
		for k, row := range e.Row {
			f(int(row), e.Value[k])
		}
		return
	}
	for i, v := range d.X[j*d.Rows:][:d.Rows] {
		if v != 0 {
			f(i, v)
		}
	}
}

// penaltyFactors are the factors of λ of the columns: those given by name or file, times the powers
// of usage; nil: all 1.
func (d *Data) penaltyFactors(o *Options) ([]float64, error) {
	factors, err := d.byColumn("-penalty-factor", o.PenaltyFactors, 1)
	if err != nil {
		return nil, err
	}
	if o.PenaltyFile != "" {
		listed, err := readFactors(o.PenaltyFile)
		if err != nil {
			return nil, err
		}
		maps.Copy(listed, o.PenaltyFactors) // the command goes before the file
		if factors, err = d.byColumn("-penalty-file", listed, 1); err != nil {
			return nil, err
		}
	}
	if o.PenaltyUsage == 0 {
		return factors, nil
	}
	usage, out := d.usage(), make([]float64, len(d.Names))
	for j, of := range d.Of {
		out[j] = at(factors, j, 1) * math.Pow(usage[of], o.PenaltyUsage)
	}
	return out, nil
}

// readFactors reads factors by name from a table of the columns column and factor.
func readFactors(path string) (map[string]float64, error) {
	t, err := table.Read(path, table.Options{})
	if err != nil {
		return nil, err
	}
	names, err := t.Column("column")
	if err != nil {
		return nil, err
	}
	factors, err := t.Target("factor")
	if err != nil {
		return nil, err
	}
	out := map[string]float64{}
	for row, w := range factors {
		name := names.Text(row)
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("%s: row %d: column %s has two factors", t.Source, row+1, name)
		}
		out[name] = w
	}
	return out, nil
}
