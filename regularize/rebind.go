package regularize

import (
	"slices"

	"pare/nn"
)

// Rebind binds the penalty to a pruned form of its network. It is not an error if groups,
// or layers that a pattern names, are gone; without any group the term is 0. Method Groups
// counts groups that are gone as zero, unless Hold says better.
//
// Scales follow the present groups: "sqrt" is the root of the present size. The price of
// a multiply-accumulate under "macs" stays the same as in the first network, where the
// mean was 1. Gates per channel into one sum whose operands have lost different channels
// are no longer penalised by on: paths.
func (t *Term) Rebind(net *nn.Network) (*Term, error) {
	next, err := newTerm(net, t.spec, finder{price: t.price, partial: true})
	if err != nil {
		return nil, err
	}
	next.groups, next.factor, next.off = t.groups, t.factor, t.off
	next.SetEpoch(0)
	return next, nil
}

// Hold sets the number of groups of the network before that remain, as counted by
// Surviving. When pruning has removed all other branches of a module, the last branch is no
// longer a group, because nothing may remove it; it still counts as one that is not zero.
func (t *Term) Hold(groups int) {
	present, _ := t.count()
	t.lone = max(0, groups-present)
}

// Surviving counts the groups that are not zero and still have values in small, a pruned
// form of this term's network. Groups added by Hold count too. Values in held, which the
// pruning was told to keep, count as not zero; a nil held holds none.
func (t *Term) Surviving(small *nn.Network, held nn.Held) int {
	kept := map[*nn.Param][]bool{} // by origin: the values that small holds
	for _, p := range small.Params() {
		origin := p.Origin()
		if kept[origin] == nil {
			kept[origin] = make([]bool, origin.Size())
		}
		for _, i := range places(p.Param) {
			kept[origin][i] = true
		}
	}
	alive := make([]bool, len(t.Norms()))
	t.Visit(func(g int, p *nn.Param, i int) {
		if k := kept[p]; k != nil && k[i] && (p.Data()[i] != 0 || held.Holds(p, i)) {
			alive[g] = true
		}
	})
	n := t.lone
	for _, a := range alive {
		if a {
			n++
		}
	}
	return n
}

// Origins lists, for each group of the term that Rebind makes for the network small, a
// pruned form of this term's, the group of this term that its values were in; −1 for none.
func (t *Term) Origins(small *nn.Network) ([]int, error) {
	next, err := t.Rebind(small)
	if err != nil {
		return nil, err
	}
	was := map[*nn.Param][]int{} // by parameter: the group of each value, or -1
	t.Visit(func(g int, p *nn.Param, i int) {
		if was[p] == nil {
			was[p] = slices.Repeat([]int{-1}, p.Size())
		}
		was[p][i] = g
	})
	from := slices.Repeat([]int{-1}, len(next.Norms()))
	origin := map[*nn.Param][]int{} // by parameter: the place of each value in its origin
	next.Visit(func(g int, p *nn.Param, i int) {
		groups := was[p.Origin()]
		if from[g] >= 0 || groups == nil {
			return
		}
		if origin[p] == nil {
			origin[p] = places(p)
		}
		from[g] = groups[origin[p][i]]
	})
	return from, nil
}

// places lists the positions of p's values in its origin. It makes several passes, because
// float32 counts only so far.
func places(p *nn.Param) []int {
	const most = 1 << 24
	var out []int
	values := make([]float32, p.Origin().Size())
	for from := 0; from < len(values); from += most - 1 {
		clear(values)
		for i := range min(len(values)-from, most-1) {
			values[from+i] = float32(i + 1)
		}
		for _, v := range p.Follow(values) {
			if v > 0 {
				out = append(out, from+int(v)-1)
			}
		}
	}
	return out
}

// SetFactor multiplies λ from the next SetEpoch on; it is 1 at first.
func (t *Term) SetFactor(f float64) { t.factor = f }

// SwitchOff ends the penalty for good: λ is 0 and it governs no parameter, so
// weight decay is free to. A program compiled before still holds it; compile anew.
func (t *Term) SwitchOff() { t.off, t.factor, t.lambda = true, 0, 0 }

// active are the parts that are penalised.
func (t *Term) active() []part {
	if t.off {
		return nil
	}
	return t.parts
}
