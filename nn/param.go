package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Axis says which units the positions along one axis of a parameter belong to.
// Groups of group lasso, slicing and counts all follow from these labels.
type Axis int

const (
	AxisOther Axis = iota // kernel positions and the like: never sliced
	AxisOut               // the units of the layer's output
	AxisIn                // the units of the layer's first input
)

// Role is the part that a parameter plays, so that penalties, weight decay and
// optimizers can choose by it.
type Role string

const (
	RoleWeight Role = "weight" // multiplied with activations
	RoleBias   Role = "bias"   // added
	RoleScale  Role = "scale"  // normalisation scale γ
	RoleShift  Role = "shift"  // normalisation shift β
	RoleGate   Role = "gate"   // multiplies a whole path or channel; starts at 1
	RoleSlope  Role = "slope"  // of an activation function; no penalty or weight decay shrinks it
	RoleBuffer Role = "buffer" // state that is not trained, such as running statistics
)

// Param is a named array of a layer, shared by every compiled program of the network. Its
// values are float32 in C order, in the internal layout: linear weights [in, out],
// convolution weights [kh, kw, in, out].
type Param struct {
	Name  string // within the layer: "weight", "bias", "running_mean"
	Role  Role
	Axes  []Axis // one label per axis
	Order []int  // axes in PyTorch's order; nil: as they are
	// Merged is how many of the first axes in that order are one axis in PyTorch,
	// such as the gates and the units of an LSTM; 0 and 1: every axis is by itself.
	Merged int
	// Reads and Makes are the units along AxisIn and AxisOut of a parameter that has a part
	// of the layer's units; nil: all, in their order. Layers set them in Init.
	Reads, Makes []int

	shape  []int
	data   []float32 // programs and optimizers hold it; nil: not asked for yet, all zero
	origin *origin   // nil: the values do not come from another parameter
	held   []bool    // values that count as not zero; nil: none
}

// NewParam returns a zero parameter of the given shape; without axes it is one value.
func NewParam(name string, role Role, shape []int, axes ...Axis) *Param {
	if len(axes) != len(shape) {
		panic(fmt.Sprintf("nn: parameter %s has %d axes and %d labels", name, len(shape), len(axes)))
	}
	return &Param{Name: name, Role: role, Axes: axes, shape: slices.Clone(shape)}
}

// Data is the parameter's storage. The first call allocates it: a network of which only the
// sizes are asked for takes no memory.
func (p *Param) Data() []float32 {
	if p.data == nil {
		p.data = make([]float32, p.Size())
	}
	return p.data
}

// Shape is the parameter's shape in the internal layout.
func (p *Param) Shape() []int { return p.shape }

// Size is the number of values.
func (p *Param) Size() int {
	n := 1
	for _, d := range p.shape {
		n *= d
	}
	return n
}

// Trainable reports whether optimizers update the parameter.
func (p *Param) Trainable() bool { return p.Role != RoleBuffer }

// Fill sets every value and returns p.
func (p *Param) Fill(v float32) *Param {
	for i := range p.Data() {
		p.data[i] = v
	}
	return p
}

// Uniform draws every value from U(−bound, bound) and returns p; with a nil rng
// the values stay zero, as loading and slicing want.
func (p *Param) Uniform(bound float64, rng *rand.Rand) *Param {
	return p.draw(rng, func() float64 { return (2*rng.Float64() - 1) * bound })
}

// Normal draws every value from N(0, std²) and returns p; a nil rng leaves zeros.
func (p *Param) Normal(std float64, rng *rand.Rand) *Param {
	return p.draw(rng, func() float64 { return rng.NormFloat64() * std })
}

func (p *Param) draw(rng *rand.Rand, value func() float64) *Param {
	if rng != nil {
		for i := range p.Data() {
			p.data[i] = float32(value())
		}
	}
	return p
}

// HeStd is the standard deviation √(2/fanIn) of He et al. 2015, eq. 10.
func HeStd(fanIn int) float64 { return math.Sqrt(2 / float64(max(1, fanIn))) }

