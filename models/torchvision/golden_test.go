package torchvision

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/export/safetensors"
	"pare/models"
	"pare/nn"
)

// goldens are what testdata/goldens.py found in torchvision and timm.
type goldens struct {
	Torchvision, Timm map[string]struct {
		Params, MACs int64
		Names        string
	}
	Outputs []struct {
		Model   string
		Side    int
		Timm    bool
		Tensors map[string][]int
		Logits  []float64
	}
}

func readGoldens(t *testing.T) goldens {
	t.Helper()
	data, err := os.ReadFile("testdata/goldens.json")
	if err != nil {
		t.Fatal(err)
	}
	var g goldens
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// designer is what all models of the package are.
type designer interface {
	models.Model
	design() design
	Outputs(input nn.Shape) (int, error)
	Use(weights, names string)
	Normalization() (mean, std []float32)
}

func newModel(t testing.TB, kind string) designer {
	t.Helper()
	m, err := models.Kinds.New(kind)
	if err != nil {
		t.Fatal(err)
	}
	return m.(designer)
}

func images(side, classes int) models.Task {
	return models.Task{Input: nn.Shape{3, side, side}, Classes: classes}
}

// shapes lists the parameters of a network by their names in a library.
func shapes(net *nn.Network, library map[string]string) map[string][]int {
	theirs := map[string]string{}
	for name, ours := range library {
		theirs[ours] = name
	}
	out := map[string][]int{}
	for _, p := range net.Params() {
		layer, shape := p.Node.Name, p.ExportShape()
		if name, ok := theirs[layer]; ok {
			layer = name
		}
		if len(shape) == 2 && strings.HasPrefix(layer, "pre_logits.fc1") { // convolutions in timm
			shape = []int{shape[0], 512, 7, 7}
		} else if len(shape) == 2 && (strings.HasPrefix(layer, "pre_logits.") || layer == "conv_head") {
			shape = append(shape, 1, 1)
		}
		out[layer+"."+p.Name] = shape
	}
	return out
}

func digest(shapes map[string][]int) string {
	var lines []string
	for name, shape := range shapes {
		lines = append(lines, fmt.Sprintf("%s [%s]\n", name, strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", ", "), "[]")))
	}
	slices.Sort(lines)
	return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(lines, ""))))
}

// TestSizes: parameters, multiply-accumulates, names and shapes are torchvision's and timm's.
func TestSizes(t *testing.T) {
	g := readGoldens(t)
	for _, kind := range slices.Sorted(maps.Keys(g.Torchvision)) {
		target, err := newModel(t, kind).design().target(images(224, 1000))
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		count, want := nn.Counts{}, g.Torchvision[kind]
		for _, node := range target.Net.Nodes { // Count would make the values to look for zeros
			for _, p := range node.Layer.Params() {
				if p.Trainable() {
					count.Params += int64(p.Size())
				}
			}
			if l, ok := node.Layer.(nn.Coster); ok {
				count.MACs += l.MACs(target.Net.InputShapes(node))
			}
		}
		if count.Params != want.Params || count.MACs != want.MACs {
			t.Errorf("%s: %d parameters and %d multiply-accumulates, torchvision has %d and %d",
				kind, count.Params, count.MACs, want.Params, want.MACs)
		}
		if digest(shapes(target.Net, nil)) != want.Names {
			t.Errorf("%s: names or shapes of parameters are not torchvision's", kind)
		}
		timm, ok := g.Timm[kind]
		if !ok {
			continue
		}
		names := map[string]string{}
		if len(target.Formats) > 0 && !strings.HasPrefix(kind, "densenet") { // whose format is an earlier one of torchvision
			names = target.Formats[0].Layers
		}
		if digest(shapes(target.Net, names)) != timm.Names || timm.Params != count.Params {
			t.Errorf("%s: names or shapes of parameters are not timm's", kind)
		}
	}
}

// value is value of goldens.py.
func value(name string, shape []int) []float32 {
	n := nn.Shape(shape).Size()
	u := uniform(name, n)
	out := make([]float32, n)
	for i, v := range u {
		switch {
		case len(shape) > 1:
			v = (2*v - 1) * math.Sqrt(6/float64(n/shape[0]))
		case strings.HasSuffix(name, ".running_var") || strings.HasSuffix(name, ".weight"):
			v = 0.5 + v
		default:
			v = 0.2 * (2*v - 1)
		}
		out[i] = float32(v)
	}
	return out
}

// uniform is uniform of goldens.py.
func uniform(name string, n int) []float64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	out := make([]float64, n)
	for i := range out {
		z := h.Sum64() + uint64(i+1)*0x9e3779b97f4a7c15
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		out[i] = float64((z^z>>31)>>11) * 0x1p-53
	}
	return out
}

// logits are the outputs for the images of goldens.py.
func logits(t *testing.T, net *nn.Network) []float32 {
	t.Helper()
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: 2})
	if err != nil {
		t.Fatal(err)
	}
	c, size := net.Input[0], net.Input.Size()
	pixels := size / c
	for i, u := range uniform("input", 2*size) {
		example, channel, pixel := i/size, i%size/pixels, i%pixels
		p.X[example*size+pixel*c+channel] = float32(2*u - 1)
	}
	p.Run()
	return slices.Clone(p.Output())
}

// TestOutputs: the networks compute what PyTorch computes in float64, with files under the
// names of torchvision and of timm.
func TestOutputs(t *testing.T) {
	for _, c := range readGoldens(t).Outputs {
		name := c.Model
		var m designer
		if name == "narrow vgg" {
			vgg := newModel(t, "vgg11_bn").(*VGG)
			vgg.Width, vgg.Pool, vgg.Hidden = 0.125, 2, 24
			m = vgg
		} else {
			m = newModel(t, name)
		}
		var net *nn.Network
		var err error
		if c.Timm {
			name += " of timm"
			m.Use(writeFile(t, c.Tensors), "")
			net, err = models.Build(m, images(c.Side, 10), rand.New(rand.NewPCG(1, 1)))
		} else if net, err = models.Build(m, images(c.Side, 10), nil); err == nil {
			for _, p := range net.Params() {
				if err := p.Import(p.ExportShape(), value(p.Full, p.ExportShape())); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		largest, worst := 0.0, 0.0
		for i, v := range logits(t, net) {
			largest = max(largest, math.Abs(c.Logits[i]))
			worst = max(worst, math.Abs(float64(v)-c.Logits[i]))
		}
		if worst > 1e-5*largest {
			t.Errorf("%s: a logit is wrong by %.3g of the largest", name, worst/largest)
		}
	}
}

// writeFile writes a file with the tensors of value.
func writeFile(t *testing.T, tensors map[string][]int) string {
	t.Helper()
	var f safetensors.File
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		f.Tensors = append(f.Tensors, safetensors.Tensor{Name: name, Shape: tensors[name], Data: value(name, tensors[name])})
	}
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	w, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := safetensors.Write(w, f); err != nil {
		t.Fatal(err)
	}
	return path
}
