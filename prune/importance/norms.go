package importance

import (
	"cmp"
	"math"

	"pare/nn"
)

// perSlice scores groups by the slices of their parameters: of gives the scores of all slices
// of a parameter along an axis. A group scores the mean over the weights that compute its
// units; without any, over the weights that read them, and without those over all its
// parameters. of calls step between pieces of its work.
func perSlice(s *Sample, of func(p *nn.Param, axis int, step func() error) ([]float64, error)) ([]float64, error) {
	type axis struct {
		p    *nn.Param
		axis int
	}
	scores := map[axis][]float64{}
	groups := s.Groups.Slots()
	var out []float64
	step := func() error { return s.step(len(out), len(groups)) }
	score := func(slot nn.Slot) (float64, error) {
		key := axis{slot.Param, slot.Axis}
		if scores[key] == nil {
			list, err := of(slot.Param, slot.Axis, step)
			if err = cmp.Or(err, step()); err != nil {
				return 0, err
			}
			scores[key] = list
		}
		return scores[key][slot.Index], nil
	}
	for _, slots := range groups {
		for _, counts := range []func(nn.Slot) bool{computes, weighs, func(nn.Slot) bool { return true }} {
			sum, n := 0.0, 0.0
			for _, slot := range slots {
				if counts(slot) {
					v, err := score(slot)
					if err != nil {
						return nil, err
					}
					sum += v
					n++
				}
			}
			if n > 0 {
				out = append(out, sum/n)
				break
			}
		}
	}
	return out, nil
}

// inOnePiece makes of scores without an error those that perSlice takes.
func inOnePiece(of func(p *nn.Param, axis int) []float64) func(*nn.Param, int, func() error) ([]float64, error) {
	return func(p *nn.Param, axis int, _ func() error) ([]float64, error) { return of(p, axis), nil }
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
