package onnx

import (
	"errors"
	"fmt"
	"slices"
)

// Bounds on inlining, so that functions that call each other cannot fill the memory.
const (
	maxCalls = 32      // functions within each other
	maxNodes = 1 << 17 // of a graph
)

func (f *Function) code(c *coder) {
	c.text(1, &f.Name)
	c.strings(4, &f.Inputs)
	c.strings(5, &f.Outputs)
	c.strings(6, &f.Attrs)
	list(c, 7, &f.Nodes, (*Node).code)
	c.text(10, &f.Domain)
	list(c, 11, &f.Defaults, (*Attr).code)
	c.within("function %s", quote(f.Name))
}

// Inline replaces every node of m's graph that calls a function of the file by the nodes of
// the function, and drops the functions. Functions that call themselves, or that make more
// than 131072 nodes, are an error, and so is a call with more inputs or outputs than the
// function has.
func Inline(m *Model) error {
	in := inliner{functions: map[[2]string]*Function{}}
	for i := range m.Functions {
		f := &m.Functions[i]
		key := [2]string{f.Domain, f.Name}
		if isDefaultDomain(f.Domain) {
			key[0] = ""
		}
		if in.functions[key] != nil {
			return fmt.Errorf("onnx: function %s is defined twice", quote(f.Name))
		}
		in.functions[key] = f
	}
	if len(m.Functions) > 0 {
		if err := in.expand(m.Graph.Nodes, 0); err != nil {
			return fmt.Errorf("onnx: %w", err)
		}
		m.Graph.Nodes = in.out
	}
	m.Functions = nil
	return nil
}

type inliner struct {
	functions map[[2]string]*Function
	out       []Node
	calls     int // so far, which makes names within functions unique
}

func (in *inliner) expand(nodes []Node, depth int) error {
	for _, n := range nodes {
		f := in.functions[[2]string{n.Domain, n.Op}]
		if f == nil {
			if in.out = append(in.out, n); len(in.out) > maxNodes {
				return fmt.Errorf("functions make more than %d nodes", maxNodes)
			}
			continue
		}
		if depth == maxCalls {
			return fmt.Errorf("function %s calls itself, or calls are nested more than %d deep", quote(f.Name), maxCalls)
		}
		body, err := in.body(f, n)
		if err == nil {
			err = in.expand(body, depth+1)
		}
		if err != nil && depth == 0 { // names of calls within calls would make a long line
			err = within(err, "node %s (%s)", quote(n.Name), quote(n.Op))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// body is the nodes of a function with the names and attributes of a call.
func (in *inliner) body(f *Function, call Node) ([]Node, error) {
	if len(call.Inputs) > len(f.Inputs) || len(call.Outputs) > len(f.Outputs) {
		return nil, errors.New("more inputs or outputs than the function has")
	}
	in.calls++
	if in.calls > maxNodes {
		return nil, fmt.Errorf("more than %d calls of functions", maxNodes)
	}
	names := map[string]string{"": ""}
	for i, name := range f.Inputs {
		names[name] = ""
		if i < len(call.Inputs) {
			names[name] = call.Inputs[i]
		}
	}
	for i, name := range f.Outputs {
		if i < len(call.Outputs) && call.Outputs[i] != "" {
			names[name] = call.Outputs[i]
		}
	}
	local := func(list []string) []string {
		out := make([]string, len(list))
		for i, name := range list {
			to, ok := names[name]
			if !ok {
				to = fmt.Sprintf("%s/%d/%s", call.Name, in.calls, name)
				names[name] = to
			}
			out[i] = to
		}
		return out
	}
	var body []Node
	for _, n := range f.Nodes {
		n.Inputs, n.Outputs = local(n.Inputs), local(n.Outputs)
		n.Name = fmt.Sprintf("%s/%s", call.Name, n.Name)
		n.Attrs = attributes(n.Attrs, call.Attrs, f.Defaults)
		if n.Metadata == nil {
			n.Metadata = call.Metadata
		}
		body = append(body, n)
	}
	return body, nil
}

// attributes puts the values of a call in place of references; a reference without a value
// is an attribute that is left out.
func attributes(attrs, given, defaults []Attr) []Attr {
	out := slices.Clone(attrs[:0:0])
	for _, a := range attrs {
		if a.Ref == "" {
			out = append(out, a)
			continue
		}
		same := func(b Attr) bool { return b.Name == a.Ref }
		from := given
		i := slices.IndexFunc(from, same)
		if i < 0 {
			from = defaults
			i = slices.IndexFunc(from, same)
		}
		if i >= 0 {
			value := from[i]
			value.Name = a.Name
			out = append(out, value)
		}
	}
	return out
}
