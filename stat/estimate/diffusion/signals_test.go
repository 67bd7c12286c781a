package diffusion

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pare/stat/estimate"
)

// TestSignalsOfTwoFiles: rows and nodes that one file has no numbers for are left out of both.
func TestSignalsOfTwoFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	x := file("x.csv", "a,b,c\n1,7,3\n2,7,1\n,7,5\n4,7,4\n5,7,9\n")
	y := file("y.csv", "c,a,b\n1,10,100\n,20,200\n3,30,300\n4,40,400\n5,50,500\n")
	s, err := readSignals(estimate.Source{Path: x, Complete: true, DropConstant: true}, y)
	if err != nil {
		t.Fatal(err)
	}
	if !s.sameNodes || s.byPosition || !slices.Equal(s.nodes, []string{"a", "c"}) || !slices.Equal(s.inputs, s.nodes) {
		t.Errorf("%+v", s)
	}
	if !slices.Equal(s.x.X, []float64{1, 3, 4, 4, 5, 9}) || !slices.Equal(s.y.X, []float64{10, 1, 40, 4, 50, 5}) {
		t.Errorf("inputs %v, outputs %v", s.x.X, s.y.X)
	}
	z := file("z.csv", "a,b\n1,7\n1,8\n1,9\n1,5\n1,6\n")
	if _, err := readSignals(estimate.Source{Path: x, Columns: []string{"a", "b"}, DropConstant: true, Complete: true}, z); err == nil {
		t.Error("two files without a common column that varies were taken")
	}
}
