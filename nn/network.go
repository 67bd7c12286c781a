package nn

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"pare/internal/limit"
)

// InputName is the name that refers to the network's input.
const InputName = "input"

// Node is one layer of a network with its place in it.
type Node struct {
	Name   string
	Layer  Layer
	Inputs []int // indices into Network.Nodes; −1 is the network's input
	Shape  Shape // of the output
	// Tied names the layer before it whose parameters it shares, see AddTied; "": none.
	Tied string
	// repeats: the node Tied has the same Layer
	repeats bool
}

// Params lists the parameters of the layer that no layer before it has, in a fixed order.
func (n *Node) Params() []*Param {
	if n.repeats {
		return nil
	}
	return n.Layer.Params()
}

// Network is a directed acyclic graph of layers in topological order with one
// input and one output, the last node. The zero value is not usable: New.
type Network struct {
	Name  string
	Input Shape
	// Vocabulary is the number of different tokens where the input is a sequence
	// of tokens, of shape {1, T}: whole numbers from 0 to Vocabulary − 1, as
	// float32. 0: the input is real numbers.
	Vocabulary int
	// Features names the units of the input and says which of them are of one variable;
	// nil: the units have no names.
	Features []Feature
	Nodes    []*Node
	// Notes are lines for the user on how the network was made, such as a last layer that
	// replaces another one; they are not kept with it.
	Notes  []string
	byName map[string]int
	values int64 // of all parameters
	rng    *rand.Rand
}

// New returns a network without layers. Parameters are drawn from rng; a nil
// rng leaves them zero.
func New(name string, input Shape, rng *rand.Rand) (*Network, error) {
	if len(input) > maxAxes {
		return nil, fmt.Errorf("network %s: the input has %d axes, at most %d are possible", name, len(input), maxAxes)
	}
	if !input.Valid() {
		return nil, fmt.Errorf("network %s: input shape %v has an axis that is not positive", name, []int(input))
	}
	return &Network{Name: name, Input: input, byName: map[string]int{InputName: -1}, rng: rng}, nil
}

// Feature is a unit of the input.
type Feature struct {
	Name string `json:"name"`
	// Variable is the variable that the unit is a part of, as a column of 0 and 1 is of a
	// categorical variable; "": the unit is a variable of its own, called Name.
	Variable string `json:"variable,omitempty"`
	// Category is the categorical variable that the unit is the 0 and 1 for a value of; "": it
	// is not one.
	Category string `json:"category,omitempty"`
}

// Of is the name of the variable.
func (f Feature) Of() string { return cmp.Or(f.Variable, f.Name) }

// CheckFeatures reports features that do not fit an input of the shape.
func CheckFeatures(features []Feature, input Shape) error {
	if n := input.Units(); features != nil && len(features) != n {
		return fmt.Errorf("%d features for an input of %d units", len(features), n)
	}
	return nil
}

// MaxVocabulary bounds vocabularies: float32 holds every whole number below it.
const MaxVocabulary = 1 << 24

// CheckVocabulary reports a vocabulary that inputs of a shape cannot have.
func CheckVocabulary(vocabulary int, input Shape) error {
	switch {
	case vocabulary < 0 || vocabulary > MaxVocabulary:
		return fmt.Errorf("a vocabulary of %d tokens is not usable, it must be 0 to %d", vocabulary, MaxVocabulary)
	case vocabulary > 0 && (len(input) != 2 || input[0] != 1):
		return fmt.Errorf("the input is %s, tokens of a vocabulary have shape 1×T", input)
	}
	return nil
}

// Add appends a layer that reads the named nodes; without names it reads the
// last node, or the input if there is none. The output of the last layer added
// is the output of the network. More than MaxLayers layers, or MaxParams
// parameters, are an error.
func (n *Network) Add(name string, layer Layer, inputs ...string) error {
	return n.add(name, layer, "", inputs)
}

