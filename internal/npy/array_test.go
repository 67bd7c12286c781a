package npy

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/internal/hostile"
)

// plain is a version 1.0 file of one array.
func plain(descr, shape string, fortran bool, data []byte) []byte {
	order := "False"
	if fortran {
		order = "True"
	}
	return file(1, fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", descr, order, shape), data)
}

func open(t *testing.T, b []byte) *Array {
	t.Helper()
	a, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func all(n int) []int {
	idx := make([]int, n)
	for i := range idx {
		idx[i] = i
	}
	return idx
}

func TestDtypes(t *testing.T) {
	le, be := binary.LittleEndian, binary.BigEndian
	for _, c := range []struct {
		descr string
		data  []byte
		want  []float64
	}{
		{"|b1", []byte{0, 1}, []float64{0, 1}},
		{"|u1", []byte{7, 255}, []float64{7, 255}},
		{"<u2", []byte{1, 2, 255, 255}, []float64{513, 65535}},
		{">u2", []byte{1, 2, 255, 255}, []float64{258, 65535}},
		{"<u4", le.AppendUint32(le.AppendUint32(nil, 5), math.MaxUint32), []float64{5, math.MaxUint32}},
		{">u4", be.AppendUint32(be.AppendUint32(nil, 5), math.MaxUint32), []float64{5, math.MaxUint32}},
		{"<u8", le.AppendUint64(le.AppendUint64(nil, 5), 1<<63), []float64{5, 1 << 63}},
		{">u8", be.AppendUint64(be.AppendUint64(nil, 5), 1<<63), []float64{5, 1 << 63}},
		{"|i1", []byte{0x80, 127}, []float64{-128, 127}},
		{"<i2", []byte{0xfe, 0xff, 1, 0}, []float64{-2, 1}},
		{">i2", []byte{0xff, 0xfe, 0, 1}, []float64{-2, 1}},
		{">i4", []byte{0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 1}, []float64{-2, 1}},
		{"<i8", le.AppendUint64(le.AppendUint64(nil, 1<<63), 1<<53), []float64{-1 << 63, 1 << 53}},
		{"<f2", []byte{0x00, 0x3c, 0x01, 0x00}, []float64{1, math.Ldexp(1, -24)}},
		{">f2", []byte{0xfc, 0x00, 0x7b, 0xff}, []float64{math.Inf(-1), 65504}},
		{">f4", be.AppendUint32(be.AppendUint32(nil, math.Float32bits(1.5)), math.Float32bits(-3)), []float64{1.5, -3}},
		{">f8", be.AppendUint64(be.AppendUint64(nil, math.Float64bits(0.1)), math.Float64bits(-3)), []float64{0.1, -3}},
	} {
		file := plain(c.descr, "(2,)", false, c.data)
		if _, got, err := Read64(bytes.NewReader(file)); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("Read64 of %s: %v %v, want %v", c.descr, got, err, c.want)
		}
		a := open(t, file)
		got := make([]float64, 2)
		if err := ReadAll(a, got); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("ReadAll of %s: %v %v, want %v", c.descr, got, err, c.want)
		}
		if err := ReadRows(a, got, all(2)); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v %v, want %v", c.descr, got, err, c.want)
		}
		if a.Dtype.String() != c.descr {
			t.Errorf("%s is called %s", c.descr, a.Dtype)
		}
	}
}

