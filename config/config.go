package config

// Config describes a run. A parsed Config holds the defaults where the file
// leaves a key out.
type Config struct {
	Name       string      `yaml:"name" json:"name" doc:"name of the run; the run folder is runs/NAME unless told otherwise. Default: the name of the file"`
	Seed       uint64      `yaml:"seed" json:"seed" doc:"seed of all randomness; the same seed gives the same result for any number of threads"`
	Threads    int         `yaml:"threads" json:"threads" range:"[0,1024]" doc:"processor threads to use; 0: all cores"`
	Data       Data        `yaml:"data" json:"data" required:"true" doc:"training, validation and test data"`
	Model      Model       `yaml:"model" json:"model" required:"true" doc:"the network"`
	Train      Train       `yaml:"train" json:"train" doc:"training"`
	Penalties  []Penalty   `yaml:"penalties,omitempty" json:"penalties,omitempty" doc:"penalties that make the network sparse"`
	Target     *Target     `yaml:"target,omitempty" json:"target,omitempty" doc:"share of the network to keep: training then finds the strength of the penalties, and lambdas are relative; left out: lambdas are used as given"`
	Prune      Prune       `yaml:"prune" json:"prune" doc:"which units are removed, and when"`
	Thresholds *Thresholds `yaml:"thresholds,omitempty" json:"thresholds,omitempty" doc:"size from which on ReLUs let values through, calibrated after pruning; left out: all above 0"`
	Finetune   *Finetune   `yaml:"finetune,omitempty" json:"finetune,omitempty" doc:"training after pruning; left out: none"`
	Export     Export      `yaml:"export" json:"export" doc:"models to write to the run folder, besides checkpoints"`

	root *node // the file with its overrides, for places of errors
}

// Data says which data to use and how much of it.
type Data struct {
	Dataset    string  `yaml:"dataset" json:"dataset" required:"true" doc:"mnist, fashion-mnist, cifar10, digits, planted, glyphs, text, wordchain, adding, copy, or a dataset that the program registers"`
	Dir        string  `yaml:"dir,omitempty" json:"dir,omitempty" doc:"folder with the official files; empty: the cache, after downloading missing files; text: folder of the text file"`
	Download   *bool   `yaml:"download,omitempty" json:"download,omitempty" doc:"whether files may be downloaded; left out: yes"`
	Train      int     `yaml:"train" json:"train" range:"[0,)" doc:"training examples, windows of a text; 0: all that validation leaves (generated data: 20000)"`
	Validation int     `yaml:"validation" json:"validation" range:"[0,)" doc:"examples held out of training to choose by, of text out of test; 0: none (generated data: 2000)"`
	Test       int     `yaml:"test" json:"test" range:"[0,)" doc:"test examples; 0: all (generated data: 4000)"`
	Color      bool    `yaml:"color,omitempty" json:"color,omitempty" doc:"glyphs only: 32x32 colour images in place of 28x28 grey ones"`
	Classes    string  `yaml:"classes,omitempty" json:"classes,omitempty" doc:"glyphs only: digits, letters or all; empty: all"`
	File       string  `yaml:"file,omitempty" json:"file,omitempty" doc:"text only: UTF-8 file, plain or gzip, in data.dir where that is given; empty: the only .txt file of data.dir"`
	Window     int     `yaml:"window,omitempty" json:"window,omitempty" range:"[1,)" doc:"text and wordchain only: characters of an example; left out: 64"`
	Vocabulary string  `yaml:"vocabulary,omitempty" json:"vocabulary,omitempty" doc:"text only: the characters that may occur, in single quotes, with \\n for a line break and \\\\ for a backslash; empty: those of the file"`
	Carry      bool    `yaml:"carry,omitempty" json:"carry,omitempty" doc:"text and wordchain only: rows of a batch are streams that go on from batch to batch, for networks that keep their state; false: each window stands alone"`
	Length     int     `yaml:"length,omitempty" json:"length,omitempty" range:"[1,)" doc:"adding and copy only: steps of adding, at least 2, or blanks of copy; left out: 100"`
	Symbols    int     `yaml:"symbols,omitempty" json:"symbols,omitempty" range:"[1,)" doc:"copy only: symbols to remember; left out: 10"`
	Sequence   string  `yaml:"sequence,omitempty" json:"sequence,omitempty" enum:"pixels,rows" doc:"mnist and fashion-mnist only: read images as sequences of pixels or of rows; left out: as images"`
	Permute    bool    `yaml:"permute,omitempty" json:"permute,omitempty" doc:"mnist and fashion-mnist only, with sequence: pixels in a random order, one for all"`
	Normalize  string  `yaml:"normalize,omitempty" json:"normalize,omitempty" enum:"standard,unit" doc:"of images; standard: each channel to mean 0 and deviation 1 over the training images; unit: values in 0..1, so that a black background is exactly 0; left out: as the parameters were trained with that a saved model keeps, standard for others"`
	Augment    Augment `yaml:"augment" json:"augment" doc:"random changes of training images"`
}

