package regularize

import (
	"fmt"

	"pare/nn"
)

var gates = Target{Name: "gates", Doc: "every gate, kept at 0 or above", groups: (*topology).gateGroups,
	restrict: func(p Penalty) Penalty { return NonNegative{p} }}

// gateGroups makes one group of every gate.
func (t *topology) gateGroups(string) ([]*group, error) {
	var groups []*group
	for i, node := range t.net.Nodes {
		for _, p := range node.Params() {
			if p.Role != nn.RoleGate {
				continue
			}
			perChannel := p.FindAxis(nn.AxisOut) >= 0
			units := t.units.Out(i)
			for j := range p.Size() {
				g := &group{label: fmt.Sprintf("gate %d of %s", j, node.Name), layers: []string{node.Name},
					slots: []nn.Slot{{Node: i, Param: p, Axis: 0, Index: j}}}
				if perChannel {
					g.macs = t.unitMACs(units[j])
				} else {
					g.macs = t.pathMACs(i)
				}
				groups = append(groups, g)
			}
		}
	}
	return groups, nil
}

// NonNegative restricts a penalty to w ≥ 0: gates. The penalty must not
// decrease with any |wᵢ| nor depend on signs; none of this package does. Then the
// proximal map is the penalty's at max(w, 0); for L1 it is max(0, w−τ). Value
// and subgradient are the penalty's: the restriction acts in Prox alone.
type NonNegative struct{ Penalty }

var (
	_ Penalty     = NonNegative{}
	_ Elementwise = NonNegative{}
)

// Elementwise implements Elementwise: it is so if the penalty is.
func (p NonNegative) Elementwise() bool { return isElementwise(p.Penalty) }

func (p NonNegative) Prox(w, d []float32, tau float32) {
	project(w)
	p.Penalty.Prox(w, d, tau)
}

// project replaces w by max(w, 0); NaN stays.
func project(w []float32) {
	for i, v := range w {
		if v < 0 {
			w[i] = 0
		}
	}
}
