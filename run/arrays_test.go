package run

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/datasets"
)

// archiveOf writes images as .npz, as numpy.savez does.
func archiveOf(t *testing.T, path string, train, test *datasets.Split) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := zip.NewWriter(f)
	add := func(name, descr, shape string, values any) {
		header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, shape)
		header += strings.Repeat(" ", 63-(len(header)+10)%64) + "\n"
		b := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(header)))
		b, err := binary.Append(append(b, header...), binary.LittleEndian, values)
		if err != nil {
			t.Fatal(err)
		}
		m, err := w.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Store})
		if err == nil {
			_, err = m.Write(b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for suffix, s := range map[string]*datasets.Split{"": train, "_test": test} {
		add("x"+suffix, "|u1", fmt.Sprintf("%d, %d, %d", s.N, s.H, s.W), s.Pixels)
		add("y"+suffix, "<i4", fmt.Sprintf("%d,", s.N), s.Labels)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestArraysTrainTheSame: images of a built-in dataset give the same trained bytes from an
// archive.
func TestArraysTrainTheSame(t *testing.T) {
	const rest = `
model: {type: mlp, hidden: [24, 16]}
train: {epochs: 2, batch: 32, optimizer: {type: adam, lr: 0.005}}
`
	direct := parse(t, "name: test\ndata: {dataset: glyphs, classes: digits, train: 320, validation: 1, test: 200, augment: {crop: 1}}"+rest)
	d, err := LoadData(t.Context(), direct, nil)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "glyphs.npz")
	archiveOf(t, path, d.Set.Images(), d.Set.Test.(*datasets.Images).Split())
	arrays := parse(t, "name: test\ndata: {dataset: arrays, x_test: x_test, y_test: y_test, augment: {crop: 1}}"+rest, "data.file="+path)
	var weights [2][]byte
	for i, r := range []result{finish(t, direct), finish(t, arrays)} {
		if weights[i], err = os.ReadFile(r.folder.path("model.safetensors")); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(weights[0], weights[1]) {
		t.Error("the trained bytes differ")
	}
}
