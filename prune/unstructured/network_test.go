package unstructured

import (
	"context"
	"encoding/json"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"pare/datasets"
	"pare/layers"
	"pare/nn"
)

// golden is testdata/masks.json, which masks.py writes.
type golden struct {
	Weights map[string][]float32
	Cases   []struct {
		Scope, Pattern string
		Share          float64
		Masks          map[string][]int
	}
	ERK []struct {
		Name      string
		Share     float64
		Shapes    map[string][]int
		Densities map[string]float64
	}
}

func readGolden(t *testing.T) (g golden) {
	t.Helper()
	text, err := os.ReadFile("testdata/masks.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

type layer struct {
	name  string
	layer nn.Layer
}

func build(t *testing.T, input nn.Shape, list ...layer) *nn.Network {
	t.Helper()
	net, err := nn.New("test", input, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		if err := net.Add(l.name, l.layer); err != nil {
			t.Fatal(err)
		}
	}
	return net
}

// small is the network of masks.py, of 6×6 images of 3 channels.
func small(t *testing.T) *nn.Network {
	relu, err := nn.Layers.New("relu")
	if err != nil {
		t.Fatal(err)
	}
	return build(t, nn.Shape{3, 6, 6}, layer{"conv1", &layers.Conv{Out: 6, Kernel: layers.Square(3)}}, layer{"bn", &layers.BatchNorm{}}, layer{"relu", relu},
		layer{"conv2", &layers.Conv{Out: 8, Kernel: layers.Square(3)}}, layer{"flat", &layers.Flatten{}}, layer{"fc", &layers.Linear{Out: 10}})
}

// load gives the network the weights of the golden file.
func (g golden) load(t *testing.T, net *nn.Network) {
	t.Helper()
	for _, p := range net.Params() {
		if p.Role == nn.RoleWeight {
			if err := p.Import(p.ExportShape(), g.Weights[p.Node.Name]); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// images are a source of random images with random classes.
type images struct{ n, batch, size, classes int }

func (d images) BatchSize() int { return d.batch }
func (d images) Batches() int   { return d.n / d.batch }

func (d images) Epoch(_ context.Context, epoch uint64, first int) iter.Seq2[datasets.Batch, error] {
	return func(yield func(datasets.Batch, error) bool) {
		for b := first; b < d.Batches(); b++ {
			rng := rand.New(rand.NewPCG(epoch, uint64(b)))
			x := datasets.Batch{N: d.batch}
			for range d.batch {
				x.Y = append(x.Y, float32(rng.IntN(d.classes)))
				for range d.size {
					x.X = append(x.X, float32(rng.NormFloat64()))
				}
			}
			if !yield(x, nil) {
				return
			}
		}
	}
}

// zeros counts the weights of a network that are 0, and all of them.
func zeros(t *testing.T, net *nn.Network) (zero, all int64) {
	t.Helper()
	c, err := Layers{}.Count(net)
	if err != nil {
		t.Fatal(err)
	}
	return c.Weights - c.NonZero, c.Weights
}

// bits are the values of all parameters.
func bits(net *nn.Network) (out []uint32) {
	for _, p := range net.Params() {
		for _, v := range p.Data() {
			out = append(out, math.Float32bits(v))
		}
	}
	return out
}

// least lists the places of the n values of least score by sorting.
func least(scores []float32, n int) []int {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case scores[a] < scores[b]:
			return -1
		case scores[a] > scores[b]:
			return 1
		}
		return 0
	})
	order = order[:n]
	slices.Sort(order)
	return order
}
