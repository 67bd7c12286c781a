package table

import "strings"

// builder takes the cells of one column as they come. It begins with numbers
// and turns to text at the first cell that is neither number nor missing.
type builder struct {
	name   string
	cells  *cells
	values []float64
	text   *textBuilder
	// filled: a cell was not empty, so that its spelling is lost when text comes
	// and the column has to be read again.
	filled bool
	reread bool
	// comma and point are the first numbers with such a decimal mark where both are
	// possible, word the first of missing cells with a word that is not NA or NaN.
	comma, point, word spot
	missing            int
}

// spot is a cell and its row, counted from 1; row 0: none.
type spot struct {
	row  int
	cell string
}

func (s *spot) first(row int, cell string) {
	if s.row == 0 {
		*s = spot{row, strings.Clone(cell)}
	}
}

func (b *builder) add(cell string) {
	if b.text != nil {
		b.text.add(cell)
		b.countMissing(len(b.text.codes), cell)
		return
	}
	v, ok, has := b.cells.read(cell)
	if ok {
		b.filled = b.filled || cell != ""
		b.values = append(b.values, v)
		switch {
		case v != v:
			b.countMissing(len(b.values), cell)
		case has == ',':
			b.comma.first(len(b.values), cell)
		case has == '.':
			b.point.first(len(b.values), cell)
		}
		return
	}
	b.text, b.reread = &textBuilder{}, b.filled
	for range b.values {
		b.text.add("")
	}
	b.values = nil
	b.text.add(cell)
}

// countMissing counts a cell that is missing by a word that may surprise.
func (b *builder) countMissing(row int, cell string) {
	if cell == "" || cell == "NA" || cell == "NaN" || cell == "nan" || !b.cells.absent(cell) {
		return
	}
	if cell = strings.TrimSpace(cell); cell != "" {
		b.missing++
		b.word.first(row, cell)
	}
}

func (b *builder) column() Column {
	if b.text == nil {
		if b.values == nil {
			b.values = []float64{}
		}
		return Column{Name: b.name, Numbers: b.values}
	}
	c := b.text.column(b.name)
	c.cells = b.cells
	return c
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
