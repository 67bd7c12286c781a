package imported

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"pare/internal/npy"
	"pare/nn"
)

// outputs runs a network on examples in ONNX's order, channels first, and returns its outputs in
// the same order.
func outputs(t *testing.T, net *nn.Network, x []float32) []float32 {
	t.Helper()
	size := net.Input.Size()
	n := len(x) / size
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: n})
	if err != nil {
		t.Fatal(err)
	}
	turn(net.Input, func(first, last int) {
		for i := range n {
			p.X[i*size+last] = x[i*size+first]
		}
	})
	p.ResetState()
	p.Run()
	shape := net.Output().Shape
	y := make([]float32, n*shape.Size())
	turn(shape, func(first, last int) {
		for i := range n {
			y[i*shape.Size()+first] = p.Output()[i*shape.Size()+last]
		}
	})
	return y
}

// turn calls f with the places of every value channels first and channels last.
func turn(s nn.Shape, f func(first, last int)) {
	c, p := s.Units(), s.Positions()
	for i := range s.Size() {
		f(i, i%p*c+i/p)
	}
}

// difference is the largest one relative to the largest value.
func difference(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	worst, largest := 0.0, 0.0
	for i := range a {
		d := math.Abs(float64(a[i]) - float64(b[i]))
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		worst, largest = max(worst, d), max(largest, math.Abs(float64(b[i])))
	}
	return worst / largest
}

func readNPY(t *testing.T, path string) []float32 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, data, err := npy.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestZoo compares the networks of a folder with PyTorch: NAME.input.npy and NAME.logits.npy are inputs
// and outputs for the files NAME.KIND.onnx. PARE_ZOO names the folder, PARE_ZOO_NAMES a pattern of
// files.
func TestZoo(t *testing.T) {
	dir := os.Getenv("PARE_ZOO")
	if dir == "" {
		t.Skip("PARE_ZOO names no folder")
	}
	pattern := os.Getenv("PARE_ZOO_NAMES")
	if pattern == "" {
		pattern = "*.onnx"
	}
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, path := range files {
		name, kind, _ := strings.Cut(strings.TrimSuffix(filepath.Base(path), ".onnx"), ".")
		start := time.Now()
		m, err := Load(path, Options{})
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		took := time.Since(start)
		x, want := readNPY(t, filepath.Join(dir, name+".input.npy")), readNPY(t, filepath.Join(dir, name+".logits.npy"))
		got := outputs(t, m.Net, x)
		c := m.Net.Count()
		d := difference(got, want)
		var mem runtime.MemStats
		runtime.ReadMemStats(&mem)
		fmt.Printf("| %s | %s | %d | %d | %d | %.2f s | %d MB | %.1e |\n",
			name, kind, len(m.Net.Nodes), c.Params, c.MACs, took.Seconds(), mem.HeapSys>>20, d)
		if d > 1e-5 {
			t.Errorf("%s: outputs differ by %.2e of the largest", path, d)
		}
		m.Net = nil
	}
}
