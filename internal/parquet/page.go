package parquet

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"

	"pare/internal/unpack"
)

// page is a page of a column in a row group, of which the header has been read and checked.
type page struct {
	kind         format.PageType
	encoding     format.Encoding
	levels       format.Encoding // of definition levels, in a DataPage
	packed, size int             // bytes in the file and unpacked
	crc          uint32          // of the bytes in the file; 0: none
	offset       int64           // of its data
	row, rows    int             // the first row, and how many, of a data page
	values       int             // of a dictionary
	// Of a DataPageV2: the bytes of both kinds of levels, and whether the values behind them
	// are not packed.
	repBytes, defBytes int
	bare               bool
}

// plainDictionary is the encoding that older writers give a dictionary and the indices into
// it, which are PLAIN and RLE_DICTIONARY.
const plainDictionary format.Encoding = 2

// chunk is the pages of a column in a row group.
type chunk struct {
	f          *File
	leaf       *leaf
	codec      format.CompressionCodec
	dictionary *page // nil: none
	pages      []page
}

// chunk reads the page headers of a column that is not repeated.
func (f *File) chunk(l *leaf, group int) (*chunk, error) {
	c := &chunk{f: f, leaf: l}
	if err := c.scan(group); err != nil {
		return nil, fmt.Errorf("column %s, row group %d: %w", l.name(), group, err)
	}
	return c, nil
}

func (c *chunk) scan(group int) error {
	stored := &c.f.meta.RowGroups[group].Columns[c.leaf.index]
	meta := &stored.MetaData
	switch {
	case stored.FilePath != "":
		return fmt.Errorf("its values are in another file, %q", stored.FilePath)
	case stored.CryptoMetadata.Value != nil || stored.EncryptedColumnMetadata != nil:
		return errors.New("it is encrypted; write the file without encryption")
	case meta.Type != c.leaf.element.Type.V:
		return fmt.Errorf("its type is %s, in the schema %s", meta.Type, c.leaf.element.Type.V)
	}
	if c.f.meta.RowGroups[group].NumRows == 0 {
		return nil // PyArrow writes tables without rows so, with pages at byte 0
	}
	c.codec = meta.Codec
	at := meta.DataPageOffset
	if meta.DictionaryPageOffset > 0 && meta.DictionaryPageOffset < at {
		at = meta.DictionaryPageOffset
	}
	end := at + meta.TotalCompressedSize
	if at < int64(len(magic)) || meta.TotalCompressedSize < 0 || end > c.f.size || end < at {
		return fmt.Errorf("its %d bytes at byte %d do not fit into the file of %d", meta.TotalCompressedSize, at, c.f.size)
	}
	rows := int(c.f.meta.RowGroups[group].NumRows)
	row := c.f.starts[group]
	last := row + rows
	for row < last {
		h, length, err := c.f.header(at, end)
		if err != nil {
			return fmt.Errorf("page at byte %d: %w", at, err)
		}
		p, err := newPage(h, at+int64(length), end, last-row)
		if err != nil {
			return fmt.Errorf("page at byte %d: %w", at, err)
		}
		at = p.offset + int64(p.packed)
		switch {
		case p.kind == format.DictionaryPage:
			if c.dictionary != nil || len(c.pages) > 0 {
				return fmt.Errorf("page at byte %d: a second or late dictionary", p.offset)
			}
			c.dictionary = p
		case p.rows > 0:
			p.row = row
			row += p.rows
			c.pages = append(c.pages, *p)
		}
	}
	return nil
}

// header reads the header of the page at a byte; the column ends before end. It also returns
// its length.
func (f *File) header(at, end int64) (*format.PageHeader, int, error) {
	for window := int64(512); ; window *= 16 {
		b := make([]byte, min(window, end-at))
		if err := f.readAt(b, at); err != nil {
			return nil, 0, err
		}
		n, err := structure(b)
		if errors.Is(err, errShort) && window < end-at && window < 1<<24 {
			continue // statistics in it may be long
		}
		if err != nil {
			return nil, 0, err
		}
		h := &format.PageHeader{}
		return h, n, decode(b[:n], h)
	}
}

