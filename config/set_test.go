package config

import (
	"testing"

	"pare/datasets"
	"pare/internal/option"
)

const setBase = head + `train:
  epochs: 4
penalties:
  - {type: l1, on: gates, lambda: 1}
`

func TestSet(t *testing.T) {
	c, err := parse("f.yaml", []byte(setBase), []string{
		"train.epochs=3", "train.epochs=5", "train.optimizer.type=adam", "train.optimizer={type: adam, lr: 5e-4}",
		"penalties.0.lambda=1e-3", "penalties.0.layers=*.conv", "finetune.epochs=2", "name=b", "model.hidden=[3, 4]", `data.classes=letters`,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := mustParse(t, `name: b
data: {dataset: glyphs, classes: letters}
model: {type: mlp, hidden: [3, 4]}
train: {epochs: 5, optimizer: {type: adam, lr: 0.0005}}
penalties: [{type: l1, on: gates, lambda: 0.001, layers: '*.conv'}]
finetune: {epochs: 2}
`)
	if !c.Equal(want) {
		t.Errorf("got\n%s\nwant\n%s", c.YAML(), want.YAML())
	}
	if c, err = parse("f.yaml", []byte(setBase), []string{"penalties=[]", "finetune=null"}); err != nil || len(c.Penalties) != 0 {
		t.Errorf("%v", err)
	}
}

func TestSetErrors(t *testing.T) {
	for _, c := range []struct{ set, want string }{
		{"train.epochs=x", `train.epochs must be a whole number, got "x"`},
		{"train.epochs=-1", "train.epochs must be at least 0 and at most 1000000, got -1"},
		{"train.epochs=", "train.epochs has no value; give it one or remove the key"},
		{"train.epoch=3", "unknown key train.epoch; did you mean train.epochs?"},
		{"trian.epochs=3", "unknown key trian; did you mean train?"},
		{"epochs=3", "unknown key epochs; the keys here are name, seed, threads, data, model, train, adversarial, penalties, target, prune, thresholds, finetune, audit, export"},
		{"train.epochs.x=3", "train.epochs.x does not exist; train.epochs is 4 and has no keys"},
		{"penalties.1.lambda=3", "penalties.1 does not exist; penalties is a list of 1, counted from 0"},
		{"penalties.x=3", "penalties.x does not exist; penalties is a list of 1, counted from 0"},
		{"penalties.0.lamda=3", "penalties.0.lamda is not an option of l1; did you mean penalties.0.lambda? its options are on, layers, lambda, scale, members, factors, weights, warmup, ramp, mode, revive"},
		{"penalties.0.lamda=null", "penalties.0.lamda is not an option of l1; did you mean penalties.0.lambda? its options are on, layers, lambda, scale, members, factors, weights, warmup, ramp, mode, revive"},
		{"train.optimizer.momentun=null", "train.optimizer.momentun is not an option of sgd; did you mean train.optimizer.momentum? its options are lr, momentum, nesterov, weight_decay, decay_all"},
		{"train.optimizer.tpye=adam", "train.optimizer.tpye is not an option of sgd; did you mean train.optimizer.type? its options are lr, momentum, nesterov, weight_decay, decay_all"},
		{"penalties.0={typ: l1}", "unknown key penalties.0.typ; did you mean penalties.0.type?"},
		{"data={datset: digits}", "unknown key data.datset; did you mean data.dataset?"},
		{"penalties.0=3", "penalties.0 must be a section of keys, got 3"},
		{"data.dataset=null", "data.dataset is missing; it is the dataset: " + option.OneOf(datasets.Kinds.Names())},
		{"train.epochs", "an override is key=value, for example train.epochs=3"},
		{"=3", "an override is key=value, for example train.epochs=3"},
		{"train..epochs=3", "an override is key=value, for example train.epochs=3"},
		{"train.epochs =3", "an override is key=value, for example train.epochs=3"},
		{"data.dir=[", "sequence end token ']' not found"},
		{"name=a/b", `name is "a/b", it must be letters, digits, points, dashes and underscores, as it names a folder`},
		{"prune.budget.macs=0.5", "prune.budget has no effect with prune.method zeros; remove it or use least, magnitude, random, weights or rigl"},
	} {
		_, err := parse("f.yaml", []byte(setBase), []string{c.set})
		checkError(t, err, "-set "+c.set+": "+c.want)
	}
	_, err := parse("f.yaml", []byte(setBase), []string{"model.hidden=x"})
	checkError(t, err, `-set model.hidden=x: model.hidden must be a list, got "x"`)
}
