package table

import (
	"math"
	"strconv"
	"strings"
)

// builder takes the cells of one column as they come. It begins with numbers
// and turns to text at the first cell that is neither number nor missing.
type builder struct {
	name   string
	values []float64
	text   *textBuilder
	// filled: a cell was not empty, so that its spelling is lost when text comes
	// and the column has to be read again.
	filled bool
	reread bool
}

func (b *builder) add(cell string) {
	if b.text != nil {
		b.text.add(cell)
		return
	}
	v, ok := parse(cell)
	if ok {
		b.filled = b.filled || cell != ""
		b.values = append(b.values, v)
		return
	}
	b.text, b.reread = &textBuilder{}, b.filled
	for range b.values {
		b.text.add("")
	}
	b.values = nil
	b.text.add(cell)
}

func (b *builder) column() Column {
	if b.text == nil {
		if b.values == nil {
			b.values = []float64{}
		}
		return Column{Name: b.name, Numbers: b.values}
	}
	return b.text.column(b.name)
}

// parse is the value of a cell: NaN for an empty one, NA and NaN, ±Inf beyond
// the range of float64; false for text.
func parse(cell string) (float64, bool) {
	cell = strings.TrimSpace(cell)
	if cell == "" || cell == "NA" {
		return math.NaN(), true
	}
	if cell[0] > '9' && cell[0]|0x20 != 'n' && cell[0]|0x20 != 'i' {
		return 0, false // spares the error value of ParseFloat
	}
	v, err := strconv.ParseFloat(cell, 64)
	if err != nil && !math.IsInf(v, 0) {
		return 0, false
	}
	return v, true
}

// textBuilder numbers different texts as they come.
type textBuilder struct {
	index  map[string]int32
	levels []string
	codes  []int32
}

func (b *textBuilder) add(cell string) {
	code, ok := b.index[cell]
	if !ok {
		if b.index == nil {
			b.index = map[string]int32{}
		}
		cell = strings.Clone(cell) // a cell is part of its whole line
		code = int32(len(b.levels))
		b.levels = append(b.levels, cell)
		b.index[cell] = code
	}
	b.codes = append(b.codes, code)
}

func (b *textBuilder) column(name string) Column {
	if b.codes == nil {
		b.codes = []int32{}
	}
	return Column{Name: name, Levels: b.levels, Codes: b.codes}
}