// newPage compares a header with the bytes up to end and the rows that are left.
func newPage(h *format.PageHeader, offset, end int64, rows int) (*page, error) {
	p := &page{kind: h.Type, offset: offset, packed: int(h.CompressedPageSize), size: int(h.UncompressedPageSize), crc: uint32(h.CRC)}
	switch {
	case h.Type == format.DataPage && h.DataPageHeader.Valid:
		v1 := &h.DataPageHeader.V
		p.rows, p.encoding, p.levels = int(v1.NumValues), v1.Encoding, v1.DefinitionLevelEncoding
	case h.Type == format.DataPageV2 && h.DataPageHeaderV2.Valid:
		v2 := &h.DataPageHeaderV2.V
		p.rows, p.encoding = int(v2.NumValues), v2.Encoding
		p.repBytes, p.defBytes = int(v2.RepetitionLevelsByteLength), int(v2.DefinitionLevelsByteLength)
		p.bare = v2.IsCompressed.Valid && !v2.IsCompressed.V
		if p.repBytes < 0 || p.defBytes < 0 || p.repBytes+p.defBytes > min(p.packed, p.size) {
			return nil, fmt.Errorf("%d and %d bytes of levels in a page of %d", p.repBytes, p.defBytes, p.size)
		}
	case h.Type == format.DictionaryPage && h.DictionaryPageHeader.Valid:
		p.values, p.encoding = int(h.DictionaryPageHeader.V.NumValues), h.DictionaryPageHeader.V.Encoding
	case h.Type == format.IndexPage:
	default:
		return nil, fmt.Errorf("a page of type %d, or without a header for it", h.Type)
	}
	switch {
	case p.packed < 0 || p.size < 0 || p.rows < 0 || p.values < 0:
		return nil, fmt.Errorf("%d bytes, unpacked %d, of %d values", p.packed, p.size, p.rows+p.values)
	case int64(p.packed) > end-offset:
		return nil, fmt.Errorf("truncated: expected %d bytes, found %d: %w", p.packed, end-offset, io.ErrUnexpectedEOF)
	case p.rows > rows:
		return nil, fmt.Errorf("%d rows where %d are left", p.rows, rows)
	case p.size > unpack.Free+unpack.Ratio*p.packed:
		return nil, fmt.Errorf("it unpacks to %d bytes, more than %d MiB and %d times its size, as data do not",
			p.size, unpack.Free>>20, unpack.Ratio)
	}
	return p, nil
}

// data reads and unpacks a page; levels are the part of a DataPageV2 that is never packed.
func (c *chunk) data(p *page) (levels, data []byte, err error) {
	raw := make([]byte, p.packed) // newPage has compared it with the file
	if err := c.f.readAt(raw, p.offset); err != nil {
		return nil, nil, err
	}
	if p.crc != 0 && p.crc != crc32.ChecksumIEEE(raw) {
		return nil, nil, fmt.Errorf("its checksum is %#08x, expected %#08x: the file is damaged", crc32.ChecksumIEEE(raw), p.crc)
	}
	codec := c.codec
	if p.bare {
		codec = format.Uncompressed
	}
	n := p.repBytes + p.defBytes
	data, err = unpackPage(codec, raw[n:], p.size-n)
	return raw[p.repBytes:n], data, err
}

// unpackPage unpacks data to exactly size bytes.
func unpackPage(codec format.CompressionCodec, data []byte, size int) ([]byte, error) {
	var out []byte
	var err error
	switch codec {
	case format.Uncompressed:
		out = data
	case format.Snappy:
		var n int
		if n, err = snappy.DecodedLen(data); err == nil && n == size {
			out, err = snappy.Decode(nil, data)
		}
	case format.Gzip:
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(data)); err == nil {
			out, err = io.ReadAll(io.LimitReader(z, int64(size)+1))
		}
	case format.Brotli:
		out, err = io.ReadAll(io.LimitReader(brotli.NewReader(bytes.NewReader(data)), int64(size)+1))
	case format.Zstd:
		var z *zstd.Decoder
		if z, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(max(size, unpack.Free)))); err == nil {
			out, err = z.DecodeAll(data, make([]byte, 0, size))
			z.Close()
		}
	case format.Lz4Raw:
		out = make([]byte, size)
		var n int
		if n, err = lz4.UncompressBlock(data, out); err == nil {
			out = out[:n]
		}
	default:
		return nil, fmt.Errorf("compression %s is not supported; write the file with SNAPPY or ZSTD", codec)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot unpack it (%s): %w", codec, err)
	}
	if len(out) != size {
		return nil, fmt.Errorf("cannot unpack it (%s): it is not of the %d bytes that its header says", codec, size)
	}
	return out, nil
}

