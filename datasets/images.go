package datasets

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"pare/internal/option"
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
// it keeps the whole training part, it stays in its stored order.
func (o Options) divide(train, test *Split, classNames []string) (*Set, error) {
	held, kept, tested := o.Validation.Of(train.N), o.Train.Of(train.N), o.Test.Of(test.N)
	if held >= train.N {
		return nil, option.Errorf("validation", "%v leaves nothing of the %d training examples", o.Validation, train.N)
	}
	if kept > train.N-held {
		return nil, option.Errorf("train", "%v and validation %v together are more than the %d training examples",
			o.Train, o.Validation, train.N)
	}
	if tested > test.N {
		return nil, option.Errorf("test", "%v is more than the %d test examples", o.Test, test.N)
	}
	var validation *Split
	if held > 0 || kept > 0 && kept < train.N {
		order := rand.New(rand.NewPCG(mix(o.Seed), streamDivide)).Perm(train.N)
		rest := train.N - held
		if held > 0 {
			validation = train.subset(order[rest:])
		}
		if kept > 0 {
			rest = kept
		}
		train = train.subset(order[:rest])
	}
	if tested > 0 && tested < test.N {
		size := test.Size()
		cut := *test
		cut.N, cut.Pixels, cut.Labels = tested, test.Pixels[:tested*size:tested*size], test.Labels[:tested:tested]
		test = &cut
	}
	return NewImageSet(train, validation, test, classNames)
}

// Images is a Split as a Part: normalised, augmented in training, and read as images
// or as sequences of pixels.
type Images struct {
	split *Split
	table []float32 // normalised values, see Split.table
	aug   *Augment
	order []int32 // of pixels; nil: row by row
}

var _ Part = (*Images)(nil)

// NewImages checks the split (see Split.Validate) and makes a Part of it that gives
// (pixel/255 − mean)/std of each channel. The zero Augment changes nothing.
func NewImages(split *Split, norm Normalization, aug Augment) (*Images, error) {
	if split == nil {
		return nil, fmt.Errorf("images: no split")
	}
	if err := split.Validate(); err != nil {
		return nil, err
	}
	table, err := split.table(norm, &aug)
	if err != nil {
		return nil, err
	}
	return &Images{split: split, table: table, aug: &aug}, nil
}

// Split is the images as they are stored.
func (p *Images) Split() *Split { return p.split }

// Len implements Part.
func (p *Images) Len() int { return p.split.N }

// Fill implements Part.
func (p *Images) Fill(x, y []float32, idx []int, draw Draw) error {
	aug := p.aug
	if !draw.Augment {
		aug = nil
	}
	if err := p.split.fill(x, y, idx, p.table, aug, draw.Seed, draw.Epoch); err != nil {
		return err
	}
	if p.order != nil {
		p.permute(x, len(idx))
	}
	return nil
}

// permute puts the pixels of n images in the part's order; all have one channel.
func (p *Images) permute(x []float32, n int) {
	size := p.split.Size()
	rows := make([]float32, size)
	for k := range n {
		image := x[k*size:][:size]
		copy(rows, image)
		for i, from := range p.order {
			image[i] = rows[from]
		}
	}
}

// NewImageSet makes a set of images, with values in 0..1; Set.Normalized gives them mean
// and deviation. validation and test may be nil. All parts must have the same shape and
// classes.
func NewImageSet(train, validation, test *Split, classNames []string) (*Set, error) {
	set := &Set{ClassNames: classNames}
	for _, part := range []struct {
		name  string
		split *Split
		to    *Part
	}{{"training", train, &set.Train}, {"validation", validation, &set.Validation}, {"test", test, &set.Test}} {
		if part.split == nil && train != nil {
			continue
		}
		norm := Normalization{}
		if part.split != nil {
			norm = Unit(part.split.C)
		}
		images, err := NewImages(part.split, norm, Augment{})
		if err != nil {
			return nil, fmt.Errorf("%s images: %w", part.name, err)
		}
		if s, t := part.split, train; s.H != t.H || s.W != t.W || s.C != t.C || s.Classes != t.Classes {
			return nil, fmt.Errorf("%s images are %d×%d×%d of %d classes, training images %d×%d×%d of %d (HWC)",
				part.name, s.H, s.W, s.C, s.Classes, t.H, t.W, t.C, t.Classes)
		}
		*part.to = images
	}
	set.Task = Task{Input: []int{train.C, train.H, train.W}, Classes: train.Classes, Targets: 1}
	return set, nil
}

// Unit leaves values in 0..1 of so many channels as they are.
func Unit(channels int) Normalization {
	return Normalization{Mean: make([]float32, channels), Std: slices.Repeat([]float32{1}, channels)}
}

// Images is the training part of a set of images as it is stored; nil for other sets.
func (s *Set) Images() *Split {
	if images, ok := s.Train.(*Images); ok {
		return images.split
	}
	return nil
}

// renormalizer is a part that normalises on its own.
type renormalizer interface {
	normalized(norm Normalization) (Part, error)
}

// Normalized returns the set of images with every value (pixel/255 − mean)/std of its
// channel, and training images changed by aug. Sets with a Normalization get another one, and
// sets of other things are an error.
func (s *Set) Normalized(norm Normalization, aug Augment) (*Set, error) {
	out := *s
	for _, part := range []*Part{&out.Train, &out.Validation, &out.Test} {
		if *part == nil {
			continue
		}
		if r, ok := (*part).(renormalizer); ok && aug == (Augment{}) {
			var err error
			if *part, err = r.normalized(norm); err != nil {
				return nil, fmt.Errorf("%s: %w", s.Name, err)
			}
			out.Normalization = norm
			continue
		}
		images, ok := (*part).(*Images)
		if !ok {
			return nil, fmt.Errorf("%s has no images to normalise", s.Name)
		}
		own := Augment{}
		if part == &out.Train {
			own = aug
		}
		n, err := NewImages(images.split, norm, own)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		n.order = images.order
		*part = n
	}
	return &out, nil
}

// Augment changes training images at random, anew in each epoch. The zero value changes
// nothing.
type Augment struct {
	// Crop surrounds an image with that many pixels of the channel's mean on each side and
	// cuts a piece of the original size out at a random place.
	Crop int  `yaml:"crop" range:"[0,)" doc:"largest random shift in pixels, each way; 0: none"`
	Flip bool `yaml:"flip" doc:"mirror left and right with probability one half"`
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
	if err := checkFill(x, y, idx, s.N, size, 1); err != nil {
		return err
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
