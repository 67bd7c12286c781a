package nn

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// AddTied is Add for a layer that shares parameters with a layer before it, so that both are
// trained as one. Params, counts and files have them once, under the name of the layer before.
//
// A layer of the same kind shares all parameters: both nodes then have one Layer. It has the
// options of the layer before, or the defaults of its kind, which stand for them; its inputs need
// the same shapes. A TableSharer shares the Table of a layer of another kind, as an output layer
// shares the table of an embedding (Press & Wolf 2017).
func (n *Network) AddTied(name string, layer Layer, to string, inputs ...string) error {
	return n.add(name, layer, to, inputs)
}

// TableSharer is implemented by layers whose weight may be the Table of another layer: see
// Traits. ShareTable is called before Init, and Params then leaves the table out.
type TableSharer interface {
	Layer
	ShareTable(table *Param) error
}

// tie makes a new node share the parameters of the named layer.
func (n *Network) tie(node *Node, to string) error {
	root, ok := n.Lookup(to)
	if !ok {
		return fmt.Errorf("tied: %q is not a layer before it", to)
	}
	if root.repeats {
		root, _ = n.Lookup(root.Tied)
	}
	node.Tied = root.Name
	kind := node.Layer.Kind()
	if kind != root.Layer.Kind() {
		table := TraitsOf(root.Layer).Table
		sharer, ok := node.Layer.(TableSharer)
		if !ok || table == nil {
			return fmt.Errorf("tied: a layer %s cannot share the parameters of %s, a layer %s", kind, root.Name, root.Layer.Kind())
		}
		return sharer.ShareTable(table)
	}
	same, err := sameOptions(node.Layer, root.Layer, n.InputShapes(node))
	if err != nil {
		return err
	}
	if !same {
		return fmt.Errorf("tied: its options differ from the options of %s; leave them out", root.Name)
	}
	if len(root.Layer.Params()) == 0 {
		return fmt.Errorf("tied: a layer %s has no parameters to share; leave tied out", kind)
	}
	for _, p := range root.Layer.Params() {
		if !p.Trainable() {
			return fmt.Errorf("tied: %s of %s belongs to one place in the network; give each place a layer of its own", p.Name, root.Name)
		}
	}
	want := n.InputShapes(root)
	got := n.InputShapes(node)
	for k := range max(len(want), len(got)) {
		if k >= len(want) || k >= len(got) || !want[k].Equal(got[k]) {
			return fmt.Errorf("tied: it reads %v and %s reads %v; layers of one kind share parameters for inputs of the same shapes",
				got, root.Name, want)
		}
	}
	node.Layer, node.Shape, node.repeats = root.Layer, root.Shape, true
	return nil
}

// sameOptions reports whether a layer that reads these shapes has the options of another one of
// its kind, or none but the defaults. The other one has the options that Init fills in.
func sameOptions(l, of Layer, in []Shape) (bool, error) {
	want, err := optionsOf(of)
	if err != nil {
		return false, err
	}
	got, err := optionsOf(l)
	if err != nil || bytes.Equal(got, want) {
		return err == nil, err
	}
	plain, err := Layers.New(l.Kind())
	if err != nil {
		return false, err
	}
	defaults, err := optionsOf(plain)
	if err != nil || bytes.Equal(got, defaults) {
		return err == nil, err
	}
	if _, err := l.Init(in, nil); err != nil {
		return false, nil // a layer that cannot be here has other options
	}
	got, err = optionsOf(l)
	return bytes.Equal(got, want), err
}

// optionsOf are the options of a layer as JSON.
func optionsOf(l Layer) ([]byte, error) {
	b, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("options of %s: %w", l.Kind(), err)
	}
	return b, nil
}
