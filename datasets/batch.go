package datasets

import (
	"fmt"
	"math/rand/v2"
)

// Augment changes training images at random, anew in each epoch. The zero value changes
// nothing.
type Augment struct {
	// Crop surrounds an image with that many pixels of the channel's mean on each side and
	// cuts a piece of the original size out at a random place. 0 means no crop.
	Crop int `yaml:"crop" json:"crop,omitempty"`
	// Flip mirrors an image left to right half of the time.
	Flip bool `yaml:"flip" json:"flip,omitempty"`
}

// Batch writes the normalised images idx to x, len(idx)*H*W*C values in NHWC order, each
// (pixel/255 - mean)/std of its channel, and their classes to y, len(idx) whole numbers.
// Larger slices are filled from their beginning. aug nil means no change.
//
// What happens to an example depends on seed, epoch and its index alone, so neither on its
// place in the batch nor on goroutines; several may call Batch at once.
//
// It gives an error, having written nothing, where x or y is too short, an index is out of
// range, norm does not have C channels or has a deviation that is not above 0, or aug.Crop
// is below 0.
func (s *Split) Batch(x, y []float32, idx []int, norm Normalization, aug *Augment, seed, epoch uint64) error {
	table, err := s.table(norm, aug)
	if err != nil {
		return err
	}
	return s.fill(x, y, idx, table, aug, seed, epoch)
}

// table maps a channel's byte to its normalised value, at c*256+byte.
func (s *Split) table(norm Normalization, aug *Augment) ([]float32, error) {
	if len(norm.Mean) != s.C || len(norm.Std) != s.C {
		return nil, fmt.Errorf("batch: normalization has %d means and %d deviations for %d channels",
			len(norm.Mean), len(norm.Std), s.C)
	}
	if aug != nil && aug.Crop < 0 {
		return nil, fmt.Errorf("batch: crop is %d, must not be below 0", aug.Crop)
	}
	table := make([]float32, s.C*256)
	for c := range s.C {
		if !(norm.Std[c] > 0) {
			return nil, fmt.Errorf("batch: deviation of channel %d is %v, must be above 0", c, norm.Std[c])
		}
		for v := range 256 {
			table[c*256+v] = float32((float64(v)/255 - float64(norm.Mean[c])) / float64(norm.Std[c]))
		}
	}
	return table, nil
}

func (s *Split) fill(x, y []float32, idx []int, table []float32, aug *Augment, seed, epoch uint64) error {
	size := s.Size()
	if len(x) < len(idx)*size || len(y) < len(idx) {
		return fmt.Errorf("batch: x has %d values and y %d; %d examples of %d×%d×%d need %d and %d",
			len(x), len(y), len(idx), s.H, s.W, s.C, len(idx)*size, len(idx))
	}
	for k, i := range idx {
		if i < 0 || i >= s.N {
			return fmt.Errorf("batch: index %d at place %d is not among %d examples", i, k, s.N)
		}
	}
	var pcg rand.PCG
	for k, i := range idx {
		y[k] = float32(s.Labels[i])
		to, from := x[k*size:(k+1)*size], s.Pixels[i*size:(i+1)*size]
		if aug == nil || aug.Crop == 0 && !aug.Flip {
			s.copyPlain(to, from, table)
			continue
		}
		pcg.Seed(mix(seed, epoch), mix(streamAugment, uint64(i)))
		r := rand.New(&pcg)
		dy := r.IntN(2*aug.Crop+1) - aug.Crop
		dx := r.IntN(2*aug.Crop+1) - aug.Crop
		s.copyMoved(to, from, table, dy, dx, aug.Flip && r.Uint64()&1 == 1)
	}
	return nil
}

func (s *Split) copyPlain(to []float32, from []uint8, table []float32) {
	if s.C == 1 {
		for i, v := range from {
			to[i] = table[v]
		}
		return
	}
	for c := range s.C {
		channel := table[c*256 : (c+1)*256]
		for i := c; i < len(from); i += s.C {
			to[i] = channel[from[i]]
		}
	}
}

// copyMoved takes row and column (row+dy, col+dx) of the image, mirrored if flip, for each
// (row, col), and the mean, which is 0, outside of it.
func (s *Split) copyMoved(to []float32, from []uint8, table []float32, dy, dx int, flip bool) {
	i := 0
	for row := range s.H {
		y := row + dy
		for col := range s.W {
			x := col + dx
			if flip {
				x = s.W - 1 - x
			}
			inside := y >= 0 && y < s.H && x >= 0 && x < s.W
			for c := range s.C {
				to[i] = 0
				if inside {
					to[i] = table[c*256+int(from[(y*s.W+x)*s.C+c])]
				}
				i++
			}
		}
	}
}
