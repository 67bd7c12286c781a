package datasets

import (
	ziparchive "archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// npyOf is a .npy file of values, which are []uint8, []int64, []float32 or []float64.
func npyOf(t testing.TB, values any, shape ...int) []byte {
	t.Helper()
	descr := map[string]string{"[]uint8": "|u1", "[]int64": "<i8", "[]float32": "<f4", "[]float64": "<f8"}[fmt.Sprintf("%T", values)]
	dims := strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", ", "), "[]")
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s,), }", descr, dims)
	header += strings.Repeat(" ", 63-(len(header)+10)%64) + "\n"
	b := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(header)))
	b, err := binary.Append(append(b, header...), binary.LittleEndian, values)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// npzOf is a .npz file of .npy files.
func npzOf(t testing.TB, members map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := ziparchive.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		f, err := w.CreateHeader(&ziparchive.FileHeader{Name: name + ".npy", Method: ziparchive.Deflate})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(members[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tensorsOf is a safetensors file with one tensor after the other.
func tensorsOf(header string, values ...[]byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), bytes.Join(values, nil)...)
}

func loadArrays(t *testing.T, files map[string][]byte, d Arrays, o Options) (*Set, error) {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		put(t, filepath.Join(dir, name), data)
	}
	for _, p := range d.Paths() {
		if *p != "" {
			*p = filepath.Join(dir, *p)
		}
	}
	return Load(t.Context(), "arrays", &d, o)
}

// TestArraysOfImages: the examples of a built-in dataset come out of an archive as they
// went in, in every layout.
func TestArraysOfImages(t *testing.T) {
	o := Options{Train: 60, Validation: 20, Test: 30, Seed: 4}
	want, err := Load(t.Context(), "glyphs", &Glyphs{Color: true, Classes: "digits"}, o)
	if err != nil {
		t.Fatal(err)
	}
	a, b := stored(want.Train), stored(want.Test)
	labels := func(s *Split) (out []int64) {
		for _, l := range s.Labels {
			out = append(out, int64(l))
		}
		return out
	}
	planes := func(s *Split) []uint8 {
		out := make([]uint8, len(s.Pixels))
		for i, v := range s.Pixels {
			n, rest := i/s.Size(), i%s.Size()
			out[n*s.Size()+rest%s.C*s.H*s.W+rest/s.C] = v
		}
		return out
	}
	npz := npzOf(t, map[string][]byte{
		"x": npyOf(t, a.Pixels, a.N, a.H, a.W, a.C), "y": npyOf(t, labels(a), a.N),
		"first":  npyOf(t, planes(a), a.N, a.C, a.H, a.W),
		"x_test": npyOf(t, b.Pixels, b.N, b.H, b.W, b.C), "y_test": npyOf(t, labels(b), b.N)})
	for _, d := range []Arrays{{File: "d.npz", XTest: "x_test", YTest: "y_test"}, {File: "d.npz", X: "first", XTest: "", Layout: "channels_first"}} {
		if d.XTest == "" {
			o = Options{Test: 0.2}
		} else {
			o = Options{}
		}
		got, err := loadArrays(t, map[string][]byte{"d.npz": npz}, d, o)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Task.Input, want.Task.Input) || got.Task.Classes != want.Task.Classes {
			t.Fatalf("%+v, want %+v", got.Task, want.Task)
		}
		if d.XTest == "" {
			continue
		}
		for p, pair := range [][2]Part{{got.Train, want.Train}, {got.Test, want.Test}} {
			gx, gy := examples(t, got, pair[0])
			wx, wy := examples(t, want, pair[1])
			if !slices.Equal(gx, wx) || !slices.Equal(gy, wy) {
				t.Errorf("part %d differs", p)
			}
		}
	}
}

// upper are the upper halves of values, bfloat16.
func upper(values []float32) (out []uint16) {
	for _, v := range values {
		out = append(out, uint16(math.Float32bits(v)>>16))
	}
	return out
}

