package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pare/datasets"
	"pare/internal/option"
	"pare/models"
	"pare/regularize"
	"pare/train"
)

func mustParse(t *testing.T, yaml string) *Config {
	t.Helper()
	c, err := Parse("dir/my run.yaml", []byte(yaml))
	if err != nil {
		t.Fatalf("%v in\n%s", err, yaml)
	}
	return c
}

func optimizer(name string, o train.OptimizerSpec) Choice[train.OptimizerSpec] {
	return Choice[train.OptimizerSpec]{name, o}
}

func schedule(name string, s train.ScheduleSpec) Choice[train.ScheduleSpec] {
	return Choice[train.ScheduleSpec]{name, s}
}

func TestDefaults(t *testing.T) {
	c := mustParse(t, head)
	want := &Config{
		Name: "my-run", Seed: 1, Data: Data{Dataset: "glyphs", Kind: &datasets.Glyphs{}}, Model: Model{Type: "mlp"},
		Train: Train{Epochs: 10, Batch: 64, EarlyStop: train.EarlyStopSpec{Metric: "loss"},
			Optimizer: optimizer("sgd", &train.SGD{LR: 0.1}), Schedule: schedule("constant", &train.Constant{})},
		Prune:  Prune{Method: "zeros", Scope: "global"},
		Export: Export{Safetensors: true, ONNX: true},
	}
	if !c.Equal(want) {
		t.Errorf("got\n%s\nwant\n%s", c.YAML(), want.YAML())
	}
}

func TestEveryKey(t *testing.T) {
	c := mustParse(t, `
name: a
seed: 0x10
threads: 2
data: {dataset: mnist, dir: 'a b', download: false, train: 1, validation: 2, test: 3, sequence: rows, permute: true, normalize: unit, augment: {crop: 2, flip: true}}
model: {type: resnet, depth: 14}
train:
  epochs: 4
  batch: 5
  optimizer: {type: adamw, lr: 5e-4, weight_decay: .5, decay_all: true, beta1: 0.1, beta2: 0.2, eps: 1}
  schedule: {type: step, warmup: 0.5, milestones: [1, 2.5], gamma: 0.5}
  label_smoothing: 0.1
  clip_norm: 6
  early_stop: {patience: 7, metric: accuracy}
  checkpoint_steps: 8
penalties:
  - {type: elastic_net, on: weights, layers: "*.conv1", lambda: 1e-3, alpha: 0.5, scale: sqrt, members: auto, factors: {"a.*": 0.5}, warmup: 1, ramp: 2, mode: subgradient}
  - {type: l1, on: gates, layers: [a, b], lambda: 0}
prune: {method: magnitude, budget: {params: 0.1}, scope: layer}
finetune: {epochs: 3, optimizer: {type: sgd, momentum: 0.5, nesterov: true}, schedule: {warmup: null}}
export: {safetensors: false, onnx: false}
`)
	no := false
	want := &Config{
		Name: "a", Seed: 16, Threads: 2,
		Data: Data{Dataset: "mnist", Kind: &datasets.MNIST{Files: datasets.Files{Dir: "a b", Download: &no}, Sequence: "rows", Permute: true},
			Options: datasets.Options{Train: 1, Validation: 2, Test: 3, Normalize: "unit", Augment: datasets.Augment{Crop: 2, Flip: true}}},
		Model: Model{Type: "resnet", Kind: &models.ResNet{Depth: 14, Width: 16, Gates: models.ResNetGates{Residual: true, Skip: true}}},
		Train: Train{Epochs: 4, Batch: 5,
			Optimizer: optimizer("adamw", &train.Adam{LR: 5e-4, Decay: train.Decay{WeightDecay: 0.5, DecayAll: true},
				Beta1: 0.1, Beta2: 0.2, Eps: 1, Decoupled: true}),
			Schedule:       schedule("step", &train.Step{Warmup: train.Warmup{Epochs: 0.5}, Milestones: []float64{1, 2.5}, Gamma: 0.5}),
			LabelSmoothing: 0.1, ClipNorm: 6, EarlyStop: train.EarlyStopSpec{Patience: 7, Metric: "accuracy"}, CheckpointSteps: 8},
		Penalties: []regularize.Spec{
			{Type: "elastic_net", On: "weights", Layers: []string{"*.conv1"}, Lambda: 1e-3, Penalty: &regularize.ElasticNet{Alpha: 0.5}, Scale: "sqrt", Members: "auto",
				Factors: map[string]float64{"a.*": 0.5}, Warmup: 1, Ramp: 2, Mode: "subgradient"},
			{Type: "l1", On: "gates", Layers: []string{"a", "b"}, Penalty: regularize.L1{}, Mode: "prox"},
		},
		Prune: Prune{Method: "magnitude", Budget: &Budget{Params: 0.1}, Scope: "layer"},
		Finetune: &Finetune{Epochs: 3, Optimizer: optimizer("sgd", &train.SGD{LR: 0.1, Momentum: 0.5, Nesterov: true}),
			Schedule: schedule("step", &train.Step{Milestones: []float64{1, 2.5}, Gamma: 0.5})},
	}
	got := *c
	got.root, got.Model.options = nil, nil
	if !reflect.DeepEqual(&got, want) {
		t.Errorf("got\n%s\nwant\n%s", got.YAML(), want.YAML())
	}
	again := mustParse(t, string(c.YAML()))
	if !c.Equal(again) {
		t.Errorf("%s\nis read as\n%s", c.YAML(), again.YAML())
	}
}

