package imported

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	_ "pare/layers"
	"pare/nn"
)

// row is a network of a projection and one layer, of two projections where the layer has two
// inputs.
type row struct {
	kind, args string
	input      nn.Shape
	inputs     int
}

var image, sequence, vector = nn.Shape{4, 8, 6}, nn.Shape{6, 5}, nn.Shape{6}

// everyLayer has all kinds of layers but those that exceptions names.
var everyLayer = []row{
	{"adaptiveavgpool", `{"out": [4, 3]}`, image, 1},
	{"add", `{}`, image, 2},
	{"add", `{"bias": true}`, sequence, 1},
	{"attention", `{"heads": 2}`, sequence, 1},
	{"attention", `{"heads": 1, "causal": true, "scale": 0.3}`, sequence, 1},
	{"attention", `{"heads": 2, "qk": [1, 0], "v": [2, 2], "scale": 0.5}`, sequence, 1},
	{"avgpool", `{"kernel": 3, "stride": 2, "pad": 1}`, image, 1},
	{"avgpool", `{"kernel": [2, 3], "pad": [0, 1], "exclude_pad": true}`, image, 1},
	{"avgpool", `{"kernel": 3, "stride": 2, "ceil": true, "pad": 1}`, image, 1},
	{"avgpool1d", `{"kernel": 2}`, sequence, 1},
	{"batchnorm", `{"eps": 0.001}`, image, 1},
	{"batchnorm", `{}`, vector, 1},
	{"classtoken", `{}`, sequence, 1},
	{"clip", `{"min": -0.5, "max": 1}`, image, 1},
	{"clip", `{"max": 0.5}`, vector, 1},
	{"concat", `{}`, image, 2},
	{"concat", `{}`, sequence, 2},
	{"conv", `{"out": 5, "kernel": [3, 1], "stride": [2, 1], "pad": [1, 0, 2, 0]}`, image, 1},
	{"conv", `{"out": 6, "kernel": 3, "groups": 2, "dilation": 2, "pad": 2, "no_bias": true}`, image, 1},
	{"conv1d", `{"out": 5, "kernel": 3, "pad": [1, 0]}`, sequence, 1},
	{"convtranspose", `{"out": 6, "kernel": 3, "stride": 2, "pad": 1, "output_pad": 1, "groups": 2}`, image, 1},
	{"depthwise", `{"multiplier": 2, "pad": 1}`, image, 1},
	{"dropout", `{}`, vector, 1},
	{"elu", `{}`, image, 1},
	{"fatrelu", `{"threshold": 0.2}`, image, 1},
	{"first", `{}`, sequence, 1},
	{"flatten", `{}`, image, 1},
	{"flatten", `{}`, sequence, 1},
	{"gate", `{}`, sequence, 1},
	{"gate", `{"per_channel": true}`, image, 1},
	{"gelu", `{}`, sequence, 1},
	{"gelu_tanh", `{}`, image, 1},
	{"globalpool", `{}`, image, 1},
	{"globalpool", `{"keep_dims": true}`, image, 1},
	{"globalpool", `{}`, sequence, 1},
	{"groupnorm", `{"groups": 2}`, image, 1},
	{"gru", `{"hidden": 3}`, sequence, 1},
	{"hardsigmoid", `{}`, image, 1},
	{"hardswish", `{}`, image, 1},
	{"instancenorm", `{}`, image, 1},
	{"last", `{}`, sequence, 1},
	{"layernorm", `{}`, sequence, 1},
	{"layernorm", `{"eps": 1e-6}`, image, 1},
	{"layernorm", `{}`, vector, 1},
	{"leaky_relu", `{}`, image, 1},
	{"leaky_relu", `{"slope": 0.2}`, image, 1},
	{"linear", `{"out": 3}`, sequence, 1},
	{"linear", `{"out": 3, "no_bias": true}`, vector, 1},
	{"lstm", `{"hidden": 3}`, sequence, 1},
	{"maxpool", `{"kernel": 3, "stride": 2, "pad": 1, "ceil": true}`, image, 1},
	{"maxpool", `{"kernel": 2, "dilation": 2}`, image, 1},
	{"maxpool1d", `{"kernel": 2, "ceil": true}`, sequence, 1},
	{"mish", `{}`, image, 1},
	{"mul", `{}`, sequence, 2},
	{"pixelshuffle", `{"factor": 2}`, image, 1},
	{"position", `{}`, sequence, 1},
	{"prelu", `{}`, image, 1},
	{"prelu", `{"per_channel": true}`, image, 1},
	{"relu", `{}`, image, 1},
	{"relu6", `{}`, image, 1},
	{"rescale", `{"scale": [1, 2, 3, 4, 5, 6], "shift": [0, 1, 0, 1, 0, 1]}`, vector, 1},
	{"rmsnorm", `{}`, sequence, 1},
	{"rmsnorm", `{"eps": 1e-6}`, vector, 1},
	{"rnn", `{"hidden": 3}`, sequence, 1},
	{"rnn", `{"hidden": 3, "nonlinearity": "relu"}`, sequence, 1},
	{"rotary", `{"heads": 1, "dim": 4}`, sequence, 1},
	{"rotary", `{"heads": 1, "dim": 6, "base": 500000}`, sequence, 1},
	{"rotary", `{"heads": 1, "dim": 6, "base": 12345}`, sequence, 1},
	{"rotary", `{"heads": 2, "dim": 8, "pairs": [1, 5, 1, 5]}`, sequence, 1},
	{"select", `{"index": [0, 2, 3]}`, image, 1},
	{"select", `{"index": [3, 0, 5]}`, sequence, 1},
	{"sigmoid", `{}`, vector, 1},
	{"silu", `{}`, image, 1},
	{"softplus", `{}`, image, 1},
	{"repeat", `{"from": [2, 0, 0, 3]}`, image, 1},
	{"repeat", `{"from": [4, 4, 1]}`, sequence, 1},
	{"reverse", `{}`, sequence, 1},
	{"tanh", `{}`, image, 1},
	{"tokens", `{}`, image, 1},
	{"upsample", `{"scale": 2}`, image, 1},
	{"upsample", `{"scale": [2, 3], "mode": "bilinear"}`, image, 1},
	{"upsample", `{"scale": 2, "mode": "bilinear", "align_corners": true}`, image, 1},
}

