package option

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Numbers is implemented by pointers to types that a config or JSON file writes as one whole
// number or as a list of them: a side of a square, or height and width.
type Numbers interface {
	// Lengths are the lengths of the lists that stand for a value, ascending; one number may
	// always stand for it.
	Lengths() []int
	// Numbers is the value as the shortest of its forms; a list of one is that number.
	Numbers() []int
	// SetNumbers sets the value to one number, or to a list of one of the lengths.
	SetNumbers(v []int)
}

// NumbersOf returns v as Numbers: a pointer to it where it can be set, else to a copy.
func NumbersOf(v reflect.Value) (Numbers, bool) {
	if !reflect.PointerTo(v.Type()).Implements(reflect.TypeFor[Numbers]()) {
		return nil, false
	}
	if !v.CanAddr() {
		own := reflect.New(v.Type()).Elem()
		own.Set(v)
		v = own
	}
	return v.Addr().Interface().(Numbers), true
}

// NumbersForm are the forms of Numbers in words: "a whole number or a list of 2 or 4".
func NumbersForm(n Numbers) string {
	var words []string
	for _, length := range n.Lengths() {
		words = append(words, fmt.Sprint(length))
	}
	return "a whole number or a list of " + OneOf(words)
}

// WriteNumbers is Numbers in JSON.
func WriteNumbers(n Numbers) ([]byte, error) {
	v := n.Numbers()
	if len(v) == 1 {
		return json.Marshal(v[0])
	}
	return json.Marshal(v)
}

// ReadNumbers sets Numbers from JSON. Its errors are package json's.
func ReadNumbers(n Numbers, data []byte) error {
	var v []int
	if !strings.HasPrefix(string(data), "[") {
		v = make([]int, 1)
		if err := json.Unmarshal(data, &v[0]); err != nil {
			return err
		}
	} else if err := json.Unmarshal(data, &v); err != nil {
		return err
	} else if !slices.Contains(n.Lengths(), len(v)) {
		return &json.UnmarshalTypeError{Value: fmt.Sprintf("list of %d", len(v)), Type: reflect.TypeOf(n).Elem()}
	}
	n.SetNumbers(v)
	return nil
}

func numbersSchema(n Numbers, r Rules) map[string]any {
	forms := []any{numberSchema("integer", r)}
	for _, length := range n.Lengths() {
		forms = append(forms, map[string]any{"type": "array", "items": numberSchema("integer", r), "minItems": length, "maxItems": length})
	}
	return map[string]any{"anyOf": forms}
}
