// Package parquet reads Apache Parquet files: flat columns as numbers and texts for tables,
// and images with their classes in the layout of Hugging Face datasets.
//
// The format is described at https://parquet.apache.org/docs/file-format/. Its structures are
// decoded by github.com/parquet-go/parquet-go; pages are decoded here, since a
// damaged or hostile file must neither panic nor take memory out of proportion to its size.
package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"strings"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"pare/internal/limit"
	"pare/internal/printable"
	"pare/internal/unpack"
)

const (
	magic    = "PAR1"
	hidden   = "PARE" // a file with an encrypted footer
	maxDepth = 32     // of nested columns
)

// File is a Parquet file. Its methods may be called by several goroutines at once.
type File struct {
	r      io.ReaderAt
	size   int64
	meta   format.FileMetaData
	leaves []*leaf
	rows   int
	starts []int // the first row of each row group
}

// leaf is a column of values; a nested column has several.
type leaf struct {
	path    []string
	index   int // among the leaves
	element *format.SchemaElement
	// A value is there where its definition level is def; with rep above 0 a row may have
	// several.
	def, rep int
}

// name is the name of the column for an error.
func (l *leaf) name() string { return shown(l.path) }

// shown is a path in one line, whatever is in it.
func shown(path []string) string { return printable.Text(strings.Join(path, ".")) }

// Open reads the footer of a file of size bytes. An encrypted file, and one whose parts do
// not lie within it, are errors.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f := &File{r: r, size: size}
	if err := f.open(); err != nil {
		return nil, fmt.Errorf("parquet: %w", err)
	}
	return f, nil
}

func (f *File) open() error {
	const least = len(magic) + 8
	if f.size < int64(least) {
		return fmt.Errorf("not a Parquet file: expected at least %d bytes, found %d", least, f.size)
	}
	var head, tail [8]byte
	if err := f.readAt(head[:4], 0); err != nil {
		return err
	}
	if err := f.readAt(tail[:], f.size-8); err != nil {
		return err
	}
	switch mark := string(tail[4:]); {
	case mark == hidden || string(head[:4]) == hidden:
		return errors.New("the file is encrypted; write it without encryption")
	case string(head[:4]) != magic:
		return fmt.Errorf("not a Parquet file: it starts with %q, expected %q", head[:4], magic)
	case mark != magic:
		return fmt.Errorf("cut off, or not a Parquet file: it ends with %q, expected %q", mark, magic)
	}
	length := int64(binary.LittleEndian.Uint32(tail[:4]))
	if length > f.size-int64(least) {
		return fmt.Errorf("footer of %d bytes in a file of %d", length, f.size)
	}
	footer := make([]byte, length)
	if err := f.readAt(footer, f.size-8-length); err != nil {
		return err
	}
	if err := decode(footer, &f.meta); err != nil {
		return fmt.Errorf("footer: %w", err)
	}
	if f.meta.EncryptionAlgorithm.Value != nil {
		return errors.New("the file is encrypted; write it without encryption")
	}
	if err := f.readSchema(); err != nil {
		return err
	}
	return f.readGroups()
}

