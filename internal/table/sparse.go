package table

import (
	"math"
	"slices"
)

// Sparse is a design in compressed sparse columns: column j has Value[Start[j]:Start[j+1]],
// none of them 0, in the rows Row[Start[j]:Start[j+1]], which ascend from 0.
type Sparse struct {
	Names []string
	Rows  int
	Start []int
	Row   []int32
	Value []float64
}

// Entries are the entries of column j, without a copy.
func (s *Sparse) Entries(j int) *Entries {
	from, to := s.Start[j], s.Start[j+1]
	return &Entries{Rows: s.Rows, Row: s.Row[from:to:to], Value: s.Value[from:to:to]}
}

// Sparse copies columns of finite numbers, with the errors of Matrix.
func (t *Table) Sparse(names ...string) (*Sparse, error) {
	columns, err := t.finiteColumns(names)
	if err != nil {
		return nil, err
	}
	s := &Sparse{Names: slices.Clone(names), Rows: t.rows, Start: make([]int, 1, len(columns)+1)}
	filled := 0
	for _, c := range columns {
		filled += c.filled()
	}
	s.Row, s.Value = make([]int32, 0, filled), make([]float64, 0, filled)
	add := func(row int, v float64) {
		if v != 0 {
			s.Row, s.Value = append(s.Row, int32(row)), append(s.Value, v)
		}
	}
	for _, c := range columns {
		if e := c.Entries; e != nil {
			for k, row := range e.Row {
				add(int(row), e.Value[k])
			}
		}
		for row, v := range c.Numbers {
			add(row, v)
		}
		s.Start = append(s.Start, len(s.Row))
	}
	return s, nil
}

// filled is the number of cells that are not 0 in a column of numbers.
func (c *Column) filled() int {
	n := 0
	if c.Entries != nil {
		for _, v := range c.Entries.Value {
			if v != 0 {
				n++
			}
		}
	}
	for _, v := range c.Numbers {
		if v != 0 {
			n++
		}
	}
	return n
}

// Filled is the number of cells that are not 0 in the columns of numbers among the named
// ones.
func (t *Table) Filled(names ...string) (int, error) {
	n := 0
	for _, name := range names {
		c, err := t.Column(name)
		if err != nil {
			return 0, err
		}
		n += c.filled()
	}
	return n, nil
}

// Constant are the indices of columns in which all rows are equal.
func (s *Sparse) Constant() []int {
	out := []int{}
	for j := range s.Names {
		e := s.Entries(j)
		if len(e.Value) == 0 || len(e.Value) == s.Rows && !slices.ContainsFunc(e.Value, func(v float64) bool { return v != e.Value[0] }) {
			out = append(out, j)
		}
	}
	return out
}

// Pick is the design of some columns, in that order.
func (s *Sparse) Pick(columns []int) *Sparse {
	out := &Sparse{Rows: s.Rows, Start: []int{0}}
	for _, j := range columns {
		e := s.Entries(j)
		out.Names = append(out.Names, s.Names[j])
		out.Row, out.Value = append(out.Row, e.Row...), append(out.Value, e.Value...)
		out.Start = append(out.Start, len(out.Row))
	}
	return out
}

// Take is the design of some rows, counted from 0, in that order.
func (s *Sparse) Take(rows []int) *Sparse {
	out := &Sparse{Names: s.Names, Rows: len(rows), Start: []int{0}}
	where := newSelection(rows, s.Rows)
	for j := range s.Names {
		e := s.Entries(j).take(where)
		out.Row, out.Value = append(out.Row, e.Row...), append(out.Value, e.Value...)
		out.Start = append(out.Start, len(out.Row))
	}
	return out
}

// Dense is the design with its zeros, column after column.
func (s *Sparse) Dense() []float64 {
	out := make([]float64, s.Rows*len(s.Names))
	for j := range s.Names {
		e := s.Entries(j)
		for k, row := range e.Row {
			out[j*s.Rows+int(row)] = e.Value[k]
		}
	}
	return out
}

// RangeSparse is Range for a sparse design.
func (t *Table) RangeSparse(s *Sparse) error {
	for j, name := range s.Names {
		e := s.Entries(j)
		first, size, row, largest := e.At(0), 0.0, 0, 0.0
		if len(e.Row) < s.Rows {
			size = math.Abs(first)
		}
		for k, v := range e.Value {
			size = max(size, math.Abs(v-first))
			if math.Abs(v) > math.Abs(largest) {
				row, largest = int(e.Row[k]), v
			}
		}
		if err := t.rangeError(name, size, row, largest); err != nil {
			return err
		}
	}
	return nil
}
