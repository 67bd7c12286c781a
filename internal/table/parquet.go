package table

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pare/internal/parquet"
)

// readParquet reads a Parquet file (internal/parquet says which types become numbers and
// which text). Null is a missing cell. Of the options Columns, Missing and Progress apply;
// the others, which are of text, are an error. Without Columns all are read but those that
// pandas made of the index of a table, which a note names.
func readParquet(path string, o Options) (*Table, error) {
	t := &Table{Source: filepath.Base(path)}
	if err := t.textOnly(o, "Parquet"); err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, &Error{oneLine(err)}
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, &Error{oneLine(err)}
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{path + " is no regular file"}
	}
	f, err := parquet.Open(file, info.Size())
	if err != nil {
		return nil, t.errorf("%s", oneLine(err))
	}
	names, index := f.TableNames()
	if len(o.Columns) > 0 {
		known := f.Names()
		for _, name := range o.Columns {
			if !slices.Contains(known, name) {
				return nil, t.unknown(name, known)
			}
		}
		// In the order of the file, as with text.
		names = slices.DeleteFunc(known, func(name string) bool { return !slices.Contains(o.Columns, name) })
	} else if index != nil {
		t.note("columns that pandas made of the index of the table are left out, unless they are named: %s", fewNames(index))
	}
	if f.Rows() == 0 || len(names) == 0 {
		return nil, t.errorf("the file has %d rows of %d columns", f.Rows(), len(names))
	}
	block := len(names)
	if o.Sparse {
		block = sparseBlock
	}
	cells := newCells(o)
	out := make([]Column, 0, len(names))
	for part := range slices.Chunk(names, block) {
		columns, err := f.Read(part, func(read, total int) {
			if o.Progress != nil {
				o.Progress(info.Size()*int64(len(out)+read)/int64(len(names)), info.Size())
			}
		})
		if err != nil {
			return nil, t.errorf("%s", oneLine(err))
		}
		for _, c := range columns {
			if cells.first {
				dropWords(c.Numbers, o.Missing)
			}
			made := Column{Name: c.Name, Numbers: c.Numbers, Levels: c.Levels, Codes: c.Codes, cells: cells}
			if o.Sparse {
				made = sparsely(made)
			}
			out = append(out, made)
		}
	}
	read, err := New(t.Source, out)
	if err != nil {
		return nil, err
	}
	read.Notes = t.Notes
	return read, nil
}

// sparseBlock is the number of columns with all their zeros that Options.Sparse has in memory.
const sparseBlock = 64

// dropWords makes numbers missing that are one of the words of missing cells, such as -999.
func dropWords(numbers []float64, words []string) {
	for _, word := range words {
		v, ok := usual.parse(strings.TrimSpace(word))
		if !ok || math.IsNaN(v) {
			continue
		}
		for i := range numbers {
			if numbers[i] == v {
				numbers[i] = math.NaN()
			}
		}
	}
}
