package nn

import (
	"fmt"
	"math/rand/v2"
	"reflect"

	"gorgonia.org/gorgonia"

	"pare/internal/option"
	"pare/nn/onnx"
)

// Layer is one operation of a network. Its exported fields are its
// hyper-parameters, with yaml and json tags: configs and architecture files
// are read into them. A layer belongs to one network.
//
// A Layer alone can be trained. It may answer more questions, each an interface of this
// file, most useful first:
//
//   - Describer: short answers, the fields of Traits
//   - Coster: the work of the layer; without it the layer is costed as free
//   - ZeroSkipper: whether it leaves out zeros of its input; without it all work is done
//   - ONNXLayer: its ONNX form; without it a network has none
//   - UnitMapper: which output units are input units; without it all are new
//   - Pruner: its channel semantics; without it pruning keeps the layer whole. Pruners may
//     be Closer, ShiftSource and ShiftSink as well
//   - LinearMap, Affine: weights that repair after pruning can fit, and layers that it sees through
//   - AffineSink: inference folds Affine layers behind it into its parameters
//   - Combiner, Elementwise, Maximum: how far its outputs can move with its inputs, for certified bounds
//   - FeatureReader: it goes by the names of the network's inputs
//   - TableSharer: its weight may be a table of another layer
//   - Headed: its heads, which penalties may remove whole
//   - StateTracer: the gradients with respect to its states
//   - Fuser, LookupReader, FeedForward: faster ways to build it next to certain layers
//
// No code outside a layer's own file asks for its type, so a layer of another module that
// answers is treated as the built-in ones are.
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

// Layers are the kinds of layers that configs and architecture files may name.
var Layers = option.NewKinds[Layer]("layer")

// RegisterLayer adds a kind to Layers, under the name that its Kind returns. doc is one line
// for lists; newLayer returns a pointer to a layer with default hyper-parameters. Call it
// from an init function; a name that is taken panics.
func RegisterLayer(doc string, newLayer func() Layer) {
	layer := newLayer()
	if fault := option.Fault(layer); fault != "" {
		panic(fmt.Sprintf("layer %T cannot be registered: %s", layer, fault))
	}
	for _, f := range option.Fields(reflect.ValueOf(layer)) {
		if f.Key == "name" || f.Key == "inputs" || f.Key == "tied" {
			panic(fmt.Sprintf("layer %s cannot be registered: every layer of a config has the key %s", layer.Kind(), f.Key))
		}
	}
	Layers.Register(layer.Kind(), doc, newLayer)
}

// Traits are the short answers of a layer. The zero value suits a layer without special
// properties.
type Traits struct {
	// Rectifies: the output is x where x ≥ Threshold, and exactly 0 elsewhere. Threshold
	// is at least 0 and used in float32; with 0 the layer is a ReLU, max(x, 0).
	Rectifies bool
	Threshold float64
	// Multiplies: the output is the product of the inputs, value by value or with one factor
	// for each unit.
	Multiplies bool
	// Sums: the output is the plain sum of the inputs.
	Sums bool
	// Factor multiplies the input, and the layer does nothing else: one value, or one
	// for each unit; nil for other layers.
	Factor *Param
	// Table, [rows, units], has in its rows the outputs for the inputs 0, 1, …: the layer
	// looks each position up; nil for other layers.
	Table *Param
	// Recurrent is U, [units, 1, units], the first axis the unit that is read, where the
	// states are f(… + U·h) of the states h before and f is nowhere steeper than 1; nil
	// for other layers.
	Recurrent *Param
	// ReadsMoments: in the modes with batch statistics, Train and Measure, the layer asks
	// for the Moments of its input.
	ReadsMoments bool

	// Wires: the layer only sums, joins or picks units. Pruning drops it where it is an
	// Identity.
	Wires bool
	// Identity: the output is the one input. Valid after Init.
	Identity bool
	// DropsEmptyInputs: the layer works without inputs that have lost all units, as sums
	// and concatenations do. Slice must leave out the inputs with an empty list.
	DropsEmptyInputs bool
	// HoldsConstants: constant output units need no input and almost no work, as in a sum
	// with its bias. Behind all other layers pruning puts back the constants that do not
	// fold.
	HoldsConstants bool
	// Gathers: the layer picks from its input by an index of its own, and so can read a
	// value with more units than it needs.
	Gathers bool
	// MixesUnits: every output of a normalisation depends on all units of the input. A
	// unit whose scale is 0 is then still read; removing it needs its producers removed.
	MixesUnits bool
}

