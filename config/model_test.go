package config

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pare/internal/option"
	"pare/layers"
	"pare/models"
	"pare/nn"
)

// options are the options of model x: Width 5, Rate 0.5, Hidden three 9s, Gates.Skip true.
type options struct {
	Depth int     `yaml:"depth" doc:"any"`
	Width int     `yaml:"width" doc:"any" range:"[1,)"`
	Rate  float32 `yaml:"rate" doc:"any"`
	Gates struct {
		Skip bool `yaml:"skip" doc:"any"`
	} `yaml:"gates" doc:"any"`
	Hidden []int  `yaml:"hidden" doc:"any"`
	Any    any    `yaml:"any" doc:"any"`
	Kind   string `yaml:"-"`
	hidden int
}

func (*options) Build(models.Task, *rand.Rand) (*nn.Network, error) { return nil, nil }

func init() {
	models.Kinds.Register("x", "of the tests", func() models.Model {
		x := &options{Depth: 9, Width: 5, Rate: 0.5, Hidden: []int{9, 9, 9}, hidden: 1}
		x.Gates.Skip = true
		return x
	})
}

func TestModelOptions(t *testing.T) {
	c := mustParse(t, "data: {dataset: glyphs}\nmodel:\n  type: x\n  depth: 8\n  gates: {skip: false}\n  hidden: [1, 2]\n  any: {a: [1, 2.5, b, true, null]}\n  rate: 0.5\n")
	want := options{Depth: 8, Width: 5, Rate: 0.5, Hidden: []int{1, 2}, hidden: 1,
		Any: map[string]any{"a": []any{int64(1), 2.5, "b", true, nil}}}
	if diff := cmp.Diff(&want, c.Model.Kind, cmp.AllowUnexported(options{})); diff != "" {
		t.Error(diff)
	}
	data, err := json.Marshal(c)
	if want := `"model":{"any":{"a":[1,2.5,"b",true,null]},"depth":8,"gates":{"skip":false},"hidden":[1,2],"rate":0.5,"type":"x"}`; err != nil || !strings.Contains(string(data), want) {
		t.Errorf("JSON is %s, %v", data, err)
	}
}

func TestModelOptionErrors(t *testing.T) {
	const its = "its options are depth, width, rate, gates, hidden, any"
	for _, c := range []struct{ model, want string }{
		{"{type: x, dpeth: 3}", "2:18: model.dpeth is not an option of x; did you mean model.depth? " + its},
		{"{type: x, kind: 3}", "2:18: model.kind is not an option of x; " + its},
		{"{type: x, width: 0}", "2:25: model.width must be at least 1, got 0"},
		{"{type: x, depth: deep}", `2:25: model.depth must be a whole number, got "deep"`},
		{"{type: x, rate: 1e99}", "2:24: model.rate is too large for single precision: 1e99"},
		{"{type: x, gates: true}", "2:25: model.gates must be a section of keys, got true"},
		{"{type: x, gates: {skips: true}}", "2:26: unknown key model.gates.skips; did you mean model.gates.skip?"},
		{"{type: x, hidden: [1, a]}", `2:30: model.hidden.1 must be a whole number, got "a"`},
	} {
		_, err := Parse("f.yaml", []byte("data: {dataset: glyphs}\nmodel: "+c.model+"\n"))
		checkError(t, err, "f.yaml:"+c.want)
	}
	var bad struct{ C chan int }
	n := &node{kind: section, entries: []entry{{key: "c", value: textNode("x")}}}
	if err := decode(n, reflect.ValueOf(&bad).Elem(), "", option.Rules{}); err == nil {
		t.Error("a channel is decoded")
	}
}