func (n *Network) add(name string, layer Layer, tied string, inputs []string) error {
	if name == "" {
		return fmt.Errorf("network %s: layer %s has no name", n.Name, layer.Kind())
	}
	if name == InputName {
		return fmt.Errorf("network %s: %q is the name of the network's input; choose another for layer %s", n.Name, name, layer.Kind())
	}
	if _, ok := n.byName[name]; ok {
		return fmt.Errorf("network %s: two layers are named %q", n.Name, name)
	}
	node := &Node{Name: name, Layer: layer}
	if len(inputs) == 0 {
		node.Inputs = []int{len(n.Nodes) - 1}
	}
	for _, in := range inputs {
		i, ok := n.byName[in]
		if !ok {
			return fmt.Errorf("layer %s: input %q is not a layer before it", name, in)
		}
		node.Inputs = append(node.Inputs, i)
	}
	shapes := n.InputShapes(node)
	if tied != "" {
		if err := n.tie(node, tied); err != nil {
			return fmt.Errorf("layer %s: %w", name, err)
		}
	}
	if !node.repeats {
		if err := n.init(node, shapes); err != nil {
			return err
		}
	}
	n.byName[name] = len(n.Nodes)
	n.Nodes = append(n.Nodes, node)
	n.values += values(node)
	return n.checkSize()
}

// init checks the layer of a node, draws its parameters and sets its shape.
func (n *Network) init(node *Node, shapes []Shape) error {
	name, layer := node.Name, node.Layer
	if r, ok := layer.(FeatureReader); ok && len(node.Inputs) == 1 && node.Inputs[0] < 0 {
		if err := r.ReadFeatures(n.Features); err != nil {
			return fmt.Errorf("layer %s: %w", name, err)
		}
	}
	shape, err := layer.Init(shapes, n.rng)
	if err != nil {
		return fmt.Errorf("layer %s: %w", name, err)
	}
	if !shape.Valid() {
		return fmt.Errorf("layer %s: output shape %s of input %v is empty", name, shape, shapes)
	}
	node.Shape = shape
	return nil
}

// Lookup returns the node of that name.
func (n *Network) Lookup(name string) (*Node, bool) {
	i, ok := n.byName[name]
	if !ok || i < 0 {
		return nil, false
	}
	return n.Nodes[i], true
}

// Output is the last node, whose value the network returns.
func (n *Network) Output() *Node { return n.Nodes[len(n.Nodes)-1] }

// ShapeOf returns the shape of the value with index i; −1 is the input.
func (n *Network) ShapeOf(i int) Shape {
	if i < 0 {
		return n.Input
	}
	return n.Nodes[i].Shape
}

// NameOf returns the name of the value with index i; −1 is the input.
func (n *Network) NameOf(i int) string {
	if i < 0 {
		return InputName
	}
	return n.Nodes[i].Name
}

// InputShapes returns the shapes of a node's inputs.
func (n *Network) InputShapes(node *Node) []Shape {
	shapes := make([]Shape, len(node.Inputs))
	for k, i := range node.Inputs {
		shapes[k] = n.ShapeOf(i)
	}
	return shapes
}

// Consumers returns, for each node, the indices of the nodes that read it; the
// entry at len(Nodes) lists those that read the input.
func (n *Network) Consumers() [][]int {
	out := make([][]int, len(n.Nodes)+1)
	for j, node := range n.Nodes {
		for _, i := range node.Inputs {
			if i < 0 {
				i = len(n.Nodes)
			}
			out[i] = append(out[i], j)
		}
	}
	return out
}

// NamedParam is a parameter with its full name, node and parameter joined by a
// dot: "block1.conv1.weight".
type NamedParam struct {
	*Param
	Full string
	Node *Node
}

// Params lists all parameters in network order, each once, under the name of the first layer
// that has it.
func (n *Network) Params() []NamedParam {
	var out []NamedParam
	for _, node := range n.Nodes {
		for _, p := range node.Params() {
			out = append(out, NamedParam{Param: p, Full: node.Name + "." + p.Name, Node: node})
		}
	}
	return out
}

// Counts are the sizes that papers report.
type Counts struct {
	Params  int64 `json:"params"`  // trainable values, zeros included
	NonZero int64 `json:"nonzero"` // trainable values that are not exactly 0
	MACs    int64 `json:"macs"`    // multiply-accumulates for one example
}

// Count returns parameters and multiply-accumulates of the network.
func (n *Network) Count() Counts {
	var c Counts
	for _, node := range n.Nodes {
		k := n.CountNode(node)
		c.Params += k.Params
		c.NonZero += k.NonZero
		c.MACs += k.MACs
	}
	return c
}