// readAt fills b from an offset.
func (f *File) readAt(b []byte, offset int64) error {
	n, err := f.r.ReadAt(b, offset)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return fmt.Errorf("truncated: expected %d bytes at byte %d, found %d: %w", len(b), offset, n, io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("read %d bytes at byte %d: %w", len(b), offset, err)
}

// decode decodes a structure that fills b, once its lengths have been looked at.
func decode(b []byte, to any) error {
	n, err := structure(b)
	if err != nil {
		return err
	}
	if n != len(b) {
		return fmt.Errorf("%d bytes follow the structure", len(b)-n)
	}
	var protocol thrift.CompactProtocol
	return thrift.NewDecoder(protocol.NewReaderFromBytes(b)).Decode(to)
}

// readSchema lists the leaves of the schema, a tree that is stored parent first.
func (f *File) readSchema() error {
	next := 0
	var walk func(path []string, def, rep int) error
	walk = func(path []string, def, rep int) error {
		if next >= len(f.meta.Schema) {
			return errors.New("schema: a column has more children than there are")
		}
		e := &f.meta.Schema[next]
		root := next == 0
		next++
		if !root {
			path = append(path[:len(path):len(path)], e.Name)
			switch e.RepetitionType.V {
			case format.Required:
			case format.Optional:
				def++
			case format.Repeated:
				def, rep = def+1, rep+1
			default:
				return fmt.Errorf("schema: column %s has repetition %d", shown(path), e.RepetitionType.V)
			}
		}
		if len(path) > maxDepth {
			return fmt.Errorf("schema: columns nested more than %d deep", maxDepth)
		}
		if e.Type.Valid {
			if root {
				return errors.New("schema: the root is a column")
			}
			f.leaves = append(f.leaves, &leaf{path: path, index: len(f.leaves), element: e, def: def, rep: rep})
			return nil
		}
		for range e.NumChildren.V {
			if err := walk(path, def, rep); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(nil, 0, 0); err != nil {
		return err
	}
	if next != len(f.meta.Schema) {
		return fmt.Errorf("schema: %d of %d elements belong to no column", len(f.meta.Schema)-next, len(f.meta.Schema))
	}
	return nil
}

// readGroups counts the rows, and checks that each row group has all columns.
func (f *File) readGroups() error {
	const most = 1 << 40
	rows := int64(0)
	for g := range f.meta.RowGroups {
		group := &f.meta.RowGroups[g]
		if len(group.Columns) != len(f.leaves) {
			return fmt.Errorf("row group %d has %d columns, the schema %d", g, len(group.Columns), len(f.leaves))
		}
		f.starts = append(f.starts, int(rows))
		if group.NumRows < 0 || group.NumRows > most-rows {
			return fmt.Errorf("row group %d has %d rows", g, group.NumRows)
		}
		rows += group.NumRows
	}
	if rows != f.meta.NumRows {
		return fmt.Errorf("the row groups have %d rows, the file %d", rows, f.meta.NumRows)
	}
	f.rows = int(rows)
	return nil
}

// Rows is the number of rows.
func (f *File) Rows() int { return f.rows }

// Names are the names of the columns; a nested column has one name.
func (f *File) Names() []string {
	var names []string
	for _, l := range f.leaves {
		if k := len(names); k == 0 || names[k-1] != l.path[0] || len(l.path) == 1 {
			names = append(names, l.path[0])
		}
	}
	return names
}

// Metadata is the value of a key in the footer.
func (f *File) Metadata(key string) (string, bool) {
	for _, kv := range f.meta.KeyValueMetadata {
		if kv.Key == key {
			return kv.Value, true
		}
	}
	return "", false
}

// under are the leaves of a column.
func (f *File) under(name string) []*leaf {
	var out []*leaf
	for _, l := range f.leaves {
		if l.path[0] == name {
			out = append(out, l)
		}
	}
	return out
}

// bound refuses columns whose values would take far more memory than the file has bytes, as
// a few bytes can stand for any number of equal values.
func (f *File) bound(columns int) error {
	const free = 256 << 20
	if need := float64(f.rows) * 8 * float64(columns); need > free+float64(unpack.Ratio)*float64(f.size) {
		return fmt.Errorf("%d rows of %d columns in a file of %d bytes are far more than data have; if they are right, read fewer columns",
			f.rows, columns, f.size)
	}
	return limit.Check(fmt.Sprintf("%d rows of %d columns", f.rows, columns), int64(f.rows)*int64(columns), 8)
}

// structure is the length of the structure at the beginning of b, in Thrift's compact
// protocol (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
// It refuses one with more elements in its lists than b can hold, for which the decoder would
// take memory before it reads them. errShort: b ends within it.
func structure(b []byte) (int, error) {
	w := walker{b: b}
	if err := w.structure(0); err != nil {
		return 0, err
	}
	return w.at, nil
}

var (
	errShort     = fmt.Errorf("truncated structure: %w", io.ErrUnexpectedEOF)
	errStructure = errors.New("damaged structure")
)

type walker struct {
	b        []byte
	at       int
	elements int // structures in lists
}

func (w *walker) byte() (byte, error) {
	if w.at >= len(w.b) {
		return 0, errShort
	}
	w.at++
	return w.b[w.at-1], nil
}

func (w *walker) uvarint() (uint64, error) {
	v, n := binary.Uvarint(w.b[w.at:])
	switch {
	case n == 0:
		return 0, errShort
	case n < 0:
		return 0, errStructure
	}
	w.at += n
	return v, nil
}

func (w *walker) skip(n uint64) error {
	if n > uint64(len(w.b)-w.at) {
		return errShort
	}
	w.at += int(n)
	return nil
}

func (w *walker) structure(depth int) error {
	for {
		head, err := w.byte()
		if err != nil {
			return err
		}
		if head&0xf == 0 {
			return nil
		}
		if head>>4 == 0 {
			if _, err := w.uvarint(); err != nil {
				return err
			}
		}
		if kind := head & 0xf; kind > 2 { // a boolean field is its own value
			if err := w.value(kind, depth); err != nil {
				return err
			}
		}
	}
}

func (w *walker) value(kind byte, depth int) error {
	if depth > 2*maxDepth {
		return errStructure
	}
	switch kind {
	case 1, 2, 3: // booleans in lists, bytes
		return w.skip(1)
	case 4, 5, 6: // integers
		_, err := w.uvarint()
		return err
	case 7:
		return w.skip(8)
	case 8:
		n, err := w.uvarint()
		if err != nil {
			return err
		}
		return w.skip(n)
	case 9, 10: // lists and sets
		head, err := w.byte()
		if err != nil {
			return err
		}
		n := uint64(head >> 4)
		if n == 15 {
			if n, err = w.uvarint(); err != nil {
				return err
			}
		}
		if n > uint64(len(w.b)-w.at) { // an element has a byte at least
			return errShort
		}
		if head&0xf == 12 {
			// Structures in memory are some hundred bytes: as many have to be in the file, on
			// average, as one describes at least.
			if w.elements += int(n); w.elements > 4096+len(w.b)/8 {
				return errStructure
			}
		}
		for range n {
			if err := w.value(head&0xf, depth+1); err != nil {
				return err
			}
		}
		return nil
	case 12:
		return w.structure(depth + 1)
	}
	return errStructure // no structure of Parquet has maps
}

// width is the number of bits of a level up to most.
func width(most int) int { return bits.Len(uint(most)) }
