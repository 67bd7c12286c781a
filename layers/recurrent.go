package layers

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/recurrence"
	"pare/internal/kernel/sparse"
	"pare/internal/kernel/vector"
	"pare/nn"
	"pare/nn/onnx"
)

// recurrent is the core of RNN, LSTM and GRU: input [D, T], output the hidden
// states [H, T] at all positions, with PyTorch's equations, parameters and order
// of gates.
//
// The state after the last position is carried: it is kept in State of the
// compiled program and the next run starts from it, without a gradient through it,
// until Program.ResetState. So a long sequence can be cut into pieces.
type recurrent struct {
	kind  string
	cell  recurrence.Cell
	trace *[]float32 // see KeepStateGradients
	// Weights [D, G, H] and [H, G, H] of G gates, biases [G, H].
	weightIH, weightHH, biasIH, biasHH *nn.Param
}

func (l *recurrent) init(kind string, cell recurrence.Cell, hidden int, in []nn.Shape, rng *rand.Rand) (nn.Shape, error) {
	s, err := oneSequence(kind, in)
	if err = cmp.Or(err, positive(kind, "hidden", hidden)); err != nil {
		return nil, err
	}
	l.kind, l.cell = kind, cell
	g, bound := cell.Gates(), 1/math.Sqrt(float64(hidden))
	draw := func(p *nn.Param) { p.Uniform(bound, rng).Merged = 2 }
	bias, turned := []nn.Axis{nn.AxisOther, nn.AxisOut}, []int{1, 2, 0}
	return s.WithUnits(hidden), initParams(
		parameter{&l.weightIH, "weight_ih", nn.RoleWeight, []int{s.Units(), g, hidden},
			[]nn.Axis{nn.AxisIn, nn.AxisOther, nn.AxisOut}, turned, draw},
		parameter{&l.weightHH, "weight_hh", nn.RoleWeight, []int{hidden, g, hidden},
			[]nn.Axis{nn.AxisOut, nn.AxisOther, nn.AxisOut}, turned, draw},
		parameter{&l.biasIH, "bias_ih", nn.RoleBias, []int{g, hidden}, bias, nil, draw},
		parameter{&l.biasHH, "bias_hh", nn.RoleBias, []int{g, hidden}, bias, nil, draw})
}

func (l *recurrent) Params() []*nn.Param {
	return nonNil(l.weightIH, l.weightHH, l.biasIH, l.biasHH)
}

func (l *recurrent) hidden() int { return l.weightHH.Shape()[0] }

// MACs counts the products of both weights at every position.
func (l *recurrent) MACs(in []nn.Shape) int64 {
	return int64(in[0].Positions()) * int64(l.weightIH.Size()+l.weightHH.Size())
}

// KeepStateGradients implements nn.StateTracer.
func (l *recurrent) KeepStateGradients(into *[]float32) { l.trace = into }

// recurrentBuild is a recurrent layer in a graph.
type recurrentBuild struct {
	recurrence.Shape
	layer        *recurrent
	state, cells []float32
	states       []float32 // the gradients that KeepStateGradients asked for
}

// recurrentPlan is a recurrent layer on whole sequences, of values or of tokens.
type recurrentPlan interface {
	Backward(y, dy, u, dh []float32)
	GradRecurrentWeights(du []float32)
	GradInputWeights(dw, x []float32)
	GradBiases(db, db2 []float32)
}

// start builds the parts that layers with all kinds of input have in common, for units of
// size d at every position of (B, T, units).
func (l *recurrent) start(b *nn.Builder, x tensor.Shape, d int) *recurrentBuild {
	s := recurrence.Shape{Cell: l.cell, N: x[0], T: x[1], D: d, H: l.hidden()}
	r := &recurrentBuild{Shape: s, layer: l, state: b.State("h", s.N*s.H)}
	if l.cell == recurrence.LSTM {
		r.cells = b.State("c", s.N*s.H)
	}
	if l.trace != nil && b.Mode == nn.Train {
		r.states = make([]float32, s.N*s.T*s.H)
		*l.trace = r.states
		l.trace = nil
	}
	return r
}

