package imported

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"pare/nn/onnx"
)

// part is the queries, keys or values of all heads: units of a layer, head by head.
type part struct {
	of    *value
	units []int
	each  int // of a head
}

// heads is softmax attention as a graph spells it, MatMul(Softmax(scale·Q·Kᵀ + mask), V). The
// first axes of the operands count examples and heads.
type heads struct {
	q, k, v part
	count   int
	scale   float64
	causal  bool
	axes    []axis // of the result, for units that follow each other head by head
}

// softmaxOf is the Softmax behind which a value stands; nil: none. turned: a transposition of the
// last two axes lies between.
func (im *importer) softmaxOf(name string) (n *onnx.Node, turned bool) {
	n = im.maker[im.through(name)]
	if n != nil && n.Op == "Transpose" {
		perm := intsAttr(n, "perm")
		if r := len(perm); r < 2 || perm[r-1] != int64(r-2) || perm[r-2] != int64(r-1) {
			return nil, false
		}
		n, turned = im.maker[im.through(n.Inputs[0])], true
	}
	if n == nil || n.Op != "Softmax" || n.Domain != "" {
		return nil, false
	}
	return n, turned
}

// attentionAt reads the attention whose result a MatMul computes; nil: it is another product.
func (im *importer) attentionAt(n *onnx.Node) (*heads, error) {
	if n == nil || n.Op != "MatMul" || n.Domain != "" || len(n.Inputs) != 2 {
		return nil, nil
	}
	softmax, turned := im.softmaxOf(n.Inputs[0])
	values := n.Inputs[1]
	if softmax == nil || turned {
		if softmax, turned = im.softmaxOf(n.Inputs[1]); softmax == nil || !turned {
			return nil, nil
		}
		values = n.Inputs[0] // V·Pᵀ, with V channels first
	}
	h := &heads{scale: 1}
	product, err := im.scores(h, softmax.Inputs[0])
	if err != nil {
		return nil, err
	}
	q, err := im.scaledView(h, product.Inputs[0])
	if err != nil {
		return nil, err
	}
	k, err := im.scaledView(h, product.Inputs[1])
	if err != nil {
		return nil, err
	}
	v, err := im.view(values)
	if err == nil {
		v, err = im.pixels(v)
	}
	if err != nil {
		return nil, err
	}
	rank := len(q.axes)
	if rank < 2 || len(k.axes) != rank || len(v.axes) != rank {
		return nil, errors.New("queries, keys and values must have equally many axes")
	}
	otherwise := int64(-1)
	if im.opset < 13 { // over all axes from 1 on
		otherwise = 1
	}
	if a := intAttr(softmax, "axis", otherwise); a != -1 && a != int64(rank-1) {
		return nil, fmt.Errorf("a softmax over axis %d is not supported in attention", a)
	}
	last := rank - 1
	k = k.transposed(swapped(rank))
	if turned {
		v = v.transposed(swapped(rank))
	}
	for _, p := range []struct {
		to   *part
		from *value
	}{{&h.q, q}, {&h.k, k}, {&h.v, v}} {
		if *p.to, err = im.headsOf(p.from, h); err != nil {
			return nil, err
		}
	}
	if h.q.each != h.k.each {
		return nil, errors.New("queries and keys have different lengths")
	}
	h.axes = slices.Clone(v.axes)
	step := int64(h.v.each) // of the units of the result
	for i := last - 2 + 1; i >= 0; i-- {
		h.axes[i] = slices.Clone(h.axes[i])
		for j := len(h.axes[i]) - 1; j >= 0; j-- {
			if t := &h.axes[i][j]; t.of == 0 {
				t.stride = step
				step *= t.size
			}
		}
	}
	h.axes[last] = axis1(atom{0, int64(h.v.each), 1})
	if turned {
		h.axes[last-1], h.axes[last] = h.axes[last], h.axes[last-1]
	}
	if h.scale == 0 { // heads that lost their queries: all scores are 0
		h.q, h.k, h.scale = part{of: h.v.of}, part{of: h.v.of}, 1
	}
	return h, nil
}

func swapped(rank int) []int {
	perm := make([]int, rank)
	for i := range perm {
		perm[i] = i
	}
	perm[rank-1], perm[rank-2] = rank-2, rank-1
	return perm
}

