package train

import (
	"slices"

	"pare/nn"
)

// Normed is implemented by penalties that know the Euclidean norms of their
// groups.
type Normed interface {
	Penalty
	// Norms lists the norm of every group, in a fixed order.
	Norms() []float64
}

// Quantiles sum up the norms of the groups that are not 0.
type Quantiles struct {
	Min    float64 `json:"min"`
	Tenth  float64 `json:"p10"`
	Median float64 `json:"p50"`
	Ninety float64 `json:"p90"`
	Max    float64 `json:"max"`
}

// quantiles of the values above 0, whose order is lost: q is the value of rank
// ⌊q·(n−1)⌋. It is nil when there are none.
func quantiles(values []float64) *Quantiles {
	values = slices.DeleteFunc(values, func(v float64) bool { return !(v > 0) })
	if len(values) == 0 {
		return nil
	}
	slices.Sort(values)
	at := func(q float64) float64 { return values[int(q*float64(len(values)-1))] }
	return &Quantiles{at(0), at(0.1), at(0.5), at(0.9), at(1)}
}

// trajectories adds to the record of an epoch what a picture of gates and groups
// over time needs.
func (t *Trainer) trajectories(r *Record) {
	r.Gates = gates(t.net)
	for i, p := range t.o.Penalties {
		if n, ok := p.(Normed); ok {
			r.Terms[i].Norms = quantiles(n.Norms())
		}
	}
}

// gates copies the values of all gates by the full name of their parameter; nil
// where there are none.
func gates(net *nn.Network) map[string][]float32 {
	var out map[string][]float32
	for _, p := range net.Params() {
		if p.Role != nn.RoleGate {
			continue
		}
		if out == nil {
			out = map[string][]float32{}
		}
		out[p.Full] = slices.Clone(p.Data())
	}
	return out
}
