package prune

import (
	"fmt"
	"slices"
	"strings"

	"pare/layers"
	"pare/nn"
)

// rewriter builds the small network from the analysis of the large one.
type rewriter struct {
	*analysis
	out       *nn.Network
	values    []value // per node of the large network
	inserted  map[string]string
	consumers [][]int
	shifts    map[int][]float32 // constants waiting for a following normalisation
}

// value is the place in the small network of the computed units of a value of the large
// one.
type value struct {
	name  string
	units []int // original units, ascending
}

func (a *analysis) rewrite() (*nn.Network, error) {
	out, err := nn.New(a.net.Name, a.net.Input, nil)
	if err != nil {
		return nil, err
	}
	out.Vocabulary, out.Features = a.net.Vocabulary, a.net.Features
	r := &rewriter{analysis: a, out: out, values: make([]value, len(a.net.Nodes)),
		inserted: map[string]string{}, consumers: a.net.Consumers(), shifts: map[int][]float32{}}
	for i, node := range a.net.Nodes {
		if !slices.Contains(a.made[i], true) {
			continue
		}
		if err := r.node(i, node); err != nil {
			return nil, fmt.Errorf("prune layer %s: %w", node.Name, err)
		}
	}
	// The output is read whole: constants are put behind the last layer.
	last := len(a.net.Nodes) - 1
	if a.allConstant(last) {
		computed := *a
		computed.known = slices.Clone(a.known)
		if computed.known[last], err = constantOutput(a.net); err != nil {
			return nil, err
		}
		r.analysis = &computed
	}
	if _, err := r.read(last, listOf(a.keep[last])); err != nil {
		return nil, err
	}
	return r.out, nil
}

func (r *rewriter) node(i int, node *nn.Node) error {
	made := listOf(r.made[i])
	layer, inputs, err := r.slice(i, node, made)
	if err != nil {
		return err
	}
	t := r.tied[i]
	tied := ""
	if t != nil {
		tied = t.name
	}
	name, err := r.add(i, node.Name, layer, tied, inputs)
	if err != nil {
		return err
	}
	if t != nil && t.name == "" && !r.readsTable(i) {
		t.name = name
	}
	r.values[i] = value{name: name, units: made}
	return nil
}

// slice returns the smaller layer and the names of its inputs.
func (r *rewriter) slice(i int, node *nn.Node, made []int) (nn.Layer, []string, error) {
	s, traits := nn.Slicing{Out: made, Known: r.inputs(i)}, nn.TraitsOf(node.Layer)
	var names []string
	for k, j := range node.Inputs {
		want := listOf(r.needs[i][k])
		s.In = append(s.In, want)
		if len(want) == 0 && traits.DropsEmptyInputs {
			continue
		}
		if traits.Gathers {
			v := r.found(j)
			s.In[k] = v.units
			names = append(names, v.name)
			continue
		}
		read := r.read
		if j >= 0 && r.readsConstants(i, k) {
			read = r.constant
		}
		name, err := read(j, want)
		if err != nil {
			return nil, nil, err
		}
		names = append(names, name)
	}
	pruner, ok := node.Layer.(nn.Pruner)
	if !ok {
		layer, err := nn.CloneLayer(node.Layer, r.net.InputShapes(node))
		return layer, names, err
	}
	layer, err := pruner.Slice(s)
	if err != nil {
		return nil, nil, err
	}
	for _, j := range node.Inputs {
		if shift, ok := r.shifts[j]; ok {
			layer.(nn.ShiftSink).AbsorbShift(shift)
		}
	}
	if source, ok := layer.(nn.ShiftSource); ok && r.sinks(i, made) {
		if shift := source.TakeShift(); shift != nil {
			r.shifts[i] = shift
		}
	}
	return layer, names, nil
}

// sinks reports whether the only reader of node i absorbs a shift of exactly
// the units that are made.
func (r *rewriter) sinks(i int, made []int) bool {
	if len(r.consumers[i]) != 1 {
		return false
	}
	j := r.consumers[i][0]
	if _, ok := r.net.Nodes[j].Layer.(nn.ShiftSink); !ok || r.tied[j] != nil || !slices.Contains(r.made[j], true) {
		return false
	}
	return slices.Equal(listOf(r.needs[j][0]), made)
}

