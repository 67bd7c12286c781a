package config

import (
	"errors"
	"os"
	"strings"
	"testing"

	"pare/datasets"
	"pare/internal/option"
	"pare/models"
	"pare/nn"
)

// head is a config with all that is required; tests add to it from line 3.
const head = "data: {dataset: glyphs}\nmodel: {type: mlp}\n"

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ name, yaml, want string }{
		{"empty", "", `1:1: the config is empty`},
		{"only comments", "# nothing\n", `1:1: the config is empty`},
		{"only a header", "---\n", `1:1: the config is empty`},
		{"a list", "- a\n", `1:1: a config is a section of keys, got a list`},
		{"a word", "resnet\n", `1:1: a config is a section of keys, got "resnet"`},
		{"null", "null\n", `1:1: a config is a section of keys, got nothing`},
		{"not YAML", head + "train: [1\n", `3:8: sequence end token ']' not found`},
		{"second document", head + "---\nname: b\n", `3:1: a second YAML document starts here; a config is one document`},
		{"empty second document", head + "---\n", `3:1: a second YAML document starts here; a config is one document`},
		{"directive", "%YAML 1.2\n---\n" + head, `1:1: YAML directives are not supported; remove the line`},
		{"tab as indent", head + "train:\n\tepochs: 1\n", `4:1: a tab; indent and separate with spaces`},
		{"tab after colon", head + "seed:\t1\n", `3:6: a tab; indent and separate with spaces`},
		{"invisible", head + "name: a\u00a0b\n", `3:8: the invisible character U+00A0; remove it`},
		{"not UTF-8", head + "name: \xff\n", `3:1: the line is not UTF-8 text`},
		{"line break in a key", "data: {dataset: digits}\nmodel: {type: mlp, \"a\\nb\": 1}\n", `2:20: the text has a line break or an invisible character (U+000A); write it in one line`},
		{"line break in text", head + "name: \"a\\nb\"\n", `3:7: the text has a line break or an invisible character (U+000A); write it in one line`},
		{"anchor", head + "seed: &s 1\n", `3:7: anchors are not supported; quote a text that starts with &`},
		{"alias", head + "name: *s\n", `3:7: aliases are not supported; quote a text that starts with *`},
		{"tag", head + "seed: !!int 1\n", `3:7: tags are not supported; quote a text that starts with !`},
		{"merge key", head + "<<: {seed: 1}\n", `3:1: merge keys are not supported; write the keys out`},

		{"unknown key", head + "train:\n  epoch: 3\n", `4:3: unknown key train.epoch; did you mean train.epochs?`},
		{"swapped letters", head + "trian: {}\n", `3:1: unknown key trian; did you mean train?`},
		{"unknown and far", head + "export: {tensorflow: true}\n", `3:10: unknown key export.tensorflow; the keys here are safetensors, onnx`},
		{"unknown in a list", head + "penalties:\n  - {type: l1, on: gates, lamda: 1}\n", `4:27: penalties.0.lamda is not an option of l1; did you mean penalties.0.lambda? its options are on, layers, lambda, scale, members, factors, weights, warmup, ramp, mode, revive`},
		{"duplicate key", head + "seed: 1\nseed: 2\n", `4:1: duplicate key seed; it is already at line 3, column 1`},
		{"duplicate in flow", head + "train: {batch: 1, 'batch': 2}\n", `3:19: duplicate key train.batch; it is already at line 3, column 9`},

		{"no value", head + "train:\n  epochs:\n  batch: 3\n", `4:3: train.epochs has no value; give it one or remove the key`},
		{"no item", head + "penalties:\n  - {type: l1, on: gates, lambda: 1}\n  -\n", `5:3: penalties.1 has no value; give it one or remove the key`},
		{"no value in flow", head + "train: {epochs: , batch: 3}\n", `3:9: train.epochs has no value; give it one or remove the key`},
		{"no value at the end", head + "penalties:\n", `3:1: penalties has no value; give it one or remove the key`},
		{"null in a list", head + "penalties: [null]\n", `3:13: penalties.0 must not be null`},
		{"text for whole number", head + "train:\n  epochs: ten\n", `4:11: train.epochs must be a whole number, got "ten"`},
		{"quoted number", head + "train: {epochs: '3'}\n", `3:17: train.epochs must be a whole number, got "3"`},
		{"fraction for whole number", head + "train: {epochs: 2.5}\n", `3:17: train.epochs must be a whole number, got 2.5`},
		{"text for number", head + "train: {clip_norm: big}\n", `3:20: train.clip_norm must be a number, got "big"`},
		{"infinite", head + "train: {clip_norm: .inf}\n", `3:20: train.clip_norm must be a finite number, got .inf`},
		{"not a number", head + "train: {clip_norm: .nan}\n", `3:20: train.clip_norm must be a finite number, got .nan`},
		{"text for bool", head + "export: {onnx: yes}\n", `3:16: export.onnx must be true or false, got "yes"`},
		{"number for text", head + "name: 2024\n", `3:7: name must be text, got 2024; quote it`},
		{"list for text", head + "name: [a]\n", `3:7: name must be text, got a list`},
		{"list for section", head + "train: [1]\n", `3:8: train must be a section of keys, got a list`},
		{"section for list", head + "penalties: {type: l1}\n", `3:12: penalties must be a list, got a section of keys`},
		{"section for list or one", head + "penalties:\n  - {type: l1, on: gates, lambda: 1, layers: {}}\n", `4:46: penalties.0.layers must be one value or a list, got a section of keys`},
		{"too large", head + "threads: 99999999999999999999\n", `3:10: threads must be at least 0 and at most 1024, got 99999999999999999999`},
		{"block text", head + "penalties:\n  -\n    type: l1\n    on: gates\n    lambda: x\n", `7:13: penalties.0.lambda must be a number, got "x"`},

		{"seed below 0", head + "seed: -1\n", `3:7: seed must be at least 0, got -1`},
		{"threads without end", head + "threads: 1000000000\n", `3:10: threads must be at least 0 and at most 1024, got 1000000000`},
		{"threads below 0", head + "threads: -1\n", `3:10: threads must be at least 0 and at most 1024, got -1`},
		{"train below 0", "data: {dataset: glyphs, train: -5}\nmodel: {type: mlp}\n", `1:32: data.train must be at least 0, got -5`},
		{"epochs below 0", head + "train: {epochs: -1}\n", `3:17: train.epochs must be at least 0 and at most 1000000, got -1`},
		{"batch 0", head + "train: {batch: 0}\n", `3:16: train.batch must be at least 1, got 0`},
		{"too large", head + "train: {optimizer: {lr: 1e39}}\n", `3:25: train.optimizer.lr is too large for single precision: 1e39`},
		{"too small", head + "train: {optimizer: {type: adam, eps: 1e-300}}\n", `3:38: train.optimizer.eps is too small for single precision: 1e-300`},
		{"lr 0", head + "train: {optimizer: {lr: 0}}\n", `3:25: train.optimizer.lr must be above 0, got 0`},
		{"momentum 1", head + "train: {optimizer: {momentum: 1}}\n", `3:31: train.optimizer.momentum must be at least 0 and below 1, got 1`},
		{"milestone 0", head + "train: {schedule: {type: step, milestones: [1, 0]}}\n", `3:48: train.schedule.milestones.1 must be above 0, got 0`},
		{"label smoothing 1", head + "train: {label_smoothing: 1.0}\n", `3:26: train.label_smoothing must be at least 0 and below 1, got 1.0`},
		{"lambda below 0", head + "penalties:\n- type: l1\n  on: weights\n  lambda: -1e-3\n", `6:11: penalties.0.lambda must be at least 0, got -1e-3`},
		{"factor below 0", head + "penalties: [{type: l1, on: gates, lambda: 1, factors: {a.b: -1}}]\n", `3:61: penalties.0.factors.a.b must be at least 0, got -1`},
		{"unknown choice", head + "prune: {method: magnitud}\n", `3:17: prune.method must be zeros, least, magnitude, random, weights, rigl or none, got "magnitud"; did you mean magnitude?`},
		{"unknown metric", head + "train: {early_stop: {metric: f1}}\n", `3:30: train.early_stop.metric must be loss, accuracy or robust, got "f1"`},
		{"budget above 1", head + "prune: {method: random, budget: {macs: 1.5}}\n", `3:40: prune.budget.macs must be above 0 and at most 1, got 1.5`},
		{"budget missing", head + "prune:\n  method: magnitude\n", `4:11: prune.method magnitude needs prune.budget, the share to keep: {macs: 0.5} or {params: 0.1}`},
		{"budget of zeros", head + "prune: {method: zeros, budget: {macs: 0.5}}\n", `3:32: prune.budget has no effect with prune.method zeros; remove it or use least, magnitude, random, weights or rigl`},
		{"a run that teaches itself", head + "train: {distill: {run: self}}\n", `3:24: train.distill.run is self, but a run has no trained network yet; name the folder of another run, or move the section to finetune`},
		{"a teacher without lessons", head + "train: {epochs: 0, distill: {run: a}}\n", `3:29: train.distill has no effect, as train.epochs is 0; remove it`},
		{"a teacher of no fine-tuning", head + "finetune: {epochs: 0, distill: {run: self}}\n", `3:32: finetune.distill has no effect, as finetune.epochs is 0; remove it`},
		{"no teacher", head + "finetune: {distill: {weight: 1}}\n", `3:21: finetune.distill.run is missing; it is the teacher: a run folder, a folder with a network or an .onnx file that pare wrote; in finetune also self, the network of the same run before pruning`},
		{"temperature", head + "train: {distill: {run: a, temperature: 0}}\n", `3:40: train.distill.temperature must be above 0 and at most 1000, got 0`},
		{"weight of a teacher", head + "train: {distill: {run: a, weight: 1.5}}\n", `3:35: train.distill.weight must be above 0 and at most 1, got 1.5`},
		{"attack missing", head + "adversarial: {eps: 0.1}\n", `3:14: adversarial.attack is missing; it is the attack: fgsm or pgd`},
		{"unknown attack", head + "adversarial: {attack: pdg, eps: 0.1}\n", `3:23: adversarial.attack: unknown attack "pdg"; did you mean pgd? known: fgsm, pgd`},
		{"eps missing", head + "adversarial: {attack: pgd}\n", `3:14: adversarial.eps is missing; it is the largest norm of a perturbation, where pixels lie in 0..1, such as 0.3 or 0.0314 (8/255)`},
		{"eps below 0", head + "adversarial: {attack: pgd, eps: -1}\n", `3:33: adversarial.eps must be at least 0, got -1`},
		{"norm of an attack", head + "adversarial: {attack: pgd, eps: 1, norm: l0}\n", `3:42: adversarial.norm must be linf or l2, got "l0"; did you mean l2?`},
		{"steps of one step", head + "adversarial: {attack: fgsm, eps: 0.1, steps: 3}\n", `3:39: adversarial.steps is not an option of fgsm; did you mean adversarial.step? its options are step, start, norm, eps, warmup, trades, examples`},
		{"restarts without end", head + "adversarial: {attack: pgd, eps: 0.1, restarts: 1001}\n", `3:48: adversarial.restarts must be at least 1 and at most 1000, got 1001`},
		{"restarts of one way", head + "adversarial: {attack: pgd, eps: 0.1, restarts: 2, start: clean}\n", `3:48: adversarial.restarts is 2, but from start clean all ways are the same; use start: random`},
		{"trades without a gradient", head + "adversarial: {attack: pgd, eps: 0.1, trades: 6, start: clean}\n", `3:46: adversarial.trades needs start: random, as the divergence has no gradient at the clean example`},
		{"trades of mixed examples", head + "adversarial: {attack: pgd, eps: 0.1, trades: 6}\ntrain: {mixup: 1}\n", `3:46: adversarial.trades compares clean and attacked examples; remove train.mixup and train.cutmix`},
		{"trades with groups", "data: {dataset: digits}\nmodel: {type: mlp}\ntrain: {groups: {by: x, loss: worst}}\nadversarial: {attack: pgd, eps: 0.1, trades: 6}\n", `4:46: adversarial.trades does not go with train.groups; remove one of them`},
		{"trades with a teacher", head + "adversarial: {attack: pgd, eps: 0.1, trades: 6}\nfinetune: {distill: {run: self}}\n", `3:46: adversarial.trades does not go with distill; remove one of them`},
		{"attack that rises too long", head + "adversarial: {attack: pgd, eps: 0.1, warmup: 11}\n", `3:46: adversarial.warmup is 11 epochs, longer than the training of 10`},
		{"attack on nothing", head + "adversarial: {attack: pgd, eps: 0.1}\ntrain: {epochs: 0}\n", `3:14: adversarial has no effect, as nothing is trained; remove it`},
		{"repair of zeros", head + "prune: {repair: {}}\n", `3:17: prune.repair has no effect with prune.method zeros; remove it or use least, magnitude, random or weights`},
		{"repair of nothing", head + "prune: {method: least, budget: {macs: 0.5}, repair: {reconstruct: false, statistics: false}}\n", `3:53: prune.repair: it neither fits weights nor measures statistics; set reconstruct or statistics, or remove it`},
		{"repair without a fit", head + "prune: {method: least, budget: {macs: 0.5}, repair: {reconstruct: false, examples: 64}}\n", `3:84: prune.repair.examples is 64, which is for the fit of weights, and reconstruct is false; remove one of them`},
		{"repair without a ridge", head + "prune: {method: least, budget: {macs: 0.5}, repair: {ridge: 0.5, reconstruct: false}}\n", `3:61: prune.repair.ridge is 0.5, which is for the fit of weights, and reconstruct is false; remove one of them`},
		{"repair while training", head + "prune: {method: weights, budget: {weights: 0.5}, schedule: {}, repair: {}}\n", `3:72: prune.repair is for weights that go at once after training, not for prune.schedule, rewind or iterations; remove it`},
		{"ridge", head + "prune: {method: least, budget: {macs: 0.5}, repair: {ridge: 0}}\n", `3:61: prune.repair.ridge must be above 0, got 0`},
		{"budget by default", head + "prune: {budget: {macs: 0.5}}\n", `3:17: prune.budget has no effect with prune.method zeros; remove it or use least, magnitude, random, weights or rigl`},
		{"budget empty", head + "prune: {method: random, budget: {}}\n", `3:33: prune.budget must have macs, params, latency or layers, the share to keep`},
		{"keep of weights", head + "prune: {method: weights, budget: {weights: 1}, keep: {least: 2}}\n", `3:54: prune.keep has no effect with prune.method weights; remove it or use zeros, least, magnitude or random`},
		{"keep no bound", head + "prune: {keep: {of: {a: {}}}}\n", `3:20: prune.keep.of has no bound for "a"; give it least or lose`},
		{"keep least", head + "prune: {keep: {least: 2.5}}\n", `3:23: prune.keep.least is 2.5; it must be a share below 1 or a whole number of units`},
		{"keep lose", head + "prune: {keep: {of: {a: {lose: 1}}}}\n", `3:31: prune.keep.of.a.lose must be above 0 and below 1, got 1`},
		{"round to 0", head + "prune: {round_to: 0}\n", `3:19: prune.round_to must be at least 1 and at most 1000000, got 0`},
		{"batch without latency", head + "prune: {method: random, budget: {macs: 0.5, batch: 2}}\n", `3:52: prune.budget.batch has no effect without prune.budget.latency; remove it`},
		{"latency of weights", head + "prune: {method: weights, budget: {latency: 0.5}}\n", `3:44: prune.budget.latency is not for prune.method weights; use weights`},
		{"layers of weights", head + "prune: {method: rigl, budget: {weights: 0.5, layers: {a: 0.5}}}\n", `3:54: prune.budget.layers is not for prune.method rigl; use weights`},
		{"layers above 1", head + "prune: {method: random, budget: {layers: {a: 1.5}}}\n", `3:46: prune.budget.layers.a must be above 0 and at most 1, got 1.5`},
		{"budget twice", head + "prune: {method: random, budget: {macs: 1, params: 1}}\n", `3:33: prune.budget has macs and params; remove one of them`},
		{"target empty", head + "target: {from: 0.1}\n", `3:9: target must have macs, params or groups, the share to keep: {macs: 0.5}`},
		{"target twice", head + "target: {macs: 0.5, groups: 0.5}\n", `3:9: target has macs and groups; remove one of them`},
		{"target of weights", head + "target: {groups: 0.5}\npenalties: [{type: l1, on: weights, lambda: 1e-3}]\n", `3:9: target.groups needs a penalty on groups, such as {type: group_lasso, on: branches, lambda: 1e-4}; single weights are none`},
		{"inherited option", head + "finetune: {optimizer: {lr: 1}}\ntrain: {optimizer: {momentum: 2}}\n", `4:31: train.optimizer.momentum must be at least 0 and below 1, got 2`},

		{"no data", "model: {type: mlp}\n", `1:1: data.dataset is missing; it is the dataset: ` + option.OneOf(datasets.Kinds.Names())},
		{"no dataset", "model: {type: mlp}\ndata:\n  train: 3\n", `3:3: data.dataset is missing; it is the dataset: ` + option.OneOf(datasets.Kinds.Names())},
		{"empty dataset", "model: {type: mlp}\ndata: {dataset: ''}\n", `2:17: data.dataset: unknown dataset ""; known: ` + strings.Join(datasets.Kinds.Names(), ", ")},
		{"no model", "data: {dataset: glyphs}\n", `1:1: model.type is missing; it is the name of a model, or give model.layers`},
		{"no model type", "data: {dataset: glyphs}\nmodel: {depth: 3}\n", `2:8: model.type is missing; it is the name of a model, or give model.layers`},
		{"misspelt layers", "data: {dataset: glyphs}\nmodel: {layer: [relu]}\n", `2:9: unknown key model.layer; did you mean model.layers?`},
		{"empty model type", "data: {dataset: glyphs}\nmodel: {type: ''}\n", `2:15: model.type: unknown model ""; did you mean x? known: ` + strings.Join(models.Kinds.Names(), ", ")},
		{"type and layers", "data: {dataset: glyphs}\nmodel: {type: mlp, layers: [relu]}\n", `2:28: model has a type and layers; remove one of them`},
		{"layers and more", "data: {dataset: glyphs}\nmodel: {layers: [relu], depth: 3}\n", `2:25: unknown key model.depth; the keys here are weights, names`},
		{"no layers", "data: {dataset: glyphs}\nmodel: {layers: []}\n", `2:17: model.layers is empty; list at least one layer`},
		{"layer of two keys", "data: {dataset: glyphs}\nmodel:\n  layers:\n    - conv:\n      out: 3\n", `5:7: model.layers.0 has the keys conv and out, a layer is one key; indent its options below it`},
		{"layer number", "data: {dataset: glyphs}\nmodel: {layers: [3]}\n", `2:18: model.layers.0 must be the kind of a layer or one key with its options, got 3`},
		{"layer options number", "data: {dataset: glyphs}\nmodel: {layers: [conv: 3]}\n", `2:24: model.layers.0.conv must be a section of keys, got 3`},
		{"layer name twice", "data: {dataset: glyphs}\nmodel:\n  layers:\n    - conv: {name: a}\n    - relu: {name: a}\n", `5:20: model.layers.1: the name a is already taken by model.layers.0`},
		{"layer input empty", "data: {dataset: glyphs}\nmodel: {layers: [add: {inputs: [a, '']}]}\n", `2:36: model.layers.0.add.inputs: a name must not be empty`},
		{"unknown model", "data: {dataset: glyphs}\nmodel: {type: lent5}\n", `2:15: model.type: unknown model "lent5"; did you mean lenet5? known: ` + strings.Join(models.Kinds.Names(), ", ")},
		{"unknown layer", "data: {dataset: glyphs}\nmodel: {layers: [cnov]}\n", `2:18: model.layers.0.cnov: unknown layer "cnov"; did you mean conv? known: ` + strings.Join(nn.Layers.Names(), ", ")},
		{"unknown optimizer", head + "train: {optimizer: {type: lion}}\n", `3:27: train.optimizer.type: unknown optimizer "lion"; known: adam, adamw, ramda, rmda, sgd`},
		{"foreign option", head + "train: {optimizer: {type: adam, momentum: 0.9}}\n", `3:33: train.optimizer.momentum is not an option of adam; its options are lr, weight_decay, decay_all, beta1, beta2, eps`},
		{"misspelt option", head + "train: {optimizer: {momentun: 0.9}}\n", `3:21: train.optimizer.momentun is not an option of sgd; did you mean train.optimizer.momentum? its options are lr, momentum, nesterov, weight_decay, decay_all`},
		{"foreign option of a schedule", head + "train: {schedule: {gamma: 0.5}}\n", `3:20: train.schedule.gamma is not an option of constant; its options are warmup`},
		{"nesterov alone", head + "train: {optimizer: {nesterov: true}}\n", `3:31: train.optimizer.nesterov needs momentum above 0`},
		{"decay_all alone", head + "train: {optimizer: {type: ramda, decay_all: true}}\n", `3:45: train.optimizer.decay_all needs weight_decay above 0`},
		{"step of nothing", head + "train: {schedule: {type: step}}\n", `3:19: train.schedule: step needs either milestones or every`},
		{"milestones descending", head + "train: {schedule: {type: step, milestones: [3, 2]}}\n", `3:44: train.schedule.milestones are [3 2], they must be ascending`},
		{"option of a layer", "data: {dataset: glyphs}\nmodel: {layers: [{relu: {slope: 3}}]}\n", `2:26: model.layers.0.relu.slope is not an option of relu; it has none`},
		{"model option without value", "data: {dataset: glyphs}\nmodel:\n  type: resnet\n  depth:\n", `4:3: model.depth has no value; give it one or remove the key`},

		{"bad name", head + "name: ../x\n", `3:7: name is "../x", it must be letters, digits, points, dashes and underscores, as it names a folder`},
		{"window of planted", "data: {dataset: planted, window: 3}\nmodel: {type: mlp}\n", `1:26: data.window is not an option of planted; its options are train, validation, test, normalize, augment`},
		{"window of digits", "data: {dataset: digits, window: 3}\nmodel: {type: mlp}\n", `1:25: data.window is not an option of digits; its options are train, validation, test, normalize, augment`},
		{"option of another module", "data: {dataset: own, color: red}\nmodel: {type: mlp}\n", `1:22: data.color is not an option of own; did you mean data.colour? its options are colour, window, train, validation, test, normalize, augment`},
		{"value of another module", "data: {dataset: own, colour: blue}\nmodel: {type: mlp}\n", `1:30: data.colour must be red or green, got "blue"`},
		{"color of mnist", "data: {dataset: mnist, color: true}\nmodel: {type: mlp}\n", `1:24: data.color is not an option of mnist; its options are dir, download, sequence, permute, train, validation, test, normalize, augment`},
		{"classes of mnist", "data: {dataset: mnist, classes: all}\nmodel: {type: mlp}\n", `1:24: data.classes is not an option of mnist; its options are dir, download, sequence, permute, train, validation, test, normalize, augment`},
		{"classes of glyphs", "data: {dataset: glyphs, classes: some}\nmodel: {type: mlp}\n", `1:34: data.classes must be digits, letters or all, got "some"`},
		{"window of mnist", "data: {dataset: mnist, window: 8}\nmodel: {type: mlp}\n", `1:24: data.window is not an option of mnist; its options are dir, download, sequence, permute, train, validation, test, normalize, augment`},
		{"file of wordchain", "data: {dataset: wordchain, file: a}\nmodel: {type: mlp}\n", `1:28: data.file is not an option of wordchain; its options are window, carry, train, validation, test, normalize, augment`},
		{"sequence of cifar10", "data: {dataset: cifar10, sequence: rows}\nmodel: {type: mlp}\n", `1:26: data.sequence is not an option of cifar10; its options are dir, download, train, validation, test, normalize, augment`},
		{"carry of copy", "data: {dataset: copy, carry: true}\nmodel: {type: mlp}\n", `1:23: data.carry is not an option of copy; its options are length, symbols, train, validation, test, normalize, augment`},
		{"symbols of adding", "data: {dataset: adding, symbols: 3}\nmodel: {type: mlp}\n", `1:25: data.symbols is not an option of adding; its options are length, train, validation, test, normalize, augment`},
		{"length of text", "data: {dataset: text, length: 3}\nmodel: {type: mlp}\n", `1:23: data.length is not an option of text; its options are dir, file, window, carry, vocabulary, train, validation, test, normalize, augment`},
		{"unknown sequence", "data: {dataset: mnist, sequence: row}\nmodel: {type: mlp}\n", `1:34: data.sequence must be pixels or rows, got "row"; did you mean rows?`},
		{"permuted images", "data: {dataset: mnist, permute: true}\nmodel: {type: mlp}\n", `1:33: data.permute needs sequence, pixels or rows`},
		{"window below 0", "data: {dataset: text, window: -1}\nmodel: {type: mlp}\n", `1:31: data.window must be at least 1, got -1`},
		{"line break in vocabulary", "data: {dataset: text, vocabulary: \"a\\n\"}\nmodel: {type: mlp}\n", `1:35: the text has a line break or an invisible character (U+000A); write it in one line`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("f.yaml", []byte(c.yaml))
			checkError(t, err, "f.yaml:"+c.want)
		})
	}
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", want)
	}
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	var e *Error
	if !errors.Is(err, ErrConfig) || !errors.As(err, &e) {
		t.Errorf("%T is not a config error", err)
	}
}

func TestParseErrorOfLargeFiles(t *testing.T) {
	deep := head + "name: " + strings.Repeat("[", 2000) + strings.Repeat("]", 2000)
	_, err := Parse("f.yaml", []byte(deep))
	checkError(t, err, "f.yaml:3:39: more than 32 sections and lists within each other")
	_, err = Parse("f.yaml", []byte(head+strings.Repeat("#\n", 200<<10)))
	checkError(t, err, "f.yaml:1:1: the file has more than 64 KiB; this is not a config")
}

func TestErrorIsOneLine(t *testing.T) {
	err := &Error{File: "a\nb", Line: 1, Col: 2, Msg: "c\rd\u2028e"}
	if got, want := err.Error(), "a b:1:2: c d e"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A file without an end is refused after its first bytes.
func TestEndlessFile(t *testing.T) {
	if _, err := os.Stat("/dev/zero"); err != nil {
		t.Skip(err)
	}
	if _, err := Load("/dev/zero", nil); err == nil || !strings.Contains(err.Error(), "more than 64 KiB") {
		t.Errorf("got %v", err)
	}
}