// Augment says how training images are varied.
type Augment struct {
	Crop int  `yaml:"crop" json:"crop" range:"[0,)" doc:"largest random shift in pixels, each way; 0: none"`
	Flip bool `yaml:"flip" json:"flip" doc:"mirror left and right with probability one half"`
}

// Train says how to train.
type Train struct {
	Epochs          int       `yaml:"epochs" json:"epochs" range:"[0,1000000]" doc:"passes over the training data"`
	Batch           int       `yaml:"batch" json:"batch" range:"[1,)" doc:"examples in a step"`
	Optimizer       Optimizer `yaml:"optimizer" json:"optimizer" doc:"how a gradient becomes a step"`
	Schedule        Schedule  `yaml:"schedule" json:"schedule" doc:"how the learning rate changes"`
	LabelSmoothing  float64   `yaml:"label_smoothing" json:"label_smoothing" range:"[0,1)" doc:"share of the target that is spread over all classes; 0: none"`
	ClipNorm        float64   `yaml:"clip_norm" json:"clip_norm" range:"[0,)" doc:"largest norm of the gradient; 0: no limit"`
	EarlyStop       EarlyStop `yaml:"early_stop" json:"early_stop" doc:"when to stop before the last epoch"`
	CheckpointSteps int       `yaml:"checkpoint_steps" json:"checkpoint_steps" range:"[0,)" doc:"steps between checkpoints; 0: one each epoch"`
}

// Optimizer has the fields of train.OptimizerSpec in the same order, so that
// one converts to the other.
type Optimizer struct {
	Type        string  `yaml:"type" json:"type" empty:"no" doc:"sgd, adam, adamw, rmda or ramda; left out: sgd"`
	LR          float64 `yaml:"lr" json:"lr" range:"(0,)" doc:"learning rate; left out: 0.1 for sgd and rmda, 0.001 for others"`
	Momentum    float64 `yaml:"momentum,omitempty" json:"momentum,omitempty" range:"[0,1)" doc:"sgd: share of the last step that is kept; rmda and ramda: share of the last parameters that is kept in each step, but for the end of training; 0: none; left out: 0 for sgd, 0.99 for rmda and ramda"`
	Nesterov    bool    `yaml:"nesterov,omitempty" json:"nesterov,omitempty" doc:"sgd: look ahead along the momentum"`
	WeightDecay float64 `yaml:"weight_decay,omitempty" json:"weight_decay,omitempty" range:"[0,)" doc:"pull of weights towards 0; 0: none"`
	DecayAll    bool    `yaml:"decay_all,omitempty" json:"decay_all,omitempty" doc:"decay biases, normalisation and gates too"`
	Beta1       float64 `yaml:"beta1,omitempty" json:"beta1,omitempty" range:"(0,1)" doc:"adam: decay of the mean of gradients; left out: 0.9"`
	Beta2       float64 `yaml:"beta2,omitempty" json:"beta2,omitempty" range:"(0,1)" doc:"adam: decay of the mean of squares; left out: 0.999"`
	Eps         float64 `yaml:"eps,omitempty" json:"eps,omitempty" range:"(0,)" doc:"adam and ramda: added to the divisor of steps; left out: 1e-8, for ramda 1e-6"`
}

