package datasets

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"pare/internal/option"
)

// Dataset is a kind of data with its options: the fields of a struct, with the tags of
// package option. Rules between them go into a method Validate() error, whose messages begin
// with the key at fault and a colon. A Dataset of another module is registered in Kinds.
type Dataset interface {
	// Load reads or makes the data. The options are valid. It returns soon after ctx ends,
	// with ctx's error.
	Load(ctx context.Context, o Options) (*Set, error)
}

// Kinds are the kinds of data by name.
var Kinds = option.NewKinds[Dataset]("dataset")

// Pathed is implemented by datasets that read files. Paths points to the options that hold
// the path of a file or folder or a pattern of paths; "" stands for none. A config file gives
// them relative to its folder, and a run keeps them as absolute paths.
type Pathed interface{ Paths() []*string }

// Options are the options that all datasets share.
type Options struct {
	Train      Amount  `yaml:"train" range:"[0,)" share:"or count" doc:"training examples, windows of a text: a number, or a share below 1; 0: all that validation and test leave (generated data: 20000)"`
	Validation Amount  `yaml:"validation" range:"[0,)" share:"or count" doc:"examples held out of training to choose by, of text out of test: a number, or a share below 1; 0: none (generated data: 2000)"`
	Test       Amount  `yaml:"test" range:"[0,)" share:"or count" doc:"test examples: a number, or a share below 1; of official test examples the first ones, 0: all (generated data: 4000); of other data held out of all, 0: those of a test folder or file"`
	Normalize  string  `yaml:"normalize,omitempty" enum:"standard,unit,imagenet" doc:"of images; standard: each channel to mean 0 and deviation 1 over the training images; unit: values in 0..1, so that a black background is exactly 0; imagenet: means 0.485, 0.456, 0.406 and deviations 0.229, 0.224, 0.225 of red, green and blue; left out: as the parameters were trained with that a saved model keeps or a network of torchvision reads from a file, standard for others"`
	Augment    Augment `yaml:"augment" doc:"random changes of training images"`

	// Seed fixes the choice of the examples of Train and Validation, and all generated
	// data.
	Seed uint64 `yaml:"-"`
	// Attributes are columns of tables that parts keep beside the inputs (Attributed). They are
	// inputs only if the options of the table make them so.
	Attributes []string `yaml:"-"`
	// Progress, unless nil, is called from time to time with the progress of a piece of
	// work: bytes downloaded or images generated. total is -1 if it is not known. Calls do
	// not overlap.
	Progress func(doing string, done, total int64) `yaml:"-"`
}