// TestArrays: vectors, images of floating point numbers and sequences, from each kind of
// file.
func TestArrays(t *testing.T) {
	x := make([]float32, 4*6)
	for i := range x {
		x[i] = float32(i)
	}
	bytesOf := func(v any) []byte {
		b, _ := binary.Append(nil, binary.LittleEndian, v)
		return b
	}
	half := tensorsOf(`{"x":{"dtype":"BF16","shape":[4,6],"data_offsets":[0,48]},"y":{"dtype":"BF16","shape":[4],"data_offsets":[48,56]}}`,
		bytesOf(upper(x)), bytesOf(upper([]float32{1, 2, 3, 4})))
	safe := tensorsOf(`{"__metadata__":{"a":"b"},"x":{"dtype":"F32","shape":[4,2,3],"data_offsets":[0,96]},"y":{"dtype":"I64","shape":[4],"data_offsets":[96,128]}}`,
		bytesOf(x), bytesOf([]int64{0, 1, 0, 1}))
	files := func(shape ...int) map[string][]byte {
		return map[string][]byte{"x.npy": npyOf(t, x, shape...), "y.npy": npyOf(t, []float32{1, 2, 3, 4}, 4), "s.safetensors": safe, "b.safetensors": half}
	}
	npy := Arrays{X: "x.npy", Y: "y.npy", AsIs: true}
	with := func(change func(d *Arrays)) Arrays { d := npy; change(&d); return d }
	for _, c := range []struct {
		name  string
		d     Arrays
		shape []int
		input []int
		first []float32 // of the first example
	}{
		{"vectors", npy, []int{4, 6}, []int{6}, []float32{0, 1, 2, 3, 4, 5}},
		{"images", with(func(d *Arrays) { d.As = "images" }), []int{4, 2, 3}, []int{1, 2, 3}, []float32{0, 1, 2, 3, 4, 5}},
		{"planes", with(func(d *Arrays) { d.Layout = "channels_first" }), []int{4, 3, 2, 1}, []int{3, 2, 1}, []float32{0, 2, 4, 1, 3, 5}},
		{"colours", npy, []int{4, 2, 1, 3}, nil, nil},
		{"pixels", with(func(d *Arrays) { d.Layout = "channels_last" }), []int{4, 2, 1, 3}, []int{3, 2, 1}, []float32{0, 1, 2, 3, 4, 5}},
		{"series", with(func(d *Arrays) { d.As = "sequences" }), []int{4, 6}, []int{1, 6}, []float32{0, 1, 2, 3, 4, 5}},
		{"steps", with(func(d *Arrays) { d.As, d.Layout = "sequences", "channels_last" }), []int{4, 3, 2}, []int{2, 3}, []float32{0, 1, 2, 3, 4, 5}},
		{"rows", with(func(d *Arrays) { d.As, d.Layout = "sequences", "channels_first" }), []int{4, 2, 3}, []int{2, 3}, []float32{0, 3, 1, 4, 2, 5}},
		{"bfloat16", Arrays{File: "b.safetensors", AsIs: true}, nil, []int{6}, []float32{0, 1, 2, 3, 4, 5}},
		{"safetensors", Arrays{File: "s.safetensors", As: "sequences", Layout: "channels_first", AsIs: true}, []int{4, 6}, []int{2, 3}, []float32{0, 3, 1, 4, 2, 5}},
	} {
		set, err := loadArrays(t, files(c.shape...), c.d, Options{Test: 1, Seed: 2})
		if err != nil {
			if c.name != "colours" {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if c.input != nil && !slices.Equal(set.Task.Input, c.input) {
			t.Errorf("%s: shape %v, want %v", c.name, set.Task.Input, c.input)
		}
		var got []float32
		for _, p := range []Part{set.Train, set.Test} {
			v, _ := examples(t, set, p)
			got = append(got, v...)
		}
		if c.first != nil {
			found := false
			for one := range slices.Chunk(got, 6) {
				found = found || slices.Equal(one, c.first)
			}
			if !found {
				t.Errorf("%s: %v lacks %v", c.name, got, c.first)
			}
		}
	}
	d := npy
	d.AsIs = false
	set, err := loadArrays(t, files(4, 6), d, Options{Test: 1})
	if err != nil {
		t.Fatal(err)
	}
	v, _ := examples(t, set, set.Train)
	for j := range 6 {
		sum, squares := 0.0, 0.0
		for i := range 3 {
			sum += float64(v[i*6+j])
			squares += float64(v[i*6+j] * v[i*6+j])
		}
		if math.Abs(sum) > 1e-5 || math.Abs(squares-3) > 1e-5 {
			t.Errorf("column %d has sum %v and squares %v", j, sum, squares)
		}
	}
}

// TestArraysErrors: each fault is one line that says where.
func TestArraysErrors(t *testing.T) {
	x, y := npyOf(t, make([]float32, 12), 4, 3), npyOf(t, []int64{0, 1, 0, 1}, 4)
	nan := make([]float32, 12)
	nan[7] = float32(math.NaN())
	base := Arrays{X: "x.npy", Y: "y.npy"}
	for _, c := range []struct {
		name  string
		files map[string][]byte
		d     Arrays
		o     Options
		want  string
	}{
		{"no x", nil, Arrays{}, Options{}, "x is missing"},
		{"no y", nil, Arrays{X: "x.npy"}, Options{}, "y is missing"},
		{"no file", nil, base, Options{}, "x.npy, and there is no such file"},
		{"half a test", nil, Arrays{X: "x.npy", Y: "y.npy", XTest: "t.npy"}, Options{}, "y_test is missing, but there is x_test"},
		{"no test", map[string][]byte{"x.npy": x, "y.npy": y}, base, Options{}, "test is 0, and there is no x_test"},
		{"lengths", map[string][]byte{"x.npy": x, "y.npy": npyOf(t, []int64{0, 1}, 2)}, base, Options{Test: 1}, "x.npy has shape [4 3] and y.npy [2]; the first axis"},
		{"class", map[string][]byte{"x.npy": x, "y.npy": npyOf(t, []int64{0, 1, -1, 1}, 4)}, base, Options{Test: 1}, "y.npy: example 2: class -1"},
		{"2³¹ classes", map[string][]byte{"x.npy": x, "y.npy": npyOf(t, []int64{0, 1, 1 << 31, 1}, 4)}, base, Options{Test: 1}, "y.npy: example 2: class 2.147483648e+09"},
		{"fraction", map[string][]byte{"x.npy": x, "y.npy": npyOf(t, []float64{0, 1, 0.5, 1}, 4)}, Arrays{X: "x.npy", Y: "y.npy", Task: "classes"}, Options{Test: 1}, "y.npy: example 2: class 0.5"},
		{"label", map[string][]byte{"x.npy": x, "y.npy": npyOf(t, []int64{0, 1, 2, 1}, 2, 2)}, Arrays{X: "x.npy", Y: "y.npy", Task: "labels"}, Options{Test: 1}, "the first axis of both"},
		{"NaN", map[string][]byte{"x.npy": npyOf(t, nan, 4, 3), "y.npy": y}, base, Options{Test: 1, Seed: 1}, "x.npy: example 2: NaN is no finite number"},
		{"shape", map[string][]byte{"x.npy": npyOf(t, make([]float32, 24), 4, 2, 3), "y.npy": y}, base, Options{Test: 1}, "say with as whether it is an image or a sequence"},
		{"layout", map[string][]byte{"x.npy": npyOf(t, make([]float32, 4*27), 4, 3, 3, 3), "y.npy": y}, base, Options{Test: 1}, "say with layout"},
		{"cut off", map[string][]byte{"x.npy": x[:len(x)-4], "y.npy": y}, base, Options{Test: 1}, "x.npy: npy: shape [4 3], type <f4: truncated data"},
		{"huge", map[string][]byte{"x.npy": bytes.Replace(x, []byte("(4, 3,), }      "), []byte("(2147483648, 3)}"), 1), "y.npy": y}, base, Options{Test: 1}, "x.npy: npy: "},
		{"no npz", map[string][]byte{"d.npz": []byte("PK\x03\x04 junk")}, Arrays{File: "d.npz"}, Options{Test: 1}, "d.npz: "},
		{"member", map[string][]byte{"d.npz": npzOf(t, map[string][]byte{"images": x, "y": y})}, Arrays{File: "d.npz"}, Options{Test: 1}, `d.npz: there is no array "x"; it has images, y`},
		{"header", map[string][]byte{"d.safetensors": tensorsOf("{")}, Arrays{File: "d.safetensors"}, Options{Test: 1}, "d.safetensors: safetensors: header offset 1: header ends too early"},
		{"long header", map[string][]byte{"d.safetensors": binary.LittleEndian.AppendUint64(nil, 1<<62)}, Arrays{File: "d.safetensors"}, Options{Test: 1}, "no safetensors file"},
		{"offsets", map[string][]byte{"d.safetensors": tensorsOf(`{"x":{"dtype":"F32","shape":[2147483648,2147483648],"data_offsets":[0,4]}}`, make([]byte, 4))}, Arrays{File: "d.safetensors"}, Options{Test: 1}, `d.safetensors: safetensors: tensor "x": shape [2147483648 2147483648] has too many elements`},
		{"augment", map[string][]byte{"x.npy": x, "y.npy": y}, base, Options{Test: 1, Augment: Augment{Flip: true}}, "augment changes images of bytes"},
		{"names", map[string][]byte{"x.npy": x, "y.npy": y}, Arrays{X: "x.npy", Y: "y.npy", ClassNames: []string{"a"}}, Options{Test: 1}, "class_names has 1 names for 2 classes"},
	} {
		_, err := loadArrays(t, c.files, c.d, c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