// Schedule has the fields of train.ScheduleSpec in the same order, so that one
// converts to the other. Times are in epochs and may be fractions.
type Schedule struct {
	Type       string    `yaml:"type" json:"type" empty:"no" doc:"constant, step or cosine; left out: constant"`
	Warmup     float64   `yaml:"warmup,omitempty" json:"warmup,omitempty" range:"[0,)" doc:"epochs over which the rate rises from 0; 0: none"`
	Milestones []float64 `yaml:"milestones,omitempty" json:"milestones,omitempty" empty:"no" range:"(0,)" doc:"step: epochs after which the rate is multiplied by gamma, ascending"`
	Every      float64   `yaml:"every,omitempty" json:"every,omitempty" range:"(0,)" doc:"step: multiply by gamma every so many epochs, in place of milestones"`
	Gamma      float64   `yaml:"gamma,omitempty" json:"gamma,omitempty" range:"(0,)" doc:"step: factor; left out: 0.1"`
	Min        float64   `yaml:"min,omitempty" json:"min,omitempty" range:"[0,1)" doc:"cosine: share of the rate that is left at the end"`
}

// EarlyStop says when training ends early.
type EarlyStop struct {
	Patience int    `yaml:"patience" json:"patience" range:"[0,)" doc:"epochs without improvement on the validation data before the stop, counted once all penalties have their full strength and a target is met; 0: never"`
	Metric   string `yaml:"metric" json:"metric" enum:"loss,accuracy" doc:"value that must improve"`
}

// Penalty is a term of the loss that asks for sparsity; regularize.Spec tells
// what the values mean.
type Penalty struct {
	Type    string             `yaml:"type" json:"type" required:"true" doc:"a registered penalty: l1, group_lasso, group_mcp, elastic_net; on activations: l1, hoyer_square, transformed_l1"`
	On      string             `yaml:"on" json:"on" required:"true" doc:"groups: weights, channels, neurons, branches, blocks, heads, gates, paths, input_features, positions, recurrent_units, or activations: the outputs of layers"`
	Layers  []string           `yaml:"layers,omitempty" json:"layers,omitempty" list:"single" empty:"no" doc:"patterns of layer names, where * stands for any text; left out: all layers, for activations all ReLUs that a layer reads"`
	Lambda  float64            `yaml:"lambda" json:"lambda" required:"true" range:"[0,)" doc:"strength"`
	Alpha   float64            `yaml:"alpha,omitempty" json:"alpha,omitempty" range:"[0,1]" doc:"elastic_net: share of l1; group_mcp: one over the norm from which groups are left alone"`
	Beta    float64            `yaml:"beta,omitempty" json:"beta,omitempty" range:"(0,)" doc:"transformed_l1: the size at which a value costs half of the most; left out: 1"`
	Scale   string             `yaml:"scale,omitempty" json:"scale,omitempty" empty:"no" doc:"weight of a group: none, sqrt (root of its size) or macs, with mean 1 over the groups of the penalty, under a target over those of all penalties with macs; left out: sqrt for groups"`
	Members string             `yaml:"members,omitempty" json:"members,omitempty" empty:"no" doc:"the values of a unit that make its group: auto, norm, out or in; left out: auto"`
	Factors map[string]float64 `yaml:"factors,omitempty" json:"factors,omitempty" range:"[0,)" doc:"pattern of layer or parameter names: factor on lambda"`
	Warmup  float64            `yaml:"warmup,omitempty" json:"warmup,omitempty" range:"[0,)" doc:"epochs without the penalty"`
	Ramp    float64            `yaml:"ramp,omitempty" json:"ramp,omitempty" range:"[0,)" doc:"epochs after them over which lambda rises; 0: at once"`
	Mode    string             `yaml:"mode,omitempty" json:"mode,omitempty" enum:"prox,subgradient" doc:"prox: proximal steps, which give exact zeros; subgradient: for comparison; activations have none"`
	Revive  *Revive            `yaml:"revive,omitempty" json:"revive,omitempty" doc:"activations: help for units that never fire (output 0 everywhere); left out: none"`
}

// Revive has the fields of regularize.Revive in the same order, so that one
// converts to the other.
type Revive struct {
	After int     `yaml:"after" json:"after" range:"[1,)" doc:"steps without firing until a unit's bias is pushed, and over which rates are averaged"`
	Floor float64 `yaml:"floor" json:"floor" range:"[0,1)" doc:"units that fire at a smaller share of positions are not penalised"`
	Push  float64 `yaml:"push" json:"push" range:"[0,)" doc:"growth per step of the bias of a silent unit until it fires; 0: none"`
}