// Build adds the whole sequence as one operation.
func (l *recurrent) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	r := l.start(b, shape, shape[2])
	if k := r.skipZeros(b); k != nil {
		return nn.Apply(nn.Op{Name: l.kind, Shape: tensor.Shape{r.N, r.T, r.H}, Rectified: true, Run: func(dst []float32, in [][]float32) {
			k.Forward(dst, in[0], r.state, r.N, r.T)
		}}, in[0])
	}
	plan := recurrence.New(r.Shape, b.Gradients())
	b.Freeze(l.weightIH, plan.InputWeights())
	b.Freeze(l.weightHH, plan)
	run := func(dst []float32, in [][]float32) {
		plan.Forward(dst, in[0], in[1], in[2], in[3], in[4], r.state, r.cells)
	}
	toInput := nn.Op{Name: l.kind + "/dx", Shape: shape,
		Run:        func(dst []float32, in [][]float32) { plan.GradInput(dst, in[1], false) },
		Accumulate: func(dst []float32, in [][]float32) { plan.GradInput(dst, in[1], true) }}
	return r.apply(b, plan, run, toInput, in[0])
}

// recurrentForm is the form of recurrent weights, with all others, that skips zeros.
type recurrentForm struct{}

// skipZeros returns a kernel that skips the zeros of rectified states; nil: the program does not ask
// for one, the states have no zeros, or it is not faster.
func (r *recurrentBuild) skipZeros(b *nn.Builder) *sparse.RecurrentRun {
	l, zeros := r.layer, b.Zeros()
	if zeros == nil || l.cell != recurrence.ReLU || r.H*r.H < leastSkipped {
		return nil
	}
	k := nn.MakeFrozen(b, l.weightHH, recurrentForm{}, func() *sparse.Recurrent {
		bias := slices.Clone(l.biasIH.Data())
		vector.Add(bias, bias, l.biasHH.Data())
		return sparse.NewRecurrent(l.weightIH.Data(), l.weightHH.Data(), bias, r.D, r.H, zeros)
	})
	if !k.Skips(r.N) {
		return nil
	}
	return k.Run()
}

// frozenProducts bounds the values of the products with rows that are computed ahead: 64 MiB.
const frozenProducts = 1 << 24

// ReadsLookup implements nn.LookupReader: the products of the weights with the
// rows are computed once for each row.
func (l *recurrent) ReadsLookup(rows, positions int, once bool) bool {
	return recurrence.LookupPays(rows, positions) || once && rows <= frozenProducts/(l.cell.Gates()*l.hidden())
}

// BuildLookup implements nn.LookupReader.
func (l *recurrent) BuildLookup(b *nn.Builder, indices *gorgonia.Node, table *nn.Param) (*gorgonia.Node, error) {
	vocab, d := table.Shape()[0], table.Shape()[1]
	r := l.start(b, indices.Shape(), d)
	if b.Frozen() {
		return r.frozenLookup(b, indices, table)
	}
	plan := recurrence.NewLookup(r.Shape, vocab, b.Gradients())
	run := func(dst []float32, in [][]float32) {
		plan.Forward(dst, in[0], in[1], in[2], in[3], in[4], in[5], r.state, r.cells)
	}
	toTable := nn.Op{Name: l.kind + "/dtable", Shape: tensor.Shape{vocab, d},
		Run:        func(dst []float32, in [][]float32) { plan.GradTable(dst, in[1], false) },
		Accumulate: func(dst []float32, in [][]float32) { plan.GradTable(dst, in[1], true) }}
	return r.apply(b, plan, run, toTable, indices, b.Param(table))
}

// productsForm is the form of input weights as products with the rows of a table.
type productsForm struct{ table *nn.Param }

// frozenLookup adds the operation with the products of the input weights and the rows of a table
// computed ahead.
func (r *recurrentBuild) frozenLookup(b *nn.Builder, indices *gorgonia.Node, table *nn.Param) (*gorgonia.Node, error) {
	l, vocab := r.layer, table.Shape()[0]
	products := nn.MakeFrozen(b, l.weightIH, productsForm{table}, func() []float32 {
		return recurrence.Products(r.Shape, vocab, table.Data(), l.weightIH.Data(), l.biasIH.Data())
	})
	plan := recurrence.FrozenLookup(r.Shape, vocab, products)
	b.Freeze(l.weightHH, plan)
	return nn.Apply(nn.Op{Name: l.kind, Shape: tensor.Shape{r.N, r.T, r.H}, Run: func(dst []float32, in [][]float32) {
		plan.Forward(dst, in[0], nil, nil, in[1], nil, in[2], r.state, r.cells)
	}}, indices, b.Param(l.weightHH), b.Param(l.biasHH))
}