func TestFinetuneInherits(t *testing.T) {
	const base = head + "train: {epochs: 7, optimizer: {lr: 0.5, momentum: 0.9}, schedule: {type: cosine, warmup: 2}}\n"
	sgd := optimizer("sgd", &train.SGD{LR: 0.5, Momentum: 0.9})
	cosine := schedule("cosine", &train.Cosine{Warmup: train.Warmup{Epochs: 2}})
	for _, c := range []struct {
		yaml string
		want Finetune
	}{
		{"{}", Finetune{7, sgd, cosine, nil}},
		{"{epochs: 2}", Finetune{2, sgd, cosine, nil}},
		{"{optimizer: {lr: 0.25}}", Finetune{7, optimizer("sgd", &train.SGD{LR: 0.25, Momentum: 0.9}), cosine, nil}},
		{"{optimizer: {type: sgd, momentum: 0}}", Finetune{7, optimizer("sgd", &train.SGD{LR: 0.5}), cosine, nil}},
		{"{optimizer: {type: adam}}", Finetune{7, optimizer("adam", train.NewAdam(0.001)), cosine, nil}},
		{"{optimizer: null}", Finetune{7, optimizer("sgd", &train.SGD{LR: 0.1}), cosine, nil}},
		{"{schedule: {warmup: null}}", Finetune{7, sgd, schedule("cosine", &train.Cosine{}), nil}},
		{"{schedule: {type: step, every: 2}}", Finetune{7, sgd, schedule("step", &train.Step{Every: 2, Gamma: 0.1}), nil}},
	} {
		for _, doc := range []string{base + "finetune: " + c.yaml + "\n", "finetune: " + c.yaml + "\n" + base} {
			cfg := mustParse(t, doc)
			if diff := cmp.Diff(c.want, *cfg.Finetune); diff != "" {
				t.Errorf("%s: %s", c.yaml, diff)
			}
			again := mustParse(t, string(cfg.YAML()))
			if diff := cmp.Diff(cfg.Finetune, again.Finetune); diff != "" {
				t.Errorf("%s through YAML: %s", c.yaml, diff)
			}
		}
	}
	if c := mustParse(t, base+"finetune: null\n"); c.Finetune != nil {
		t.Error("null does not leave fine-tuning out")
	}
}

