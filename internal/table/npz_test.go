package table

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/internal/npy"
)

func writeNPZ(t *testing.T, arrays map[string][]int) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range []string{"age", "x", "cube"} {
		shape, ok := arrays[name]
		if !ok {
			continue
		}
		n := 1
		for _, d := range shape {
			n *= d
		}
		data := make([]float32, n)
		for i := range data {
			data[i] = float32(i)
		}
		w, err := z.Create(name + ".npy")
		if err == nil {
			err = npy.Write(w, shape, data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "d.npz")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadNPZ(t *testing.T) {
	got, err := Read(writeNPZ(t, map[string][]int{"age": {3}, "x": {3, 2}}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Names(), []string{"age", "x1", "x2"}) || got.Rows() != 3 {
		t.Errorf("%d rows of %q", got.Rows(), got.Names())
	}
	if c, err := got.Column("x2"); err != nil || !slices.Equal(c.Numbers, []float64{1, 3, 5}) {
		t.Errorf("%v %v", c, err)
	}
	if got, err = Read(writeNPZ(t, map[string][]int{"age": {3}, "x": {3, 2}}), Options{Columns: []string{"x1"}}); err != nil || len(got.Names()) != 1 {
		t.Errorf("%v", err)
	}
	for _, c := range []struct {
		arrays map[string][]int
		o      Options
		want   string
	}{
		{map[string][]int{"age": {3}, "x": {2, 2}}, Options{}, "d.npz: column x1 has 2 rows, column age 3"},
		{map[string][]int{"cube": {2, 2, 2}}, Options{}, "d.npz: array cube: its shape is [2 2 2]; a table has vectors and matrices"},
		{map[string][]int{"age": {3}}, Options{NoHeader: true}, "are options of text, and this is an archive of arrays"},
	} {
		if _, err := Read(writeNPZ(t, c.arrays), c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}
