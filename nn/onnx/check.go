package onnx

import (
	"cmp"
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
	err := checkText(m.Producer, m.ProducerVersion, m.Graph.Name)
	for _, k := range slices.Sorted(maps.Keys(m.Metadata)) {
		err = cmp.Or(err, within(checkText(k, m.Metadata[k]), "metadata %s", quote(k)))
	}
	if m.Graph.Name == "" {
		err = cmp.Or(err, errors.New("graph has no name"))
	}
	return cmp.Or(err, m.Graph.check())
}

// within puts the name of a part of the model in front of its error, which may be nil.
func within(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
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
	err := checkText(s)
	switch {
	case s == "":
		return errors.New("empty name")
	case err == nil && n[s]:
		return errors.New("duplicate name")
	}
	n[s] = true
	return err
}

func (g *Graph) check() (err error) {
	defined := names{} // values that nodes can use
	for _, v := range g.Inputs {
		err = cmp.Or(err, within(v.check(defined), "graph input %s", quote(v.Name)))
	}
	initialized, nodes, outputs := names{}, names{}, names{}
	for i := range g.Initializers {
		t := &g.Initializers[i]
		err = cmp.Or(err, within(cmp.Or(initialized.add(t.Name), t.check()), "initializer %s", quote(t.Name)))
		defined[t.Name] = true
	}
	for i, n := range g.Nodes {
		err = cmp.Or(err, within(n.check(nodes, defined), "node %d %s (%s)", i, quote(n.Name), quote(n.Op)))
	}
	for _, v := range g.Outputs {
		err = cmp.Or(err, within(v.check(outputs), "graph output %s", quote(v.Name)))
		if !defined[v.Name] {
			err = cmp.Or(err, fmt.Errorf("graph output %s: not the output of any node, nor an input or initializer", quote(v.Name)))
		}
	}
	return err
}

// check checks the node and adds its name to nodes, its outputs to defined.
func (n *Node) check(nodes, defined names) (err error) {
	if n.Name != "" {
		err = nodes.add(n.Name)
	}
	if n.Op == "" {
		err = cmp.Or(err, errors.New("no operator"))
	}
	err = cmp.Or(err, checkText(n.Op))
	for _, s := range n.Inputs {
		if s != "" && !defined[s] {
			err = cmp.Or(err, fmt.Errorf("input %s is not defined before the node", quote(s)))
		}
	}
	found := false
	for _, s := range n.Outputs {
		if s != "" {
			found = true
			err = cmp.Or(err, within(defined.add(s), "output %s", quote(s)))
		}
	}
	if !found {
		err = cmp.Or(err, errors.New("no outputs"))
	}
	attrs := names{}
	for _, a := range n.Attrs {
		err = cmp.Or(err, within(cmp.Or(attrs.add(a.Name), a.check()), "attribute %s", quote(a.Name)))
	}
	return err
}

func (a *Attr) check() error {
	switch a.Kind {
	case KindFloat, KindInt, KindFloats, KindInts, KindString, KindStrings, KindGraph:
		return nil // strings are bytes in the format
	case KindTensor:
		return cmp.Or(checkText(a.Tensor.Name), a.Tensor.check())
	}
	return fmt.Errorf("unknown kind %d", a.Kind)
}

func (v *ValueInfo) check(known names) error {
	err := known.add(v.Name)
	for i, d := range v.Dims {
		err = cmp.Or(err, within(checkText(d.Name), "dimension %d", i))
		if d.Size < 0 || d.Size > 0 && d.Name != "" {
			err = cmp.Or(err, fmt.Errorf("dimension %d: invalid size %d with name %s", i, d.Size, quote(d.Name)))
		}
	}
	return err
}
