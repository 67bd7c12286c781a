package table

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"pare/internal/factor"
)

// readCSV reads a table; open gives the text from its beginning each time, as
// columns whose text begins late are read a second time.
func readCSV(source string, open func() (io.Reader, error), o Options) (*Table, error) {
	t := &Table{Source: source}
	raw := open
	var text *utf8Reader
	open = func() (io.Reader, error) {
		f, err := raw()
		text = newUTF8Reader(f)
		return text, err
	}
	f, err := open()
	if err != nil {
		return nil, err
	}
	h, rows, err := t.header(f, &o)
	if err != nil {
		return nil, err
	}
	builders, wanted, err := t.wanted(h, o)
	if err != nil {
		return nil, err
	}
	n := 0
	if err := t.eachRow(rows, h, o, func(record []string) {
		for k, j := range wanted {
			builders[k].add(record[j])
		}
		n++
	}); err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, t.errorf("the file has a header but no rows")
	}
	if text.name != "" {
		t.note("the text is not UTF-8 and was read as %s", text.name)
	}
	if err := t.decide(builders); err != nil {
		return nil, err
	}
	t.noteMissing(builders)
	if err := t.reread(open, h, o, builders, wanted); err != nil {
		return nil, err
	}
	t.rows = n
	for k := range builders {
		t.columns = append(t.columns, builders[k].column())
		builders[k] = builder{}
	}
	return t, t.merge(wanted)
}

// reread reads the text columns again in which numbers came first.
func (t *Table) reread(open func() (io.Reader, error), h []string, o Options, builders []builder, wanted []int) error {
	var again []int
	for k := range builders {
		if builders[k].reread {
			again = append(again, k)
			builders[k].text = &factor.Factor{}
		}
	}
	if again == nil {
		return nil
	}
	f, err := open()
	if err != nil {
		return err
	}
	_, rows, err := t.header(f, &o)
	if err != nil {
		return err
	}
	return t.eachRow(rows, h, o, func(record []string) {
		for _, k := range again {
			builders[k].text.Add(record[wanted[k]])
		}
	})
}

// header reads the names, and decides on the separator where o.Comma is 0. With
// NoHeader the names are x1, x2, … and the first row is still to be read.
func (t *Table) header(f io.Reader, o *Options) ([]string, *rowReader, error) {
	buffered := bufio.NewReaderSize(f, 1<<16)
	first, err := buffered.Peek(1 << 16)
	if len(first) == 0 {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, nil, t.parseError(err)
		}
		return nil, nil, t.errorf("the file is empty")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, t.parseError(err)
	}
	if bytes.IndexByte(first, '\n') < 0 && bytes.IndexByte(first[:len(first)-1], '\r') >= 0 {
		return nil, nil, t.errorf("its lines end in a carriage return alone, as on old Macs; write them with line feeds")
	}
	if o.Comma == 0 {
		o.Comma = separator(string(first))
	}
	if !validSeparator(o.Comma) {
		return nil, nil, t.errorf("%q cannot separate cells", o.Comma)
	}
	r := newRowReader(buffered, o.Comma)
	if o.NoHeader {
		record, err := r.read()
		if errors.Is(err, io.EOF) {
			return nil, nil, t.errorf("the file is empty")
		}
		if err != nil {
			return nil, nil, t.parseError(err)
		}
		r.again = record
		r.csv.ReuseRecord = true
		names := make([]string, len(record))
		for j := range names {
			names[j] = "x" + strconv.Itoa(j+1)
		}
		return names, r, nil
	}
	var names []string
	record, err := r.read()
	if errors.Is(err, io.EOF) {
		return nil, nil, t.errorf("the file is empty")
	}
	if err != nil {
		return nil, nil, t.parseError(err)
	}
	numbers := 0
	for j, cell := range record {
		name := strings.TrimSpace(cell)
		if name == "" {
			name = "x" + strconv.Itoa(j+1)
		} else if _, ok := usual.parse(name); ok {
			numbers++
		}
		names = append(names, name)
	}
	if note := "the header is all numbers: is it the first row?"; numbers == len(names) && !slices.Contains(t.Notes, note) {
		t.Notes = append(t.Notes, note)
	}
	r.csv.ReuseRecord = true
	return names, r, nil
}