// scores walks from the input of the softmax to the product of queries and keys and notes factor
// and mask.
func (im *importer) scores(h *heads, name string) (*onnx.Node, error) {
	for {
		n := im.maker[im.through(name)]
		if n != nil && n.Domain != "" {
			return nil, &nodeError{n, unsupported(n)}
		}
		if n == nil || len(n.Inputs) < 2 {
			return nil, errors.New("its scores are not a product of queries and keys")
		}
		a, b := n.Inputs[0], n.Inputs[1]
		if n.Op != "Where" && n.Op != "Div" && im.static(a) {
			a, b = b, a
		}
		switch {
		case n.Op == "MatMul" && !im.static(b):
			return n, nil
		case (n.Op == "Mul" || n.Op == "Div") && im.static(b):
			if err := im.multiply(h, n.Op, b); err != nil {
				return nil, err
			}
			name = a
		case n.Op == "Add" && im.static(b):
			t, err := im.constant(b)
			if err != nil {
				return nil, err
			}
			if err := h.mask(t, func(v float64) (open, shut bool) { return v == 0, v <= shutOut }); err != nil {
				return nil, err
			}
			name = a
		case n.Op == "Where" && len(n.Inputs) == 3 && im.static(a):
			t, err := im.constant(a)
			if err != nil {
				return nil, err
			}
			x, fill, openAt := n.Inputs[1], n.Inputs[2], 1.0
			if im.static(x) {
				x, fill, openAt = fill, x, 0
			}
			if v, ok := im.number(fill); !ok || v > shutOut {
				return nil, errors.New("its mask is not supported; none and the causal mask are")
			}
			if err := h.mask(t, func(v float64) (open, shut bool) { return (v != 0) == (openAt != 0), (v != 0) != (openAt != 0) }); err != nil {
				return nil, err
			}
			name = x
		default:
			return nil, fmt.Errorf("node %s between the product of queries and keys and the softmax is not supported", describe(n))
		}
	}
}

// shutOut is a score that counts as minus infinity in masks.
const shutOut = -1e4

func (im *importer) multiply(h *heads, op, name string) error {
	t, err := im.constant(name)
	if err != nil {
		return err
	}
	v, ok := t.scalar()
	if !ok {
		return errors.New("the factor of its scores must be one number")
	}
	if op == "Div" {
		v = 1 / v
	}
	h.scale *= v
	return nil
}

// scaledView is a view of a value behind factors, which go to the scale.
func (im *importer) scaledView(h *heads, name string) (*value, error) {
	for {
		n := im.maker[im.through(name)]
		if n == nil || n.Domain != "" || n.Op != "Mul" && n.Op != "Div" || len(n.Inputs) != 2 {
			break
		}
		a, b := n.Inputs[0], n.Inputs[1]
		if n.Op == "Mul" && im.static(a) {
			a, b = b, a
		}
		if !im.static(b) {
			break
		}
		if t, err := im.constant(b); err != nil {
			return nil, err
		} else if _, ok := t.scalar(); !ok {
			break
		}
		if err := im.multiply(h, n.Op, b); err != nil {
			return nil, err
		}
		name = a
	}
	v, err := im.view(name)
	if err != nil || len(v.shape) != 3 {
		return v, err
	}
	return im.sequence(v)
}

// mask takes in a constant mask of the last two axes: none or the causal one.
func (h *heads) mask(t *tensor, is func(v float64) (open, shut bool)) error {
	unsupported := errors.New("its mask is not supported; none and the causal mask are")
	w, err := t.whole()
	if err != nil {
		return err
	}
	rank := len(w.dims)
	columns := int64(1)
	rows := int64(1)
	if rank > 0 {
		columns = w.dims[rank-1]
	}
	if rank > 1 {
		rows = w.dims[rank-2]
	}
	all, causal := true, rows == columns && rows > 1
	for i := range w.len() {
		open, shut := is(w.at(i))
		if !open && !shut {
			return unsupported
		}
		all = all && open
		row, column := int64(i)/columns%rows, int64(i)%columns
		causal = causal && (column <= row) == open
	}
	switch {
	case all:
	case causal:
		h.causal = true
	default:
		return unsupported
	}
	return nil
}

