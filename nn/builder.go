package nn

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Mode is the use of a compiled network.
type Mode int

const (
	Train   Mode = iota // batch statistics, dropout, loss and gradients
	Eval                // running statistics, loss, no gradients
	Infer               // running statistics, the output only
	Measure             // batch statistics, which layers gather (see Statistics), no dropout, the output only
)

// hasLoss reports whether programs of the mode compute a loss.
func (m Mode) hasLoss() bool { return m == Train || m == Eval }

// Builder is handed to Layer.Build while a network is compiled.
type Builder struct {
	Graph *gorgonia.ExprGraph
	Mode  Mode
	Batch int // examples

	program *Program
	noNoise bool // see CompileOptions
	frozen  *Frozen

	gradients bool

	params map[*Param]*gorgonia.Node
	order  []*Param
	leaves map[int64][]float32
	pinned []*gorgonia.Node
	after  []func(value func(*gorgonia.Node) []float32)

	streams uint64
	outputs map[string]*gorgonia.Node
	layer   string // being built
	moments map[int64]*Moments
	wanted  bool     // moments of the layer being built
	offered *Moments // by the layer being built
}

// Gradients reports whether the program computes gradients, of parameters or of its input. A
// layer that keeps values of the pass forward for the pass back keeps them only then.
func (b *Builder) Gradients() bool { return b.gradients }

// RandomState is the source of random layers: a value they compute is a
// function of (Seed, Step, stream, index) alone, so a run that resumes at a step
// repeats it exactly.
type RandomState struct{ Seed, Step uint64 }

// Param returns the graph node that holds the parameter.
func (b *Builder) Param(p *Param) *gorgonia.Node {
	if n, ok := b.params[p]; ok {
		return n
	}
	n := b.Input(fmt.Sprintf("%s#%d", p.Name, len(b.order)), p.Shape(), p.Data())
	b.params[p] = n
	b.order = append(b.order, p)
	return n
}

// Input adds a named input whose storage is data; the name must be unique.
func (b *Builder) Input(name string, shape tensor.Shape, data []float32) *gorgonia.Node {
	n := gorgonia.NewTensor(b.Graph, tensor.Float32, shape.Dims(),
		gorgonia.WithName(name), gorgonia.WithShape(shape...))
	b.leaves[n.ID()] = data
	return n
}

// Pin keeps the value of a node readable after a run.
func (b *Builder) Pin(n *gorgonia.Node) { b.pinned = append(b.pinned, n) }

// After registers a function that runs after every run of a program in mode Train or
// Measure; value returns the storage of pinned nodes.
func (b *Builder) After(f func(value func(*gorgonia.Node) []float32)) { b.after = append(b.after, f) }

// NamedState is storage of a layer that goes from one run of a program to the next, such
// as the hidden state of a recurrent layer: one row for each example of the batch.
type NamedState struct {
	Name string // of the layer and of the state in it, joined by a dot: "lstm1.c"
	Data []float32
}

// State returns storage that keeps its values between runs, zero at first and
// after Program.ResetState. The name must be unique in the layer being built.
func (b *Builder) State(name string, size int) []float32 {
	s := NamedState{b.layer + "." + name, make([]float32, size)}
	b.program.state = append(b.program.state, s)
	return s.Data
}

// Random returns the state that a random layer draws from and a stream number of its own.
// It returns nil where random layers pass their input on: in all modes but Train, and
// with CompileOptions.NoNoise.
func (b *Builder) Random() (state *RandomState, stream uint64) {
	if b.Mode != Train || b.noNoise {
		return nil, 0
	}
	b.streams++
	return &b.program.Random, b.streams
}

// Output returns the graph node of a layer built before, by name, as penalties on
// activations read it. A Term that reads outputs must name them, see
// OutputReader.
func (b *Builder) Output(layer string) (*gorgonia.Node, bool) {
	n, ok := b.outputs[layer]
	return n, ok
}

// Moments are the mean and the biased variance of every unit of a value over batch and
// positions. A convolution computes them while its result is in cache, which saves the
// normalisation that reads it two passes.
type Moments struct{ Mean, Variance []float32 }

// MomentsWanted returns the place for the moments of the result of the layer being built,
// one for each unit, to be filled whenever it computes the result; nil: no reader needs
// them. A layer that asks must fill them.
func (b *Builder) MomentsWanted(units int) *Moments {
	if !b.wanted {
		return nil
	}
	b.offered = &Moments{make([]float32, units), make([]float32, units)}
	return b.offered
}

// Moments returns the moments of a value, filled when the value is computed;
// nil: its layer does not compute them.
func (b *Builder) Moments(of *gorgonia.Node) *Moments { return b.moments[of.ID()] }

// Statistics are running statistics that a layer gathers anew while a program in
// mode Measure runs: each run adds its batch.
type Statistics interface {
	// Reset forgets all batches.
	Reset()
	// Store puts the statistics of the batches since Reset in place of the running
	// ones; there must be at least one.
	Store()
}

// Statistics registers statistics that the layer being built gathers in mode Measure.
func (b *Builder) Statistics(s Statistics) { b.program.statistics = append(b.program.statistics, s) }
