package nn

import "fmt"

// origin is where the values of a parameter came from when a layer was sliced.
type origin struct {
	source *Param
	pick   func(dst, src []float32) // from a tensor of the source's shape
}

// SelectedFrom records that the parameter holds part of source's values: pick
// copies them from a tensor of the source's shape to one of p's. Select does so
// by itself; layers that slice in another way call it. It returns p, which keeps
// the source alive.
func (p *Param) SelectedFrom(source *Param, pick func(dst, src []float32)) *Param {
	p.origin = &origin{source, pick}
	return p
}

// Origin is the parameter that p's values were selected from, over any number of
// selections; p itself where it was made anew. What a layer adds to selected
// values, such as constants folded into a bias, does not matter.
func (p *Param) Origin() *Param {
	for p.origin != nil {
		p = p.origin.source
	}
	return p
}

// Follow selects from a tensor that lies as Origin's values do, such as a moment
// of an optimizer, what belongs to p's values. It panics where the length is
// another one.
func (p *Param) Follow(values []float32) []float32 {
	if p.origin == nil {
		if len(values) != p.Size() {
			panic(fmt.Sprintf("nn: parameter %s has %d values, not %d", p.Name, p.Size(), len(values)))
		}
		return append([]float32(nil), values...)
	}
	out := make([]float32, p.Size())
	p.origin.pick(out, p.origin.source.Follow(values))
	return out
}