// headsOf checks that an operand is [examples and heads, positions, units], and lists its units.
func (im *importer) headsOf(v *value, h *heads) (part, error) {
	last := len(v.axes) - 1
	if len(v.shape) != 2 || !slices.Equal(v.axes[last-1], whole(v.shape, 1)) {
		return part{}, errors.New("an operand is not a sequence N×heads×T×units")
	}
	for i, a := range v.axes {
		for _, t := range a {
			if t.of == 1 && i != last-1 || i == last && t.of != 0 {
				return part{}, errors.New("an operand is not a sequence N×heads×T×units")
			}
		}
	}
	p := part{of: v, units: v.units(), each: int(v.axes[last].length())}
	count := len(p.units) / p.each
	if h.count == 0 {
		h.count = count
	}
	if count != h.count {
		return part{}, fmt.Errorf("queries have %d heads, keys or values %d; equally many are supported", h.count, count)
	}
	return p, nil
}

// attention adds the layers of attention: attention itself and, where the operands are not one
// layer's units in its order, concat and select in front.
func (im *importer) attention(n *onnx.Node, all ...*heads) (*value, error) {
	h := all[0]
	var parts [3]part
	opts := options{}
	var qk, vs []int
	total := 0
	for _, g := range all {
		for i, p := range []part{g.q, g.k, g.v} {
			if parts[i].of == nil {
				parts[i].of = p.of
			}
			if parts[i].of.layer != p.of.layer {
				return nil, errors.New("the heads read different layers")
			}
			parts[i].units = append(parts[i].units, p.units...)
		}
		for range g.count {
			qk, vs = append(qk, g.q.each), append(vs, g.v.each)
		}
		total += g.count
	}
	opts["heads"] = total
	if h.causal {
		opts["causal"] = true
	}
	same := func(list []int) bool {
		return !slices.ContainsFunc(list, func(n int) bool { return n != list[0] })
	}
	if !same(qk) || !same(vs) || qk[0] != vs[0] {
		opts["qk"], opts["v"] = qk, vs
	}
	if !same(qk) || qk[0] == 0 || math.Abs(h.scale*math.Sqrt(float64(qk[0]))-1) > 1e-6 {
		if h.scale <= 0 {
			return nil, fmt.Errorf("scores are multiplied by %g; a positive factor is supported", h.scale)
		}
		opts["scale"] = shortest(float32(h.scale))
	}
	x, err := im.operands(parts[:])
	if err != nil {
		return nil, err
	}
	return im.layer(im.name("attention", nil), "attention", opts, nil, x)
}

// operands is a value with the units of all parts one after another.
func (im *importer) operands(parts []part) (*value, error) {
	var in []*value
	var units []int
	for i, p := range parts {
		if i > 0 && p.of.layer == parts[i-1].of.layer {
			units = append(units, p.units...)
		} else {
			units = slices.Clone(p.units)
		}
		if i+1 < len(parts) && parts[i+1].of.layer == p.of.layer || len(units) == 0 {
			continue
		}
		v := &value{layer: p.of.layer, shape: p.of.shape, axes: im.channelsFirst(p.of.shape)}
		if len(units) != v.shape[0] || !inOrder(units) {
			var err error
			if v, err = im.layer(im.nameFor("select", p.of), "select", options{"index": units}, nil, v); err != nil {
				return nil, err
			}
		}
		in = append(in, v)
	}
	if len(in) == 1 {
		return in[0], nil
	}
	return im.layer(im.name("concat", nil), "concat", nil, nil, in...)
}

// attentionOfHeads is a Concat of the results of attention with one head each.
func (im *importer) attentionOfHeads(n *onnx.Node) (*value, error) {
	var all []*heads
	for _, name := range n.Inputs {
		h, err := im.attentionAt(im.maker[im.through(name)])
		if err != nil || h == nil {
			return nil, nil // as any other Concat
		}
		all = append(all, h)
	}
	if len(all) == 0 {
		return nil, nil
	}
	a := all[0] // a head with queries, if there is one: the scale of others is not known
	if i := slices.IndexFunc(all, func(h *heads) bool { return len(h.q.units) > 0 }); i > 0 {
		a.scale = all[i].scale
	}
	at, err := axisOf(intAttr(n, "axis", 1), len(a.axes))
	if err != nil {
		return nil, err
	}
	for _, h := range all {
		if h.count != 1 || h.causal != a.causal || len(h.axes) != len(a.axes) || len(h.q.units) > 0 && h.scale != a.scale ||
			h.v.of.layer != a.v.of.layer || !slices.Equal(h.axes[at], axis1(atom{0, int64(h.v.each), 1})) {
			return nil, nil
		}
	}
	out, err := im.attention(n, all...)
	if err != nil {
		return nil, err
	}
	return out.with(im.withAxis(&value{axes: a.axes}, out, at)), nil
}
