package run

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "pare/layers/layertest"
	"pare/nn"
	"pare/train"
)

// adding is a regression on sequences, with a network that has no idea of time.
const addingConfig = `name: test
seed: 1
data: {dataset: adding, length: 6, train: 2000, validation: 100, test: 300}
model:
  layers:
    - flatten
    - linear: {out: 32}
    - relu
    - linear: {out: 1, name: sum}
train: {epochs: 6, batch: 20, optimizer: {type: adam, lr: 0.005}}
penalties: [{type: group_lasso, on: neurons, layers: linear1, lambda: 0.002}]
finetune: {epochs: 1}
`

func TestRegressionRun(t *testing.T) {
	r := finish(t, parse(t, addingConfig))
	if r.MSEFinal != r.LossFinal || r.MSEBeforePrune != r.LossBeforePrune || r.MSEAfterPrune != r.LossAfterPrune || r.MSEFinal == 0 {
		t.Errorf("summary %+v", r.Summary)
	}
	if r.MSEFinal > 0.1 {
		t.Errorf("mean square error %g; always answering 1 has 1/6", r.MSEFinal)
	}
	if r.TestExamples != 300 || r.TestTargets != 300 || r.PerplexityFinal != 0 {
		t.Errorf("summary %+v", r.Summary)
	}
	text := r.read(t, SummaryFile)
	if !strings.Contains(text, `"mse_final"`) || strings.Contains(text, "perplexity") || strings.Contains(text, "bits_per") {
		t.Errorf("summary.json is\n%s", text)
	}
	if !strings.Contains(r.read(t, ReportFile), "Mean square error") {
		t.Error("the report lacks the mean square error")
	}
}

// chainConfig is a bigram model of characters, which can be no better than the
// dependence of a character on the one before.
const chainConfig = `name: test
seed: 1
data: {dataset: wordchain, window: 16, train: 1000, validation: 60, test: 200}
model:
  layers:
    - test-memory: {tokens: 21, out: 21, name: memory}
    - gate: {per_channel: true}
train: {epochs: 3, batch: 20, optimizer: {type: adam, lr: 0.05}}
export: {onnx: false}
`

