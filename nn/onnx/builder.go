package onnx

import (
	"errors"
	"fmt"
)

// Builder puts a graph together operator by operator. Values and nodes get unique names,
// made of the scope (the layer that is being written) and the operator: "conv1/Conv",
// "conv1/Conv_2". Initializers keep the name they are given. Graph reports two of one name
// and all other errors.
//
// Use NewBuilder; the zero value is not usable.
type Builder struct {
	graph Graph
	scope string
	used  map[string]bool   // names of values
	owner map[string]string // of initializers, see Share
	err   error             // the first
}

// NewBuilder returns a builder of an empty graph of that name.
func NewBuilder(name string) *Builder {
	return &Builder{graph: Graph{Name: name}, used: map[string]bool{}, owner: map[string]string{}}
}

// Scope sets the prefix of the names of the nodes that follow.
func (b *Builder) Scope(name string) { b.scope = name }

// Input adds a float32 input of the graph and returns its name.
func (b *Builder) Input(name string, dims ...Dim) string {
	b.claim(name)
	b.graph.Inputs = append(b.graph.Inputs, ValueInfo{Name: name, Dims: dims})
	return name
}

// Node adds a node with one output and returns the output's name.
func (b *Builder) Node(op string, in []string, attrs ...Attr) string {
	name := b.unique(b.scope + "/" + op)
	b.graph.Nodes = append(b.graph.Nodes,
		Node{Name: name, Op: op, Inputs: in, Outputs: []string{name}, Attrs: attrs})
	return name
}

// Share makes initializers called name the one called of: layers that share a parameter
// store it once.
func (b *Builder) Share(name, of string) { b.owner[name] = of }

// Initializer adds a float32 constant in C order and returns its name. No dims
// make a scalar.
func (b *Builder) Initializer(name string, dims []int, data []float32) string {
	for of, shared := b.owner[name]; shared; of, shared = b.owner[name] {
		if name = of; b.used[name] {
			return name
		}
	}
	return b.initializer(Tensor{Name: name, Dims: wide(dims), Floats: data})
}

// Ints adds a vector of int64, such as a shape or indices, and returns its name.
func (b *Builder) Ints(name string, values []int) string {
	return b.initializer(Tensor{Name: name, Dims: []int64{int64(len(values))}, Ints: wide(values)})
}

// Has reports whether an input, initializer or node has the name.
func (b *Builder) Has(name string) bool { return b.used[name] }

// Output makes a value an output of the graph and gives it a name of its own.
func (b *Builder) Output(name, value string, dims ...Dim) {
	b.claim(name)
	b.graph.Nodes = append(b.graph.Nodes,
		Node{Name: name, Op: "Identity", Inputs: []string{value}, Outputs: []string{name}})
	b.graph.Outputs = append(b.graph.Outputs, ValueInfo{Name: name, Dims: dims})
}

// Graph returns the graph, or the first error made while it was built.
func (b *Builder) Graph() (Graph, error) {
	if b.err != nil {
		return Graph{}, fmt.Errorf("onnx: %w", b.err)
	}
	return b.graph, nil
}

func (b *Builder) initializer(t Tensor) string {
	b.claim(t.Name)
	b.graph.Initializers = append(b.graph.Initializers, t)
	return t.Name
}

// claim reserves exactly this name.
func (b *Builder) claim(name string) {
	switch {
	case b.err != nil:
	case name == "":
		b.err = errors.New("a value has no name")
	case b.used[name]:
		b.err = fmt.Errorf("two values are named %s", quote(name))
	}
	b.used[name] = true
}

// unique takes a name, numbered if it is in use.
func (b *Builder) unique(name string) string {
	candidate := name
	for n := 2; b.used[candidate]; n++ {
		candidate = fmt.Sprintf("%s_%d", name, n)
	}
	b.used[candidate] = true
	return candidate
}

// wide converts to int64; the result is never nil, which tells int64 tensors
// from float32 ones.
func wide(values []int) []int64 {
	out := make([]int64, len(values))
	for i, v := range values {
		out[i] = int64(v)
	}
	return out
}
