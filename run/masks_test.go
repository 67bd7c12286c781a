package run

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"pare/config"
	"pare/export"
	"pare/prune/unstructured"
	"pare/train"
)

// dense trains a perceptron of 64·24 + 24·16 + 16·10 = 2080 weights for 2 epochs of 10 steps.
const dense = base + perceptron

const allWeights = 64*24 + 24*16 + 16*10

func countWeights(t *testing.T, folder Folder, dir string) unstructured.Count {
	t.Helper()
	m, err := export.Load(folder.path(dir))
	if err != nil {
		t.Fatal(err)
	}
	c, err := (unstructured.Layers{}).Count(m.Net)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestWeights: each way to prune single weights keeps the share that is asked for to the end
// of fine-tuning, and the summary counts it.
func TestWeights(t *testing.T) {
	const keep = allWeights / 5
	for name, c := range map[string]struct {
		text  string
		left  int64
		slack int64 // weights that may be 0 beside those that were pruned, or not
	}{
		"at once":  {"prune: {method: weights, budget: {weights: 0.2}}\nfinetune: {epochs: 1}\n", keep, 0},
		"by layer": {"prune: {method: weights, budget: {weights: 0.2}, scope: layer, importance: taylor}\nfinetune: {epochs: 1}\n", keep, 2},
		"random":   {"prune: {method: weights, budget: {weights: 0.2}, importance: random}\nfinetune: {epochs: 1}\n", keep, 0},
		"pattern":  {"prune: {method: weights, pattern: 1:4}\nfinetune: {epochs: 1}\n", allWeights / 4, 0},
		"gradual":  {"prune: {method: weights, budget: {weights: 0.2}, schedule: {from: 0.2, by: 0.8, every: 2}}\n", keep, 0},
		"rigl":     {"prune: {method: rigl, budget: {weights: 0.2}, schedule: {every: 3}}\nfinetune: {epochs: 1}\n", keep, 20},
		"rounds":   {"prune: {method: weights, budget: {weights: 0.2}, iterations: 2}\nfinetune: {epochs: 1}\n", keep, 0},
		"rewind":   {"prune: {method: weights, budget: {weights: 0.2}, iterations: 2, rewind: {epoch: 0}}\nfinetune: {epochs: 2}\n", keep, 0},
		"rate":     {"prune: {method: weights, budget: {weights: 0.2}, rewind: {epoch: 1, of: rate}}\nfinetune: {epochs: 1}\n", keep, 0},
	} {
		r := finish(t, parse(t, dense+c.text))
		w := r.SingleWeights
		if w == nil || w.Weights != allWeights || len(w.Layers) != 3 || w.NonZero > c.left+c.slack || w.NonZero < c.left-c.slack {
			t.Errorf("%s: %+v, want %d of %d weights", name, w, c.left, allWeights)
			continue
		}
		final := countWeights(t, r.folder, "")
		if final.NonZero > w.NonZero || final.NonZero < w.NonZero*8/10 { // the weights of dead units go
			t.Errorf("%s: %d weights at the end, %d after pruning", name, final.NonZero, w.NonZero)
		}
		if r.MACsNonZeroAfter != final.NonZero || r.MACsNonZeroAfter >= r.MACsAfter {
			t.Errorf("%s: %d multiply-accumulates by weights that are not 0, of %d; the network has %d such weights",
				name, r.MACsNonZeroAfter, r.MACsAfter, final.NonZero)
		}
		if !strings.Contains(r.read(t, ReportFile), "ingle weights") {
			t.Errorf("%s: the report says nothing of single weights", name)
		}
		training := r.Method == "rigl" || name == "gradual"
		if zeroed := r.Stages()[1].Name == stageZeroed; zeroed == training {
			t.Errorf("%s: the stages are %+v", name, r.Stages())
		}
	}
}

// TestOneDenseRun: runs that start from the network of a dense run are the ones that train it
// themselves, at once and rewound.
func TestOneDenseRun(t *testing.T) {
	origin := finish(t, parse(t, dense+"prune: {method: none}\n", "train.snapshot=1"))
	for _, prune := range []string{
		"prune: {method: weights, budget: {weights: 0.1}}\nfinetune: {epochs: 2}\n",
		"prune: {method: weights, budget: {weights: 0.1}, rewind: {epoch: 1}, iterations: 2}\nfinetune: {epochs: 1}\n",
	} {
		want := finish(t, parse(t, dense+prune))
		saved := strings.Replace(base, "train: {epochs: 2", "train: {epochs: 0", 1) +
			fmt.Sprintf("model: {type: saved, run: %s}\n", origin.folder.path(trainedDir)) + prune
		if got := finish(t, parse(t, saved)); got.weights(t) != want.weights(t) {
			t.Errorf("%sthe model differs from that of a run that trains the network itself", prune)
		}
	}
}

// TestSnapshot: the weights of an epoch are those that a run of so many epochs ends with.
func TestSnapshot(t *testing.T) {
	r := finish(t, parse(t, dense, "train.snapshot=[0, 2]", "train.epochs=3"))
	for _, epochs := range []int{0, 2} {
		short := finish(t, parse(t, dense, fmt.Sprintf("train.epochs=%d", epochs)))
		a, b := short.read(t, trainedDir+"/"+export.SafetensorsFile), r.read(t, snapshotDir(epochs)+"/"+export.SafetensorsFile)
		if a != b {
			t.Errorf("the snapshot of epoch %d differs from a run of %d", epochs, epochs)
		}
	}
	if entries, err := os.ReadDir(r.folder.path(snapshotsDir)); err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestRewoundRate: fine-tuning reads its schedule from the epoch on.
func TestRewoundRate(t *testing.T) {
	rates := func(c *config.Config, phase string) (out []float64) {
		records, err := train.ReadMetrics(finish(t, c).folder.path(MetricsFile))
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range records {
			if rec.Kind == "epoch" && rec.Phase == phase {
				out = append(out, rec.LR)
			}
		}
		return out
	}
	whole := rates(parse(t, dense, "train.schedule={type: cosine, warmup: 1}", "train.epochs=4"), trainPhase)
	again := rates(parse(t, dense+"prune: {method: weights, budget: {weights: 0.5}, rewind: {epoch: 1, of: rate}}\nfinetune: {epochs: 3}\n",
		"train.schedule={type: cosine, warmup: 1}", "train.epochs=4"), finetunePhase)
	if len(whole) != 4 || len(again) != 3 {
		t.Fatal(whole, again)
	}
	for i, rate := range again {
		if math.Abs(rate-whole[i+1]) > 1e-15 {
			t.Errorf("epoch %d of fine-tuning ends at the rate %g, want %g", i+1, rate, whole[i+1])
		}
	}
}

// TestInterruptMasks interrupts runs with masks again and again.
func TestInterruptMasks(t *testing.T) {
	for _, text := range []string{
		"prune: {method: rigl, budget: {weights: 0.2}, schedule: {every: 3}}\nfinetune: {epochs: 1}\n",
		"prune: {method: weights, budget: {weights: 0.2}, schedule: {from: 0.2, by: 0.8, every: 2}}\nfinetune: {epochs: 1}\n",
		"prune: {method: weights, budget: {weights: 0.2}, iterations: 2, rewind: {epoch: 1}}\nfinetune: {epochs: 1}\n",
	} {
		interruptEverywhere(t, parse(t, dense+text), 5)
	}
}

// TestWeightsRefused: faults are found before there is a run folder, with their key.
func TestWeightsRefused(t *testing.T) {
	origin := finish(t, parse(t, dense+"prune: {method: none}\n")).folder.path(trainedDir)
	saved := strings.Replace(base, "train: {epochs: 2", "train: {epochs: 0", 1) + "model: {type: saved, run: " + origin + "}\n"
	weights := func(keys string) string { return dense + "prune: {method: weights, " + keys + "}\n" }
	for text, want := range map[string]string{
		dense + "prune: {method: weights}\n":                                                                        "prune.method weights needs prune.budget, the share to keep: {weights: 0.1}",
		dense + "prune: {method: rigl}\n":                                                                           "prune.method rigl needs prune.budget, the share to keep: {weights: 0.1}",
		weights("budget: {}"):                                                                                       "prune.budget must have weights, the share to keep",
		weights("budget: {macs: 0.5}"):                                                                              "prune.budget.macs is not for prune.method weights; use weights",
		dense + "prune: {method: least, budget: {weights: .1}}":                                                     "prune.budget.weights is not for prune.method least; use macs, params, latency or layers",
		weights("pattern: 4:2"):                                                                                     `prune.pattern "4:2" is not N:M with 1 ≤ N < M ≤ 256, such as 2:4`,
		weights("pattern: 2:4, budget: {weights: 0.5}"):                                                             "prune.pattern says which share of the weights to keep, and so does prune.budget; remove one of them",
		weights("pattern: 2:4, scope: layer"):                                                                       "prune.scope has no effect with prune.pattern",
		weights("pattern: 2:4, schedule: {}"):                                                                       "prune.schedule needs a budget to approach, not prune.pattern",
		weights("pattern: 2:4, iterations: 2"):                                                                      "prune.iterations needs a budget that rounds approach, not prune.pattern",
		weights("budget: {weights: 0.5}, every: 3"):                                                                 "prune.every has no effect with prune.method weights; remove it or use zeros",
		weights("budget: {weights: 0.5}, rigl: {}"):                                                                 "prune.rigl has no effect with prune.method weights; remove it or use rigl",
		dense + "prune: {pattern: 2:4}\n":                                                                           "prune.pattern has no effect with prune.method zeros; remove it or use weights",
		dense + "prune: {method: magnitude, budget: {macs: 0.5}, layers: fc1}\n":                                    "prune.layers has no effect with prune.method magnitude; remove it or use weights or rigl",
		dense + "prune: {method: rigl, budget: {weights: 0.5}, scope: layer}\n":                                     "prune.scope: has no effect with prune.method rigl",
		dense + "prune: {method: rigl, budget: {weights: 0.5}, rigl: {drop: 0}}\n":                                  "prune.rigl.drop must be above 0 and below 1",
		dense + "prune: {method: rigl, budget: {weights: 0.5}}\n":                                                   "prune: schedule: every is 100, but there are 15 steps between from and by, of 20 in all",
		dense + "prune: {method: rigl, budget: {weights: 0.5}, schedule: {every: 1}}\n":                             "prune.schedule: every is 1, but a change of masks takes the place of an update",
		dense + "prune: {method: rigl, budget: {weights: 0.1}, rigl: {densities: uniform}, schedule: {every: 2}}\n": "prune.budget: the layer fc1 stays dense",
		weights("budget: {weights: 0.5}, importance: activation"):                                                   "prune.importance: importance activation scores units, not single weights; use magnitude, lamp, random or taylor",
		weights("budget: {weights: 0.5}, importance: taylor, schedule: {every: 2}"):                                 "prune.importance: taylor needs data, which pruning while training does not read",
		weights("budget: {weights: 0.5}, layers: [fc1, conv1]"):                                                     `prune.layers: "conv1" matches no layer with weights; there are fc1, fc2, fc3`,
		weights("budget: {weights: 0.5}, schedule: {from: 0.8, by: 0.3}"):                                           "prune.schedule has from 0.8, which must be below by, 0.3",
		weights("budget: {weights: 0.5}, iterations: 2"):                                                            "prune.iterations needs finetune, the training after each pruning",
		weights("budget: {weights: 0.5}, rewind: {epoch: 1}"):                                                       "prune.rewind needs finetune, the training after each pruning",
		weights("budget: {weights: 0.5}, rewind: {}") + "finetune: {epochs: 1}\n":                                   "prune.rewind.epoch is missing",
		weights("budget: {weights: 0.5}, rewind: {epoch: 2}") + "finetune: {epochs: 1}\n":                           "prune.rewind.epoch is 2, it must be below train.epochs, which is 2",
		weights("budget: {weights: 0.5}, rewind: {epoch: 1}, schedule: {}") + "finetune: {epochs: 1}\n":             "prune.schedule prunes while training, prune.rewind and prune.iterations afterwards",
		saved + "prune: {method: rigl, budget: {weights: 0.5}}\n":                                                   "prune.method rigl works while training, but train.epochs is 0",
		saved + "prune: {method: weights, budget: {weights: 0.5}, rewind: {epoch: 1}}\nfinetune: {epochs: 1}\n": "prune.rewind: the run of " + origin +
			" keeps no weights of epoch 1; train it with train.snapshot: [1]",
		strings.Replace(dense, "epochs: 2", "epochs: 0", 1) + "prune: {method: weights, budget: {weights: 0.5}, rewind: {epoch: 1}}\nfinetune: {epochs: 1}\n": "prune.rewind: there is no training to rewind to",
		strings.Replace(dense, "epochs: 2", "epochs: 2, snapshot: [3]", 1):                                                                                    "train.snapshot is to keep epoch 3, but train.epochs is 2",
		strings.Replace(dense, "epochs: 2", "epochs: 0, snapshot: [0]", 1):                                                                                    "train.snapshot needs training, but train.epochs is 0",
	} {
		c, err := config.Parse("test.yaml", []byte(text))
		if err == nil {
			_, _, err = Plan(context.Background(), c, nil)
		}
		if err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, config.ErrConfig) {
			t.Errorf("%s\nerror: %v\nwant one with %q", text[len(base):], err, want)
		}
	}
}

// TestPruneRequestOfWeights: a network is pruned without a run, too.
func TestPruneRequestOfWeights(t *testing.T) {
	r := finish(t, parse(t, dense))
	m, err := export.Load(r.folder.path(trainedDir))
	if err != nil {
		t.Fatal(err)
	}
	small, p, err := Prune(t.Context(), m.Net, PruneRequest{Method: "weights", Share: 0.25, Dense: []string{"fc3"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p.SingleWeights.NonZero != (allWeights-160)/4 || p.Importance != "magnitude" || small.Count().NonZero > (allWeights-160)/4+160+50 {
		t.Errorf("%+v, %+v", p.SingleWeights, small.Count())
	}
	for want, q := range map[string]PruneRequest{
		"method weights takes a share of single weights as its budget, not of macs, params or latency":    {Method: "weights", MACs: 0.5},
		"a share of single weights, a pattern and layers are for method weights; method zeros takes none": {Method: "zeros", Share: 0.5},
		`pattern "2" is not N:M with 1 ≤ N < M ≤ 256, such as 2:4`:                                        {Method: "weights", Pattern: "2"},
	} {
		if err := q.Validate(); err == nil || err.Error() != want {
			t.Errorf("%+v: %v, want %s", q, err, want)
		}
	}
}