func validSeparator(r rune) bool {
	return r != '"' && r != '\r' && r != '\n' && r != 0xFFFD && r > 0 && r <= 0x10FFFF && (r < 0xD800 || r > 0xDFFF)
}

// separator is the most likely of comma, semicolon and tab in the first line, ignoring
// quoted text.
func separator(text string) rune {
	count := map[rune]int{}
	quoted := false
	for _, c := range firstLine(text) {
		if c == '"' {
			quoted = !quoted
		} else if !quoted {
			count[c]++
		}
	}
	best := ','
	for _, c := range ";\t" {
		if count[c] > count[best] {
			best = c
		}
	}
	return best
}

// firstLine is the text up to the first line break outside quotes.
func firstLine(text string) string {
	quoted := false
	begun := false
	for i, c := range text {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '\n' && !quoted && begun:
			return text[:i+1]
		case c != '\n' && c != '\r':
			begun = true
		}
	}
	return text
}

// wanted are builders for the columns to read, and where they are in a row.
func (t *Table) wanted(header []string, o Options) ([]builder, []int, error) {
	names, meaning := o.Columns, newCells(o)
	var builders []builder
	var at []int
	for _, name := range names {
		if !slices.Contains(header, name) {
			return nil, nil, t.unknown(name, header)
		}
	}
	for j, name := range header {
		if len(names) == 0 || slices.Contains(names, name) {
			b := builder{name: name, cells: meaning, values: numbers{sparse: o.Sparse}}
			if slices.Contains(o.Text, name) {
				b.text = &factor.Factor{}
			}
			builders = append(builders, b)
			at = append(at, j)
		}
	}
	return builders, at, nil
}

// eachRow calls f with every row that is left.
func (t *Table) eachRow(rows *rowReader, header []string, o Options, f func([]string)) error {
	for n := 1; ; n++ {
		record, err := rows.read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return t.parseError(err)
		}
		if len(record) != len(header) {
			what := "the header"
			if o.NoHeader {
				what = "row 1"
			}
			cells := "cells"
			if len(record) == 1 {
				cells = "cell"
			}
			return t.errorf("row %d has %d %s, %s has %d", n, len(record), cells, what, len(header))
		}
		f(record)
	}
}

// parseError describes a malformed line of CSV in one line.
func (t *Table) parseError(err error) error {
	var p *csv.ParseError
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return t.errorf("the compressed file ends early")
	}
	if !errors.As(err, &p) {
		return t.errorf("%s", oneLine(err))
	}
	what := p.Err.Error()
	switch {
	case errors.Is(p.Err, csv.ErrQuote):
		what = `a quoted cell goes on after its closing quote, or does not end (a quote inside is written twice)`
	case errors.Is(p.Err, csv.ErrBareQuote):
		what = `a quote inside a cell that does not begin with one`
	}
	if p.StartLine != p.Line {
		return t.errorf("lines %d to %d: %s", p.StartLine, p.Line, what)
	}
	return t.errorf("line %d, character %d: %s", p.Line, p.Column, what)
}

// merge leaves out columns that repeat an earlier one of the same name, and
// refuses those that say something else.
func (t *Table) merge(at []int) error {
	first := map[string]int{}
	var kept []Column
	var keptAt []int
	for k := range t.columns {
		c := &t.columns[k]
		i, twice := first[c.Name]
		if !twice {
			first[c.Name] = len(kept)
			kept, keptAt = append(kept, *c), append(keptAt, at[k])
			continue
		}
		if row := difference(&kept[i], c); row >= 0 {
			return t.errorf("columns %d and %d are both called %s and differ in row %d", keptAt[i]+1, at[k]+1, c.Name, row+1)
		}
		t.Notes = append(t.Notes, fmt.Sprintf("column %d repeats column %d, %s, and is left out", at[k]+1, keptAt[i]+1, c.Name))
	}
	t.keep(kept)
	return nil
}

// difference is the first row in which two columns differ, or −1.
func difference(a, b *Column) int {
	for i := range a.Len() {
		if a.Text(i) != b.Text(i) {
			return i
		}
	}
	return -1
}
