package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"pare/internal/npy"
)

// raw builds a file from a header and data.
func raw(header string, data []byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

func readBytes(b []byte) (*File, error) { return Read(bytes.NewReader(b), int64(len(b))) }

// diff compares files; values are compared by their bits.
func diff(a, b File) string {
	return cmp.Diff(a, b, cmpopts.EquateEmpty(), cmp.Comparer(func(x, y float32) bool {
		return math.Float32bits(x) == math.Float32bits(y)
	}))
}

func sample() File {
	return File{
		Tensors: []Tensor{
			{"z.weight", []int{2, 3}, []float32{1, -2, 3.5, 0, float32(math.Inf(1)), math.SmallestNonzeroFloat32}},
			{"empty", []int{0, 4}, []float32{}},
			{"a.scalar", []int{}, []float32{42}},
			{`quote " < é`, []int{1}, []float32{7}},
		},
		Metadata: map[string]string{"format": "pt", "a": "b\n\"<"},
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f File
		for _, name := range rapid.SliceOfNDistinct(rapid.StringN(0, 10, -1), 0, 5, rapid.ID[string]).Draw(t, "names") {
			shape := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 4).Draw(t, "shape")
			n, err := elements(shape)
			if err != nil {
				t.Fatal(err)
			}
			data := rapid.SliceOfN(rapid.Float32(), n, n).Draw(t, "data")
			f.Tensors = append(f.Tensors, Tensor{name, shape, data})
		}
		f.Metadata = rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "metadata")
		var one, two bytes.Buffer
		if err := errors.Join(Write(&one, f), Write(&two, f)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(one.Bytes(), two.Bytes()) {
			t.Fatal("two writes differ")
		}
		if n := binary.LittleEndian.Uint64(one.Bytes()); n%8 != 0 {
			t.Fatalf("header of %d bytes is not aligned", n)
		}
		got, err := readBytes(one.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(f, *got); d != "" {
			t.Fatal(d)
		}
	})
}

func TestWriteBytes(t *testing.T) {
	f := File{Tensors: []Tensor{{"w", []int{1}, []float32{1}}}, Metadata: map[string]string{"b": "2", "a": "1"}}
	var buf bytes.Buffer
	if err := Write(&buf, f); err != nil {
		t.Fatal(err)
	}
	header := `{"__metadata__":{"a":"1","b":"2"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`
	header += strings.Repeat(" ", (8-len(header)%8)%8)
	if want := raw(header, []byte{0, 0, 0x80, 0x3f}); !bytes.Equal(buf.Bytes(), want) {
		t.Fatalf("got %q, want %q", buf.Bytes(), want)
	}
}

