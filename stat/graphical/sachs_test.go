package graphical

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// sachs reads the flow cytometry data of Sachs et al. (2005), logarithms of n cells × 11
// proteins, and the consensus edges, from the folder that PARE_SACHS names.
func sachs(t *testing.T) (x []float64, n int, names []string, consensus map[[2]int]bool) {
	t.Helper()
	folder := os.Getenv("PARE_SACHS")
	if folder == "" {
		t.Skip("PARE_SACHS does not name the folder of the data")
	}
	read := func(name string) [][]string {
		f, err := os.Open(filepath.Join(folder, name))
		if err != nil {
			t.Skip(err)
		}
		defer f.Close()
		rows, err := csv.NewReader(f).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	rows := read("cyto_full_data.csv")
	names = rows[0]
	column := map[string]int{}
	for j, name := range names {
		column[name] = j
	}
	for _, row := range rows[1:] {
		for _, cell := range row {
			v, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				t.Fatal(err)
			}
			x = append(x, math.Log(v))
		}
	}
	consensus = map[[2]int]bool{}
	for _, row := range read("cyto_full_target.csv")[1:] {
		i, j := column[row[0]], column[row[1]]
		consensus[[2]int{min(i, j), max(i, j)}] = true
	}
	return x, len(rows) - 1, names, consensus
}

func TestSachs(t *testing.T) {
	x, n, names, consensus := sachs(t)
	p := len(names)
	c, err := FromData(x, n, p)
	if err != nil {
		t.Fatal(err)
	}
	path, err := FitPath(c.Correlation(), Penalty{}, PathOptions{Ratio: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	chance := float64(len(consensus)) / float64(p*(p-1)/2)
	best, area, before := 0.0, 0.0, 0.0
	for _, net := range path.Networks {
		if err := net.Err(); err != nil {
			t.Fatal(err)
		}
		hits := 0
		for _, e := range net.Edges {
			if consensus[[2]int{e.I, e.J}] {
				hits++
			}
		}
		if len(net.Edges) == 0 {
			continue
		}
		precision := float64(hits) / float64(len(net.Edges))
		recall := float64(hits) / float64(len(consensus))
		t.Logf("λ %.4f: %2d edges, precision %.2f, recall %.2f", net.Lambda, len(net.Edges), precision, recall)
		best = max(best, 2*precision*recall/(precision+recall))
		area += precision * (recall - before)
		before = recall
	}
	t.Logf("%d cells, %d consensus edges of %d pairs: best F1 %.2f, area under precision and recall %.2f, "+
		"chance %.2f", n, len(consensus), p*(p-1)/2, best, area, chance)
	if area < 1.3*chance {
		t.Errorf("area under precision and recall %.2f is not well above chance, %.2f", area, chance)
	}
}
