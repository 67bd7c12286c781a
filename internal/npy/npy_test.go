package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	sbinet "github.com/sbinet/npyio/npy"
	"pgregory.net/rapid"

	"pare/internal/hostile"
)

// file builds a .npy file of the given version from a header and raw data.
func file(major byte, header string, data []byte) []byte {
	b := append([]byte(magic), major, 0)
	if major == 1 {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(header)))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(header)))
	}
	return append(append(b, header...), data...)
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 5).Draw(t, "shape")
		n, err := elements(shape)
		if err != nil {
			t.Fatal(err)
		}
		data := rapid.SliceOfN(rapid.Float32(), n, n).Draw(t, "data")
		var buf bytes.Buffer
		if err := Write(&buf, shape, data); err != nil {
			t.Fatal(err)
		}
		if start := buf.Len() - 4*n; start%64 != 0 {
			t.Fatalf("data starts at %d, not a multiple of 64", start)
		}
		gotShape, gotData, err := Read(&buf)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(gotShape, shape) || !sameBits(gotData, data) {
			t.Fatalf("got %v %v, want %v %v", gotShape, gotData, shape, data)
		}
	})
}

func TestManyChunks(t *testing.T) {
	data := make([]float32, 3*chunkBytes/4+5)
	for i := range data {
		data[i] = float32(i)
	}
	var buf bytes.Buffer
	if err := Write(&buf, []int{len(data)}, data); err != nil {
		t.Fatal(err)
	}
	_, got, err := Read(&buf)
	if err != nil || !sameBits(got, data) {
		t.Fatalf("round trip of %d elements failed: %v", len(data), err)
	}
}

// TestOtherReader checks the written file with an independent implementation.
func TestOtherReader(t *testing.T) {
	want := []float32{1, -2, 3.5, 0, 5, 6}
	var buf bytes.Buffer
	if err := Write(&buf, []int{2, 3}, want); err != nil {
		t.Fatal(err)
	}
	r, err := sbinet.NewReader(&buf)
	if err != nil {
		t.Fatal(err)
	}
	var got []float32
	if err := r.Read(&got); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.Header.Descr.Shape, []int{2, 3}) || !slices.Equal(got, want) {
		t.Fatalf("got %v %v", r.Header.Descr.Shape, got)
	}
}

func TestReadTypesAndOrder(t *testing.T) {
	le := binary.LittleEndian
	var f8, i4, i8 []byte
	for _, v := range []int64{0, 1, -2, 3, 4, 5} {
		f8 = le.AppendUint64(f8, math.Float64bits(float64(v)))
		i4 = le.AppendUint32(i4, uint32(int32(v)))
		i8 = le.AppendUint64(i8, uint64(v))
	}
	c := []float32{0, 1, -2, 3, 4, 5}
	f := []float32{0, -2, 4, 1, 3, 5}
	for _, tc := range []struct {
		name, header string
		major        byte
		data         []byte
		want         []float32
	}{
		{"f8", "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }\n", 1, f8, c},
		{"i4 v2", "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }\n", 2, i4, c},
		{"i8 v3", "{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3), }\n", 3, i8, c},
		{"i8 fortran", "{'descr': '<i8', 'fortran_order': True, 'shape': (2, 3), }\n", 1, i8, f},
		{"any order, Python 2", `{"shape":(2L,3L),"fortran_order":False,"descr":"<i4"}`, 1, i4, c},
		{"u1", "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)}", 1, []byte{0, 1, 200, 3, 4, 255}, []float32{0, 1, 200, 3, 4, 255}},
	} {
		shape, data, err := Read(bytes.NewReader(file(tc.major, tc.header, tc.data)))
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if !slices.Equal(shape, []int{2, 3}) || !slices.Equal(data, tc.want) {
			t.Errorf("%s: got %v %v, want %v", tc.name, shape, data, tc.want)
		}
	}
}

