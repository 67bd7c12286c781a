package imported

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/internal/npy"
	"pare/nn"
)

var update = flag.Bool("update", false, "write the refusals anew")

// TestOdd reads networks of operators with unusual attributes, made by testdata/odd.py: each has the
// outputs of ONNX Runtime, or is refused in one line. PARE_ODD names another folder of them.
func TestOdd(t *testing.T) {
	dir := "testdata/odd"
	if other := os.Getenv("PARE_ODD"); other != "" {
		dir = other
	}
	f, err := os.Open(filepath.Join(dir, "values.npz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	values, err := npy.OpenArchive(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	var refused []string
	for _, name := range values.Names() {
		name, ok := strings.CutSuffix(name, ".input")
		if !ok {
			continue
		}
		m, err := Load(filepath.Join(dir, name+".onnx"), Options{})
		if err != nil {
			line := strings.TrimPrefix(err.Error(), dir+string(filepath.Separator))
			refused = append(refused, line+"\n")
			if strings.Contains(line, "\n") || fault(err) || len(line) > 300 {
				t.Error(err)
			}
			continue
		}
		x, shape := array(t, values, name+".input")
		want, _ := array(t, values, name+".output")
		if rank := len(shape) - 1; !slices.Equal(m.Net.Input, shape[1:]) { // channels last
			x = turned(append(nn.Shape{shape[rank]}, shape[1:rank]...), x)
		}
		if d := difference(outputs(t, m.Net, x), want); d > 1e-5 {
			t.Errorf("%s: outputs differ by %.2e of the largest", name, d)
		}
	}
	if dir == "testdata/odd" {
		checkRefusals(t, filepath.Join(dir, "refused.txt"), strings.Join(refused, ""))
	}
	t.Logf("%d of %d networks refused", len(refused), len(values.Names())/2)
}

func checkRefusals(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		t.Errorf("%v: refused, which should be the lines of %s:\n%s", err, path, got)
	}
}

func array(t *testing.T, values *npy.Archive, name string) (data []float32, shape []int) {
	t.Helper()
	a, err := values.Array(name)
	if err != nil {
		t.Fatal(err)
	}
	data = make([]float32, a.Len()*a.Width())
	if err := npy.ReadAll(a, data); err != nil {
		t.Fatal(err)
	}
	return data, a.Shape
}
