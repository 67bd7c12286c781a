package activity

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/vector"
	"pare/nn"
)

// Meter measures the activations at the Sites of a network over the runs of a
// program that its Probes are compiled into: one program at a time.
type Meter struct {
	sites    []*meterSite
	examples int // of the next run that count
}

// NewMeter returns a Meter for a network, which may have no Sites.
func NewMeter(net *nn.Network) *Meter {
	m := &Meter{}
	for _, i := range Sites(net) {
		n := net.Nodes[i]
		m.sites = append(m.sites, &meterSite{meter: m, name: n.Name, shape: n.Shape, fired: make([]int64, n.Shape.Units())})
	}
	return m
}

// Probes are what a program has to be compiled with.
func (m *Meter) Probes() []nn.Probe {
	var out []nn.Probe
	for _, s := range m.sites {
		out = append(out, s)
	}
	return out
}

// Reset forgets all runs.
func (m *Meter) Reset() {
	for _, s := range m.sites {
		clear(s.fired)
		s.rows, s.hoyer, s.alive = 0, 0, 0
	}
}

// Expect tells how many examples of the next run count, from the first one on.
func (m *Meter) Expect(examples int) { m.examples = examples }

// Add takes the last run in.
func (m *Meter) Add() {
	for _, s := range m.sites {
		s.take()
	}
}

// meterSite is the probe of one site.
type meterSite struct {
	meter *Meter
	name  string
	shape nn.Shape
	act   *vector.Activity

	fired []int64 // positions at which a unit was not 0
	rows  int64   // positions
	alive int64   // positions with a value that is not 0
	hoyer float64 // sum of the Hoyer index over those
}

// ReadsOutputs implements nn.OutputReader.
func (s *meterSite) ReadsOutputs() []string { return []string{s.name} }

// Build implements nn.Probe: the node counts the positions it has seen.
func (s *meterSite) Build(b *nn.Builder) (*gorgonia.Node, error) {
	x, ok := b.Output(s.name)
	if !ok {
		return nil, fmt.Errorf("layer %s has no output to measure", s.name)
	}
	s.act = vector.NewActivity(b.Batch*s.shape.Positions(), s.shape.Units(), 0)
	return nn.Apply(nn.Op{Name: "activity", Run: func(dst []float32, in [][]float32) {
		rows := s.meter.examples * s.shape.Positions()
		s.act.Run(in[0], rows)
		dst[0] = float32(rows)
	}}, x)
}

func (s *meterSite) take() {
	rows := s.meter.examples * s.shape.Positions()
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