func TestReadErrors(t *testing.T) {
	head := func(shape string) string { return "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + "}" }
	for _, tc := range []struct {
		name string
		in   []byte
		want string
	}{
		{"empty", nil, "expected 8 bytes, found 0"},
		{"magic", []byte("PK\x03\x04abcdefgh"), "not a NumPy file"},
		{"version", file(9, "", nil), "version 9.0"},
		{"huge header", append([]byte(magic), 2, 0, 255, 255, 255, 255), "4294967295 bytes"},
		{"short header", file(1, "{}", nil)[:11], "truncated header"},
		{"no keys", file(1, "{}", nil), "expected the keys"},
		{"structured", file(1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}", nil), "structured"},
		{"type", file(1, "{'descr': '<c8', 'fortran_order': False, 'shape': ()}", nil), `"<c8", complex numbers, is not supported`},
		{"bfloat16", file(1, "{'descr': '<t2', 'fortran_order': False, 'shape': ()}", nil), `"<t2" is not supported`},
		{"negative", file(1, head("(-1,)"), nil), "dimension 0"},
		{"not a tuple", file(1, head("(3)"), nil), "expected a tuple"},
		{"overflow", file(1, head("(4294967296, 4294967296)"), nil), "too many elements"},
		{"rank", file(1, head("("+strings.Repeat("1,", 65)+")"), nil), "more than 64"},
		{"bomb", file(1, head("(1000000000000,)"), []byte{1, 2, 3, 4}), "expected 4000000000000 bytes, found 4"},
		{"duplicate", file(1, "{'descr': '<f4', 'descr': '<f4'}", nil), "duplicate key"},
		{"trailing", file(1, head("()")+"x", nil), "after the dictionary"},
		{"bool", file(1, "{'descr': '<f4', 'fortran_order': 0}", nil), "True or False"},
	} {
		_, _, err := Read(bytes.NewReader(tc.in))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want %q", tc.name, err, tc.want)
		}
	}
	if _, _, err := Read(bytes.NewReader(nil)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("empty input: %v does not match io.ErrUnexpectedEOF", err)
	}
}

func TestWriteErrors(t *testing.T) {
	for _, tc := range []struct {
		shape []int
		n     int
		want  string
	}{
		{[]int{2, 2}, 3, "needs 4 elements, found 3"},
		{nil, 0, "needs 1 elements, found 0"},
		{[]int{-1, -4}, 4, "negative"},
		{make([]int, 65), 0, "65 dimensions"},
		{[]int{math.MaxInt, 2}, 2, "too many"},
	} {
		var buf bytes.Buffer
		err := Write(&buf, tc.shape, make([]float32, tc.n))
		if err == nil || !strings.Contains(err.Error(), tc.want) || buf.Len() > 0 {
			t.Errorf("%v: error %v after %d bytes, want %q", tc.shape, err, buf.Len(), tc.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, shape := range [][]int{{}, {3}, {2, 0}, {2, 3}} {
		n, _ := elements(shape)
		var buf bytes.Buffer
		if err := Write(&buf, shape, make([]float32, n)); err != nil {
			f.Fatal(err)
		}
		f.Add(buf.Bytes())
	}
	f.Add(file(2, "{'descr': '|u1', 'fortran_order': True, 'shape': (2L, 2)}", []byte{1, 2, 3, 4}))
	f.Fuzz(func(t *testing.T, in []byte) {
		hostile.Bounded(t, len(in), hostile.Bytes{Base: 8 << 20, Ratio: 100}, func() {
			shape, data, err := Read(bytes.NewReader(in))
			if err != nil {
				if strings.Contains(err.Error(), "\n") {
					t.Fatalf("error of several lines: %q", err)
				}
				return
			}
			var buf bytes.Buffer
			if err := Write(&buf, shape, data); err != nil {
				t.Fatal(err)
			}
			shape2, data2, err := Read(&buf)
			if err != nil || !slices.Equal(shape, shape2) || !sameBits(data, data2) {
				t.Fatalf("round trip of %v changed the array: %v", shape, err)
			}
		})
	})
}

// A float64 that float32 cannot hold must not become infinite.
func TestReadTooLarge(t *testing.T) {
	for v, want := range map[float64]string{1e300: "element 1 is 1e+300, too large for float32", math.MaxFloat32: ""} {
		header := "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n"
		b := append([]byte(magic), 1, 0, byte(len(header)), 0)
		b = append(b, header...)
		b = binary.LittleEndian.AppendUint64(append(b, make([]byte, 8)...), math.Float64bits(v))
		_, data, err := Read(bytes.NewReader(b))
		switch {
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%g: error %v, want %q", v, err, want)
		case want == "" && (err != nil || data[1] != float32(v)):
			t.Errorf("%g is read as %v, %v", v, data, err)
		}
	}
}

func TestRead64KeepsEveryBit(t *testing.T) {
	header := "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }\n"
	b := append([]byte(magic), 1, 0, byte(len(header)), 0)
	b = append(b, header...)
	stored := []float64{1.0 / 3, 1e300, math.Pi, -0.1, math.SmallestNonzeroFloat64, 2}
	for _, v := range stored {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	shape, data, err := Read64(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	want := []float64{stored[0], stored[2], stored[4], stored[1], stored[3], stored[5]}
	if !slices.Equal(shape, []int{2, 3}) || !slices.Equal(data, want) {
		t.Errorf("shape %v, data %v; want [2 3], %v", shape, data, want)
	}
}
