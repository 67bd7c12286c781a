package importance

import (
	"math"

	"pare/internal/dense"
	"pare/nn"
)

// FPGM is the distance to the geometric median (He et al. 2019, "Filter pruning via geometric
// median", equation 7): the sum of the distances of a filter to all filters of its layer, over
// the mean of these sums in the layer, so that layers compare:
//
//	Σ_j ‖w_g − w_j‖₂ / mean over slices s of Σ_j ‖w_s − w_j‖₂
//
// The filters nearest to the others have the lowest score: the others can stand for them. A
// group scores the mean over the same parameters as with Magnitude.
type FPGM struct{}

func init() {
	Criteria.Register("fpgm", "distance to all filters of the layer, relative to the layer's mean (He et al. 2019)",
		func() Importance { return FPGM{} })
}

// Score implements Importance.
func (FPGM) Score(s *Sample) ([]float64, error) {
	return perSlice(s, func(p *nn.Param, axis int, step func() error) ([]float64, error) {
		sums, err := distances(p, axis, step)
		return overMean(sums), err
	})
}

// distances are the sums of the distances of each slice of a parameter along an axis to all
// slices, by ‖a − b‖² = ‖a‖² + ‖b‖² − 2ab in float64. Products are added up over blocks of
// values, because a parameter in float64 takes twice its memory. step is called between blocks.
func distances(p *nn.Param, axis int, step func() error) ([]float64, error) {
	n, stride := p.AxisLen(axis)
	values := p.Data()
	depth := len(values) / max(1, n)
	at := func(slice, k int) int { return (k/stride*n+slice)*stride + k%stride }

	const block = 512
	products := make([]float64, n*n)
	rows := make([]float64, n*min(block, depth))
	for first := 0; first < depth; first += block {
		if err := step(); err != nil {
			return nil, err
		}
		width := min(block, depth-first)
		for k := range width {
			for i := range n {
				rows[i*width+k] = float64(values[at(i, first+k)])
			}
		}
		m := dense.Matrix{Data: rows, Stride: width}
		dense.Multiply(products, n, 1, m, m.T(), n, n, width, dense.Lower)
	}
	sums := make([]float64, n)
	for i := range n {
		for j := range i {
			// Rounding may leave a negative square for equal slices.
			d := math.Sqrt(max(0, products[i*n+i]+products[j*n+j]-2*products[i*n+j]))
			sums[i] += d
			sums[j] += d
		}
	}
	return sums, nil
}
