package train

import (
	"fmt"

	"pare/internal/kernel/parallel"
	"pare/internal/option"
	"pare/nn"
)

// OptimizerSpec is an optimizer with its options, before it is bound to a network.
type OptimizerSpec interface {
	// Rate is the learning rate before the schedule.
	Rate() float64
	// New binds the optimizer. Its options are valid.
	New(s Setup) Optimizer
}

// Optimizers are the kinds of optimizers by name.
var Optimizers = option.NewKinds[OptimizerSpec]("optimizer")

// ScheduleChecker is implemented by optimizers that do not work with every schedule.
type ScheduleChecker interface{ CheckSchedule(s ScheduleSpec) error }

// CheckSchedule reports a schedule that the optimizer cannot be used with.
func CheckSchedule(o OptimizerSpec, s ScheduleSpec) error {
	if c, ok := o.(ScheduleChecker); ok {
		return c.CheckSchedule(s)
	}
	return nil
}

// Decay is the weight decay that optimizers share. It applies to weights, or to all
// parameters with DecayAll, but never to those a proximal penalty governs: both would
// shrink them.
type Decay struct {
	WeightDecay float64 `yaml:"weight_decay,omitempty" range:"[0,)" doc:"pull of weights towards 0; 0: none"`
	DecayAll    bool    `yaml:"decay_all,omitempty" doc:"decay biases, normalisation and gates too"`
}

// Validate refuses decay_all without decay.
func (d *Decay) Validate() error {
	if d.DecayAll && d.WeightDecay == 0 {
		return option.Errorf("decay_all", "needs weight_decay above 0")
	}
	return nil
}

// NewOptimizer checks the options of an optimizer and binds it.
func NewOptimizer(spec OptimizerSpec, s Setup) (Optimizer, error) {
	if spec == nil {
		return nil, fmt.Errorf("there is no optimizer")
	}
	if err := option.Check(spec); err != nil {
		return nil, fmt.Errorf("optimizer: %w", err)
	}
	o := spec.New(s)
	if o == nil {
		return nil, fmt.Errorf("optimizer: %T makes none", spec)
	}
	return o, nil
}

// Optimizer updates the parameters of a network in place. It is bound to them,
// to their gradients and to the penalties when it is made.
type Optimizer interface {
	// Step updates every parameter by its gradient times gradScale (1, or less
	// when gradients are clipped) and then applies the proximal penalties. A
	// parameter without a gradient is only touched by penalties.
	Step(lr, gradScale float64)
	// State is the memory from which Restore continues as if there had been no break. The
	// tensors are the live ones: they change with the next Step.
	State() OptimizerState
	// Restore copies a state taken from an optimizer of the same spec and
	// network. After an error nothing has changed.
	Restore(OptimizerState) error
}

// NamedTensor is a tensor in a checkpoint, flattened in the internal layout.
type NamedTensor struct {
	Name string
	Data []float32
}

// OptimizerState is the memory of an optimizer.
type OptimizerState struct {
	Step    uint64        // updates made
	Tensors []NamedTensor // moments and frozen masks, "momentum/conv1.weight"; others belong to no parameter, "stage"
}

// Setup is the network and the training that an optimizer works on.
type Setup struct {
	Params      []nn.NamedParam           // those not trainable are left out
	Grad        func(*nn.Param) []float32 // storage of a gradient; nil for a parameter without one
	Penalties   []Penalty                 // their proximal maps follow each update
	FreezeZeros bool                      // weights, scales, shifts and gates that are 0 now stay 0; a fresh network's shifts are 0
	Masks       Masks                     // hold single weights at 0; nil: none

	// The training ahead, for optimizers that plan: the number of updates, and the rate of
	// update 0 ≤ k < Steps. 0 and nil: not known.
	Steps int
	Rate  func(step int) float64
}

// slot is a parameter with the state of its updates.
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

// core is the common part of all optimizers.
type core struct {
	slots  []slot
	index  map[*nn.Param]int
	shares *shares // of the slots that are updated
	proxes []func(step float64, metric func(*nn.Param) []float32)
	names  []string      // of buffers
	extra  []NamedTensor // other memory of an optimizer; zero at the start
	steps  uint64

	// Of the optimizer: update comes before the proximal maps; finish, if not nil,
	// after them.
	update, finish         func(s *slot, lo, hi int)
	updateTask, finishTask func(int) // made once: a step allocates nothing
}

