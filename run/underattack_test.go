package run

import (
	"slices"
	"strings"
	"testing"

	"pare/train"
)

// underPGD is a short training under attack of a network that shrinks while it trains.
const underPGD = "data: {dataset: digits, validation: 200}\n" +
	"model: {type: cnn, stages: [[8], [8]]}\n" +
	"train: {epochs: 3, batch: 64, optimizer: {type: adam, lr: 0.01}, checkpoint_steps: 5}\n" +
	"adversarial: {attack: pgd, eps: 0.1, steps: 2, warmup: 1, examples: 100}\n" +
	"target: {macs: 0.6, from: 0.1, by: 0.7}\n" +
	"penalties: [{type: group_lasso, on: channels, lambda: 1e-4}]\n" +
	"finetune: {epochs: 1}\n"

// A run under attack prunes, fine-tunes under attack, logs robust accuracy in every epoch, and is
// the same for any number of threads.
func TestRunUnderAttack(t *testing.T) {
	first := finish(t, parse(t, underPGD))
	again := finish(t, parse(t, underPGD, "threads=1"))
	plain := finish(t, parse(t, underPGD, "adversarial=null"))
	a, b, c := first.weights(t), again.weights(t), plain.weights(t)
	if a != b || a == c {
		t.Error("another number of threads changes the weights, or the attack does not")
	}
	records, err := train.ReadMetrics(first.folder.path(MetricsFile))
	if err != nil {
		t.Fatal(err)
	}
	phases := map[string]int{}
	for _, r := range records {
		if r.Kind != "epoch" {
			continue
		}
		phases[r.Phase]++
		if r.Robust == nil || r.Robust.N != 100 || r.Robust.Accuracy > r.Val.Accuracy {
			t.Errorf("%s, epoch %g: under attack %+v", r.Phase, r.Epoch, r.Robust)
		}
	}
	if phases[trainPhase] != 3 || phases[finetunePhase] != 1 {
		t.Errorf("epochs by phase: %v", phases)
	}
}

// Importance and running statistics of a run are measured under its attack.
func TestImportanceUnderAttack(t *testing.T) {
	c := parse(t, underPGD, "target=null", "penalties=null", "finetune=null", "train.epochs=1", "prune={method: least, budget: {macs: 0.6}}")
	d, err := LoadData(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	net, err := BuildNetwork(c, d.Task())
	if err != nil {
		t.Fatal(err)
	}
	data, err := d.forImportance(t.Context(), net)
	if err != nil {
		t.Fatal(err)
	}
	move, err := data.Attack(net)
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range data.Batches {
		if err != nil {
			t.Fatal(err)
		}
		x := make([]float32, len(b.X))
		move(x, b)
		moved, std := 0, d.preprocess().Std[0]
		for i := range x {
			if delta := (x[i] - b.X[i]) * std; delta != 0 {
				moved++
				if delta > 0.1001 || delta < -0.1001 {
					t.Fatalf("value %d moves by %g", i, delta)
				}
			}
		}
		if moved < len(x)/4 {
			t.Errorf("%d of %d values move", moved, len(x))
		}
		break
	}
	statistics := func() (all []float32) {
		if err := d.MeasureStatistics(t.Context(), net); err != nil {
			t.Fatal(err)
		}
		for _, p := range net.Params() {
			if !p.Trainable() {
				all = append(all, p.Data()...)
			}
		}
		return all
	}
	under := statistics()
	if d.adversarial = nil; len(under) == 0 || slices.Equal(statistics(), under) {
		t.Error("running statistics are the same without an attack")
	}
}

// Data that was loaded for a config without an attack serves one with it, as in a sweep.
func TestAttackOnSharedData(t *testing.T) {
	c, plain := parse(t, underPGD), parse(t, underPGD, "adversarial=null")
	d, err := LoadData(t.Context(), plain, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Check(t.Context(), c, d); err != nil || d.adversarial != nil {
		t.Errorf("%v; the attack is now %v", err, d.adversarial)
	}
}

func TestAttackNeedsPixels(t *testing.T) {
	const attack = "adversarial: {attack: pgd, eps: 0.1}\nmodel: {type: mlp, hidden: [4]}\n"
	for want, text := range map[string]string{
		"adversarial: it needs images, whose pixels lie in 0..1; the range of the inputs of planted is not known":          "data: {dataset: planted}\n" + attack,
		"adversarial: it needs classes, but targets of adding are numbers; remove it":                                      "data: {dataset: adding}\nadversarial: {attack: pgd, eps: 0.1}\nmodel: {type: gru}\n",
		"adversarial: an attack moves pixels, but wordchain has tokens; remove it":                                         "data: {dataset: wordchain}\nadversarial: {attack: pgd, eps: 0.1}\nmodel: {type: lstm}\n",
		"adversarial.eps: it is 8, but pixels lie in 0..1, where 1 allows every image; 8 of 255 levels are 8/255 = 0.0314": "data: {dataset: digits}\n" + strings.Replace(attack, "0.1", "8", 1),
		"adversarial.eps: it is 8.1, but pixels lie in 0..1, where 8 allows every image":                                   "data: {dataset: digits}\n" + strings.Replace(attack, "0.1", "8.1, norm: l2", 1),
		"train.early_stop.metric: robust is the accuracy under an attack; add the section adversarial": "data: {dataset: digits, validation: 100}\n" +
			"model: {type: mlp, hidden: [4]}\ntrain: {keep: best, early_stop: {metric: robust}}\n",
	} {
		if _, _, err := Plan(t.Context(), parse(t, text), nil); err == nil || !strings.Contains(err.Error(), want) || !IsInput(err) {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
}
