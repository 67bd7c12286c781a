package table

import (
	"math"
	"slices"
)

// Entries are the cells of a column of numbers that are not 0, in the order of their rows.
type Entries struct {
	Rows  int       // of the column
	Row   []int32   // counted from 0, ascending
	Value []float64 // NaN: the cell is missing
}

// At is the value in a row, counted from 0.
func (e *Entries) At(row int) float64 {
	if k, found := slices.BinarySearch(e.Row, int32(row)); found {
		return e.Value[k]
	}
	return 0
}

// fill is the column with its zeros.
func (e *Entries) fill() []float64 {
	out := make([]float64, e.Rows)
	for k, row := range e.Row {
		out[row] = e.Value[k]
	}
	return out
}

// selection says where the rows of a table go: row r to places[start[r]:start[r+1]].
type selection struct {
	rows   []int
	start  []int
	places []int32
	rising bool // rows ascend, so that entries stay in order
}

func newSelection(rows []int, all int) *selection {
	s := &selection{rows: rows, start: make([]int, all+1), places: make([]int32, len(rows)), rising: slices.IsSorted(rows)}
	for _, r := range rows {
		s.start[r+1]++
	}
	for r := range all {
		s.start[r+1] += s.start[r]
	}
	next := slices.Clone(s.start)
	for k, r := range rows {
		s.places[next[r]] = int32(k)
		next[r]++
	}
	return s
}

// take is the column of a selection of rows.
func (e *Entries) take(s *selection) *Entries {
	out := &Entries{Rows: len(s.rows)}
	for k, row := range e.Row {
		for _, place := range s.places[s.start[row]:s.start[row+1]] {
			out.Row, out.Value = append(out.Row, place), append(out.Value, e.Value[k])
		}
	}
	if s.rising {
		return out
	}
	order := make([]int, len(out.Row))
	for k := range order {
		order[k] = k
	}
	slices.SortFunc(order, func(a, b int) int { return int(out.Row[a]) - int(out.Row[b]) })
	sorted := &Entries{Rows: out.Rows, Row: make([]int32, len(order)), Value: make([]float64, len(order))}
	for k, from := range order {
		sorted.Row[k], sorted.Value[k] = out.Row[from], out.Value[from]
	}
	return sorted
}

// numbers takes the cells of a column of numbers as they come: all of them, or, while few
// differ from 0, those that do.
type numbers struct {
	rows   int
	value  []float64
	row    []int32 // of value, while entries
	sparse bool    // value holds entries
}

// A column of at least settled rows keeps entries while they are at most 1/crowded of the
// cells: an entry takes one and a half times the memory of a cell.
const settled, crowded = 256, 4

func (b *numbers) add(v float64) {
	b.rows++
	if !b.sparse {
		b.value = append(b.value, v)
		return
	}
	if v == 0 {
		return
	}
	b.row, b.value = append(b.row, int32(b.rows-1)), append(b.value, v)
	if b.rows >= settled && crowded*len(b.row) > b.rows || b.rows > math.MaxInt32 {
		b.value = b.entries().fill()
		b.row, b.sparse = nil, false
	}
}

func (b *numbers) entries() *Entries { return &Entries{Rows: b.rows, Row: b.row, Value: b.value} }

// column is the column of these numbers.
func (b *numbers) column(name string) Column {
	if b.sparse && b.rows >= settled {
		e := b.entries()
		e.Row, e.Value = slices.Clip(e.Row), slices.Clip(e.Value)
		return Column{Name: name, Entries: e}
	}
	if b.sparse {
		return Column{Name: name, Numbers: b.entries().fill()}
	}
	if b.value == nil {
		b.value = []float64{}
	}
	return Column{Name: name, Numbers: b.value}
}

// sparsely is a column of numbers as entries if few cells differ from 0, else as it is.
func sparsely(c Column) Column {
	if len(c.Numbers) < settled || len(c.Numbers) > math.MaxInt32 {
		return c
	}
	filled := 0
	for _, v := range c.Numbers {
		if v != 0 {
			filled++
		}
	}
	if crowded*filled > len(c.Numbers) {
		return c
	}
	e := &Entries{Rows: len(c.Numbers), Row: make([]int32, 0, filled), Value: make([]float64, 0, filled)}
	for i, v := range c.Numbers {
		if v != 0 {
			e.Row, e.Value = append(e.Row, int32(i)), append(e.Value, v)
		}
	}
	c.Numbers, c.Entries = nil, e
	return c
}
