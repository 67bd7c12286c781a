package imported

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/export"
	"pare/models"
	"pare/nn"
	"pare/nn/onnx"
)

// withEnd writes the file of a golden network with operators behind its output.
func withEnd(t *testing.T, opset int64, end ...onnx.Node) string {
	t.Helper()
	m, err := onnx.ReadFile("testdata/mobile.script.onnx")
	if err != nil {
		t.Fatal(err)
	}
	if opset != 0 {
		m.Opset = opset
	}
	name := m.Graph.Outputs[0].Name
	for _, n := range end {
		n.Name, n.Inputs, n.Outputs = n.Op, []string{name}, []string{name + "'"}
		m.Graph.Nodes = append(m.Graph.Nodes, n)
		name += "'"
	}
	m.Graph.Outputs[0].Name = name
	path := filepath.Join(t.TempDir(), "ended.onnx")
	if err := os.WriteFile(path, onnx.Encode(m), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFinalSoftmax: a network gives the logits in front of a Softmax over the classes, and says so;
// a Softmax over anything else is refused.
func TestFinalSoftmax(t *testing.T) {
	x, want := readNPY(t, "testdata/mobile.input.npy"), readNPY(t, "testdata/mobile.output.npy")
	axis := func(op string, axis int64) onnx.Node {
		return onnx.Node{Op: op, Attrs: []onnx.Attr{onnx.Int("axis", axis)}}
	}
	for _, end := range [][]onnx.Node{{{Op: "Softmax"}}, {axis("Softmax", 1)}, {axis("LogSoftmax", -1)},
		{{Op: "Softmax"}, {Op: "Identity"}}} {
		m, err := Load(withEnd(t, 0, end...), Options{})
		if err != nil {
			t.Error(end, err)
			continue
		}
		if d := difference(outputs(t, m.Net, x), want); d > 1e-5 {
			t.Errorf("%v: outputs differ by %.2e of the largest", end, d)
		}
		if m.Outputs != export.OutputClasses || !slices.Equal(m.Net.Notes, []string{logitsNote}) {
			t.Errorf("%v: outputs %q, notes %q", end, m.Outputs, m.Net.Notes)
		}
	}
	_, err := Load(withEnd(t, 0, axis("Softmax", 0)), Options{})
	if err == nil || !strings.Contains(err.Error(), `node "Softmax" (Softmax): the operator is not supported`) {
		t.Error(err)
	}
	m, err := Load("testdata/mobile.script.onnx", Options{})
	if err != nil || m.Outputs != "" || m.Net.Notes != nil {
		t.Error(m.Outputs, m.Net.Notes, err)
	}
}

// TestNewHead: another number of classes gives a new last layer, and only that.
func TestNewHead(t *testing.T) {
	file := withEnd(t, 0, onnx.Node{Op: "Softmax"})
	task := models.Task{Input: nn.Shape{3, 12, 12}, Classes: 7}
	build := func(seed uint64) *nn.Network {
		t.Helper()
		net, err := models.Build(&Model{File: file}, task, rand.New(rand.NewPCG(seed, 1)))
		if err != nil {
			t.Fatal(err)
		}
		return net
	}
	old, err := Load(file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	net, again, other := build(1), build(1), build(2)
	want := []string{logitsNote, file + ": the last layer classifier.3 has 4 outputs in the file and 7 here, so its parameters are new"}
	if !slices.Equal(net.Notes, want) {
		t.Errorf("notes %q", net.Notes)
	}
	for i, p := range net.Params() {
		was, head := old.Net.Params()[i], p.Node.Name == "classifier.3"
		if p.Full != was.Full || !head && !slices.Equal(p.Data(), was.Data()) {
			t.Errorf("%s is not as in the file", p.Full)
		}
		if !slices.Equal(p.Data(), again.Params()[i].Data()) || head && slices.Equal(p.Data(), other.Params()[i].Data()) {
			t.Errorf("%s does not follow from the seed", p.Full)
		}
	}
	// Without a generator there are shapes alone; the same number of classes changes nothing.
	if net, err := models.Build(&Model{File: file}, task, nil); err != nil || net.Output().Shape.Units() != 7 {
		t.Error(err)
	}
	task.Classes = 4
	if net := build(1); !slices.Equal(net.Notes, []string{logitsNote}) {
		t.Errorf("notes %q", net.Notes)
	}
	task.Input = nn.Shape{3, 14, 14}
	task.Classes = 7
	if _, err := models.Build(&Model{File: file}, task, nil); err == nil ||
		err.Error() != "onnx: "+file+": the network takes 3×12×12, the data gives images of 3×14×14; "+
			"bring images to that form (data.size, data.channels), or export the network for theirs" {
		t.Error(err)
	}
}
