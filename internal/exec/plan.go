// Package exec runs a Gorgonia graph in the order of its dependencies, with
// every intermediate in a buffer that was laid out once: buffers are shared
// between values whose lifetimes do not overlap, and a run allocates nothing.
package exec

import (
	"fmt"
	"time"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/vector"
)

// Runner is an op that computes on raw storage.
type Runner interface {
	RunKernel(dst []float32, in [][]float32)
}

// gorgoniaAdd is how Gorgonia's elementwise sum, which Grad inserts where
// gradients meet, prints itself; its type is not exported.
const gorgoniaAdd = "+ false"

// IsSum reports whether a value is a sum that Gorgonia's Grad made.
func IsSum(n *gorgonia.Node) bool { return n.Op() != nil && n.Op().String() == gorgoniaAdd }

// Plan is a compiled graph. It is not safe for concurrent use.
type Plan struct {
	steps  []step
	values map[int64][]float32
	floats int
}

type step struct {
	name string
	run  func(dst []float32, in [][]float32)
	dst  []float32
	in   [][]float32
	// values of a row of dst and the distance of its rows
	row, pitch int
}

// New plans the computation of outputs. leaf returns the storage of an input
// node; constants are read from the graph. The storage of outputs, and of the
// leaves, is not reused.
func New(g *gorgonia.ExprGraph, outputs []*gorgonia.Node, leaf func(*gorgonia.Node) []float32) (*Plan, error) {
	order, err := topological(g, outputs)
	if err != nil {
		return nil, err
	}
	p := &Plan{values: map[int64][]float32{}}
	pool := newBuffers(g, order, outputs)
	late, places := accumulated(g, order, pool), places(g, order, pool)
	for _, n := range order {
		if isLeaf(g, n) {
			if p.values[n.ID()], err = leafStorage(n, leaf); err != nil {
				return nil, err
			}
			continue
		}
		if _, ok := late[n.ID()]; ok {
			continue // until the sum that reads it
		}
		if v, ok := n.Op().(viewer); ok {
			p.view(pool, n, children(g, n)[0], v.ViewOf())
			continue
		}
		done, err := p.accumulate(pool, n, late)
		if !done && err == nil {
			done = p.join(pool, n, places)
		}
		if at, ok := places[n.ID()]; ok && !done && err == nil {
			done, err = true, p.placed(pool, n, at)
		}
		if !done && err == nil {
			err = p.plan(pool, n)
		}
		if err != nil {
			return nil, err
		}
	}
	p.floats = pool.total
	return p, nil
}

// plan adds the step that computes a node.
func (p *Plan) plan(pool *buffers, n *gorgonia.Node) error {
	run, err := runnerOf(n)
	if err != nil {
		return err
	}
	if _, err := p.storage(pool, n); err != nil {
		return err
	}
	p.add(pool, n, run)
	pool.release(n)
	return nil
}

// storage returns the storage of a value, which it allocates where there is none yet.
func (p *Plan) storage(pool *buffers, n *gorgonia.Node) ([]float32, error) {
	if p.values[n.ID()] == nil {
		dst, err := pool.allocate(n)
		if err != nil {
			return nil, err
		}
		p.values[n.ID()] = dst
	}
	return p.values[n.ID()], nil
}

// add adds the step that computes a value that has its storage.
func (p *Plan) add(pool *buffers, n *gorgonia.Node, run func(dst []float32, in [][]float32)) {
	p.addStep(n, run, p.values[n.ID()], p.inputs(pool.g, n))
}

// addStep adds the step of a node's op that writes to dst.
func (p *Plan) addStep(n *gorgonia.Node, run func(dst []float32, in [][]float32), dst []float32, in [][]float32) {
	p.steps = append(p.steps, step{name: n.Op().String(), run: run, dst: dst, in: in, row: len(dst), pitch: len(dst)})
}

func (p *Plan) inputs(g *gorgonia.ExprGraph, n *gorgonia.Node) (in [][]float32) {
	for _, c := range children(g, n) {
		in = append(in, p.values[c.ID()])
	}
	return in
}

// Run computes every step once.
func (p *Plan) Run() {
	for i := range p.steps {
		s := &p.steps[i]
		s.run(s.dst, s.in)
	}
}

// RunTimed is Run that reports how long every step took.
func (p *Plan) RunTimed(report func(operation string, took time.Duration)) {
	for i := range p.steps {
		s := &p.steps[i]
		start := time.Now()
		s.run(s.dst, s.in)
		report(s.name, time.Since(start))
	}
}

// Value returns the storage of a planned node: valid after Run for outputs and
// leaves.
func (p *Plan) Value(n *gorgonia.Node) []float32 { return p.values[n.ID()] }

// Bytes is the memory of all intermediates together.
func (p *Plan) Bytes() int { return 4 * p.floats }

// Operations names the steps in order.
func (p *Plan) Operations() []string {
	names := make([]string, len(p.steps))
	for i, s := range p.steps {
		names[i] = s.name
	}
	return names
}

// FirstNonFinite runs the plan step by step and returns the name of the first
// op whose result holds a NaN or an infinity, or "".
func (p *Plan) FirstNonFinite() string {
	for i := range p.steps {
		s := &p.steps[i]
		s.run(s.dst, s.in)
		for at := 0; at < len(s.dst); at += s.pitch {
			for _, v := range s.dst[at:][:s.row] {
				if v-v != 0 {
					return s.name
				}
			}
		}
	}
	return ""
}

func leafStorage(n *gorgonia.Node, leaf func(*gorgonia.Node) []float32) ([]float32, error) {
	if n.Op() == nil {
		if d := leaf(n); d != nil {
			return d, nil
		}
		return nil, fmt.Errorf("graph input %s has no value", n.Name())
	}
	switch v := n.Value().Data().(type) {
	case float32:
		return []float32{v}, nil
	case []float32:
		return v, nil
	}
	return nil, fmt.Errorf("graph constant %s is not float32", n.Name())
}

func runnerOf(n *gorgonia.Node) (func(dst []float32, in [][]float32), error) {
	if r, ok := n.Op().(Runner); ok {
		return r.RunKernel, nil
	}
	if IsSum(n) {
		return func(dst []float32, in [][]float32) { vector.Add(dst, in[0], in[1]) }, nil
	}
	return stockOp(n)
}
