package option_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"pare/internal/option"
)

// pair is two numbers, or one for both.
type pair struct{ A, B int }

func (p *pair) Lengths() []int { return []int{2} }

func (p *pair) Numbers() []int {
	if p.A == p.B {
		return []int{p.A}
	}
	return []int{p.A, p.B}
}

func (p *pair) SetNumbers(v []int) { p.A, p.B = v[0], v[len(v)-1] }

type paired struct {
	P pair `yaml:"p,omitempty" range:"[1,)" doc:"a pair"`
}

func TestNumbers(t *testing.T) {
	v := paired{pair{3, 0}}
	if fault := option.Fault(&v); fault != "" {
		t.Error(fault)
	}
	if fields := option.Fields(reflect.ValueOf(&v)); len(fields) != 1 || fields[0].Key != "p" || option.Fields(fields[0].Value) != nil {
		t.Errorf("%+v", fields)
	}
	if err := option.Check(&v); err == nil || err.Error() != "p must be at least 1, got 0" {
		t.Error(err)
	}
	if err := option.Check(paired{pair{2, 1}}); err != nil {
		t.Error(err)
	}
	schema, err := json.Marshal(option.Schema(reflect.ValueOf(v)))
	want := `{"additionalProperties":false,"properties":{"p":{"anyOf":[{"minimum":1,"type":"integer"},` +
		`{"items":{"minimum":1,"type":"integer"},"maxItems":2,"minItems":2,"type":"array"}],"description":"a pair"}},"type":"object"}`
	if err != nil || string(schema) != want {
		t.Errorf("%s, %v", schema, err)
	}
	for in, want := range map[string]string{"[4,5]": "[4,5]", "[4,4]": "4", "7": "7"} {
		n, _ := option.NumbersOf(reflect.ValueOf(&v).Elem().Field(0))
		if err := option.ReadNumbers(n, []byte(in)); err != nil {
			t.Fatal(err)
		}
		if out, err := option.WriteNumbers(&v.P); err != nil || string(out) != want {
			t.Errorf("%s: %s, %v", in, out, err)
		}
	}
	if form := option.NumbersForm(&v.P); form != "a whole number or a list of 2" {
		t.Error(form)
	}
}
