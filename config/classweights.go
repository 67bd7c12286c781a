package config

import (
	"reflect"
	"slices"

	"pare/internal/option"
)

// ClassWeights says how much classes count in the loss: from the frequencies of the
// classes, or as given. The zero value has all count the same.
type ClassWeights struct {
	Balanced bool      `yaml:"-"`
	Each     []float64 `yaml:"-"` // one for each class, at least 0
}

func (w *ClassWeights) readNode(n *node, path string) error {
	switch {
	case n.kind == text && n.text == "balanced":
		*w = ClassWeights{Balanced: true}
		return nil
	case n.kind != list || len(n.items) == 0:
		return n.at.errorf("%s must be balanced or a list of numbers, got %s", path, n)
	}
	*w = ClassWeights{}
	if err := decodeList(n, reflect.ValueOf(&w.Each).Elem(), path, option.Rules{}.AtLeastZero()); err != nil {
		return err
	}
	if slices.Max(w.Each) == 0 {
		return n.at.errorf("%s has no weight above 0, so nothing would count", path)
	}
	return nil
}

func (w ClassWeights) writeNode() *node {
	if w.Balanced {
		return textNode("balanced")
	}
	out := &node{kind: list}
	for _, v := range w.Each {
		out.items = append(out.items, encodeFloat(v, 64))
	}
	return out
}

// Schema implements option.SchemaWriter.
func (w ClassWeights) Schema() map[string]any {
	return map[string]any{"anyOf": []any{map[string]any{"const": "balanced"},
		map[string]any{"type": "array", "minItems": 1, "items": map[string]any{"type": "number", "minimum": 0.0}}}}
}
