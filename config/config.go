// Package config reads the YAML file that describes a run: the data, the model,
// training, penalties, pruning, fine-tuning and export.
//
// A config is strict. Unknown and repeated keys, wrong types, values out of
// range and second documents are errors of type *Error, one line each with the
// file, line and column of the word at fault. Scalars follow the core schema of
// YAML 1.2: 5e-4 is a number, yes and 1_000 are texts. Anchors, aliases and tags
// are not supported. Null stands for a section that is not there and, in fine-tuning,
// for a key that is not inherited; -set key=null removes a key of the file. Other nulls
// are errors, as are zeros and empty texts that would mean a default.
//
// A section may name a kind: of data, model, layer, optimizer or schedule. Its other keys are
// then the options of that kind. The tags of package option on the fields of all these
// structs are the one place that says which keys there are, their limits and their meaning.
package config

import (
	"pare/datasets"
	"pare/internal/option"
	"pare/layers"
	"pare/prune"
	"pare/prune/repair"
	"pare/prune/unstructured"
	"pare/regularize"
	"pare/train"
)

// Config describes a run. A parsed Config holds the defaults where the file
// leaves a key out.
type Config struct {
	Name        string            `yaml:"name" doc:"name of the run; the run folder is runs/NAME unless told otherwise. Default: the name of the file"`
	Seed        uint64            `yaml:"seed" doc:"seed of all randomness; the same seed gives the same result for any number of threads"`
	Threads     int               `yaml:"threads" range:"[0,1024]" doc:"processor threads to use; 0: all cores"`
	Data        Data              `yaml:"data" required:"true" doc:"training, validation and test data"`
	Model       Model             `yaml:"model" required:"true" doc:"the network"`
	Train       Train             `yaml:"train" doc:"training"`
	Adversarial *Adversarial      `yaml:"adversarial,omitempty" doc:"attack on the examples that training and fine-tuning see, for networks that are robust against such attacks; left out: none"`
	Penalties   []regularize.Spec `yaml:"penalties,omitempty" doc:"penalties that make the network sparse"`
	Target      *Target           `yaml:"target,omitempty" doc:"share of the network to keep: training then finds the strength of the penalties, and lambdas are relative; left out: lambdas are used as given"`
	Prune       Prune             `yaml:"prune" doc:"which units are removed, and when"`
	Thresholds  *Thresholds       `yaml:"thresholds,omitempty" doc:"size from which on ReLUs let values through, calibrated after pruning; left out: all above 0"`
	Finetune    *Finetune         `yaml:"finetune,omitempty" doc:"training after pruning; left out: none"`
	Audit       *Audit            `yaml:"audit,omitempty" doc:"measures of groups of test examples, before and after pruning; left out: none"`
	Export      Export            `yaml:"export" doc:"models to write to the run folder, besides checkpoints"`

	root *node // the file with its overrides, for places of errors
}

// Choice is a section whose key type names a kind, and whose other keys are the options of
// that kind.
type Choice[T any] struct {
	Type string `yaml:"type"`
	Kind T      `kind:"type"`
}

// choose is the kind of a name with its defaults.
func choose[T any](kinds *option.Kinds[T], name string) Choice[T] {
	kind, err := kinds.New(name)
	if err != nil {
		panic(err)
	}
	return Choice[T]{name, kind}
}

// Data says which data to use and how much of it. The keys of its section are the options
// of Options and of the dataset.
type Data struct {
	Dataset string           `yaml:"dataset" required:"true" doc:"the name of the data"`
	Kind    datasets.Dataset `kind:"dataset"`
	datasets.Options
}

