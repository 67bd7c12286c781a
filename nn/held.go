package nn

// Held marks, by parameter, values that count as not zero in the analyses of pruning,
// whatever they are: what is zero for the moment only stays. The slice of a parameter
// has an entry for each of its values. nil marks none.
type Held map[*Param][]bool

// Holds reports whether value i of a parameter is marked.
func (h Held) Holds(p *Param, i int) bool {
	set := h[p]
	return set != nil && set[i]
}

// During calls f while the parameters know their marks. No other goroutine may prune
// a network of these parameters at the same time.
func (h Held) During(f func() error) error {
	for p, set := range h {
		p.held = set
	}
	defer func() {
		for p := range h {
			p.held = nil
		}
	}()
	return f()
}

// Holds reports whether value i counts as not zero though it may be: layers ask in
// Pruner's methods, for the values that are 0. See Held.
func (p *Param) Holds(i int) bool { return p.held != nil && p.held[i] }
