package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"pare/internal/suggest"
)

// Model names a registered model, or lists the layers of a network.
type Model struct {
	Type   string       // empty when Layers are listed
	Layers []LayerEntry // nil when Type is given

	options *node // the other keys of the section
}

// Decode reads the model's own options into the struct at into, on top of what
// it holds. Errors in the options are of type *Error.
func (m Model) Decode(into any) error { return decodeInto(m.options, into, "model") }

// MarshalJSON writes the section as it is in the config.
func (m Model) MarshalJSON() ([]byte, error) { return json.Marshal(m.writeNode().plain()) }

func (m *Model) readNode(n *node, path string) error {
	if n.kind != section {
		return n.at.errorf("%s must be a section of keys, got %s", path, n)
	}
	switch {
	case n.has("type") && n.has("layers"):
		return n.place("layers").errorf("%s has a type and layers; remove one of them", path)
	case n.has("type"):
		m.options = n.without("type", "layers").withoutRemoved()
		if err := decode(n.get("type"), reflect.ValueOf(&m.Type).Elem(), join(path, "type"), rules{}); err != nil {
			return err
		}
		if m.Type == "" {
			return n.place("type").errorf("%s.type must not be empty", path)
		}
		return m.options.noneMissing(path)
	case n.has("layers"):
		m.options = n.without("type", "layers")
		for _, e := range m.options.entries {
			return e.at.errorf("unknown key %s; a model of layers has no other keys", join(path, e.key))
		}
		return m.readLayers(n.get("layers"), join(path, "layers"))
	}
	for _, e := range n.entries {
		if near := suggest.Nearest(e.key, []string{"type", "layers"}); len(near) > 0 && e.value.kind != null {
			return e.at.errorf("unknown key %s; did you mean %s?", join(path, e.key), join(path, near[0]))
		}
	}
	return n.at.errorf("%s.type is missing; it is the name of a model, or give %s.layers", path, path)
}

func (m *Model) readLayers(n *node, path string) error {
	if err := decode(n, reflect.ValueOf(&m.Layers).Elem(), path, rules{}); err != nil {
		return err
	}
	if len(m.Layers) == 0 {
		return n.at.errorf("%s is empty; list at least one layer", path)
	}
	seen := map[string]string{}
	for i, l := range m.Layers {
		if l.Name == "" {
			continue
		}
		entry := join(path, fmt.Sprint(i))
		if first, ok := seen[l.Name]; ok {
			return l.where.place("name").errorf("%s: the name %s is already taken by %s", entry, l.Name, first)
		}
		seen[l.Name] = entry
	}
	return nil
}

func (m Model) writeNode() *node {
	out := &node{kind: section}
	if m.Type != "" {
		out.entries = append(out.entries, entry{key: "type", value: textNode(m.Type)})
	}
	if m.Layers != nil {
		out.entries = append(out.entries, entry{key: "layers", value: encode(reflect.ValueOf(m.Layers), rules{})})
	}
	if m.options != nil {
		out.entries = append(out.entries, m.options.entries...)
	}
	return out
}

// LayerEntry is an item of model.layers: a kind of layer with options, as in
// "conv: {out: 32, name: conv1}", or the kind alone.
type LayerEntry struct {
	Kind   string
	Name   string   // empty: the network chooses one
	Inputs []string // names of layers, or "input"; nil: the layer before

	options *node // the layer's own keys; nil: none
	where   *node // the options with name and inputs, or the kind
	path    string
}

// Decode reads the layer's hyper-parameters into the struct at into, on top of
// what it holds. Errors in them are of type *Error.
func (l LayerEntry) Decode(into any) error {
	if l.options == nil {
		return nil
	}
	return decodeInto(l.options, into, l.path)
}

// Errorf makes an *Error that points to the layer.
func (l LayerEntry) Errorf(format string, args ...any) error {
	if l.where == nil {
		return at{}.errorf(format, args...)
	}
	return l.where.at.errorf("%s: %s", l.path, fmt.Sprintf(format, args...))
}

// MarshalJSON writes the entry as it is in the config.
func (l LayerEntry) MarshalJSON() ([]byte, error) { return json.Marshal(l.writeNode().plain()) }

func (l *LayerEntry) readNode(n *node, path string) error {
	if n.kind == text && n.text != "" {
		l.Kind, l.where, l.path = n.text, n, join(path, n.text)
		return nil
	}
	if n.kind != section || len(n.entries) == 0 {
		return n.at.errorf("%s must be the kind of a layer or one key with its options, got %s", path, n)
	}
	if len(n.entries) > 1 {
		return n.entries[1].at.errorf("%s has the keys %s and %s, a layer is one key; indent its options below it",
			path, n.entries[0].key, n.entries[1].key)
	}
	e := n.entries[0]
	l.Kind, l.path = e.key, join(path, e.key)
	l.where = &node{kind: text, at: e.at, text: e.key}
	if e.key == "" {
		return e.at.errorf("%s: the kind of layer must not be empty", path)
	}
	if e.value.kind == null {
		return nil
	}
	if e.value.kind != section {
		return e.value.at.errorf("%s must be a section of keys, got %s", l.path, e.value)
	}
	generic := struct {
		Name   string   `yaml:"name" empty:"no"`
		Inputs []string `yaml:"inputs" empty:"no"`
	}{}
	l.options = e.value.without("name", "inputs").withoutRemoved()
	own := make([]string, 0, len(l.options.entries))
	for _, o := range l.options.entries {
		own = append(own, o.key)
	}
	if err := decode(e.value.without(own...), reflect.ValueOf(&generic).Elem(), l.path, rules{}); err != nil {
		return err
	}
	if generic.Inputs != nil && len(generic.Inputs) == 0 {
		return e.value.place("inputs").errorf("%s.inputs is empty; name a layer, or leave it out to read the layer before", l.path)
	}
	if i := slices.Index(generic.Inputs, ""); i >= 0 {
		return e.value.place(fmt.Sprintf("inputs.%d", i)).errorf("%s.inputs: a name must not be empty", l.path)
	}
	l.Name, l.Inputs = generic.Name, generic.Inputs
	l.where = &node{kind: section, at: e.at, entries: e.value.entries}
	return l.options.noneMissing(l.path)
}

func (l LayerEntry) writeNode() *node {
	options := &node{kind: section}
	if l.Name != "" {
		options.entries = append(options.entries, entry{key: "name", value: textNode(l.Name)})
	}
	if len(l.Inputs) > 0 {
		options.entries = append(options.entries, entry{key: "inputs", value: encode(reflect.ValueOf(l.Inputs), rules{})})
	}
	if l.options != nil {
		options.entries = append(options.entries, l.options.entries...)
	}
	if len(options.entries) == 0 {
		return textNode(l.Kind)
	}
	return &node{kind: section, entries: []entry{{key: l.Kind, value: options}}}
}

// decodeInto decodes into a pointer that a caller of the package gives.
func decodeInto(n *node, into any, path string) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return fmt.Errorf("config: %s: options must be decoded into a pointer, got %T", path, into)
	}
	if n == nil {
		n = &node{kind: section}
	}
	return decode(n, v.Elem(), path, rules{})
}
