package train

import (
	"fmt"
	"strings"

	"pare/nn"
)

// Masks hold single weights of a network at 0 while it trains. Their decisions depend on the
// network, the step and the masks alone, so that a resumed phase is the same.
type Masks interface {
	// Frozen is the mask of a parameter: 1 where the value stays 0, and 0 elsewhere; nil
	// where no value of it is held. Optimizers read the storage in every step, checkpoints
	// hold it, and a resume writes it.
	Frozen(p *nn.Param) []float32
	// Due reports whether Update is called in the update after the given number of them.
	Due(step int) bool
	// Update changes the masks of a network, with the gradients of the batch under way: of
	// all values, also of those that are held. A value that is no longer held has to be
	// finite. instead reports whether the change takes the place of the optimizer's step.
	Update(net *nn.Network, at Place) (instead bool, err error)
	// Unmet reports whether more values are to be held later than after the given number of
	// updates: until then no early stop ends the phase, and no epoch counts as the best one.
	Unmet(step int) bool
}

// changeMasks lets the masks change before an update. Values that are held are 0 from here
// on, and their moments, and those of values that are no longer held.
func (t *Trainer) changeMasks() (instead bool, err error) {
	before := map[string][]float32{}
	now := map[string][]float32{}
	for _, p := range t.net.Params() {
		if mask := t.o.Masks.Frozen(p.Param); mask != nil {
			before[p.Full], now[p.Full] = append([]float32(nil), mask...), mask
		}
	}
	instead, err = t.o.Masks.Update(t.net, Place{t.pos.Step, t.share(), t.program.Grad})
	if err != nil {
		return false, fmt.Errorf("step %d: %w", t.pos.Step+1, err)
	}
	for _, v := range t.params {
		for i, held := range now[v.Name] {
			if held != 0 {
				v.Data[i] = 0
			}
		}
	}
	for _, v := range t.optimizer.State().Tensors {
		buffer, full, _ := strings.Cut(v.Name, "/")
		mask := now[full]
		if buffer == "frozen" || len(mask) != len(v.Data) {
			continue
		}
		for i, held := range mask {
			if held != 0 || before[full][i] != 0 {
				v.Data[i] = 0
			}
		}
	}
	if t.norm.whole = false; !instead && t.norm.masks != nil {
		t.pos.Last.GradNorm = t.norm.compute()
	}
	return instead, nil
}

// share is the share of the steps of all epochs that are made.
func (t *Trainer) share() float64 { return float64(t.pos.Step) / float64(t.o.Epochs*t.perEpoch) }

// snapshot shows the network at the end of an epoch to its keeper.
func (t *Trainer) snapshot() error {
	if t.o.Snapshot == nil {
		return nil
	}
	if err := t.o.Snapshot(t.pos.Epoch, t.net); err != nil {
		return fmt.Errorf("keep the weights of epoch %d: %w", t.pos.Epoch, err)
	}
	return nil
}
