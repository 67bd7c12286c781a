package config

import (
	"encoding/json"
	"math"
	"reflect"
)

// schemaWriter is implemented by types whose schema is not that of their fields.
type schemaWriter interface{ schema() map[string]any }

// Schema is the JSON schema (draft 2020-12) of a config, for editors. The
// options of models and layers are open in it; Model.Decode checks them.
func Schema() []byte {
	s := schemaOf(reflect.ValueOf(*defaults()), rules{})
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "pare config"
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil // the schema is maps, texts and numbers, which JSON has
	}
	return append(data, '\n')
}

// schemaOf describes the type of v; the fields of v are the defaults.
func schemaOf(v reflect.Value, r rules) map[string]any {
	if w, ok := v.Interface().(schemaWriter); ok {
		return w.schema()
	}
	switch v.Kind() {
	case reflect.Pointer:
		return schemaOf(reflect.Zero(v.Type().Elem()), r)
	case reflect.Struct:
		return structSchema(v)
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(reflect.Zero(v.Type().Elem()), r)}
	case reflect.Slice:
		item := schemaOf(reflect.Zero(v.Type().Elem()), r)
		s := map[string]any{"type": "array", "items": item}
		if r.single {
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
		return s
	case reflect.Float64:
		return numberSchema("number", r)
	case reflect.Uint64:
		r.limits = &interval{lo: 0, hi: math.Inf(1)}
	}
	return numberSchema("integer", r)
}

func numberSchema(typ string, r rules) map[string]any {
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

func structSchema(v reflect.Value) map[string]any {
	fields, _ := fieldsOf(v.Type()) // the tags of this package are tested
	properties := map[string]any{}
	var required []string
	for _, f := range fields {
		value := v.FieldByIndex(f.index)
		s := schemaOf(value, f.rules)
		s["description"] = f.doc
		switch value.Kind() {
		case reflect.Struct, reflect.Pointer:
		default:
			if !f.required && !(f.omitEmpty && value.IsZero()) && !(value.Kind() == reflect.String && value.IsZero()) {
				s["default"] = value.Interface()
			}
		}
		if f.rules.filled {
			forbidEmpty(s)
		}
		properties[f.key] = s
		switch section := f.typ.Kind() == reflect.Pointer && f.typ.Elem().Kind() == reflect.Struct; {
		case f.required:
			required = append(required, f.key)
		case section:
			allowNull(s)
		}
		if f.typ == reflect.TypeFor[*Finetune]() {
			allowNullBelow(s)
		}
	}
	s := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if required != nil {
		s["required"] = required
	}
	return s
}

// forbidEmpty asks for a text of a character, or a list of an item.
func forbidEmpty(s map[string]any) {
	switch {
	case s["type"] == "string":
		s["minLength"] = 1
	case s["type"] == "array":
		s["minItems"] = 1
	}
	if choices, ok := s["anyOf"].([]any); ok {
		for _, c := range choices {
			forbidEmpty(c.(map[string]any))
		}
	}
}

// allowNullBelow lets the keys of a section be null, and those of sections in it.
func allowNullBelow(s map[string]any) {
	properties, _ := s["properties"].(map[string]any)
	for _, p := range properties {
		if p, ok := p.(map[string]any); ok {
			allowNull(p)
			allowNullBelow(p)
		}
	}
}

// allowNull lets the value be null, which stands for a key that is left out.
func allowNull(s map[string]any) {
	if typ, ok := s["type"].(string); ok {
		s["type"] = []string{typ, "null"}
	}
	if enum, ok := s["enum"].([]string); ok {
		values := []any{nil}
		for _, e := range enum {
			values = append(values, e)
		}
		s["enum"] = values
	}
	if choices, ok := s["anyOf"].([]any); ok {
		s["anyOf"] = append(choices, map[string]any{"type": "null"})
	}
}

func (Model) schema() map[string]any {
	entry := schemaOf(reflect.ValueOf(LayerEntry{}), rules{})
	return map[string]any{
		"type": "object",
		"oneOf": []any{
			map[string]any{"required": []string{"type"}, "not": map[string]any{"required": []string{"layers"}}},
			map[string]any{"required": []string{"layers"}, "maxProperties": 1},
		},
		"properties": map[string]any{
			"type":   map[string]any{"type": "string", "minLength": 1, "description": "name of a registered model; the other keys are its options"},
			"layers": map[string]any{"type": "array", "minItems": 1, "items": entry, "description": "the layers of the network, in place of a type"},
		},
	}
}

func (LayerEntry) schema() map[string]any {
	return map[string]any{
		"description": "the kind of a layer, or the kind with its options",
		"anyOf": []any{
			map[string]any{"type": "string", "minLength": 1},
			map[string]any{
				"type": "object", "minProperties": 1, "maxProperties": 1,
				"additionalProperties": map[string]any{
					"type": []string{"object", "null"},
					"properties": map[string]any{
						"name":   map[string]any{"type": "string", "description": "name of the layer; left out: the network chooses one"},
						"inputs": map[string]any{"type": "array", "items": map[string]any{"type": "string"}, "description": "names of layers, or input; left out: the layer before"},
					},
				},
			},
		},
	}
}
