package layers_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"pare/layers"
	"pare/nn"
)

// relative is how far a value may be from PyTorch's, against the largest
// magnitude in the tensor: both sum float32 products in orders of their own.
const relative = 1e-5

// array is a tensor in PyTorch's order.
type array struct {
	Shape []int     `json:"shape"`
	Data  []float32 `json:"data"`
}

// goldens is the file that testdata/goldens.py writes.
type goldens struct {
	Layers  []goldenLayer `json:"layers"`
	Running struct {
		Momentum float64   `json:"momentum"`
		Steps    []array   `json:"steps"`
		Eval     array     `json:"eval"`
		Output   []float32 `json:"output"`
		Mean     []float32 `json:"running_mean"`
		Var      []float32 `json:"running_var"`
	} `json:"running"`
	CrossEntropy []struct {
		Smoothing float64   `json:"smoothing"`
		Logits    array     `json:"logits"`
		Target    []float32 `json:"target"`
		Loss      float64   `json:"loss"`
		Grad      []float32 `json:"grad"`
	} `json:"cross_entropy"`
	Network struct {
		LR     float32          `json:"lr"`
		X      array            `json:"x"`
		Target []float32        `json:"target"`
		Losses []float64        `json:"losses"`
		Logits []float32        `json:"logits"`
		Params map[string]array `json:"params"`
	} `json:"network"`
}

type goldenLayer struct {
	Name   string               `json:"name"`
	Kind   string               `json:"kind"`
	Args   json.RawMessage      `json:"args"`
	Inputs []array              `json:"inputs"`
	Params map[string]array     `json:"params"`
	Output []float32            `json:"output"`
	DY     []float32            `json:"dy"`
	Grads  map[string][]float32 `json:"grads"`
}

func readGoldens(t *testing.T) (g goldens) {
	t.Helper()
	readJSON(t, "testdata/goldens.json", &g)
	return g
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// pytorchOrder lists the positions of a value in the batched layout: out[i] is
// where element i of PyTorch's layout is.
func pytorchOrder(shape nn.Shape, batch int) []int {
	var out []int
	c, positions := shape.Units(), shape.Positions()
	for n := range batch {
		for u := range c {
			for p := range positions {
				out = append(out, (n*positions+p)*c+u)
			}
		}
	}
	return out
}

func toPyTorch(x []float32, shape nn.Shape) []float32 {
	out := make([]float32, len(x))
	for i, j := range pytorchOrder(shape, len(x)/shape.Size()) {
		out[i] = x[j]
	}
	return out
}

func fromPyTorch(x []float32, shape nn.Shape) []float32 {
	out := make([]float32, len(x))
	for i, j := range pytorchOrder(shape, len(x)/shape.Size()) {
		out[j] = x[i]
	}
	return out
}

// exportGrad is the gradient of a parameter in PyTorch's order.
func exportGrad(p *nn.Program, param *nn.Param) []float32 {
	if p.Grad(param) == nil {
		return make([]float32, param.Size())
	}
	g := param.Select(nil, nil)
	copy(g.Data(), p.Grad(param))
	return g.Export()
}

func importParam(t *testing.T, p *nn.Param, a array) {
	t.Helper()
	if err := p.Import(a.Shape, a.Data); err != nil {
		t.Fatal(err)
	}
}

func TestGoldenLayers(t *testing.T) {
	for _, c := range readGoldens(t).Layers {
		t.Run(c.Name, func(t *testing.T) { c.check(t) })
	}
}

// check compares the layer with PyTorch's: output and all gradients.
func (c goldenLayer) check(t *testing.T) {
	layer := newLayer(t, c.Kind)
	if err := json.Unmarshal(c.Args, layer); err != nil {
		t.Fatal(err)
	}
	var shapes []nn.Shape
	for _, in := range c.Inputs {
		shapes = append(shapes, in.Shape[1:])
	}
	batch := c.Inputs[0].Shape[0]
	net, probes := around(t, layer, batch, nil, shapes...)
	for k, p := range probes {
		importParam(t, p.value, c.Inputs[k])
	}
	params := map[string]*nn.Param{}
	for _, p := range layer.Params() {
		if p.Trainable() {
			importParam(t, p, c.Params[p.Name])
			params[p.Name] = p
		}
	}
	if len(params) != len(c.Params) {
		t.Fatalf("layer has %d parameters, PyTorch %d", len(params), len(c.Params))
	}
	out := net.Output().Shape
	p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: batch, Loss: readout{fromPyTorch(c.DY, out)}})
	p.Run()
	requireClose(t, "output", toPyTorch(p.Output(), out), c.Output, relative)
	for k, x := range probes {
		name := net.Nodes[k].Name
		requireClose(t, "gradient of "+name, exportGrad(p, x.value), c.Grads[name], relative)
	}
	for name, param := range params {
		requireClose(t, "gradient of "+name, exportGrad(p, param), c.Grads[name], relative)
	}
}

func TestGoldenRunningStatistics(t *testing.T) {
	g := readGoldens(t).Running
	bn := &layers.BatchNorm{Momentum: g.Momentum}
	shape := nn.Shape(g.Eval.Shape[1:])
	batch := g.Eval.Shape[0]
	net, probes := around(t, bn, batch, nil, shape)
	p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: batch, Loss: readout{make([]float32, batch*shape.Size())}})
	for _, x := range g.Steps {
		importParam(t, probes[0].value, x)
		p.Run()
	}
	for _, param := range bn.Params() {
		switch param.Name {
		case "running_mean":
			requireClose(t, param.Name, param.Data(), g.Mean, relative)
		case "running_var":
			requireClose(t, param.Name, param.Data(), g.Var, relative)
		}
	}
	importParam(t, probes[0].value, g.Eval)
	infer := compile(t, net, nn.CompileOptions{Mode: nn.Infer, Batch: batch})
	infer.Run()
	requireClose(t, "output", toPyTorch(infer.Output(), shape), g.Output, relative)
}

func TestGoldenCrossEntropy(t *testing.T) {
	for _, g := range readGoldens(t).CrossEntropy {
		shape := nn.Shape(g.Logits.Shape[1:])
		batch := g.Logits.Shape[0]
		net, probes := around(t, &layers.Add{}, batch, nil, shape)
		importParam(t, probes[0].value, g.Logits)
		p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: batch, Loss: layers.CrossEntropy{Smoothing: g.Smoothing}})
		copy(p.Target, g.Target)
		p.Run()
		if math.Abs(p.Loss()-g.Loss) > relative*g.Loss {
			t.Errorf("smoothing %g: loss %g, expected %g", g.Smoothing, p.Loss(), g.Loss)
		}
		requireClose(t, "gradient", p.Grad(probes[0].value), g.Grad, relative)
	}
}