// exceptions are tested elsewhere, or are constant: the graph of a constant does not depend on
// the input.
var exceptions = []string{"constant", "embedding", "embed"}

func (r row) network(t *testing.T) *nn.Network {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	net, err := nn.New(r.kind, r.input, rng)
	if err != nil {
		t.Fatal(err)
	}
	add := func(name, kind, args string, in ...string) string {
		l, err := nn.NewLayer(kind, json.RawMessage(args))
		if err == nil {
			err = net.Add(name, l, in...)
		}
		if err != nil {
			t.Fatalf("%s %s: %v", kind, args, err)
		}
		return name
	}
	projection, args := "linear", `{"out": 6}`
	if len(r.input) == 3 {
		projection, args = "conv", `{"out": 4, "kernel": 1}`
	}
	in := []string{add("a", projection, args, nn.InputName), add("b", projection, args, nn.InputName)}[:r.inputs]
	if r.inputs == 1 { // b has a reader too
		in = []string{add("sum", "add", `{}`, "a", "b")}
	}
	add("layer", r.kind, r.args, in...)
	for _, p := range net.Params() {
		for i := range p.Data() {
			if v := &p.Data()[i]; p.Name == "running_var" {
				*v = rng.Float32() + 0.5
			} else if *v == 0 || *v == 1 || p.Role != nn.RoleWeight {
				*v = float32(rng.NormFloat64())
			}
		}
	}
	return net
}

// TestEveryLayer writes networks of all layers as ONNX and reads the graph, without the metadata.
func TestEveryLayer(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var seen []string
	for _, r := range everyLayer {
		seen = append(seen, r.kind)
		t.Run(r.kind+r.args, func(t *testing.T) {
			net := r.network(t)
			x := make([]float32, 2*net.Input.Size())
			for i := range x {
				x[i] = float32(rng.NormFloat64())
			}
			sameNetwork(t, r.kind+r.args, net, again(t, net), x)
		})
	}
	for _, kind := range nn.Layers.Names() {
		if !slices.Contains(seen, kind) && !slices.Contains(exceptions, kind) {
			t.Errorf("layer %s is not tested", kind)
		}
	}
}

// TestPrunedLayers reads the graphs of networks that lost units.
func TestPrunedLayers(t *testing.T) {
	for _, r := range []row{
		{"add", `{"index": [[0, 2, 3, 5]], "units": 7, "bias": true}`, image, 1},
		{"layernorm", `{"width": 9}`, sequence, 1}, {"layernorm", `{"width": 9, "from": [0, -1, 2, 5]}`, sequence, 1},
		{"rmsnorm", `{"width": 9, "from": [0, 2, 5]}`, sequence, 1}, {"rmsnorm", `{"width": 9, "eps": 1e-6}`, image, 1},
		{"position", `{"index": [0, 2, 3, 4, 6, 7], "units": 8}`, sequence, 1}, {"flatten", `{"index": [0, 5, 100]}`, image, 1},
	} {
		t.Run(r.kind+r.args, func(t *testing.T) {
			net := r.network(t)
			x := make([]float32, 2*net.Input.Size())
			for i := range x {
				x[i] = float32(i%7) - 3
			}
			sameNetwork(t, r.kind+r.args, net, again(t, net), x)
		})
	}
}
