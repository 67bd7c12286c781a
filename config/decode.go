package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"pare/internal/option"
	"pare/internal/suggest"
)

// custom is implemented by pointers to types that read themselves.
type custom interface {
	readNode(n *node, path string) error
}

// defaulter is implemented by pointers to sections that may be missing: Defaults sets the
// options that one leaves out.
type defaulter interface{ Defaults() }

// decode reads n into v on top of the values of v, and checks it. path names n in
// messages.
func decode(n *node, v reflect.Value, path string, r option.Rules) error {
	if raw, ok := v.Addr().Interface().(*Value); ok && !n.missing {
		raw.n = n
		return nil
	}
	if n.kind == null {
		return noValue(n, path)
	}
	if c, ok := v.Addr().Interface().(Reader); ok {
		return c.ReadValue(Value{n}, path)
	}
	if c, ok := v.Addr().Interface().(custom); ok {
		return c.readNode(n, path)
	}
	if numbers, ok := option.NumbersOf(v); ok {
		return decodeNumbers(n, numbers, path, r)
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		return decode(n, v.Elem(), path, r)
	case reflect.Struct:
		if choice, ok := option.ChoiceOf(v); ok && r.Single && n.kind == text {
			n = &node{kind: section, at: n.at, entries: []entry{{key: choice.Key, at: n.at, value: n}}}
		}
		return decodeStruct(n, v, path, "")
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

// decodeStruct reads a section. kind names the kind that its keys are options of; "": none.
func decodeStruct(n *node, v reflect.Value, path, kind string) error {
	if n.kind != section {
		return n.at.errorf("%s must be a section of keys, got %s", path, n)
	}
	if d, ok := v.Addr().Interface().(defaulter); ok {
		d.Defaults()
	}
	choice, chosen := option.ChoiceOf(v)
	if chosen {
		if err := pick(n, choice, path); err != nil {
			return err
		}
		kind = choice.Name.String()
	}
	fields := option.Fields(v)
	var keys []string
	for i, f := range fields {
		if slices.ContainsFunc(fields[:i], func(other option.Field) bool { return other.Key == f.Key }) {
			return n.place(f.Key).errorf("%s: %s has an option of the same key as the section; rename it in the program",
				option.Join(path, f.Key), kind)
		}
		if !chosen || f.Key != choice.Key {
			keys = append(keys, f.Key)
		}
	}
	for _, e := range n.entries {
		full := option.Join(path, e.key)
		i := slices.IndexFunc(fields, func(f option.Field) bool { return f.Key == e.key })
		if i < 0 && chosen && e.value.kind == null && e.value.at.overridden() && choice.HasOption(e.key) {
			continue // an option of the kind that the file names, and an override does not
		}
		if i < 0 {
			return unknownKey(e, path, choice.Key, keys, kind)
		}
		if e.value.kind == null && !e.value.missing {
			if !mayBeNull(e.value, path, fields[i]) {
				return e.value.at.errorf("%s must not be null; remove the key to have its default", full)
			}
			continue
		}
		if err := decode(e.value, fields[i].Value, full, fields[i].Rules); err != nil {
			return err
		}
	}
	for _, f := range fields {
		if !f.Required || n.has(f.Key) {
			continue
		}
		if f.Value.Kind() != reflect.Struct {
			return n.lacks(path, f.Key, f.Doc)
		}
		// The message names the key that is missing inside.
		if err := decode(&node{kind: section, at: n.absent(f.Key)}, f.Value, option.Join(path, f.Key), f.Rules); err != nil {
			return err
		}
	}
	if chosen {
		if err := option.Check(choice.Kind.Interface()); err != nil {
			return n.locate(path, err)
		}
	}
	if check, ok := v.Addr().Interface().(option.Validator); ok {
		return n.locate(path, check.Validate())
	}
	return nil
}

// pick makes the kind that the section names or, if it names none, the kind that the struct
// names.
func pick(n *node, c option.Choice, path string) error {
	name, where := c.Name.String(), n.at
	if n.has(c.Key) {
		if err := decode(n.get(c.Key), c.Name, option.Join(path, c.Key), option.Rules{}); err != nil {
			return err
		}
		name, where = c.Name.String(), n.get(c.Key).at
	} else if name == "" {
		for _, e := range n.entries {
			if e.key != c.Key && suggest.Nearest(e.key, []string{c.Key}) != nil && !c.HasOption(e.key) {
				return unknownKey(e, path, c.Key, nil, "")
			}
		}
		return n.lacks(path, c.Key, "the "+c.Kinds.Noun()+": "+option.OneOf(c.Kinds.Names()))
	}
	if err := c.Set(name); err != nil {
		return where.errorf("%s: %s", option.Join(path, c.Key), err)
	}
	return nil
}

// unknownKey refuses a key of a section with the keys; choice is the one that names the
// kind, whose name is kind. "": the section has none.
func unknownKey(e entry, path, choice string, keys []string, kind string) error {
	full, all := option.Join(path, e.key), keys
	if choice != "" {
		all = append([]string{choice}, keys...)
	}
	if kind == "" {
		return e.at.errorf("unknown key %s%s", full, hint(e.key, "keys here", path, all))
	}
	near, its := "", "it has none"
	if names := suggest.Nearest(e.key, all); len(names) > 0 {
		near = "did you mean " + option.Join(path, names[0]) + "? "
	}
	if len(keys) > 0 {
		its = "its options are " + strings.Join(keys, ", ")
	}
	return e.at.errorf("%s is not an option of %s; %s%s", full, kind, near, its)
}

// absent is the place to point to where a key has no value.
func (n *node) absent(key string) at {
	if null := n.get(key); null != nil {
		return null.at
	}
	return n.at
}

// lacks is the error of a required key that has no value.
func (n *node) lacks(path, key, doc string) error {
	return n.absent(key).errorf("%s is missing; it is %s", option.Join(path, key), doc)
}

// mayBeNull reports whether null has a meaning here: no such section, a key that
// fine-tuning does not inherit, or in an override a key of the file to remove. Elsewhere
// null would be a second name for the default.
func mayBeNull(n *node, path string, f option.Field) bool {
	return f.IsSection() || n.at.overridden() || path == "finetune" || strings.HasPrefix(path, "finetune.")
}

func decodeMap(n *node, v reflect.Value, path string, r option.Rules) error {
	if n.kind != section {
		return n.at.errorf("%s must be a section of keys, got %s", path, n)
	}
	m := reflect.MakeMap(v.Type())
	for _, e := range n.entries {
		value := reflect.New(v.Type().Elem()).Elem()
		if err := decode(e.value, value, option.Join(path, e.key), r); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(e.key).Convert(v.Type().Key()), value)
	}
	v.Set(m)
	return nil
}

func decodeList(n *node, v reflect.Value, path string, r option.Rules) error {
	items := n.items
	switch {
	case n.kind == list:
	case r.Single && n.kind != section:
		items = []*node{n}
	case r.Single:
		return n.at.errorf("%s must be one value or a list, got %s", path, n)
	default:
		return n.at.errorf("%s must be a list, got %s", path, n)
	}
	if fault := r.List(len(items)); fault != "" {
		return n.at.errorf("%s %s", path, fault)
	}
	r = r.Item(v.Type())
	out := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		name := path
		if n.kind == list {
			name = option.Join(path, fmt.Sprint(i))
		}
		if err := decode(item, out.Index(i), name, r); err != nil {
			return err
		}
	}
	v.Set(out)
	return nil
}

