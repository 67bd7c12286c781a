package gradual

import "pare/nn"

// fading are the groups that go in the present interval of method Least. Their values
// shrink linearly to zero, and nothing but the lambdas as given weighs on what stays
// (after HESSO, Chen et al. 2024, which ranks and shrinks groups in periods). The last
// batches before the choice tell what groups are worth: those of the pause, and where
// they are few of the steps before it.
type fading struct {
	taylor
	Groups [][2]int `json:"groups,omitempty"` // number of the penalty and of the group in it
	Left   int      `json:"left,omitempty"`   // steps until they are zero
	Paused int      `json:"paused,omitempty"` // steps of the pause that have gone by

	places []place
}

// begin sets the groups that are to be zero after some steps; what was measured for the
// choice ends with it.
func (f *fading) begin(chosen []group, steps int, ts terms) {
	for _, g := range chosen {
		f.Groups = append(f.Groups, [2]int{g.term, g.number})
	}
	f.Left, f.Paused, f.taylor = steps, 0, taylor{}
	f.recall(ts)
}

// recall finds the values of the groups, those that two of them share once.
func (f *fading) recall(ts terms) {
	f.places = nil
	if len(f.Groups) == 0 {
		return
	}
	chosen, seen := map[[2]int]bool{}, map[place]bool{}
	for _, g := range f.Groups {
		chosen[g] = true
	}
	for k, t := range ts {
		if t == nil {
			continue
		}
		t.Visit(func(g int, p *nn.Param, i int) {
			if at := (place{p, i}); chosen[[2]int{k, g}] && !seen[at] {
				seen[at] = true
				f.places = append(f.places, at)
			}
		})
	}
}

// fade takes a step towards zero.
func (f *fading) fade() {
	keep := float32(f.Left-1) / float32(f.Left)
	for _, at := range f.places {
		at.p.Data()[at.i] *= keep
	}
	f.Left--
}

// end forgets the groups, which are zero.
func (f *fading) end() { f.Groups, f.places = nil, nil }
