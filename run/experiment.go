package run

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"pare/nn"
	"pare/prune"
)

// Experiment holds the settings that a run has in common with runs of other seeds, and
// the network that those runs began with.
type Experiment struct {
	// Settings are the config as decoded JSON, without keys that may differ between
	// repetitions: names, seeds, threads, places of files, formats of exports. For a
	// network taken from an earlier run, model.run holds the settings of that run if they
	// can be read, its path otherwise.
	Settings map[string]any
	// Seeds are the seeds of the run and of the runs that it started from.
	Seeds []uint64
	// Original counts the network that the chain of runs began with; nil: it cannot
	// be read.
	Original *nn.Counts
	// Ancestor is the path of the run that it starts from, as its config names it; "": it
	// starts from none.
	Ancestor string
	// Layers compare the first network of the chain with the one after the first removal;
	// nil: nothing was removed, or they cannot be read.
	Layers []prune.LayerDiff
}

// maxChain is the largest number of runs that start from each other; a longer chain is a
// cycle.
const maxChain = 32

// neutralKeys may differ between repetitions of an experiment.
var neutralKeys = []string{"name", "seed", "threads", "export", "data.dir", "data.cache", "data.download", "train.checkpoint_steps", "train.log_steps", "audit"}

// Experiment reads the settings of the run. Artifacts that belong to no run and were not
// pruned from one are an InputError.
func (a *Artifact) Experiment() (Experiment, error) { return a.experiment(maxChain) }

func (a *Artifact) experiment(depth int) (Experiment, error) {
	switch {
	case depth == 0:
		return Experiment{}, &InputError{fmt.Errorf("%s: more than %d runs go on from each other", a.Path, maxChain)}
	case a.Config == nil:
		return a.prunedExperiment(depth)
	}
	settings, err := plain(a.Config)
	if err != nil {
		return Experiment{}, err
	}
	for _, key := range neutralKeys {
		remove(settings, key)
	}
	if data, ok := settings["data"].(map[string]any); ok {
		if data["normalize"] == "standard" {
			delete(data, "normalize") // the default, which configs of earlier versions name
		}
		for _, key := range []string{"file", "files", "validation_files", "test_files"} {
			if file, ok := data[key].(string); ok {
				data[key] = filepath.Base(file)
			}
		}
	}
	e := Experiment{Settings: settings, Seeds: []uint64{a.Config.Seed}}
	model, _ := settings["model"].(map[string]any)
	for _, p := range a.Config.Paths() {
		if key, ok := strings.CutPrefix(p.Key, "model."); ok && !p.Run {
			model[key] = filepath.Base(p.Text)
		}
	}
	if path, ok := model["run"].(string); ok && a.Config.Model.Type == "saved" {
		if _, given := model["weights"]; !given {
			model["weights"] = "kept"
		}
		e.Ancestor = path
		if source, err := a.source(path, depth); err == nil {
			model["run"] = source.Settings
			e.Seeds, e.Original, e.Layers = append(e.Seeds, source.Seeds...), source.Original, source.Layers
		}
	}
	if err := a.original(&e); err != nil {
		return Experiment{}, err
	}
	if a.Kind == KindModel { // the network of a stage
		settings["stage"] = prunedDir
		if sameFolder(a.Path, a.folder.path(trainedDir)) {
			settings["stage"] = trainedDir
		}
	}
	return e, nil
}

// prunedExperiment is the experiment of a model made by pare prune.
func (a *Artifact) prunedExperiment(depth int) (Experiment, error) {
	p, err := a.Pruning()
	if err != nil {
		return Experiment{}, err
	}
	if p == nil {
		return Experiment{}, &InputError{fmt.Errorf("%s belongs to no run", a.Path)}
	}
	request, err := plain(p.PruneRequest)
	if err != nil {
		return Experiment{}, err
	}
	delete(request, "seed")
	pruning := map[string]any{"method": request["method"], "scope": request["scope"]}
	e := Experiment{Settings: map[string]any{"prune": pruning}, Seeds: []uint64{p.Seed}, Ancestor: p.Source}
	if v, ok := request["importance"]; ok {
		pruning["importance"] = v
	}
	budget := map[string]any{}
	for _, key := range []string{"macs", "params"} {
		if v, ok := request[key]; ok {
			budget[key] = v
		}
	}
	if len(budget) > 0 {
		pruning["budget"] = budget
	}
	if p.Report != nil {
		e.Original, e.Layers = &p.Report.Before, p.Report.Layers
	}
	if source, err := a.source(p.Source, depth); err == nil {
		e.Settings["run"] = source.Settings
		e.Seeds = append(e.Seeds, source.Seeds...)
		e.Original = cmp.Or(source.Original, e.Original)
		if source.Layers != nil {
			e.Layers = source.Layers
		}
	} else {
		e.Settings["run"] = p.Source
	}
	return e, nil
}

// source reads the experiment of the run at a path. A relative path counts from the working
// directory of that time: source tries the present one and the folders above the run.
func (a *Artifact) source(path string, depth int) (Experiment, error) {
	candidates := []string{path}
	if here, err := filepath.Abs(a.Path); err == nil && !filepath.IsAbs(path) {
		for dir := filepath.Dir(here); ; dir = filepath.Dir(dir) {
			candidates = append(candidates, filepath.Join(dir, path))
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	var first error
	for _, candidate := range candidates {
		source, err := OpenArtifact(candidate)
		if err == nil {
			return source.experiment(depth - 1)
		}
		first = cmp.Or(first, err)
	}
	return Experiment{}, first
}

// original fills in the network at the start of the run that the artifact belongs to, as
// far as it is known, where no earlier run did.
func (a *Artifact) original(e *Experiment) error {
	if e.Original != nil && e.Layers != nil {
		return nil
	}
	p, err := a.Removal()
	if p != nil && p.Report != nil {
		e.Layers = p.Report.Layers
		if e.Original == nil && e.Ancestor == "" {
			e.Original = &p.Report.Before
		}
	}
	if err != nil || e.Original != nil || e.Ancestor != "" {
		return err
	}
	var s Summary
	found, err := a.folder.readJSON(SummaryFile, &s)
	if found && err == nil {
		e.Original = &nn.Counts{Params: s.ParamsBefore, MACs: s.MACsBefore}
	}
	return err
}

// plain converts a value to decoded JSON.
func plain(v any) (map[string]any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	return out, json.Unmarshal(text, &out)
}

// remove deletes the value at a dotted path.
func remove(from map[string]any, path string) {
	section, rest, nested := strings.Cut(path, ".")
	if !nested {
		delete(from, section)
		return
	}
	if inner, ok := from[section].(map[string]any); ok {
		remove(inner, rest)
	}
}

func sameFolder(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
