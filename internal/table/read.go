package table

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pare/internal/npy"
	"pare/internal/unpack"
)

// Options say how to read. The zero value reads everything.
type Options struct {
	// Columns are the names of those to read; nil: all.
	Columns []string
	// NoHeader: the first row is data, and columns are called x1, x2, …
	NoHeader bool
	// Comma separates cells; 0: comma, semicolon or tab, whichever the first
	// line has most of.
	Comma rune
	// Missing are the words of cells without a value, beside empty ones; nil: MissingWords.
	// A text column keeps their spelling, and its missing cells count as such.
	Missing []string
	// Decimal is the decimal mark of numbers, a comma or a point; 0: a point, or, where
	// the comma does not separate cells, a comma if no number of the table has a point.
	Decimal rune
	// Text are columns of CSV that are text even if all their cells are numbers.
	Text []string
	// Sparse keeps a column of numbers that is mostly 0 as Entries, from CSV, Parquet and
	// svmlight; otherwise columns of numbers have all their values in Numbers.
	Sparse bool
	// Progress, if not nil, is called with the bytes read so far and the size of the file.
	// If a part of a file is read twice, the count starts again.
	Progress func(read, total int64)
}

// Read reads a file: CSV, .gz of CSV, .zip of exactly one CSV, Parquet (.parquet, .pq),
// svmlight (.svm, .svmlight, .libsvm, also with .gz, or a first line of that form), a .npy
// matrix or vector of f4, f8, u1, i4 or i8, whose columns are called x1, x2, …, or the
// arrays of an .npz file: a vector is a column with its name, a matrix x columns x1, x2, …
// The ending of the name says which; every other one is CSV. Rows are read as a stream, so only the columns take
// memory. A file that unpacks to far more than data do (internal/unpack), or has a row of
// more than half a million cells or 32 MiB, is refused.
func Read(path string, o Options) (*Table, error) {
	t := &Table{Source: filepath.Base(path)}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Error{path + ": there is no such file"}
	case err != nil:
		return nil, &Error{oneLine(err)}
	case info.IsDir():
		return nil, &Error{path + " is a folder, not a file"}
	case !info.Mode().IsRegular():
		return nil, &Error{path + " is no regular file, and a table may be read more than once; write it into a file first"}
	case info.Size() == 0:
		return nil, t.errorf("the file is empty")
	}
	s := &stream{path: path, size: info.Size(), total: info.Size(), progress: o.Progress}
	defer s.close()
	switch strings.ToLower(filepath.Ext(path)) {
	case ".parquet", ".pq":
		return readParquet(path, o)
	case ".npz":
		return readNPZ(path, info.Size(), o)
	case ".npy":
		f, err := s.open()
		if err != nil {
			return nil, t.errorf("%s", oneLine(err))
		}
		return readNPY(t.Source, f, o)
	}
	open := func() (io.Reader, error) {
		r, err := s.open()
		if err != nil {
			return nil, t.errorf("%s", oneLine(err))
		}
		return r, nil
	}
	text, err := open()
	if err != nil {
		return nil, err
	}
	begin := bufio.NewReaderSize(text, 1<<16)
	if first, _ := begin.Peek(1 << 16); namedSVMLight(path) || plainText(o) && looksSVMLight(first) {
		return readSVMLight(t.Source, begin, o)
	}
	return readCSV(t.Source, open, o)
}

// plainText reports whether no option says that a file is CSV.
func plainText(o Options) bool { return !o.NoHeader && o.Comma == 0 && o.Decimal == 0 }

// NamesColumns reports whether files of that name hold the names of their columns in any case,
// so that Options.NoHeader, Comma and Decimal have no meaning for them: Parquet, .npz and
// svmlight.
func NamesColumns(path string) bool {
	return namedSVMLight(path) || slices.Contains([]string{".parquet", ".pq", ".npz"}, strings.ToLower(filepath.Ext(path)))
}

// textOnly is the error of options of text for a file that is none.
func (t *Table) textOnly(o Options, format string) error {
	if !plainText(o) {
		return t.errorf("a header, a separator of cells and a decimal mark are options of text, and this is %s; leave them out", format)
	}
	return nil
}

// ReadCSV reads CSV text from the beginning of r, a part of it perhaps twice;
// source begins the errors.
func ReadCSV(source string, r io.ReadSeeker, o Options) (*Table, error) {
	return readCSV(source, func() (io.Reader, error) {
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			return nil, fmt.Errorf("%s: %w", source, err)
		}
		return r, nil
	}, o)
}

