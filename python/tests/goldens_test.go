// Package tests makes and checks the values that the tests of the Python package compare with:
// outputs of networks, and their parameters after steps of an optimizer.
//
//	go test ./python/tests -update    # writes data/*.json and data/pruned anew
package tests

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/export"
	"pare/layers"
	"pare/models"
	"pare/nn"
	"pare/prune"
	"pare/train"
)

var update = flag.Bool("update", false, "write the goldens anew")

// tolerance is the largest difference from a stored value, relative to the largest of its
// tensor.
const tolerance = 1e-5

// tensor is a tensor in PyTorch's order.
type tensor struct {
	Shape []int     `json:"shape"`
	Data  []float32 `json:"data"`
}

// golden is a network with its values.
type golden struct {
	Name         string            `json:"name"`
	Architecture json.RawMessage   `json:"architecture"` // the text of architecture.json
	Params       map[string]tensor `json:"params"`
	Input        tensor            `json:"input"`
	Output       tensor            `json:"output"`
	// Targets are classes, and Steps the parameters after stepCount steps of each optimizer;
	// of goldens of training.
	Targets []float32                    `json:"targets,omitempty"`
	Steps   map[string]map[string]tensor `json:"steps,omitempty"`
}

// l is a layer that reads the named ones; without names, the layer before.
func l(kind, args string, inputs ...string) nn.LayerRow {
	return nn.LayerRow{Kind: kind, Args: json.RawMessage(args), Inputs: inputs}
}

// tied is l for a layer that shares the parameters of the named one.
func tied(kind, to, args string, inputs ...string) nn.LayerRow {
	row := l(kind, args, inputs...)
	row.Tied = to
	return row
}

// a and b are two different values of the shape of the input.
var a, b = l("gate", `{"per_channel":true}`, "input"), l("gate", `{"per_channel":true}`, "input")

type layerCase struct {
	name  string
	input nn.Shape
	vocab int
	rows  []nn.LayerRow // called l1, l2, …
}