// Train says how to train.
type Train struct {
	Epochs          int                         `yaml:"epochs" range:"[0,1000000]" doc:"passes over the training data"`
	Batch           int                         `yaml:"batch" range:"[1,)" doc:"examples in a step"`
	Optimizer       Choice[train.OptimizerSpec] `yaml:"optimizer" doc:"how a gradient becomes a step"`
	Schedule        Choice[train.ScheduleSpec]  `yaml:"schedule" doc:"how the learning rate changes"`
	Loss            Choice[layers.LossKind]     `yaml:"loss,omitempty" list:"single" doc:"loss that steps lower, a kind or its name; left out: cross_entropy for classes, bce for labels, mse for numbers. Evaluations and reports keep to that one"`
	ClassWeights    ClassWeights                `yaml:"class_weights,omitempty" doc:"how much the classes count in the loss: balanced, n/(classes·n of the class) of the training examples, or a number for each; left out: all the same"`
	Groups          *Groups                     `yaml:"groups,omitempty" doc:"groups of training examples that count otherwise than by their size; left out: none"`
	LabelSmoothing  float64                     `yaml:"label_smoothing" range:"[0,1)" doc:"share of the target that is spread over all classes; 0: none"`
	MixUp           float64                     `yaml:"mixup,omitempty" range:"[0,1e6]" doc:"alpha of mixup, weighted means of pairs of examples, such as 0.2; 0: none. With cutmix each batch has one of them at random"`
	CutMix          float64                     `yaml:"cutmix,omitempty" range:"[0,1e6]" doc:"alpha of CutMix, images with a rectangle of another one, such as 1; 0: none"`
	Distill         *Distill                    `yaml:"distill,omitempty" doc:"a teacher whose outputs training goes by beside the targets (Hinton et al. 2015); left out: none"`
	ClipNorm        float64                     `yaml:"clip_norm" range:"[0,)" doc:"largest norm of the gradient; 0: no limit"`
	EarlyStop       train.EarlyStopSpec         `yaml:"early_stop" doc:"when to stop before the last epoch"`
	Keep            string                      `yaml:"keep,omitempty" enum:"best,last" doc:"weights that training and fine-tuning end with; best: of the epoch with the best validation by early_stop.metric, see early_stop.restore; left out: last"`
	CheckpointSteps int                         `yaml:"checkpoint_steps" range:"[0,)" doc:"steps between checkpoints; 0: one each epoch"`
	Snapshot        []int                       `yaml:"snapshot,omitempty" empty:"no" list:"single" range:"[0,1000000]" doc:"epochs after which the weights are kept in the folder snapshots/epoch-N of the run, for prune.rewind of later runs; 0: before training. Left out: none"`
	LogSteps        int                         `yaml:"log_steps,omitempty" range:"[0,)" doc:"steps between lines of metrics.jsonl, and points of TensorBoard, within an epoch; 0: one each epoch only"`
}

// Groups says which groups of training examples there are, and how they count in the loss of steps.
type Groups struct {
	By      []string             `yaml:"by" required:"true" list:"single" empty:"no" doc:"columns whose combinations of values are the groups, of the table that is trained on or of file"`
	File    string               `yaml:"file,omitempty" empty:"no" doc:"a table with the columns by and a row for each training example, as in audit.file; left out: the table that is trained on has them"`
	Cut     map[string][]float64 `yaml:"cut,omitempty" empty:"no" doc:"points that cut a column of numbers into intervals, such as age: [25, 45]"`
	Rare    int                  `yaml:"rare,omitempty" range:"[2,)" doc:"values of fewer training examples are one group, other; left out: each value is a group"`
	Loss    string               `yaml:"loss" required:"true" enum:"balanced,weights,worst" doc:"balanced: all groups count the same in sum; weights: examples count by weights; worst: groups count the more the larger their loss is, group DRO (Sagawa et al. 2020)"`
	Weights map[string]float64   `yaml:"weights,omitempty" range:"[0,)" empty:"no" doc:"weights: how much an example of a group counts, such as {A: 1, B: 5}, or A × B with two columns; 1 where a group is left out"`
	train.WorstGroupSpec
}

