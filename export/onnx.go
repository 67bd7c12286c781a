package export

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"

	"pare/internal/atomicfile"
	"pare/nn"
	"pare/nn/onnx"
)

// Names in the graph: input [batch, C, H, W] or [batch, D, T] (preprocessed) and
// output [batch, classes] or [batch, classes, T]. Tokens are float32 too.
const (
	ONNXInput  = nn.InputName
	ONNXOutput = "logits"
)

// documentKey is the metadata entry that holds architecture.json.
const documentKey = "pare.architecture"

// WriteONNX writes the model for inference. Any batch size can be run.
// The metadata hold architecture.json, so that ReadONNX gets the same model.
// A layer without an ONNX form is an error. Nothing is written on an error
// other than w's own.
func WriteONNX(w io.Writer, m Model) error {
	file, err := encodeONNX(m)
	if err != nil {
		return fmt.Errorf("export to ONNX: %w", err)
	}
	return onnx.Write(w, file)
}

// CheckONNX reports a layer of the network that has no ONNX form.
func CheckONNX(net *nn.Network) error {
	_, err := onnxGraph(net)
	return err
}

// SaveONNX writes model.onnx into dir and creates dir if needed. If it fails, an existing
// file is unchanged.
func SaveONNX(dir string, m Model) error {
	if err := makeFolder(dir); err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	return atomicfile.Write(filepath.Join(dir, ONNXFile), func(w io.Writer) error { return WriteONNX(w, m) })
}

func encodeONNX(m Model) (*onnx.Model, error) {
	_, text, err := m.encode()
	if err != nil {
		return nil, err
	}
	graph, err := onnxGraph(m.Net)
	if err != nil {
		return nil, err
	}
	return &onnx.Model{Producer: "pare", Graph: graph, Metadata: map[string]string{documentKey: string(text)}}, nil
}

func onnxGraph(net *nn.Network) (onnx.Graph, error) {
	b := onnx.NewBuilder(cmp.Or(net.Name, "network"))
	input := b.Input(ONNXInput, batched(net.Input)...)
	values := make([]string, len(net.Nodes))
	for i, node := range net.Nodes {
		layer, ok := node.Layer.(nn.ONNXLayer)
		if !ok {
			return onnx.Graph{}, fmt.Errorf("layer %s: %s has no ONNX form", node.Name, node.Layer.Kind())
		}
		in := make([]string, len(node.Inputs))
		for k, j := range node.Inputs {
			in[k] = input
			if j >= 0 {
				in[k] = values[j]
			}
		}
		for owner, tied := net.Lookup(node.Tied); tied; owner, tied = net.Lookup(owner.Tied) {
			shared := []*nn.Param{nn.TraitsOf(owner.Layer).Table}
			if owner.Layer == node.Layer {
				shared = owner.Layer.Params()
			}
			for _, p := range shared {
				b.Share(node.Name+"."+p.Name, owner.Name+"."+p.Name)
			}
		}
		b.Scope(node.Name)
		var err error
		if values[i], err = layer.ONNX(b, node.Name, in, net.InputShapes(node)); err != nil {
			return onnx.Graph{}, fmt.Errorf("layer %s: %w", node.Name, err)
		}
	}
	// Parameters that inference does not use are kept for ReadONNX.
	for _, p := range net.Params() {
		if !b.Has(p.Full) {
			b.Initializer(p.Full, p.ExportShape(), p.Export())
		}
	}
	b.Output(ONNXOutput, values[len(values)-1], batched(net.Output().Shape)...)
	return b.Graph()
}

// batched is the shape of a value with the batch in front.
func batched(s nn.Shape) []onnx.Dim {
	dims := []onnx.Dim{onnx.Symbolic("batch")}
	for _, d := range s {
		dims = append(dims, onnx.Fixed(int64(d)))
	}
	return dims
}

// ReadONNX reads a file that WriteONNX wrote. The network is built from the
// metadata and takes its parameters from the graph's initializers; files of
// other programs, which lack the metadata, are an error.
func ReadONNX(b []byte) (Model, error) {
	m, err := decodeONNX(b)
	if err != nil {
		return Model{}, fmt.Errorf("read ONNX model: %w", err)
	}
	return m, nil
}

func decodeONNX(b []byte) (Model, error) {
	file, err := onnx.Decode(b)
	if err != nil {
		return Model{}, err
	}
	return FromONNX(file)
}

// ErrNotWritten is the error of FromONNX for a file that this package did not write.
var ErrNotWritten = fmt.Errorf("the metadata have no %s; only files that this package wrote can be read", documentKey)

// FromONNX is ReadONNX for a file that was decoded.
func FromONNX(file *onnx.Model) (Model, error) {
	if err := onnx.Check(file); err != nil {
		return Model{}, err
	}
	text, ok := file.Metadata[documentKey]
	if !ok {
		return Model{}, ErrNotWritten
	}
	_, m, err := parseModel([]byte(text))
	if err != nil {
		return Model{}, fmt.Errorf("%s: %w", documentKey, err)
	}
	tensors := map[string]weights{}
	for _, t := range file.Graph.Initializers {
		if t.Ints != nil {
			continue // indices and shapes
		}
		shape := make([]int, len(t.Dims))
		for i, d := range t.Dims {
			shape[i] = int(d)
		}
		tensors[t.Name] = weights{shape, t.Floats}
	}
	return m, importParams(m.Net, tensors)
}
