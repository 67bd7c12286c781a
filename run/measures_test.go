package run

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pare/datasets"
	"pare/internal/kernel/parallel"
	"pare/train"
)

func init() {
	datasets.Kinds.Register("test_labels", "several labels an example, for tests", func() datasets.Dataset { return &labelled{} })
}

// labelled is vectors whose label i says whether value i is positive; with Weigh the examples
// with a positive first value have no weight.
type labelled struct {
	Weigh   bool `yaml:"weigh,omitempty" doc:"weights of examples"`
	Numbers bool `yaml:"numbers,omitempty" doc:"the values themselves are the targets"`
}

const labels = 3

type labelledPart struct {
	n    int
	seed uint64
	labelled
}

func (d *labelled) Load(_ context.Context, o datasets.Options) (*datasets.Set, error) {
	part := func(seed uint64) datasets.Part {
		p := labelledPart{200, seed, *d}
		if d.Weigh {
			return weighing{p}
		}
		return p
	}
	s := &datasets.Set{Task: datasets.Task{Input: []int{labels + 1}, Targets: labels, Labels: !d.Numbers},
		Train: part(1), Validation: part(2), Test: part(3)}
	if !d.Numbers {
		s.ClassNames = []string{"red", "green", "blue"}
	}
	return s, nil
}

func (p labelledPart) Len() int { return p.n }

func (p labelledPart) Fill(x, y []float32, idx []int, _ datasets.Draw) error {
	for k, i := range idx {
		r := rand.New(rand.NewPCG(p.seed, uint64(i)))
		for j := range labels + 1 {
			x[k*(labels+1)+j] = float32(r.NormFloat64())
		}
		for j := range labels {
			v := x[k*(labels+1)+j]
			if y[k*labels+j] = v; !p.Numbers {
				y[k*labels+j] = 0
				if v > 0 {
					y[k*labels+j] = 1
				}
			}
		}
	}
	return nil
}

type weighing struct{ labelledPart }

func (p weighing) Weights(dst []float32, idx []int) error {
	x, y := make([]float32, labels+1), make([]float32, labels)
	for k, i := range idx {
		if err := p.Fill(x, y, []int{i}, datasets.Draw{}); err != nil {
			return err
		}
		if dst[k] = 1; x[0] > 0 {
			dst[k] = 0
		}
	}
	return nil
}

const labelled3 = "name: test\nseed: 1\ndata: {dataset: test_labels}\nmodel: {type: mlp, hidden: [16]}\n" +
	"train: {epochs: 12, batch: 20, optimizer: {type: adam, lr: 0.02}}\n"

// TestLabels: several labels an example are trained by binary cross-entropy and measured
// label by label.
func TestLabels(t *testing.T) {
	r := finish(t, parse(t, labelled3))
	d := r.Details[stageFinal]
	if r.AccuracyFinal < 0.9 || d == nil || *d.MacroF1 < 0.9 || len(d.Classes) != labels || d.Confusion != nil || r.MSEFinal != 0 {
		t.Errorf("accuracy %g, detail %+v, mean square %g", r.AccuracyFinal, d, r.MSEFinal)
	}
	if r.TestTargets != 200*labels || len(r.ClassNames) != labels {
		t.Errorf("%d targets, names %v", r.TestTargets, r.ClassNames)
	}
	page := r.read(t, ReportFile)
	for _, want := range []string{">Labels<", ">green<", "Macro F1"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report lacks %s", want)
		}
	}
}

// TestWeightsOfExamplesCount: a label that is there in weightless examples only is not learnt.
func TestWeightsOfExamplesCount(t *testing.T) {
	r := finish(t, parse(t, labelled3, "data.weigh=true"))
	d := r.Details[stageFinal]
	if d.Classes[0].Accuracy > 0.1 || d.Classes[1].Accuracy < 0.8 {
		t.Errorf("labels are right by %g and %g, want about 0 and 1", d.Classes[0].Accuracy, d.Classes[1].Accuracy)
	}
}

