package datasets

import "fmt"

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

// Split is what the images are stored as.
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
func NewImageSet(name string, train, validation, test *Split, classNames []string) (*Set, error) {
	set := &Set{Name: name, ClassNames: classNames}
	for _, part := range []struct {
		name  string
		split *Split
		to    *Part
	}{{"training", train, &set.Train}, {"validation", validation, &set.Validation}, {"test", test, &set.Test}} {
		if part.split == nil && train != nil {
			continue
		}
		images, err := NewImages(part.split, unit(part.split), Augment{})
		if err != nil {
			return nil, fmt.Errorf("datasets: %s: %s images: %w", name, part.name, err)
		}
		if s, t := part.split, train; s.H != t.H || s.W != t.W || s.C != t.C || s.Classes != t.Classes {
			return nil, fmt.Errorf("datasets: %s: %s images are %d×%d×%d of %d classes, training images %d×%d×%d of %d (HWC)",
				name, part.name, s.H, s.W, s.C, s.Classes, t.H, t.W, t.C, t.Classes)
		}
		*part.to = images
	}
	set.Task = Task{Input: []int{train.C, train.H, train.W}, Classes: train.Classes, Targets: 1}
	return set, nil
}

// unit leaves values in 0..1 as they are.
func unit(s *Split) Normalization {
	if s == nil {
		return Normalization{}
	}
	n := Normalization{Mean: make([]float32, s.C), Std: make([]float32, s.C)}
	for c := range n.Std {
		n.Std[c] = 1
	}
	return n
}

// Images is the training part of a set of images as it is stored; nil for other sets.
func (s *Set) Images() *Split {
	if images, ok := s.Train.(*Images); ok {
		return images.split
	}
	return nil
}

// Normalized returns the set of images with every value (pixel/255 − mean)/std of its
// channel, and training images changed by aug. It is an error for sets of other things.
func (s *Set) Normalized(norm Normalization, aug Augment) (*Set, error) {
	out := *s
	for _, part := range []*Part{&out.Train, &out.Validation, &out.Test} {
		if *part == nil {
			continue
		}
		images, ok := (*part).(*Images)
		if !ok {
			return nil, fmt.Errorf("datasets: %s has no images to normalise", s.Name)
		}
		own := Augment{}
		if part == &out.Train {
			own = aug
		}
		n, err := NewImages(images.split, norm, own)
		if err != nil {
			return nil, fmt.Errorf("datasets: %s: %w", s.Name, err)
		}
		n.order = images.order
		*part = n
	}
	return &out, nil
}
