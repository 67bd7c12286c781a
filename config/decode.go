package config

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"pare/internal/suggest"
)

// custom is implemented by pointers to types that read themselves.
type custom interface {
	readNode(n *node, path string) error
}

// defaulter is implemented by pointers to structs whose defaults depend on what
// the section says.
type defaulter interface{ setDefaults(n *node) }

// decode reads n into v on top of what v holds, and checks it. path names n in
// messages.
func decode(n *node, v reflect.Value, path string, r rules) error {
	if n.kind == null {
		return noValue(n, path)
	}
	if c, ok := v.Addr().Interface().(custom); ok {
		return c.readNode(n, path)
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		return decode(n, v.Elem(), path, r)
	case reflect.Struct:
		return decodeStruct(n, v, path)
	case reflect.Map:
		return decodeMap(n, v, path, r)
	case reflect.Slice:
		return decodeList(n, v, path, r)
	case reflect.Interface:
		if v.NumMethod() == 0 {
			v.Set(reflect.ValueOf(n.plain()))
			return nil
		}
	case reflect.Bool:
		if n.kind != boolean {
			return n.at.errorf("%s must be true or false, got %s", path, n)
		}
		v.SetBool(isTrue(n.text))
		return nil
	case reflect.String:
		return decodeText(n, v, path, r)
	}
	if v.CanInt() || v.CanUint() || v.CanFloat() {
		return decodeNumber(n, v, path, r)
	}
	return n.at.errorf("%s cannot be set from a config: it is a %s", path, v.Type())
}

func noValue(n *node, path string) error {
	if n.missing {
		return n.at.errorf("%s has no value; give it one or remove the key", path)
	}
	return n.at.errorf("%s must not be null", path)
}

func decodeStruct(n *node, v reflect.Value, path string) error {
	if n.kind != section {
		return n.at.errorf("%s must be a section of keys, got %s", path, n)
	}
	if d, ok := v.Addr().Interface().(defaulter); ok {
		d.setDefaults(n)
	}
	fields, err := fieldsOf(v.Type())
	if err != nil {
		return err
	}
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	for _, e := range n.entries {
		i := slices.Index(keys, e.key)
		if i < 0 {
			return e.at.errorf("unknown key %s%s", join(path, e.key), hint(e.key, "keys here", path, keys))
		}
		if e.value.kind == null && !e.value.missing {
			if !mayBeNull(e.value, path, fields[i]) {
				return e.value.at.errorf("%s must not be null; remove the key to have its default", join(path, e.key))
			}
			continue
		}
		if err := decode(e.value, v.FieldByIndex(fields[i].index), join(path, e.key), fields[i].rules); err != nil {
			return err
		}
	}
	for _, f := range fields {
		if !f.required || n.has(f.key) {
			continue
		}
		full, where := join(path, f.key), n.at
		if null := n.get(f.key); null != nil {
			where = null.at
		}
		if f.typ.Kind() == reflect.Struct {
			// The message names what is missing inside.
			empty := &node{kind: section, at: where}
			if err := decode(empty, v.FieldByIndex(f.index), full, f.rules); err != nil {
				return err
			}
			continue
		}
		return where.errorf("%s is missing; it is %s", full, f.doc)
	}
	return nil
}

// mayBeNull reports whether null says something: that there is no such section, that
// fine-tuning does not inherit a key, or in an override that the key of the file is
// removed. Elsewhere it would be the default under another name.
func mayBeNull(n *node, path string, f field) bool {
	section := f.typ.Kind() == reflect.Pointer && f.typ.Elem().Kind() == reflect.Struct
	return section || n.at.overridden() || path == "finetune" || strings.HasPrefix(path, "finetune.")
}

func decodeMap(n *node, v reflect.Value, path string, r rules) error {
	if n.kind != section {
		return n.at.errorf("%s must be a section of keys, got %s", path, n)
	}
	if v.Type().Key().Kind() != reflect.String {
		return n.at.errorf("%s cannot be set from a config: it is a %s", path, v.Type())
	}
	m := reflect.MakeMap(v.Type())
	for _, e := range n.entries {
		value := reflect.New(v.Type().Elem()).Elem()
		if err := decode(e.value, value, join(path, e.key), r); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(e.key).Convert(v.Type().Key()), value)
	}
	v.Set(m)
	return nil
}

func decodeList(n *node, v reflect.Value, path string, r rules) error {
	items := n.items
	switch {
	case n.kind == list:
	case r.single && n.kind != section:
		items = []*node{n}
	case r.single:
		return n.at.errorf("%s must be one value or a list, got %s", path, n)
	default:
		return n.at.errorf("%s must be a list, got %s", path, n)
	}
	if r.filled && len(items) == 0 {
		return n.at.errorf("%s must not be empty; remove the key to have its default", path)
	}
	r.filled = false // said of the list
	out := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		name := path
		if n.kind == list {
			name = join(path, fmt.Sprint(i))
		}
		if err := decode(item, out.Index(i), name, r); err != nil {
			return err
		}
	}
	v.Set(out)
	return nil
}

func decodeText(n *node, v reflect.Value, path string, r rules) error {
	switch n.kind {
	case text:
	case list, section:
		return n.at.errorf("%s must be text, got %s", path, n)
	default:
		return n.at.errorf("%s must be text, got %s; quote it", path, n)
	}
	if r.filled && n.text == "" {
		return n.at.errorf("%s must not be empty; remove the key to have its default", path)
	}
	if r.enum != nil && !slices.Contains(r.enum, n.text) {
		near := suggest.Nearest(n.text, r.enum)
		hint := ""
		if len(near) > 0 {
			hint = "; did you mean " + near[0] + "?"
		}
		return n.at.errorf("%s must be %s, got %s%s", path, orList(r.enum), n, hint)
	}
	v.SetString(n.text)
	return nil
}

func orList(words []string) string { return joinList(words, " or ") }

func andList(words []string) string { return joinList(words, " and ") }

func joinList(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + last + words[len(words)-1]
}

func decodeNumber(n *node, v reflect.Value, path string, r rules) error {
	whole := v.CanInt() || v.CanUint()
	switch {
	case whole && n.kind != integer:
		return n.at.errorf("%s must be a whole number, got %s", path, n)
	case n.kind != integer && n.kind != float:
		return n.at.errorf("%s must be a number, got %s", path, n)
	}
	value, err := parseFloat(n.text, 64)
	if err != nil {
		return n.at.errorf("%s must be a finite number, got %s", path, n)
	}
	if r.limits == nil && v.CanUint() {
		r.limits = &interval{lo: 0, hi: math.Inf(1)}
	}
	if r.limits != nil && !r.limits.contains(value) {
		return n.at.errorf("%s must be %s, got %s", path, r.limits, n)
	}
	bits := v.Type().Bits()
	switch {
	case v.CanInt():
		var i int64
		i, err = parseInt(n.text, bits)
		v.SetInt(i)
	case v.CanUint():
		var u uint64
		u, err = parseUint(n.text, bits)
		v.SetUint(u)
	default:
		value, err = parseFloat(n.text, bits)
		v.SetFloat(value)
		// Networks compute in float32, where such a number is infinite, or 0.
		switch {
		case err == nil && math.Abs(value) > math.MaxFloat32:
			return n.at.errorf("%s is too large for single precision: %s", path, n)
		case err == nil && value != 0 && float32(value) == 0:
			return n.at.errorf("%s is too small for single precision: %s", path, n)
		}
	}
	if err != nil {
		return n.at.errorf("%s is too large: %s", path, n)
	}
	return nil
}
