package run

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pare/report"
)

func stageNames(stages []report.Stage) []string {
	var out []string
	for _, s := range stages {
		out = append(out, s.Name)
	}
	return out
}

// A baseline that loses accuracy says so at every place that shows its results.
func TestBaselineShowsItsLoss(t *testing.T) {
	c := parse(t, base+perceptron+"prune: {method: magnitude, budget: {params: 0.05}}\n", "train.epochs=8")
	_, data, err := Plan(context.Background(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := CreateFolder(filepath.Join(t.TempDir(), "run"), c.Name, c.YAML())
	if err != nil {
		t.Fatal(err)
	}
	var messages bytes.Buffer
	s, err := Run(context.Background(), Options{Config: c, Folder: f, Data: data, Messages: &messages})
	if err != nil {
		t.Fatal(err)
	}
	r := result{s, f}
	r.check(t)
	stages := r.Stages()
	if want := []string{"trained", "zeroed", "removed", "final"}; !slices.Equal(stageNames(stages), want) {
		t.Fatalf("stages %v, want %v", stageNames(stages), want)
	}
	if stages[0].Accuracy < 0.7 || stages[1].Accuracy > 0.5 || stages[0].Accuracy != r.AccuracyTrained || stages[0].Correct != r.CorrectTrained ||
		stages[1] != (report.Stage{Name: "zeroed", Accuracy: r.AccuracyBeforePrune, Correct: r.CorrectBeforePrune}) || r.LossTrained >= r.LossBeforePrune {
		t.Errorf("stages %+v of %+v", stages, r.Summary)
	}
	line := regexp.MustCompile(`accuracy +\d+\.\d+ % trained → \d+\.\d+ % zeroed → \d+\.\d+ % removed → \d+\.\d+ % final \(\d+ of 200\)`)
	if !line.MatchString(messages.String()) {
		t.Errorf("the summary is\n%s", &messages)
	}
	for _, want := range []string{" % trained</p>", " % zeroed</p>", " % removed</p>"} {
		if !strings.Contains(r.read(t, ReportFile), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	have := keys(t, r.read(t, SummaryFile))
	for _, want := range []string{"accuracy_trained", "correct_trained", "loss_trained", "accuracy_before_prune"} {
		if !slices.Contains(have, want) {
			t.Errorf("summary.json lacks %s", want)
		}
	}
	if _, at := r.Headline(); len(at) != 4 || math.Abs(at[0].Value-(1-r.AccuracyTrained)) > 1e-12 {
		t.Errorf("for pare compare: %+v", at)
	}

	// A summary of an older version has the accuracy of the trained network alone.
	var old map[string]any
	if err := json.Unmarshal([]byte(r.read(t, SummaryFile)), &old); err != nil {
		t.Fatal(err)
	}
	delete(old, "correct_trained")
	delete(old, "loss_trained")
	delete(old, "activation_density_trained")
	if err := f.writeJSON(SummaryFile, old); err != nil {
		t.Fatal(err)
	}
	a, err := OpenArtifact(string(f))
	if err != nil {
		t.Fatal(err)
	}
	again, err := a.Summary()
	if err != nil || !slices.Equal(again.Stages(), stages) {
		t.Errorf("an older summary shows %+v, %v", again.Stages(), err)
	}
	again.PerplexityFinal = 2
	if _, at := again.Headline(); len(at) != 3 || at[0].Stage != "zeroed" {
		t.Errorf("losses that are not known: %+v", at)
	}
}

func TestStages(t *testing.T) {
	for _, c := range []struct {
		rest string
		want []string
	}{
		{"", []string{"trained", "removed", "final"}},
		{"prune: {method: none}\n", []string{"trained", "final"}},
		{"thresholds: {density: 0.2}\n", []string{"trained", "removed", "thresholds", "final"}},
	} {
		r := finish(t, parse(t, base+perceptron+c.rest))
		if !slices.Equal(stageNames(r.Stages()), c.want) {
			t.Errorf("%s: stages %v, want %v", c.rest, stageNames(r.Stages()), c.want)
		}
		for _, m := range r.Measures() {
			if len(m.Readings) != len(c.want) {
				t.Errorf("%s: %s at %+v", c.rest, m.Name, m.Readings)
			}
		}
		if r.Thresholds != nil && (r.Thresholded == nil || r.Thresholded.Accuracy != r.AccuracyFinal) {
			t.Errorf("with thresholds the accuracy is %+v, that of the final network %g", r.Thresholded, r.AccuracyFinal)
		}
	}
	p := finish(t, parse(t, `name: text
data: {dataset: wordchain, train: 40, validation: 10, test: 40, window: 8}
model: {type: rnn, hidden: 8, embedding: 4}
train: {epochs: 1, batch: 10}
prune: {method: magnitude, budget: {macs: 0.7}}
export: {onnx: false}
`))
	if p.PerplexityTrained != Perplexity(p.LossTrained) || p.BitsTrained != BitsPerCharacter(p.LossTrained) {
		t.Errorf("perplexity %g and %g bits of a loss of %g", p.PerplexityTrained, p.BitsTrained, p.LossTrained)
	}
	if len(p.Measures()) < 2 {
		t.Errorf("measures %+v", p.Measures())
	}
	for _, m := range p.Measures() {
		if len(m.Readings) != 4 || m.Readings[0].Stage != "trained" {
			t.Errorf("%s: %+v", m.Name, m.Readings)
		}
	}
}
