package onnx

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// twice is a file whose function g calls f twice, with an attribute and with its default.
func twice() *Model {
	return &Model{
		Graph: Graph{Nodes: []Node{
			{Name: "n", Op: "g", Domain: "d", Inputs: []string{"x"}, Outputs: []string{"y"}, Attrs: []Attr{Float("slope", 3)}},
			{Name: "m", Op: "Relu", Inputs: []string{"y"}, Outputs: []string{"z"}},
		}},
		Functions: []Function{
			{Name: "f", Domain: "d", Inputs: []string{"a", "rest"}, Outputs: []string{"b"}, Defaults: []Attr{Float("alpha", 2)},
				Nodes: []Node{{Name: "e", Op: "Elu", Inputs: []string{"a"}, Outputs: []string{"b"},
					Attrs: []Attr{{Name: "alpha", Kind: KindFloat, Ref: "alpha"}, {Name: "left", Kind: KindInt, Ref: "out"}}}}},
			{Name: "g", Domain: "d", Inputs: []string{"a"}, Outputs: []string{"b"}, Nodes: []Node{
				{Name: "1", Op: "f", Domain: "d", Inputs: []string{"a"}, Outputs: []string{"t"},
					Attrs: []Attr{{Name: "alpha", Kind: KindFloat, Ref: "slope"}}},
				{Name: "2", Op: "f", Domain: "d", Inputs: []string{"t"}, Outputs: []string{"b"}},
			}},
		},
	}
}

func TestInline(t *testing.T) {
	m := twice()
	if err := Inline(m); err != nil {
		t.Fatal(err)
	}
	want := []Node{
		{Name: "n/1/e", Op: "Elu", Inputs: []string{"x"}, Outputs: []string{"n/1/t"}, Attrs: []Attr{Float("alpha", 3)}},
		{Name: "n/2/e", Op: "Elu", Inputs: []string{"n/1/t"}, Outputs: []string{"y"}, Attrs: []Attr{Float("alpha", 2)}},
		{Name: "m", Op: "Relu", Inputs: []string{"y"}, Outputs: []string{"z"}},
	}
	if d := cmp.Diff(want, m.Graph.Nodes); d != "" || m.Functions != nil {
		t.Error(d)
	}
}

func TestInlineErrors(t *testing.T) {
	for _, tc := range []struct {
		want   string
		change func(m *Model)
	}{
		{`function "g" calls itself`, func(m *Model) { m.Functions[1].Nodes[0].Op = "g" }},
		{`function "f" is defined twice`, func(m *Model) { m.Functions[1].Name = "f" }},
		{"more inputs or outputs", func(m *Model) { m.Graph.Nodes[0].Inputs = []string{"x", "x"} }},
		{"more than 131072", func(m *Model) { // 2^31 calls of f
			f := m.Functions[0]
			m.Functions = []Function{f}
			for i := range 30 {
				f.Name += "f"
				call := Node{Op: m.Functions[i].Name, Domain: "d", Inputs: []string{"a"}, Outputs: []string{"b"}}
				f.Nodes = []Node{call, call}
				m.Functions = append(m.Functions, f)
			}
			m.Graph.Nodes[0].Op = f.Name
		}},
	} {
		m := twice()
		tc.change(m)
		if err := Inline(m); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("error %v, want %q", err, tc.want)
		}
	}
}
