package importance

import (
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"

	"pare/nn"
)

// Activation is the mean absolute value of the group's units on the data, as the layers
// that weigh them read them, hence behind a ReLU (Molchanov et al. 2017, section 2.2,
// "mean activation"), divided by the norm of such means over the group's layer. A group
// that computes no unit, such as the weights that read a pixel, is refused.
type Activation struct{}

func init() {
	Criteria.Register("activation", "mean absolute activation, relative to its layer, on batches (Molchanov et al. 2017)",
		func() Importance { return Activation{} })
}

// Score implements Importance.
func (Activation) Score(s *Sample) ([]float64, error) {
	groups := s.Groups.Slots()
	units, slots := nn.MapUnits(s.Net), nn.MapUnits(s.Net).Slots()
	sources := make([][]place, len(groups))
	makers := make([]int, len(groups))
	means := map[int]*mean{}
	for g, group := range groups {
		maker := slices.IndexFunc(group, func(s nn.Slot) bool { return s.Param.Axes[s.Axis] == nn.AxisOut && !s.Reads() })
		if maker < 0 {
			return nil, fmt.Errorf("importance activation: the weights of layer %s compute no unit of the group; use importance magnitude",
				s.Net.Nodes[group[0].Node].Name)
		}
		makers[g] = group[maker].Node
		for _, slot := range group {
			if slot.Param.Axes[slot.Axis] != nn.AxisOut || slot.Reads() {
				continue
			}
			for _, p := range readAt(s.Net, slots[units.Out(slot.Node)[slot.Index]], place{slot.Node, slot.Index}) {
				if !slices.Contains(sources[g], p) {
					sources[g] = append(sources[g], p)
				}
				if means[p.node] == nil {
					means[p.node] = &mean{node: s.Net.Nodes[p.node]}
				}
			}
		}
	}
	o := nn.CompileOptions{Mode: nn.Infer}
	for i := range s.Net.Nodes { // in a fixed order
		if m := means[i]; m != nil {
			o.Probes = append(o.Probes, m)
		}
	}
	if err := s.run("activation", o, func(*nn.Program) {}); err != nil {
		return nil, err
	}
	out := make([]float64, len(groups))
	for g, from := range sources {
		for _, p := range from {
			out[g] += means[p.node].sums[p.unit] / means[p.node].rows / float64(len(from))
		}
	}
	perLayer(out, func(g int) int { return makers[g] })
	return out, nil
}

// place is a unit of a node's output.
type place struct{ node, unit int }

// readAt lists where the layers that weigh a unit read it, given all its slots; made,
// where it is computed, when no layer weighs it.
func readAt(net *nn.Network, slots []nn.Slot, made place) []place {
	var out []place
	for _, s := range slots {
		if s.Param.Axes[s.Axis] != nn.AxisIn {
			continue
		}
		if p := (place{net.Nodes[s.Node].Inputs[0], s.Index}); p.node >= 0 && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	if out == nil {
		return []place{made}
	}
	return out
}

// mean adds up the absolute values of each unit of a node's output.
type mean struct {
	node *nn.Node
	sums []float64
	rows float64 // positions of all examples
}

// ReadsOutputs implements nn.OutputReader.
func (m *mean) ReadsOutputs() []string { return []string{m.node.Name} }

// Build implements nn.Probe.
func (m *mean) Build(b *nn.Builder) (*gorgonia.Node, error) {
	x, ok := b.Output(m.node.Name)
	if !ok {
		return nil, fmt.Errorf("layer %s has no output to measure", m.node.Name)
	}
	units, rows := m.node.Shape.Units(), b.Batch*m.node.Shape.Positions()
	m.sums = make([]float64, units)
	return nn.Apply(nn.Op{Name: "mean activation", Run: func(dst []float32, in [][]float32) {
		for r := range rows {
			for u, v := range in[0][r*units:][:units] {
				m.sums[u] += max(float64(v), -float64(v))
			}
		}
		m.rows += float64(rows)
		dst[0] = float32(m.rows)
	}}, x)
}