// readDictionary decodes the dictionary of the chunk.
func (c *chunk) readDictionary() (*values, error) {
	if c.dictionary == nil {
		return nil, nil
	}
	v, err := c.decodeDictionary(c.dictionary)
	if err != nil {
		return nil, fmt.Errorf("column %s, dictionary at byte %d: %w", c.leaf.name(), c.dictionary.offset, err)
	}
	return v, nil
}

func (c *chunk) decodeDictionary(p *page) (*values, error) {
	if p.encoding != format.Plain && p.encoding != plainDictionary {
		return nil, fmt.Errorf("its encoding is %s, expected PLAIN", p.encoding)
	}
	_, data, err := c.data(p)
	if err != nil {
		return nil, err
	}
	return plain(c.leaf.element.Type.V, int(c.leaf.element.TypeLength.V), data, p.values)
}

// rows are the decoded rows of a page.
type rows struct {
	// places are the index of each row's value, -1 for a row without one; nil: row i has
	// value i.
	places []int32
	// values are the values, or, with indices, the dictionary.
	values  *values
	indices []uint32
	bytes   int // of the page in memory
}

// place is the index into values of the value of a row, counted from the first of the page;
// -1: it has none.
func (r *rows) place(row int) int {
	if r.places != nil {
		row = int(r.places[row])
	}
	if row >= 0 && r.indices != nil {
		return int(r.indices[row])
	}
	return row
}

// read decodes a page.
func (c *chunk) read(p *page, dictionary *values) (*rows, error) {
	r, err := c.decodePage(p, dictionary)
	if err != nil {
		return nil, fmt.Errorf("column %s, rows %d to %d: %w", c.leaf.name(), p.row+1, p.row+p.rows, err)
	}
	return r, nil
}

func (c *chunk) decodePage(p *page, dictionary *values) (*rows, error) {
	levels, data, err := c.data(p)
	if err != nil {
		return nil, err
	}
	r := &rows{bytes: len(data) + 16*p.rows}
	if p.kind == format.DataPage && c.leaf.def > 0 {
		if p.levels != format.RLE {
			return nil, fmt.Errorf("levels of encoding %s are not supported; write the file anew", p.levels)
		}
		if len(data) < 4 {
			return nil, short("levels", 4, len(data))
		}
		n := int64(data[0]) | int64(data[1])<<8 | int64(data[2])<<16 | int64(data[3])<<24
		if data = data[4:]; n > int64(len(data)) {
			return nil, short("levels", int(n), len(data))
		}
		levels, data = data[:n], data[n:]
	}
	present := p.rows
	if c.leaf.def > 0 {
		defs, err := hybrid(levels, width(c.leaf.def), p.rows)
		if err != nil {
			return nil, fmt.Errorf("levels: %w", err)
		}
		present = 0
		r.places = make([]int32, p.rows)
		for i, d := range defs {
			r.places[i] = -1
			if int(d) == c.leaf.def {
				r.places[i] = int32(present)
				present++
			}
		}
		if present == p.rows {
			r.places = nil
		}
	}
	if p.encoding != plainDictionary && p.encoding != format.RLEDictionary {
		most := unpack.Free + unpack.Ratio*len(data)
		r.values, err = decodeValues(p.encoding, c.leaf.element, data, present, most)
		return r, err
	}
	if dictionary == nil {
		return nil, errors.New("it has indices but the column no dictionary")
	}
	r.values, r.indices = dictionary, []uint32{}
	if present == 0 {
		return r, nil
	}
	if len(data) == 0 {
		return nil, short("indices", 1, 0)
	}
	if r.indices, err = hybrid(data[1:], int(data[0]), present); err != nil {
		return nil, fmt.Errorf("indices: %w", err)
	}
	for _, k := range r.indices {
		if int64(k) >= int64(dictionary.len()) {
			return nil, fmt.Errorf("index %d into a dictionary of %d", k, dictionary.len())
		}
	}
	return r, nil
}
