package onnx

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// Check reports the first thing that makes m invalid: a nil model, a negative
// version, an unnamed graph, a text that is not UTF-8, a tensor whose shape
// does not match its values, a dimension of negative size or with both a size
// and a name, a node without operator or outputs, two nodes, attributes or
// values with the same name, a node input that is not defined before the node,
// or a graph output that is never defined. An initializer may share its name
// with a graph input, which makes it the input's default value.
//
// Check does not know the operators, so it cannot tell whether a node has the
// inputs, attributes and shapes its operator needs.
func Check(m *Model) error {
	if m == nil {
		return errors.New("onnx: nil model")
	}
	if err := m.check(); err != nil {
		return fmt.Errorf("onnx: %w", err)
	}
	return nil
}

func (m *Model) check() error {
	if m.Opset < 0 || m.IRVersion < 0 {
		return fmt.Errorf("negative version: operator set %d, format %d", m.Opset, m.IRVersion)
	}
	if err := checkText(m.Producer, m.ProducerVersion, m.Graph.Name); err != nil {
		return err
	}
	for _, k := range slices.Sorted(maps.Keys(m.Metadata)) {
		if err := checkText(k, m.Metadata[k]); err != nil {
			return fmt.Errorf("metadata %s: %w", quote(k), err)
		}
	}
	if m.Graph.Name == "" {
		return errors.New("graph has no name")
	}
	return m.Graph.check()
}

func checkText(texts ...string) error {
	for _, s := range texts {
		if !utf8.ValidString(s) {
			return fmt.Errorf("%s is not valid UTF-8", quote(s))
		}
	}
	return nil
}

// names collects names that must differ.
type names map[string]bool

func (n names) add(s string) error {
	if s == "" {
		return errors.New("empty name")
	}
	if err := checkText(s); err != nil {
		return err
	}
	if n[s] {
		return errors.New("duplicate name")
	}
	n[s] = true
	return nil
}

func (g *Graph) check() error {
	defined := names{} // values that nodes can use
	for i := range g.Inputs {
		if err := g.Inputs[i].check(defined); err != nil {
			return fmt.Errorf("graph input %s: %w", quote(g.Inputs[i].Name), err)
		}
	}
	initialized := names{}
	for i := range g.Initializers {
		t := &g.Initializers[i]
		err := initialized.add(t.Name)
		if err == nil {
			err = t.check()
		}
		if err != nil {
			return fmt.Errorf("initializer %s: %w", quote(t.Name), err)
		}
		defined[t.Name] = true
	}
	nodes := names{}
	for i := range g.Nodes {
		if err := g.Nodes[i].check(nodes, defined); err != nil {
			return fmt.Errorf("node %d %s (%s): %w", i, quote(g.Nodes[i].Name), quote(g.Nodes[i].Op), err)
		}
	}
	outputs := names{}
	for i := range g.Outputs {
		v := &g.Outputs[i]
		err := v.check(outputs)
		if err == nil && !defined[v.Name] {
			err = errors.New("not the output of any node, nor an input or initializer")
		}
		if err != nil {
			return fmt.Errorf("graph output %s: %w", quote(v.Name), err)
		}
	}
	return nil
}

// check checks the node and adds its name to nodes, its outputs to defined.
func (n *Node) check(nodes, defined names) error {
	if n.Name != "" {
		if err := nodes.add(n.Name); err != nil {
			return err
		}
	}
	if n.Op == "" {
		return errors.New("no operator")
	}
	if err := checkText(n.Op); err != nil {
		return err
	}
	for _, s := range n.Inputs {
		if s != "" && !defined[s] {
			return fmt.Errorf("input %s is not defined before the node", quote(s))
		}
	}
	found := false
	for _, s := range n.Outputs {
		if s == "" {
			continue
		}
		found = true
		if err := defined.add(s); err != nil {
			return fmt.Errorf("output %s: %w", quote(s), err)
		}
	}
	if !found {
		return errors.New("no outputs")
	}
	attrs := names{}
	for i := range n.Attrs {
		if err := n.Attrs[i].check(attrs); err != nil {
			return fmt.Errorf("attribute %s: %w", quote(n.Attrs[i].Name), err)
		}
	}
	return nil
}

func (a *Attr) check(attrs names) error {
	if err := attrs.add(a.Name); err != nil {
		return err
	}
	switch a.Kind {
	case KindFloat, KindInt, KindFloats, KindInts, KindString, KindStrings:
		return nil // strings are bytes in the format
	case KindTensor:
		if err := checkText(a.Tensor.Name); err != nil {
			return err
		}
		return a.Tensor.check()
	}
	return fmt.Errorf("unknown kind %d", a.Kind)
}

func (v *ValueInfo) check(known names) error {
	if err := known.add(v.Name); err != nil {
		return err
	}
	for i, d := range v.Dims {
		if err := checkText(d.Name); err != nil {
			return fmt.Errorf("dimension %d: %w", i, err)
		}
		if d.Size < 0 || d.Size > 0 && d.Name != "" {
			return fmt.Errorf("dimension %d: invalid size %d with name %s", i, d.Size, quote(d.Name))
		}
	}
	return nil
}
