package nn

import (
	"math/rand/v2"

	"gorgonia.org/gorgonia"
)

// Layer is one operation of a network. Its exported fields are its
// hyper-parameters, with yaml and json tags: configs and architecture files
// are read into them. A layer belongs to one network.
//
// The optional interfaces Coster, Pruner and UnitMapper let a layer say more;
// one without them is costed as free and kept whole by pruning.
type Layer interface {
	// Kind is the name under which the layer is registered: "conv".
	Kind() string
	// Init checks the layer against its input shapes, creates the parameters
	// that do not exist yet (drawn from rng; zero when rng is nil) and returns
	// the shape of its output. Parameters that exist are checked, not replaced.
	Init(in []Shape, rng *rand.Rand) (Shape, error)
	// Params lists the parameters in a fixed order; none before Init.
	Params() []*Param
	// Build adds the layer to a Gorgonia graph. in are the input nodes in the
	// batched layout of Shape.Batched.
	Build(b *Builder, in []*gorgonia.Node) (*gorgonia.Node, error)
}

// Coster counts the work of a layer for one example.
type Coster interface {
	// MACs is the number of multiply-accumulate operations of convolutions and
	// products; elementwise work is not counted, as is usual in the field.
	MACs(in []Shape) int64
}

// Units names the unit behind each channel of a value. Values that share a
// unit id are coupled.
type Units []int

// UnitSpace hands out unit ids and ties them together.
type UnitSpace interface {
	Fresh(n int) Units
	Tie(a, b int)
}

// UnitMapper says which units the channels of the layer's output are. A layer
// without it makes fresh units.
type UnitMapper interface {
	OutUnits(in []Units, space UnitSpace) Units
}

// Known holds, for each unit of a value, whether no input can change it, and
// then what it is.
type Known struct {
	Const []bool
	Value []float32
}

// Unknown returns the analysis of a value about which nothing is known.
func Unknown(units int) Known {
	return Known{Const: make([]bool, units), Value: make([]float32, units)}
}

// Set records that unit u always has value v.
func (k Known) Set(u int, v float32) { k.Const[u], k.Value[u] = true, v }

// Zero reports whether unit u is always 0.
func (k Known) Zero(u int) bool { return k.Const[u] && k.Value[u] == 0 }

// Pruner is the channel semantics of a layer: what the pruning pass asks.
// Shapes are those given to Init.
type Pruner interface {
	// Constants returns what is known of the output units, in inference mode.
	Constants(in []Known) Known
	// Needs returns, for each input, the units that must be present so that the
	// kept output units can be computed; constants that fold are not needed.
	Needs(keep []bool, in []Known) [][]bool
	// Slice returns a layer, parameters included, that computes the kept output
	// units from the input units that Needs asked for.
	Slice(s Slicing) (Layer, error)
}

// Slicing describes one rewrite of a layer.
type Slicing struct {
	// In lists, for each input, the original units that will be fed, ascending:
	// those that Needs asked for, or for a Gatherer all that are present.
	In    [][]int
	Out   []int   // the original output units that remain, ascending
	Known []Known // for each input, what is known of all its original units
}

// Closer is implemented by layers that cannot produce every subset of their
// output units, such as grouped convolutions. Close adds units to keep until
// the layer can.
type Closer interface{ Close(keep []bool) }

// StateCloser is Closer for layers whose units read each other at the position
// before. CloseOver adds the units that those in keep depend on; in is what is
// known of the inputs.
type StateCloser interface{ CloseOver(keep []bool, in []Known) }

// ShiftSource is implemented by layers whose folded constants became a bias
// that was not there before; the pruning pass offers it to the next layer.
type ShiftSource interface {
	// TakeShift removes and returns the bias, or returns nil when there is none
	// to give away.
	TakeShift() []float32
}

// ShiftSink is implemented by layers that absorb a constant per input unit
// exactly: BatchNorm by its running mean.
type ShiftSink interface{ AbsorbShift(shift []float32) }

// Identity is implemented by layers that may compute nothing: a sum of one
// operand. The pruning pass drops them.
type Identity interface{ IsIdentity() bool }

// InputDropper is implemented by layers that work without the inputs none of
// whose units remain: sums and concatenations. The marker promises that Slice
// leaves out the inputs with an empty list.
type InputDropper interface{ DropsEmptyInputs() }

// ConstantHolder marks layers whose constant output units need no input and
// next to no work, such as a sum with its bias. For all others the pruning pass
// puts constants that do not fold behind the layer.
type ConstantHolder interface{ HoldsConstants() }

// Gatherer marks layers that pick from their input by an index of their own and
// so read a value with more units than they need.
type Gatherer interface{ GathersInput() }

// Mixer marks normalisations whose every output depends on all units of the
// input. A unit whose scale is 0 is then still read, so that to be rid of it
// takes what makes the unit as well.
type Mixer interface{ MixesUnits() }

// Headed is implemented by layers that work on heads side by side. A head is
// gone when all its units are 0.
type Headed interface {
	// HeadUnits lists, for each head, the units of the input that it is made of.
	HeadUnits() [][]int
}
