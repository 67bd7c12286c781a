package regularize

import (
	"fmt"
	"math"

	"pare/nn"
)

var paths = Target{Name: "paths", Doc: "the gates on the operands of one sum, but for the largest: no sum closes",
	groups: (*topology).gateGroups, layOut: (*topology).junctions, derived: true,
	single: "paths weighs gates one by one, which %s does not; use type: l1 or elastic_net"}

// junction is the gates on the operands of one sum, under a penalty that spares
// the largest: Σ_k s_k·f(g_k) without the term of the largest gate, for every
// channel where the gates are per channel.
//
// The layer behind a sum is mostly a normalisation, which undoes any common factor.
// A penalty on all gates of the sum could therefore shrink them together at no
// cost to the loss, down to a network that is 0 everywhere; this one only
// decides between the paths, and the strongest always stays open.
type junction struct {
	pen   Penalty
	bound []*nn.Param
	nodes []int // of bound
	data  [][]float32
	scale [][]float64 // s of every gate; 0 leaves it alone
	spare bool        // every operand is gated; else the ungated one is the open path
}

var _ part = (*junction)(nil)

func (q *junction) params() []*nn.Param { return q.bound }

// largest returns the parameter with the largest gate at a place of the sum.
func largest(data [][]float32, j int) int {
	best := 0
	for k := range data {
		if data[k][j] > data[best][j] {
			best = k
		}
	}
	return best
}

// each calls f for every gate that is penalised now, leaving out spared ones.
func (q *junction) each(data [][]float32, f func(k, j int)) {
	for j := range data[0] {
		for k := range data {
			if q.scale[k][j] > 0 && !(q.spare && k == largest(data, j)) {
				f(k, j)
			}
		}
	}
}

// all calls f for every gate, spared or not, parameter by parameter.
func (q *junction) all(f func(k, j int)) {
	for k := range q.scale {
		for j, s := range q.scale[k] {
			if s > 0 {
				f(k, j)
			}
		}
	}
}

func (q *junction) value(data [][]float32) float64 {
	sum := 0.0
	q.each(data, func(k, j int) { sum += q.scale[k][j] * q.pen.Value(data[k][j:j+1]) })
	return sum
}

func (q *junction) gradient(dst []float32, i int, data [][]float32, factor float64) {
	clear(dst)
	q.each(data, func(k, j int) {
		if k == i {
			q.pen.Subgradient(dst[j:j+1], data[k][j:j+1])
			dst[j] *= float32(q.scale[k][j] * factor)
		}
	})
}

func (q *junction) prox(tau float64, metric metric) {
	for _, d := range q.data {
		project(d)
	}
	q.each(q.data, func(k, j int) {
		d := metricOf(metric, q.bound[k])
		if d != nil {
			d = d[j : j+1]
		}
		q.pen.Prox(q.data[k][j:j+1], d, float32(tau*q.scale[k][j]))
	})
}

func (q *junction) norms(dst []float64) []float64 {
	q.all(func(k, j int) { dst = append(dst, math.Abs(float64(q.data[k][j]))) })
	return dst
}

func (q *junction) areas() []*block {
	n, groups := int32(0), len(q.norms(nil))
	out := make([]*block, len(q.bound))
	for k, p := range q.bound {
		out[k] = newBlock(nn.Slot{Node: q.nodes[k], Param: p}, groups)
	}
	q.all(func(k, j int) {
		out[k].group[j] = n
		n++
	})
	return out
}

// scales are 0 for the largest gate at each place of the sum.
func (q *junction) scales(dst []float64) []float64 {
	q.all(func(k, j int) {
		s := q.scale[k][j]
		if k == largest(q.data, j) {
			s = 0
		}
		dst = append(dst, s)
	})
	return dst
}

// junctions lays out the gates of the sums. groups are single gates with their scales.
// Gates that lead into no sum are an error, unless pruning has removed the other operands:
// then they are spared.
func (t *topology) junctions(pen Penalty, groups []*group, scales []float64, partial bool) ([]part, error) {
	scaleOf := map[*nn.Param][]float64{}
	label, node := map[*nn.Param]string{}, map[*nn.Param]int{}
	for i, g := range groups {
		s := g.slots[0]
		if scaleOf[s.Param] == nil {
			scaleOf[s.Param], label[s.Param], node[s.Param] = make([]float64, s.Param.Size()), g.layers[0], s.Node
		}
		scaleOf[s.Param][s.Index] = scales[i]
	}
	taken := map[*nn.Param]bool{}
	var parts []part
	for _, sum := range t.net.Nodes {
		if len(sum.Inputs) < 2 {
			continue
		}
		q := &junction{pen: pen, spare: true}
		for _, in := range sum.Inputs {
			p := t.gateBefore(in)
			if p == nil {
				q.spare = false
				continue
			}
			if len(q.bound) > 0 && p.Size() != q.bound[0].Size() {
				if partial { // pruning took different channels of the operands
					q.scale, q.bound, q.data = nil, nil, nil
					break
				}
				return nil, fmt.Errorf("on: paths: the gates into %s differ in size; make all per channel or none", sum.Name)
			}
			if taken[p] {
				return nil, fmt.Errorf("on: paths: a gate before %s leads into another sum as well; use on: gates", sum.Name)
			}
			taken[p] = true
			scale := scaleOf[p]
			if scale == nil {
				scale = make([]float64, p.Size())
			}
			delete(label, p)
			q.bound, q.nodes = append(q.bound, p), append(q.nodes, node[p])
			q.data, q.scale = append(q.data, p.Data()), append(q.scale, scale)
		}
		if len(q.norms(nil)) > 0 {
			parts = append(parts, q)
		}
	}
	for _, g := range groups { // in network order, so that the message is the same each time
		if name := label[g.slots[0].Param]; name != "" && !partial {
			return nil, fmt.Errorf("on: paths: gate %s leads into no sum; use on: gates for it, or layers to leave it out", name)
		}
	}
	return parts, nil
}

// gateBefore returns the gate on a value, or nil. It looks through layers that leave every
// unit in its place.
func (t *topology) gateBefore(value int) *nn.Param {
	for value >= 0 && t.flow(value).same {
		for _, p := range t.net.Nodes[value].Layer.Params() {
			if p.Role == nn.RoleGate {
				return p
			}
		}
		value = t.net.Nodes[value].Inputs[0]
	}
	return nil
}