func layerCases() []layerCase {
	image, vector, sequence := nn.Shape{4, 6, 5}, nn.Shape{6}, nn.Shape{6, 5}
	one := func(name string, input nn.Shape, kind, args string) layerCase {
		return layerCase{name, input, 0, []nn.LayerRow{l(kind, args, "input")}}
	}
	cases := []layerCase{
		one("conv", image, "conv", `{"out":6,"kernel":3,"stride":2,"pad":1}`),
		one("conv groups", image, "conv", `{"out":6,"kernel":2,"groups":2,"no_bias":true}`),
		one("depthwise", image, "depthwise", `{"kernel":3,"multiplier":2,"pad":1}`),
		one("maxpool", image, "maxpool", `{"kernel":3,"stride":2,"pad":1,"ceil":true}`),
		one("avgpool", image, "avgpool", `{"kernel":3,"stride":2,"pad":1,"ceil":true}`),
		one("avgpool exclude_pad", image, "avgpool", `{"kernel":2,"pad":1,"exclude_pad":true}`),
		one("globalpool", image, "globalpool", `{}`),
		one("batchnorm", image, "batchnorm", `{"eps":0.001,"momentum":0.3}`),
		one("batchnorm vector", vector, "batchnorm", `{}`),
		one("layernorm", sequence, "layernorm", `{"eps":0.001}`),
		one("layernorm vector", vector, "layernorm", `{}`),
		one("layernorm pruned", sequence, "layernorm", `{"width":9,"from":[0,-1,2,3,-1]}`),
		one("linear", vector, "linear", `{"out":4}`),
		one("linear image", image, "linear", `{"out":3}`),
		one("repeat", image, "repeat", `{"from":[2,0,0,3]}`),
		one("reverse", sequence, "reverse", `{}`),
		one("rotary", sequence, "rotary", `{"heads":1,"dim":4,"base":100}`),
		one("rotary pruned", sequence, "rotary", `{"heads":2,"dim":6,"pairs":[1,3,1,3]}`),
		one("linear sequence", sequence, "linear", `{"out":4,"no_bias":true}`),
		one("attention", nn.Shape{24, 5}, "attention", `{"heads":2,"causal":true}`),
		one("attention pruned", nn.Shape{11, 5}, "attention", `{"heads":3,"qk":[2,0,1],"v":[2,1,2],"scale":0.5}`),
		one("rnn", sequence, "rnn", `{"hidden":4,"nonlinearity":"relu"}`),
		one("lstm", sequence, "lstm", `{"hidden":4}`),
		one("gru", sequence, "gru", `{"hidden":4}`),
		one("last", sequence, "last", `{}`),
		one("position", sequence, "position", `{}`),
		one("position pruned", sequence, "position", `{"index":[0,1,3,4,6,7],"units":8}`),
		one("flatten", image, "flatten", `{}`),
		one("flatten index", image, "flatten", `{"index":[0,7,30,31,90]}`),
		one("select", image, "select", `{"index":[0,2,3]}`),
		one("gate", image, "gate", `{}`),
		one("gate per_channel", image, "gate", `{"per_channel":true}`),
		one("constant", image, "constant", `{"shape":[3,2,2]}`),
		one("rescale", vector, "rescale", `{"scale":[1,2,0.5,-1,3,1e-7],"shift":[0,1,-1,2,0.25,0]}`),
		one("embed", vector, "embed", `{"dim":2,"columns":[[1,2],[3,4,5]],"dims":[1,2]}`),
		one("dropout", vector, "dropout", `{"p":0.25}`),
		one("fatrelu", image, "fatrelu", `{"threshold":0.5}`),
		{"embedding", nn.Shape{1, 5}, 7, []nn.LayerRow{l("embedding", `{"vocab":7,"out":3}`, "input")}},
		{"add", image, 0, []nn.LayerRow{a, b, l("add", `{}`, "l1", "l2")}},
		{"add pruned", image, 0, []nn.LayerRow{a, l("select", `{"index":[1,2]}`, "input"),
			l("add", `{"index":[[0,2,3,5],[1,2]],"units":6,"bias":true}`, "l1", "l2")}},
		{"concat", image, 0, []nn.LayerRow{a, b, l("concat", `{}`, "l1", "l2")}},
		{"mul", image, 0, []nn.LayerRow{a, b, l("mul", `{}`, "l1", "l2")}},
	}
	cases = append(cases,
		one("conv uneven", image, "conv", `{"out":3,"kernel":[2,3],"stride":[1,2],"pad":[0,1,1,2],"dilation":[2,1]}`),
		one("depthwise dilation", image, "depthwise", `{"kernel":3,"pad":[2,1],"dilation":[2,1]}`),
		one("maxpool uneven", image, "maxpool", `{"kernel":3,"stride":2,"pad":[0,1,1,1],"ceil":true}`),
		one("maxpool dilation", image, "maxpool", `{"kernel":2,"stride":1,"dilation":2}`),
		one("avgpool uneven", image, "avgpool", `{"kernel":[2,3],"stride":2,"pad":[1,0,0,1]}`),
		one("avgpool uneven exclude_pad", image, "avgpool", `{"kernel":[2,3],"stride":2,"pad":[1,0,0,1],"exclude_pad":true}`),
		one("globalpool keep_dims", image, "globalpool", `{"keep_dims":true}`),
		one("adaptiveavgpool", image, "adaptiveavgpool", `{"out":[4,3]}`),
		one("convtranspose", image, "convtranspose", `{"out":6,"kernel":3,"stride":2,"pad":1,"output_pad":1,"groups":2}`),
		one("convtranspose uneven", image, "convtranspose", `{"out":2,"kernel":[3,2],"pad":[1,0,0,1],"dilation":[1,2]}`),
		one("upsample", image, "upsample", `{"scale":2}`),
		one("upsample size", image, "upsample", `{"size":[9,5],"mode":"nearest"}`),
		one("upsample bilinear", image, "upsample", `{"size":[9,11],"mode":"bilinear"}`),
		one("upsample align_corners", image, "upsample", `{"scale":[2,3],"mode":"bilinear","align_corners":true}`),
		one("pixelshuffle", image, "pixelshuffle", `{"factor":2}`),
		one("conv1d", sequence, "conv1d", `{"out":4,"kernel":2,"stride":2,"pad":[0,1],"groups":2}`),
		one("maxpool1d", sequence, "maxpool1d", `{"kernel":2,"stride":2,"ceil":true}`),
		one("avgpool1d", sequence, "avgpool1d", `{"kernel":3,"stride":1,"pad":1}`),
		one("leaky_relu slope", image, "leaky_relu", `{"slope":0.2}`),
		one("clip", image, "clip", `{"min":-0.5,"max":0.75}`),
		one("prelu", image, "prelu", `{}`),
		one("prelu per_channel", image, "prelu", `{"per_channel":true}`),
		one("layernorm image", image, "layernorm", `{}`),
		one("rmsnorm", sequence, "rmsnorm", `{}`),
		one("rmsnorm pruned", image, "rmsnorm", `{"width":6,"from":[0,2,3],"eps":0.01}`),
		one("groupnorm", image, "groupnorm", `{"groups":2}`),
		one("groupnorm pruned", image, "groupnorm", `{"groups":2,"width":4,"places":[1,2,4,7],"outputs":[0,1,4,5,7]}`),
		one("instancenorm", image, "instancenorm", `{}`),
		one("select shuffle", image, "select", `{"index":[2,0,3,1]}`),
		one("first", sequence, "first", `{}`),
		one("tokens", image, "tokens", `{}`),
		one("classtoken", sequence, "classtoken", `{}`),
		layerCase{"embedding std", nn.Shape{1, 5}, 7, []nn.LayerRow{l("embedding", `{"vocab":7,"out":3,"std":0.5}`, "input")}},
		layerCase{"linear tied to an embedding", nn.Shape{1, 5}, 7, []nn.LayerRow{l("embedding", `{"vocab":7,"out":3}`, "input"),
			tied("linear", "l1", `{}`), tied("linear", "l1", `{"no_bias":true}`, "l1"), l("add", `{}`, "l2", "l3")}},
		layerCase{"layers tied", sequence, 0, []nn.LayerRow{l("linear", `{"out":6}`, "input"), l("tanh", `{}`), tied("linear", "l1", `{}`),
			tied("linear", "l3", `{}`)}},
		layerCase{"gru in both directions", sequence, 0, []nn.LayerRow{l("gru", `{"hidden":4}`, "input"), l("reverse", `{}`, "input"),
			l("gru", `{"hidden":3}`), l("reverse", `{}`), l("concat", `{}`, "l1", "l4")}},
		layerCase{"gru tied in both directions", sequence, 0, []nn.LayerRow{l("gru", `{"hidden":4}`, "input"), l("reverse", `{}`, "input"),
			tied("gru", "l1", `{}`), l("reverse", `{}`), l("concat", `{}`, "l1", "l4")}},
		layerCase{"mul channels", image, 0, []nn.LayerRow{l("globalpool", `{}`, "input"), l("mul", `{}`, "input", "l1")}},
		layerCase{"mul channels first", image, 0, []nn.LayerRow{l("globalpool", `{"keep_dims":true}`, "input"),
			l("mul", `{}`, "l1", "input")}},
	)
	for _, kind := range []string{"relu", "leaky_relu", "relu6", "sigmoid", "hardsigmoid", "tanh", "gelu", "gelu_tanh", "silu",
		"hardswish", "mish", "elu", "softplus"} {
		cases = append(cases, one(kind, image, kind, `{}`))
	}
	return cases
}

