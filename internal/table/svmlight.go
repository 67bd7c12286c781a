package table

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pare/internal/limit"
	"pare/internal/unpack"
)

// TargetName is the column of labels of a svmlight file.
const TargetName = "target"

// svmlightNames are the endings of svmlight files; .gz may follow.
var svmlightNames = []string{".svm", ".svmlight", ".libsvm"}

// namedSVMLight reports whether the name of a file says that it is in the format of svmlight.
func namedSVMLight(path string) bool {
	path = strings.TrimSuffix(strings.ToLower(path), ".gz")
	return slices.Contains(svmlightNames, filepath.Ext(path))
}

// looksSVMLight reports whether text begins with a line of a label and of pairs index:value.
func looksSVMLight(text []byte) bool {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	line, _, _ = bytes.Cut(line, []byte("#"))
	cells := bytes.Fields(line)
	if len(cells) < 2 {
		return false
	}
	if _, err := strconv.ParseFloat(string(cells[0]), 64); err != nil {
		return false
	}
	for _, cell := range cells[1:] {
		key, value, found := bytes.Cut(cell, []byte(":"))
		if _, err := strconv.ParseFloat(string(value), 64); err != nil || !found {
			return false
		}
		if _, err := strconv.ParseUint(string(key), 10, 31); err != nil && string(key) != "qid" {
			return false
		}
	}
	return true
}

// triplets are the entries of a svmlight file, row by row.
type triplets struct {
	label []float64
	query []float64 // of each row, if the file has qid
	start []int     // of each row, in index
	index []int32
	value []float64
}

// maxSVMLightLine bounds a line, in bytes.
const maxSVMLightLine = maxRow

// readSVMLight reads text in the format of svmlight and LIBSVM: a line for each row, its label,
// then index:value for the cells that are not 0, with ascending indices; qid:number may come
// first, and # begins a comment. The columns are target, qid if there is one, and x with the
// index for each index that occurs.
func readSVMLight(source string, r io.Reader, o Options) (*Table, error) {
	t := &Table{Source: source}
	if err := t.textOnly(o, "svmlight"); err != nil {
		return nil, err
	}
	in := bufio.NewReaderSize(r, 1<<16)
	all := triplets{start: []int{0}}
	var long []byte
	for line := 1; ; line++ {
		text, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			long = long[:0]
			for errors.Is(err, bufio.ErrBufferFull) {
				if long = append(long, text...); len(long) > maxSVMLightLine {
					return nil, t.errorf("line %d has more than %d MiB", line, maxSVMLightLine>>20)
				}
				text, err = in.ReadSlice('\n')
			}
			long = append(long, text...)
			text = long
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, t.parseError(err)
		}
		if bad := all.add(text); bad != nil {
			return nil, t.errorf("line %d: %s", line, bad)
		}
		if err != nil {
			break
		}
	}
	if len(all.label) == 0 {
		return nil, t.errorf("the file has no rows")
	}
	return all.table(t, o)
}