// Sizes is Count without NonZero: it reads no values.
func (n *Network) Sizes() Counts {
	var c Counts
	for _, node := range n.Nodes {
		k := n.sizes(node)
		c.Params += k.Params
		c.MACs += k.MACs
	}
	return c
}

// CountNode returns parameters and multiply-accumulates of one layer. Parameters of a layer
// before it count there.
func (n *Network) CountNode(node *Node) Counts {
	c := n.sizes(node)
	for _, p := range node.Params() {
		if !p.Trainable() {
			continue
		}
		for _, v := range p.Data() {
			if v != 0 {
				c.NonZero++
			}
		}
	}
	return c
}

func (n *Network) sizes(node *Node) Counts {
	var c Counts
	for _, p := range node.Params() {
		if p.Trainable() {
			c.Params += int64(p.Size())
		}
	}
	if l, ok := node.Layer.(Coster); ok {
		c.MACs = l.MACs(n.InputShapes(node))
	}
	return c
}

// NonZeroMACs is the number of multiply-accumulates for one example by weights that are not
// exactly 0, as papers on unstructured sparsity count them: no kernel here skips the others.
// Multiply-accumulates of layers without weights all count.
func (n *Network) NonZeroMACs() int64 {
	sum := int64(0)
	for _, node := range n.Nodes {
		l, ok := node.Layer.(Coster)
		if !ok {
			continue
		}
		weights, used := int64(0), int64(0)
		for _, p := range node.Layer.Params() {
			if p.Role != RoleWeight {
				continue
			}
			weights += int64(p.Size())
			for _, v := range p.Data() {
				if v != 0 {
					used++
				}
			}
		}
		macs := l.MACs(n.InputShapes(node))
		if weights > 0 { // each weight is used equally often
			macs = macs / weights * used
		}
		sum += macs
	}
	return sum
}

// Bounds on networks, so that a slip in a config or a damaged file is an error
// before it takes the memory or the time that it asks for.
const (
	MaxLayers = 1 << 13
	MaxParams = 1 << 28 // of all parameters together
)

// checkSize reports a network that has become too large with its last layer.
func (n *Network) checkSize() error {
	if len(n.Nodes) > MaxLayers {
		return fmt.Errorf("the network has more than %d layers; make it less deep", MaxLayers)
	}
	if n.values > MaxParams {
		last := n.Output()
		return fmt.Errorf("layer %s: with its %d parameters the network has %d, more than %d; make its layers smaller",
			last.Name, values(last), n.values, MaxParams)
	}
	return nil
}

// values counts the parameters of a node, also those that are not trained.
func values(node *Node) int64 {
	n := int64(0)
	for _, p := range node.Params() {
		n += int64(p.Size())
	}
	return n
}

// CheckBatch reports a batch whose outputs of all layers, which a training step
// keeps for its gradients, do not fit into the memory.
func (n *Network) CheckBatch(batch int) error {
	size := int64(n.Input.Size())
	for _, node := range n.Nodes {
		size += int64(node.Shape.Size())
	}
	return limit.Check(fmt.Sprintf("a batch of %d examples, each with %d outputs of all layers together,", batch, size), int64(batch), 4*size)
}

// checkLargest returns an error if a single value of a batch does not fit into memory.
func (n *Network) checkLargest(batch int) error {
	name, size := InputName, n.Input.Size()
	for _, node := range n.Nodes {
		if s := node.Shape.Size(); s > size {
			name, size = node.Name, s
		}
	}
	return limit.Check(fmt.Sprintf("%s of a batch of %d examples", name, batch), int64(batch), 4*int64(size))
}

// outputValues is the number of outputs in memory at once while a network is only
// run: 16 MiB of logits.
const outputValues = 1 << 22

// BatchUpTo is the number of examples to run at once without gradients: most, or fewer
// where each has many outputs, such as a logit for each of 20,000 characters at
// every position.
func (n *Network) BatchUpTo(most int) int {
	return max(1, min(most, outputValues/n.Output().Shape.Size()))
}

// HasBuffers reports whether a network has parameters that are not trained, such as
// running statistics.
func (n *Network) HasBuffers() bool {
	return slices.ContainsFunc(n.Params(), func(p NamedParam) bool { return !p.Trainable() })
}