func (c layerCase) network(t *testing.T) *nn.Network {
	t.Helper()
	arch := nn.Architecture{Format: nn.ArchitectureFormat, Name: c.name, Input: c.input, Vocabulary: c.vocab}
	for i, row := range c.rows {
		row.Name = fmt.Sprintf("l%d", i+1)
		if row.Inputs == nil {
			row.Inputs = []string{fmt.Sprintf("l%d", i)}
		}
		arch.Layers = append(arch.Layers, row)
	}
	net, err := arch.Network(rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	return net
}

// randomise gives all parameters values that are 0 or 1 nowhere by themselves; variances are
// positive.
func randomise(net *nn.Network, rng *rand.Rand) {
	for _, p := range net.Params() {
		for i := range p.Data() {
			v := rng.NormFloat64() / 2
			if p.Name == "running_var" {
				v = 0.5 + rng.Float64()
			}
			p.Data()[i] = float32(math.Round(v*100) / 100)
		}
	}
}

// turn changes between the batched layout, channels last, and PyTorch's.
func turn(x []float32, s nn.Shape, toPyTorch bool) []float32 {
	out := make([]float32, len(x))
	for i := range x {
		example, at := i/s.Size(), i%s.Size()
		j := example*s.Size() + at%s.Units()*s.Positions() + at/s.Units()
		if toPyTorch {
			out[j] = x[i]
		} else {
			out[i] = x[j]
		}
	}
	return out
}

func compiled(t *testing.T, net *nn.Network, o nn.CompileOptions) *nn.Program {
	t.Helper()
	p, err := nn.Compile(net, o)
	if err != nil {
		t.Fatalf("%s: %v", net.Name, err)
	}
	return p
}

// forward computes the network on a batch in PyTorch's order.
func forward(t *testing.T, net *nn.Network, x tensor) tensor {
	t.Helper()
	p := compiled(t, net, nn.CompileOptions{Mode: nn.Infer, Batch: x.Shape[0]})
	copy(p.X, turn(x.Data, net.Input, false))
	p.Run()
	out := net.Output().Shape
	return tensor{append([]int{x.Shape[0]}, out...), turn(p.Output(), out, true)}
}

func params(net *nn.Network) map[string]tensor {
	out := map[string]tensor{}
	for _, p := range net.Params() {
		out[p.Full] = tensor{p.ExportShape(), p.Export()}
	}
	return out
}

func inputs(net *nn.Network, batch int, rng *rand.Rand) tensor {
	x := tensor{append([]int{batch}, net.Input...), make([]float32, batch*net.Input.Size())}
	for i := range x.Data {
		x.Data[i] = float32(math.Round(rng.NormFloat64()*100) / 100)
		if net.Vocabulary > 0 {
			x.Data[i] = float32(rng.IntN(net.Vocabulary))
		}
	}
	return x
}

// document is the text of architecture.json.
func document(t *testing.T, net *nn.Network) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := export.Save(dir, export.Model{Net: net}); err != nil {
		t.Fatal(err)
	}
	text, err := export.ReadArchitecture(filepath.Join(dir, export.ArchitectureFile))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func values(t *testing.T, net *nn.Network, batch int, rng *rand.Rand) golden {
	t.Helper()
	g := golden{Name: net.Name, Architecture: document(t, net), Params: params(net), Input: inputs(net, batch, rng)}
	g.Output = forward(t, net, g.Input)
	return g
}

// TestLayers: every kind of layer computes the values that its Python class must compute.
func TestLayers(t *testing.T) {
	missing, made := nn.Layers.Names(), []golden{}
	for i, c := range layerCases() {
		rng := rand.New(rand.NewPCG(uint64(i), 5))
		net := c.network(t)
		randomise(net, rng)
		made = append(made, values(t, net, 3, rng))
		for _, node := range net.Nodes {
			missing = slices.DeleteFunc(missing, func(kind string) bool { return kind == node.Layer.Kind() })
		}
	}
	if len(missing) > 0 {
		t.Errorf("layers without a case here and perhaps without a class in python/src/pare/layers: %v", missing)
	}
	check(t, "layers.json", made)
}

const stepCount = 3

var optimizers = map[string]train.OptimizerSpec{
	"sgd":  &train.SGD{LR: 0.1, Momentum: 0.9, Decay: train.Decay{WeightDecay: 0.01, DecayAll: true}},
	"adam": train.NewAdam(0.01),
}

// TestSteps: steps of optimizers, which torch.optim must make of the same network. No layer has
// a parameter whose gradient is 0 but for rounding, such as a bias before a normalisation: Adam
// would step by its sign.
func TestSteps(t *testing.T) {
	cases := []layerCase{
		{"convolutions with batchnorm", nn.Shape{2, 6, 6}, 0, []nn.LayerRow{
			l("conv", `{"out":5,"kernel":3,"pad":1,"no_bias":true}`, "input"), l("batchnorm", `{}`), l("gate", `{"per_channel":true}`),
			l("relu", `{}`), l("depthwise", `{"kernel":3,"pad":1,"no_bias":true}`), l("batchnorm", `{}`), l("add", `{}`, "l4", "l6"), l("relu", `{}`),
			l("maxpool", `{"kernel":2}`), l("flatten", `{}`), l("linear", `{"out":3}`)}},
		{"attention with layernorm", nn.Shape{1, 4}, 5, []nn.LayerRow{
			l("embedding", `{"vocab":5,"out":6}`, "input"), l("position", `{}`), l("layernorm", `{}`), l("linear", `{"out":18,"no_bias":true}`),
			l("attention", `{"heads":2}`), l("add", `{}`, "l2", "l5"), l("last", `{}`), l("linear", `{"out":3}`)}},
		{"lstm", nn.Shape{3, 4}, 0, []nn.LayerRow{l("lstm", `{"hidden":4}`, "input"), l("last", `{}`), l("linear", `{"out":3}`)}},
		{"tied embedding", nn.Shape{1, 4}, 3, []nn.LayerRow{
			l("embedding", `{"vocab":3,"out":4}`, "input"), l("position", `{}`), l("linear", `{"out":12,"no_bias":true}`),
			l("attention", `{"heads":2}`), l("add", `{}`, "l2", "l4"), l("last", `{}`), tied("linear", "l1", `{"no_bias":true}`)}},
		{"tied layers", nn.Shape{6}, 0, []nn.LayerRow{l("linear", `{"out":6}`, "input"), l("tanh", `{}`), tied("linear", "l1", `{}`),
			l("linear", `{"out":3}`)}},
	}
	for _, kind := range []string{"rnn", "lstm", "gru"} {
		cases = append(cases, layerCase{kind + " in both directions", nn.Shape{3, 4}, 0, []nn.LayerRow{
			l(kind, `{"hidden":4}`, "input"), l("reverse", `{}`, "input"), l(kind, `{"hidden":3}`), l("last", `{}`, "l1"), l("last", `{}`, "l3"),
			l("concat", `{}`, "l4", "l5"), l("linear", `{"out":3}`)}})
	}
	cases = append(cases, layerCase{"gru tied in both directions", nn.Shape{3, 4}, 0, []nn.LayerRow{
		l("gru", `{"hidden":4}`, "input"), l("reverse", `{}`, "input"), tied("gru", "l1", `{}`), l("last", `{}`, "l1"), l("last", `{}`, "l3"),
		l("concat", `{}`, "l4", "l5"), l("linear", `{"out":3}`)}})
	var made []golden
	for i, c := range cases {
		rng := rand.New(rand.NewPCG(uint64(i), 6))
		net := c.network(t)
		randomise(net, rng)
		g := values(t, net, 8, rng)
		g.Steps = map[string]map[string]tensor{}
		for range g.Input.Shape[0] {
			g.Targets = append(g.Targets, float32(rng.IntN(3)))
		}
		for name, spec := range optimizers {
			trained, err := net.Clone()
			if err != nil {
				t.Fatal(err)
			}
			p := compiled(t, trained, nn.CompileOptions{Mode: nn.Train, Batch: len(g.Targets), Loss: layers.CrossEntropy{}})
			o, err := train.NewOptimizer(spec, train.Setup{Params: trained.Params(), Grad: p.Grad})
			if err != nil {
				t.Fatal(err)
			}
			copy(p.X, turn(g.Input.Data, net.Input, false))
			copy(p.Target, g.Targets)
			for range stepCount {
				p.ResetState()
				p.Run()
				o.Step(spec.Rate(), 1)
			}
			g.Steps[name] = params(trained)
		}
		made = append(made, g)
	}
	check(t, "steps.json", made)
}

// TestPruned: a folder of a pruned network, with all that a document can hold.
func TestPruned(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	resnet := &models.ResNet{Depth: 8, Width: 6, Gates: models.ResNetGates{Residual: true, Skip: true, PerChannel: true}}
	net, err := models.Build(resnet, models.Task{Input: nn.Shape{2, 8, 8}, Classes: 3}, rng)
	if err != nil {
		t.Fatal(err)
	}
	randomise(net, rng)
	for _, p := range net.Params() {
		if p.Role == nn.RoleGate {
			for i := range p.Data() {
				if rng.IntN(2) == 0 {
					p.Data()[i] = 0
				}
			}
		}
	}
	small, _, err := prune.Prune(net, prune.Options{})
	if err != nil {
		t.Fatal(err)
	}
	model := export.Model{Net: small, Preprocess: export.Preprocess{Mean: []float32{0.1, 0.25}, Std: []float32{0.3, 1e-7}},
		Classes: []string{"<cat>", "dög", "\"x\" & \n"}, Outputs: export.OutputClasses, Meta: map[string]string{"seed": "7"}}
	dir := filepath.Join("data", "pruned")
	if *update {
		if err := export.Save(dir, model); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := export.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "pruned.json", []golden{values(t, stored.Net, 4, rng)})
}

// TestSaved: networks that pare.save wrote have PyTorch's outputs, also with all zeros removed.
func TestSaved(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join("data", "saved", "*", "values.json"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("no folders in data/saved: %v", err)
	}
	for _, path := range folders {
		name := filepath.Base(filepath.Dir(path))
		t.Run(name, func(t *testing.T) {
			var want struct{ Input, Output tensor }
			read(t, path, &want)
			model, err := export.Load(filepath.Dir(path))
			if err != nil {
				t.Fatal(err)
			}
			same(t, name, forward(t, model.Net, want.Input), want.Output)
			small, _, err := prune.Prune(model.Net, prune.Options{})
			if err != nil {
				t.Fatal(err)
			}
			same(t, name+" pruned", forward(t, small, want.Input), want.Output)
		})
	}
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; go test ./python/tests -update makes the files of this test", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// check compares goldens with a file, or writes it.
func check(t *testing.T, file string, made []golden) {
	t.Helper()
	path := filepath.Join("data", file)
	if *update {
		var text bytes.Buffer
		for i, g := range made {
			line, err := json.Marshal(g)
			if err != nil {
				t.Fatal(err)
			}
			text.WriteString(map[bool]string{true: "[", false: ",\n"}[i == 0])
			text.Write(line)
		}
		text.WriteString("]\n")
		if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var stored []golden
	read(t, path, &stored)
	if len(stored) != len(made) {
		t.Fatalf("%s has %d cases, expected %d; write it anew with -update", path, len(stored), len(made))
	}
	for i, g := range made {
		s := stored[i]
		var text bytes.Buffer
		if err := json.Compact(&text, g.Architecture); err != nil {
			t.Fatal(err)
		}
		if s.Name != g.Name || text.String() != string(s.Architecture) {
			t.Errorf("%s: the architecture of case %s is another one", path, g.Name)
			continue
		}
		same(t, g.Name+" input", g.Input, s.Input)
		same(t, g.Name+" output", g.Output, s.Output)
		for name, p := range g.Params {
			same(t, g.Name+" "+name, p, s.Params[name])
		}
		for optimizer, after := range g.Steps {
			for name, p := range after {
				same(t, strings.Join([]string{g.Name, optimizer, name}, " "), p, s.Steps[optimizer][name])
			}
		}
	}
}

func same(t *testing.T, name string, got, want tensor) {
	t.Helper()
	if !slices.Equal(got.Shape, want.Shape) {
		t.Errorf("%s: shape %v, expected %v", name, got.Shape, want.Shape)
		return
	}
	largest, worst := 0.0, 0.0
	for i, v := range want.Data {
		largest = max(largest, math.Abs(float64(v)))
		worst = max(worst, math.Abs(float64(v)-float64(got.Data[i])))
	}
	if !(worst <= tolerance*max(largest, 1e-3)) {
		t.Errorf("%s: a difference of %g, the largest value is %g", name, worst, largest)
	}
}