func TestManyChunks(t *testing.T) {
	data := make([]float32, 2*chunkBytes/4+3)
	for i := range data {
		data[i] = float32(i)
	}
	f := File{Tensors: []Tensor{{"big", []int{len(data)}, data}, {"next", nil, []float32{-1}}}}
	var buf bytes.Buffer
	if err := Write(&buf, f); err != nil {
		t.Fatal(err)
	}
	got, err := readBytes(buf.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if d := diff(f, *got); d != "" {
		t.Fatal(d)
	}
}

func TestWriteErrors(t *testing.T) {
	one := []float32{1}
	for _, tc := range []struct {
		name string
		f    File
		want string
	}{
		{"duplicate", File{Tensors: []Tensor{{"a", nil, one}, {"a", nil, one}}}, `tensor "a": duplicate name`},
		{"mismatch", File{Tensors: []Tensor{{"a", []int{2}, one}}}, "needs 2 values, found 1"},
		{"negative", File{Tensors: []Tensor{{"a", []int{-1, -1}, one}}}, "negative"},
		{"overflow", File{Tensors: []Tensor{{"a", []int{math.MaxInt, 4, 0}, nil}}}, "too many"},
		{"reserved", File{Tensors: []Tensor{{"__metadata__", nil, one}}}, "reserved"},
		{"name", File{Tensors: []Tensor{{"\xff", nil, one}}}, "UTF-8"},
		{"metadata", File{Metadata: map[string]string{"k": "\xff"}}, "UTF-8"},
	} {
		var buf bytes.Buffer
		err := Write(&buf, tc.f)
		if err == nil || !strings.Contains(err.Error(), tc.want) || buf.Len() > 0 {
			t.Errorf("%s: error %v after %d bytes, want %q", tc.name, err, buf.Len(), tc.want)
		}
	}
}

// A float64 that float32 cannot hold must not become infinite.
func TestReadTooLarge(t *testing.T) {
	for v, want := range map[float64]string{1e300: `tensor "w": value 1 is 1e+300, too large for float32`,
		-4e38: "value 1 is -4e+38", math.MaxFloat32: "", math.Inf(1): ""} {
		data := binary.LittleEndian.AppendUint64(make([]byte, 8), math.Float64bits(v))
		f, err := readBytes(raw(`{"w":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}`, data))
		switch {
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%g: error %v, want %q", v, err, want)
		case want == "" && (err != nil || f.Tensors[0].Data[1] != float32(v)):
			t.Errorf("%g is read as %v, %v", v, f, err)
		}
	}
}

func TestReadDtypes(t *testing.T) {
	le := binary.LittleEndian
	data := le.AppendUint64(nil, math.Float64bits(-1.5))
	for _, h := range []uint16{0x3c00, 0x8000, 0x0001, 0x03ff, 0x7bff, 0xfc00} {
		data = le.AppendUint16(data, h)
	}
	data = le.AppendUint16(data, 0xc040)
	f, err := readBytes(raw(`{"h":{"dtype":"F16","shape":[6],"data_offsets":[8,20]},`+
		`"b":{"dtype":"BF16","shape":[],"data_offsets":[20,22],"later":{"x":[1]}},`+
		`"d":{"data_offsets":[0,8],"dtype":"F64","shape":[1]}}  `, data))
	if err != nil {
		t.Fatal(err)
	}
	want := File{Tensors: []Tensor{
		{"d", []int{1}, []float32{-1.5}},
		{"h", []int{6}, []float32{1, float32(math.Copysign(0, -1)), 0x1p-24, 0x3ffp-24, 65504, float32(math.Inf(-1))}},
		{"b", []int{}, []float32{-3}},
	}}
	if d := diff(want, *f); d != "" {
		t.Fatal(d)
	}
}

// TestArrays: tensors of every dtype are read by rows; one of another dtype spoils no other.
func TestArrays(t *testing.T) {
	data := []byte{1, 2, 3, 4, 5, 6, 0xc0, 0x3f, 0x40, 0xc0, 1, 0}
	file := raw(`{"u":{"dtype":"U16","shape":[3,1],"data_offsets":[0,6]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[6,10]},`+
		`"t":{"dtype":"BOOL","shape":[1],"data_offsets":[10,11]},"e":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[11,12]}}`, data)
	a, err := Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.Names(), []string{"u", "b", "t", "e"}) {
		t.Errorf("names %q", a.Names())
	}
	for name, want := range map[string][]float32{"u": {1541, 513}, "b": {-3, 1.5}, "t": {1}} {
		x, err := a.Array(name)
		if err != nil {
			t.Fatal(err)
		}
		rows := []int{x.Len() - 1, 0}[:len(want)]
		got := make([]float32, len(want))
		if err := npy.ReadRows(x, got, rows); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v %v, want %v", name, got, err, want)
		}
	}
	for name, want := range map[string]string{"e": `dtype "F8_E4M3" is not supported`, "z": `no tensor "z"; the file has u, b, t, e`} {
		if _, err := a.Array(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

// TestReadAt reads parts of tensors, and no other values.
func TestReadAt(t *testing.T) {
	data := make([]float32, chunkBytes/4+7)
	for i := range data {
		data[i] = float32(i)
	}
	var buf bytes.Buffer
	if err := Write(&buf, File{Tensors: []Tensor{{"big", []int{len(data)}, data}, {"next", []int{1, 1}, []float32{-1}}}}); err != nil {
		t.Fatal(err)
	}
	raw := raw(`{"u":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, []byte{1})
	other, err := Open(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for from, n := range map[int]int{0: len(data), 3: len(data) - 3, len(data) - 1: 1, len(data): 0, 9: 0} {
		got := make([]float32, n)
		if err := a.ReadAt("big", got, from); err != nil || !slices.Equal(got, data[from:from+n]) {
			t.Errorf("%d values from %d: %v", n, from, err)
		}
	}
	if shape, ok := a.Shape("next"); !ok || !slices.Equal(shape, []int{1, 1}) {
		t.Errorf("shape %v", shape)
	}
	if _, ok := a.Shape("none"); ok {
		t.Error("a tensor that is not there has a shape")
	}
	for _, c := range []struct {
		a       *Archive
		name    string
		from, n int
		want    string
	}{
		{a, "big", len(data) - 1, 2, `tensor "big" has no values 16390 to 16392`}, {a, "next", 2, 0, "has no values 2 to 2"},
		{a, "next", -1, 1, "has no values -1 to 0"}, {a, "none", 0, 1, `no tensor "none"; the file has big, next`},
		{other, "u", 0, 1, `tensor "u": dtype "U8" is not supported (F32, F64, F16 and BF16 are)`},
	} {
		if err := c.a.ReadAt(c.name, make([]float32, c.n), c.from); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s from %d: error %v, want %s", c.name, c.from, err, c.want)
		}
	}
}

func TestReadErrors(t *testing.T) {
	f32 := func(shape, offsets string) string {
		return `{"w":{"dtype":"F32","shape":` + shape + `,"data_offsets":` + offsets + `}}`
	}
	pair := func(a, b string) string {
		return `{"a":{"dtype":"F32","shape":[1],"data_offsets":` + a + `},"b":{"dtype":"F32","shape":[1],"data_offsets":` + b + `}}`
	}
	for _, tc := range []struct {
		name string
		in   []byte
		want string
	}{
		{"empty", nil, "expected at least 8 bytes, found 0"},
		{"huge header", binary.LittleEndian.AppendUint64(nil, 1<<63), "at most 16777216"},
		{"short header", raw(`{}`, nil)[:9], "expected a file of at least 10 bytes, found 9"},
		{"no header", raw("", nil), "does not start"},
		{"leading space", raw(" {}", nil), "does not start"},
		{"unclosed", raw(`{"a":`, nil), "header ends too early"},
		{"bad JSON", raw(`{"a" 1}`, nil), "invalid JSON"},
		{"trailing", raw(`{} x`, nil), "unexpected text"},
		{"UTF-8", raw("{\"\xff\":1}", nil), "UTF-8"},
		{"duplicate", raw(`{"w":`+f32("[1]", "[0,4]")[5:len(f32("[1]", "[0,4]"))-1]+`,"w":1}`, nil), `duplicate key "w"`},
		{"duplicate metadata", raw(`{"__metadata__":{"a":"","a":""}}`, nil), `duplicate key "a"`},
		{"metadata type", raw(`{"__metadata__":{"a":1}}`, nil), `metadata: key "a": expected a string`},
		{"not an object", raw(`{"w":[]}`, nil), `tensor "w": expected '{'`},
		{"missing key", raw(`{"w":{"dtype":"F32","shape":[]}}`, nil), "expected the keys"},
		{"dtype", raw(`{"w":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}`, make([]byte, 8)), `tensor "w": dtype "I64" is not supported`},
		{"fraction", raw(f32("[1.5]", "[0,4]"), nil), `"1.5" is not a valid`},
		{"negative", raw(f32("[-1]", "[0,4]"), nil), `"-1" is not a valid`},
		{"text", raw(f32(`["1"]`, "[0,4]"), nil), "expected a number"},
		{"offsets", raw(f32("[1]", "[0,4,8]"), nil), "has 3 values"},
		{"reversed", raw(f32("[1]", "[4,0]"), nil), "reversed"},
		{"size", raw(f32("[2]", "[0,4]"), make([]byte, 4)), "hold 4 bytes, but F32 of shape [2] needs 8"},
		{"overflow", raw(f32("[4294967296,4294967296]", "[0,4]"), nil), "too many elements"},
		{"truncated", raw(f32("[4]", "[0,16]"), make([]byte, 15)), "expected a data section of at least 16 bytes, found 15"},
		{"surplus", raw(f32("[1]", "[0,4]"), make([]byte, 5)), "1 bytes after the last tensor"},
		{"hole at start", raw(f32("[1]", "[4,8]"), make([]byte, 8)), "hole after offset 0"},
		{"hole", raw(pair("[0,4]", "[8,12]"), make([]byte, 12)), `tensor "b": data offsets [8, 12] leave a hole`},
		{"overlap", raw(pair("[0,4]", "[2,6]"), make([]byte, 6)), `tensor "b": data offsets [2, 6] overlap`},
		{"same place", raw(pair("[0,4]", "[0,4]"), make([]byte, 4)), "overlap"},
	} {
		_, err := readBytes(tc.in)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want %q", tc.name, err, tc.want)
		}
	}
}

// TestReaderShorterThanSize covers a file that shrinks while it is read.
func TestReaderShorterThanSize(t *testing.T) {
	var buf bytes.Buffer
	if err := Write(&buf, sample()); err != nil {
		t.Fatal(err)
	}
	for n := range buf.Len() {
		_, err := Read(bytes.NewReader(buf.Bytes()[:n]), int64(buf.Len()))
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("first %d bytes: error %v", n, err)
		}
	}
}
