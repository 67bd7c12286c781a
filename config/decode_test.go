package config

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"pare/internal/option"
	"pare/train"
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

// A fraction is the number that Go has for it, in files, overrides and lists, and again through
// the written config.
func TestDecodeFractions(t *testing.T) {
	c, err := parse("f.yaml", []byte(head+"adversarial: {attack: pgd, eps: 8/255, step: 1 / 255}\n"), []string{"adversarial.step=2/255"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*Config{c, mustParse(t, string(c.YAML()))} {
		if eps, step := c.Adversarial.Eps, c.Adversarial.Kind.(*train.PGD).Step; eps != 8.0/255 || step != 2.0/255 {
			t.Errorf("eps %v, step %v in\n%s", eps, step, c.YAML())
		}
	}
	var list struct {
		Eps []float64 `yaml:"eps" list:"single" fraction:"yes"`
	}
	for text, want := range map[string][]float64{"[0.5, 1, 8/255]": {0.5, 1, 8.0 / 255}, "8/255": {8.0 / 255}} {
		doc, err := ReadDocument("f", []byte("eps: "+text+"\n"), "a list")
		if err == nil {
			err = doc.Decode(&list, "")
		}
		if err != nil || !slices.Equal(list.Eps, want) {
			t.Errorf("%s: %v, %v", text, list.Eps, err)
		}
	}
}