// apply adds the operation, whose inputs are the given ones, both weights and both biases.
// The pass back is an operation of its own: it gives the gradients to the biases,
// [2, G·H], and leaves the gradients to the gates in the plan. The gradients to the
// weights, and toInput, the gradient to the last of the given inputs, are products with
// the gradients to the gates.
func (r *recurrentBuild) apply(b *nn.Builder, plan recurrentPlan, run nn.Kernel, toInput nn.Op,
	in ...*gorgonia.Node) (*gorgonia.Node, error) {
	l, n := r.layer, len(in)
	weights, kind := tensor.Shape(l.weightIH.Shape()).Clone(), l.kind
	bias := tensor.Shape(l.biasIH.Shape()).Clone()
	size := bias.TotalSize()
	back := shared(nn.Gradient(nn.Op{Name: kind + "/back", Shape: tensor.Shape{2 * size},
		Run: func(dst []float32, in [][]float32) {
			plan.Backward(in[0], in[1], in[2], r.states)
			plan.GradBiases(dst[:size], dst[size:])
		}}, nn.Out, nn.OutGrad, n+1))
	grads := append(make([]nn.GradFunc, n-1), // indices have none
		after(back, toInput, 0, n+1),
		after(back, nn.Op{Name: kind + "/dw", Shape: weights,
			Run: func(dst []float32, in [][]float32) { plan.GradInputWeights(dst, in[1]) }}, 0, n),
		after(back, nn.Op{Name: kind + "/du", Shape: tensor.Shape(l.weightHH.Shape()).Clone(),
			Run: func(dst []float32, _ [][]float32) { plan.GradRecurrentWeights(dst) }}, 0),
		part(back, kind+"/db", 0, bias), part(back, kind+"/db", size, bias))
	return nn.Apply(nn.Op{Name: kind, Shape: tensor.Shape{r.N, r.T, r.H}, Run: run, Grad: grads},
		append(in, b.Param(l.weightIH), b.Param(l.weightHH), b.Param(l.biasIH), b.Param(l.biasHH))...)
}

// candidate is the gate whose value a state starts from: while it is 0 and the
// state was 0, the state stays 0.
func (l *recurrent) candidate() int {
	if l.cell == recurrence.Tanh || l.cell == recurrence.ReLU {
		return 0
	}
	return 2 // g of an LSTM, n of a GRU
}

// zeros marks the units whose state is 0 for all time: the candidate depends on
// no input that varies and only on other units of this kind, and its constants make it 0.
// The set is the largest with that property, so chains and rings of units go together.
func (l *recurrent) zeros(in nn.Known) []bool {
	h, c := l.hidden(), l.candidate()
	bias := l.foldedBias(in, func(i int) bool { return in.Const[i] })
	zero := make([]bool, h)
	for u := range zero {
		input, state := bias.Data()[c*h+u], l.biasHH.Data()[c*h+u]
		zero[u] = input == 0 && state == 0
		if l.cell == recurrence.ReLU {
			zero[u] = input+state <= 0
		}
		if input+state == 0 && (l.biasIH.Holds(c*h+u) || l.biasHH.Holds(c*h+u)) {
			zero[u] = false
		}
	}
	for i, constant := range in.Const {
		for u := range zero {
			zero[u] = zero[u] && (constant || !l.weighs(l.weightIH, i, c, u))
		}
	}
	var others []int // whose readers must be checked
	for v, z := range zero {
		if !z {
			others = append(others, v)
		}
	}
	for ; len(others) > 0; others = others[1:] {
		for u := range zero {
			if zero[u] && l.weighs(l.weightHH, others[0], c, u) {
				zero[u] = false
				others = append(others, u)
			}
		}
	}
	return zero
}

// weighs reports whether a unit reads an input, or a unit before, in a gate.
func (l *recurrent) weighs(w *nn.Param, from, gate, unit int) bool {
	at := (from*l.cell.Gates()+gate)*l.hidden() + unit
	return w.Data()[at] != 0 || w.Holds(at)
}

