package activity

import (
	"fmt"
	"math"

	"pare/layers"
	"pare/nn"
)

// binShift leaves 8 bits of the mantissa: bins of positive numbers are 0.4 % wide.
const binShift = 15

// Histograms are the distributions of the outputs of the ReLUs of a network,
// over the runs of one program that the Probes are compiled into.
type Histograms struct {
	runs
	sites []*histogram
}

// histogram has the sum of squares in each bin of one layer's output.
type histogram struct {
	name   string
	energy []float64
}

// NewHistograms returns empty histograms, none for a network whose ReLUs nothing
// reads.
func NewHistograms(net *nn.Network) *Histograms {
	h := &Histograms{}
	readers := net.Consumers()
	for i, n := range net.Nodes {
		if !nn.TraitsOf(n.Layer).Rectifies || len(readers[i]) == 0 {
			continue
		}
		s := &histogram{name: n.Name, energy: make([]float64, 1<<(31-binShift))}
		h.sites = append(h.sites, s)
		h.probes = append(h.probes, &probe{runs: &h.runs, node: n, see: func(values []float32, examples int) {
			for _, v := range values[:examples*n.Shape.Size()] {
				if v > 0 {
					s.energy[math.Float32bits(v)>>binShift] += float64(v) * float64(v)
				}
			}
		}})
	}
	return h
}

// Empty reports whether there is no layer that could have a threshold.
func (h *Histograms) Empty() bool { return len(h.sites) == 0 }

// Thresholds returns for each layer, by name, the threshold below which lies at
// most the share of the sum of squares of its output; share is in [0, 1].
func (h *Histograms) Thresholds(share float64) map[string]float64 {
	out := map[string]float64{}
	for _, s := range h.sites {
		out[s.name] = s.threshold(share)
	}
	return out
}

func (s *histogram) threshold(share float64) float64 {
	total := 0.0
	for _, e := range s.energy {
		total += e
	}
	sum := 0.0
	for bin, e := range s.energy {
		if sum += e; e > 0 && sum > share*total {
			return float64(math.Float32frombits(uint32(bin) << binShift))
		}
	}
	return 0
}

// WithThresholds returns a copy of the network whose ReLUs have the thresholds, by name of
// the layer; a higher threshold that a ReLU already has stays.
func WithThresholds(net *nn.Network, thresholds map[string]float64) (*nn.Network, error) {
	c, err := net.Clone()
	if err != nil {
		return nil, err
	}
	for name, tau := range thresholds {
		n, ok := c.Lookup(name)
		if !ok || !nn.TraitsOf(n.Layer).Rectifies {
			return nil, fmt.Errorf("threshold: %s is not a ReLU of the network", name)
		}
		l := &layers.FATReLU{Threshold: max(tau, nn.TraitsOf(n.Layer).Threshold)}
		if _, err := l.Init(c.InputShapes(n), nil); err != nil {
			return nil, fmt.Errorf("layer %s: %w", name, err)
		}
		n.Layer = l
	}
	return c, nil
}
