package config

import (
	"reflect"
	"strings"
	"testing"

	"pare/datasets"
)

// TestZerosThatWouldBeDefaults: a zero, an empty value or null that would silently mean
// a default is an error that points to it.
func TestZerosThatWouldBeDefaults(t *testing.T) {
	const head = "data: {dataset: glyphs}\nmodel: {type: mlp}\n"
	for _, c := range []struct{ yaml, want string }{
		{"data: {dataset: text, window: 0}\nmodel: {type: mlp}\n", "f.yaml:1:31: data.window must be at least 1, got 0"},
		{"data: {dataset: adding, length: 0}\nmodel: {type: mlp}\n", "f.yaml:1:33: data.length must be at least 2 and at most 1048576, got 0"},
		{"data: {dataset: copy, symbols: 0}\nmodel: {type: mlp}\n", "f.yaml:1:32: data.symbols must be at least 1 and at most 1048576, got 0"},
		{"data: {dataset: glyphs, normalize: null}\nmodel: {type: mlp}\n", "f.yaml:1:36: data.normalize must not be null; remove the key to have its default"},
		{head + "train: null\n", "f.yaml:3:8: train must not be null"},
		{head + "train:\n  batch: ~\n", "f.yaml:4:10: train.batch must not be null"},
		{head + "train: {optimizer: {type: ''}}\n", "f.yaml:3:27: train.optimizer.type: unknown optimizer \"\"; known: adam, adamw, ramda, rmda, sgd"},
		{head + "train: {optimizer: {eps: 0, type: adam}}\n", "f.yaml:3:26: train.optimizer.eps must be above 0, got 0"},
		{head + "train: {schedule: {type: \"\"}}\n", "f.yaml:3:26: train.schedule.type: unknown schedule \"\""},
		{head + "train: {schedule: {type: step, gamma: 0}}\n", "f.yaml:3:39: train.schedule.gamma must be above 0, got 0"},
		{head + "train: {schedule: {type: step, milestones: []}}\n", "f.yaml:3:44: train.schedule.milestones must not be empty"},
		{head + "penalties: [{type: l1, on: weights, lambda: 1, layers: []}]\n", "f.yaml:3:56: penalties.0.layers must not be empty"},
		{head + "penalties: [{type: l1, on: weights, lambda: 1, scale: ''}]\n", "f.yaml:3:55: penalties.0.scale must not be empty"},
		{head + "penalties: [{type: l1, on: weights, lambda: 1, members: ''}]\n", "f.yaml:3:57: penalties.0.members must not be empty"},
		{head + "penalties: [{type: l1, on: weights, lambda: 1, ramp: null}]\n", "f.yaml:3:54: penalties.0.ramp must not be null"},
		{head + "prune: {scope: null}\n", "f.yaml:3:16: prune.scope must not be null"},
		{"data: {dataset: glyphs}\nmodel: {layers: [{add: {inputs: []}}]}\n", "f.yaml:2:33: model.layers.0.add.inputs must not be empty"},
		{"data: {dataset: glyphs}\nmodel: {layers: [{relu: {name: null}}]}\n", "f.yaml:2:32: model.layers.0.relu.name must not be null"},
	} {
		_, err := parse("f.yaml", []byte(c.yaml), nil)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", c.yaml, err, c.want)
		}
	}
	_, err := parse("f.yaml", []byte("data: {dataset: glyphs}\nmodel: {type: x, depth: 3, rate: null}\n"), nil)
	checkError(t, err, "f.yaml:2:34: model.rate must not be null; remove the key to have its default")
}

// TestNullRemoves: an override that is null takes a key out of the file, and a section
// that may be left out is left out where it is null.
func TestNullRemoves(t *testing.T) {
	const text = "data: {dataset: text, window: 32}\nmodel: {type: x, depth: 3, gates: {skip: false}}\ntrain: {batch: 5}\nfinetune: {epochs: 2}\ntarget: null\nthresholds: null\n"
	c, err := parse("f.yaml", []byte(text), []string{"data.window=null", "model.depth=null", "model.gates.skip=null", "train.batch=null", "finetune=null"})
	if err != nil {
		t.Fatal(err)
	}
	again := mustParse(t, string(c.YAML()))
	for _, c := range []*Config{c, again} {
		got := c.Model.Kind.(*options)
		if got.Depth != 9 || !got.Gates.Skip || c.Data.Kind.(*datasets.Text).Window != 0 || c.Train.Batch != 64 || c.Finetune != nil || c.Target != nil {
			t.Errorf("%+v in\n%s", got, c.YAML())
		}
	}
}

// TestKindsChange: overrides may name another kind and remove the options of the one before.
func TestKindsChange(t *testing.T) {
	const text = "data: {dataset: text, window: 32}\nmodel: {type: resnet, depth: 8}\ntrain: {optimizer: {momentum: 0.9}}\n"
	c, err := parse("f.yaml", []byte(text), []string{"data.dataset=digits", "data.window=null", "model.type=mlp", "model.depth=null",
		"train.optimizer.type=adam", "train.optimizer.momentum=null"})
	if err != nil {
		t.Fatal(err)
	}
	if again := mustParse(t, string(c.YAML())); !again.Equal(c) || again.Train.Optimizer.Type != "adam" {
		t.Errorf("%s is read as\n%s", c.YAML(), again.YAML())
	}
}

// TestZeroThatIsNoDefault: a zero that was written is still there when the config of a
// run folder is read again.
func TestZeroThatIsNoDefault(t *testing.T) {
	for _, section := range []string{"train: {optimizer: {type: rmda, momentum: 0}}\n",
		"train: {optimizer: {type: ramda}}\nfinetune: {optimizer: {momentum: 0}}\n",
		"train: {optimizer: {type: rmda, momentum: 0}}\nfinetune: {epochs: 1}\n"} {
		c := mustParse(t, head+section)
		again := mustParse(t, string(c.YAML()))
		if !reflect.DeepEqual(c.Train.Optimizer, again.Train.Optimizer) || !reflect.DeepEqual(c.Finetune, again.Finetune) {
			t.Errorf("%s: %+v and %+v are read again as %+v and %+v", section, c.Train.Optimizer, c.Finetune, again.Train.Optimizer, again.Finetune)
		}
	}
}