func TestBuiltIn(t *testing.T) {
	want := []string{"adding-gru", "adding-lstm", "chain-rnn", "cifar10-branches", "cifar10-inception", "cifar10-resnet20", "cifar10-robust", "digits-cnn", "mnist-cnn", "mnist-cnn-activations", "mnist-lenet5", "mnist-lenet5-weights", "mnist-mlp", "mnist-robust", "planted-branches", "resnet", "resnet-dense", "shakespeare-lstm", "shakespeare-transformer", "table-compas", "table-student"}
	if diff := cmp.Diff(want, BuiltIn()); diff != "" {
		t.Fatal(diff)
	}
	for _, name := range BuiltIn() {
		c, err := Load(name, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.Name != name {
			t.Errorf("%s has the name %s", name, c.Name)
		}
		if d := Describe(name); d == "" || len(d) > 100 {
			t.Errorf("%s is described by %q", name, d)
		}
		if again := mustParse(t, string(c.YAML())); !c.Equal(again) {
			t.Errorf("%s: YAML is read as\n%s", name, again.YAML())
		}
	}
	if Describe("none") != "" {
		t.Error("a description of nothing")
	}
}

func TestDenseConfigDiffersInSparsityAlone(t *testing.T) {
	sparse, err := Load("resnet", nil)
	if err != nil {
		t.Fatal(err)
	}
	dense, err := Load("resnet-dense", nil)
	if err != nil {
		t.Fatal(err)
	}
	// The dense run trains as long as the other one with its fine-tuning.
	sparse.Train.Epochs += sparse.Finetune.Epochs
	sparse.Name, sparse.Penalties, sparse.Prune, sparse.Finetune = dense.Name, dense.Penalties, dense.Prune, dense.Finetune
	if !sparse.Equal(dense) {
		t.Errorf("%s\n%s", sparse.YAML(), dense.YAML())
	}
}

func TestLoadNames(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"resnet", "resnet.yaml", "configs/resnet.yaml", "./configs/resnet"} {
		if c, err := Load(name, nil); err != nil || c.Name != "resnet" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Mkdir("resnet", 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Load("resnet", nil); err != nil {
		t.Errorf("beside a folder of that name: %v", err)
	}
	_, err := Load("resnt.yaml", nil)
	checkError(t, err, "resnt.yaml: there is no such file; did you mean resnet?")
	_, err = Load("/elsewhere/resnet.yaml", nil)
	checkError(t, err, "/elsewhere/resnet.yaml: there is no such file; the built-in configs are "+strings.Join(BuiltIn(), ", "))
	_, err = Load("mnist-mlp", []string{"model.hiden=[1]"})
	checkError(t, err, "-set model.hiden=[1]: model.hiden is not an option of mlp; did you mean model.hidden? its options are hidden, embed, dropout")
	if err := os.WriteFile("resnet.yaml", []byte(head+"seed: x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = Load("resnet.yaml", nil)
	checkError(t, err, `resnet.yaml:3:7: seed must be a whole number, got "x"`)
}

func TestInit(t *testing.T) {
	dest := filepath.Join(t.TempDir(), "mine.yaml")
	if err := Init("resnet", dest); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(dest)
	if err != nil || !strings.HasPrefix(string(data), "# "+Describe("resnet")) {
		t.Errorf("%v: %.60s", err, data)
	}
	if err := Init("resnet-dense", dest); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("overwriting gives %v", err)
	}
	if after, _ := os.ReadFile(dest); string(after) != string(data) {
		t.Error("the file changed")
	}
	if err := Init("resnett", dest+"2"); err == nil || !strings.Contains(err.Error(), "did you mean resnet") {
		t.Errorf("an unknown name gives %v", err)
	}
}

func TestRunName(t *testing.T) {
	for file, want := range map[string]string{"": "run", "a/b.yaml": "b", "my run.yml": "my-run", "..yaml": "run", "é": "run", "-": "run", "x": "x", "a.b.yaml": "a.b"} {
		if got := runName(file); got != want {
			t.Errorf("runName(%q) is %q, want %q", file, got, want)
		}
	}
}

func TestSchema(t *testing.T) {
	var s struct {
		Schema     string `json:"$schema"`
		Properties map[string]json.RawMessage
		Required   []string
		Closed     *bool `json:"additionalProperties"`
	}
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	if s.Schema == "" || s.Closed == nil || *s.Closed || !reflect.DeepEqual(s.Required, []string{"data", "model"}) {
		t.Errorf("%+v", s)
	}
	var batch map[string]any
	var section struct{ Properties map[string]json.RawMessage }
	if err := json.Unmarshal(s.Properties["train"], &section); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(section.Properties["batch"], &batch); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"type": "integer", "minimum": 1.0, "default": 64.0, "description": "examples in a step"}
	if diff := cmp.Diff(want, batch); diff != "" {
		t.Error(diff)
	}
	var tune struct {
		Properties map[string]struct {
			AnyOf []struct {
				Properties map[string]struct{ Enum []any }
			}
		}
	}
	if err := json.Unmarshal(s.Properties["finetune"], &tune); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"optimizer", "schedule"} {
		if kinds := tune.Properties[key].AnyOf; len(kinds) < 3 || !slices.Contains(kinds[0].Properties["type"].Enum, any(nil)) {
			t.Errorf("the schema does not let finetune.%s.type be null, as configs do", key)
		}
	}
}

// Every key has a description, keys of kinds included.
func TestTags(t *testing.T) {
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		typ := v.Type()
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || typ == reflect.TypeFor[Model]() {
			return
		}
		if typ != v.Type() {
			v = reflect.New(typ).Elem()
		}
		section := func() {
			for _, f := range option.Fields(v) {
				full := option.Join(path, f.Key)
				if f.Doc == "" && f.Key != "type" {
					t.Errorf("%s has no description", full)
				}
				walk(f.Value, full)
			}
		}
		if c, ok := option.ChoiceOf(v); ok {
			for _, name := range c.Kinds.Names() {
				if err := c.Set(name); err != nil {
					t.Error(err)
				}
				section()
			}
			return
		}
		section()
	}
	c := defaults()
	c.Thresholds, c.Target = &Thresholds{}, &Target{}
	walk(reflect.ValueOf(c).Elem(), "")
	walk(reflect.ValueOf(&Choice[models.Model]{}).Elem(), "model")
	walk(reflect.ValueOf(&Finetune{}).Elem(), "finetune")
}
