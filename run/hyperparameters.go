package run

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"pare/config"
	"pare/report/tensorboard"
)

// maxHyperparameters bounds the hyperparameters of a run in TensorBoard, which gives each a
// column and a filter.
const maxHyperparameters = 40

// hyperparameterSections are the sections of a config in the order in which their keys count
// towards maxHyperparameters.
var hyperparameterSections = []string{"seed", "penalties", "target", "prune", "thresholds", "train", "finetune", "model", "data"}

// hyperparameters are the settings of a run that TensorBoard compares runs by: the scalar
// keys of its config by their dotted paths, and lists of scalars as text. Left out are keys
// that change no result (names, places, threads, exports), keys that are off (0, false,
// empty), keys of finetune that are as in train, and the list of layers of a model.
func hyperparameters(c *config.Config) []tensorboard.Hyperparameter {
	settings, err := plain(c)
	if err != nil {
		return nil // a config that was read can be written
	}
	for _, key := range append([]string{"model.layers"}, neutralKeys...) {
		if key != "seed" {
			remove(settings, key)
		}
	}
	var out []tensorboard.Hyperparameter
	inTrain := map[string]any{}
	for _, section := range hyperparameterSections {
		for _, h := range flatten(nil, section, settings[section]) {
			name := h.Name[len(section):]
			if section == "train" {
				inTrain[name] = h.Value
			}
			if section != "finetune" || inTrain[name] != h.Value {
				out = append(out, h)
			}
		}
	}
	return out[:min(len(out), maxHyperparameters)]
}

// flatten appends the scalars of decoded JSON, by their paths.
func flatten(out []tensorboard.Hyperparameter, path string, v any) []tensorboard.Hyperparameter {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = flatten(out, path+"."+key, v[key])
		}
		return out
	case []any:
		if !slices.ContainsFunc(v, isSection) {
			text, _ := json.Marshal(v) // it comes from JSON
			if len(v) > 0 {
				out = append(out, tensorboard.Hyperparameter{Name: path, Value: string(text)})
			}
			return out
		}
		for i, item := range v {
			out = flatten(out, path+"."+strconv.Itoa(i), item)
		}
		return out
	case nil:
		return out
	}
	if v == 0.0 || v == false || v == "" {
		return out
	}
	return append(out, tensorboard.Hyperparameter{Name: path, Value: v})
}

func isSection(v any) bool {
	_, ok := v.(map[string]any)
	return ok
}

// resultsGroup is the group of the results among the curves of TensorBoard.
const resultsGroup = "final"

// results are the figures of a summary that TensorBoard compares runs by.
func (s *Summary) results() map[string]float64 {
	out := map[string]float64{"loss": s.LossFinal, "params_share": ratio(s.ParamsAfter, s.ParamsBefore),
		"macs_share": ratio(s.MACsAfter, s.MACsBefore), "nonzero": float64(s.NonZeroAfter), "certificate": s.Certificate.MaxRelDiff}
	switch {
	case s.PerplexityFinal > 0:
		out["perplexity"] = s.PerplexityFinal
	case s.MSEFinal > 0:
		out["mse"] = s.MSEFinal
	default:
		out["accuracy"] = s.AccuracyFinal
	}
	return out
}

// experimentDir is the folder of the event file that makes runs one experiment.
const experimentDir = "experiment"

// WriteExperiment writes an event file to the folder experiment in dir, by which TensorBoard
// shows finished runs below dir as one experiment: with the hyperparameters of all and the
// range of each, and with the results in their summaries in place of all curves. It replaces
// the file of an earlier call. An artifact that
// is no finished run, and a folder that cannot be written, are InputErrors.
func WriteExperiment(dir string, runs []*Artifact) (err error) {
	var sessions [][]tensorboard.Hyperparameter
	results := map[string]float64{}
	for _, a := range runs {
		s, err := a.Summary()
		if err != nil {
			return err
		}
		if s == nil {
			return &InputError{fmt.Errorf("%s is no finished run; an experiment consists of these", a.Path)}
		}
		sessions = append(sessions, hyperparameters(a.Config))
		maps.Copy(results, s.results())
	}
	var tags []string
	for _, name := range slices.Sorted(maps.Keys(results)) {
		tags = append(tags, resultsGroup+"/"+name)
	}
	w, err := tensorboard.Replace(filepath.Join(dir, experimentDir))
	if err != nil {
		return &InputError{fmt.Errorf("experiment for TensorBoard: %w", err)}
	}
	err = w.Experiment(sessions, tags, time.Now())
	if closed := w.Close(); err == nil {
		err = closed
	}
	return err
}
