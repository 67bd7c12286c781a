package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pare/config"
	"pare/export"
	"pare/models/imported"
	"pare/nn"
	"pare/regularize"
	"pare/train"
)

// Kind is the kind of an Artifact.
type Kind string

// The kinds of artifacts.
const (
	KindRun     Kind = "run"     // a run folder
	KindModel   Kind = "model"   // a folder with a model
	KindONNX    Kind = "onnx"    // an ONNX file
	KindWeights Kind = "weights" // a safetensors file with the parameters of a model
)

// Artifact is a place from which commands read a network.
type Artifact struct {
	Path   string
	Kind   Kind
	Config *config.Config // of the run it belongs to; nil: it belongs to none

	folder  Folder        // of that run
	options SourceOptions // of a file of another program
}

// OpenArtifact opens the artifact at a path, of any kind. The folders of the network
// before and after pruning within a run belong to that run. Other paths are an
// InputError; OpenSource reads files of weights, too.
func OpenArtifact(path string) (*Artifact, error) {
	info, err := os.Stat(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%s does not exist; give a run folder, a folder with a model, or an .onnx or .safetensors file", path)
		}
		return nil, &InputError{err}
	}
	dir := Folder(path)
	switch {
	case !info.IsDir() && isONNX(path):
		return &Artifact{Path: path, Kind: KindONNX}, nil
	case info.IsDir() && exists(dir.path(ConfigFile)):
		a := &Artifact{Path: path, Kind: KindRun}
		return a, a.belongTo(dir)
	case info.IsDir() && exists(dir.path(export.ArchitectureFile)):
		a := &Artifact{Path: path, Kind: KindModel}
		if whole, err := filepath.Abs(path); err == nil {
			name, parent := filepath.Base(whole), Folder(filepath.Dir(whole))
			if (name == trainedDir || name == prunedDir) && exists(parent.path(ConfigFile)) {
				return a, a.belongTo(parent)
			}
		}
		return a, nil
	}
	if !info.IsDir() && isWeights(path) {
		return OpenSource(path, SourceOptions{})
	}
	return nil, &InputError{fmt.Errorf("%s is neither a run folder (%s), nor a folder with a model (%s, %s), nor an .onnx or .safetensors file",
		path, ConfigFile, export.SafetensorsFile, export.ArchitectureFile)}
}

// isONNX reports whether a path names an ONNX file, in letters of any case.
func isONNX(path string) bool { return strings.EqualFold(filepath.Ext(path), ".onnx") }

func (a *Artifact) belongTo(f Folder) error {
	if err := f.readable(); err != nil {
		return err
	}
	c, err := config.Load(f.path(ConfigFile), nil)
	a.folder, a.Config = f, c
	return err
}

// Final returns the network of a model, or that at the end of a run. A run that
// is not finished is an InputError.
func (a *Artifact) Final() (export.Model, error) {
	if a.Kind != KindRun {
		return a.read()
	}
	if !exists(a.folder.path(SummaryFile)) {
		return export.Model{}, &InputError{fmt.Errorf("%s is not finished; go on with train -resume %s%s", a.Path, a.Path, a.stages())}
	}
	return a.final()
}

// stages names the networks of an unfinished run, for an error.
func (a *Artifact) stages() string {
	for _, stage := range []string{prunedDir, trainedDir} {
		if dir := a.folder.path(stage); exists(filepath.Join(dir, export.ArchitectureFile)) {
			return fmt.Sprintf(", or use %s as it is", dir)
		}
	}
	return ""
}

// final reads the network of a finished run from any of its exports.
func (a *Artifact) final() (export.Model, error) {
	switch {
	case exists(a.folder.path(export.ArchitectureFile)):
		return load(a.folder.path())
	case exists(a.folder.path(export.ONNXFile)):
		return loadONNX(a.folder.path(export.ONNXFile), nil)
	}
	m, err := load(a.folder.path(prunedDir))
	if f := a.Config.Finetune; err != nil || f == nil || f.Epochs == 0 {
		return m, err
	}
	c, damage, err := train.LatestCheckpoint(a.folder.path(checkpointsDir, finetunePhase))
	if err == nil {
		err = damage // the one before holds another network
	}
	if err == nil {
		err = c.LoadParams(m.Net)
	}
	if err != nil {
		return m, &InputError{fmt.Errorf("%s holds no exported model, and its last checkpoint cannot be used: %w", a.Path, err)}
	}
	return m, nil
}

// Trained returns the network of a run before pruning; a model without a run is returned
// unchanged.
func (a *Artifact) Trained() (export.Model, error) {
	if a.Kind != KindRun {
		return a.read()
	}
	dir := a.folder.path(trainedDir)
	if !exists(filepath.Join(dir, export.ArchitectureFile)) {
		return export.Model{}, &InputError{fmt.Errorf("%s has no network before pruning, as its training is not finished; "+
			"go on with train -resume %s", a.Path, a.Path)}
	}
	return load(dir)
}

// Latest returns the network of the last stage that a run has come to, and the
// name of the stage: "final", "pruned" or "trained", or "" and no network before
// the end of training. The stage of other artifacts is "final".
func (a *Artifact) Latest() (m export.Model, stage string, err error) {
	if a.Kind != KindRun {
		m, err = a.read()
		return m, "final", err
	}
	if exists(a.folder.path(SummaryFile)) {
		m, err = a.final()
		return m, "final", err
	}
	for _, stage := range []string{prunedDir, trainedDir} {
		if exists(a.folder.path(stage, export.ArchitectureFile)) {
			m, err = load(a.folder.path(stage))
			return m, stage, err
		}
	}
	return m, "", nil
}

