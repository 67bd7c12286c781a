package lasso

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"pare/internal/table"
)

// TestPenaltyUsage: the share of rows that use a column, stored with its zeros or without, and factors
// of a file below the factors of the command.
func TestPenaltyUsage(t *testing.T) {
	d := &Data{Names: []string{"flag", "size", "hue=r", "hue=g"}, Of: []string{"flag", "size", "hue", "hue"}, Rows: 5,
		X: []float64{0, 0, 1, 0, 0, 1, 2, 3, 4, 5, 1, 0, 0, 1, 1, 0, 1, 0, 0, 0}}
	want := map[string]float64{"flag": 0.2, "size": 0.8, "hue": 0.4}
	for name, u := range d.usage() {
		if u != want[name] {
			t.Errorf("%s is used by %g, want %g", name, u, want[name])
		}
	}
	s := *d
	s.X, s.Sparse = nil, &table.Sparse{Names: d.Names, Rows: 5, Start: []int{0}}
	for j := range d.Names {
		for i, v := range d.X[j*5:][:5] {
			if v != 0 {
				s.Sparse.Row, s.Sparse.Value = append(s.Sparse.Row, int32(i)), append(s.Sparse.Value, v)
			}
		}
		s.Sparse.Start = append(s.Sparse.Start, len(s.Sparse.Row))
	}
	file := filepath.Join(t.TempDir(), "f.csv")
	if err := os.WriteFile(file, []byte("column,factor\nsize,3\nhue,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	size := want["size"] * 3
	o := &Options{PenaltyFile: file, PenaltyFactors: map[string]float64{"hue": 5}, PenaltyUsage: 1}
	for _, data := range []*Data{d, &s} {
		got, err := data.penaltyFactors(o)
		if err != nil || !slices.Equal(got, []float64{0.2, size, 2, 2}) {
			t.Errorf("factors %v, %v", got, err)
		}
	}
	if err := os.WriteFile(file, []byte("column,factor\nsise,3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.penaltyFactors(o); err == nil || err.Error() != `-penalty-file names "sise", which is no feature; did you mean size?` {
		t.Errorf("a column that is not there: %v", err)
	}
	if err := os.WriteFile(file, []byte("column,factor\nsize,3\nsize,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.penaltyFactors(o); err == nil || err.Error() != "f.csv: row 2: column size has two factors" {
		t.Errorf("a column with two factors: %v", err)
	}
}

// TestManyColumns: factors and shares of 20,000 columns of 20,000 rows that are nearly all zeros take
// memory for the values that there are.
func TestManyColumns(t *testing.T) {
	const columns = 20_000
	d := &Data{Rows: columns, Sparse: &table.Sparse{Rows: columns, Start: []int{0}}}
	factors := map[string]float64{}
	for j := range columns {
		name := "x" + strconv.Itoa(j)
		d.Names, d.Of, factors[name] = append(d.Names, name), append(d.Of, name), float64(j)
		d.Sparse.Row, d.Sparse.Value = append(d.Sparse.Row, int32(j)), append(d.Sparse.Value, 1)
		d.Sparse.Start = append(d.Sparse.Start, j+1)
	}
	d.Sparse.Names = d.Names
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := d.penaltyFactors(&Options{PenaltyFactors: factors, PenaltyUsage: 1})
	runtime.ReadMemStats(&after)
	if err != nil || got[columns-1] != (columns-1)/float64(columns) {
		t.Errorf("factors %v, %v", got[columns-1], err)
	}
	if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 100 {
		t.Errorf("%d MB were allocated", mb)
	}
}
