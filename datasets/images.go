package datasets

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"

	"pare/datasets/raster"
	"pare/internal/option"
)

// Split is one part of an image classification dataset, kept as bytes: N images of height
// H and width W with C channels, channels last. The channel c of pixel (row, col) of image
// i is Pixels[((i*H+row)*W+col)*C+c]. Once built, it is only read.
type Split struct {
	N, H, W, C int
	Classes    int
	Pixels     []uint8 // N*H*W*C, 0 black to 255 full; nil where images stay in files
	Labels     []int32 // N, each below Classes

	files *imageFiles // nil where Pixels has the images

	// Examples come from these places of a larger split; nil: from all, in order.
	origin []int32
	name   func(i int) string // of the file at a place of the largest split; nil: files have no names
}

// maxClasses bounds the classes of images: a batch holds them in float32.
const maxClasses = 1 << 24

// labelsOf are the labels of a file that stores them as bytes.
func labelsOf(b []uint8) []int32 {
	out := make([]int32, len(b))
	for i, v := range b {
		out[i] = int32(v)
	}
	return out
}

// Size is the number of values of one image, H*W*C.
func (s *Split) Size() int { return s.H * s.W * s.C }

// Validate checks that the lengths agree with the shape and that every label is a class.
// Datasets from outside this package should call it before they return.
func (s *Split) Validate() error {
	if s.N < 0 || s.H <= 0 || s.W <= 0 || s.C <= 0 {
		return fmt.Errorf("split: shape %d×%d×%d×%d (NHWC) is not valid", s.N, s.H, s.W, s.C)
	}
	if s.Classes < 1 || s.Classes > maxClasses {
		return fmt.Errorf("split: %d classes; must be 1 to %d", s.Classes, maxClasses)
	}
	if s.files == nil && len(s.Pixels) != s.N*s.Size() {
		return fmt.Errorf("split: %d pixel values, shape %d×%d×%d×%d (NHWC) needs %d",
			len(s.Pixels), s.N, s.H, s.W, s.C, s.N*s.Size())
	}
	if len(s.Labels) != s.N {
		return fmt.Errorf("split: %d labels for %d images", len(s.Labels), s.N)
	}
	for i, l := range s.Labels {
		if l < 0 || int(l) >= s.Classes {
			return fmt.Errorf("split: label %d of example %d is not below %d classes", l, i, s.Classes)
		}
	}
	return nil
}

// Normalization is the mean and standard deviation of each channel, in units of 0..1.
type Normalization struct{ Mean, Std []float32 }

// Stats measures the mean and (population) standard deviation of each channel over all
// pixels of all images, with values scaled to 0..1; of more than 5,000 images that stay in
// files, over 5,000 that were drawn when they were loaded. A channel that is constant, or a
// split without images, gets the deviation 1.
func (s *Split) Stats() Normalization {
	if s.files != nil {
		return s.files.norm
	}
	h := make(histogram, s.C)
	h.add(s.Pixels)
	return h.normalization()
}

// histogram counts the values of each channel.
type histogram [][256]int

// add counts the values of pixels, channels last.
func (h histogram) add(pixels []uint8) {
	for c := range h {
		count := &h[c]
		for i := c; i < len(pixels); i += len(h) {
			count[pixels[i]]++
		}
	}
}

func (h histogram) normalization() Normalization {
	norm := Normalization{Mean: make([]float32, len(h)), Std: make([]float32, len(h))}
	for c, count := range h {
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

// subset copies the examples idx, in that order. Images that stay in files are not read.
func (s *Split) subset(idx []int) *Split {
	out := &Split{N: len(idx), H: s.H, W: s.W, C: s.C, Classes: s.Classes, Labels: make([]int32, len(idx))}
	out.name, out.origin = s.name, make([]int32, len(idx))
	for to, from := range idx {
		out.Labels[to], out.origin[to] = s.Labels[from], int32(s.place(from))
	}
	if s.files != nil {
		out.files = s.files.subset(idx)
		return out
	}
	size := s.Size()
	out.Pixels = make([]uint8, len(idx)*size)
	for to, from := range idx {
		copy(out.Pixels[to*size:], s.Pixels[from*size:(from+1)*size])
	}
	return out
}

// place is the place of an example in the largest split, counted from 0.
func (s *Split) place(i int) int {
	if s.origin == nil {
		return i
	}
	return int(s.origin[i])
}

// first are the first n examples. Pixels are shared.
func (s *Split) first(n int) *Split {
	out := *s
	out.N, out.Labels = n, s.Labels[:n:n]
	if s.origin != nil {
		out.origin = s.origin[:n:n]
	}
	if s.files != nil {
		files := *s.files
		files.index = files.index[:n]
		out.files = &files
		return &out
	}
	size := s.Size()
	out.Pixels = s.Pixels[: n*size : n*size]
	return &out
}

// divide makes a set of the training and test parts of a dataset by the sizes in o. Where
// it keeps the whole training part, it stays in its stored order.
func (o Options) divide(train, test *Split, classNames []string) (*Set, error) {
	train, validation, test, err := o.cut(train, test)
	if err != nil {
		return nil, err
	}
	return NewImageSet(train, validation, test, classNames)
}

// cut is divide without making a set; validation may be nil.
func (o Options) cut(train, test *Split) (_, validation, _ *Split, err error) {
	held, kept, tested := o.Validation.Of(train.N), o.Train.Of(train.N), o.Test.Of(test.N)
	if held >= train.N {
		return nil, nil, nil, option.Errorf("validation", "%v leaves nothing of the %d training examples", o.Validation, train.N)
	}
	if kept > train.N-held {
		return nil, nil, nil, option.Errorf("train", "%v and validation %v together are more than the %d training examples",
			o.Train, o.Validation, train.N)
	}
	if tested > test.N {
		return nil, nil, nil, option.Errorf("test", "%v is more than the %d test examples", o.Test, test.N)
	}
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
		test = test.first(tested)
	}
	return train, validation, test, nil
}

// Images is a Split as a Part: normalised, augmented in training, and read as images
// or as sequences of pixels.
type Images struct {
	split *Split
	table []float32 // normalised values, see Split.table
	aug   *augmenter
	order []int32 // of pixels; nil: row by row
}

var _ interface {
	Part
	Targets
	Placed
} = (*Images)(nil)

// NewImages checks the split (see Split.Validate) and makes a Part of it that gives
// (pixel/255 − mean)/std of each channel. The zero Augment changes nothing.
func NewImages(split *Split, norm Normalization, aug Augment) (*Images, error) {
	if split == nil {
		return nil, fmt.Errorf("images: no split")
	}
	if err := split.Validate(); err != nil {
		return nil, err
	}
	table, err := split.table(norm)
	if err != nil {
		return nil, err
	}
	changes, err := newAugmenter(aug, split, norm)
	if err != nil {
		return nil, err
	}
	return &Images{split: split, table: table, aug: changes}, nil
}

// Split is the images as they are stored.
func (p *Images) Split() *Split { return p.split }

// Len implements Part.
func (p *Images) Len() int { return p.split.N }

// Place implements Placed: the file of an image, or its number among the images of the files that
// it comes from.
func (p *Images) Place(i int) Place {
	at := p.split.place(i)
	if p.split.name != nil {
		return Place{File: p.split.name(at)}
	}
	return Place{Row: at + 1}
}

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
		permute(x, len(idx), p.order)
	}
	return nil
}