// add takes one line.
func (s *triplets) add(line []byte) error {
	if k := bytes.IndexByte(line, '#'); k >= 0 {
		line = line[:k]
	}
	cell, line := nextCell(line)
	if len(cell) == 0 {
		return nil
	}
	label, err := strconv.ParseFloat(string(cell), 64)
	switch {
	case bytes.IndexByte(cell, ',') >= 0:
		return fmt.Errorf("the label %q is a list; one number is possible", shorten(string(cell)))
	case bytes.IndexByte(cell, ':') >= 0:
		return fmt.Errorf("%q comes first, where the label should be", shorten(string(cell)))
	case err != nil || label-label != 0:
		return fmt.Errorf("the label %q is not a finite number", shorten(string(cell)))
	case len(s.label) == math.MaxInt32:
		return fmt.Errorf("there are more than %d rows", math.MaxInt32)
	}
	last := int64(-1)
	for first := true; ; first = false {
		if cell, line = nextCell(line); len(cell) == 0 {
			break
		}
		key, value, found := bytes.Cut(cell, []byte(":"))
		if first && string(key) == "qid" {
			v, err := strconv.ParseFloat(string(value), 64)
			if err != nil || len(s.query) < len(s.label) {
				return fmt.Errorf("%q: every row or none has qid with a number", shorten(string(cell)))
			}
			s.query = append(s.query, v)
			continue
		}
		index, err := strconv.ParseUint(string(key), 10, 31)
		if err != nil || !found {
			return fmt.Errorf("%q is not index:value, with a whole number below 2³¹ as index", shorten(string(cell)))
		}
		v, err := strconv.ParseFloat(string(value), 64)
		switch {
		case err != nil && !math.IsInf(v, 0):
			return fmt.Errorf("the value of %q is not a number", shorten(string(cell)))
		case int64(index) <= last:
			return fmt.Errorf("index %d comes after %d; indices must ascend", index, last)
		}
		last = int64(index)
		if v != 0 {
			s.index, s.value = append(s.index, int32(index)), append(s.value, v)
		}
	}
	s.label, s.start = append(s.label, label), append(s.start, len(s.index))
	if s.query != nil && len(s.query) != len(s.label) {
		return errors.New("every row or none has qid with a number")
	}
	return nil
}

// nextCell splits a line after its first cell.
func nextCell(line []byte) (cell, rest []byte) {
	from := 0
	for from < len(line) && line[from] <= ' ' {
		from++
	}
	to := from
	for to < len(line) && line[to] > ' ' {
		to++
	}
	return line[from:to], line[to:]
}

// table turns rows into columns.
func (s *triplets) table(t *Table, o Options) (*Table, error) {
	distinct := slices.Clone(s.index)
	slices.Sort(distinct)
	distinct = slices.Clone(slices.Compact(distinct))
	place := make([]int32, len(s.index)) // of the column of each entry
	start := make([]int, len(distinct)+1)
	at := placeOf(distinct)
	for k, index := range s.index {
		place[k] = at(index)
		start[place[k]+1]++
	}
	for j := range distinct {
		start[j+1] += start[j]
	}
	rows, values := make([]int32, len(s.index)), make([]float64, len(s.index))
	next := slices.Clone(start)
	for i := range s.label {
		for k := s.start[i]; k < s.start[i+1]; k++ {
			to := &next[place[k]]
			rows[*to], values[*to] = int32(i), s.value[k]
			*to++
		}
	}
	columns := []Column{{Name: TargetName, Numbers: s.label}}
	if s.query != nil {
		columns = append(columns, Column{Name: "qid", Numbers: s.query})
	}
	n := len(s.label)
	if !o.Sparse {
		const free = 256 << 20
		need := 8 * float64(n) * float64(len(distinct))
		if need > free+unpack.Ratio*16*float64(len(s.index)) || need > float64(limit.Memory()) {
			return nil, t.errorf("%d rows of %d columns take %s with their zeros, which this command needs; pare lasso does not",
				n, len(distinct), limit.Bytes(need))
		}
	}
	for j, index := range distinct {
		from, to := start[j], start[j+1]
		c := Column{Name: "x" + strconv.Itoa(int(index)), Entries: &Entries{Rows: n, Row: rows[from:to:to], Value: values[from:to:to]}}
		if !o.Sparse || crowded*(to-from) > n {
			c.Numbers, c.Entries = c.Entries.fill(), nil
		}
		columns = append(columns, c)
	}
	all, err := New(t.Source, columns)
	if err != nil {
		return nil, err
	}
	all.Open = true
	return all.only(o.Columns)
}

// placeOf is the function from a value to its place in an ascending list.
func placeOf(list []int32) func(int32) int32 {
	const dense = 8
	if len(list) > 0 && int(list[len(list)-1]) <= dense*len(list) {
		places := make([]int32, list[len(list)-1]+1)
		for k, v := range list {
			places[v] = int32(k)
		}
		return func(v int32) int32 { return places[v] }
	}
	return func(v int32) int32 {
		k, _ := slices.BinarySearchFunc(list, v, cmp.Compare[int32])
		return int32(k)
	}
}