func decodeText(n *node, v reflect.Value, path string, r option.Rules) error {
	switch n.kind {
	case text:
	case list, section:
		return n.at.errorf("%s must be text, got %s", path, n)
	default:
		return n.at.errorf("%s must be text, got %s; quote it", path, n)
	}
	if fault := r.Text(n.text, n.String()); fault != "" {
		return n.at.errorf("%s %s", path, fault)
	}
	v.SetString(n.text)
	return nil
}

func decodeNumber(n *node, v reflect.Value, path string, r option.Rules) error {
	whole := v.CanInt() || v.CanUint()
	switch {
	case whole && n.kind != integer:
		return n.at.errorf("%s must be a whole number, got %s", path, n)
	case r.Fraction && n.kind == text:
		return decodeFraction(n, v, path, r)
	case r.Fraction && n.kind != integer && n.kind != float:
		return n.at.errorf("%s must be a number or a fraction, such as 8/255, got %s", path, n)
	case n.kind != integer && n.kind != float:
		return n.at.errorf("%s must be a number, got %s", path, n)
	}
	value, err := parseFloat(n.text, 64)
	if err != nil {
		return n.at.errorf("%s must be a finite number, got %s", path, n)
	}
	if v.CanUint() {
		r = r.AtLeastZero()
	}
	if fault := r.Number(value, n.String()); fault != "" {
		return n.at.errorf("%s %s", path, fault)
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
	}
	if err != nil {
		return n.at.errorf("%s is too large: %s", path, n)
	}
	return nil
}

// decodeFraction reads a fraction, which is a text to YAML.
func decodeFraction(n *node, v reflect.Value, path string, r option.Rules) error {
	value, err := option.ParseNumber(n.text)
	if err != nil || !strings.Contains(n.text, "/") {
		return n.at.errorf("%s must be a number or a fraction, such as 8/255, got %s", path, n)
	}
	if fault := r.Number(value, n.String()); fault != "" {
		return n.at.errorf("%s %s", path, fault)
	}
	v.SetFloat(value)
	return nil
}

func decodeNumbers(n *node, into option.Numbers, path string, r option.Rules) error {
	var v []int
	switch {
	case n.kind == list && slices.Contains(into.Lengths(), len(n.items)):
		if err := decodeList(n, reflect.ValueOf(&v).Elem(), path, r); err != nil {
			return err
		}
	case n.kind == integer:
		v = make([]int, 1)
		if err := decodeNumber(n, reflect.ValueOf(&v[0]).Elem(), path, r); err != nil {
			return err
		}
	default:
		return n.at.errorf("%s must be %s, got %s", path, option.NumbersForm(into), n)
	}
	into.SetNumbers(v)
	return nil
}

// hint ends a message about an unknown word. prefix comes before the names.
func hint(word, these, prefix string, names []string) string {
	near := suggest.Nearest(word, names)
	for i := range near {
		near[i] = option.Join(prefix, near[i])
	}
	switch {
	case len(near) > 0:
		return fmt.Sprintf("; did you mean %s?", strings.Join(near, " or "))
	case len(names) == 0:
		return fmt.Sprintf("; there are no %s", these)
	}
	return fmt.Sprintf("; the %s are %s", these, strings.Join(names, ", "))
}
