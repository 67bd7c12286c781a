package diffusion

import (
	"fmt"
	"slices"

	"pare/internal/table"
	"pare/stat/estimate"

	"gonum.org/v1/gonum/mat"
)

// signals holds inputs and outputs, one observation a row.
type signals struct {
	x, y          *estimate.Data
	sameNodes     bool // outputs and inputs belong to the same nodes, in the same order
	byPosition    bool // the same nodes by their number alone: the names differ
	inputs, nodes []string
}

// readSignals reads the inputs of a source and a file of outputs, row by row the same
// observations. Outputs with the names of the inputs are put in the order of the inputs.
func readSignals(s estimate.Source, outputs string) (*signals, error) {
	// A column to drop may exist in only one of the files.
	drop, dropped := s.Drop, map[string]bool{}
	s.Drop, s.DropFirst = nil, true
	var names []string
	var tables []*table.Table
	for _, path := range []string{s.Path, outputs} {
		s.Path = path
		t, err := s.Table()
		if err != nil {
			return nil, err
		}
		names = append(names, t.Names()...)
		here := slices.DeleteFunc(slices.Clone(drop), func(name string) bool { return !slices.Contains(t.Names(), name) })
		for _, name := range here {
			dropped[name] = true
		}
		if t, err = t.Drop(here...); err != nil {
			return nil, err
		}
		if len(t.Names()) == 0 {
			return nil, fmt.Errorf("%s: no column is left", t.Source)
		}
		tables = append(tables, t)
	}
	for _, name := range drop {
		if !dropped[name] {
			return nil, fmt.Errorf("-drop: neither file has a column %q%s", name, table.Suggestion(name, "columns", names))
		}
	}
	if x, y := tables[0], tables[1]; x.Rows() != y.Rows() {
		return nil, fmt.Errorf("%s has %d rows and %s has %d; row by row they have to be the same observations", x.Source, x.Rows(),
			y.Source, y.Rows())
	}
	tables, err := s.Rows(tables...)
	if err != nil {
		return nil, err
	}
	var data [2]*estimate.Data
	for k, t := range tables {
		if data[k], err = s.Data(t); err != nil {
			return nil, err
		}
	}
	// A node that is constant in one file is dropped from the other, too.
	if gone := slices.Concat(data[0].Constant, data[1].Constant); len(gone) > 0 {
		for k, d := range data {
			left := slices.DeleteFunc(slices.Clone(d.Names), func(name string) bool { return slices.Contains(gone, name) })
			if len(left) == 0 {
				return nil, fmt.Errorf("%s: no column varies in both files", d.File)
			}
			data[k] = d.Take(left)
		}
	}
	x, y := data[0], data[1]
	out := &signals{x: x, y: y, inputs: x.Names, nodes: y.Names, sameNodes: len(x.Names) == len(y.Names)}
	if out.sameNodes {
		if ordered := y.Take(x.Names); ordered != nil {
			out.y, out.nodes = ordered, x.Names
		} else {
			out.byPosition = true
		}
	}
	return out, nil
}

func dense(d *estimate.Data) *mat.Dense { return mat.NewDense(d.Rows, len(d.Names), d.X) }

// support reads a matrix of outputs × inputs; the kernel may differ from 0 where it does.
func (s *signals) support(path string) ([][]bool, error) {
	m, err := estimate.ReadMatrix(path, false)
	if err != nil {
		return nil, err
	}
	values, err := m.Of(s.nodes, s.inputs)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(values, func(v float64) bool { return v != 0 }) {
		return nil, fmt.Errorf("%s: the known support is empty, so there is nothing to fit", m.File)
	}
	out := make([][]bool, len(s.nodes))
	for i := range out {
		for _, v := range values[i*len(s.inputs):][:len(s.inputs)] {
			out[i] = append(out[i], v != 0)
		}
	}
	return out, nil
}