// Describer is implemented by layers with Traits that are not zero.
type Describer interface{ Traits() Traits }

// TraitsOf returns the traits of a layer.
func TraitsOf(l Layer) Traits {
	if d, ok := l.(Describer); ok {
		return d.Traits()
	}
	return Traits{}
}

// Coster counts the work of a layer for one example.
type Coster interface {
	// MACs is the number of multiply-accumulate operations of convolutions and
	// products; elementwise work is not counted, as is usual in the field.
	MACs(in []Shape) int64
}

// ZeroSkipper is implemented by layers whose products leave out zeros of their input in inference,
// where a layer before makes exact zeros and that is faster.
type ZeroSkipper interface {
	// SkipsZeros reports whether the layer does so for that many inputs of a shape, of whose
	// values such a share is not 0.
	SkipsZeros(in Shape, batch int, share float64) bool
}

// ONNXLayer is implemented by layers that have an ONNX form; all built-in ones do.
type ONNXLayer interface {
	// ONNX adds the layer, called name in the network, to a graph and returns the name of
	// its output. in are the values it reads, channels first with the batch in front, and
	// shapes the shapes of one example of each. A parameter that the graph uses is the
	// initializer "name.parameter" with ExportShape and Export, because a network is read
	// back from these; a node may reshape it. Other constants are "name/constant".
	ONNX(b *onnx.Builder, name string, in []string, shapes []Shape) (string, error)
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
// its value if so.
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

// Pruner is the channel semantics of a layer: the questions of the pruning pass.
// Shapes are those given to Init.
type Pruner interface {
	// Constants returns the output units that are known, in inference mode.
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
	// those that Needs asked for, or all that are present where the layer Gathers.
	In    [][]int
	Out   []int   // the original output units that remain, ascending
	Known []Known // for each input, the analysis of all its original units
}

// Closer is implemented by layers that cannot produce every subset of their output
// units: grouped convolutions, and recurrent layers, whose units read each other at the
// position before. Close adds units to keep until the layer can; in is the analysis of
// the inputs.
type Closer interface{ Close(keep []bool, in []Known) }

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

// LinearMap is implemented by layers whose outputs are weighted sums of their one input, so that
// weights can be fitted by least squares.
type LinearMap interface {
	Layer
	// Sums describes the weighted sums for an input of this shape.
	Sums(in Shape) Sums
}

// Sums are weighted sums. At each position, output o of group g is
// Bias[o] + Σₖ row[k]·Weight[k, o], where the row holds the inputs that the group reads there.
// The groups have equally many outputs, in order.
type Sums struct {
	Weight    *Param // its values are a matrix [Terms, outputs] by rows
	Bias      *Param // [outputs]; nil: none
	Groups    int
	Terms     int // of a sum
	Inputs    int // units that a group reads; term k of group g reads unit g·Inputs + k mod Inputs
	Positions int // of an example
	// Row copies the terms of a group at a position from an example in the batched layout.
	Row func(dst, example []float32, position, group int)
}

// Affine is implemented by layers that, in inference, only multiply every unit by a factor and
// add a shift.
type Affine interface {
	// Affine returns the factor and the shift of each of so many units at the present
	// parameters: unit u of the output is factor[u]·x + shift[u].
	Affine(units int) (factor, shift []float32)
}

// AffineSink is implemented by layers that can multiply every output unit by a factor and add a
// shift by other values of their parameters, as they can take in an Affine layer behind them.
type AffineSink interface {
	// AbsorbAffine changes the parameters; factor and shift have a value for each output unit. A
	// layer without a bias gets one.
	AbsorbAffine(factor, shift []float32)
}

// Combiner is implemented by layers whose outputs are, in inference, sums of few input values by
// fixed factors: sums, means, copies. Layers with a weight for each unit are Affine instead, and
// those with a weight for each pair of units LinearMap.
type Combiner interface {
	// Combine lists the terms of all outputs: output out adds factor times value i of input k, places
	// as in the batched layout of one example. Where k is −1 the term is factor itself.
	Combine(in []Shape, add func(out, k, i int, factor float64))
}

// Elementwise is implemented by layers that, in inference, apply a function of one variable to
// every value.
type Elementwise interface {
	// Curve is the function of a unit at the present parameters; its At is nil where it is not known.
	Curve(unit int) Curve
}

// Curve is a function of one variable, for bounds on its values.
type Curve struct {
	At func(x float64) float64
	// Knots, ascending, are the places between which, and beyond which, the function is linear; nil
	// where it is not piecewise linear.
	Knots []float64
	// Turns are the places between which, and beyond which, the function is monotone.
	Turns []float64
	// Steepest is a Lipschitz constant of the function, infinite where it jumps.
	Steepest float64
}

// Maximum is implemented by layers whose every output is the largest of some values of their one
// input.
type Maximum interface {
	// Windows calls window for each output with the places of these values in the batched layout of
	// one example; the slice is valid during the call.
	Windows(in Shape, window func(out int, of []int))
}

// FeatureReader is implemented by layers whose hyper-parameters may be left to the features of
// the input that they read.
type FeatureReader interface {
	// ReadFeatures is called before Init where the layer reads the input of a network; features
	// are nil where the input has no names.
	ReadFeatures(features []Feature) error
}

// Headed is implemented by layers that work on heads side by side. A head is
// gone when all its units are 0.
type Headed interface {
	// HeadUnits lists, for each head, the units of the input that it is made of.
	HeadUnits() [][]int
}

// StateTracer is implemented by recurrent layers, whose pass back computes how the loss
// depends on the state at every position.
type StateTracer interface {
	// KeepStateGradients makes the program compiled next for training keep the
	// gradients of the loss with respect to the hidden states, (batch, T, units),
	// through the layer's output and through all positions after: *into is where
	// they are after a run. nil: programs keep nothing.
	KeepStateGradients(into *[]float32)
}

// Fuser is implemented by layers that compute an epilogue in the same pass as their own
// result. The main cost of elementwise work is reading and writing memory, which a single
// pass saves.
type Fuser interface {
	Layer
	// Fuses reports whether the epilogue may have the step.
	Fuses(s Step) bool
	// BuildFused is Build for the layer with an epilogue.
	BuildFused(b *Builder, in []*gorgonia.Node, e Epilogue) (*gorgonia.Node, error)
}

// Epilogue is elementwise work behind a layer in the network that is computed in the same
// pass as the layer's own result v: max(g·v + h·s, 0). The zero value leaves v unchanged.
type Epilogue struct {
	Gate     *Param         // g: one value, or one for each unit; nil is 1
	Skip     *gorgonia.Node // s, of the shape of v; nil: no sum
	SkipGate *Param         // h, as Gate; nil without Skip
	ReLU     bool           // whether negative values become 0
}

// Step is one kind of work in an epilogue.
type Step int

const (
	FactorStep Step = iota
	SumStep
	ReLUStep
	FrozenSumStep // a SumStep where parameters are frozen, with or without a SkipGate
)

// FeedForward is implemented by layers that compute y = W·x + b at each position, of which two or
// three are a feed-forward layer: x·W₁ + b₁ behind a rectifier, perhaps times x·Wᵤ + bᵤ, goes
// through W₂. Computed together, they leave out the work of units that the rectifier sets
// to 0. A program asks only where its layers may skip zeros (Builder.Zeros).
type FeedForward interface {
	Layer
	// FeedsForward returns W [in, out] and b, which may be nil; the weight is nil where the layer
	// is not to be part of a feed-forward layer.
	FeedsForward(b *Builder) (weight, bias *Param)
	// SkipsHidden reports whether that ever saves time, where the layer reads h at so many positions
	// of all examples; if not, the layers are built one by one.
	SkipsHidden(b *Builder, h Hidden, rows int) bool
	// BuildFeedForward builds the layer with the hidden layer that it reads, of x, and an epilogue.
	BuildFeedForward(b *Builder, x *gorgonia.Node, h Hidden, e Epilogue) (*gorgonia.Node, error)
}

// Hidden is the hidden layer of a feed-forward layer: v = x·First + FirstBias where that is at
// least Threshold and positive, and 0 elsewhere; with a gate v ⊙ (x·Up + UpBias).
type Hidden struct {
	First, FirstBias *Param
	Up, UpBias       *Param // nil without a gate
	Threshold        float64
	FirstName        string // of the layer with First
	UpName           string // of the layer with Up; "" without a gate
}

// LookupReader is implemented by layers that can read the output of a layer with a Table
// as indices and rows: work that depends on a row alone is then done once for each row
// rather than for each position.
type LookupReader interface {
	Layer
	// ReadsLookup reports whether this is faster, given the rows of the table and the
	// positions in a batch. once: the work for the rows is done once for all runs, because
	// the parameters are frozen.
	ReadsLookup(rows, positions int, once bool) bool
	// BuildLookup is Build with the rows of table that indices, (batch, T, 1), name
	// as the input.
	BuildLookup(b *Builder, indices *gorgonia.Node, table *Param) (*gorgonia.Node, error)
}
