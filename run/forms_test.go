package run

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"

	"pare/datasets"
)

// example is an image with its class and its name among those of the class.
type example struct {
	class  int
	name   string
	pixels []uint8
	png    []byte
}

// glyphExamples are n images of digits, 28×28 grey, ordered by class, then by name.
func glyphExamples(t *testing.T, n int, seed uint64) []example {
	t.Helper()
	set, err := datasets.Load(t.Context(), "glyphs", &datasets.Glyphs{Classes: "digits"}, datasets.Options{Train: datasets.Amount(n), Validation: 1, Test: 1, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	s := set.Images()
	var out []example
	for i, class := range s.Labels {
		e := example{class: int(class), name: fmt.Sprintf("%04d", i), pixels: s.Pixels[i*s.Size():][:s.Size()]}
		var b bytes.Buffer
		if err := png.Encode(&b, &image.Gray{Pix: e.pixels, Stride: s.W, Rect: image.Rect(0, 0, s.W, s.H)}); err != nil {
			t.Fatal(err)
		}
		e.png = b.Bytes()
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b example) int { return cmp.Or(a.class-b.class, cmp.Compare(a.name, b.name)) })
	return out
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// writeIDX writes the two files of MNIST for a part.
func writeIDX(t *testing.T, dir, part string, examples []example) {
	head := func(values ...uint32) (b []byte) {
		for _, v := range values {
			b = binary.BigEndian.AppendUint32(b, v)
		}
		return b
	}
	images, labels := head(0x803, uint32(len(examples)), 28, 28), head(0x801, uint32(len(examples)))
	for _, e := range examples {
		images, labels = append(images, e.pixels...), append(labels, byte(e.class))
	}
	write(t, filepath.Join(dir, part+"-images-idx3-ubyte"), images)
	write(t, filepath.Join(dir, part+"-labels-idx1-ubyte"), labels)
}

// parquetRow is the layout of Hugging Face.
type parquetRow struct {
	Image struct {
		Bytes []byte `parquet:"bytes"`
		Path  string `parquet:"path"`
	} `parquet:"image"`
	Label int64 `parquet:"label"`
}

func writeParquet(t *testing.T, path string, examples []example) {
	rows := make([]parquetRow, len(examples))
	for i, e := range examples {
		rows[i].Image.Bytes, rows[i].Image.Path, rows[i].Label = e.png, e.name+".png", int64(e.class)
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[parquetRow](&b, parquet.KeyValueMetadata("huggingface",
		`{"info": {"features": {"image": {"_type": "Image"}, "label": {"names": ["0","1","2","3","4","5","6","7","8","9"], "_type": "ClassLabel"}}}}`))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, path, b.Bytes())
}

func writeTar(t *testing.T, path string, examples []example) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range examples {
		for _, f := range []struct {
			ending string
			data   []byte
		}{{"png", e.png}, {"cls", fmt.Append(nil, e.class)}} {
			if err := w.WriteHeader(&tar.Header{Name: fmt.Sprintf("%d/%s.%s", e.class, e.name, f.ending), Mode: 0o644, Size: int64(len(f.data))}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(f.data); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, path, b.Bytes())
}

// writeNPZ writes the arrays x, y, x_test and y_test.
func writeNPZ(t *testing.T, path string, parts map[string][]example) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	member := func(name, shape string, data []byte) {
		header := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': %s, }\n", shape)
		f, err := w.Create(name + ".npy")
		if err == nil {
			_, err = f.Write(slices.Concat([]byte("\x93NUMPY\x01\x00"), []byte{byte(len(header)), 0}, []byte(header), data))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for part, ending := range map[string]string{"train": "", "test": "_test"} {
		var x, y []byte
		for _, e := range parts[part] {
			x, y = append(x, e.pixels...), append(y, byte(e.class))
		}
		member("x"+ending, fmt.Sprintf("(%d, 28, 28)", len(y)), x)
		member("y"+ending, fmt.Sprintf("(%d,)", len(y)), y)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, path, b.Bytes())
}

// TestFormsAreOne: the same images as idx, PNG, npz, Parquet and WebDataset give the same
// pixels and the same network. All but idx also hold out the same validation examples; idx
// divides as earlier versions did, without regard to classes.
func TestFormsAreOne(t *testing.T) {
	dir := t.TempDir()
	parts := map[string][]example{}
	for part, n := range map[string]int{"train": 300, "test": 100} {
		examples := glyphExamples(t, n, uint64(n))
		parts[part] = examples
		writeIDX(t, filepath.Join(dir, "idx"), map[string]string{"train": "train", "test": "t10k"}[part], examples)
		for _, e := range examples {
			write(t, filepath.Join(dir, "png", part, fmt.Sprint(e.class), e.name+".png"), e.png)
		}
		writeTar(t, filepath.Join(dir, part+".tar"), examples)
		if part == "train" { // two shards
			writeParquet(t, filepath.Join(dir, "train-00000.parquet"), examples[:170])
			writeParquet(t, filepath.Join(dir, "train-00001.parquet"), examples[170:])
		} else {
			writeParquet(t, filepath.Join(dir, "test.parquet"), examples)
		}
	}
	writeNPZ(t, filepath.Join(dir, "glyphs.npz"), parts)
	forms := []string{
		"dataset: mnist, dir: idx",
		"dataset: images, dir: png, channels: grey",
		"dataset: images, dir: png, channels: grey, cache: png.cache",
		"dataset: arrays, file: glyphs.npz, x_test: x_test, y_test: y_test",
		"dataset: parquet, files: 'train-*', test_files: test.parquet, channels: grey",
		"dataset: webdataset, files: train.tar, test_files: test.tar, channels: grey",
	}
	compareForms(t, dir, forms, "")
	compareForms(t, dir, forms[1:], ", validation: 0.1")
}

// compareForms trains on each data section with the keys added, and expects the pixels and
// the weights of the first.
func compareForms(t *testing.T, dir string, forms []string, added string) {
	t.Helper()
	var pixels []uint8
	var weights string
	for _, data := range forms {
		file := filepath.Join(dir, "test.yaml")
		write(t, file, []byte("name: test\ndata: {"+data+added+
			", augment: {crop: 1}}\ntrain: {epochs: 2, batch: 32, optimizer: {type: adam, lr: 0.005}}\n"+perceptron))
		c := parseFile(t, file)
		r := finish(t, c)
		d, err := LoadData(t.Context(), c, nil)
		if err != nil {
			t.Fatal(err)
		}
		set := d.Set
		if pixels == nil {
			pixels, weights = set.Images().Pixels, r.weights(t)
		}
		if !slices.Equal(set.Images().Pixels, pixels) {
			t.Errorf("%s%s: other pixels", data, added)
		}
		if r.weights(t) != weights {
			t.Errorf("%s%s: another network", data, added)
		}
	}
}