// reads reports whether a unit reads an input, or a unit before, in any gate.
func (l *recurrent) reads(w *nn.Param, from, unit int) bool {
	for gate := range l.cell.Gates() {
		if l.weighs(w, from, gate, unit) {
			return true
		}
	}
	return false
}

// Constants implements nn.Pruner.
func (l *recurrent) Constants(in []nn.Known) nn.Known {
	out := nn.Unknown(l.hidden())
	copy(out.Const, l.zeros(in[0]))
	return out
}

// Close implements nn.Closer: a unit that computed units read at the
// position before has to be computed.
func (l *recurrent) Close(keep []bool, in []nn.Known) {
	zero := l.zeros(in[0])
	var readers []int
	for v, k := range keep {
		if k {
			readers = append(readers, v)
		}
	}
	for ; len(readers) > 0; readers = readers[1:] {
		for u := range keep {
			if !keep[u] && !zero[u] && l.reads(l.weightHH, u, readers[0]) {
				keep[u] = true
				readers = append(readers, u)
			}
		}
	}
}

// Needs implements nn.Pruner: constants fold into the bias of the input. Units
// that read nothing but each other still need an input to count positions by; a
// constant one if there is any.
func (l *recurrent) Needs(keep []bool, in []nn.Known) [][]bool {
	need, some, spare := make([]bool, len(in[0].Const)), false, 0
	for i := len(need) - 1; i >= 0; i-- {
		if in[0].Const[i] {
			spare = i
			continue
		}
		for u, k := range keep {
			need[i] = need[i] || k && l.reads(l.weightIH, i, u)
		}
		some = some || need[i]
	}
	if !some {
		need[spare] = true
	}
	return [][]bool{need}
}

// slice returns the layer of the kept units.
func (l *recurrent) slice(s nn.Slicing) recurrent {
	fed := placesIn(s.In[0])
	bias := l.foldedBias(s.Known[0], func(i int) bool { _, present := fed[i]; return s.Known[0].Const[i] && !present })
	return recurrent{cell: l.cell, weightIH: l.weightIH.Select(s.In[0], s.Out), weightHH: l.weightHH.Select(nil, s.Out),
		biasIH: bias.Select(nil, s.Out), biasHH: l.biasHH.Select(nil, s.Out)}
}

// foldedBias is the bias of the input with the sums that some constant inputs add.
func (l *recurrent) foldedBias(in nn.Known, folds func(i int) bool) *nn.Param {
	n := l.biasIH.Size()
	shift := make([]float64, n)
	for i, v := range in.Value {
		if !folds(i) || v == 0 {
			continue
		}
		for j, w := range l.weightIH.Data()[i*n : (i+1)*n] {
			shift[j] += float64(v) * float64(w)
		}
	}
	bias := l.biasIH.Select(nil, nil)
	for j, v := range shift {
		bias.Data()[j] += float32(v)
	}
	return bias
}

// onnx adds the operator, which takes positions first, [T, N, D], gives
// [T, 1, N, H] and wants the gates in an order of its own. It starts from zero.
func (l *recurrent) onnx(b *onnx.Builder, name, op, x string, gates []int, attrs ...onnx.Attr) string {
	h := l.hidden()
	var rows []int
	for _, g := range gates {
		for u := range h {
			rows = append(rows, g*h+u)
		}
	}
	index := b.Ints(name+"/gates", rows)
	direction := b.Ints(name+"/direction", []int{0})
	reordered := func(p *nn.Param) string {
		return b.Node("Gather", []string{onnxParam(b, name, p), index}, onnx.Int("axis", 0))
	}
	one := func(v string) string { return b.Node("Unsqueeze", []string{v, direction}) }
	w, u := one(reordered(l.weightIH)), one(reordered(l.weightHH))
	bias := one(b.Node("Concat", []string{reordered(l.biasIH), reordered(l.biasHH)}, onnx.Int("axis", 0)))
	x = b.Node("Transpose", []string{x}, onnx.Ints("perm", 2, 0, 1))
	y := b.Node(op, []string{x, w, u, bias}, append(attrs, onnx.Int("hidden_size", int64(h)))...)
	y = b.Node("Squeeze", []string{y, b.Ints(name+"/axes", []int{1})})
	return b.Node("Transpose", []string{y}, onnx.Ints("perm", 1, 2, 0))
}