// TestNumbers: R² and the mean absolute error stand beside the mean square.
func TestNumbers(t *testing.T) {
	r := finish(t, parse(t, labelled3, "data.numbers=true", "train.loss={type: huber, delta: 0.5}"))
	d := r.Details[stageFinal]
	if d == nil || d.R2 == nil || d.MAE == nil {
		t.Fatalf("%+v", d)
	}
	if want := 1 - r.MSEFinal; math.Abs(*d.R2-want) > 0.05 || *d.R2 < 0.5 || *d.MAE > math.Sqrt(r.MSEFinal) {
		t.Errorf("R² %g and mean absolute error %g beside a mean square of %g", *d.R2, *d.MAE, r.MSEFinal)
	}
}

// TestClassResults: counts by class agree with the accuracy at every stage and are in the
// report.
func TestClassResults(t *testing.T) {
	r := finish(t, parse(t, base+perceptron+"penalties: [{type: group_lasso, on: neurons, lambda: 0.01}]\n"))
	for stage, correct := range map[string]int{stageTrained: r.CorrectBeforePrune, stageRemoved: r.CorrectAfterPrune, stageFinal: r.CorrectFinal} {
		d := r.Details[stage]
		if d == nil {
			t.Fatalf("no detail of %s", stage)
		}
		right, n := 0, 0
		for i, c := range d.Classes {
			right, n = right+c.Correct, n+c.N
			if d.Confusion[i][i] != c.Correct {
				t.Errorf("%s, class %d: %d on the diagonal, %d correct", stage, i, d.Confusion[i][i], c.Correct)
			}
		}
		if right != correct || n != r.TestExamples || d.Top5 == nil {
			t.Errorf("%s: %d of %d correct by class, %d of %d in all", stage, right, n, correct, r.TestExamples)
		}
	}
	if page := r.read(t, ReportFile); !strings.Contains(page, `class="confusion"`) || !strings.Contains(page, "Macro F1") {
		t.Error("the report has no confusions")
	}
	if text := r.read(t, SummaryFile); strings.Count(text, "\n") > 600 {
		t.Errorf("summary.json has %d lines", strings.Count(text, "\n"))
	}
}

// TestKeepBest: the weights of the best epoch are pruned and exported, and the run says which
// one; training on the same data to that epoch alone gives them.
func TestKeepBest(t *testing.T) {
	const fast = "train: {epochs: 8, batch: 32, optimizer: {lr: 0.3, momentum: 0.9}, keep: best}\n"
	text := strings.Replace(base, "train: {epochs: 2, batch: 32, optimizer: {type: adam, lr: 0.005}}\n", fast, 1) + perceptron
	r := finish(t, parse(t, text))
	if r.BestEpoch < 1 || r.BestEpoch >= 8 {
		t.Fatalf("the best epoch is %d, which shows nothing", r.BestEpoch)
	}
	records, err := train.ReadMetrics(r.folder.path(MetricsFile))
	if err != nil {
		t.Fatal(err)
	}
	best := math.Inf(1)
	at := 0.0
	for _, rec := range records {
		if rec.Kind == "epoch" && rec.Val.Loss < best {
			best, at = rec.Val.Loss, rec.Epoch
		}
	}
	if int(at) != r.BestEpoch {
		t.Errorf("the best validation is of epoch %g, the run says %d", at, r.BestEpoch)
	}
	again := finish(t, parse(t, text, fmt.Sprintf("train.epochs=%d", r.BestEpoch), "train.keep=last"))
	if again.LossFinal != r.LossFinal || again.weights(t) != r.weights(t) {
		t.Errorf("loss %g, with the epochs up to the best one alone %g", r.LossFinal, again.LossFinal)
	}
	if want := fmt.Sprintf("weights of epoch %d", r.BestEpoch); !strings.Contains(r.read(t, ReportFile), want) {
		t.Errorf("the report does not say %s", want)
	}
	if again.BestEpoch != 0 {
		t.Errorf("a best epoch, %d, where none was asked for", again.BestEpoch)
	}
}

