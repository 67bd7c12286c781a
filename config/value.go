package config

import (
	"bytes"
	"reflect"

	"pare/internal/option"
)

// Value is a value of a YAML document, with its place: a document other than a config is read
// with the rules of configs by ReadDocument and Decode. As the type of an option it takes any
// value, null included. The zero Value stands for a key that is left out.
type Value struct{ n *node }

// Reader is implemented by pointers to types that read themselves from documents. path names
// the value in messages.
type Reader interface {
	ReadValue(v Value, path string) error
}

// ReadDocument parses one YAML document, a section of keys. Errors name file and are of type
// *Error; noun names the kind of document in them: "a sweep".
func ReadDocument(file string, data []byte, noun string) (Value, error) {
	root, err := read(data, func(line, col int) at { return at{file, line, col} })
	switch {
	case err != nil:
		return Value{}, err
	case root.kind == null && root.missing:
		return Value{}, root.at.errorf("the file is empty; %s is a section of keys", noun)
	case root.kind != section:
		return Value{}, root.at.errorf("%s is a section of keys, got %s", noun, root)
	}
	return Value{root}, nil
}

// Decode reads the value into a pointer whose type has the tags of package option, on top of
// its defaults, and checks it as a config is checked. path names the value in messages; "" is
// the document.
func (v Value) Decode(into any, path string) error {
	return decode(v.n, reflect.ValueOf(into).Elem(), path, option.Rules{})
}

// IsZero reports whether the key is left out.
func (v Value) IsZero() bool { return v.n == nil }

// IsSection reports whether the value is a section of keys.
func (v Value) IsSection() bool { return v.n != nil && v.n.kind == section }

// Has reports whether a section has a value for the key that is not null.
func (v Value) Has(key string) bool { return v.n.has(key) }

// YAML is the value in one line.
func (v Value) YAML() string {
	var b bytes.Buffer
	v.n.writeFlow(&b)
	return b.String()
}

// Plain is the value as nil, bool, int64, uint64, float64, string, []any or map[string]any.
func (v Value) Plain() any { return v.n.plain() }

// At is the value at a dotted path below v or, if there is none, its nearest section.
func (v Value) At(path string) Value {
	if v.n == nil {
		return v
	}
	n, where := v.n.find(path)
	if n == nil {
		n = &node{kind: null, at: where}
	}
	return Value{n}
}

// Errorf makes an *Error that points to the value.
func (v Value) Errorf(format string, args ...any) error { return v.n.at.errorf(format, args...) }

// Named is a kind that is written as its name alone, or as {name: {options}}.
type Named[T any] struct {
	Choice[T]
	Value Value `yaml:"-"` // as written, for places of errors
}

func (k *Named[T]) readNode(n *node, path string) error {
	k.Value = Value{n}
	name, options := n, &node{kind: section, at: n.at}
	switch {
	case n.kind == section && len(n.entries) == 1:
		e := n.entries[0]
		name, options = &node{kind: text, at: e.at, text: e.key}, e.value
		if options.kind != section {
			return options.at.errorf("%s must be a section of keys, got %s", option.Join(path, e.key), options)
		}
	case n.kind == section:
		return n.at.errorf("%s must be a name, or one name with its options: {name: {option: value}}", path)
	case n.kind != text:
		return n.at.errorf("%s must be a name, got %s", path, n)
	}
	choice, _ := option.ChoiceOf(reflect.ValueOf(&k.Choice).Elem())
	if _, err := choice.Kinds.Make(name.text); err != nil {
		return name.at.errorf("%s: %s", path, err)
	}
	if options.get(choice.Key) != nil {
		return options.place(choice.Key).errorf("unknown key %s", option.Join(option.Join(path, name.text), choice.Key))
	}
	all := &node{kind: section, at: name.at, entries: append([]entry{{choice.Key, name.at, name}}, options.entries...)}
	return decode(all, reflect.ValueOf(&k.Choice).Elem(), option.Join(path, name.text), option.Rules{})
}