func TestElementsThatDoNotFit(t *testing.T) {
	le := binary.LittleEndian
	i8 := func(v int64) []byte { return le.AppendUint64(make([]byte, 8), uint64(v)) }
	f8 := func(v float64) []byte { return le.AppendUint64(make([]byte, 8), math.Float64bits(v)) }
	read := func(descr string, data []byte, dst any) error {
		a := open(t, plain(descr, "(2, 1)", false, data))
		switch d := dst.(type) {
		case []float32:
			return ReadRows(a, d, all(2))
		case []float64:
			return ReadRows(a, d, all(2))
		case []int64:
			return ReadRows(a, d, all(2))
		case []int32:
			return ReadRows(a, d, all(2))
		}
		return ReadRows(a, dst.([]uint8), all(2))
	}
	for _, c := range []struct {
		descr string
		data  []byte
		dst   any
		want  string // of the error; empty: none
	}{
		{"<i8", i8(1<<53 + 1), make([]float64, 2), "element [1 0] is 9007199254740993, which float64 cannot hold"},
		{"<i8", i8(1<<53 + 2), make([]float64, 2), ""},
		{"<i8", i8(1<<24 + 1), make([]float32, 2), "element [1 0] is 16777217, which float32 cannot hold"},
		{"<i8", i8(math.MinInt64), make([]float32, 2), ""},
		{"<i8", i8(math.MaxInt64), make([]float64, 2), "cannot hold"},
		{"<u8", i8(-1), make([]int64, 2), "18446744073709551615, which int64"},
		{"<u8", i8(-1), make([]float64, 2), "cannot hold"},
		{"<i8", i8(256), make([]uint8, 2), "256, which uint8"},
		{"<i8", i8(-1), make([]uint8, 2), "-1, which uint8"},
		{"<i8", i8(1 << 31), make([]int32, 2), "2147483648, which int32"},
		{"<f8", f8(0.5), make([]int64, 2), "0.5, which int64"},
		{"<f8", f8(1e300), make([]int64, 2), "1e+300, which int64"},
		{"<f8", f8(math.NaN()), make([]int64, 2), "NaN, which int64"},
		{"<f8", f8(1 << 63), make([]int64, 2), "cannot hold"},
		{"<f8", f8(-1 << 63), make([]int64, 2), ""},
		{"<f8", f8(1e300), make([]float32, 2), "1e+300, which float32"},
		{"<f8", f8(0.1), make([]float32, 2), ""}, // rounded
		{"<f8", f8(math.Inf(1)), make([]float32, 2), ""},
		{"|b1", []byte{1, 2}, make([]float32, 2), "element [1 0] is the boolean 2"},
	} {
		err := read(c.descr, c.data, c.dst)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s to %T: error %v, want %q", c.descr, c.dst, err, c.want)
		}
	}
}

