package train

import (
	"fmt"
	"strings"

	"pare/nn"
)

// Reshaper changes the network between two steps of a phase: it removes units
// that have become zero, so that later steps cost less. Its decisions depend on the
// network, the place and its own State alone, so that a resumed phase is the same.
type Reshaper interface {
	// Begin is called when a session begins to train, after a resume.
	Begin(net *nn.Network)
	// Every is the number of steps between calls of Reshape.
	Every() int
	// Reshape is called after a step. A nil result changes nothing.
	Reshape(net *nn.Network, at Place) (*Reshaped, error)
	// Penalties returns the penalties of a network returned by Reshape, in this session or
	// in the session that saved the restored State.
	Penalties(net *nn.Network) ([]Penalty, error)
	// Unmet reports whether the network is still to become smaller: until it is not, no
	// early stop ends the phase, and no epoch counts as the best one.
	Unmet() bool
	// State is the memory from which Restore continues, as JSON.
	State() ([]byte, error)
	Restore(state []byte) error
}

// Place is a point of a phase.
type Place struct {
	Step  int     // updates made
	Share float64 // of the steps of all epochs that are made
	// Grad is the gradient of the last batch's loss with respect to a parameter, to
	// read; nil where it has none.
	Grad func(*nn.Param) []float32
}

// Reshaped is a change of a phase under way.
type Reshaped struct {
	// Net computes the same as the network before, and its parameters know their
	// origin in it (nn.Param.Origin); nil: the same network, with other penalties.
	Net    *nn.Network
	Keep   bool           // nothing changes after all, there is only something to log
	Shrink *ShrinkRecord  // for the log; nil: none
	Target *ControlRecord // the same
}

// Network is the network that is trained: the one given to New until a Reshaper
// puts a smaller one in its place.
func (t *Trainer) Network() *nn.Network { return t.net }

// reshape lets the Reshaper work where its turn has come.
func (t *Trainer) reshape() error {
	r := t.o.Reshaper
	if r == nil || t.pos.Step%r.Every() != 0 {
		return nil
	}
	change, err := r.Reshape(t.net, Place{t.pos.Step, t.share(), t.program.Grad})
	if err != nil {
		if diverged := t.finiteState(); diverged != nil {
			return diverged // the removal is not to blame
		}
		return fmt.Errorf("step %d: %w", t.pos.Step, err)
	}
	if change == nil {
		return nil
	}
	if !change.Keep {
		if err := t.adopt(change.Net); err != nil {
			return fmt.Errorf("step %d: %w", t.pos.Step, err)
		}
	}
	t.zeros = t.zeroShare()
	if change.Target != nil {
		rec := t.record("target", t.pos.Last.Loss)
		rec.Target = change.Target
		if err := t.log(rec); err != nil {
			return err
		}
	}
	if change.Shrink == nil {
		return nil
	}
	rec := t.record("shrink", t.pos.Last.Loss)
	rec.Shrink = change.Shrink
	return t.log(rec)
}

// adopt continues with another network or, if small is nil, with other penalties on the
// same one. Moments and carried state are selected as the parameters were.
func (t *Trainer) adopt(small *nn.Network) error {
	f := newFollower(t.net, small)
	moments, state, random := t.optimizer.State(), stateTensors(t.program), t.program.Random
	net := t.net
	if small != nil {
		var err error
		// Layers remember how they were rewritten. Checkpoints lack that, so it must not
		// reach the next rewriting either.
		if net, err = small.Clone(); err != nil {
			return err
		}
	}
	penalties, err := t.o.Reshaper.Penalties(net)
	if err != nil {
		return err
	}
	terms := t.pos.Last.Terms
	old := t.o.Penalties
	if err := t.bind(net, penalties); err != nil {
		return err
	}
	t.pos.Last.Terms = make([]LastTerm, len(penalties))
	for i, p := range penalties {
		for j, o := range old {
			if o.Name() == p.Name() {
				t.pos.Last.Terms[i] = terms[j]
			}
		}
	}
	if moments, err = f.optimizer(moments, t.optimizer.State()); err != nil {
		return err
	}
	if err := t.optimizer.Restore(moments); err != nil {
		return err
	}
	t.program.Random = random
	if small != nil {
		t.reshaped = true
		if t.o.Stop.restores() {
			t.forgetBest()
		}
	}
	return f.state(state, stateTensors(t.program), t.program.Batch())
}