// Prune says what is removed after training.
type Prune struct {
	Method     string  `yaml:"method" json:"method" enum:"zeros,least,magnitude,random,none" doc:"zeros: units that training made constant or dead; least: the least important units; magnitude and random: least with that importance; none"`
	Importance string  `yaml:"importance,omitempty" json:"importance,omitempty" empty:"no" doc:"least: the criterion of importance: taylor, activation, batchnorm_scale, magnitude, random, or a criterion that the program registers; left out: taylor"`
	Budget     *Budget `yaml:"budget,omitempty" json:"budget,omitempty" doc:"how much to keep; least, magnitude and random need it"`
	Every      int     `yaml:"every,omitempty" json:"every,omitempty" range:"[0,)" doc:"zeros: steps of training between removals on the way, after which training goes on with the smaller network; with target.method least an interval is a multiple of it of at least 40 steps, in a short training of half of those between from and by; 0: only at the end, with a target a tenth of an epoch"`
	Scope      string  `yaml:"scope" json:"scope" enum:"global,layer" doc:"least, magnitude and random: whether units compete over the network or in their layer"`
}

// Budget is the share of the network to keep, in one measure.
type Budget struct {
	MACs   float64 `yaml:"macs,omitempty" json:"macs,omitempty" range:"(0,1]" doc:"share of multiply-accumulates to keep"`
	Params float64 `yaml:"params,omitempty" json:"params,omitempty" range:"(0,1]" doc:"share of parameters to keep"`
}

// Target is the share of the network that is to be left, in one measure. Once it
// is met the network is pruned, and trains on without penalties.
type Target struct {
	MACs       float64 `yaml:"macs,omitempty" json:"macs,omitempty" range:"(0,1)" doc:"share of multiply-accumulates to keep"`
	Params     float64 `yaml:"params,omitempty" json:"params,omitempty" range:"(0,1)" doc:"share of parameters to keep"`
	Groups     float64 `yaml:"groups,omitempty" json:"groups,omitempty" range:"(0,1)" doc:"share of the groups of all penalties to keep, such as branches or heads; single weights do not count as groups"`
	From       float64 `yaml:"from" json:"from" range:"[0,1)" doc:"share of the training steps after which penalties begin and the first groups go"`
	By         float64 `yaml:"by" json:"by" range:"(0,1]" doc:"share of the training steps by which the network is to be that small"`
	Method     string  `yaml:"method" json:"method" enum:"lambda,least" doc:"lambda: one factor on all lambdas, which are relative, is found on the way; least: in each interval the groups whose removal would change the loss least are shrunk to zero, those of a larger lambda first"`
	Importance string  `yaml:"importance,omitempty" json:"importance,omitempty" empty:"no" doc:"least: the criterion of importance: taylor, activation, batchnorm_scale, magnitude, random, or a criterion that the program registers; left out: taylor"`
}

// Thresholds says how ReLUs get thresholds below which they give 0: by a goal for
// the density or by a limit on the loss.
type Thresholds struct {
	Density  float64 `yaml:"density,omitempty" json:"density,omitempty" range:"(0,1)" doc:"largest share of activations that are not 0"`
	Loss     float64 `yaml:"loss,omitempty" json:"loss,omitempty" range:"(0,)" doc:"largest growth of the loss, as a share of it; the other way to ask"`
	Examples int     `yaml:"examples" json:"examples" range:"[1,)" doc:"validation examples to calibrate on, training examples where there are none"`
}

// Finetune is training after pruning. Keys that are left out are those of
// train; null sets a key back to its own default.
type Finetune struct {
	Epochs    int       `yaml:"epochs" json:"epochs" range:"[0,1000000]" doc:"passes over the training data; left out: as in train"`
	Optimizer Optimizer `yaml:"optimizer" json:"optimizer" doc:"as in train; keys left out are taken from there unless the type differs"`
	Schedule  Schedule  `yaml:"schedule" json:"schedule" doc:"as in train; keys left out are taken from there unless the type differs"`
}

// Export says which files the run folder gets.
type Export struct {
	Safetensors bool `yaml:"safetensors" json:"safetensors" doc:"write model.safetensors and architecture.json"`
	ONNX        bool `yaml:"onnx" json:"onnx" doc:"write model.onnx"`
}
