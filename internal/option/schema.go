package option

import (
	"maps"
	"math"
	"reflect"
	"slices"
)

// SchemaWriter is implemented by types whose schema does not follow from their fields.
type SchemaWriter interface{ Schema() map[string]any }

// Schema describes the options of v in JSON schema (draft 2020-12); their values in v are
// the defaults. A struct with a kind tag has one schema for each kind.
func Schema(v reflect.Value) map[string]any { return schema(v, Rules{}) }

func schema(v reflect.Value, r Rules) map[string]any {
	if w, ok := v.Interface().(SchemaWriter); ok {
		return w.Schema()
	}
	if n, ok := NumbersOf(v); ok {
		return numbersSchema(n, r)
	}
	switch v.Kind() {
	case reflect.Pointer:
		return schema(reflect.New(v.Type().Elem()).Elem(), r)
	case reflect.Struct:
		s := structSchema(v)
		if c, ok := ChoiceOf(v); ok && r.Single {
			return map[string]any{"anyOf": []any{map[string]any{"type": "string", "enum": c.Kinds.Names()}, s}}
		}
		return s
	case reflect.Interface:
		return map[string]any{}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schema(reflect.New(v.Type().Elem()).Elem(), r)}
	case reflect.Slice:
		filled := r.Filled
		item := schema(reflect.New(v.Type().Elem()).Elem(), r.Item(v.Type()))
		s := map[string]any{"type": "array", "items": item}
		if filled {
			s["minItems"] = 1
		}
		if r.Single {
			if filled && item["type"] == "string" {
				item = maps.Clone(item)
				item["minLength"] = 1
			}
			return map[string]any{"anyOf": []any{item, s}}
		}
		return s
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.String:
		s := map[string]any{"type": "string"}
		if r.enum != nil {
			s["enum"] = r.enum
		}
		if r.Filled {
			s["minLength"] = 1
		}
		return s
	case reflect.Float32, reflect.Float64:
		s := numberSchema("number", r)
		if r.Fraction {
			return map[string]any{"anyOf": []any{s, map[string]any{"type": "string", "pattern": fractionPattern}}}
		}
		return s
	}
	if v.CanUint() {
		r = r.AtLeastZero()
	}
	return numberSchema("integer", r)
}

func numberSchema(typ string, r Rules) map[string]any {
	s := map[string]any{"type": typ}
	if r.limits == nil {
		return s
	}
	limit := func(v float64, open bool, closedKey, openKey string) {
		switch {
		case math.IsInf(v, 0):
		case open:
			s[openKey] = v
		default:
			s[closedKey] = v
		}
	}
	limit(r.limits.lo, r.limits.loOpen, "minimum", "exclusiveMinimum")
	limit(r.limits.hi, r.limits.hiOpen, "maximum", "exclusiveMaximum")
	return s
}

// structSchema describes a section of keys: one section for each kind where it holds one.
func structSchema(v reflect.Value) map[string]any {
	own := reflect.New(v.Type()).Elem()
	own.Set(v)
	c, ok := ChoiceOf(own)
	if !ok {
		return fieldsSchema(own)
	}
	byDefault := c.Name.String()
	var kinds []any
	for _, name := range c.Kinds.Names() {
		if c.Set(name) != nil {
			continue
		}
		s := fieldsSchema(own)
		s["properties"].(map[string]any)[c.Key] = map[string]any{"const": name, "description": c.Kinds.Doc(name)}
		required, _ := s["required"].([]string)
		if name != byDefault && !slices.Contains(required, c.Key) {
			s["required"] = append(required, c.Key)
		}
		kinds = append(kinds, s)
	}
	return map[string]any{"type": "object", "oneOf": kinds}
}

func fieldsSchema(v reflect.Value) map[string]any {
	properties := map[string]any{}
	var required []string
	for _, f := range Fields(v) {
		s := schema(f.Value, f.Rules)
		if f.Doc != "" {
			s["description"] = f.Doc
		}
		switch f.Value.Kind() {
		case reflect.Struct, reflect.Pointer, reflect.Interface:
		default:
			if !f.Required && !(f.OmitEmpty && f.Value.IsZero()) && !(f.Value.Kind() == reflect.String && f.Value.IsZero()) {
				s["default"] = f.Value.Interface()
			}
		}
		switch {
		case f.Required:
			required = append(required, f.Key)
		case f.IsSection():
			AllowNull(s)
		}
		properties[f.Key] = s
	}
	s := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if required != nil {
		s["required"] = required
	}
	return s
}

// AllowNull lets the value that a schema describes be null, which stands for a key that is
// left out.
func AllowNull(s map[string]any) {
	if typ, ok := s["type"].(string); ok {
		s["type"] = []string{typ, "null"}
	}
	if only, ok := s["const"].(string); ok {
		delete(s, "const")
		s["enum"] = []string{only}
	}
	if enum, ok := s["enum"].([]string); ok {
		values := []any{nil}
		for _, e := range enum {
			values = append(values, e)
		}
		s["enum"] = values
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		if choices, ok := s[key].([]any); ok {
			s[key] = append(choices, map[string]any{"type": "null"})
		}
	}
}