func TestRowsOfEitherOrder(t *testing.T) {
	shape, n := []int{5, 2, 3}, 30
	c, f := make([]byte, n), make([]byte, n)
	for i := range n {
		c[i] = byte(i)
		f[i/6+5*(i/3%2)+10*(i%3)] = byte(i)
	}
	idx := []int{4, 0, 1, 2, 2}
	want := make([]float32, 0, n)
	for _, r := range idx {
		for k := range 6 {
			want = append(want, float32(6*r+k))
		}
	}
	for _, a := range []*Array{open(t, plain("|u1", "(5, 2, 3)", false, c)), open(t, plain("|u1", "(5, 2, 3)", true, f))} {
		for range 2 {
			got := make([]float32, len(want))
			if err := ReadRows(a, got, idx); err != nil || !slices.Equal(got, want) {
				t.Errorf("fortran %t: %v %v, want %v", a.fortran, got, err, want)
			}
			if err := a.Hold(); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(a.Shape, shape) || a.Len() != 5 || a.Width() != 6 {
			t.Errorf("shape %v, %d rows of %d", a.Shape, a.Len(), a.Width())
		}
	}
	reversed := open(t, plain("|u1", "(3, 2, 5)", true, c)).Reversed()
	got := make([]float32, len(want))
	if err := ReadRows(reversed, got, idx); err != nil || !slices.Equal(got, want) || !slices.Equal(reversed.Shape, shape) {
		t.Errorf("reversed: shape %v, %v %v, want %v", reversed.Shape, got, err, want)
	}
}

func TestRowErrors(t *testing.T) {
	a := open(t, plain("|u1", "(2, 3)", false, make([]byte, 6)))
	for _, idx := range [][]int{{-1}, {2}, {0, 1, 2}} {
		if err := ReadRows(a, make([]float32, 9), idx); err == nil || !strings.Contains(err.Error(), "not among the 2 rows") {
			t.Errorf("rows %v: %v", idx, err)
		}
	}
	if err := ReadRows(a, make([]float32, 5), []int{0, 1}); err == nil || !strings.Contains(err.Error(), "do not fit into 5") {
		t.Errorf("short slice: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"objects", plain("|O", "(2,)", false, nil), "Python objects"},
		{"text", plain("<U7", "(2,)", false, nil), "text, is not supported"},
		{"complex", plain("<c8", "(2,)", false, nil), "complex numbers"},
		{"dates", plain("<M8[ns]", "(2,)", false, nil), "dates"},
		{"no such size", plain("<f3", "(2,)", false, nil), `"<f3" is not supported`},
		{"truncated", plain("<f4", "(2,)", false, make([]byte, 7)), "expected 8 bytes, found 7"},
		{"too long", plain("<f4", "(2,)", false, make([]byte, 9)), "1 bytes follow the array"},
		{"2^31", plain("<f4", "(2147483648, 2147483648)", false, nil), "too many elements"},
		{"bomb", plain("|u1", "(1099511627776,)", false, []byte{1}), "expected 1099511627776 bytes, found 1"},
	} {
		_, err := Open(bytes.NewReader(c.data), int64(len(c.data)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	b := plain("<f4", "(2,)", false, make([]byte, 7))
	if _, err := Open(bytes.NewReader(b), int64(len(b))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v does not match io.ErrUnexpectedEOF", err)
	}
}

// sparse is a file of which only the header is stored.
type sparse struct {
	header []byte
	reads  int
}

func (s *sparse) ReadAt(p []byte, off int64) (int, error) {
	s.reads += len(p)
	for i := range p {
		if at := off + int64(i); at < int64(len(s.header)) {
			p[i] = s.header[at]
		} else {
			p[i] = byte((at - int64(len(s.header))) / 1024)
		}
	}
	return len(p), nil
}

// An array of 16 GiB takes the memory of the rows that are read.
func TestLargerThanMemory(t *testing.T) {
	s := &sparse{header: plain("|u1", "(16777216, 1024)", false, nil)}
	a, err := Open(s, int64(len(s.header))+16<<30)
	if err != nil {
		t.Fatal(err)
	}
	s.reads = 0
	dst := make([]float32, 2*1024)
	if err := ReadRows(a, dst, []int{16777215, 5}); err != nil || dst[0] != 255 || dst[2047] != 5 {
		t.Errorf("%g %g %v", dst[0], dst[2047], err)
	}
	if s.reads != 2048 {
		t.Errorf("%d bytes read", s.reads)
	}
	if allocs := testing.AllocsPerRun(10, func() { _ = ReadRows(a, dst, []int{3, 9}) }); allocs > 4 {
		t.Errorf("%g allocations", allocs)
	}
}

func TestValues(t *testing.T) {
	a, err := Values([]int{2, 2}, []float32{1, 2, 3, 4})
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, 2)
	if err := ReadRows(a, got, []int{1}); err != nil || !slices.Equal(got, []float32{3, 4}) {
		t.Errorf("%v %v", got, err)
	}
	if _, err := Values([]int{2, 2}, make([]float32, 3)); err == nil {
		t.Error("three values are an array of four")
	}
}

// member is one file of a test archive.
type member struct {
	name   string
	data   []byte
	packed bool
}

func archive(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		h := &zip.FileHeader{Name: m.name}
		if m.packed {
			h.Method = zip.Deflate
		}
		w, err := z.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestArchive(t *testing.T) {
	x, y := plain("<f4", "(2, 1)", false, []byte{0, 0, 128, 63, 0, 0, 0, 64}), plain("|u1", "(2,)", false, []byte{3, 4})
	b := archive(t, member{"x.npy", x, false}, member{"readme.txt", nil, false}, member{"train/y.npy", y, true})
	z, err := OpenArchive(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"x", "train/y"}; !slices.Equal(z.Names(), want) {
		t.Errorf("names %q, want %q", z.Names(), want)
	}
	for name, want := range map[string][]int32{"x": {1, 2}, "train/y": {3, 4}} {
		a, err := z.Array(name)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]int32, 2)
		if err := ReadRows(a, got, all(2)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v %v, want %v", name, got, err, want)
		}
	}
	if _, err := z.Array("z"); err == nil || !strings.Contains(err.Error(), `no array "z"; the archive has "x", "train/y"`) {
		t.Errorf("unknown name: %v", err)
	}
}

func TestArchiveErrors(t *testing.T) {
	x := plain("|u1", "(1,)", false, []byte{3})
	bomb := archive(t, member{"x.npy", plain("|u1", "(33554432,)", false, make([]byte, 32<<20)), true})
	cut := archive(t, member{"x.npy", x, false})
	cut = bytes.Replace(cut, []byte("'shape': (1,)"), []byte("'shape': (9,)"), 1)
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"no zip", x, "not a zip archive"},
		{"no arrays", archive(t, member{"a.txt", x, false}), "none of its 1 members"},
		{"twice", archive(t, member{"x.npy", x, false}, member{"x.npy", x, true}), `two members are called "x.npy"`},
		{"above", archive(t, member{"../x.npy", x, false}), "no plain path"},
		{"absolute", archive(t, member{"/x.npy", x, false}), "no plain path"},
		{"backslash", archive(t, member{`a\..\x.npy`, x, false}), "no plain path"},
		{"bomb", bomb, `member "x.npy": it unpacks to more than 16 MiB`},
		{"truncated array", cut, `member "x.npy": npy: shape [9], type |u1: truncated data`},
	} {
		z, err := OpenArchive(bytes.NewReader(c.data), int64(len(c.data)))
		if err == nil {
			_, err = z.Array("x")
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// TestNumPyArrays reads arrays of each type, order and archive that NumPy writes.
func TestNumPyArrays(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import numpy").Run() != nil {
		t.Skip("python3 with numpy is not installed")
	}
	dir := t.TempDir()
	if out, err := exec.Command(python, filepath.Join("testdata", "arrays.py"), dir).CombinedOutput(); err != nil {
		t.Fatalf("arrays.py: %v\n%s", err, out)
	}
	want := make([]int64, 24)
	for i := range want {
		want[i] = int64(i)
	}
	check := func(name string, a *Array, err error) {
		t.Helper()
		got := make([]int64, 24)
		if err == nil {
			err = ReadRows(a, got, all(2))
		}
		if strings.HasPrefix(name, "b1") {
			for i := range got {
				got[i] *= want[i]
			}
			got[0] = 0
		}
		if err != nil || !slices.Equal(got, want) || !slices.Equal(a.Shape, []int{2, 3, 4}) {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.npy"))
	if len(files) != 40 {
		t.Errorf("%d files, want 40", len(files))
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		a, err := Open(bytes.NewReader(b), int64(len(b)))
		check(filepath.Base(path), a, err)
	}
	for _, name := range []string{"plain.npz", "packed.npz"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		z, err := OpenArchive(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		for _, member := range []string{"x", "y"} {
			a, err := z.Array(member)
			check(name+" "+member, a, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(plain("<f4", "(2, 1)", true, make([]byte, 8)))
	f.Add(plain(">i8", "(1, 2)", false, make([]byte, 16)))
	f.Add(plain("|b1", "(2, 2, 2)", true, make([]byte, 8)))
	f.Add(plain(">f2", "()", true, make([]byte, 2)))
	f.Fuzz(func(t *testing.T, in []byte) {
		hostile.Bounded(t, len(in), hostile.Bytes{Base: 8 << 20, Ratio: 100}, func() {
			a, err := Open(bytes.NewReader(in), int64(len(in)))
			if err != nil {
				oneLine(t, err)
				return
			}
			readEither(t, a)
		})
	})
}

func FuzzArchive(f *testing.F) {
	x := plain("<f4", "(2, 1)", true, make([]byte, 8))
	f.Add(archive(f, member{"x.npy", x, false}, member{"y.npy", x, true}))
	f.Fuzz(func(t *testing.T, in []byte) {
		hostile.Bounded(t, len(in), hostile.Bytes{Base: 256 << 20, Ratio: 1000}, func() {
			z, err := OpenArchive(bytes.NewReader(in), int64(len(in)))
			if err != nil {
				oneLine(t, err)
				return
			}
			for _, name := range z.Names() {
				a, err := z.Array(name)
				if err != nil {
					oneLine(t, err)
					continue
				}
				readEither(t, a)
			}
		})
	})
}

func oneLine(t *testing.T, err error) {
	if strings.Contains(err.Error(), "\n") {
		t.Fatalf("error of several lines: %q", err)
	}
}

// readEither reads the last rows from the file and from memory, and compares.
func readEither(t *testing.T, a *Array) {
	if a.Len() == 0 || a.Width() > 1<<16 {
		return
	}
	idx := []int{a.Len() - 1, max(a.Len()-2, 0)}
	once, twice := make([]float64, 2*a.Width()), make([]float64, 2*a.Width())
	err := ReadRows(a, once, idx)
	if err != nil {
		oneLine(t, err)
	}
	if err := a.Hold(); err != nil {
		t.Fatal(err)
	}
	again := ReadRows(a, twice, idx)
	if fmt.Sprint(err) != fmt.Sprint(again) || err == nil && fmt.Sprint(once) != fmt.Sprint(twice) {
		t.Fatalf("from the file %v %v, from memory %v %v", once, err, twice, again)
	}
}

// BenchmarkReadRows reads 128 rows of 3072 elements in an order other than the file's.
func BenchmarkReadRows(b *testing.B) {
	data := make([]byte, 8*512*3072)
	idx := make([]int, 128)
	for i := range idx {
		idx[i] = i * 37 % 512
	}
	dst := make([]float32, len(idx)*3072)
	for _, descr := range []string{"|u1", "<f4", "<f8", ">i2"} {
		b.Run(descr[1:], func(b *testing.B) {
			t, err := ParseDtype(descr)
			if err != nil {
				b.Fatal(err)
			}
			a, err := New(bytes.NewReader(data), 0, int64(len(data)), t, []int{512, 3072}, false)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(dst) * 4))
			for b.Loop() {
				if err := ReadRows(a, dst, idx); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
