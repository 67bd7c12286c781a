package importance

import (
	"math"

	"pare/nn"
)

// perSlice scores groups by the slices of their parameters: of gives the scores of all slices
// of a parameter along an axis. A group scores the mean over the weights that compute its
// units; without any, over the weights that read them, and without those over all its
// parameters.
func perSlice(s *Sample, of func(p *nn.Param, axis int) []float64) []float64 {
	type axis struct {
		p    *nn.Param
		axis int
	}
	scores := map[axis][]float64{}
	score := func(slot nn.Slot) float64 {
		key := axis{slot.Param, slot.Axis}
		if scores[key] == nil {
			scores[key] = of(slot.Param, slot.Axis)
		}
		return scores[key][slot.Index]
	}
	var out []float64
	for _, slots := range s.Groups.Slots() {
		for _, counts := range []func(nn.Slot) bool{computes, weighs, func(nn.Slot) bool { return true }} {
			sum, n := 0.0, 0.0
			for _, slot := range slots {
				if counts(slot) {
					sum += score(slot)
					n++
				}
			}
			if n > 0 {
				out = append(out, sum/n)
				break
			}
		}
	}
	return out
}

func weighs(s nn.Slot) bool   { return s.Param.Role == nn.RoleWeight }
func computes(s nn.Slot) bool { return weighs(s) && s.Param.Axes[s.Axis] == nn.AxisOut && !s.Reads() }

// squaredNorms are the squared norms of the slices of a parameter along an axis.
func squaredNorms(p *nn.Param, axis int) []float64 {
	n, stride := p.AxisLen(axis)
	squares := make([]float64, n)
	values := p.Data()
	for first := 0; first < len(values); first += stride {
		j := first / stride % n
		for _, v := range values[first : first+stride] {
			squares[j] += float64(v) * float64(v)
		}
	}
	return squares
}

// relativeNorms are the norms of the slices of a parameter along an axis over their mean.
func relativeNorms(p *nn.Param, axis int) []float64 {
	norms := squaredNorms(p, axis)
	for j, q := range norms {
		norms[j] = math.Sqrt(q)
	}
	return overMean(norms)
}

// overMean divides scores that are not all 0 by their mean, in place.
func overMean(scores []float64) []float64 {
	mean := 0.0
	for _, v := range scores {
		mean += v / float64(len(scores))
	}
	for j := range scores {
		if mean > 0 {
			scores[j] /= mean
		}
	}
	return scores
}
