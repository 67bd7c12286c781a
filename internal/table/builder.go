package table

import (
	"strings"

	"pare/internal/factor"
)

// builder takes the cells of one column as they come. It begins with numbers
// and turns to text at the first cell that is neither number nor missing.
type builder struct {
	name   string
	cells  *cells
	values numbers
	text   *factor.Factor
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
		b.text.Add(cell)
		b.countMissing(len(b.text.Codes), cell)
		return
	}
	v, ok, has := b.cells.read(cell)
	if ok {
		b.filled = b.filled || cell != ""
		b.values.add(v)
		switch {
		case v != v:
			b.countMissing(b.values.rows, cell)
		case has == ',':
			b.comma.first(b.values.rows, cell)
		case has == '.':
			b.point.first(b.values.rows, cell)
		}
		return
	}
	b.text, b.reread = &factor.Factor{}, b.filled
	for range b.values.rows {
		b.text.Add("")
	}
	b.values = numbers{}
	b.text.Add(cell)
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
		return b.values.column(b.name)
	}
	return Column{Name: b.name, Levels: b.text.Levels, Codes: b.text.Codes, cells: b.cells}
}