// TestKeepBestWhileShrinking: the best epoch is one after the target was met.
func TestKeepBestWhileShrinking(t *testing.T) {
	r := finish(t, parse(t, base+perceptron+"penalties: [{type: group_lasso, on: neurons, lambda: 1e-4}]\ntarget: {params: 0.6, from: 0.1, by: 0.5}\n",
		"train.epochs=10", "train.early_stop={restore: best}"))
	if r.BestEpoch == 0 || float64(10*r.BestEpoch) < float64(r.TargetStep) { // 10 steps an epoch
		t.Errorf("the best epoch is %d, the target was met in step %d", r.BestEpoch, r.TargetStep)
	}
}

// TestMixing: mixed batches give the same bytes on any number of threads, and in a run that
// was interrupted.
func TestMixing(t *testing.T) {
	defer parallel.SetThreads(0)
	sets := []string{"train.mixup=0.4", "train.cutmix=1", "train.label_smoothing=0.1"}
	one := finish(t, parse(t, base+perceptron, append(sets, "threads=1")...))
	two := finish(t, parse(t, base+perceptron, append(sets, "threads=2")...))
	if one.weights(t) != two.weights(t) {
		t.Error("two threads give other weights than one")
	}
	plain := finish(t, parse(t, base+perceptron, sets[2]))
	if plain.weights(t) == one.weights(t) {
		t.Error("mixing changes nothing")
	}
}

// TestBalanced: weights are n/(K·n of the class), and rare classes count more.
func TestBalanced(t *testing.T) {
	c := parse(t, base+perceptron, "train.class_weights=balanced")
	_, data, err := Plan(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	w, err := data.balanced()
	if err != nil {
		t.Fatal(err)
	}
	counts, sum := make([]int, 10), 0.0
	if err := data.eachTarget(func(y float32) error { counts[int(y)]++; return nil }); err != nil {
		t.Fatal(err)
	}
	for i, v := range w {
		sum += float64(v) * float64(counts[i])
		if want := 320 / (10 * float64(counts[i])); math.Abs(float64(v)-want) > 1e-6 {
			t.Errorf("class %d has the weight %g, want %g", i, v, want)
		}
	}
	if math.Abs(sum-320) > 1e-3 {
		t.Errorf("weights sum up to %g over the examples", sum)
	}
	finish(t, c)
}

// TestMeasureErrors: options that do not fit the data say so, with the place of the key.
func TestMeasureErrors(t *testing.T) {
	for _, c := range []struct{ text, set, want string }{
		{labelled3, "train.loss=mse", "train.loss: mse is for numbers, but targets are labels; use bce"},
		{labelled3, "train.class_weights=balanced", "train.class_weights: targets of test_labels are labels; remove it"},
		{labelled3, "train.mixup=1", "train.mixup: an example has 3 targets, and mixing takes one"},
		{labelled3, "train.label_smoothing=0.1", "train.label_smoothing: it spreads a target over all classes, but targets of test_labels are labels"},
		{base + perceptron, "train.class_weights=[1, 2]", "train.class_weights: 2 weights for the 10 classes of digits"},
		{base + perceptron, "train.loss=bce", "train.loss: bce is for several labels an example, targets of 0 and 1, but these are classes; use cross_entropy or focal"},
		{base + perceptron, "train={keep: best}\x00data.validation=0", "train.keep: needs validation data; set data.validation"},
		{base + perceptron, "train={early_stop: {restore: best}}\x00data.validation=0", "train.early_stop.restore: needs validation data"},
	} {
		_, _, err := Plan(t.Context(), parse(t, c.text, strings.Split(c.set, "\x00")...), nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.set, err, c.want)
		}
	}
}

// TestLossKinds: each loss trains.
func TestLossKinds(t *testing.T) {
	for _, set := range []string{"train.loss=focal", "train.loss={type: focal, gamma: 0.5}", "train.loss=cross_entropy"} {
		r := finish(t, parse(t, base+perceptron, set, "train.epochs=6"))
		if r.AccuracyFinal < 0.7 {
			t.Errorf("%s: accuracy %g", set, r.AccuracyFinal)
		}
	}
}
