package imported

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"pare/export"
	"pare/nn"
	"pare/nn/onnx"
)

// goldens are the files of testdata/networks.py, by their path without .onnx.
func goldens(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.onnx")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d files in testdata: %v", len(files), err)
	}
	for i := range files {
		files[i] = strings.TrimSuffix(files[i], ".onnx")
	}
	return files
}

// TestGoldens compares files of PyTorch's two exporters and of others with ONNX Runtime.
func TestGoldens(t *testing.T) {
	for _, file := range goldens(t) {
		name := strings.TrimSuffix(file, filepath.Ext(file))
		x, want := readNPY(t, name+".input.npy"), readNPY(t, name+".output.npy")
		m, err := Load(file+".onnx", Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		x, want = inOrderOf(m.Net, file, x, want)
		if d := difference(outputs(t, m.Net, x), want); d > 1e-5 {
			t.Errorf("%s: outputs differ by %.2e of the largest", file, d)
		}
	}
}

// turned gives values of examples of a shape that have the channels last the order of the network,
// channels first.
func turned(s nn.Shape, v []float32) []float32 {
	out := make([]float32, len(v))
	turn(s, func(first, last int) {
		for i := 0; i < len(v); i += s.Size() {
			out[i+first] = v[i+last]
		}
	})
	return out
}

// inOrderOf gives inputs and outputs of networks that have the channels last the order of the
// network, channels first.
func inOrderOf(net *nn.Network, file string, x, y []float32) (_, _ []float32) {
	switch name, _, _ := strings.Cut(filepath.Base(file), "."); name {
	case "channels_last", "attention", "recurrent", "elman", "bidirectional", "encoder":
		return turned(net.Input, x), y
	case "language", "llama":
		return x, turned(net.Output().Shape, y)
	}
	return x, y
}

// again writes a network as ONNX and reads the graph, without the metadata.
func again(t *testing.T, net *nn.Network) *nn.Network {
	t.Helper()
	file, err := onnx.Decode(written(t, net))
	if err != nil {
		t.Fatal(err)
	}
	file.Metadata = nil
	second, err := network(file, Options{Input: net.Input})
	if err != nil {
		t.Fatalf("%s: %v", net.Name, err)
	}
	return second
}

// written is a network as an ONNX file.
func written(t *testing.T, net *nn.Network) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := export.WriteONNX(&b, export.Model{Net: net}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sameNetwork reports networks with other sizes or outputs.
func sameNetwork(t *testing.T, name string, a, b *nn.Network, x []float32) {
	t.Helper()
	if a.Count() != b.Count() {
		t.Errorf("%s: %+v, read back %+v", name, a.Count(), b.Count())
	}
	if d := difference(outputs(t, a, x), outputs(t, b, x)); d > 1e-6 {
		t.Errorf("%s: outputs differ by %.2e of the largest after export and import", name, d)
	}
}

// TestSecondImport writes the imported networks and reads them again, and again.
func TestSecondImport(t *testing.T) {
	for _, file := range goldens(t) {
		m, err := Load(file+".onnx", Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		x := readNPY(t, strings.TrimSuffix(file, filepath.Ext(file))+".input.npy")
		second := again(t, m.Net)
		sameNetwork(t, file, m.Net, second, x)
		if !bytes.Equal(written(t, second), written(t, again(t, second))) {
			t.Errorf("%s: another export differs", file)
		}
	}
}

// TestTied counts the parameters of networks whose layers share them, or only have equal ones.
func TestTied(t *testing.T) {
	for file, want := range map[string]int64{
		"shuffle.script":  4*2*9 + 4 + 8*5 + 5, // conv is called twice
		"shuffle.dynamo":  4*2*9 + 4 + 8*5 + 5,
		"llama.script":    11*16 + 2*(16*16*2+16*8*2+3*16*24+2*16) + 16, // the table is the last weight
		"llama.dynamo":    11*16 + 2*(16*16*2+16*8*2+3*16*24+2*16) + 16,
		"encoder.script":  2*(24*9+8*9+12*9+8*13+4*8) + 2*8 + 27, // equal layers
		"encoder.dynamo":  2*(24*9+8*8+12*9+8*13+4*8) + 2*8 + 27, // without two biases of 0
		"language.script": 11*8 + 7*8 + 8 + 24*8 + 8*9 + 2*12*9 + 8*13 + 16 + 11*8,
	} {
		m, err := Load("testdata/"+file+".onnx", Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		if got := m.Net.Count().Params; got != want {
			t.Errorf("%s: %d parameters, want %d", file, got, want)
		}
	}
}

// TestNames compares the names of parameters with the module's names.
func TestNames(t *testing.T) {
	for file, want := range map[string]string{
		"residual.script":   "conv1.weight bn1.weight bn1.bias bn1.running_mean bn1.running_var conv2.weight conv2.bias",
		"mobile.script":     "stem.0.weight stem.0.bias depthwise.0.weight depthwise.0.bias fc1.weight fc1.bias",
		"mobile.dynamo":     "stem.0.weight stem.0.bias depthwise.0.weight depthwise.0.bias fc1.weight fc1.bias",
		"vision.dynamo":     "conv_proj.weight conv_proj.bias",
		"convnext.script":   "stem.weight stem.bias dwconv.weight dwconv.bias norm.weight norm.bias",
		"sequence1d.script": "conv1.weight conv1.bias conv2.weight conv2.bias fc.weight fc.bias",
	} {
		m, err := Load("testdata/"+file+".onnx", Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		var names []string
		for _, p := range m.Net.Params() {
			names = append(names, p.Full)
		}
		if got := strings.Join(names, " "); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
	}
}

// TestUnfold puts BatchNorm behind convolutions in which it was folded, without a change of the
// outputs.
func TestUnfold(t *testing.T) {
	plain, err := Load("testdata/mobile.script.onnx", Options{})
	if err != nil {
		t.Fatal(err)
	}
	unfolded, err := Load("testdata/mobile.script.onnx", Options{Unfold: true})
	if err != nil {
		t.Fatal(err)
	}
	var norms []string
	for _, node := range unfolded.Net.Nodes {
		if node.Layer.Kind() == "batchnorm" {
			norms = append(norms, node.Name)
		}
	}
	if got := strings.Join(norms, " "); got != "stem.1 depthwise.1 fc1_bn fc2_bn" {
		t.Error(got)
	}
	x := readNPY(t, "testdata/mobile.input.npy")
	if d := difference(outputs(t, unfolded.Net, x), outputs(t, plain.Net, x)); d > 1e-6 {
		t.Errorf("outputs differ by %.2e of the largest", d)
	}
}
