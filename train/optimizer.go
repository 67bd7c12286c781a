package train

import (
	"fmt"

	"pare/internal/kernel/parallel"
	"pare/nn"
)

// Optimizer updates the parameters of a network in place. It is bound to them,
// to their gradients and to the penalties when it is made.
type Optimizer interface {
	// Step updates every parameter by its gradient times gradScale (1, or less
	// when gradients are clipped) and then applies the proximal penalties. A
	// parameter without a gradient is only touched by penalties.
	Step(lr, gradScale float64)
	// State is what Restore needs to go on as if there had been no break. The
	// tensors are the live ones: they change with the next Step.
	State() OptimizerState
	// Restore copies a state taken from an optimizer of the same spec and
	// network. After an error nothing has changed.
	Restore(OptimizerState) error
	// Reset forgets all moments; frozen zeros stay frozen.
	Reset()
}

// NamedTensor is a tensor in a checkpoint, flattened in the internal layout.
type NamedTensor struct {
	Name string
	Data []float32
}

// OptimizerState is the memory of an optimizer.
type OptimizerState struct {
	Step    uint64        // updates made
	Tensors []NamedTensor // moments and frozen masks, "momentum/conv1.weight"; what belongs to no parameter, "stage"
}

// Setup is what an optimizer works on.
type Setup struct {
	Params      []nn.NamedParam           // those not trainable are left out
	Grad        func(*nn.Param) []float32 // storage of a gradient; nil where there is none
	Penalties   []Penalty                 // their proximal maps follow each update
	FreezeZeros bool                      // weights, scales, shifts and gates that are 0 now stay 0; a fresh network's shifts are 0

	// The training ahead, for optimizers that plan: its updates, and the rate that
	// update 0 ≤ k < Steps will be given. 0 and nil: not known.
	Steps int
	Rate  func(step int) float64
}

// NewOptimizer returns the optimizer of the spec.
//
// Weight decay applies to weights, or to all parameters with DecayAll, but
// never to those a proximal penalty governs: both would shrink them.
func NewOptimizer(spec OptimizerSpec, s Setup) (Optimizer, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	k, err := spec.kind()
	if err != nil {
		return nil, err
	}
	return k.make(spec, s, newCore(spec, s)), nil
}

// slot is a parameter with what its updates need.
type slot struct {
	name    string
	number  int // place in core.slots
	param   *nn.Param
	value   []float32
	grad    []float32   // nil: no update
	decay   float32     // weight decay
	buffers [][]float32 // moments, in the order of core.names
	frozen  []float32   // 1 where the value stays 0; nil: nowhere
	fused   *fused      // penalty that the update applies; nil: none
}

// core is what all optimizers share.
type core struct {
	slots  []slot
	index  map[*nn.Param]int
	shares *shares // of the slots that are updated
	proxes []func(step float64, metric func(*nn.Param) []float32)
	names  []string      // of buffers
	extra  []NamedTensor // what an optimizer remembers beside them; zero at the start
	steps  uint64

	// Of the optimizer: update comes before the proximal maps; finish, if not nil,
	// after them.
	update, finish         func(s *slot, lo, hi int)
	updateTask, finishTask func(int) // made once: a step allocates nothing
}

func newCore(spec OptimizerSpec, s Setup) *core {
	c := &core{index: map[*nn.Param]int{}}
	held := governed(s.Penalties)
	for _, p := range s.Params {
		if _, twice := c.index[p.Param]; twice || !p.Trainable() {
			continue
		}
		x := slot{name: p.Full, number: len(c.slots), param: p.Param, value: p.Data(), grad: s.Grad(p.Param)}
		if (p.Role == nn.RoleWeight || spec.DecayAll) && !held[p.Param] {
			x.decay = float32(spec.WeightDecay)
		}
		if s.FreezeZeros {
			x.frozen = zeroMask(p.Param)
		}
		c.index[p.Param] = len(c.slots)
		c.slots = append(c.slots, x)
	}
	lengths := make([]int, len(c.slots))
	for i, x := range c.slots {
		lengths[i] = len(x.grad)
	}
	c.shares = newShares(lengths)
	c.updateTask = func(task int) { c.run(task, c.update) }
	c.finishTask = func(task int) { c.run(task, c.finish) }
	c.fuse(s.Penalties)
	return c
}

func (c *core) run(task int, f func(s *slot, lo, hi int)) {
	for _, p := range c.shares.of(task) {
		f(&c.slots[p.tensor], p.lo, p.hi)
	}
}

// shareAll lets updates see slots without a gradient too.
func (c *core) shareAll() {
	lengths := make([]int, len(c.slots))
	for i, s := range c.slots {
		lengths[i] = len(s.value)
	}
	c.shares = newShares(lengths)
}

// addBuffer gives every slot a zero buffer and returns its place.
func (c *core) addBuffer(name string) int {
	c.names = append(c.names, name)
	for i := range c.slots {
		c.slots[i].buffers = append(c.slots[i].buffers, make([]float32, len(c.slots[i].value)))
	}
	return len(c.names) - 1
}

// apply updates every slot with a gradient, takes the proximal maps of the step,
// in the metric, and lets the optimizer finish.
func (c *core) apply(step float64, metric func(*nn.Param) []float32) {
	for i := range c.slots {
		if f := c.slots[i].fused; f != nil {
			f.set(step)
		}
	}
	parallel.Run(c.shares.tasks(), c.updateTask)
	for _, prox := range c.proxes {
		prox(step, metric)
	}
	if c.finish != nil {
		parallel.Run(c.shares.tasks(), c.finishTask)
	}
}

func (c *core) Reset() {
	c.steps = 0
	for _, s := range c.slots {
		for _, b := range s.buffers {
			clear(b)
		}
	}
	for _, t := range c.extra {
		clear(t.Data)
	}
}

func (c *core) State() OptimizerState {
	st := OptimizerState{Step: c.steps}
	for _, s := range c.slots {
		for i, b := range s.buffers {
			st.Tensors = append(st.Tensors, NamedTensor{c.names[i] + "/" + s.name, b})
		}
		if s.frozen != nil {
			st.Tensors = append(st.Tensors, NamedTensor{"frozen/" + s.name, s.frozen})
		}
	}
	st.Tensors = append(st.Tensors, c.extra...)
	return st
}

func (c *core) Restore(st OptimizerState) error {
	own := c.State()
	if err := sameTensors(own.Tensors, st.Tensors); err != nil {
		return fmt.Errorf("%w: optimizer state: %w", ErrMismatch, err)
	}
	copyTensors(own.Tensors, st.Tensors)
	c.steps = st.Step
	return nil
}