// found returns the place of the computed units of value j.
func (r *rewriter) found(j int) value {
	if j >= 0 {
		return r.values[j]
	}
	return value{name: nn.InputName, units: listOf(slices.Repeat([]bool{true}, r.net.Input.Units()))}
}

// read returns the name of a value restricted to the wanted units: through a
// Select where more were computed, and with the constants among them put back.
func (r *rewriter) read(j int, want []int) (string, error) {
	v := r.found(j)
	var computed []int // wanted units that the small network computes
	var at []int       // where they stand among the wanted
	for k, u := range want {
		_, present := slices.BinarySearch(v.units, u)
		// A constant that is present only because Close added it is put back like
		// any other, so that a second pass finds the same.
		constant := j >= 0 && r.knownOf(j).Const[u] && !r.holds(j)
		switch {
		case present && !constant:
			computed = append(computed, u)
			at = append(at, k)
		case !r.knownOf(j).Const[u]:
			return "", fmt.Errorf("unit %d of %s is needed but was not kept", u, r.net.NameOf(j))
		}
	}
	name := v.name
	if len(computed) > 0 && len(computed) < len(v.units) {
		index := make([]int, len(computed))
		for k, u := range computed {
			index[k], _ = slices.BinarySearch(v.units, u)
		}
		var err error
		if name, err = r.insert(name, ".select", &layers.Select{Index: index}, name, index); err != nil {
			return "", err
		}
	}
	if len(computed) == len(want) {
		return name, nil
	}
	if len(computed) == 0 {
		return r.constant(j, want)
	}
	values := pick(r.knownOf(j).Value, want)
	for _, k := range at {
		values[k] = 0
	}
	return r.insert(name, ".constants", layers.Pad(at, values), name, want)
}

// constant returns the name of a layer that gives the wanted units, constants of a value.
func (r *rewriter) constant(j int, want []int) (string, error) {
	shape := r.net.ShapeOf(j).WithUnits(len(want))
	layer := layers.NewConstant(shape, pick(r.knownOf(j).Value, want))
	return r.insert(r.net.NameOf(j), ".constants", layer, nn.InputName, want)
}

// insert adds a layer between a value and its readers, once for the same units.
func (r *rewriter) insert(name, suffix string, layer nn.Layer, input string, units []int) (string, error) {
	key := fmt.Sprint(name, suffix, input, units)
	if done, ok := r.inserted[key]; ok {
		return done, nil
	}
	name = r.unique(strings.TrimSuffix(name, suffix) + suffix)
	r.inserted[key] = name
	return name, r.out.Add(name, layer, input)
}

// add appends a layer unless it computes nothing, and returns the name under
// which its output is found.
// tied is the layer of the small network that shares its parameters, "" for none.
func (r *rewriter) add(i int, name string, layer nn.Layer, tied string, inputs []string) (string, error) {
	last := i == len(r.net.Nodes)-1
	if nn.TraitsOf(layer).Wires && len(inputs) == 1 && !last {
		shape := r.out.Input
		if n, ok := r.out.Lookup(inputs[0]); ok {
			shape = n.Shape
		}
		if _, err := layer.Init([]nn.Shape{shape}, nil); err != nil {
			return "", err
		}
		if nn.TraitsOf(layer).Identity {
			return inputs[0], nil
		}
	}
	if tied != "" {
		return name, r.out.AddTied(name, layer, tied, inputs...)
	}
	return name, r.out.Add(name, layer, inputs...)
}

func pick(values []float32, index []int) []float32 {
	out := make([]float32, len(index))
	for k, i := range index {
		out[k] = values[i]
	}
	return out
}

// unique returns the name, numbered if a layer of the small network has it or
// will have it.
func (r *rewriter) unique(name string) string {
	candidate := name
	for n := 2; r.taken(candidate); n++ {
		candidate = fmt.Sprintf("%s%d", name, n)
	}
	return candidate
}

func (r *rewriter) taken(name string) bool {
	if _, ok := r.out.Lookup(name); ok {
		return true
	}
	for i, node := range r.net.Nodes {
		if node.Name == name {
			return slices.Contains(r.made[i], true)
		}
	}
	return false
}
