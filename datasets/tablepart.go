package datasets

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"pare/internal/table"
)

// tablePart are some rows of a table.
type tablePart struct {
	x              []float64 // row after row; NaN: no value
	y              []float32
	rows           []int
	width, targets int
	norm           Normalization

	cells  *table.Table // attributes, in all rows of the file
	origin []int        // rows of the file, which rows indexes
}

var _ interface {
	Part
	Placed
	Attributed
} = (*tablePart)(nil)

// Place implements Placed.
func (p *tablePart) Place(i int) Place {
	return Place{File: p.cells.Source, Row: p.origin[p.rows[i]] + 1}
}

// Attribute implements Attributed.
func (p *tablePart) Attribute(name string) ([]string, error) {
	c, err := p.cells.Column(name)
	if err != nil {
		return nil, err
	}
	rows := make([]int, len(p.rows))
	for k, i := range p.rows {
		rows[k] = p.origin[i]
	}
	return cellTexts(p.cells, c, rows)
}

// Len implements Part.
func (p *tablePart) Len() int { return len(p.rows) }

// Fill implements Part.
func (p *tablePart) Fill(x, y []float32, idx []int, _ Draw) error {
	if err := checkFill(x, y, idx, len(p.rows), p.width, p.targets); err != nil {
		return err
	}
	for k, i := range idx {
		row := p.rows[i]
		standardise(x[k*p.width:][:p.width], p.x[row*p.width:][:p.width], p.norm)
		copy(y[k*p.targets:][:p.targets], p.y[row*p.targets:])
	}
	return nil
}

// standardise subtracts means and divides by deviations. A value that is missing becomes the
// mean, which is 0.
func standardise(to []float32, from []float64, norm Normalization) {
	for j, v := range from {
		to[j] = 0
		if v == v {
			to[j] = float32((v - float64(norm.Mean[j])) / float64(norm.Std[j]))
		}
	}
}

// normalized implements renormalizer.
func (p *tablePart) normalized(norm Normalization) (Part, error) {
	if len(norm.Mean) != p.width || len(norm.Std) != p.width {
		return nil, fmt.Errorf("%d means and %d deviations for %d features", len(norm.Mean), len(norm.Std), p.width)
	}
	out := *p
	out.norm = norm
	return &out, nil
}

// Hash implements Hasher.
func (p *tablePart) Hash(h io.Writer) {
	var cells []byte
	for _, row := range p.rows {
		cells = cells[:0]
		for _, v := range p.x[row*p.width:][:p.width] {
			cells = binary.LittleEndian.AppendUint64(cells, math.Float64bits(v))
		}
		h.Write(cells)
		hashRow(h, p.y[row*p.targets:][:p.targets])
	}
}

// hashRow writes the targets of an example to a hash.
func hashRow(h io.Writer, y []float32) {
	var number [4]byte
	for _, v := range y {
		binary.LittleEndian.PutUint32(number[:], math.Float32bits(v))
		h.Write(number[:])
	}
}

// weightedPart are rows that do not count the same in training.
type weightedPart struct {
	*tablePart
	weights []float32 // of each row
}

var _ Weigher = (*weightedPart)(nil)

// Weights implements Weigher.
func (p *weightedPart) Weights(dst []float32, idx []int) error {
	for k, i := range idx {
		dst[k] = p.weights[p.rows[i]]
	}
	return nil
}

// Hash implements Hasher.
func (p *weightedPart) Hash(h io.Writer) {
	p.tablePart.Hash(h)
	for _, row := range p.rows {
		hashRow(h, p.weights[row:][:1])
	}
}

// normalized implements renormalizer.
func (p *weightedPart) normalized(norm Normalization) (Part, error) {
	rows, err := p.tablePart.normalized(norm)
	if err != nil {
		return nil, err
	}
	return &weightedPart{rows.(*tablePart), p.weights}, nil
}

// momentsOf are the moments of the values of some rows that are there. The value of row i is
// column[i*stride].
func momentsOf(column []float64, stride int, rows []int) moments {
	var m moments
	for _, i := range rows {
		if v := column[i*stride]; !math.IsNaN(v) {
			m.add(v)
		}
	}
	return m
}