func TestLayers(t *testing.T) {
	c := mustParse(t, `
data: {dataset: glyphs}
model:
  layers:
    - conv: {out: 32, kernel: 3, name: conv1, inputs: [input]}
    - relu
    - batchnorm:
    - batchnorm: {tied: other}
    - flatten: {}
    - linear:
        out: 10
        no_bias: true
        name: fc
`)
	type layer struct {
		Kind, Name string
		Inputs     []string
		Tied       string
	}
	var got []layer
	for _, l := range c.Model.Layers {
		got = append(got, layer{l.Kind, l.Name, l.Inputs, l.Tied})
	}
	want := []layer{{Kind: "conv", Name: "conv1", Inputs: []string{"input"}}, {Kind: "relu"}, {Kind: "batchnorm"},
		{Kind: "batchnorm", Tied: "other"}, {Kind: "flatten"}, {Kind: "linear", Name: "fc"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	first, err := c.Model.Layers[0].New()
	if conv, ok := first.(*layers.Conv); err != nil || !ok || conv.Out != 32 || conv.Kernel != layers.Square(3) {
		t.Errorf("%+v, %v", first, err)
	}
	for _, l := range c.Model.Layers {
		if layer, err := l.New(); err != nil || layer.Kind() != l.Kind {
			t.Error(layer, err)
		}
	}
	const file = "dir/my run.yaml:"
	checkError(t, c.Model.Layers[5].Errorf("no %s", "input"), file+"10:7: model.layers.5.linear: no input")
	checkError(t, c.Model.Layers[1].Errorf("no"), file+"6:7: model.layers.1.relu: no")
	if again := mustParse(t, string(c.YAML())); !c.Equal(again) {
		t.Errorf("%s\nis read as\n%s", c.YAML(), again.YAML())
	}
}

func TestErrorf(t *testing.T) {
	c := mustParse(t, head+"penalties:\n  - type: l1\n    on: gates\n    lambda: 1\n    factors: {a.*: 2}\n")
	const file = "dir/my run.yaml:"
	for path, want := range map[string]string{
		"data.dataset":            "1:17: data.dataset: x",
		"data.classes":            "1:1: data.classes: x",
		"train.epochs":            "1:1: train.epochs: x",
		"penalties.0":             "4:5: penalties.0: x",
		"penalties.0.on":          "5:9: penalties.0.on: x",
		"penalties.0.mode":        "4:5: penalties.0.mode: x",
		"penalties.0.factors.a.*": "7:20: penalties.0.factors.a.*: x",
		"penalties.9":             "3:1: penalties.9: x",
	} {
		checkError(t, c.Errorf(path, "x"), file+want)
	}
	checkError(t, c.Locate("penalties.0", errors.New("on: unknown")), file+"5:9: penalties.0.on: unknown")
	checkError(t, c.Locate("penalties.0", errors.New("no such thing")), file+"4:5: penalties.0: no such thing")
	if c.Locate("x", nil) != nil {
		t.Error("nil is located")
	}
	located := &Error{Msg: "m"}
	if c.Locate("x", located) != error(located) {
		t.Error("an Error is located again")
	}
	checkError(t, (&Config{}).Errorf("a", "x"), "config: a: x")
}

// TestLayerGeometry: kernels and paddings are a number or a list of one of their lengths.
func TestLayerGeometry(t *testing.T) {
	parse := func(options string) (*Config, error) {
		return Parse("f.yaml", []byte("data: {dataset: glyphs}\nmodel:\n  layers:\n    - conv: "+options+"\n"))
	}
	c, err := parse("{out: 3, kernel: [1, 7], stride: 2, pad: [0, 3]}")
	if err != nil {
		t.Fatal(err)
	}
	layer, err := c.Model.Layers[0].New()
	want := layers.Conv{Out: 3, Kernel: layers.Extent{H: 1, W: 7}, Stride: layers.Square(2), Pad: layers.Padding{Left: 3, Right: 3}}
	if conv, ok := layer.(*layers.Conv); err != nil || !ok || conv.Kernel != want.Kernel || conv.Stride != want.Stride || conv.Pad != want.Pad {
		t.Errorf("%+v, %v", layer, err)
	}
	for options, want := range map[string]string{
		"{out: 3, kernel: [1, 2, 3]}": "4:30: model.layers.0.conv.kernel must be a whole number or a list of 2, got a list",
		"{out: 3, kernel: [1, 0]}":    "4:34: model.layers.0.conv.kernel.1 must be at least 1, got 0",
		"{out: 3, kernel: 0}":         "4:30: model.layers.0.conv.kernel must be at least 1, got 0",
		"{out: 3, kernel: 2.5}":       "4:30: model.layers.0.conv.kernel must be a whole number or a list of 2, got 2.5",
		"{out: 3, pad: [1, 2, 3]}":    "4:27: model.layers.0.conv.pad must be a whole number or a list of 2 or 4, got a list",
		"{out: 3, pad: [1, x]}":       `4:31: model.layers.0.conv.pad.1 must be a whole number, got "x"`,
	} {
		c, err := parse(options)
		if err == nil {
			_, err = c.Model.Layers[0].New()
		}
		checkError(t, err, "f.yaml:"+want)
	}
}