// Validate checks the rules between options.
func (g *Groups) Validate() error {
	switch {
	case g.Loss == "weights" && len(g.Weights) == 0:
		return option.Errorf("weights", "is missing; give the groups weights, such as {A: 1, B: 5}")
	case g.Loss != "weights" && len(g.Weights) > 0:
		return option.Errorf("weights", "has no effect with loss %s; remove it, or use loss: weights", g.Loss)
	case g.Loss != "worst" && g.Rate != 0:
		return option.Errorf("rate", "has no effect with loss %s; remove it, or use loss: worst", g.Loss)
	case g.Loss != "worst" && g.Adjust != 0:
		return option.Errorf("adjust", "has no effect with loss %s; remove it, or use loss: worst", g.Loss)
	}
	return nil
}

// Prune selects the units to remove after training.
type Prune struct {
	Method     string  `yaml:"method" enum:"zeros,least,magnitude,random,weights,rigl,none" doc:"zeros: units that training made constant or dead; least: the least important units; magnitude and random: least with that importance; weights: single weights, which become 0 in the same shape; rigl: single weights that move while the network trains sparse from the start; none"`
	Importance string  `yaml:"importance,omitempty" empty:"no" doc:"least: the criterion of importance: taylor, activation, batchnorm_scale, fpgm, lamp, magnitude, random, or a criterion that the program registers; left out: taylor. weights: magnitude, lamp, random or taylor; left out: magnitude"`
	Budget     *Budget `yaml:"budget,omitempty" doc:"how much to keep; least, magnitude, random, weights and rigl need it"`
	Every      int     `yaml:"every,omitempty" range:"[0,)" doc:"zeros: steps of training between removals on the way, after which training goes on with the smaller network; with target.method least an interval is a multiple of it of at least 40 steps, in a short training of half of those between from and by; 0: only at the end, with a target a tenth of an epoch"`
	Scope      string  `yaml:"scope" enum:"global,layer" doc:"least, magnitude, random and weights: whether units or weights compete over the network or in their layer"`

	Keep    *prune.Keep `yaml:"keep,omitempty" doc:"zeros, least, magnitude and random: units that layers keep in any case; a unit that training drove to zero then stays, at zero"`
	RoundTo int         `yaml:"round_to,omitempty" range:"[1,1000000]" doc:"zeros, least, magnitude and random: layers end with a multiple of this many units, or keep all; of the units that would have gone the most important stay, or units at zero; left out: any number"`

	Pattern    string                 `yaml:"pattern,omitempty" empty:"no" doc:"weights: N:M such as 2:4, the number of weights to keep of each M along the input axis, in place of a budget"`
	Layers     []string               `yaml:"layers,omitempty" empty:"no" list:"single" doc:"weights and rigl: layers whose weights may go, names or patterns such as block*.conv1; left out: all"`
	Dense      []string               `yaml:"dense,omitempty" empty:"no" list:"single" doc:"weights and rigl: layers whose weights all stay, names or patterns; left out: none"`
	Schedule   *unstructured.Schedule `yaml:"schedule,omitempty" doc:"weights: prunes while training, along a cubic (Zhu & Gupta 2017); rigl: when weights move; left out: weights go at once after training, with rigl they move every 100 steps until 0.75 of training"`
	Rewind     *Rewind                `yaml:"rewind,omitempty" doc:"weights: fine-tuning goes on from an earlier epoch of training; left out: from its end"`
	Iterations int                    `yaml:"iterations,omitempty" range:"[1,1000]" doc:"weights: rounds of pruning and fine-tuning, each of which keeps the same share of the weights; left out: 1"`
	Repair     *repair.Spec           `yaml:"repair,omitempty" doc:"least, magnitude, random and weights: gives back accuracy without training, by least squares and new running statistics; left out: new running statistics alone"`
	RigL       *unstructured.Growth   `yaml:"rigl,omitempty" doc:"rigl: its options; left out: their defaults"`
}

// Rewind says how fine-tuning begins at an earlier epoch of training.
type Rewind struct {
	Epoch int    `yaml:"epoch" required:"true" range:"[0,1000000]" doc:"epoch after which fine-tuning begins; the schedule of finetune then runs from there for finetune.epochs more. 0: before training"`
	Of    string `yaml:"of" enum:"weights,rate" doc:"weights: the weights that stay have the values of that epoch, which the run, or the dense run that it starts from, has kept (Frankle et al. 2019); rate: only the learning rate goes back to the epoch (Renda et al. 2020)"`
}

