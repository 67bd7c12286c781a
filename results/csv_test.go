package results

import (
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func sweepSet(t testing.TB) *Set {
	t.Helper()
	dense, runs := sweepRuns(t)
	s, err := Read(sources(slices.Concat(dense, runs)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// results.csv has a row for each run and a column for each key that varies, and no other.
func TestCSV(t *testing.T) {
	s := sweepSet(t)
	var b strings.Builder
	if err := s.CSV(&b); err != nil {
		t.Fatal(err)
	}
	table, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	if err != nil || len(table) != 46 {
		t.Fatalf("%d lines, %v", len(table), err)
	}
	for _, key := range []string{"penalties.0.lambda", "prune.budget.macs", "target.macs", "model.hidden", "ancestor",
		"accuracy_final", "latency_ms"} {
		if !slices.Contains(table[0], key) {
			t.Errorf("no column %s in %q", key, table[0])
		}
	}
	for _, key := range []string{"data.train", "train.optimizer.name", "threads", "model.run"} {
		if slices.Contains(table[0], key) {
			t.Errorf("a column %s, which does not vary", key)
		}
	}
	if sorted := slices.Sorted(slices.Values(table[0])); len(slices.Compact(sorted)) != len(table[0]) {
		t.Errorf("columns repeat: %q", table[0])
	}
}

// pandas reads results.csv with numbers as numbers: scripts/check_results.py.
func TestPandas(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	if err := exec.Command(python, "-c", "import pandas").Run(); err != nil {
		t.Skip("python3 has no pandas")
	}
	s := sweepSet(t)
	file := filepath.Join(t.TempDir(), CSVFile)
	w, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CSV(w); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(python, filepath.Join("..", "scripts", "check_results.py"), file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
