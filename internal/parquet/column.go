package parquet

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"pare/internal/factor"
	"pare/internal/npy"
	"pare/internal/printable"
)

// Column is a column of a table: of numbers where Numbers is not nil, of text otherwise.
type Column struct {
	Name string
	// Numbers are the values; NaN for null.
	Numbers []float64
	// Levels are the different texts in order of first appearance, and Codes the index into
	// them of each row. Null is the text "".
	Levels []string
	Codes  []int32
}

// Read reads columns by name. Integers, which must be exact in float64, floating point
// numbers and decimals become numbers, true and false 1 and 0, dates days and times of day
// and times seconds since 1970-01-01 UTC. Text, enumerations, JSON and UUIDs become text. A
// nested column and one of bytes are errors with their name. progress, if not nil, hears how
// many columns have been read, of how many.
func (f *File) Read(names []string, progress func(read, total int)) ([]Column, error) {
	out := make([]Column, 0, len(names))
	if err := f.bound(len(names)); err != nil {
		return nil, fmt.Errorf("parquet: %w", err)
	}
	for i, name := range names {
		c, err := f.column(name)
		if err != nil {
			return nil, fmt.Errorf("parquet: %w", err)
		}
		out = append(out, c)
		if progress != nil {
			progress(i+1, len(names))
		}
	}
	return out, nil
}

func (f *File) column(name string) (Column, error) {
	leaves := f.under(name)
	switch {
	case len(leaves) == 0:
		return Column{}, fmt.Errorf("no column %q", name)
	case len(leaves) > 1 && len(leaves[0].path) == 1 && len(leaves[1].path) == 1:
		return Column{}, fmt.Errorf("two columns are called %q", name)
	}
	l := leaves[0]
	if len(l.path) > 1 || l.rep > 0 {
		return Column{}, fmt.Errorf("column %s is nested, a list or a structure; name the columns to read without it, or flatten it",
			printable.Text(name))
	}
	m, err := meaningOf(l.element)
	if err != nil {
		return Column{}, fmt.Errorf("column %s: %w", l.name(), err)
	}
	out := Column{Name: name}
	var text factor.Factor
	if m.number != nil {
		out.Numbers = []float64{}
	} else {
		text.Codes = []int32{}
	}
	for g := range f.meta.RowGroups {
		c, err := f.chunk(l, g)
		if err != nil {
			return Column{}, err
		}
		dictionary, err := c.readDictionary()
		if err != nil {
			return Column{}, err
		}
		for i := range c.pages {
			p := &c.pages[i]
			r, err := c.read(p, dictionary)
			if err != nil {
				return Column{}, err
			}
			for row := range p.rows {
				k := r.place(row)
				var err error
				switch {
				case m.number != nil:
					v := math.NaN()
					if k >= 0 {
						v, err = m.number(r.values, k)
					}
					out.Numbers = append(out.Numbers, v)
				case k < 0:
					text.AddBytes(nil)
				default:
					var t []byte
					if t, err = m.text(r.values.bytes[k]); err == nil {
						text.AddBytes(t)
					}
				}
				if err != nil {
					return Column{}, fmt.Errorf("row %d, column %s: %w", p.row+row+1, l.name(), err)
				}
			}
		}
	}
	if m.number == nil {
		out.Levels, out.Codes = text.Levels, text.Codes
	}
	return out, nil
}

// meaning is how the values of a column are read: as numbers or as text.
type meaning struct {
	number func(v *values, i int) (float64, error)
	text   func(b []byte) ([]byte, error)
}

// meaningOf is the meaning of a type (https://parquet.apache.org/docs/file-format/types/logicaltypes/).
func meaningOf(e *format.SchemaElement) (meaning, error) {
	kind := e.Type.V
	scale := func(unit float64) meaning {
		return meaning{number: func(v *values, i int) (float64, error) { return float64(v.ints[i]) / unit, nil }}
	}
	units := func(u format.TimeUnit) (meaning, error) {
		switch u.Value.(type) {
		case *format.MilliSeconds:
			return scale(1e3), nil
		case *format.MicroSeconds:
			return scale(1e6), nil
		case *format.NanoSeconds:
			return scale(1e9), nil
		}
		return meaning{}, errors.New("a time without a unit")
	}
	integer := kind == format.Int32 || kind == format.Int64
	utf8Text := meaning{text: func(b []byte) ([]byte, error) {
		if !utf8.Valid(b) {
			return nil, errors.New("text that is not UTF-8")
		}
		return b, nil
	}}
	switch t := e.LogicalType.Value.(type) {
	case *format.StringType, *format.EnumType, *format.JsonType:
		if kind == format.ByteArray {
			return utf8Text, nil
		}
	case *format.DecimalType:
		return decimal(e, t.Scale)
	case *format.DateType:
		if kind == format.Int32 {
			return scale(1), nil
		}
	case *format.TimeType:
		if integer {
			return units(t.Unit)
		}
	case *format.TimestampType:
		if kind == format.Int64 {
			return units(t.Unit)
		}
	case *format.IntType:
		if integer {
			return whole(!t.IsSigned, int(t.BitWidth)), nil
		}
	case *format.UUIDType:
		if kind == format.FixedLenByteArray && e.TypeLength.V == 16 {
			return meaning{text: uuid}, nil
		}
	case *format.Float16Type:
		if kind == format.FixedLenByteArray && e.TypeLength.V == 2 {
			return meaning{number: func(v *values, i int) (float64, error) {
				return float64(npy.Half(binary.LittleEndian.Uint16(v.bytes[i]))), nil
			}}, nil
		}
	case *format.NullType:
		if kind != format.ByteArray && kind != format.FixedLenByteArray {
			return meaning{number: func(*values, int) (float64, error) { return math.NaN(), nil }}, nil
		}
		return utf8Text, nil
	case nil:
		return physical(e, utf8Text, scale)
	}
	return meaning{}, fmt.Errorf("type %s of %s is not supported", &e.LogicalType, kind)
}

