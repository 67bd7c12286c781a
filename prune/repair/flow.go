package repair

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"pare/nn"
)

// side is one of the two networks with the values of one node, of all examples, from which
// later nodes are computed.
type side struct {
	net    *nn.Network
	at     int       // the node; −1: the input
	values []float32 // in the batched layout
}

// size is the number of values of an example.
func (s *side) size() int { return s.net.ShapeOf(s.at).Size() }

// flow computes the values of nodes of a side for a batch of examples.
type flow struct {
	side    *side
	program *nn.Program // nil: the stored values are all that was asked for
	x       []float32
	values  [][]float32 // of the nodes asked for, in their order
}

// flow compiles the layers between the stored values and the given nodes.
func (s *side) flow(nodes []int, batch int) (*flow, error) {
	f := &flow{side: s, values: make([][]float32, len(nodes)), x: make([]float32, batch*s.size())}
	o := nn.CompileOptions{Mode: nn.Infer, Batch: batch}
	taps, last := make([]*tap, len(nodes)), s.at
	for k, i := range nodes {
		if i != s.at {
			taps[k] = &tap{layer: s.net.NameOf(i)}
			o.Probes = append(o.Probes, taps[k])
			last = max(last, i)
		}
	}
	if last > s.at {
		layers, err := between(s.net, s.at, last)
		if err != nil {
			return nil, err
		}
		if f.program, err = nn.Compile(layers, o); err != nil {
			return nil, err
		}
		f.x = f.program.X
	}
	for k, t := range taps {
		if f.values[k] = f.x; t != nil {
			f.values[k] = t.values
		}
	}
	return f, nil
}

// run computes the values for count examples from first on.
func (f *flow) run(first, count int) {
	size := f.side.size()
	copy(f.x, f.side.values[first*size:][:count*size])
	if f.program != nil {
		f.program.ResetState()
		f.program.Run()
	}
}

// between is the layers behind the node from, up to the node to, as a network of its own that
// reads the value of from. Both networks share the layers.
func between(net *nn.Network, from, to int) (*nn.Network, error) {
	part, err := nn.New(net.Name, net.ShapeOf(from), nil)
	if err != nil {
		return nil, err
	}
	if from < 0 {
		part.Vocabulary, part.Features = net.Vocabulary, net.Features
	}
	for _, node := range net.Nodes[from+1 : to+1] {
		names := make([]string, len(node.Inputs))
		for k, i := range node.Inputs {
			if names[k] = net.NameOf(i); i == from {
				names[k] = nn.InputName
			}
		}
		if err := part.Add(node.Name, node.Layer, names...); err != nil {
			return nil, err
		}
	}
	return part, nil
}

// tap is an nn.Probe that copies the output of a layer.
type tap struct {
	layer  string
	values []float32
}

// ReadsOutputs implements nn.OutputReader.
func (t *tap) ReadsOutputs() []string { return []string{t.layer} }

// Build implements nn.Probe.
func (t *tap) Build(b *nn.Builder) (*gorgonia.Node, error) {
	x, ok := b.Output(t.layer)
	if !ok {
		return nil, fmt.Errorf("there is no layer %s", t.layer)
	}
	t.values = make([]float32, x.Shape().TotalSize())
	return nn.Apply(nn.Op{Name: "tap", Run: func(dst []float32, in [][]float32) {
		dst[0] = 0
		copy(t.values, in[0])
	}}, x)
}
