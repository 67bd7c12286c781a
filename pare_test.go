package pare_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare"
	"pare/export"
	"pare/layers"
	"pare/nn"
	"pare/prune/importance"
	"pare/run"
	"pare/train"
)

// plane is a problem of two classes on vectors of three values of different scales.
func plane(n int) *pare.Data {
	rng := rand.New(rand.NewPCG(7, 8))
	d := &pare.Data{Shape: []int{3}, Classes: []string{"below", "above"}}
	for range n {
		a, b, c := rng.NormFloat64(), 100*rng.NormFloat64(), rng.NormFloat64()
		d.X = append(d.X, float32(a), float32(b), float32(c))
		d.Y = append(d.Y, 0)
		if a+b/100 > 0 {
			d.Y[len(d.Y)-1] = 1
		}
	}
	return d
}

const mlp = `
model: {type: mlp, hidden: [12]}
train: {epochs: 6, batch: 16, optimizer: {type: adam, lr: 0.02}}
`

func parameters(m pare.Model) (out []float32) {
	for _, p := range m.Net.Params() {
		out = append(out, p.Data()...)
	}
	return out
}

// refused demands one line of error with a text, of the input unless the error is another one.
func refused(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "\n") || !run.IsInput(err) {
		t.Errorf("error %v, want one line of the input's with %q", err, text)
	}
}

