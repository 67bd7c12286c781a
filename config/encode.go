package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"pare/datasets"
	"pare/internal/option"
)

// writer is implemented by types that write themselves.
type writer interface{ writeNode() *node }

func textNode(s string) *node { return &node{kind: text, text: s} }

// encode makes nodes of the types that a Config has.
func encode(v reflect.Value, r option.Rules) *node {
	if w, ok := v.Interface().(writer); ok {
		return w.writeNode()
	}
	if n, ok := option.NumbersOf(v); ok {
		numbers := n.Numbers()
		if len(numbers) == 1 {
			return encode(reflect.ValueOf(numbers[0]), r)
		}
		return encode(reflect.ValueOf(numbers), option.Rules{})
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return encode(v.Elem(), r)
	case reflect.Struct:
		out := &node{kind: section}
		for _, f := range option.Fields(v) {
			missing := f.OmitEmpty || f.Value.Kind() == reflect.Pointer || f.Value.Kind() == reflect.Interface
			if !missing || !f.Value.IsZero() {
				out.entries = append(out.entries, entry{key: f.Key, value: encode(f.Value, f.Rules)})
			}
		}
		return out
	case reflect.Map:
		out := &node{kind: section}
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, k := range keys {
			out.entries = append(out.entries, entry{key: k.String(), value: encode(v.MapIndex(k), r)})
		}
		return out
	case reflect.Slice:
		if r.Single && v.Len() == 1 {
			return encode(v.Index(0), r)
		}
		out := &node{kind: list}
		for i := range v.Len() {
			out.items = append(out.items, encode(v.Index(i), r))
		}
		return out
	case reflect.Bool:
		return &node{kind: boolean, text: strconv.FormatBool(v.Bool())}
	case reflect.Float32, reflect.Float64:
		if a, ok := v.Interface().(datasets.Amount); ok {
			return &node{kind: float, text: a.String()}
		}
		return encodeFloat(v.Float(), v.Type().Bits())
	case reflect.String:
		return textNode(v.String())
	}
	return &node{kind: integer, text: fmt.Sprint(v.Interface())}
}

func encodeFloat(v float64, bits int) *node {
	s := strconv.FormatFloat(v, 'g', -1, bits)
	if !strings.Contains(s, ".") {
		s = strings.Replace(s, "e", ".0e", 1) // YAML 1.1 takes 1e-08 for text
	}
	return &node{kind: float, text: s}
}

// YAML returns the complete config, with the defaults filled in. Parsing it gives an equal
// Config.
func (c *Config) YAML() []byte {
	root := c.node()
	if f, t := c.Finetune, c.Train; f != nil {
		tune, train := root.get("finetune"), root.get("train")
		if f.Optimizer.Type == t.Optimizer.Type {
			tune.get("optimizer").nullLike(train.get("optimizer"))
		}
		if f.Schedule.Type == t.Schedule.Type {
			tune.get("schedule").nullLike(train.get("schedule"))
		}
	}
	var b bytes.Buffer
	root.write(&b, "")
	return b.Bytes()
}

// dataOrder is the order of earlier versions, kept because checkpoints hold a hash of the
// written config. Keys that are not listed are written before carry.
var dataOrder = map[string]int{"dataset": -3, "dir": -2, "download": -2, "train": -1, "validation": -1, "test": -1,
	"carry": 1, "normalize": 2, "augment": 2}

func (c *Config) node() *node {
	root := encode(reflect.ValueOf(*c), option.Rules{})
	slices.SortStableFunc(root.get("data").entries, func(a, b entry) int { return dataOrder[a.key] - dataOrder[b.key] })
	return root
}

// MarshalJSON writes the config as used, with the keys of a file.
func (c *Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.node().plain()) }

// nullLike adds null for the keys of other that n leaves out, so that they are
// not inherited.
func (n *node) nullLike(other *node) {
	for _, e := range other.entries {
		if n.get(e.key) == nil {
			n.entries = append(n.entries, entry{key: e.key, value: &node{kind: null, text: "null"}})
		}
	}
}

// Equal reports whether two configs say the same; places do not count.
func (c *Config) Equal(other *Config) bool {
	if c == nil || other == nil {
		return c == other
	}
	return bytes.Equal(c.YAML(), other.YAML())
}

// write writes a section, one key a line.
func (n *node) write(b *bytes.Buffer, indent string) {
	for _, e := range n.entries {
		fmt.Fprintf(b, "%s%s:", indent, quote(e.key))
		switch {
		case e.value.kind == section && len(e.value.entries) > 0:
			b.WriteByte('\n')
			e.value.write(b, indent+"  ")
		case e.value.kind == list && slices.ContainsFunc(e.value.items, (*node).isSection):
			b.WriteByte('\n')
			for _, item := range e.value.items {
				item.writeItem(b, indent+"  ")
			}
		default:
			b.WriteByte(' ')
			e.value.writeFlow(b)
			b.WriteByte('\n')
		}
	}
}

func (n *node) isSection() bool { return n.kind == section }

// writeItem writes an item of a list: a section begins beside its dash.
func (n *node) writeItem(b *bytes.Buffer, indent string) {
	var item bytes.Buffer
	if n.kind == section && len(n.entries) > 0 {
		n.write(&item, indent+"  ")
	} else {
		item.WriteString(indent + "  ")
		n.writeFlow(&item)
		item.WriteByte('\n')
	}
	fmt.Fprintf(b, "%s- %s", indent, item.Bytes()[len(indent)+2:])
}

// writeFlow writes any value within a line.
func (n *node) writeFlow(b *bytes.Buffer) {
	switch n.kind {
	case text:
		b.WriteString(quote(n.text))
	case list:
		b.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				b.WriteString(", ")
			}
			item.writeFlow(b)
		}
		b.WriteByte(']')
	case section:
		b.WriteByte('{')
		for i, e := range n.entries {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(quote(e.key) + ": ")
			e.value.writeFlow(b)
		}
		b.WriteByte('}')
	default:
		b.WriteString(n.text)
	}
}
