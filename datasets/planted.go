package datasets

import (
	"context"
	"math/rand/v2"
)

// Planted shows which parts of a network are useful: half of its channels depend on the
// class; the other half look alike and do not.
type Planted struct{}

func init() {
	Kinds.Register("planted", "The handwritten digits with planted decoys, 8×4×4: "+
		"channels 0 to 3 are the quadrants of the digit (upper left, "+
		"upper right, lower left, lower right), channels 4 to 7 the same quadrants of four other digits, drawn at random "+
		"whatever the class. Each channel is blank in a third of the examples, so that none is redundant. "+
		"The random parts are drawn anew for each epoch of training. Values in 0..1; sizes as for digits.",
		func() Dataset { return &Planted{} })
}

// Load cuts up the parts of digits; decoys come from the part of their example.
func (*Planted) Load(ctx context.Context, o Options) (*Set, error) {
	set, err := (&Digits{}).Load(ctx, o)
	if err != nil {
		return nil, err
	}
	images := set.Images()
	set.Recipe = nil // no file has the decoys
	set.Task.Input = []int{2 * quadrants, images.H / 2, images.W / 2}
	for i, part := range []*Part{&set.Train, &set.Validation, &set.Test} {
		if p, ok := (*part).(*Images); ok {
			*part = &plantedPart{p.split, mix(o.Seed, streamPlanted, uint64(i))}
		}
	}
	return set, nil
}

const quadrants = 4

// plantedPart cuts images up as they are read.
type plantedPart struct {
	*Split
	seed uint64
}

var _ Part = (*plantedPart)(nil)

// Len implements Part.
func (p *plantedPart) Len() int { return p.N }

// Fill implements Part.
func (p *plantedPart) Fill(x, y []float32, idx []int, draw Draw) error {
	size := 2 * p.Size()
	if err := checkFill(x, y, idx, p.N, size, 1); err != nil {
		return err
	}
	draw.each(p.seed, idx, func(k, i int, r *rand.Rand) {
		for q := range quadrants {
			p.quadrant(x[k*size+q:], i, q, r)
			p.quadrant(x[k*size+quadrants+q:], r.IntN(p.N), q, r)
		}
		y[k] = float32(p.Labels[i])
	})
	return nil
}

// quadrant writes quadrant q of an image, or a blank, to the channel whose first
// value is dst[0].
func (p *plantedPart) quadrant(dst []float32, image, q int, r *rand.Rand) {
	h, w := p.H/2, p.W/2
	if r.IntN(3) == 0 {
		for i := range h * w {
			dst[i*2*quadrants] = 0
		}
		return
	}
	from := p.Pixels[image*p.Size()+q/2*h*p.W+q%2*w:]
	for row := range h {
		for col := range w {
			dst[(row*w+col)*2*quadrants] = float32(from[row*p.W+col]) / 255
		}
	}
}
