package nn

import "gorgonia.org/gorgonia"

// Moments are the mean and the biased variance of every unit of a value over
// batch and positions. A convolution computes them while its result is in
// cache, which spares the normalisation that reads it two passes.
type Moments struct{ Mean, Variance []float32 }

// MomentsReader marks layers that ask for the moments of their input in the modes
// with batch statistics, Train and Measure.
type MomentsReader interface{ ReadsMoments() }

// MomentsWanted returns where the layer being built shall put the moments of
// its result, one for each unit, whenever it computes it; nil: nobody asks.
// A layer that asks must fill them.
func (b *Builder) MomentsWanted(units int) *Moments {
	if !b.wanted {
		return nil
	}
	b.offered = &Moments{make([]float32, units), make([]float32, units)}
	return b.offered
}

// Moments returns the moments of a value, filled when the value is computed;
// nil: its layer does not compute them.
func (b *Builder) Moments(of *gorgonia.Node) *Moments { return b.moments[of.ID()] }

// wantMoments says for each node whether a layer that reads it asks for moments.
func wantMoments(net *Network, mode Mode) []bool {
	wanted := make([]bool, len(net.Nodes))
	if mode != Train && mode != Measure {
		return wanted
	}
	for _, n := range net.Nodes {
		if _, ok := n.Layer.(MomentsReader); ok && n.Inputs[0] >= 0 {
			wanted[n.Inputs[0]] = true
		}
	}
	return wanted
}
