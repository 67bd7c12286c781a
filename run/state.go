package run

import (
	"errors"
	"fmt"
	"io/fs"

	"pare/train"
)

// Phases of a run, in the order in which they come.
const (
	trainPhase    = "train"
	prunePhase    = "prune"
	finetunePhase = "finetune"
	exportPhase   = "export"
)

// State is how far a run has come.
type State struct {
	Finished bool   `json:"finished"`
	Phase    string `json:"phase,omitempty"`  // train, prune, finetune or export: the one under way; "" when finished
	Epoch    int    `json:"epoch"`            // complete epochs of it, as of the last checkpoint
	Batch    int    `json:"batch,omitempty"`  // batches after those
	Epochs   int    `json:"epochs"`           // that the config asks for in the phase
	Damage   string `json:"damage,omitempty"` // of a checkpoint newer than the one that the run would go on from
}

func (s State) String() string {
	switch {
	case s.Finished:
		return "finished"
	case s.Epochs == 0:
		return "interrupted, or still running, in phase " + s.Phase
	case s.Batch > 0:
		return fmt.Sprintf("interrupted, or still running, in phase %s at epoch %d of %d, after %d batches of it", s.Phase, s.Epoch+1, s.Epochs, s.Batch)
	}
	return fmt.Sprintf("interrupted, or still running, in phase %s after epoch %d of %d", s.Phase, s.Epoch, s.Epochs)
}

// State tells how far the run has come; it is zero for other artifacts than run folders. A
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

// Pruning is prune.json beside a model, which tells how it was made; nil without such a
// file.
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