// oneLine is the message of an error without line breaks.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", " ") }

// stream opens a file's text from its beginning, as often as asked.
type stream struct {
	path     string
	size     int64 // of the file
	total    int64 // bytes, for progress
	progress func(read, total int64)
	opened   []io.Closer
}

func (s *stream) open() (io.Reader, error) {
	s.close()
	f, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	s.opened = append(s.opened, f)
	counted := &counter{r: f, s: s}
	switch strings.ToLower(filepath.Ext(s.path)) {
	case ".gz":
		z, err := unpack.Gzip(counted)
		if err != nil {
			return nil, fmt.Errorf("not gzip: %w", err)
		}
		return z, nil
	case ".zip":
		return s.openZip(f)
	}
	return counted, nil
}

// openZip is the one CSV of an archive.
func (s *stream) openZip(f *os.File) (io.Reader, error) {
	z, err := zip.NewReader(f, s.size)
	if err != nil {
		return nil, fmt.Errorf("not a zip archive: %w", err)
	}
	var found *zip.File
	var names []string
	for _, e := range z.File {
		// macOS adds folders of its own.
		if e.FileInfo().IsDir() || strings.HasPrefix(e.Name, "__MACOSX/") {
			continue
		}
		if ext := strings.ToLower(filepath.Ext(e.Name)); ext == ".csv" || ext == ".tsv" || ext == ".txt" {
			found = e
			names = append(names, e.Name)
		}
	}
	if len(names) != 1 {
		return nil, fmt.Errorf("the archive has %d CSV files, expected one%s", len(names), list(names))
	}
	if found.UncompressedSize64 == 0 {
		return nil, fmt.Errorf("%s in the archive is empty", found.Name)
	}
	r, err := found.Open()
	if err != nil {
		return nil, err
	}
	s.opened = append(s.opened, r)
	s.total = int64(found.UncompressedSize64)
	return unpack.Bounded(&counter{r: r, s: s}, s.size), nil
}

func list(names []string) string {
	if len(names) == 0 {
		return ""
	}
	const few = 5
	if len(names) > few {
		names = append(names[:few:few], "…")
	}
	return " (" + strings.Join(names, ", ") + ")"
}

func (s *stream) close() {
	for _, c := range s.opened {
		_ = c.Close() // only read
	}
	s.opened = nil
}

// counter reports the progress every megabyte and at the end.
type counter struct {
	r          io.Reader
	s          *stream
	read, told int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.read += int64(n)
	if c.s.progress != nil && (c.read-c.told >= 1<<20 || (err == io.EOF && c.told < c.read)) {
		c.told = c.read
		c.s.progress(c.read, c.s.total)
	}
	return n, err
}

// readNPY makes columns of a vector or a matrix.
func readNPY(source string, r io.Reader, o Options) (*Table, error) {
	t := &Table{Source: source}
	shape, data, err := npy.Read64(r)
	if err != nil {
		return nil, t.errorf("%s", oneLine(err))
	}
	var rest [1]byte
	if n, _ := r.Read(rest[:]); n > 0 {
		return nil, t.errorf("the file goes on after the end of the array")
	}
	if len(shape) == 0 || len(shape) > 2 {
		return nil, t.errorf("the array has %d dimensions, expected a vector or a matrix", len(shape))
	}
	n, p := shape[0], 1
	if len(shape) == 2 {
		p = shape[1]
	}
	if n == 0 || p == 0 {
		return nil, t.errorf("the array has no elements: its shape is %v", shape)
	}
	columns := make([]Column, p)
	for j := range columns {
		values := make([]float64, n)
		for i := range values {
			values[i] = data[i*p+j]
		}
		columns[j] = Column{Name: fmt.Sprintf("x%d", j+1), Numbers: values}
	}
	all, err := New(source, columns)
	if err != nil {
		return nil, err
	}
	return all.only(o.Columns)
}

// only is the table with the named columns alone, in its own order; nil: all.
func (t *Table) only(names []string) (*Table, error) {
	if len(names) == 0 {
		return t, nil
	}
	for _, name := range names {
		if _, err := t.Column(name); err != nil {
			return nil, err
		}
	}
	return t.Drop(slices.DeleteFunc(t.Names(), func(n string) bool { return slices.Contains(names, n) })...)
}
