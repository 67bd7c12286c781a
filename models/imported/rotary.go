package imported

import (
	"errors"
	"math"
	"slices"
	"strconv"
)

// turning is a rotation of pairs of units by angles that grow with the position, as a graph spells
// it: x·cos + partner·sin, with tables for all positions and units.
type turning struct {
	partner  []int                      // of each unit of the layer
	cos, sin func(unit, at int) float64 // sin counts the sign of the partner
	units    int
	length   int
}

// rotary is a layer rotary. Its tables must be the powers of one base.
func (im *importer) rotary(v *value, t turning) (*value, error) {
	opts, err := t.options()
	if opts == nil || err != nil {
		return nil, err
	}
	out, err := im.layer(im.name("rotary", nil), "rotary", opts, nil, v)
	if err != nil {
		return nil, err
	}
	return out.with(v.axes), nil
}

// options are the options of the layer; nil: it is no rotation of units in front.
func (t *turning) options() (options, error) {
	turned := 0
	for u, v := range t.partner {
		if u != v {
			turned = u + 1
		}
	}
	if turned == 0 {
		return nil, nil
	}
	rates := make([]float64, turned)
	for u, v := range t.partner[:turned] {
		if v == u || v >= turned || t.partner[v] != u {
			return nil, nil
		}
		if rates[u] = t.rate(u, v); rates[u] < 0 {
			return nil, nil
		}
	}
	for u := turned; u < t.units; u++ {
		for at := range t.length {
			if t.cos(u, at) != 1 || t.sin(u, at) != 0 {
				return nil, nil
			}
		}
	}
	for _, base := range append([]float64{10000, 500000, 1000000, 100000, 50000, 5000000, 10000000, 1000, 100}, baseOf(rates)...) {
		for dim := 2; dim <= 512; dim += 2 {
			if opts := t.fits(rates, base, dim); opts != nil {
				return opts, nil
			}
		}
	}
	return nil, errors.New("rotary positions with angles that are not position·base^(−2j/d), with a base such as 10000, are not supported")
}

// rate is the angle of a pair at position 1; negative: the pair does not turn, or turns the other way.
func (t *turning) rate(u, v int) float64 {
	if t.length < 2 {
		return 1
	}
	first, second := min(u, v), max(u, v)
	angle := math.Atan2(t.sin(second, 1), t.cos(second, 1))
	for at := range t.length {
		sin, cos := math.Sincos(float64(at) * angle)
		near := func(a, b float64) bool { return math.Abs(a-b) < 1e-5*float64(1+at/64) }
		if !near(t.cos(first, at), cos) || !near(t.cos(second, at), cos) || !near(t.sin(first, at), -sin) || !near(t.sin(second, at), sin) {
			return -1
		}
	}
	return angle
}

// baseOf is the base of the rates of all pairs of a head, base^(−2j/d), to five digits.
func baseOf(rates []float64) []float64 {
	sorted := slices.Clone(rates)
	slices.Sort(sorted)
	var distinct []float64 // the largest first
	for _, r := range slices.Backward(sorted) {
		if k := len(distinct); k == 0 || r < distinct[k-1]*(1-1e-5) {
			distinct = append(distinct, r)
		}
	}
	if len(distinct) < 2 || distinct[0] < 1-1e-5 {
		return nil
	}
	base, err := strconv.ParseFloat(strconv.FormatFloat(math.Pow(distinct[1], -float64(len(distinct))), 'g', 5, 64), 64)
	if err != nil || !(base > 1) || math.IsInf(base, 0) {
		return nil
	}
	return []float64{base}
}

// fits are the options with a base and as many dimensions of a head, if the rates are their powers.
func (t *turning) fits(rates []float64, base float64, dim int) options {
	half := dim / 2
	pairs, seen := make([]int, len(rates)), make([]int, half)
	heads := 0
	for u, rate := range rates {
		if v := t.partner[u]; v < u {
			pairs[u] = pairs[v]
			continue
		}
		j := int(math.Round(-math.Log(rate) * float64(dim) / (2 * math.Log(base))))
		if j < 0 || j >= half || math.Abs(math.Pow(base, -2*float64(j)/float64(dim))-rate) > 2e-6*rate {
			return nil
		}
		pairs[u] = seen[j]*half + j
		seen[j]++
		heads = max(heads, seen[j])
	}
	opts := options{"heads": heads, "dim": dim}
	if base != 10000 {
		opts["base"] = base
	}
	for u, p := range pairs {
		if len(pairs) != heads*dim || p != u/dim*half+u%half {
			opts["pairs"] = pairs
		}
	}
	return opts
}