// AxisLen returns the length of axis i and the distance between two values
// that follow each other along it.
func (p *Param) AxisLen(i int) (n, stride int) {
	shape := p.Shape()
	stride = 1
	for _, d := range shape[i+1:] {
		stride *= d
	}
	return shape[i], stride
}

// FindAxis returns the first axis with the label, or −1. Where a label occurs
// twice see Slot.Reads.
func (p *Param) FindAxis(label Axis) int {
	return slices.Index(p.Axes, label)
}

// Select returns a copy of the parameter that keeps, along every axis labelled
// AxisIn and AxisOut, the given positions in the given order; nil keeps all. A
// recurrent weight, with two axes of the layer's own units, loses both the weights
// that compute a unit and those that read it. The copy knows its Origin.
func (p *Param) Select(in, out []int) *Param {
	shape := p.Shape()
	keep := make([][]int, len(shape))
	dims := make([]int, len(shape))
	for i, n := range shape {
		switch {
		case p.Axes[i] == AxisIn && in != nil:
			keep[i] = in
		case p.Axes[i] == AxisOut && out != nil:
			keep[i] = out
		default:
			keep[i] = make([]int, n)
			for j := range keep[i] {
				keep[i][j] = j
			}
		}
		dims[i] = len(keep[i])
	}
	q := NewParam(p.Name, p.Role, dims, p.Axes...)
	q.Order, q.Merged = p.Order, p.Merged
	gather(q.Data(), p.Data(), shape, keep)
	return q.SelectedFrom(p, func(dst, src []float32) { gather(dst, src, shape, keep) })
}

// gather copies src[keep[0][i], keep[1][j], …] to dst[i, j, …].
func gather(dst, src []float32, shape []int, keep [][]int) {
	if len(shape) == 0 {
		copy(dst, src)
		return
	}
	inner := 1
	for _, d := range shape[1:] {
		inner *= d
	}
	size := 1
	for _, k := range keep[1:] {
		size *= len(k)
	}
	for i, k := range keep[0] {
		gather(dst[i*size:(i+1)*size], src[k*inner:(k+1)*inner], shape[1:], keep[1:])
	}
}

// ExportShape is the shape in PyTorch.
func (p *Param) ExportShape() []int {
	shape := p.Shape()
	out := slices.Clone(shape)
	for i, a := range p.Order {
		out[i] = shape[a]
	}
	for range p.Merged - 1 {
		out[1] *= out[0]
		out = out[1:]
	}
	return out
}

// Export returns the values in PyTorch's axis order.
func (p *Param) Export() []float32 {
	out := make([]float32, p.Size())
	p.permute(func(internal, external int) { out[external] = p.Data()[internal] })
	return out
}

// Import sets the values from PyTorch's axis order. The shape must match.
func (p *Param) Import(shape []int, data []float32) error {
	want := p.ExportShape()
	if !Shape(shape).Equal(want) {
		return fmt.Errorf("parameter %s has shape %v, expected %v", p.Name, shape, want)
	}
	if len(data) != p.Size() {
		return fmt.Errorf("parameter %s has %d values, expected %d", p.Name, len(data), p.Size())
	}
	d := p.Data()
	p.permute(func(internal, external int) { d[internal] = data[external] })
	return nil
}

// importValues is about the number of values that ImportFrom asks for at once.
const importValues = 1 << 18

// ImportFrom sets the values from PyTorch's axis order in parts, so that no second copy of
// the parameter is in memory: read fills dst with the values that begin at the given one.
func (p *Param) ImportFrom(read func(dst []float32, from int) error) error {
	order := p.Order
	if order == nil {
		for i := range p.shape {
			order = append(order, i)
		}
	}
	lead := min(max(p.Merged, 1), len(order))
	rows, columns := p.offsets(order[:lead]), p.offsets(order[lead:])
	d := p.Data()
	// Many rows at once: the values of a column lie side by side where the first axis of
	// PyTorch is the last one here.
	part := min(len(rows), max(16, importValues/max(1, len(columns))))
	buf := make([]float32, part*len(columns))
	for first := 0; first < len(rows); first += part {
		some := rows[first:min(first+part, len(rows))]
		values := buf[:len(some)*len(columns)]
		if err := read(values, first*len(columns)); err != nil {
			return err
		}
		for j, column := range columns {
			for i, row := range some {
				d[row+column] = values[i*len(columns)+j]
			}
		}
	}
	return nil
}

