package table

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
)

// Bounds on a row, which is in memory as a whole.
const (
	maxCells = 1 << 19
	maxRow   = 32 << 20 // bytes
)

// rowReader reads CSV row by row, and refuses one beyond the bounds before it is
// in memory.
type rowReader struct {
	csv   *csv.Reader
	from  io.Reader
	comma []byte
	bytes int // since the last row, at least
	cells int
	rows  int
	again []string // the row to return next; nil: read it from the file
}

func newRowReader(from io.Reader, comma rune) *rowReader {
	r := &rowReader{from: from, comma: []byte(string(comma))}
	r.csv = csv.NewReader(bufio.NewReaderSize(r, 1<<16))
	r.csv.Comma, r.csv.FieldsPerRecord = comma, -1
	return r
}

// read is the next row.
func (r *rowReader) read() ([]string, error) {
	if record := r.again; record != nil {
		r.again = nil
		return record, nil
	}
	r.bytes, r.cells = 0, 0
	record, err := r.csv.Read()
	r.rows++
	return record, err
}

// Read implements io.Reader for the csv.Reader.
func (r *rowReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.bytes += n
	r.cells += bytes.Count(p[:n], r.comma)
	if what := r.beyond(); what != "" {
		where := "the first row"
		if r.rows > 0 {
			where = fmt.Sprintf("the row behind the first %d", r.rows)
		}
		return 0, fmt.Errorf("%s has more than %s; is there a line break, or a quote, missing?", where, what)
	}
	return n, err
}

func (r *rowReader) beyond() string {
	switch {
	case r.cells >= maxCells:
		return fmt.Sprintf("%d cells", maxCells)
	case r.bytes > maxRow:
		return fmt.Sprintf("%d MiB", maxRow>>20)
	}
	return ""
}