// restore rebuilds the network that a Reshaper had made when a checkpoint was written.
func (t *Trainer) restore(c *Checkpoint) error {
	switch {
	case t.o.Reshaper == nil && (c.Network != nil || c.Reshape != nil):
		return fmt.Errorf("%w: its network was changed while it was trained, and nothing here does that", ErrMismatch)
	case t.o.Reshaper == nil:
		return nil
	}
	if err := t.o.Reshaper.Restore(c.Reshape); err != nil {
		return fmt.Errorf("%w: %w", ErrMismatch, err)
	}
	net := t.net
	if c.Network != nil {
		var err error
		if net, err = c.Network.Network(nil); err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
	penalties, err := t.o.Reshaper.Penalties(net)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMismatch, err)
	}
	t.reshaped = c.Network != nil
	return t.bind(net, penalties)
}

// follower carries values from the parameters of a network over to the parameters that
// were selected from them.
type follower struct {
	names  map[*nn.Param]string     // full names in the network before
	params map[string]nn.NamedParam // of the network after, by full name
}

// newFollower relates a network to one made from it; a nil small stands for the same
// network.
func newFollower(large, small *nn.Network) *follower {
	f := &follower{names: map[*nn.Param]string{}, params: map[string]nn.NamedParam{}}
	for _, p := range large.Params() {
		if _, twice := f.names[p.Param]; !twice {
			f.names[p.Param] = p.Full
		}
	}
	if small == nil {
		small = large
	}
	for _, p := range small.Params() {
		if _, twice := f.params[p.Full]; !twice {
			f.params[p.Full] = p
		}
	}
	return f
}

// optimizer is the state of an optimizer on the network after, whose fresh state is given:
// moments of selected values are selected in the same way, moments of new parameters stay
// fresh, and tensors that belong to no parameter are taken over.
func (f *follower) optimizer(before, fresh OptimizerState) (OptimizerState, error) {
	old := map[string][]float32{}
	for _, t := range before.Tensors {
		old[t.Name] = t.Data
	}
	after := before
	after.Tensors = nil
	for _, t := range fresh.Tensors {
		buffer, full, _ := strings.Cut(t.Name, "/")
		values, ok := old[t.Name]
		if p, of := f.params[full]; of {
			name, known := f.names[p.Origin()]
			values, ok = old[buffer+"/"+name]
			if ok = ok && known; ok {
				if len(values) != p.Origin().Size() {
					return after, fmt.Errorf("the optimizer keeps %d values %s for the %d of %s, which cannot follow when the network shrinks",
						len(values), buffer, p.Origin().Size(), name)
				}
				values = p.Follow(values)
			}
		}
		if !ok {
			values = append([]float32(nil), t.Data...)
		}
		after.Tensors = append(after.Tensors, NamedTensor{t.Name, values})
	}
	return after, nil
}

// state copies the state that layers carry from batch to batch, rows of units.
func (f *follower) state(before, after []NamedTensor, batch int) error {
	old := map[string][]float32{}
	for _, t := range before {
		old[t.Name] = t.Data
	}
	for _, t := range after {
		values, width := old[t.Name], len(t.Data)/batch
		kept := f.kept(t.Name[:strings.LastIndexByte(t.Name, '.')], len(values)/batch)
		if len(kept) != width {
			return fmt.Errorf("state %s of %d units cannot follow from %d", t.Name, width, len(values)/batch)
		}
		for r := range batch {
			for j, u := range kept {
				t.Data[r*width+j] = values[r*len(values)/batch+u]
			}
		}
	}
	return nil
}

// kept lists the units of a layer that remain, according to the parameters that they index.
func (f *follower) kept(layer string, units int) []int {
	for full, p := range f.params {
		if !strings.HasPrefix(full, layer+".") || p.Node.Name != layer {
			continue
		}
		axis := p.FindAxis(nn.AxisOut)
		if axis < 0 {
			continue
		}
		n, stride := p.Origin().AxisLen(axis)
		if n != units {
			continue
		}
		place := make([]float32, p.Origin().Size())
		for i := range place {
			place[i] = float32(i / stride % n)
		}
		m, step := p.AxisLen(axis)
		from := p.Follow(place)
		kept := make([]int, m)
		for j := range kept {
			kept[j] = int(from[j*step])
		}
		return kept
	}
	return nil
}
