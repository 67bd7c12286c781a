package lasso

import (
	"fmt"
	"hash/maphash"
	"math"

	"pare/internal/table"
)

// usage is the share of the rows in which each column of the table is not at its most frequent
// value, by name: near 1 for measurements, and the share of the rows that have it for a flag.
// Values of a text column are the same where all its one-hot columns are.
func (d *Data) usage() map[string]float64 {
	rows := map[string][]uint64{} // a hash of the value in each row
	seed := maphash.MakeSeed()
	for j, of := range d.Of {
		if rows[of] == nil {
			rows[of] = make([]uint64, d.Rows)
		}
		h := rows[of]
		d.nonzero(j, func(i int, v float64) {
			h[i] += maphash.Comparable(seed, [2]uint64{uint64(j), math.Float64bits(v)})
		})
	}
	out := make(map[string]float64, len(rows))
	for of, hashes := range rows {
		counts, most := map[uint64]int{}, 0
		for _, h := range hashes {
			counts[h]++
			most = max(most, counts[h])
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
	named := o.PenaltyFactors
	if o.PenaltyFile != "" {
		listed, err := readFactors(o.PenaltyFile)
		if err != nil {
			return nil, err
		}
		for name, w := range named { // the command goes before the file
			listed[name] = w
		}
		named = listed
	}
	factors, err := d.byColumn("-penalty-factor", named, 1)
	if err != nil || o.PenaltyUsage == 0 {
		return factors, err
	}
	usage, out := d.usage(), make([]float64, len(d.Names))
	for j, of := range d.Of {
		out[j] = at(factors, j, 1)
		if usage[of] > 0 { // a column that is constant in these rows has the coefficient 0 anyway
			out[j] *= math.Pow(usage[of], o.PenaltyUsage)
		}
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
