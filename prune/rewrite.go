package prune

import (
	"fmt"
	"slices"

	"pare/layers"
	"pare/nn"
)

// rewriter builds the small network from the analysis of the large one.
type rewriter struct {
	*analysis
	out       *nn.Network
	values    []value // per node of the large network
	selected  map[string]string
	consumers [][]int
	shifts    map[int][]float32 // constants waiting for a following normalisation
}

// value is where a value of the large network is found in the small one.
type value struct {
	name  string // "" when nothing of it is left
	units []int  // the original units that are present, ascending
}

func (a *analysis) rewrite() (*nn.Network, error) {
	out, err := nn.New(a.net.Name, a.net.Input, nil)
	if err != nil {
		return nil, err
	}
	r := &rewriter{analysis: a, out: out, values: make([]value, len(a.net.Nodes)),
		selected: map[string]string{}, consumers: a.net.Consumers(), shifts: map[int][]float32{}}
	for i, node := range a.net.Nodes {
		if !anyTrue(a.keep[i]) {
			continue
		}
		if err := r.node(i, node); err != nil {
			return nil, fmt.Errorf("prune layer %s: %w", node.Name, err)
		}
	}
	return r.out, nil
}

func (r *rewriter) node(i int, node *nn.Node) error {
	kept := listOf(r.keep[i])
	if !anyTrue(r.made[i]) {
		c := layers.NewConstant(node.Shape.WithUnits(len(kept)), pick(r.known[i].Value, kept))
		r.values[i] = value{node.Name, kept}
		return r.out.Add(node.Name, c, nn.InputName)
	}
	made := listOf(r.made[i])
	layer, inputs, err := r.slice(i, node, made)
	if err != nil {
		return err
	}
	name, err := r.add(i, node.Name, layer, inputs)
	if err != nil {
		return err
	}
	r.values[i] = value{name, made}
	return r.pad(i, node, kept)
}

// slice returns the smaller layer and the names of its inputs.
func (r *rewriter) slice(i int, node *nn.Node, made []int) (nn.Layer, []string, error) {
	s := nn.Slicing{Out: made, Known: r.inputs(node)}
	_, drops := node.Layer.(nn.InputDropper)
	var names []string
	for k, j := range node.Inputs {
		want := listOf(r.needs[i][k])
		s.In = append(s.In, want)
		if len(want) == 0 && drops {
			continue
		}
		name, err := r.read(j, want)
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
	if _, ok := r.net.Nodes[j].Layer.(nn.ShiftSink); !ok || !anyTrue(r.made[j]) {
		return false
	}
	return slices.Equal(listOf(r.needs[j][0]), made)
}

// read returns the name of a value restricted to the wanted units, through a
// Select where more are present.
func (r *rewriter) read(j int, want []int) (string, error) {
	v := value{name: nn.InputName}
	if j >= 0 {
		v = r.values[j]
	} else {
		for u := range r.net.Input.Units() {
			v.units = append(v.units, u)
		}
	}
	if slices.Equal(v.units, want) {
		return v.name, nil
	}
	index := make([]int, len(want))
	for k, u := range want {
		at, ok := slices.BinarySearch(v.units, u)
		if !ok {
			return "", fmt.Errorf("unit %d of %s is needed but was not kept", u, v.name)
		}
		index[k] = at
	}
	key := fmt.Sprint(v.name, index)
	if name, ok := r.selected[key]; ok {
		return name, nil
	}
	name := r.unique(v.name + ".select")
	r.selected[key] = name
	return name, r.out.Add(name, &layers.Select{Index: index}, v.name)
}

// add appends a layer unless it computes nothing, and returns the name under
// which its output is found.
func (r *rewriter) add(i int, name string, layer nn.Layer, inputs []string) (string, error) {
	last := i == len(r.net.Nodes)-1
	if id, ok := layer.(nn.Identity); ok && len(inputs) == 1 && !last {
		shape := r.out.Input
		if n, ok := r.out.Lookup(inputs[0]); ok {
			shape = n.Shape
		}
		if _, err := layer.Init([]nn.Shape{shape}, nil); err != nil {
			return "", err
		}
		if id.IsIdentity() {
			return inputs[0], nil
		}
	}
	return name, r.out.Add(name, layer, inputs...)
}

// pad puts kept constants that the layer does not compute behind it.
func (r *rewriter) pad(i int, node *nn.Node, kept []int) error {
	made := r.values[i].units
	all := slices.Clone(made)
	for _, u := range kept {
		if !r.made[i][u] {
			all = append(all, u)
		}
	}
	if len(all) == len(made) {
		return nil
	}
	slices.Sort(all)
	index := make([]int, len(made))
	for k, u := range made {
		index[k], _ = slices.BinarySearch(all, u)
	}
	values := pick(r.known[i].Value, all)
	for _, at := range index {
		values[at] = 0
	}
	name := r.unique(node.Name + ".constants")
	if err := r.out.Add(name, layers.Pad(index, values), r.values[i].name); err != nil {
		return err
	}
	r.values[i] = value{name, all}
	return nil
}

func pick(values []float32, index []int) []float32 {
	out := make([]float32, len(index))
	for k, i := range index {
		out[k] = values[i]
	}
	return out
}

// unique returns the name, numbered if it is taken in either network.
func (r *rewriter) unique(name string) string {
	candidate := name
	for n := 2; ; n++ {
		_, inOut := r.out.Lookup(candidate)
		_, inNet := r.net.Lookup(candidate)
		if !inOut && !inNet {
			return candidate
		}
		candidate = fmt.Sprintf("%s%d", name, n)
	}
}
