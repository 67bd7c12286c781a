package estimate

import (
	"errors"
	"fmt"
	"slices"

	"pare/internal/table"

	"gonum.org/v1/gonum/mat"
)

// signals are inputs and outputs, a row an observation.
type signals struct {
	x, y          *Data // x is nil where outputs are alone
	sameNodes     bool  // outputs and inputs are of the same nodes, in the same order
	byPosition    bool  // as there are as many of both, though they have other names
	inputs, nodes []string
}

// readSignals reads both files. Rows belong together by their order; outputs that have
// the names of the inputs are put in the order of the inputs.
func readSignals(inputs, outputs Source) (*signals, error) {
	if inputs.Path == "" {
		y, err := outputs.Read()
		if err != nil {
			return nil, err
		}
		return &signals{y: y, nodes: y.Names}, nil
	}
	// A column to leave out may be in one of the files only.
	drop, dropped := inputs.Drop, map[string]bool{}
	var tables [2]*table.Table
	var names []string
	for k, s := range []Source{inputs, outputs} {
		s.Drop = nil
		t, err := s.table()
		if err != nil {
			return nil, err
		}
		names = append(names, t.Names()...)
		var here []string
		for _, name := range drop {
			if slices.Contains(t.Names(), name) {
				here, dropped[name] = append(here, name), true
			}
		}
		if tables[k], err = t.Drop(here...); err != nil {
			return nil, err
		}
		if len(tables[k].Names()) == 0 {
			return nil, fmt.Errorf("%s: no column is left", t.Source)
		}
	}
	for _, name := range drop {
		if !dropped[name] {
			return nil, fmt.Errorf("-drop: neither file has a column %q%s", name, table.Suggestion(name, "columns", names))
		}
	}
	x, y := tables[0], tables[1]
	if x.Rows() != y.Rows() {
		return nil, fmt.Errorf("%s has %d rows and %s has %d; row by row they have to be the same observations", x.Source, x.Rows(), y.Source, y.Rows())
	}
	all := x.Rows()
	if inputs.Complete {
		a, err := x.Complete()
		if err != nil {
			return nil, err
		}
		b, err := y.Complete()
		if err != nil {
			return nil, err
		}
		both := slices.DeleteFunc(a, func(row int) bool { _, ok := slices.BinarySearch(b, row); return !ok })
		if x, err = x.Take(both); err != nil {
			return nil, err
		}
		if y, err = y.Take(both); err != nil {
			return nil, err
		}
	}
	s := &signals{}
	var err error
	if s.x, err = inputs.numbers(x, all-x.Rows()); err != nil {
		return nil, err
	}
	if s.y, err = outputs.numbers(y, all-y.Rows()); err != nil {
		return nil, err
	}
	s.pair()
	return s, nil
}

// pair finds out whether inputs and outputs are of the same nodes.
func (s *signals) pair() {
	s.inputs, s.nodes = s.x.Names, s.y.Names
	if len(s.inputs) != len(s.nodes) {
		return
	}
	s.sameNodes = true
	order := make([]int, len(s.inputs))
	for i, name := range s.inputs {
		if order[i] = slices.Index(s.nodes, name); order[i] < 0 {
			s.byPosition = true
			return
		}
	}
	y := &Data{File: s.y.File, Names: s.inputs, Rows: s.y.Rows, LeftOut: s.y.LeftOut, Notes: s.y.Notes}
	for r := range s.y.Rows {
		for _, j := range order {
			y.X = append(y.X, s.y.X[r*len(order)+j])
		}
	}
	s.y, s.nodes = y, s.inputs
}

func (d *Data) dense() *mat.Dense { return mat.NewDense(d.Rows, len(d.Names), d.X) }

// support reads a matrix of outputs × inputs; entries that are not 0 are allowed.
func (s *signals) support(path string) ([][]bool, error) {
	m, err := readMatrix(path, false)
	if err != nil {
		return nil, err
	}
	values, err := m.of(s.nodes, s.inputs)
	if err != nil {
		return nil, err
	}
	p, any := len(s.inputs), false
	out := make([][]bool, len(s.nodes))
	for i := range out {
		out[i] = make([]bool, p)
		for j := range p {
			out[i][j] = values[i*p+j] != 0
			any = any || out[i][j]
		}
	}
	if !any {
		return nil, errors.New(m.file + ": the known support is empty, so there is nothing to fit")
	}
	return out, nil
}