// tables are the tables of a rotation beside a value: a constant for each position and unit.
func tables(v *value, cos, sin *tensor) (t turning, ok bool) {
	if len(v.shape) != 2 || v.shape.Size() > maxUnits {
		return t, false
	}
	t = turning{units: v.shape[0], length: v.shape[1]}
	for to, c := range map[*func(unit, at int) float64]*tensor{&t.cos: cos, &t.sin: sin} {
		get, _, err := spread(v, c)
		if err != nil {
			return t, false
		}
		*to = func(unit, at int) float64 { return float64(get([]int64{int64(unit), int64(at)})) }
	}
	return t, true
}

// rotated is x·cos + partners·sin, where a Gather picks the partners or a Concat swaps the halves of
// an axis and negates the second.
func rotated(im *importer, m match) (*value, error) {
	if im.static(m.values["x"]) || !im.static(m.values["cos"]) || !im.static(m.values["sin"]) {
		return nil, nil
	}
	x, err := im.view(m.values["x"])
	if err == nil {
		x, err = im.pixels(x)
	}
	if err != nil {
		return nil, err
	}
	cos, err := im.constant(m.values["cos"])
	if err != nil {
		return nil, err
	}
	sin, err := im.constant(m.values["sin"])
	if err != nil {
		return nil, err
	}
	picks := im.picked
	if m.nodes["c"] != nil {
		picks = im.swapped
	}
	axis, partner, err := picks(x, m)
	if err != nil || partner == nil {
		return nil, err
	}
	v, err := im.complete(x)
	if err != nil {
		return nil, err
	}
	t, ok := tables(v, cos, sin)
	if !ok {
		return nil, nil
	}
	for u := range t.units {
		k := v.along(axis, u)
		t.partner = append(t.partner, int(int64(u)-place(v.axes[axis], 0, int64(k))+place(v.axes[axis], 0, int64(partner[k]))))
	}
	if m.nodes["c"] != nil { // the first half has the second one negated beside it
		half, sinOf := int(v.axes[axis].length()/2), t.sin
		t.sin = func(unit, at int) float64 {
			if v.along(axis, unit) < half {
				return -sinOf(unit, at)
			}
			return sinOf(unit, at)
		}
	}
	return im.rotary(v, t)
}

// along is the place along an axis of a unit of a value that has all units of its layer.
func (v *value) along(axis, unit int) int {
	k := int64(0)
	for _, t := range v.axes[axis] {
		if t.of == 0 {
			k = k*t.size + int64(unit)/t.stride%t.size
		}
	}
	return int(k)
}

// picked are the partners that a Gather picks; nil: it is something else.
func (im *importer) picked(x *value, m match) (axis int, partner []int, err error) {
	if axis, err = axisOf(intAttr(m.nodes["g"], "axis", 0), len(x.axes)); err != nil || !im.static(m.values["index"]) {
		return 0, nil, err
	}
	index, err := im.constant(m.values["index"])
	if err != nil {
		return 0, nil, err
	}
	list, err := wholeNumbers(index)
	length := x.axes[axis].length()
	if err != nil || int64(len(list)) != length || slices.ContainsFunc(x.axes[axis], func(t atom) bool { return t.of != 0 }) {
		return 0, nil, err
	}
	for _, i := range list {
		if i < 0 || i >= length {
			return 0, nil, nil
		}
		partner = append(partner, int(i))
	}
	return axis, partner, nil
}

// swapped are the partners where a Concat swaps the halves of an axis.
func (im *importer) swapped(x *value, m match) (axis int, partner []int, err error) {
	if axis, err = axisOf(intAttr(m.nodes["c"], "axis", 1), len(x.axes)); err != nil {
		return 0, nil, err
	}
	length := x.axes[axis].length()
	if a := x.axes[axis]; length%2 != 0 || len(a) != 1 || a[0].of != 0 {
		return 0, nil, nil
	}
	var list []int64
	for k := range length {
		list = append(list, k)
		partner = append(partner, int((k+length/2)%length))
	}
	for word, half := range map[string][]int64{"first": list[:length/2], "second": list[length/2:]} {
		got, err := im.view(m.values[word])
		if err != nil {
			return 0, nil, err
		}
		want, err := im.pick(x, axis, half)
		if err != nil {
			return 0, nil, err
		}
		if got.layer != want.layer || got.start != want.start || !sameAxes(got.axes, want.axes) {
			return 0, nil, nil
		}
	}
	return axis, partner, nil
}

func init() {
	register(rotated, "Add(Mul(x, cos), Mul(Gather@g(x, index), sin))", "Add(Mul(x, cos), Mul(Concat@c(Neg(second), first), sin))")
}
