package regularize

import (
	"fmt"
	"slices"

	"pare/layers/activity"
	"pare/nn"
)

// Revive says how a penalty on activations treats units that rarely fire, that
// is, are not 0. A unit that no example makes fire has no gradient, and once the
// penalty has silenced it nothing brings it back.
type Revive struct {
	After int     `yaml:"after" range:"[1,16777216)" doc:"steps without firing until a unit's bias is pushed, and over which rates are averaged"`
	Floor float64 `yaml:"floor" range:"[0,1)" doc:"units that fire at a smaller share of positions are not penalised"`
	Push  float64 `yaml:"push" range:"[0,)" doc:"growth per step of the bias of a silent unit until it fires; 0: none"`
}

// Defaults sets the options that a config leaves out.
func (r *Revive) Defaults() { *r = Revive{After: 100, Floor: 1e-4, Push: 0.01} }

// firing follows how often the units of one layer fire in training.
type firing struct {
	Revive
	bias  *nn.Param // nil where push is 0
	fired []int32   // in the last run
	rows  int       // positions of that run

	rate  []float32 // share of positions, averaged over steps
	idle  []float32 // steps since a unit fired
	steps []float32 // one value: steps seen, up to After
}

func newFiring(net *nn.Network, node int, r Revive) (*firing, error) {
	n := net.Nodes[node].Shape.Units()
	f := &firing{Revive: r, rate: make([]float32, n), idle: make([]float32, n), steps: make([]float32, 1)}
	for i := range f.rate {
		f.rate[i] = 1
	}
	if r.Push > 0 {
		if f.bias = shiftOf(net, node); f.bias == nil {
			return nil, fmt.Errorf("revive: the units of layer %s have no bias to push; use push: 0", net.Nodes[node].Name)
		}
	}
	return f, nil
}

// shiftOf returns the last bias or shift that is added to the units of a value, position
// by position of the parameter, or nil. In a product it looks at the operand with the
// zeros.
func shiftOf(net *nn.Network, node int) *nn.Param {
	units := nn.MapUnits(net)
	want := units.Out(node)
	for node >= 0 && slices.Equal(units.Out(node), want) {
		n := net.Nodes[node]
		for _, p := range n.Layer.Params() {
			if (p.Role == nn.RoleBias || p.Role == nn.RoleShift) && p.Size() == len(want) && p.FindAxis(nn.AxisOut) == 0 {
				return p
			}
		}
		if len(n.Inputs) == 0 {
			return nil
		}
		next := n.Inputs[len(n.Inputs)-1]
		for _, in := range n.Inputs {
			if in >= 0 && activity.Rectifies(net.Nodes[in].Layer) {
				next = in
			}
		}
		node = next
	}
	return nil
}

// see notes the result of a run.
func (f *firing) see(fired []int32, rows int) { f.fired, f.rows = fired, rows }

// penalised reports whether the penalty acts on a unit.
func (f *firing) penalised(unit int) bool { return f.rate[unit] >= float32(f.Floor) }

// step follows an update: rates and counts go on, silent units get their push.
func (f *firing) step() {
	f.steps[0] = min(f.steps[0]+1, float32(f.After))
	for u, n := range f.fired {
		f.rate[u] += (float32(n)/float32(f.rows) - f.rate[u]) / f.steps[0]
		if n > 0 {
			f.idle[u] = 0
			continue
		}
		f.idle[u] = min(f.idle[u]+1, float32(f.After))
		if f.bias != nil && f.idle[u] >= float32(f.After) {
			f.bias.Data()[u] += float32(f.Push)
		}
	}
}

// AfterStep counts the units that fired in the last run and revives silent ones. It is
// called after each update; without Revive it does nothing.
func (t *Activations) AfterStep() {
	for _, s := range t.sites {
		if s.firing != nil {
			s.firing.step()
		}
	}
}

// State is the state of AfterStep, in a fixed order; the storage is the live one.
// Empty without Revive.
func (t *Activations) State() []nn.NamedState {
	var out []nn.NamedState
	for _, s := range t.sites {
		if f := s.firing; f != nil {
			out = append(out, nn.NamedState{Name: s.name + ".rate", Data: f.rate},
				nn.NamedState{Name: s.name + ".idle", Data: f.idle}, nn.NamedState{Name: s.name + ".steps", Data: f.steps})
		}
	}
	return out
}
