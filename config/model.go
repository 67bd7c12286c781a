package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"pare/internal/option"
	"pare/internal/suggest"
	"pare/models"
	_ "pare/models/imported" // models by name
	"pare/models/pretrained"
	_ "pare/models/saved"
	_ "pare/models/torchvision"
	"pare/nn"
)

// Model names a model, or lists the layers of a network.
type Model struct {
	Type   string       // empty when Layers are listed
	Kind   models.Model // with its options; a *models.List when Layers are listed
	Layers []LayerEntry // nil when Type is given

	options *node // the other keys of the section
}

func (m *Model) readNode(n *node, path string) error {
	if n.kind != section {
		return n.at.errorf("%s must be a section of keys, got %s", path, n)
	}
	switch {
	case n.has("type") && n.has("layers"):
		return n.place("layers").errorf("%s has a type and layers; remove one of them", path)
	case n.has("type"):
		m.options = n.without("type", "layers").withoutRemoved()
		var c Choice[models.Model]
		err := decode(n.without("layers"), reflect.ValueOf(&c).Elem(), path, option.Rules{})
		m.Type, m.Kind = c.Type, c.Kind
		return err
	case n.has("layers"):
		m.options = n.without("type", "layers").withoutRemoved()
		var source pretrained.Source
		if err := decode(m.options, reflect.ValueOf(&source).Elem(), path, option.Rules{}); err != nil {
			return err
		}
		return m.readLayers(n.get("layers"), option.Join(path, "layers"), source)
	}
	for _, e := range n.entries {
		if near := suggest.Nearest(e.key, []string{"type", "layers"}); len(near) > 0 && e.value.kind != null {
			return e.at.errorf("unknown key %s; did you mean %s?", option.Join(path, e.key), option.Join(path, near[0]))
		}
	}
	return n.at.errorf("%s.type is missing; it is the name of a model, or give %s.layers", path, path)
}

func (m *Model) readLayers(n *node, path string, source pretrained.Source) error {
	if err := decode(n, reflect.ValueOf(&m.Layers).Elem(), path, option.Rules{}); err != nil {
		return err
	}
	if len(m.Layers) == 0 {
		return n.at.errorf("%s is empty; list at least one layer", path)
	}
	var entries []models.Entry
	seen := map[string]string{}
	for i, l := range m.Layers {
		entries = append(entries, models.Entry{Name: l.Name, Inputs: l.Inputs, Tied: l.Tied, New: l.New,
			Locate: func(err error) error { return l.Errorf("%s", err) }})
		if l.Name == "" {
			continue
		}
		entry := option.Join(path, fmt.Sprint(i))
		if first, ok := seen[l.Name]; ok {
			return l.where.place("name").errorf("%s: the name %s is already taken by %s", entry, l.Name, first)
		}
		seen[l.Name] = entry
	}
	m.Kind = &models.List{Source: source, Layers: entries}
	return nil
}

