package datasets

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Split is one part of an image classification dataset, kept as bytes: N images of height
// H and width W with C channels, channels last. The channel c of pixel (row, col) of image
// i is Pixels[((i*H+row)*W+col)*C+c]. Once built, it is only read.
type Split struct {
	N, H, W, C int
	Classes    int
	Pixels     []uint8 // N*H*W*C, 0 black to 255 full
	Labels     []uint8 // N, each below Classes
}

// Size is the number of values of one image, H*W*C.
func (s *Split) Size() int { return s.H * s.W * s.C }

// Validate checks that the lengths agree with the shape and that every label is a class.
// Datasets from outside this package should call it before they return.
func (s *Split) Validate() error {
	if s.N < 0 || s.H <= 0 || s.W <= 0 || s.C <= 0 {
		return fmt.Errorf("split: shape %d×%d×%d×%d (NHWC) is not valid", s.N, s.H, s.W, s.C)
	}
	if s.Classes < 1 || s.Classes > 256 {
		return fmt.Errorf("split: %d classes; must be 1 to 256", s.Classes)
	}
	if len(s.Pixels) != s.N*s.Size() {
		return fmt.Errorf("split: %d pixel values, shape %d×%d×%d×%d (NHWC) needs %d",
			len(s.Pixels), s.N, s.H, s.W, s.C, s.N*s.Size())
	}
	if len(s.Labels) != s.N {
		return fmt.Errorf("split: %d labels for %d images", len(s.Labels), s.N)
	}
	for i, l := range s.Labels {
		if int(l) >= s.Classes {
			return fmt.Errorf("split: label %d of example %d is not below %d classes", l, i, s.Classes)
		}
	}
	return nil
}

// Normalization is the mean and standard deviation of each channel, in units of 0..1.
type Normalization struct{ Mean, Std []float32 }

// Stats measures the mean and (population) standard deviation of each channel over all
// pixels of all images, with values scaled to 0..1. A channel that is constant, or a split
// without images, gets the deviation 1.
func (s *Split) Stats() Normalization {
	norm := Normalization{Mean: make([]float32, s.C), Std: make([]float32, s.C)}
	for c := range s.C {
		var count [256]int
		for i := c; i < len(s.Pixels); i += s.C {
			count[s.Pixels[i]]++
		}
		var n, sum, squares float64
		for v, k := range count {
			n += float64(k)
			sum += float64(k) * float64(v)
		}
		norm.Std[c] = 1
		if n == 0 {
			continue
		}
		mean := sum / n
		for v, k := range count {
			d := float64(v) - mean
			squares += float64(k) * d * d
		}
		norm.Mean[c] = float32(mean / 255)
		if squares > 0 {
			norm.Std[c] = float32(math.Sqrt(squares/n) / 255)
		}
	}
	return norm
}

// subset copies the examples idx, in that order.
func (s *Split) subset(idx []int) *Split {
	size := s.Size()
	out := &Split{N: len(idx), H: s.H, W: s.W, C: s.C, Classes: s.Classes,
		Pixels: make([]uint8, len(idx)*size), Labels: make([]uint8, len(idx))}
	for to, from := range idx {
		copy(out.Pixels[to*size:], s.Pixels[from*size:(from+1)*size])
		out.Labels[to] = s.Labels[from]
	}
	return out
}

// divide makes a set of the training and test parts of a dataset by the sizes in o. Where
// o keeps the whole training part, it stays in its stored order.
func divide(name string, train, test *Split, classNames []string, o Options) (*Set, error) {
	if o.Validation >= train.N {
		return nil, fmt.Errorf("datasets: %s: validation %d leaves nothing of the %d training examples",
			name, o.Validation, train.N)
	}
	if o.Train > train.N-o.Validation {
		return nil, fmt.Errorf("datasets: %s: train %d and validation %d together are more than the %d training examples",
			name, o.Train, o.Validation, train.N)
	}
	if o.Test > test.N {
		return nil, fmt.Errorf("datasets: %s: test %d is more than the %d test examples", name, o.Test, test.N)
	}
	var validation *Split
	if o.Validation > 0 || o.Train > 0 && o.Train < train.N {
		order := rand.New(rand.NewPCG(mix(o.Seed), streamDivide)).Perm(train.N)
		rest := train.N - o.Validation
		if o.Validation > 0 {
			validation = train.subset(order[rest:])
		}
		if o.Train > 0 {
			rest = o.Train
		}
		train = train.subset(order[:rest])
	}
	if o.Test > 0 && o.Test < test.N {
		size := test.Size()
		cut := *test
		cut.N, cut.Pixels, cut.Labels = o.Test, test.Pixels[:o.Test*size:o.Test*size], test.Labels[:o.Test:o.Test]
		test = &cut
	}
	return NewImageSet(name, train, validation, test, classNames)
}
