package nn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
)

// Architecture is a network without its weights: the content of architecture.json.
type Architecture struct {
	Format string `json:"format"` // ArchitectureFormat
	Name   string `json:"name"`
	Input  []int  `json:"input"` // shape of one example, channels first
	// Vocabulary is the Network's; left out where inputs are real numbers.
	Vocabulary int `json:"vocabulary,omitempty"`
	// Features are the Network's; left out where units of the input have no names.
	Features []Feature  `json:"features,omitempty"`
	Layers   []LayerRow `json:"layers"`
}

// LayerRow is one layer of an Architecture.
type LayerRow struct {
	Name   string   `json:"name"`
	Kind   string   `json:"kind"`
	Inputs []string `json:"inputs"`
	// Tied is the Node's: the layer whose parameters the layer shares; left out: none.
	Tied string          `json:"tied,omitempty"`
	Args json.RawMessage `json:"args"` // the layer's hyper-parameters
}

// ArchitectureFormat names the version of the format.
const ArchitectureFormat = "pare-architecture-1"

// Architecture describes the network.
func (n *Network) Architecture() (Architecture, error) {
	a := Architecture{Format: ArchitectureFormat, Name: n.Name, Input: n.Input, Vocabulary: n.Vocabulary, Features: n.Features}
	for _, node := range n.Nodes {
		args, err := json.Marshal(node.Layer)
		if err != nil {
			return a, fmt.Errorf("layer %s: %w", node.Name, err)
		}
		row := LayerRow{Name: node.Name, Kind: node.Layer.Kind(), Tied: node.Tied, Args: args}
		for _, i := range node.Inputs {
			row.Inputs = append(row.Inputs, n.NameOf(i))
		}
		a.Layers = append(a.Layers, row)
	}
	return a, nil
}

// Network builds the network; its parameters are drawn from rng, or zero when
// rng is nil.
func (a Architecture) Network(rng *rand.Rand) (*Network, error) {
	if a.Format != ArchitectureFormat {
		return nil, fmt.Errorf("architecture format is %q, expected %q", a.Format, ArchitectureFormat)
	}
	net, err := New(a.Name, a.Input, rng)
	if err != nil {
		return nil, err
	}
	if err := CheckVocabulary(a.Vocabulary, net.Input); err != nil {
		return nil, fmt.Errorf("network %s: %w", a.Name, err)
	}
	if err := CheckFeatures(a.Features, net.Input); err != nil {
		return nil, fmt.Errorf("network %s: %w", a.Name, err)
	}
	net.Vocabulary, net.Features = a.Vocabulary, a.Features
	if len(a.Layers) == 0 {
		return nil, fmt.Errorf("architecture %s has no layers", a.Name)
	}
	for i, row := range a.Layers {
		layer, err := NewLayer(row.Kind, row.Args)
		if err != nil {
			return nil, fmt.Errorf("layer %d (%s): %w", i+1, row.Name, err)
		}
		if len(row.Inputs) == 0 {
			return nil, fmt.Errorf("layer %d (%s) has no inputs", i+1, row.Name)
		}
		if err := net.add(row.Name, layer, row.Tied, row.Inputs); err != nil {
			return nil, err
		}
	}
	return net, nil
}

// NewLayer returns a layer of a kind with hyper-parameters from JSON, as they stand in an
// Architecture; nil: the default ones.
func NewLayer(kind string, args json.RawMessage) (Layer, error) {
	layer, err := Layers.New(kind)
	if err != nil || len(args) == 0 {
		return layer, err
	}
	d := json.NewDecoder(bytes.NewReader(args))
	d.DisallowUnknownFields()
	return layer, d.Decode(layer)
}

// Clone returns a network with parameters of its own.
func (n *Network) Clone() (*Network, error) {
	a, err := n.Architecture()
	if err != nil {
		return nil, err
	}
	c, err := a.Network(nil)
	if err != nil {
		return nil, fmt.Errorf("clone %s: %w", n.Name, err)
	}
	return c, c.CopyParams(n)
}

// CloneLayer returns a copy of a layer with parameters of its own, which know
// their Origin; in are its input shapes.
func CloneLayer(l Layer, in []Shape) (Layer, error) {
	args, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("clone %s: %w", l.Kind(), err)
	}
	c, err := NewLayer(l.Kind(), args)
	if err == nil {
		_, err = c.Init(in, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("clone %s: %w", l.Kind(), err)
	}
	for i, p := range c.Params() {
		copy(p.Data(), l.Params()[i].Data())
		p.SelectedFrom(l.Params()[i], func(dst, src []float32) { copy(dst, src) })
	}
	return c, nil
}

// Redraw draws the parameters of a layer from rng, as Init does for a new one; in are its input
// shapes.
func Redraw(l Layer, in []Shape, rng *rand.Rand) error {
	args, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("draw %s: %w", l.Kind(), err)
	}
	fresh, err := NewLayer(l.Kind(), args)
	if err == nil {
		_, err = fresh.Init(in, rng)
	}
	if err != nil {
		return fmt.Errorf("draw %s: %w", l.Kind(), err)
	}
	for i, p := range fresh.Params() {
		copy(l.Params()[i].Data(), p.Data())
	}
	return nil
}

// CopyParams copies all parameter values from a network of the same
// architecture.
func (n *Network) CopyParams(from *Network) error {
	to, src := n.Params(), from.Params()
	if len(to) != len(src) {
		return fmt.Errorf("copy parameters: %d against %d", len(to), len(src))
	}
	for i, p := range to {
		if p.Full != src[i].Full || !Shape(p.Shape()).Equal(src[i].Shape()) {
			return fmt.Errorf("copy parameters: %s %v does not fit %s %v", src[i].Full, src[i].Shape(), p.Full, p.Shape())
		}
		copy(p.Data(), src[i].Data())
	}
	return nil
}
