package run

import (
	"context"
	"strings"
	"testing"

	"pare/config"
)

// A run goes by a teacher of another run, and fine-tuning by the network before pruning; both
// change the result, and the run is the same a second time.
func TestDistillation(t *testing.T) {
	teacher := finish(t, parse(t, base+perceptron))
	taught := base + perceptron + "finetune: {epochs: 1, distill: {run: self, temperature: 2}}\n" +
		"prune: {method: magnitude, budget: {macs: 0.5}}\n"
	own := finish(t, parse(t, taught))
	plain := finish(t, parse(t, taught, "finetune.distill=null"))
	if own.LossBeforePrune != plain.LossBeforePrune || own.LossFinal == plain.LossFinal {
		t.Errorf("losses are %g and %g with the teacher, %g and %g without", own.LossBeforePrune, own.LossFinal, plain.LossBeforePrune, plain.LossFinal)
	}
	with := func(sets ...string) result {
		return finish(t, parse(t, base+perceptron+"prune: {method: none}\n", append(sets, "train.distill.run="+string(teacher.folder))...))
	}
	first, again, other := with(), with("threads=1"), with("train.distill.weight=1")
	if first.LossFinal != again.LossFinal || first.LossFinal == other.LossFinal || first.LossFinal == teacher.LossFinal {
		t.Errorf("losses are %g, %g, %g and %g", first.LossFinal, again.LossFinal, other.LossFinal, teacher.LossFinal)
	}
}

// Teachers that do not fit are refused before there is a run folder, in one line.
func TestTeacherRefused(t *testing.T) {
	const narrow = "model: {type: mlp, hidden: [4]}\nprune: {method: none}\n"
	teacher := finish(t, parse(t, base+narrow))
	unfinished := Folder(t.TempDir())
	if _, err := CreateFolder(string(unfinished), "half", parse(t, base+narrow).YAML()); err != nil {
		t.Fatal(err)
	}
	letters := finish(t, parse(t, base+narrow, "data={dataset: glyphs, classes: letters, train: 300, test: 100}", "train.epochs=0"))
	empty := t.TempDir()
	for set, want := range map[string]string{
		"data={dataset: glyphs, train: 300, validation: 50, test: 100}": "cannot teach: the teacher reads",
		"train.distill.run=nowhere":                                     "nowhere does not exist; give a run folder",
		"train.distill.run=" + empty:                                    empty + " is neither a run folder",
		"train.distill.run=" + string(unfinished):                       "is not finished; go on with train -resume " + string(unfinished),
		"train.distill.run=" + string(letters.folder):                   "cannot teach: the teacher reads",
		"train.distill.run=self":                                        "train.distill.run is self, but a run has no trained network yet",
	} {
		if strings.HasSuffix(set, "=self") {
			_, err := config.Parse("test.yaml", []byte(base+narrow), set)
			if err == nil || !strings.Contains(err.Error(), want) || !IsInput(err) {
				t.Errorf("the error is %v, want %q", err, want)
			}
			continue
		}
		c := parse(t, base+narrow, "train.distill.run="+string(teacher.folder), set)
		_, _, err := Plan(context.Background(), c, nil)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || !IsInput(err) {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
}