func newCore(decay Decay, s Setup) *core {
	c := &core{index: map[*nn.Param]int{}}
	held := governed(s.Penalties)
	for _, p := range s.Params {
		if _, twice := c.index[p.Param]; twice || !p.Trainable() {
			continue
		}
		x := slot{name: p.Full, number: len(c.slots), param: p.Param, value: p.Data(), grad: s.Grad(p.Param)}
		if (p.Role == nn.RoleWeight || decay.DecayAll) && !held[p.Param] {
			x.decay = float32(decay.WeightDecay)
		}
		if s.FreezeZeros {
			x.frozen = zeroMask(p.Param)
		}
		if s.Masks != nil {
			x.frozen = s.Masks.Frozen(p.Param)
		}
		c.index[p.Param] = len(c.slots)
		c.slots = append(c.slots, x)
	}
	c.shares = newShares(c.slots, func(x slot) int { return len(x.grad) })
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
func (c *core) shareAll() { c.shares = newShares(c.slots, func(s slot) int { return len(s.value) }) }

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

// Separable is implemented by penalties whose proximal map treats some
// parameters value by value, which the optimizer can do in the same pass as the
// update.
type Separable interface {
	OnParameters
	// Separate calls take for every parameter on which Prox is the proximal map
	// of step·Lambda()·scale·Σ(alpha·|x| + (1−alpha)/2·x²), and returns Prox
	// without the parameters for which take returned true; nil when nothing is
	// left to do. alpha lies in (0, 1].
	Separate(take func(p *nn.Param, scale, alpha float64) bool) (rest func(step float64, metric func(*nn.Param) []float32))
}

// fused is a penalty on one parameter that its update applies.
type fused struct {
	penalty    Penalty
	scale      float64
	alpha      float32
	cut, ridge float32 // of the present step: soft threshold and square part
}

// set computes the threshold of a step as the penalty itself would.
func (f *fused) set(step float64) {
	tau := float32(step * f.penalty.Lambda() * f.scale)
	f.cut, f.ridge = tau*f.alpha, tau*(1-f.alpha)
}

// threshold is the cut and the square part of the present step, 0 without a
// penalty.
func (s *slot) threshold() (cut, ridge float32) {
	if s.fused == nil {
		return 0, 0
	}
	return s.fused.cut, s.fused.ridge
}

// fuse gives the updates the penalties that act value by value and lists the
// proximal maps that are left. Maps that share a parameter do not commute, so
// only the first one on a parameter may move into its update.
func (c *core) fuse(penalties []Penalty) {
	reached := map[*nn.Param]bool{}
	for _, p := range proximal(penalties) {
		prox := p.Prox
		if s, ok := p.(Separable); ok {
			prox = s.Separate(func(q *nn.Param, scale, alpha float64) bool {
				k, ok := c.index[q]
				if !ok || c.slots[k].grad == nil || reached[q] {
					return false
				}
				reached[q] = true
				c.slots[k].fused = &fused{penalty: p, scale: scale, alpha: float32(alpha)}
				return true
			})
		}
		if prox != nil {
			c.proxes = append(c.proxes, prox)
		}
		for _, q := range p.Governs() {
			reached[q] = true
		}
	}
}

// zeroMask marks the values that are exactly 0 with 1. It is nil for
// biases: a bias is 0 for other reasons than sparsity.
func zeroMask(p *nn.Param) []float32 {
	switch p.Role {
	case nn.RoleWeight, nn.RoleScale, nn.RoleShift, nn.RoleGate:
	default:
		return nil
	}
	mask := make([]float32, p.Size())
	for i, v := range p.Data() {
		if v == 0 {
			mask[i] = 1
		}
	}
	return mask
}

// frozenIn is the mask of the values [lo, hi); nil if none is frozen.
func (s *slot) frozenIn(lo, hi int) []float32 {
	if s.frozen == nil {
		return nil
	}
	return s.frozen[lo:hi]
}