// Defaults sets the values of the keys that a section leaves out.
func (r *Rewind) Defaults() { r.Of = "weights" }

// Budget is the share of the network to keep, in one measure, and shares of single layers.
type Budget struct {
	MACs   float64 `yaml:"macs,omitempty" range:"(0,1]" doc:"share of multiply-accumulates to keep"`
	Params float64 `yaml:"params,omitempty" range:"(0,1]" doc:"share of parameters to keep"`
	// Latency, Batch and Layers are for methods that choose units.
	Latency float64            `yaml:"latency,omitempty" range:"(0,1]" doc:"share of the time of an inference to keep, as measured on this machine; the result depends on the machine and its load"`
	Batch   int                `yaml:"batch,omitempty" range:"[1,65536]" doc:"latency: examples of an inference; left out: 1"`
	Layers  map[string]float64 `yaml:"layers,omitempty" range:"(0,1]" doc:"largest share of its units that a layer keeps, by the name of the layer or a pattern such as layer4.*; beside macs, params or latency the other layers meet that budget"`
	// Weights is for the methods weights and rigl alone.
	Weights float64 `yaml:"weights,omitempty" range:"(0,1]" doc:"weights and rigl: share of the prunable single weights to keep"`
}

// Target is the share of the network to keep, in one measure. Once it is met the network is
// pruned, and trains on without penalties.
type Target struct {
	MACs       float64 `yaml:"macs,omitempty" range:"(0,1)" doc:"share of multiply-accumulates to keep"`
	Params     float64 `yaml:"params,omitempty" range:"(0,1)" doc:"share of parameters to keep"`
	Groups     float64 `yaml:"groups,omitempty" range:"(0,1)" doc:"share of the groups of all penalties to keep, such as branches or heads; single weights do not count as groups"`
	From       float64 `yaml:"from" range:"[0,1)" doc:"share of the training steps after which penalties begin and the first groups go"`
	By         float64 `yaml:"by" range:"(0,1]" doc:"share of the training steps by which the network is to be that small"`
	Method     string  `yaml:"method" enum:"lambda,least" doc:"lambda: one factor on all lambdas, which are relative, is found on the way; least: in each interval the groups whose removal would change the loss least are shrunk to zero, those of a larger lambda first"`
	Importance string  `yaml:"importance,omitempty" empty:"no" doc:"least: the criterion of importance: taylor, activation, batchnorm_scale, fpgm, lamp, magnitude, random, or a criterion that the program registers; left out: taylor"`
}

// Thresholds says how ReLUs get thresholds below which they give 0: by a goal for
// the density or by a limit on the loss.
type Thresholds struct {
	Density  float64 `yaml:"density,omitempty" range:"(0,1)" doc:"largest share of activations that are not 0"`
	Loss     float64 `yaml:"loss,omitempty" range:"(0,)" doc:"largest growth of the loss, as a share of it; the other way to ask"`
	Examples int     `yaml:"examples" range:"[1,)" doc:"validation examples to calibrate on, training examples where there are none"`
}

// Distill says which network teaches, and how much it counts.
type Distill struct {
	Run string `yaml:"run" required:"true" empty:"no" doc:"the teacher: a run folder, a folder with a network or an .onnx file that pare wrote; in finetune also self, the network of the same run before pruning"`
	train.DistillSpec
}

// Adversarial says which attack examples go through before training sees them.
type Adversarial struct {
	Attack string       `yaml:"attack" required:"true" doc:"the kind of attack on the examples of every step"`
	Kind   train.Attack `kind:"attack"`
	train.AdversarialSpec
}

// Validate checks the rules between options.
func (a *Adversarial) Validate() error { return a.Fits(a.Kind) }