func (m Model) writeNode() *node {
	out := &node{kind: section}
	if m.Type != "" {
		out.entries = append(out.entries, entry{key: "type", value: textNode(m.Type)})
	}
	if m.Layers != nil {
		out.entries = append(out.entries, entry{key: "layers", value: encode(reflect.ValueOf(m.Layers), option.Rules{})})
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
	Tied   string   // a layer whose parameters it shares; empty: none

	options *node // the layer's own keys; nil: none
	where   *node // the options with name, inputs and tied, or the kind
	path    string
}

// wiring are the keys that every layer has.
type wiring struct {
	Name   string   `yaml:"name,omitempty" empty:"no" doc:"name of the layer; left out: the network chooses one"`
	Inputs []string `yaml:"inputs,omitempty" empty:"no" doc:"names of layers, or input; left out: the layer before"`
	Tied   string   `yaml:"tied,omitempty" empty:"no" doc:"a layer before it whose parameters it shares"`
}

// New returns the layer, not yet part of a network.
func (l LayerEntry) New() (nn.Layer, error) {
	layer, err := nn.Layers.New(l.Kind)
	if err != nil {
		return nil, l.Errorf("%s", err)
	}
	if l.options == nil {
		return layer, nil
	}
	return layer, decodeStruct(l.options, reflect.ValueOf(layer).Elem(), l.path, l.Kind)
}

// Errorf makes an *Error that points to the layer.
func (l LayerEntry) Errorf(format string, args ...any) error {
	if l.where == nil {
		return at{}.errorf(format, args...)
	}
	return l.where.at.errorf("%s: %s", l.path, fmt.Sprintf(format, args...))
}

func (l *LayerEntry) readNode(n *node, path string) error {
	if err := l.read(n, path); err != nil {
		return err
	}
	_, err := l.New()
	return err
}

func (l *LayerEntry) read(n *node, path string) error {
	if n.kind == text && n.text != "" {
		l.Kind, l.where, l.path = n.text, n, option.Join(path, n.text)
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
	l.Kind, l.path = e.key, option.Join(path, e.key)
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
	var generic wiring
	l.options = e.value.without("name", "inputs", "tied").withoutRemoved()
	own := make([]string, 0, len(l.options.entries))
	for _, o := range l.options.entries {
		own = append(own, o.key)
	}
	if err := decode(e.value.without(own...), reflect.ValueOf(&generic).Elem(), l.path, option.Rules{}); err != nil {
		return err
	}
	if i := slices.Index(generic.Inputs, ""); i >= 0 {
		return e.value.place(fmt.Sprintf("inputs.%d", i)).errorf("%s.inputs: a name must not be empty", l.path)
	}
	l.Name, l.Inputs, l.Tied = generic.Name, generic.Inputs, generic.Tied
	l.where = &node{kind: section, at: e.at, entries: e.value.entries}
	return nil
}

func (l LayerEntry) writeNode() *node {
	options := &node{kind: section}
	if l.Name != "" {
		options.entries = append(options.entries, entry{key: "name", value: textNode(l.Name)})
	}
	if len(l.Inputs) > 0 {
		options.entries = append(options.entries, entry{key: "inputs", value: encode(reflect.ValueOf(l.Inputs), option.Rules{})})
	}
	if l.Tied != "" {
		options.entries = append(options.entries, entry{key: "tied", value: textNode(l.Tied)})
	}
	if l.options != nil {
		options.entries = append(options.entries, l.options.entries...)
	}
	if len(options.entries) == 0 {
		return textNode(l.Kind)
	}
	return &node{kind: section, entries: []entry{{key: l.Kind, value: options}}}
}

// Schema is the JSON schema (draft 2020-12) of a config, for editors.
func Schema() []byte {
	s := option.Schema(reflect.ValueOf(*defaults()))
	allowNullBelow(s["properties"].(map[string]any)["finetune"].(map[string]any))
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "pare config"
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil // the schema is maps, texts and numbers, which JSON has
	}
	return append(data, '\n')
}

// allowNullBelow lets the keys of a section be null, and the keys of the sections in it
// whose type may be inherited.
func allowNullBelow(s map[string]any) {
	if kinds, ok := s["oneOf"].([]any); ok {
		for _, k := range kinds {
			delete(k.(map[string]any), "required")
			allowNullBelow(k.(map[string]any))
		}
		delete(s, "oneOf")
		s["anyOf"] = kinds
	}
	properties, _ := s["properties"].(map[string]any)
	for _, p := range properties {
		allowNullBelow(p.(map[string]any))
		option.AllowNull(p.(map[string]any))
	}
}

// Schema has one section for each model, and one for a list of layers.
func (Model) Schema() map[string]any {
	s := option.Schema(reflect.ValueOf(Choice[models.Model]{}))
	entry := option.Schema(reflect.ValueOf(LayerEntry{}))
	layers := map[string]any{"type": "array", "minItems": 1, "items": entry, "description": "the layers of the network, in place of a type"}
	properties := option.Schema(reflect.ValueOf(pretrained.Source{}))["properties"].(map[string]any)
	properties["layers"] = layers
	s["oneOf"] = append(s["oneOf"].([]any), map[string]any{
		"properties": properties, "required": []string{"layers"}, "additionalProperties": false})
	return s
}

// Schema is the kind of a layer, or the one key of a section, with the options below it.
func (LayerEntry) Schema() map[string]any {
	properties := map[string]any{}
	var kinds []any
	for _, kind := range nn.Layers.Names() {
		layer, _ := nn.Layers.New(kind)
		s := option.Schema(reflect.ValueOf(layer).Elem())
		for key, p := range option.Schema(reflect.ValueOf(wiring{}))["properties"].(map[string]any) {
			s["properties"].(map[string]any)[key] = p
		}
		s["description"] = nn.Layers.Doc(kind)
		option.AllowNull(s)
		properties[kind] = s
		kinds = append(kinds, map[string]any{"const": kind, "description": nn.Layers.Doc(kind)})
	}
	section := map[string]any{"type": "object", "minProperties": 1, "maxProperties": 1,
		"properties": properties, "additionalProperties": false}
	return map[string]any{"anyOf": append(kinds, section)}
}
