package config

import (
	"fmt"
	"strconv"

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
	sum := 0.0
	for i, item := range n.items {
		v, err := strconv.ParseFloat(item.text, 64)
		if item.kind != integer && item.kind != float || err != nil || !(v >= 0 && v <= 1e30) {
			return item.at.errorf("%s must be a number of at least 0, got %s", option.Join(path, fmt.Sprint(i)), item)
		}
		w.Each = append(w.Each, v)
		sum += v
	}
	if sum == 0 {
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
		out.items = append(out.items, encodeFloat(v))
	}
	return out
}

// Schema implements option.SchemaWriter.
func (w ClassWeights) Schema() map[string]any {
	return map[string]any{"anyOf": []any{map[string]any{"const": "balanced"},
		map[string]any{"type": "array", "minItems": 1, "items": map[string]any{"type": "number", "minimum": 0.0}}}}
}
