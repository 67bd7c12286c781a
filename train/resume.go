package train

import (
	"fmt"
	"path/filepath"
	"slices"

	"pare/nn"
)

// Position is the progress of a phase. Together with parameters and optimizer state it
// determines the steps to come.
type Position struct {
	Phase  string         `json:"phase"`
	Epoch  int            `json:"epoch"` // epochs complete, their evaluation included
	Batch  int            `json:"batch"` // batches done in the epoch after those
	Step   int            `json:"step"`  // updates made in the phase
	Random nn.RandomState `json:"random"`

	LossSum   float64 `json:"loss_sum"`       // of the losses of the Batch batches
	Last      Last    `json:"last"`           // for the log line after a resume: the step before it
	Best      *Best   `json:"best,omitempty"` // nil before the first evaluation
	Robust    *Robust `json:"robust,omitempty"`
	BadEpochs int     `json:"bad_epochs"` // evaluations since the best
	Done      bool    `json:"done"`       // the phase is over
	LogLines  int     `json:"log_lines"`  // lines in the metrics log
	Seconds   float64 `json:"seconds"`    // spent, over all sessions
	Waited    float64 `json:"waited"`     // seconds of them waiting for training data
}

// Last holds the values of the last update for logs.
type Last struct {
	Loss     float64    `json:"loss"`
	LR       float64    `json:"lr"`
	GradNorm float64    `json:"grad_norm"`
	Terms    []LastTerm `json:"terms,omitempty"` // one per penalty
}

// LastTerm is the value and strength of a penalty.
type LastTerm struct {
	Value  float64 `json:"value"`
	Lambda float64 `json:"lambda"`
}

// Checkpoint is the present state. Its tensors are the live ones: they change
// with the next step.
func (t *Trainer) Checkpoint() *Checkpoint {
	pos := t.pos
	pos.Last.Terms = slices.Clone(pos.Last.Terms)
	pos.Random = t.program.Random
	pos.Seconds = t.seconds()
	if t.o.Log != nil {
		pos.LogLines = t.o.Log.Lines()
	}
	return &Checkpoint{Position: pos, Architecture: Fingerprint(t.net), Config: t.o.Config,
		Params: t.params, Optimizer: t.optimizer.State(), Best: t.best, State: t.state(),
		Penalties: t.penaltyState()}
}

// full is Checkpoint with the state of the Reshaper.
func (t *Trainer) full() (*Checkpoint, error) {
	c := t.Checkpoint()
	if t.o.Reshaper == nil {
		return c, nil
	}
	var err error
	if t.reshaped {
		a, err := t.net.Architecture()
		if err != nil {
			return nil, err
		}
		c.Network = &a
	}
	c.Reshape, err = t.o.Reshaper.State()
	return c, err
}

// state is the state of layers from which the next batch may continue.
func (t *Trainer) state() []NamedTensor {
	if t.pos.Batch == 0 {
		return nil
	}
	return t.layerState()
}

// Resume puts the Trainer, and the network, into the state of a checkpoint, and
// cuts the metrics log back to it. It is called before Fit. The checkpoint must
// come from the same network, phase, configuration and optimizer.
func (t *Trainer) Resume(c *Checkpoint) error {
	p := c.Position
	switch {
	case p.Phase != t.pos.Phase:
		return fmt.Errorf("resume: %w: it is of phase %s, not %s", ErrMismatch, p.Phase, t.pos.Phase)
	case c.Config != t.o.Config:
		return fmt.Errorf("resume: %w: it was written with another configuration", ErrMismatch)
	case p.Batch > t.perEpoch || p.Step != p.Epoch*t.perEpoch+p.Batch:
		return fmt.Errorf("resume: %w: epoch %d, batch %d, step %d does not exist in epochs of %d batches",
			ErrMismatch, p.Epoch, p.Batch, p.Step, t.perEpoch)
	}
	if err := t.restore(c); err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	if len(p.Last.Terms) != len(t.o.Penalties) {
		return fmt.Errorf("resume: %w: it was written with %d penalties, the config has %d",
			ErrMismatch, len(p.Last.Terms), len(t.o.Penalties))
	}
	if err := c.fits(t.net); err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	var state []NamedTensor
	if p.Batch > 0 {
		state = t.layerState()
	}
	if err := sameTensors(state, c.State); err != nil {
		return fmt.Errorf("resume: %w: state of layers: %w", ErrMismatch, err)
	}
	carried := t.penaltyState()
	if err := sameTensors(carried, c.Penalties); err != nil {
		return fmt.Errorf("resume: %w: state of penalties: %w", ErrMismatch, err)
	}
	if err := t.optimizer.Restore(c.Optimizer); err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	copyTensors(t.params, c.Params)
	copyTensors(state, c.State)
	copyTensors(carried, c.Penalties)
	if t.best = nil; c.Best != nil {
		t.best = cloneTensors(c.Best)
	}
	t.program.Random = p.Random
	p.Last.Terms = slices.Clone(p.Last.Terms)
	t.pos = p
	if t.o.Log != nil {
		return t.o.Log.Cut(p.LogLines)
	}
	return nil
}

// save writes a checkpoint, if there is a folder for it, and flushes the log.
func (t *Trainer) save() error {
	t.pos.Seconds = t.seconds()
	if t.o.Log != nil {
		if err := t.o.Log.Sync(); err != nil {
			return err
		}
	}
	if err := t.finiteState(); err != nil {
		return err
	}
	if t.o.Dir == "" {
		return nil
	}
	c, err := t.full()
	if err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	return SaveCheckpoint(t.o.Dir, c)
}

// finiteState looks for values that the last update may have overflowed and that no
// run has read yet: running statistics are parameters here, too. A second moment that
// is infinite would hold its parameter still without a word.
func (t *Trainer) finiteState() error {
	for _, part := range []struct {
		what string
		of   []NamedTensor
	}{{"parameter", t.params}, {"state", t.state()}, {"optimizer state", t.optimizer.State().Tensors}, {"penalty state", t.penaltyState()}} {
		if name := nonFinite(part.of); name != "" {
			return fmt.Errorf("%w %s: %s %s is not finite; %s", ErrDiverged, t.after(), part.what, name, remedy)
		}
	}
	return nil
}

func (t *Trainer) interrupt() error {
	if err := t.save(); err != nil {
		return fmt.Errorf("training was %w after %d steps, and saving failed: %w", ErrInterrupted, t.pos.Step, err)
	}
	how := "nothing was saved: there is no checkpoint folder"
	if t.o.Dir != "" {
		how = "saved in " + filepath.Join(t.o.Dir, LastCheckpoint)
	}
	return fmt.Errorf("training was %w after %d of %d steps; %s", ErrInterrupted, t.pos.Step, t.o.Epochs*t.perEpoch, how)
}
