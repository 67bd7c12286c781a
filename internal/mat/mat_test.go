package mat

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/internal/hostile"
	"pare/internal/npy"
)

var le = binary.LittleEndian

// head is the header of a file.
func head(order binary.ByteOrder) []byte {
	b := bytes.Repeat([]byte{' '}, headerBytes)
	copy(b, "MATLAB 5.0 MAT-file")
	copy(b[126:], "IM")
	if order == binary.BigEndian {
		copy(b[126:], "MI")
	}
	order.PutUint16(b[124:], 0x0100)
	return b
}

// element is a tag with its content, padded.
func element(order binary.ByteOrder, kind uint32, content []byte) []byte {
	b := make([]byte, 8, 16+len(content))
	order.PutUint32(b, kind)
	order.PutUint32(b[4:], uint32(len(content)))
	b = append(b, content...)
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	return b
}

// matrix is an array of values of a stored type.
func matrix(order binary.ByteOrder, class uint32, name string, shape []int, kind uint32, values []byte) []byte {
	flags := make([]byte, 8)
	order.PutUint32(flags, class)
	dims := make([]byte, 4*len(shape))
	for i, d := range shape {
		order.PutUint32(dims[4*i:], uint32(d))
	}
	return element(order, miMatrix, slices.Concat(element(order, miUint32, flags), element(order, miInt32, dims),
		element(order, miInt8, []byte(name)), element(order, kind, values)))
}

func packed(data []byte) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write(data)
	_ = z.Close()
	out := make([]byte, 8, 8+b.Len())
	le.PutUint32(out, miCompressed)
	le.PutUint32(out[4:], uint32(b.Len()))
	return append(out, b.Bytes()...)
}

func read(b []byte, name string) (*npy.Array, []float64, error) {
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, nil, err
	}
	a, err := f.Array(name)
	if err != nil {
		return nil, nil, err
	}
	idx := make([]int, a.Len())
	for i := range idx {
		idx[i] = i
	}
	dst := make([]float64, a.Len()*a.Width())
	return a, dst, npy.ReadRows(a, dst, idx)
}

func TestArrays(t *testing.T) {
	values := []byte{1, 4, 2, 5, 3, 6}
	want := []float64{1, 2, 3, 4, 5, 6}
	be := binary.BigEndian
	for name, b := range map[string][]byte{
		"plain": append(head(le), matrix(le, 9, "x", []int{2, 3}, 2, values)...),
		"packed": slices.Concat(head(le), packed(matrix(le, 9, "y", []int{1, 1}, 2, values[:1])),
			packed(matrix(le, 9, "x", []int{2, 3}, 2, values))),
		"narrow":     append(head(le), matrix(le, 6, "x", []int{2, 3}, 2, values)...), // doubles stored as uint8
		"big endian": append(head(be), matrix(be, 11, "x", []int{2, 3}, 4, []byte{0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6})...),
	} {
		a, got, err := read(b, "x")
		if err != nil || !slices.Equal(got, want) || !slices.Equal(a.Shape, []int{2, 3}) {
			t.Errorf("%s: %v %v, want %v", name, got, err, want)
		}
	}
}

