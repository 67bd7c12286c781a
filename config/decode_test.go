package config

import (
	"bytes"
	"reflect"
	"testing"

	"pare/internal/option"
)

// Options that are pointers, interfaces and float32, as kinds of other modules have them.
func TestEncodeOptionsOfOthers(t *testing.T) {
	type others struct {
		Count *int    `yaml:"count"`
		Any   any     `yaml:"any"`
		Share float32 `yaml:"share"`
	}
	three := 3
	for want, v := range map[string]others{
		"{share: 0.1}":                      {Share: 0.1},
		"{count: 3, any: [1, a], share: 0}": {Count: &three, Any: []any{1, "a"}},
	} {
		got := encode(reflect.ValueOf(v), option.Rules{})
		var b bytes.Buffer
		if got.writeFlow(&b); b.String() != want {
			t.Errorf("%s, want %s", &b, want)
		}
	}
}

// An option of a kind with the key of another option of the section is refused: one of the
// two would be ignored.
func TestDecodeRefusesTwoOptionsOfAKey(t *testing.T) {
	var v struct {
		A int `yaml:"a"`
		B int `yaml:"a"`
	}
	n := &node{kind: section, at: at{"f", 1, 1}, entries: []entry{{"a", at{"f", 1, 1}, &node{kind: integer, at: at{"f", 1, 4}, text: "3"}}}}
	err := decodeStruct(n, reflect.ValueOf(&v).Elem(), "data", "odd")
	checkError(t, err, "f:1:4: data.a: odd has an option of the same key as the section; rename it in the program")
}
