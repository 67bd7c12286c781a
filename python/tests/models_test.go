package tests

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pare/export"
	"pare/models"
	_ "pare/models/torchvision"
	"pare/nn"
)

var modelsTo = flag.String("models", "", "folder for every built-in model, each with its outputs, as PARE_MODELS of test_models.py")

// modelCase is a built-in model with options that make it small.
type modelCase struct {
	kind, options string // options by the names of the fields
	task          models.Task
}

func modelCases() []modelCase {
	image := models.Task{Input: nn.Shape{3, 32, 32}, Classes: 4}
	sequence := models.Task{Input: nn.Shape{5, 6}, Classes: 4}
	text := models.Task{Input: nn.Shape{1, 6}, Classes: 7, Vocabulary: 7, Targets: 6, NextToken: true}
	cases := []modelCase{
		{"cnn", `{"stages":[[4,4],[6]]}`, image},
		{"cnn", `{"stages":[[4]],"batchNorm":false,"dropout":0.5}`, image},
		{"inception", `{}`, image},
		{"lenet5", `{}`, models.Task{Input: nn.Shape{1, 28, 28}, Classes: 4}},
		{"mlp", `{"hidden":[5,4]}`, image},
		{"mlp", `{"hidden":[5]}`, models.Task{Input: nn.Shape{6}, Targets: 2, Scale: []float32{2, 3}, Shift: []float32{1, -1}}},
		{"resnet", `{"depth":8,"width":4}`, image},
		{"resnet", `{"depth":8,"width":4,"gates":{"residual":true,"skip":true,"perChannel":true}}`, image},
		{"transformer", `{"blocks":2,"width":8,"heads":2}`, sequence},
		{"transformer", `{"blocks":2,"width":8,"heads":2,"activation":"gelu","dropout":0.1,"tied":true}`, text},
		{"transformer", `{"blocks":2,"width":8,"heads":4,"kvHeads":2,"activation":"swiglu","norm":"rmsnorm","positions":"rotary","tied":true}`, text},
	}
	for _, kind := range []string{"rnn", "lstm", "gru"} {
		cases = append(cases,
			modelCase{kind, `{"hidden":4,"depth":2,"dropout":0.1}`, sequence},
			modelCase{kind, `{"hidden":4,"depth":2,"embedding":3}`, text},
			modelCase{kind, `{"hidden":4,"depth":2,"bidirectional":true}`, sequence},
			modelCase{kind, `{"hidden":4,"bidirectional":true}`, models.Task{Input: nn.Shape{5, 6}, Classes: 4, Targets: 6}})
	}
	listed := map[string]bool{}
	for _, c := range cases {
		listed[c.kind] = true
	}
	large := models.Task{Input: nn.Shape{3, 64, 64}, Classes: 4}
	for _, kind := range models.Kinds.Names() {
		vgg := strings.HasPrefix(kind, "vgg") && kind != "vgg11" && kind != "vgg11_bn" // 30 million weights each, of the same layers
		if !listed[kind] && !vgg {                                                     // of torchvision
			cases = append(cases, modelCase{kind, `{"width":0.125}`, large})
		}
	}
	return cases
}

// decode sets the fields of a model; other ones are errors.
func decode(options string, model models.Model) error {
	d := json.NewDecoder(strings.NewReader(options))
	d.DisallowUnknownFields()
	return d.Decode(model)
}

// TestModels writes every built-in model as a folder, with inputs and outputs, for test_models.py.
func TestModels(t *testing.T) {
	if *modelsTo == "" {
		t.Skip("no -models FOLDER to write to; scripts/python/check.sh gives one")
	}
	for i, c := range modelCases() {
		rng := rand.New(rand.NewPCG(uint64(i), 8))
		model, err := models.Kinds.New(c.kind)
		if err != nil {
			t.Fatal(err)
		}
		if err := decode(c.options, model); err != nil {
			t.Fatalf("%s: %v", c.kind, err)
		}
		net, err := models.Build(model, c.task, rng)
		if err != nil {
			t.Errorf("%s %s: %v", c.kind, c.options, err)
			continue
		}
		for _, p := range net.Params() { // statistics as after training, and no value that is 0 or 1 by itself
			for k, v := range p.Data() {
				if p.Role != nn.RoleWeight {
					p.Data()[k] = v + float32(rng.Float64()-0.5)/5
				}
			}
		}
		dir := filepath.Join(*modelsTo, c.kind+strings.NewReplacer(`"`, "", ":", "=", "{", "(", "}", ")").Replace(c.options))
		if err := export.Save(dir, export.Model{Net: net}); err != nil {
			t.Fatal(err)
		}
		x := inputs(net, 2, rng)
		text, err := json.Marshal(map[string]tensor{"input": x, "output": forward(t, net, x)})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "values.json"), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOptions: the options of every kind of layer, which its Python class must have.
func TestOptions(t *testing.T) {
	options := map[string][]string{}
	for _, kind := range nn.Layers.Names() {
		layer, err := nn.Layers.New(kind)
		if err != nil {
			t.Fatal(err)
		}
		options[kind] = []string{}
		of := reflect.TypeOf(layer).Elem()
		for _, f := range reflect.VisibleFields(of) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			embedded := len(f.Index) > 1 && of.Field(f.Index[0]).Tag.Get("json") == "-" // Depthwise has a Conv that files do not show
			if f.IsExported() && name != "" && name != "-" && !embedded {
				options[kind] = append(options[kind], name)
			}
		}
		slices.Sort(options[kind])
	}
	path := filepath.Join("data", "options.json")
	if *update {
		text, err := json.MarshalIndent(options, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var stored map[string][]string
	read(t, path, &stored)
	if !reflect.DeepEqual(options, stored) {
		t.Errorf("%s has other options of layers: write it anew with -update, and give the classes of python/src/pare/layers the new ones", path)
	}
}