func TestErrors(t *testing.T) {
	x := matrix(le, 9, "x", []int{2, 1}, 2, []byte{1, 2})
	hdf5 := head(le)
	copy(hdf5, "MATLAB 7.3 MAT-file")
	le.PutUint16(hdf5[124:], 0x0200)
	bomb := packed(matrix(le, 9, "x", []int{32 << 20, 1}, 2, make([]byte, 32<<20)))
	lie := packed(matrix(le, 9, "x", []int{math.MaxInt32, 1}, 2, []byte{1}))
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "expected a header of 128 bytes, found 0"},
		{"other", bytes.Repeat([]byte{'x'}, 200), `bytes 126 and 127 are "xx"`},
		{"MATLAB 4", make([]byte, 200), "one of MATLAB 4 is not supported"},
		{"HDF5", hdf5, "MATLAB 7.3 file, which is HDF5, is not supported: write it with save(…, '-v7')"},
		{"no x", append(head(le), matrix(le, 9, "y", []int{1, 1}, 2, []byte{1})...), `no array "x"; the file has "y"`},
		{"twice", slices.Concat(head(le), x, x), `a second array is called "x"`},
		{"short tag", append(head(le), 14, 0, 0), "truncated tag at byte 128: expected 8 bytes, found 3"},
		{"short array", append(head(le), x[:len(x)-9]...), "truncated array at byte 128"},
		{"type", append(head(le), element(le, 77, nil)...), "element of type 77"},
		{"cell", append(head(le), matrix(le, 1, "x", []int{1, 1}, 2, []byte{1})...), `array "x": class cell is not supported`},
		{"complex", append(head(le), matrix(le, 6|0x0800, "x", []int{1, 1}, 9, make([]byte, 8))...), "class complex double"},
		{"negative", append(head(le), matrix(le, 9, "x", []int{-1, 1}, 2, nil)...), "dimension 0 is -1"},
		{"2^31", append(head(le), matrix(le, 9, "x", []int{math.MaxInt32, math.MaxInt32, math.MaxInt32}, 2, nil)...), "too many elements"},
		{"fewer values", append(head(le), matrix(le, 9, "x", []int{2, 2}, 2, []byte{1, 2, 3})...), "shape [2 2] of |u1 needs 4 bytes, found 3"},
		{"no numbers", append(head(le), matrix(le, 9, "x", []int{1, 1}, 8, []byte{1})...), "values of type 8"},
		{"bomb", append(head(le), bomb...), "it unpacks to more than 16 MiB"},
		{"packed lie", append(head(le), lie...), "shape [2147483647 1] of |u1 needs 2147483647 bytes, found 1"},
		{"no zlib", append(head(le), element(le, miCompressed, []byte("12345678"))...), "array at byte 128: not a zlib stream"},
	} {
		_, _, err := read(c.data, "x")
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// TestSciPy reads a file that SciPy wrote, in the committed form and, where SciPy is
// installed, as it writes it now.
func TestSciPy(t *testing.T) {
	check := func(path string) {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		var names []string
		for _, a := range f.Arrays() {
			names = append(names, a.Name+" "+a.Class)
		}
		if want := []string{"X uint8", "y uint8", "doubles double", "i64 int64", "text char", "cells cell"}; !slices.Equal(names, want) {
			t.Errorf("%s: arrays %q, want %q", path, names, want)
		}
		a, err := f.Array("X")
		if err != nil || !slices.Equal(a.Shape, []int{4, 4, 3, 5}) {
			t.Fatalf("%s: %v %v", path, a, err)
		}
		dst := make([]uint8, 48)
		if err := npy.ReadRows(a.Reversed(), dst, []int{3}); err != nil {
			t.Fatal(err)
		}
		for c := range 3 {
			for w := range 4 {
				for h := range 4 {
					if got, want := dst[(c*4+w)*4+h], uint8(h*60+w*15+c*5+3); got != want {
						t.Errorf("%s: X(%d, %d, %d, 3) is %d, want %d", path, h, w, c, got, want)
					}
				}
			}
		}
		for name, want := range map[string][]float64{"y": {1, 2, 3, 4, 10}, "doubles": {0.5, 1, 2, -1e300}, "i64": {-1 << 40}} {
			if _, got, err := read(b, name); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: %s is %v %v, want %v", path, name, got, err, want)
			}
		}
	}
	check(filepath.Join("testdata", "scipy.mat"))
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import scipy.io").Run() != nil {
		t.Skip("python3 with SciPy is not installed")
	}
	dir := t.TempDir()
	if out, err := exec.Command(python, filepath.Join("testdata", "write.py"), dir).CombinedOutput(); err != nil {
		t.Fatalf("write.py: %v\n%s", err, out)
	}
	check(filepath.Join(dir, "scipy.mat"))
	check(filepath.Join(dir, "plain.mat"))
}

func FuzzOpen(f *testing.F) {
	x := matrix(le, 9, "x", []int{2, 3}, 2, []byte{1, 4, 2, 5, 3, 6})
	f.Add(append(head(le), x...))
	f.Add(slices.Concat(head(le), packed(x)))
	f.Add(append(head(binary.BigEndian), matrix(binary.BigEndian, 6, "y", []int{1, 1}, 9, make([]byte, 8))...))
	if b, err := os.ReadFile(filepath.Join("testdata", "scipy.mat")); err == nil {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		hostile.Bounded(t, len(in), hostile.Bytes{Base: 256 << 20, Ratio: 1000}, func() {
			file, err := Open(bytes.NewReader(in), int64(len(in)))
			if err != nil {
				if strings.Contains(err.Error(), "\n") {
					t.Fatalf("error of several lines: %q", err)
				}
				return
			}
			for _, info := range file.Arrays() {
				a, err := file.Array(info.Name)
				if err != nil || a.Len() == 0 || a.Width() > 1<<16 {
					continue
				}
				// Its bytes are known to be there.
				err = npy.ReadRows(a, make([]float32, a.Width()), []int{a.Len() - 1})
				if errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatal(err)
				}
			}
		})
	})
}
