package table

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRealFiles reads the files of $PARE_DATA that are there.
func TestRealFiles(t *testing.T) {
	root := os.Getenv("PARE_DATA")
	if root == "" {
		t.Skip("set PARE_DATA to a folder with real data")
	}
	for _, c := range []struct {
		path          string
		rows, columns int
		column        string
		sum           float64 // of the column
	}{
		{"student/student-mat.csv", 395, 33, "G3", 4169},
		{"compas/compas-scores-two-years.csv", 7214, 51, "two_year_recid", 3251},
		{"leukemia/golub.csv.gz", 72, 7130, "AFFX-BioB-5_at", 0},
		{"sachs/cyto_full_data.csv", 7466, 11, "PKA", 0},
		{"sachs/cyto_full_target.csv", 18, 2, "", 0},
		{"gb1/four_mutations_full_data.csv.zip", 149361, 17, "HD", 0},
	} {
		t.Run(filepath.Base(c.path), func(t *testing.T) {
			path := filepath.Join(root, c.path)
			if _, err := os.Stat(path); err != nil {
				t.Skip(err)
			}
			tab, err := Read(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if tab.Rows() != c.rows || len(tab.Names()) != c.columns {
				t.Errorf("%d rows and %d columns, want %d and %d", tab.Rows(), len(tab.Names()), c.rows, c.columns)
			}
			if c.column == "" {
				return
			}
			v, err := tab.Target(c.column)
			if err != nil {
				t.Fatal(err)
			}
			sum := 0.0
			for _, x := range v {
				sum += x
			}
			if c.sum != 0 && sum != c.sum {
				t.Errorf("sum of %s is %v, want %v", c.column, sum, c.sum)
			}
		})
	}
}