// TestTrain: data keep their scale, the folder is a run like any other, and a second call finds it finished.
func TestTrain(t *testing.T) {
	d, dir := plane(400), filepath.Join(t.TempDir(), "run")
	var messages bytes.Buffer
	o := pare.TrainOptions{YAML: mlp, Data: d, Out: dir, Messages: &messages, Set: []string{"data.validation=40"}}
	m, s, err := pare.Train(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if s.AccuracyFinal < 0.9 || s.TestExamples != 80 || !strings.Contains(messages.String(), "280 training, 40 validation and 80 test") {
		t.Errorf("accuracy %g of %d; %s", s.AccuracyFinal, s.TestExamples, &messages)
	}
	answers, err := pare.Predict(t.Context(), m, []float32{1, 100, 0, -1, -100, 0})
	if err != nil || answers[0][1] < 0.9 || answers[1][0] < 0.9 || !slices.Equal(m.Classes, d.Classes) {
		t.Errorf("%v of %v: %v", answers, m.Classes, err)
	}
	if a, err := run.OpenArtifact(dir); err != nil || a.Kind != run.KindRun {
		t.Errorf("%+v: %v", a, err)
	}
	again, _, err := pare.Train(t.Context(), o)
	if err != nil || !slices.Equal(parameters(again), parameters(m)) {
		t.Errorf("another call gives another network: %v", err)
	}
	o.Out = ""
	hidden, _, err := pare.Train(t.Context(), o)
	if err != nil || !slices.Equal(parameters(hidden), parameters(m)) {
		t.Errorf("without a folder the network is another one: %v", err)
	}
	o.Out, o.Set = dir, nil
	_, _, err = pare.Train(t.Context(), o)
	refused(t, err, "holds a run of another config; choose another folder")
	o.Data = plane(401)
	_, _, err = pare.Train(t.Context(), o)
	refused(t, err, "holds a run that began with another examples.safetensors")
}

// stopAfter ends a context at a step of training.
type stopAfter struct {
	train.Silent
	steps int
	stop  context.CancelFunc
}

func (s *stopAfter) Step(train.Status) {
	if s.steps--; s.steps == 0 {
		s.stop()
	}
}

// TestTrainInterrupted: a run goes on from where its context ended, to the same network.
func TestTrainInterrupted(t *testing.T) {
	d, dir := plane(300), t.TempDir()
	o := pare.TrainOptions{YAML: mlp, Data: d}
	want, _, err := pare.Train(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o.Out, o.Reporter = dir, func() train.Reporter { return &stopAfter{steps: 20, stop: cancel} }
	if _, _, err := pare.Train(ctx, o); !errors.Is(err, train.ErrInterrupted) {
		t.Fatalf("error %v, want %v", err, train.ErrInterrupted)
	}
	o.Reporter = nil
	got, _, err := pare.Train(t.Context(), o)
	if err != nil || !slices.Equal(parameters(got), parameters(want)) {
		t.Errorf("the network differs: %v", err)
	}
}

// TestTrainFrom: a network of another program is trained on, with inputs as they are.
func TestTrainFrom(t *testing.T) {
	net, err := nn.New("foreign", nn.Shape{3}, rand.New(rand.NewPCG(3, 4)))
	if err != nil {
		t.Fatal(err)
	}
	if err := net.Add("fc", &layers.Linear{Out: 2}); err != nil {
		t.Fatal(err)
	}
	from := pare.Model{Net: net}
	before := slices.Clone(parameters(from))
	m, s, err := pare.Train(t.Context(), pare.TrainOptions{From: &from, Data: plane(200),
		YAML: "train: {epochs: 3, batch: 20, optimizer: {type: sgd, lr: 0.001}}"})
	if err != nil {
		t.Fatal(err)
	}
	if s.Model != "foreign" || len(m.Preprocess.Mean) > 0 && m.Preprocess.Mean[1] != 0 || slices.Equal(parameters(m), before) {
		t.Errorf("model %s, preprocessing %+v", s.Model, m.Preprocess)
	}
	if !slices.Equal(parameters(from), before) {
		t.Error("the network that was given has changed")
	}
	wide := pare.Data{X: make([]float32, 40), Shape: []int{4}, Y: make([]float32, 10)}
	_, _, err = pare.Train(t.Context(), pare.TrainOptions{From: &from, Data: &wide})
	refused(t, err, "the network takes 3")
}

func TestTrainRefuses(t *testing.T) {
	x := make([]float32, 24)
	eight := func(d pare.Data) pare.TrainOptions {
		d.X, d.Shape = x, []int{3}
		return pare.TrainOptions{YAML: mlp, Data: &d}
	}
	classes := []float32{0, 1, 1, 0, 1, 0, 1, 0}
	for text, o := range map[string]pare.TrainOptions{
		"Config and YAML are two configs": {Config: "resnet", YAML: mlp},
		"data.dataset is missing":         {YAML: mlp},
		"model.type is missing":           {Data: plane(20)},
		"there is no such file":           {Config: "nothing.yaml"},
		"train.epochs":                    {YAML: mlp, Data: plane(20), Set: []string{"train.epochs=-1"}},
		"Data: Shape is []":               {YAML: mlp, Data: &pare.Data{X: x}},
		"Data: X has 24 values, which is no example of shape [5 5]":   {YAML: mlp, Data: &pare.Data{X: x, Shape: []int{5, 5}}},
		"Data: X has 24 values, which is no example of shape [0]":     {YAML: mlp, Data: &pare.Data{X: x, Shape: []int{0}}},
		"Data: X has 24 values, not a whole number of examples of sh": {YAML: mlp, Data: &pare.Data{X: x, Shape: []int{7}}},
		"Data: Y has 5 targets for 8 examples":                        {YAML: mlp, Data: &pare.Data{X: x, Shape: []int{3}, Y: x[:5]}},
		"data.task must be":                                           eight(pare.Data{Y: x[:8], Task: "words"}),
		"class 3":                                                     eight(pare.Data{Y: []float32{0, 1, 3.5, 0, 1, 0, 1, 0}, Classes: []string{"a", "b"}}),
		"has 1 names for 2 classes":                                   eight(pare.Data{Y: classes, Classes: []string{"a"}}),
	} {
		out := filepath.Join(t.TempDir(), "run")
		o.Out = out
		_, _, err := pare.Train(t.Context(), o)
		refused(t, err, text)
		left, err := os.ReadDir(out)
		if err != nil && !errors.Is(err, fs.ErrNotExist) || len(left) > 0 {
			t.Errorf("%s: %v is left: %v", text, left, err)
		}
	}
}

// TestPrune: the network that was given stays as it was; with examples the removal is tested.
func TestPrune(t *testing.T) {
	d := plane(300)
	m, _, err := pare.Train(t.Context(), pare.TrainOptions{YAML: mlp, Data: d})
	if err != nil {
		t.Fatal(err)
	}
	before := slices.Clone(parameters(m))
	small, p, err := pare.Prune(t.Context(), m, pare.PruneOptions{Params: 0.5}, d)
	if err != nil {
		t.Fatal(err)
	}
	if p.Method != "least" || p.Importance != "taylor" || p.After == nil || p.After.N != 150 || p.Report.Certificate.Inputs != 150+64 {
		t.Errorf("%+v, certificate %+v", p.PruneRequest, p.Report.Certificate)
	}
	if n := small.Net.Count().Params; 2*n > m.Net.Count().Params || !slices.Equal(parameters(m), before) {
		t.Errorf("%d of %d parameters, or the network was changed", n, m.Net.Count().Params)
	}
	if !slices.Equal(small.Classes, m.Classes) || small.Preprocess.Mean[1] != m.Preprocess.Mean[1] {
		t.Errorf("classes %v, preprocessing %v", small.Classes, small.Preprocess)
	}
	if _, _, err := pare.Prune(t.Context(), m, pare.PruneOptions{MACs: 0.5}, nil); !errors.Is(err, importance.ErrNoData) {
		t.Errorf("error %v, want %v", err, importance.ErrNoData)
	}
	_, p, err = pare.Prune(t.Context(), m, pare.PruneOptions{}, nil)
	if err != nil || p.Method != "zeros" || p.Report.Certificate.Inputs != 64 {
		t.Errorf("%+v: %v", p, err)
	}
	other := &pare.Data{Shape: []int{2}, X: make([]float32, 40), Y: make([]float32, 20), Task: "classes"}
	_, _, err = pare.Prune(t.Context(), m, pare.PruneOptions{MACs: 0.5}, other)
	refused(t, err, "the network takes 3, arrays gives vectors of 2")
}

// network is random layers on an input.
func network(t *testing.T, input nn.Shape, all ...nn.Layer) pare.Model {
	t.Helper()
	net, err := nn.New("net", input, rand.New(rand.NewPCG(5, 6)))
	if err != nil {
		t.Fatal(err)
	}
	for i, layer := range all {
		if err := net.Add(string(rune('a'+i)), layer); err != nil {
			t.Fatal(err)
		}
	}
	return pare.Model{Net: net}
}

// TestPredict: inputs and answers are channels first, and the model normalises.
func TestPredict(t *testing.T) {
	m := network(t, nn.Shape{2, 1, 2}, &layers.Conv{Out: 3, Kernel: layers.Square(1)})
	a, b := m.Net.Nodes[0].Layer.Params()[0], m.Net.Nodes[0].Layer.Params()[1]
	m.Preprocess = export.Preprocess{Mean: []float32{1, 2}, Std: []float32{2, 4}}
	x := []float32{1, 3, 2, 6, 5, 7, 10, 14}
	for k, v := range []float32{0.5, -1, 2} {
		b.Data()[k] = v
	}
	got, err := pare.Predict(t.Context(), m, x)
	if err != nil {
		t.Fatal(err)
	}
	for example := range 2 {
		for out := range 3 {
			for at := range 2 {
				want := b.Data()[out]
				for in := range 2 { // weights [kh, kw, in, out]
					v := (x[4*example+2*in+at] - m.Preprocess.Mean[in]) / m.Preprocess.Std[in]
					want += v * a.Data()[3*in+out]
				}
				if v := got[example][2*out+at]; math.Abs(float64(v-want)) > 1e-5 {
					t.Errorf("example %d, output %d at %d: %g, want %g", example, out, at, v, want)
				}
			}
		}
	}
	m.Outputs = export.OutputClasses
	if got, err = pare.Predict(t.Context(), m, x); err != nil || math.Abs(float64(got[1][0]+got[1][2]+got[1][4])-1) > 1e-6 {
		t.Errorf("%v: %v", got, err)
	}
	_, err = pare.Predict(t.Context(), m, x[:3])
	refused(t, err, "3 values are not a whole number of examples of shape 2×1×2")
	_, err = pare.Predict(t.Context(), m, []float32{1, 2, float32(math.NaN()), 4})
	refused(t, err, "example 0 holds NaN, not a finite number")
	if none, err := pare.Predict(t.Context(), m, nil); err != nil || len(none) > 0 {
		t.Errorf("%v: %v", none, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pare.Predict(ctx, m, x); !errors.Is(err, train.ErrInterrupted) {
		t.Errorf("error %v, want %v", err, train.ErrInterrupted)
	}
}

func TestPredictTokens(t *testing.T) {
	net, err := nn.New("words", nn.Shape{1, 4}, rand.New(rand.NewPCG(5, 6)))
	if err != nil {
		t.Fatal(err)
	}
	net.Vocabulary = 7
	if err := net.Add("embedding", &layers.Embedding{Vocab: 7, Out: 3}); err != nil {
		t.Fatal(err)
	}
	m := pare.Model{Net: net}
	answers, err := pare.Predict(t.Context(), m, []float32{0, 6, 2, 2})
	if err != nil || len(answers) != 1 || len(answers[0]) != 12 || answers[0][2] != answers[0][3] {
		t.Errorf("%v: %v", answers, err)
	}
	for _, bad := range []float32{7, -1, 0.5, float32(math.NaN())} {
		_, err := pare.Predict(t.Context(), m, []float32{0, 1, 2, bad})
		refused(t, err, "tokens are whole numbers from 0 to 6")
	}
}

// TestExport: all that Export writes can be loaded.
func TestExport(t *testing.T) {
	m, dir := network(t, nn.Shape{2, 5, 5}, &layers.Conv{Out: 3, Kernel: layers.Square(3)}, &layers.Flatten{}, &layers.Linear{Out: 2}), t.TempDir()
	m.Classes, m.Outputs = []string{"no", "yes"}, export.OutputClasses
	for _, name := range []string{"m.onnx", "folder", "m.onnx"} {
		path := filepath.Join(dir, name)
		if err := pare.Export(m, path); err != nil {
			t.Fatal(err)
		}
		got, err := pare.Load(path, pare.LoadOptions{})
		if err != nil || !slices.Equal(parameters(got), parameters(m)) || !slices.Equal(got.Classes, m.Classes) {
			t.Errorf("%s: %v", name, err)
		}
	}
	refused(t, pare.Export(m, filepath.Join(dir, "m.safetensors")), "give a folder, or a file that ends in .onnx")
	refused(t, pare.Export(m, filepath.Join(dir, "m.onnx", "below")), "the folder cannot be made")
	if err := pare.Export(pare.Model{}, filepath.Join(dir, "none.onnx")); err == nil {
		t.Error("a model without a network is written")
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	weights := filepath.Join(dir, "w.safetensors")
	if err := os.WriteFile(weights, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, want string
		o          pare.LoadOptions
	}{
		{filepath.Join(dir, "x"), "does not exist; give a run folder, a folder with a model, or an .onnx", pare.LoadOptions{}},
		{dir, "is neither a run folder", pare.LoadOptions{}},
		{weights, "holds weights alone; name their model (-model)", pare.LoadOptions{}},
		{weights, `unknown model "none"`, pare.LoadOptions{Model: "none"}},
		{dir, "is no .safetensors file", pare.LoadOptions{Model: "resnet20"}},
	} {
		_, err := pare.Load(c.path, c.o)
		refused(t, err, c.want)
	}
}

// TestTenNames: the front door stays small.
func TestTenNames(t *testing.T) {
	var names []string
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.IsExported() {
					names = append(names, d.Name.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if s, ok := s.(*ast.TypeSpec); ok && s.Name.IsExported() {
						names = append(names, s.Name.Name)
					}
					if s, ok := s.(*ast.ValueSpec); ok && s.Names[0].IsExported() {
						names = append(names, s.Names[0].Name)
					}
				}
			}
		}
	}
	slices.Sort(names)
	want := []string{"Data", "Export", "Load", "LoadOptions", "Model", "Predict", "Prune", "PruneOptions", "Train", "TrainOptions"}
	if !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}

// An interrupted or finished run goes on with relative paths of a config, from its own folder.
func TestTrainAgain(t *testing.T) {
	t.Chdir(t.TempDir())
	table := "x,y\n"
	for i := range 40 {
		table += fmt.Sprintf("%d,%d\n", i, i%2)
	}
	for name, text := range map[string]string{"t.csv": table,
		"teacher.yaml": "data: {dataset: table, file: t.csv, target: y, test: 0.2}\n" +
			"model: {type: mlp, hidden: [4]}\ntrain: {epochs: 1, batch: 8}\n"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := pare.Train(t.Context(), pare.TrainOptions{Config: "teacher.yaml", Out: "teacher"}); err != nil {
		t.Fatal(err)
	}
	o := pare.TrainOptions{Config: "teacher.yaml", Set: []string{"train.distill.run=teacher"}, Out: "taught"}
	for range 2 {
		if _, _, err := pare.Train(t.Context(), o); err != nil {
			t.Error(err)
		}
	}
}

// TestRefused: calls without a network, a context or a path, and data that do not fit, are one
// line, which names Data and not an override.
func TestRefused(t *testing.T) {
	ctx, empty := context.Background(), pare.Model{}
	var missing context.Context
	const none = "the model has no network, or one without layers"
	_, err := pare.Predict(ctx, empty, nil)
	refused(t, err, none)
	_, _, err = pare.Prune(ctx, empty, pare.PruneOptions{}, nil)
	refused(t, err, none)
	_, _, err = pare.Train(missing, pare.TrainOptions{YAML: mlp, Data: plane(20)})
	refused(t, err, "the context is nil")
	refused(t, pare.Export(empty, ""), "the path to write to is empty")
	_, err = pare.Load("", pare.LoadOptions{})
	refused(t, err, "the path to read is empty")
	for want, change := range map[string]func(d *pare.Data){
		"Data: arrays: examples.safetensors: x: example 1: NaN is no finite number": func(d *pare.Data) { d.X[3] = float32(math.NaN()) },
		"Data: arrays: examples.safetensors: y: example 2: class 0.5":               func(d *pare.Data) { d.Y[2] = 0.5 },
		"Data: data.class_names has 2 names for 3 classes":                          func(d *pare.Data) { d.Y[2] = 2 },
		`Data: the name of class 0, "\xff", is not text in UTF-8`:                   func(d *pare.Data) { d.Classes[0] = "\xff" },
		"data.test leaves nothing of the 1 examples":                                func(d *pare.Data) { d.X, d.Y = d.X[:3], d.Y[:1] },
	} {
		d := plane(20)
		change(d)
		_, _, err := pare.Train(ctx, pare.TrainOptions{YAML: mlp, Data: d})
		refused(t, err, want)
		if err != nil && !strings.HasPrefix(err.Error(), "Data: ") {
			t.Errorf("the place of %v", err)
		}
	}
	_, _, err = pare.Train(ctx, pare.TrainOptions{YAML: mlp, Data: plane(20), Set: []string{"data.test=-1"}})
	refused(t, err, "-set data.test=-1")
}