// physical is the meaning of a type that has no logical one, but for a deprecated one.
func physical(e *format.SchemaElement, utf8Text meaning, scale func(float64) meaning) (meaning, error) {
	kind := e.Type.V
	integer := kind == format.Int32 || kind == format.Int64
	if t := e.ConvertedType; t.Valid {
		switch {
		case (t.V == deprecated.UTF8 || t.V == deprecated.Enum || t.V == deprecated.Json) && kind == format.ByteArray:
			return utf8Text, nil
		case t.V == deprecated.Decimal:
			return decimal(e, e.Scale.V)
		case (t.V == deprecated.TimeMillis || t.V == deprecated.TimestampMillis) && integer:
			return scale(1e3), nil
		case (t.V == deprecated.TimeMicros || t.V == deprecated.TimestampMicros) && integer:
			return scale(1e6), nil
		case t.V == deprecated.Date && kind == format.Int32:
			return scale(1), nil
		case t.V >= deprecated.Uint8 && t.V <= deprecated.Uint64 && integer:
			return whole(true, 8<<(t.V-deprecated.Uint8)), nil
		case t.V >= deprecated.Int8 && t.V <= deprecated.Int64 && integer:
			return whole(false, 64), nil
		}
		return meaning{}, fmt.Errorf("converted type %d of %s is not supported", t.V, kind)
	}
	switch kind {
	case format.Boolean, format.Int32, format.Int64:
		return whole(false, 64), nil
	case format.Float, format.Double:
		return meaning{number: func(v *values, i int) (float64, error) { return v.floats[i], nil }}, nil
	case format.Int96: // a time: nanoseconds of the day, Julian day
		return meaning{number: func(v *values, i int) (float64, error) {
			const epoch = 2440588 // 1970-01-01
			days := int64(binary.LittleEndian.Uint32(v.bytes[i][8:])) - epoch
			return float64(days)*86400 + float64(binary.LittleEndian.Uint64(v.bytes[i]))/1e9, nil
		}}, nil
	case format.ByteArray: // many writers do not say that it is text
		return meaning{text: func(b []byte) ([]byte, error) {
			if !utf8.Valid(b) {
				return nil, errors.New("bytes that are no text; leave the column out, or write it as text")
			}
			return b, nil
		}}, nil
	}
	return meaning{}, fmt.Errorf("type %s is not supported", kind)
}

// whole is the meaning of integers.
func whole(unsigned bool, width int) meaning {
	const exact = 1 << 53
	return meaning{number: func(v *values, i int) (float64, error) {
		n := v.ints[i]
		if unsigned && width < 64 {
			n &= 1<<width - 1
		}
		if unsigned && n < 0 {
			if u := uint64(n); uint64(float64(u)) != u || u > 1<<64-2048 {
				return 0, fmt.Errorf("%d is not exact as a number of 64 bits; leave the column out, or write it as text", u)
			}
			return float64(uint64(n)), nil
		}
		if (n > exact || n < -exact) && (int64(float64(n)) != n || n == math.MaxInt64) {
			return 0, fmt.Errorf("%d is not exact as a number of 64 bits; leave the column out, or write it as text", n)
		}
		return float64(n), nil
	}}
}

// decimal is the meaning of integers, or of bytes, the highest first, with decimal places.
func decimal(e *format.SchemaElement, places int32) (meaning, error) {
	if places < 0 || places > 1000 {
		return meaning{}, fmt.Errorf("a decimal with %d decimal places", places)
	}
	power := new(big.Float).SetPrec(4000).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil))
	divide := func(n *big.Int) float64 {
		x := new(big.Float).SetPrec(4000).SetInt(n)
		out, _ := x.Quo(x, power).Float64()
		return out
	}
	small := math.Pow10(int(places))
	switch e.Type.V {
	case format.Int32, format.Int64:
		return meaning{number: func(v *values, i int) (float64, error) {
			n := v.ints[i]
			if places <= 22 && n < 1<<53 && n > -1<<53 { // both are exact, so that the quotient is rounded once
				return float64(n) / small, nil
			}
			return divide(big.NewInt(n)), nil
		}}, nil
	case format.ByteArray, format.FixedLenByteArray:
		const most = 1 << 7 // bytes: 300 digits
		return meaning{number: func(v *values, i int) (float64, error) {
			b := v.bytes[i]
			if len(b) > most {
				return 0, fmt.Errorf("a decimal of %d bytes, at most %d are supported", len(b), most)
			}
			n := new(big.Int).SetBytes(b)
			if len(b) > 0 && b[0] >= 0x80 { // two's complement
				n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
			}
			return divide(n), nil
		}}, nil
	}
	return meaning{}, fmt.Errorf("decimals of type %s are not supported", e.Type.V)
}

func uuid(b []byte) ([]byte, error) {
	h := hex.EncodeToString(b)
	return []byte(strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")), nil
}

// indexColumn reports whether a column is one that pandas made of the index of a table.
func indexColumn(name string) bool {
	return strings.HasPrefix(name, "__index_level_") && strings.HasSuffix(name, "__")
}

// TableNames are the names of all columns but those that pandas made of the index of a
// table, and the names of these.
func (f *File) TableNames() (names, index []string) {
	names = f.Names()
	for _, name := range names {
		if indexColumn(name) {
			index = append(index, name)
		}
	}
	if len(index) == len(names) {
		return names, nil
	}
	return slices.DeleteFunc(names, indexColumn), index
}