// offsets lists the distances in the internal layout from the first value to all values
// along the axes, the last axis fastest.
func (p *Param) offsets(axes []int) []int {
	out := []int{0}
	for _, a := range axes {
		n, stride := p.AxisLen(a)
		next := make([]int, 0, len(out)*n)
		for _, o := range out {
			for i := range n {
				next = append(next, o+i*stride)
			}
		}
		out = next
	}
	return out
}

// permute calls f with the offset in the internal and in PyTorch's layout of
// every value.
func (p *Param) permute(f func(internal, external int)) {
	if p.Order == nil {
		for i := range p.Size() {
			f(i, i)
		}
		return
	}
	shape := p.Shape()
	strides := make([]int, len(shape))
	for i := range shape {
		_, strides[i] = p.AxisLen(i)
	}
	index := make([]int, len(shape))
	for external := range p.Size() {
		internal := 0
		for i, a := range p.Order {
			internal += index[i] * strides[a]
		}
		f(internal, external)
		for i := len(index) - 1; i >= 0; i-- {
			index[i]++
			if index[i] < shape[p.Order[i]] {
				break
			}
			index[i] = 0
		}
	}
}

// origin is where the values of a parameter came from when a layer was sliced.
type origin struct {
	source *Param
	pick   func(dst, src []float32) // from a tensor of the source's shape
}

// SelectedFrom records that the parameter holds part of source's values: pick
// copies them from a tensor of the source's shape to one of p's. Select does so
// by itself; layers that slice in another way call it. It returns p, which keeps
// the source alive.
func (p *Param) SelectedFrom(source *Param, pick func(dst, src []float32)) *Param {
	p.origin = &origin{source, pick}
	return p
}

// Origin is the parameter that p's values were selected from, over any number of
// selections; p itself where it was made anew. Values that a layer adds to selected
// ones, such as constants folded into a bias, do not matter.
func (p *Param) Origin() *Param {
	for p.origin != nil {
		p = p.origin.source
	}
	return p
}

// Follow selects the part that belongs to p's values from a tensor that lies as Origin's
// values do, such as a moment of an optimizer. It panics where the length is another one.
func (p *Param) Follow(values []float32) []float32 {
	if p.origin == nil {
		if len(values) != p.Size() {
			panic(fmt.Sprintf("nn: parameter %s has %d values, not %d", p.Name, p.Size(), len(values)))
		}
		return slices.Clone(values)
	}
	out := make([]float32, p.Size())
	p.origin.pick(out, p.origin.source.Follow(values))
	return out
}

// Held marks, by parameter, values that the analyses of pruning treat as not zero even
// where they are 0, so that values that may be zero only for the moment stay. The slice of
// a parameter has an entry for each of its values. nil marks none.
type Held map[*Param][]bool

// Holds reports whether value i of a parameter is marked.
func (h Held) Holds(p *Param, i int) bool {
	set := h[p]
	return set != nil && set[i]
}

// During calls f while the parameters know their marks. No other goroutine may prune
// a network of these parameters at the same time.
func (h Held) During(f func() error) error {
	for p, set := range h {
		p.held = set
	}
	defer func() {
		for p := range h {
			p.held = nil
		}
	}()
	return f()
}

// Holds reports whether value i counts as not zero though it may be: layers ask in
// Pruner's methods, for the values that are 0. See Held.
func (p *Param) Holds(i int) bool { return p.held != nil && p.held[i] }
