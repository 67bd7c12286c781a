package table

import (
	"fmt"
	"os"
	"path/filepath"

	"pare/internal/limit"
	"pare/internal/npy"
)

// readNPZ makes columns of the vectors and matrices of an .npz file.
func readNPZ(path string, size int64, o Options) (*Table, error) {
	t := &Table{Source: filepath.Base(path)}
	if err := t.textOnly(o, "an archive of arrays"); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &Error{oneLine(err)}
	}
	defer f.Close()
	archive, err := npy.OpenArchive(f, size)
	if err != nil {
		return nil, t.errorf("%s", oneLine(err))
	}
	var columns []Column
	for _, name := range archive.Names() {
		a, err := archive.Array(name)
		if err != nil {
			return nil, t.errorf("array %s: %s", name, oneLine(err))
		}
		made, err := arrayColumns(name, a)
		if err != nil {
			return nil, t.errorf("array %s: %s", name, oneLine(err))
		}
		columns = append(columns, made...)
	}
	all, err := New(t.Source, columns)
	if err != nil {
		return nil, err
	}
	if o.Progress != nil {
		o.Progress(size, size)
	}
	return all.only(o.Columns)
}

// arrayColumns are the columns of a vector, or of a matrix.
func arrayColumns(name string, a *npy.Array) ([]Column, error) {
	if len(a.Shape) == 0 || len(a.Shape) > 2 || a.Len() == 0 || a.Width() == 0 {
		return nil, fmt.Errorf("its shape is %v; a table has vectors and matrices of at least one row", a.Shape)
	}
	n, p := a.Len(), a.Width()
	if err := limit.Check(fmt.Sprintf("a table of %d rows and %d columns", n, p), int64(n), 16*int64(p)); err != nil {
		return nil, err
	}
	columns := make([]Column, p)
	for j := range columns {
		columns[j] = Column{Name: name, Numbers: make([]float64, n)}
		if len(a.Shape) == 2 {
			columns[j].Name = fmt.Sprintf("%s%d", name, j+1)
		}
	}
	const chunk = 1024
	values, rows := make([]float64, min(n, chunk)*p), make([]int, 0, chunk)
	for first := 0; first < n; first += chunk {
		rows = rows[:0]
		for i := first; i < min(first+chunk, n); i++ {
			rows = append(rows, i)
		}
		if err := npy.ReadRows(a, values, rows); err != nil {
			return nil, err
		}
		for k, i := range rows {
			for j := range columns {
				columns[j].Numbers[i] = values[k*p+j]
			}
		}
	}
	return columns, nil
}
