package activity

import (
	"math"

	"pare/internal/kernel/vector"
	"pare/nn"
)

// Meter measures the activations at the Sites of a network over the runs of a
// program that its Probes are compiled into: one program at a time.
type Meter struct {
	runs
	sites []*site
}

// site has the counts of one site.
type site struct {
	name  string
	shape nn.Shape
	act   *vector.Activity

	fired []int64 // positions at which a unit was not 0
	rows  int64   // positions
	alive int64   // positions with a value that is not 0
	hoyer float64 // sum of the Hoyer index over those
}

// NewMeter returns a Meter for a network, which may have no Sites.
func NewMeter(net *nn.Network) *Meter {
	m := &Meter{}
	for _, i := range Sites(net) {
		n := net.Nodes[i]
		s := &site{name: n.Name, shape: n.Shape, fired: make([]int64, n.Shape.Units())}
		m.sites = append(m.sites, s)
		m.probes = append(m.probes, &probe{runs: &m.runs, node: n,
			start: func(batch int) { s.act = vector.NewActivity(batch*s.shape.Positions(), s.shape.Units(), 0) },
			see:   func(values []float32, examples int) { s.act.Run(values, examples*s.shape.Positions()) }})
	}
	return m
}

// Reset forgets all runs.
func (m *Meter) Reset() {
	for _, s := range m.sites {
		clear(s.fired)
		s.rows, s.hoyer, s.alive = 0, 0, 0
	}
}

// Add takes the last run in.
func (m *Meter) Add() {
	for _, s := range m.sites {
		s.add(m.examples * s.shape.Positions())
	}
}

func (s *site) add(rows int) {
	s.rows += int64(rows)
	for u, n := range s.act.Fired {
		s.fired[u] += int64(n)
	}
	root := math.Sqrt(float64(s.shape.Units()))
	if root == 1 {
		return
	}
	for r := range rows {
		if s.act.Square[r] > 0 {
			s.alive++
			s.hoyer += (root - s.act.Abs[r]/math.Sqrt(s.act.Square[r])) / (root - 1)
		}
	}
}

// Report is how sparse activations are.
type Report struct {
	// Overall is the share of all values, of all layers together, that are not
	// exactly 0.
	Overall float64 `json:"overall"`
	// Dead is the share of all units that were 0 at every position of every
	// example.
	Dead   float64          `json:"dead_units"`
	Layers map[string]Layer `json:"layers"` // each layer
}

// Layer is how sparse the output of one layer is.
type Layer struct {
	Density float64 `json:"density"`    // share of the values that are not exactly 0
	Units   int     `json:"units"`      // outputs of the layer
	Dead    int     `json:"dead_units"` // units that were 0 throughout
	// Hoyer is the mean over positions, where not all is 0, of Hoyer's index
	// (√n − ‖a‖₁/‖a‖₂)/(√n − 1) of the n units: 0 where all are the same size, 1
	// where one alone is not 0, and 0 for a single unit.
	Hoyer float64 `json:"hoyer"`
}

// Report sums up the runs since the last Reset; nil where the network has no
// Sites or there was no run.
func (m *Meter) Report() *Report {
	if len(m.sites) == 0 || m.sites[0].rows == 0 {
		return nil
	}
	r := &Report{Layers: map[string]Layer{}}
	var fired, values, dead, units int64
	for _, s := range m.sites {
		l := Layer{Units: len(s.fired)}
		n := int64(0)
		for _, f := range s.fired {
			n += f
			if f == 0 {
				l.Dead++
			}
		}
		all := s.rows * int64(l.Units)
		l.Density = float64(n) / float64(all)
		if s.alive > 0 {
			l.Hoyer = s.hoyer / float64(s.alive)
		}
		r.Layers[s.name] = l
		fired, values = fired+n, values+all
		dead, units = dead+int64(l.Dead), units+int64(l.Units)
	}
	r.Overall, r.Dead = float64(fired)/float64(values), float64(dead)/float64(units)
	return r
}