func TestLanguageRun(t *testing.T) {
	r := finish(t, parse(t, chainConfig))
	if r.TestExamples != 200 || r.TestTargets != 3200 || r.CorrectFinal > 3200 {
		t.Errorf("summary %+v", r.Summary)
	}
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"perplexity", r.PerplexityFinal, math.Exp(r.LossFinal)}, {"before", r.PerplexityBeforePrune, math.Exp(r.LossBeforePrune)},
		{"after", r.PerplexityAfterPrune, math.Exp(r.LossAfterPrune)},
		{"bits", r.BitsFinal, r.LossFinal / math.Ln2}, {"excess", r.ExcessBits, r.BitsFinal - r.EntropyBits}, {"entropy", r.EntropyBits, 0.9381},
	} {
		if math.Abs(c.got-c.want) > 1e-4 {
			t.Errorf("%s is %g, want %g", c.what, c.got, c.want)
		}
	}
	// Uniform guessing has 4.4 bits.
	if r.BitsFinal > 3.2 || r.ExcessBits < 0.5 {
		t.Errorf("%g bits per character, %g above the entropy", r.BitsFinal, r.ExcessBits)
	}
	var have map[string]any
	if err := json.Unmarshal([]byte(r.read(t, SummaryFile)), &have); err != nil {
		t.Fatal(err)
	}
	for _, key := range strings.Fields(`perplexity_before_prune perplexity_after_prune perplexity_final bits_per_character_before_prune
		bits_per_character_after_prune bits_per_character_final entropy_bits_per_character excess_bits_per_character test_targets`) {
		if _, ok := have[key]; !ok {
			t.Errorf("summary.json lacks %s", key)
		}
	}
	if _, ok := have["mse_final"]; ok {
		t.Error("summary.json has a mean square error of classes")
	}
	for _, want := range []string{"Perplexity", "above the entropy, 0.9381"} {
		if !strings.Contains(r.read(t, ReportFile), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	a, err := OpenArtifact(string(r.folder))
	if err != nil {
		t.Fatal(err)
	}
	m, err := a.Final()
	if err != nil || m.Net.Vocabulary != 21 || len(m.Classes) != 21 || m.Classes[0] != " " || len(m.Preprocess.Mean) != 0 {
		t.Errorf("the exported model has a vocabulary of %d, classes %q, preprocessing %v, %v", m.Net.Vocabulary, m.Classes, m.Preprocess, err)
	}
}

func TestPerplexityStaysANumber(t *testing.T) {
	if _, err := json.Marshal(Perplexity(1e6)); err != nil {
		t.Error(err)
	}
}

// TestCopyRun: tokens with a target at every position that are no language.
func TestCopyRun(t *testing.T) {
	text := strings.Replace(chainConfig, "{dataset: wordchain, window: 16,", "{dataset: copy, symbols: 2, length: 3,", 1)
	text = strings.ReplaceAll(text, "21", "10")
	r := finish(t, parse(t, text))
	if r.PerplexityFinal != 0 || r.MSEFinal != 0 || r.TestTargets != 200*8 {
		t.Errorf("summary %+v", r.Summary)
	}
	if floor := 2 * math.Log(8) / 8; r.LossFinal < 0.9*floor || r.LossFinal > 2*floor {
		t.Errorf("loss %g, without a memory %g is best", r.LossFinal, floor)
	}
}

// TestCarriedRunResumes interrupts a run that carries state, in the middle of epochs,
// again and again.
func TestCarriedRunResumes(t *testing.T) {
	text := strings.Replace(chainConfig, "window: 16,", "window: 16, carry: true,", 1)
	text = strings.Replace(text, "name: memory}", "decay: 0.3, name: memory}", 1) + "finetune: {epochs: 1}\n"
	c := parse(t, text, "data.train=220", "train.epochs=2", "train.checkpoint_steps=3")
	whole := finish(t, c)
	f, err := CreateFolder(filepath.Join(t.TempDir(), "run"), c.Name, c.YAML())
	if err != nil {
		t.Fatal(err)
	}
	var s *Summary
	stops := 0
	for ; s == nil; stops++ {
		left := 1 + stops%4
		ctx, cancel := context.WithCancel(context.Background())
		s, err = Run(ctx, Options{Config: c, Folder: f, Reporter: func() train.Reporter {
			return canceller{left: &left, cancel: cancel}
		}})
		cancel()
		if err != nil && !errors.Is(err, train.ErrInterrupted) || stops > 60 {
			t.Fatalf("stop %d: %v", stops, err)
		}
	}
	if stops < 8 {
		t.Errorf("%d stops only", stops)
	}
	sameRun(t, result{s, f}, whole)
	if s.LossFinal != whole.LossFinal || s.PerplexityFinal != whole.PerplexityFinal {
		t.Errorf("loss %g, undisturbed %g", s.LossFinal, whole.LossFinal)
	}
	// The state is worth something: the same without it is another run.
	if alone := finish(t, parse(t, strings.Replace(text, "carry: true,", "", 1), "data.train=220", "train.epochs=2")); alone.LossFinal == whole.LossFinal {
		t.Error("carry makes no difference")
	}
}

// TestSequenceRefusals: an option that makes no sense for a dataset is refused in one line
// that points at it.
func TestSequenceRefusals(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.txt")
	if err := os.WriteFile(file, []byte(strings.Repeat("to be or not to be\n", 60)), 0o600); err != nil {
		t.Fatal(err)
	}
	text := "name: test\ndata: {dataset: text, file: '" + file + "'}\n"
	listed := "model: {layers: [test-memory: {tokens: 8, out: 8}]}\n"
	for _, c := range []struct{ config, want string }{
		{text + "model: {type: resnet}\n", "model: resnet needs images, text gives sequences of 64 tokens"},
		{text + "model: {type: mlp}\n", "model: mlp needs numbers, text gives sequences of 64 tokens"},
		{text + "model: {layers: [test-memory: {tokens: 8, out: 5}]}\n", "layer test-memory1: the last layer gives 5×64, the data has 8 classes at each of 64 positions: 8×64"},
		{text + "model: {layers: [flatten, linear: {out: 8}]}\n", "the last layer gives 8, the data has 8 classes at each of 64 positions: 8×64"},
		{strings.Replace(text, "}", ", normalize: unit}", 1) + listed, "data.normalize: unit is for images, text has none"},
		{strings.Replace(text, "}", ", augment: {flip: true}}", 1) + listed, "data.augment: it changes images, text has none"},
		{strings.Replace(text, "}", ", window: 500}", 1) + listed, "data: text: " + file + ": the text has 1140 characters"},
		{strings.Replace(text, "a.txt", "b.txt", 1) + listed, "b.txt: no such file; set data.file"},
		{strings.Replace(text, "}", ", train: 9}", 1) + listed + "train: {batch: 10}\n", "train.batch: loader: batch of 10; must be 1 to the number of examples, 9"},
		{addingConfig + "", ""},
		{strings.Replace(addingConfig, "epochs: 6", "label_smoothing: 0.1, epochs: 6", 1), "train.label_smoothing: it spreads a target over all classes, but targets of adding are numbers"},
		{strings.Replace(addingConfig, "out: 1,", "out: 2,", 1), "layer sum: the last layer gives 2, the data asks for a number; end with a linear layer of out: 1"},
		{"data: {dataset: adding}\nmodel: {type: lenet5}\n", "model: lenet5 needs images, adding gives sequences of 100 vectors of 2"},
	} {
		_, _, err := Plan(t.Context(), parse(t, c.config), nil)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !IsInput(err) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("error %v, want one line with %q", err, c.want)
		}
	}
}