// SelfTeacher is the Distill.Run of a run that teaches itself.
const SelfTeacher = "self"

// Finetune is training after pruning. Epochs, optimizer and schedule have their values under
// train where they are left out; null sets them back to their own defaults.
type Finetune struct {
	Epochs    int                         `yaml:"epochs" range:"[0,1000000]" doc:"passes over the training data; left out: as in train"`
	Optimizer Choice[train.OptimizerSpec] `yaml:"optimizer" doc:"as in train; keys left out are taken from there unless the type differs"`
	Schedule  Choice[train.ScheduleSpec]  `yaml:"schedule" doc:"as in train; keys left out are taken from there unless the type differs"`
	Distill   *Distill                    `yaml:"distill,omitempty" doc:"a teacher, as train.distill, which is not inherited; left out: none"`
}

// Audit says which groups of test examples are compared, and how.
type Audit struct {
	By         []string             `yaml:"by" required:"true" list:"single" empty:"no" doc:"columns whose values are the groups; of several each one, and the combinations of all. Columns of the table, which need not be inputs, or of file"`
	File       string               `yaml:"file,omitempty" empty:"no" doc:"a table with the columns by and a row for each test example, which the column file (path of an image, or its end) or row (number from 1 in the file of the example) names; left out: the table that is trained on has them"`
	Against    string               `yaml:"against,omitempty" empty:"no" doc:"an earlier run on the same data, such as a dense one, whose final network counts as the one before pruning; left out: the network of the run itself before its last removal"`
	Positive   string               `yaml:"positive,omitempty" empty:"no" doc:"class whose rates are measured; left out: of two classes the second one, of more each class against the others"`
	Cut        map[string][]float64 `yaml:"cut,omitempty" empty:"no" doc:"points that cut a column of numbers into intervals, such as age: [25, 45]"`
	Rare       int                  `yaml:"rare,omitempty" range:"[2,)" doc:"values of fewer test examples are one group, other; left out: each value is a group"`
	MinRows    int                  `yaml:"min_rows" range:"[1,)" doc:"groups of fewer test examples do not count in differences and ratios"`
	Resamples  int                  `yaml:"resamples" range:"[0,10000]" doc:"bootstrap samples of intervals; 0: no intervals"`
	Confidence float64              `yaml:"confidence" range:"(0,1)" doc:"share of the bootstrap samples within an interval"`
}

// Export says which files the run folder gets.
type Export struct {
	Safetensors bool `yaml:"safetensors" doc:"write model.safetensors and architecture.json"`
	ONNX        bool `yaml:"onnx" doc:"write model.onnx"`
}

// defaults is the Config of a file that only has the required keys.
func defaults() *Config {
	optimizer, schedule := defaultKinds()
	return &Config{
		Seed:   1,
		Train:  Train{Epochs: defaultEpochs, Batch: 64, Optimizer: optimizer, Schedule: schedule, EarlyStop: train.EarlyStopSpec{Metric: "loss"}},
		Prune:  Prune{Method: "zeros", Scope: "global"},
		Export: Export{Safetensors: true, ONNX: true},
	}
}

const defaultEpochs = 10

func defaultKinds() (Choice[train.OptimizerSpec], Choice[train.ScheduleSpec]) {
	return choose(train.Optimizers, defaultTypes["optimizer"]), choose(train.Schedules, defaultTypes["schedule"])
}

// Defaults sets the values of the keys that a section leaves out.
func (t *Thresholds) Defaults() { t.Examples = 1000 }

// Defaults sets the values of the keys that a section leaves out.
func (a *Audit) Defaults() { a.MinRows, a.Resamples, a.Confidence = 30, 1000, 0.95 }

// Defaults sets the values of the keys that a section leaves out.
func (t *Target) Defaults() { t.From, t.By, t.Method = 0.05, 0.4, "least" }

// Defaults sets the values of the keys that neither the section nor train has.
func (f *Finetune) Defaults() {
	f.Epochs = defaultEpochs
	f.Optimizer, f.Schedule = defaultKinds()
}
