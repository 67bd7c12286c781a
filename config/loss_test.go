package config

import (
	"reflect"
	"strings"
	"testing"
)

// TestLossAndClassWeights: a loss is a name or a section, weights of classes a word or a
// list; both are written as they were read, and not at all where they are left out.
func TestLossAndClassWeights(t *testing.T) {
	for _, c := range []struct {
		yaml, kind string
		weights    ClassWeights
	}{
		{"", "", ClassWeights{}},
		{"train: {loss: focal, class_weights: balanced}\n", "focal", ClassWeights{Balanced: true}},
		{"train: {loss: {type: huber, delta: 0.5}, class_weights: [1, 0.25, 1e-8]}\n", "huber", ClassWeights{Each: []float64{1, 0.25, 1e-8}}},
	} {
		conf := mustParse(t, head+c.yaml)
		for range 2 {
			if conf.Train.Loss.Type != c.kind || !reflect.DeepEqual(conf.Train.ClassWeights, c.weights) {
				t.Errorf("%sloss %q, weights %+v", c.yaml, conf.Train.Loss.Type, conf.Train.ClassWeights)
			}
			again := mustParse(t, string(conf.YAML()))
			if !conf.Equal(again) {
				t.Errorf("%s\nis read as\n%s", conf.YAML(), again.YAML())
			}
			conf = again
		}
		if text := string(conf.YAML()); c.kind == "" && (strings.Contains(text, "loss:") || strings.Contains(text, "class_weights") || strings.Contains(text, "restore")) {
			t.Errorf("keys that are left out are written:\n%s", text)
		}
	}
}

func TestLossErrors(t *testing.T) {
	for _, c := range []struct{ yaml, want string }{
		{"train: {loss: focl}\n", `f.yaml:3:15: train.loss.type: unknown loss "focl"; did you mean focal? known: bce, cross_entropy, focal, huber, mse`},
		{"train: {loss: {type: focal, delta: 1}}\n", "f.yaml:3:29: train.loss.delta is not an option of focal; its options are gamma"},
		{"train: {loss: {type: huber, delta: 0}}\n", "f.yaml:3:36: train.loss.delta must be above 0, got 0"},
		{"train: {loss: {gamma: 1}}\n", "f.yaml:3:15: train.loss.type is missing; it is the loss: bce, cross_entropy, focal, huber or mse"},
		{"train: {loss: 3}\n", "f.yaml:3:15: train.loss must be a section of keys, got 3"},
		{"train: {class_weights: equal}\n", `f.yaml:3:24: train.class_weights must be balanced or a list of numbers, got "equal"`},
		{"train: {class_weights: []}\n", "f.yaml:3:24: train.class_weights must be balanced or a list of numbers, got a list"},
		{"train: {class_weights: [1, -2]}\n", "f.yaml:3:28: train.class_weights.1 must be at least 0, got -2"},
		{"train: {class_weights: [0, 0]}\n", "f.yaml:3:24: train.class_weights has no weight above 0, so nothing would count"},
		{"train: {early_stop: {restore: first}}\n", `f.yaml:3:31: train.early_stop.restore must be best or last, got "first"`},
		{"train: {keep: last, early_stop: {restore: best}}\n", "f.yaml:3:15: train.keep is last and train.early_stop.restore best; remove one of them"},
		{"train: {mixup: -1}\n", "f.yaml:3:16: train.mixup must be at least 0 and at most 1000000, got -1"},
	} {
		_, err := parse("f.yaml", []byte(head+c.yaml), nil)
		checkError(t, err, c.want)
	}
}