func (a *Artifact) read() (export.Model, error) {
	switch a.Kind {
	case KindONNX:
		return loadONNX(a.Path, a.options.Input)
	case KindWeights:
		return loadWeights(a.Path, a.options)
	}
	return load(a.Path)
}

func load(dir string) (export.Model, error) {
	m, err := export.Load(dir)
	if err != nil {
		return m, &InputError{err}
	}
	return m, nil
}

// loadONNX reads an ONNX file of pare or of another program; nil is an input that the file gives.
func loadONNX(path string, input nn.Shape) (export.Model, error) {
	m, err := imported.Load(path, imported.Options{Input: input})
	if err != nil {
		return m, &InputError{err}
	}
	return m, nil
}

// OnActivations binds the penalties on activations of the run that the artifact
// belongs to, if any, to net, the pruned network.
func (a *Artifact) OnActivations(net *nn.Network) ([]nn.Term, error) {
	chosen := func(p regularize.Spec) bool { return p.On == "activations" }
	if a.Config == nil || !slices.ContainsFunc(a.Config.Penalties, chosen) {
		return nil, nil
	}
	whole, err := load(a.folder.path(trainedDir))
	if err != nil {
		return nil, err
	}
	penalties, err := termsOf(a.Config, whole.Net, chosen)
	if err != nil {
		return nil, err
	}
	var out []nn.Term
	for _, p := range penalties {
		left, err := p.(*regularize.Activations).Rebind(net)
		if err != nil {
			return nil, err
		}
		out = append(out, left)
	}
	return out, nil
}

// Phases of a run, in the order in which they come.
const (
	trainPhase    = "train"
	prunePhase    = "prune"
	finetunePhase = "finetune"
	exportPhase   = "export"
)

// State is the progress of a run.
type State struct {
	Finished bool   `json:"finished"`
	Phase    string `json:"phase,omitempty"`  // train, prune, finetune or export: the one under way; "" when finished
	Epoch    int    `json:"epoch"`            // complete epochs of it, as of the last checkpoint
	Batch    int    `json:"batch,omitempty"`  // batches after those
	Epochs   int    `json:"epochs"`           // that the config asks for in the phase
	Damage   string `json:"damage,omitempty"` // error of a checkpoint newer than the one to resume from
}

func (s State) String() string {
	switch {
	case s.Finished:
		return "finished"
	case s.Epochs == 0:
		return "interrupted, or still running, in phase " + s.Phase
	case s.Batch > 0:
		return fmt.Sprintf("interrupted, or still running, in phase %s at epoch %d of %d, after %d batches of it",
			s.Phase, s.Epoch+1, s.Epochs, s.Batch)
	}
	return fmt.Sprintf("interrupted, or still running, in phase %s after epoch %d of %d", s.Phase, s.Epoch, s.Epochs)
}

// State returns the progress of the run; it is zero for artifacts other than run folders. A
// run that another process works on looks like an interrupted one.
func (a *Artifact) State() (State, error) {
	switch {
	case a.Kind != KindRun:
		return State{}, nil
	case exists(a.folder.path(SummaryFile)):
		return State{Finished: true}, nil
	case !exists(a.folder.path(prunedDir, pruneFile)):
		return a.phase(trainPhase, a.Config.Train.Epochs, prunePhase)
	case a.Config.Finetune != nil:
		return a.phase(finetunePhase, a.Config.Finetune.Epochs, exportPhase)
	}
	return State{Phase: exportPhase}, nil
}

// phase is the state in a phase of training, or in the one after it.
func (a *Artifact) phase(name string, epochs int, next string) (State, error) {
	if epochs == 0 {
		return State{Phase: next}, nil
	}
	c, damage, err := train.LatestCheckpoint(a.folder.path(checkpointsDir, name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return State{Phase: name, Epochs: epochs}, nil
	case err != nil:
		return State{}, &InputError{err}
	case c.Position.Done:
		return State{Phase: next}, nil
	}
	s := State{Phase: name, Epoch: c.Position.Epoch, Batch: c.Position.Batch, Epochs: epochs}
	if damage != nil {
		s.Damage = damage.Error()
	}
	return s, nil
}

// Summary is the outcome of a finished run; nil for other artifacts.
func (a *Artifact) Summary() (*Summary, error) {
	if a.Kind != KindRun {
		return nil, nil
	}
	var s Summary
	found, err := a.folder.readJSON(SummaryFile, &s)
	if !found || err != nil {
		return nil, err
	}
	return &s, nil
}

// Pruning is prune.json beside a model, the record of its pruning; nil without such a file.
func (a *Artifact) Pruning() (*Pruning, error) {
	if a.Kind != KindModel {
		return nil, nil
	}
	var p Pruning
	found, err := Folder(a.Path).readJSON(pruneFile, &p)
	if !found || err != nil {
		return nil, err
	}
	return &p, nil
}

// Removal is the record of the pruning of the run that the artifact belongs to; nil: it
// belongs to none, or nothing was pruned yet.
func (a *Artifact) Removal() (*Pruning, error) {
	if a.folder == "" {
		return nil, nil
	}
	var p Pruning
	found, err := a.folder.readJSON(filepath.Join(prunedDir, pruneFile), &p)
	if !found || err != nil {
		return nil, err
	}
	return &p, nil
}
