package repair

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"pare/nn"
)

// Options say how to repair.
type Options struct {
	// Inputs are the examples, in the batched layout of the network; at least one.
	Inputs []float32
	// Ridge holds weights near their present values: it is the penalty on the square of their
	// change, as a share of the mean sum of squares of the inputs that they weigh. 0 means
	// DefaultRidge.
	Ridge float64
	// Seed of the positions of images and sequences that are looked at.
	Seed uint64
}

// DefaultRidge is the Ridge of Options that leave it out.
const DefaultRidge = 1e-3

const (
	positions = 64      // of an example that a fit looks at, at most
	batchSize = 32      // examples that run at once
	stored    = 1 << 30 // bytes that the values between two parts of the network may take
)

// Fit is the repair of one layer. Errors are sums of squared differences to the outputs of the
// dense network, as shares of the variance of those.
type Fit struct {
	Layer  string  `json:"layer"`  // name of the layer
	Rows   int     `json:"rows"`   // examples and positions that the weights were fitted to
	Before float64 `json:"before"` // error with the weights before
	After  float64 `json:"after"`  // error with the fitted weights
}

// Reconstruct fits the weights of the layers whose inputs differ from those in the dense network,
// because units are gone or earlier layers are repaired. It goes in network order: each layer
// comes as close to its outputs in the dense network as it can while it reads the repaired layers
// before it (He et al. 2017, "Channel pruning for accelerating very deep neural networks", eq. 5
// and section 3.3). Behind a sum whose other operands are repaired, the fit is to the whole sum.
// Normalisations whose input changes get statistics of the examples. Weights that are 0, and
// weights that two layers share, stay as they are.
//
// The networks have the same layers, net with parameters set to 0, as prune.Selection leaves
// it. net changes in place. Layers take part by nn.LinearMap.
func Reconstruct(ctx context.Context, dense, net *nn.Network, o Options) ([]Fit, error) {
	r, err := newRepairer(dense, net, o)
	if err != nil {
		return nil, err
	}
	for i := range net.Nodes {
		if err := r.node(ctx, i); err != nil {
			return nil, fmt.Errorf("repair layer %s: %w", net.Nodes[i].Name, err)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return r.fits, nil
}

type repairer struct {
	dense, net side
	ridge      float64
	seed       uint64
	examples   int
	batch      int

	shared    map[*nn.Param]bool // weights of more than one layer
	known     []nn.Known         // of the outputs of the pruned network; the input last
	consumers [][]int
	changed   []bool // nodes whose values differ from the dense network's; the input last
	fits      []Fit
}

func newRepairer(dense, net *nn.Network, o Options) (*repairer, error) {
	size := net.Input.Size()
	switch {
	case len(dense.Nodes) != len(net.Nodes) || !dense.Input.Equal(net.Input):
		return nil, errors.New("repair: the networks do not have the same layers")
	case len(o.Inputs) == 0 || len(o.Inputs)%size != 0:
		return nil, fmt.Errorf("repair: %d input values are not examples of %s", len(o.Inputs), net.Input)
	case !(o.Ridge >= 0):
		return nil, fmt.Errorf("repair: the ridge is %g, it must not be negative", o.Ridge)
	}
	r := &repairer{dense: side{dense, -1, o.Inputs}, net: side{net, -1, o.Inputs}, ridge: o.Ridge, seed: o.Seed,
		examples: len(o.Inputs) / size, consumers: net.Consumers(), changed: make([]bool, len(net.Nodes)+1)}
	if r.ridge == 0 {
		r.ridge = DefaultRidge
	}
	r.batch = min(net.BatchUpTo(batchSize), r.examples)
	r.constants()
	r.shared = map[*nn.Param]bool{}
	for _, p := range net.Params() {
		_, again := r.shared[p.Param]
		r.shared[p.Param] = again
	}
	for i, node := range net.Nodes {
		old := dense.Nodes[i]
		params, before := node.Layer.Params(), old.Layer.Params()
		if node.Layer.Kind() != old.Layer.Kind() || len(params) != len(before) {
			return nil, fmt.Errorf("repair: layer %s differs from its layer in the dense network", node.Name)
		}
		for k, p := range params {
			if len(p.Data()) != len(before[k].Data()) {
				return nil, fmt.Errorf("repair: parameter %s of layer %s has another size in the dense network", p.Name, node.Name)
			}
			r.changed[i] = r.changed[i] || !slices.Equal(p.Data(), before[k].Data())
		}
	}
	return r, nil
}

// constants finds the units that no input can change.
func (r *repairer) constants() {
	net := r.net.net
	r.known = make([]nn.Known, len(net.Nodes)+1)
	r.known[len(net.Nodes)] = nn.Unknown(net.Input.Units())
	for i, node := range net.Nodes {
		r.known[i] = nn.Unknown(node.Shape.Units())
		if p, ok := node.Layer.(nn.Pruner); ok {
			in := make([]nn.Known, len(node.Inputs))
			for k, j := range node.Inputs {
				in[k] = r.known[r.index(j)]
			}
			r.known[i] = p.Constants(in)
		}
	}
}

// index is the place of a value in lists of all nodes with the input last.
func (r *repairer) index(node int) int {
	if node < 0 {
		return len(r.net.net.Nodes)
	}
	return node
}

// node repairs a layer whose input has changed, and steps forward where it can.
func (r *repairer) node(ctx context.Context, i int) error {
	node := r.net.net.Nodes[i]
	touched := slices.ContainsFunc(node.Inputs, func(j int) bool { return r.changed[r.index(j)] })
	if touched {
		if l, ok := node.Layer.(nn.LinearMap); ok && len(node.Inputs) == 1 {
			if err := r.fit(ctx, i, l); err != nil {
				return err
			}
		} else if err := r.measure(ctx, i); err != nil {
			return err
		}
	}
	r.changed[i] = r.changed[i] || touched
	if r.joint(i) {
		return r.step(ctx, i)
	}
	return nil
}

// joint reports whether all later nodes can be computed from the value of node i, and the
// values of all examples are small enough to be kept.
func (r *repairer) joint(i int) bool {
	net := r.net.net
	for _, node := range net.Nodes[i+1:] {
		for _, j := range node.Inputs {
			if j < i {
				return false
			}
		}
	}
	size := max(net.ShapeOf(i).Size(), r.net.size())
	return i+1 < len(net.Nodes) && 16*r.examples*size <= stored
}

// step keeps the values of node i in place of the present ones.
func (r *repairer) step(ctx context.Context, i int) error {
	sides := []*side{&r.dense}
	if r.changed[i] {
		sides = append(sides, &r.net)
	}
	for _, s := range sides {
		f, err := s.flow([]int{i}, r.batch)
		if err != nil {
			return err
		}
		size := s.net.ShapeOf(i).Size()
		values := make([]float32, r.examples*size)
		for first := 0; first < r.examples && ctx.Err() == nil; first += r.batch {
			count := min(r.batch, r.examples-first)
			f.run(first, count)
			copy(values[first*size:][:count*size], f.values[0])
		}
		s.at, s.values = i, values
	}
	if !r.changed[i] {
		r.net.at, r.net.values = i, r.dense.values
	}
	return nil
}

// measure gives a layer the running statistics of its input on the examples.
func (r *repairer) measure(ctx context.Context, i int) error {
	node := r.net.net.Nodes[i]
	buffers := slices.ContainsFunc(node.Layer.Params(), func(p *nn.Param) bool { return !p.Trainable() })
	if !buffers || len(node.Inputs) != 1 {
		return nil
	}
	from := node.Inputs[0]
	layer, err := between(r.net.net, from, i)
	if err != nil {
		return err
	}
	p, err := nn.Compile(layer, nn.CompileOptions{Mode: nn.Measure, Batch: r.batch})
	if err != nil || len(p.Statistics()) == 0 {
		return err
	}
	f, err := r.net.flow([]int{from}, r.batch)
	if err != nil {
		return err
	}
	for _, s := range p.Statistics() {
		s.Reset()
	}
	for first := 0; first+r.batch <= r.examples && ctx.Err() == nil; first += r.batch {
		f.run(first, r.batch)
		copy(p.X, f.values[0])
		p.Run()
	}
	for _, s := range p.Statistics() {
		s.Store()
	}
	return ctx.Err()
}

// fit fits the weights of node i.
func (r *repairer) fit(ctx context.Context, i int, l nn.LinearMap) error {
	net := r.net.net
	node, from := net.Nodes[i], net.Nodes[i].Inputs[0]
	sums := l.Sums(net.ShapeOf(from))
	if r.shared[sums.Weight] {
		return nil
	}
	known := r.known[r.index(from)]
	zero := make([]bool, len(known.Const))
	for u := range zero {
		zero[u] = known.Zero(u)
	}
	sink := r.sink(i)
	problem := newFit(sums, zero, sums.Bias != nil || sink != nil)
	goal := r.goal(i)
	before, err := r.dense.flow([]int{goal.node}, r.batch)
	if err != nil {
		return err
	}
	after, err := r.net.flow(append([]int{from}, goal.others...), r.batch)
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(r.seed, uint64(i)))
	inSize, outSize, units := net.ShapeOf(from).Size(), node.Shape.Size(), node.Shape.Units()
	chosen := min(positions, sums.Positions)
	targets := make([]float64, chosen*units*r.batch)
	var places []place
	for first := 0; first < r.examples; first += r.batch {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		count := min(r.batch, r.examples-first)
		before.run(first, count)
		after.run(first, count)
		places = places[:0]
		for e := range count {
			for _, position := range pick(random, sums.Positions, chosen) {
				target := targets[len(places)*units:][:units]
				at := e*outSize + position*units
				goal.read(target, before.values[0][at:], after.values[1:], at)
				places = append(places, place{after.values[0][e*inSize:][:inSize], position, target})
			}
		}
		problem.add(places)
	}
	shift, errBefore, errAfter := problem.solve(r.ridge)
	if sums.Bias == nil && sink != nil {
		sink.AbsorbShift(shift)
	}
	r.fits = append(r.fits, Fit{node.Name, problem.rows, errBefore, errAfter})
	return nil
}

// pick draws k of n positions, all of them in order where k is n.
func pick(random *rand.Rand, n, k int) []int {
	if k == n {
		all := make([]int, n)
		for i := range all {
			all[i] = i
		}
		return all
	}
	return random.Perm(n)[:k]
}

// sink is the layer behind node i, if no other reads it, that absorbs a constant added to each
// unit; nil: there is none.
func (r *repairer) sink(i int) nn.ShiftSink {
	if len(r.consumers[i]) != 1 {
		return nil
	}
	sink, _ := r.net.net.Nodes[r.consumers[i][0]].Layer.(nn.ShiftSink)
	return sink
}

// goal is the value of the dense network that a layer is fitted to: its own output or, where
// that goes into a sum through affine layers alone, the sum without its other operands as the
// pruned network computes them.
type goal struct {
	node          int
	others        []int     // operands of the sum, nodes that are repaired by now
	factor, shift []float32 // of the affine layers between
}

// goal finds the value that node i is fitted to.
func (r *repairer) goal(i int) goal {
	g := goal{node: i}
	net := r.net.net
	units := net.Nodes[i].Shape.Units()
	factor, shift := slices.Repeat([]float32{1}, units), make([]float32, units)
	for at := i; len(r.consumers[at]) == 1; {
		next := r.consumers[at][0]
		node := net.Nodes[next]
		if nn.TraitsOf(node.Layer).Sums {
			for _, j := range node.Inputs {
				if j == at {
					continue
				}
				if j > i {
					return goal{node: i}
				}
				g.others = append(g.others, j)
			}
			if len(g.others) != len(node.Inputs)-1 || !node.Shape.Equal(net.Nodes[i].Shape) {
				return goal{node: i}
			}
			g.node, g.factor, g.shift = next, factor, shift
			return g
		}
		a, ok := node.Layer.(nn.Affine)
		if !ok || len(node.Inputs) != 1 {
			return g
		}
		f, s := a.Affine(units)
		for u := range factor {
			factor[u] *= f[u]
			shift[u] = shift[u]*f[u] + s[u]
		}
		at = next
	}
	return g
}

// read computes the target of each unit at a position from the value of the goal's node in the
// dense network and the other operands, which begin at the given place.
func (g goal) read(target []float64, value []float32, others [][]float32, at int) {
	for u := range target {
		v := float64(value[u])
		if g.factor != nil {
			for _, o := range others {
				v -= float64(o[at+u])
			}
			if f := float64(g.factor[u]); f != 0 {
				v = (v - float64(g.shift[u])) / f
			} else {
				v = 0
			}
		}
		target[u] = v
	}
}