// TestOtherText: a trained model reads another text with the characters it knows, in
// its own order, and says where there is another one.
func TestOtherText(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) string {
		dir := filepath.Join(root, name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	text := strings.Replace(strings.ReplaceAll(chainConfig, "21", "11"), "{dataset: wordchain, window: 16, train: 1000, validation: 60, test: 200}",
		"{dataset: text, window: 4, dir: '"+write("first", strings.Repeat("to be or not to be'\"\\\n", 60))+"'}", 1)
	r := finish(t, parse(t, text, "train.epochs=1"))
	a, err := OpenArtifact(string(r.folder))
	if err != nil {
		t.Fatal(err)
	}
	m, err := a.Final()
	if err != nil {
		t.Fatal(err)
	}
	d, err := a.Data(t.Context(), m, write("second", strings.Repeat("eon", 60)), nil)
	if err != nil {
		t.Fatal(err)
	}
	x, err := d.Examples(d.Set.Test, 1)
	if err != nil || d.Set.Task.Vocabulary != 11 {
		t.Fatalf("a vocabulary of %d, %v", d.Set.Task.Vocabulary, err)
	}
	for _, v := range x {
		if !strings.Contains("eon", m.Classes[int(v)]) {
			t.Errorf("token %g is %q", v, m.Classes[int(v)])
		}
	}
	if _, err := a.Data(t.Context(), m, write("third", strings.Repeat("to be\nor to x\n", 60)), nil); err == nil ||
		!IsInput(err) || !strings.Contains(err.Error(), "line 2, column 7: 'x' (U+0078) is not among the 11 characters") {
		t.Errorf("a text with an x: %v", err)
	}
}

// TestLogitsCarryState: batches that go on from each other are read as one text.
func TestLogitsCarryState(t *testing.T) {
	d, net := chainData(t, "carry: true,"), chainNet(t)
	for _, batch := range []int{1, 7, 50} {
		s, err := d.Eval(d.Set.Test, batch, 0)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, d.Set.Test.Len()*net.Output().Shape.Size())
		err = Logits(t.Context(), net, s, batch, func(b train.Batch, logits []float32) error {
			for k, i := range b.Examples {
				copy(got[i*net.Output().Shape.Size():], logits[k*net.Output().Shape.Size():][:net.Output().Shape.Size()])
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		// Forty windows are two streams; the weight of the memory is the share of each character.
		w := net.Params()[0].Data()
		x, err := d.Examples(d.Set.Test, 40)
		if err != nil {
			t.Fatal(err)
		}
		h := make([]float32, 21)
		for at, token := range x {
			if at == 0 || at == 20*16 {
				clear(h)
			}
			for u := range h {
				if h[u] = 0.5*h[u] + w[int(token)*21+u]; got[at*21+u] != h[u] {
					t.Fatalf("batches of %d: output %d of character %d is %v, want %v", batch, u, at, got[at*21+u], h[u])
				}
			}
		}
	}
}

func chainData(t *testing.T, more string) *Data {
	t.Helper()
	text := strings.Replace(chainConfig, "window: 16, train: 1000, validation: 60, test: 200", more+" window: 16, train: 100, validation: 60, test: 40", 1)
	d, err := LoadData(t.Context(), parse(t, text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func chainNet(t *testing.T) *nn.Network {
	t.Helper()
	c := parse(t, strings.Replace(chainConfig, "name: memory}", "decay: 0.5, name: memory}", 1))
	net, err := BuildNetwork(c, chainData(t, "").Task())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range net.Params() {
		if p.Full != "memory.weight" {
			p.Fill(1)
		}
	}
	return net
}