// TargetsOf implements Targets: it decodes no images.
func (p *Images) TargetsOf(y []float32, idx []int) error {
	if err := checkFill(nil, y, idx, p.split.N, 0, 1); err != nil {
		return err
	}
	p.split.labels(y, idx)
	return nil
}

// Hash implements Hasher.
func (p *Images) Hash(h io.Writer) {
	for _, label := range p.split.Labels {
		hashRow(h, []float32{float32(label)})
	}
}

// permute puts the pixels of n images in an order; all have one channel.
func permute(x []float32, n int, order []int32) {
	rows := make([]float32, len(order))
	for k := range n {
		image := x[k*len(order):][:len(order)]
		copy(rows, image)
		for i, from := range order {
			image[i] = rows[from]
		}
	}
}

// NewImageSet makes a set of images with values in 0..1; Set.Normalized scales them to the
// given mean and deviation. validation and test may be nil. All parts must have the same
// shape and classes.
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
	set.Recipe = &ImageRecipe{Channels: train.C, Height: train.H, Width: train.W}
	return set, nil
}

// Unit is the normalization that leaves values in 0..1 unchanged.
func Unit(channels int) Normalization {
	return Normalization{Mean: make([]float32, channels), Std: slices.Repeat([]float32{1}, channels)}
}

// ImageNet is the normalization of red, green and blue that networks of torchvision and timm
// are mostly trained with: the means and deviations of ImageNet.
func ImageNet() Normalization {
	return Normalization{Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225}}
}

// Images is the stored training part of a set of images; nil for other sets.
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

// table maps a channel's byte to its normalised value, at c*256+byte.
func (s *Split) table(norm Normalization) ([]float32, error) {
	if len(norm.Mean) != s.C || len(norm.Std) != s.C {
		return nil, fmt.Errorf("batch: normalization has %d means and %d deviations for %d channels",
			len(norm.Mean), len(norm.Std), s.C)
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

// fill normalises and augments the examples idx; aug may be nil.
func (s *Split) fill(x, y []float32, idx []int, table []float32, aug *augmenter, seed, epoch uint64) error {
	size := s.Size()
	if err := checkFill(x, y, idx, s.N, size, 1); err != nil {
		return err
	}
	s.labels(y, idx)
	if aug != nil && aug.none() {
		aug = nil
	}
	one := func(k int, im *raster.Image) {
		to := x[k*size : (k+1)*size]
		if aug == nil {
			s.copyPlain(to, im.Pix, table)
			return
		}
		aug.apply(s, to, im, table, mix(seed, epoch), uint64(idx[k]))
	}
	stored := func(k int) {
		one(k, &raster.Image{H: s.H, W: s.W, C: s.C, Pix: s.Pixels[idx[k]*size:][:size]})
	}
	switch {
	case s.files != nil && s.files.originals != nil && aug != nil && aug.ResizedCrop != 0:
		return s.files.eachOriginal(context.Background(), idx, one)
	case s.files != nil:
		return s.files.each(context.Background(), idx, s, one)
	case aug != nil && aug.chain != nil:
		spread(len(idx), stored)
	default:
		for k := range idx {
			stored(k)
		}
	}
	return nil
}

// labels writes the classes of the examples idx to y.
func (s *Split) labels(y []float32, idx []int) {
	for k, i := range idx {
		y[k] = float32(s.Labels[i])
	}
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