// Load checks the options of a dataset, which has the name, loads it and checks the set.
// Normalize and Augment are the caller's to apply; see Set.Normalized.
func Load(ctx context.Context, name string, d Dataset, o Options) (*Set, error) {
	err := option.Check(d)
	if err == nil {
		err = option.Check(o)
	}
	var set *Set
	if err == nil {
		set, err = d.Load(ctx, o)
	}
	if err == nil {
		err = set.validate()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	set.Name = name
	return set, nil
}

// Set is a dataset in memory: its parts and the task. NewImageSet makes one of images.
type Set struct {
	Name       string // of its kind
	Task       Task
	Train      Part
	Validation Part     // nil where none was asked for
	Test       Part     // nil where the dataset has none
	ClassNames []string // by class or label; nil where they have no names, or there are none
	// TargetNames names the numbers to predict; nil where they have no names, or there are none.
	TargetNames []string
	// Features names the inputs of an example that is a vector; nil: they have no names.
	Features []Feature
	// Normalization is applied to each channel of the inputs, where the dataset does so on
	// its own; Normalized replaces it. Zero: none.
	Normalization Normalization
	// TargetScale has the mean and deviation of each number to predict over the training
	// examples; a network learns targets in these units. Zero: they are learned as they are.
	TargetScale Normalization
	// Recipe says how new files become inputs as these did; nil: no files do.
	Recipe Recipe
	// Notes are warnings, a line each: files and rows that were left out, with their number.
	Notes []string
	// Entropy is the mean loss, in nats a target, below which no model can come; 0: not
	// known.
	Entropy float64
}

// Feature is an input of a network, such as a column of a table.
type Feature struct {
	Name string
	// Variable is the variable that the input is a part of, as the column of 0 and 1 for a
	// value is of a categorical variable; "": the input is a variable of its own.
	Variable string
	// Category is the categorical variable that the input is the 0 and 1 for a value of; "":
	// it is not one.
	Category string
}

// Of is the name of the variable.
func (f Feature) Of() string { return cmp.Or(f.Variable, f.Name) }

// validate reports a part of the set that is missing or does not fit the others.
func (s *Set) validate() error {
	if s == nil || s.Train == nil || s.Train.Len() < 1 {
		return fmt.Errorf("there are no training examples")
	}
	if err := s.Task.validate(); err != nil {
		return err
	}
	if n := s.Task.Input[0]; s.Features != nil && (len(s.Features) != n || len(s.Task.Input) != 1) {
		return fmt.Errorf("%d names for inputs of shape %v", len(s.Features), s.Task.Input)
	}
	if r := s.Recipe; r != nil && r.Size() != s.Task.Size() {
		return fmt.Errorf("the recipe %s gives %d values an example, the task has %d; set Recipe to another one, or to nil",
			r.Kind(), r.Size(), s.Task.Size())
	}
	classes, of := s.Task.Classes, "classes"
	if s.Task.Labels {
		classes, of = s.Task.Targets, "labels"
	}
	if s.ClassNames != nil && len(s.ClassNames) != classes {
		return fmt.Errorf("%d names for %d %s", len(s.ClassNames), classes, of)
	}
	if s.TargetNames != nil && (classes > 0 || len(s.TargetNames) != s.Task.Targets) {
		return fmt.Errorf("%d names of numbers to predict, which do not fit the task", len(s.TargetNames))
	}
	return nil
}

// Task says which networks fit a dataset: the inputs that they read and the targets that
// they predict.
type Task struct {
	// Input is the shape of one example, channels first: {C, H, W} an image, {F} a
	// vector, {D, T} a sequence of D values at T positions.
	Input []int
	// Classes is the number of classes of a target, which is an index below it. 0: targets
	// are numbers to come near to.
	Classes int
	// Targets is the number of targets of an example: 1, or one for each position of a
	// sequence, or several numbers or labels.
	Targets int
	// Labels says that each target is a label of its own that applies or not, 1 or 0; an
	// example may have several. Classes is 0 then.
	Labels bool
	// Vocabulary says that inputs are tokens, whole numbers below it, and Input is {1, T}.
	// 0: inputs are real numbers.
	Vocabulary int
	// Alphabet names the tokens, such as the characters of a text; nil where they have no
	// names.
	Alphabet []string
	// NextToken says that each target is the token behind an input token, so that
	// the loss in nats is the logarithm of a perplexity.
	NextToken bool
	// Near is how near a number must be predicted to count as right; 0: there is no accuracy
	// of numbers.
	Near float64
}

// Size is the number of input values of one example.
func (t Task) Size() int {
	n := 1
	for _, d := range t.Input {
		n *= d
	}
	return n
}

func (t Task) validate() error {
	if len(t.Input) == 0 {
		return fmt.Errorf("task: the input has no shape")
	}
	for _, d := range t.Input {
		if d < 1 {
			return fmt.Errorf("task: the input shape %v has an axis that is not positive", t.Input)
		}
	}
	switch {
	case t.Classes < 0 || t.Targets < 1 || t.Vocabulary < 0:
		return fmt.Errorf("task: %d classes, %d targets and a vocabulary of %d; they must be at least 0, 1 and 0",
			t.Classes, t.Targets, t.Vocabulary)
	case t.Labels && t.Classes > 0:
		return fmt.Errorf("task: targets are labels and one of %d classes; set one of them", t.Classes)
	case t.Vocabulary > 0 && (len(t.Input) != 2 || t.Input[0] != 1):
		return fmt.Errorf("task: tokens have the shape {1, T}, not %v", t.Input)
	case t.Alphabet != nil && len(t.Alphabet) != t.Vocabulary:
		return fmt.Errorf("task: %d names for a vocabulary of %d tokens", len(t.Alphabet), t.Vocabulary)
	case t.NextToken && (t.Vocabulary == 0 || t.Classes != t.Vocabulary):
		return fmt.Errorf("task: the next token is one of %d classes, but the vocabulary has %d tokens", t.Classes, t.Vocabulary)
	}
	return nil
}

// Part is one part of a dataset: training, validation or test. Its methods may be
// called by several goroutines at once.
type Part interface {
	// Len is the number of examples, of an epoch where they vary.
	Len() int
	// Fill writes the inputs of the examples idx to x and their targets to y, one
	// after the other; larger slices are filled from their beginning. An example has
	// Task.Size inputs, channels last: (H, W, C) of an image, (T, D) of a sequence,
	// and Task.Targets targets.
	//
	// The values of an example depend on draw and its index alone, neither on its place in
	// the batch nor on goroutines. It returns an error if a slice is too short or an index
	// is out of range.
	Fill(x, y []float32, idx []int, draw Draw) error
}

// Targets is implemented by parts that know targets without their examples, which may be
// slow to read.
type Targets interface {
	// TargetsOf writes the targets of the examples idx to y as Part.Fill does.
	TargetsOf(y []float32, idx []int) error
}

// Hasher is implemented by parts that write to a hash, fast, whatever of their examples they
// have in memory: targets and weights, and for tables the inputs. A run resumes only with data
// of the same hash.
type Hasher interface {
	Hash(h io.Writer)
}

// Weigher is implemented by parts whose examples do not count the same in training.
type Weigher interface {
	// Weights writes how much each of the examples idx counts in the loss, at least 0, to
	// dst, which has their number. Their scale makes no difference.
	Weights(dst []float32, idx []int) error
}

// Draw fixes the random choices in the examples of an epoch.
type Draw struct {
	Seed, Epoch uint64
	// Augment is set in training: examples may vary from epoch to epoch. Images are
	// augmented, texts cut in other places, generated examples drawn anew. Without it
	// Seed and Epoch make no difference.
	Augment bool
}

// Planner is implemented by parts whose examples have an order that means something.
// Those of other parts are shuffled for every epoch, and read in stored order in an
// evaluation.
type Planner interface {
	// Plan lists the batches of an epoch over the first n examples, which read batch
	// examples each. With draw.Augment there are n/batch of them, all full; without it they
	// have all n examples once, and a batch may have fewer.
	Plan(n, batch int, draw Draw) []Turn
}

// Turn lists the examples of one batch.
type Turn struct {
	Examples []int
	// Continues says that example r continues where example r of the turn before ended, so
	// that layers with state keep it. A turn that continues has no more examples than the
	// one before.
	Continues bool
}
