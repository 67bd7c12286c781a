package datasets_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"pare/datasets"
)

// stripes is a dataset of one's own with an option of its own: square images with a
// bright row or a bright column. A config names it as data: {dataset: stripes, side: 6}.
type stripes struct {
	Side int `yaml:"side" range:"[2,64]" doc:"height and width of an image"`
}

func init() {
	datasets.Kinds.Register("stripes", "Rows and columns, grey, generated.", func() datasets.Dataset { return &stripes{Side: 8} })
}

// Load finds its options, and those that all datasets share, within their limits.
func (s *stripes) Load(ctx context.Context, o datasets.Options) (*datasets.Set, error) {
	train := s.make(max(int(o.Train), 100), rand.New(rand.NewPCG(o.Seed, 1)))
	test := s.make(max(int(o.Test), 20), rand.New(rand.NewPCG(o.Seed, 2)))
	return datasets.NewImageSet(train, nil, test, []string{"row", "column"})
}

func (s *stripes) make(n int, r *rand.Rand) *datasets.Split {
	side := s.Side
	out := &datasets.Split{N: n, H: side, W: side, C: 1, Classes: 2,
		Pixels: make([]uint8, n*side*side), Labels: make([]int32, n)}
	for i := range n {
		out.Labels[i] = int32(r.IntN(2))
		at := r.IntN(side)
		for k := range side {
			if out.Labels[i] == 0 {
				out.Pixels[i*side*side+at*side+k] = 255
			} else {
				out.Pixels[i*side*side+k*side+at] = 255
			}
		}
	}
	return out
}

func Example() {
	set, err := datasets.Load(context.Background(), "stripes", &stripes{Side: 6}, datasets.Options{Seed: 1})
	fmt.Println(set.Task.Input, err)
	set, _ = set.Normalized(set.Images().Stats(), datasets.Augment{})
	loader, _ := datasets.NewLoader(set.Train, set.Task, 32, 1)
	for b := range loader.Epoch(context.Background(), 0, 0) {
		fmt.Println("batch", b.Index, "of", b.N, "images,", len(b.X), "values")
	}
	_, err = datasets.Load(context.Background(), "stripes", &stripes{Side: 1}, datasets.Options{})
	fmt.Println(err)
	// Output:
	// [1 6 6] <nil>
	// batch 0 of 32 images, 1152 values
	// batch 1 of 32 images, 1152 values
	// batch 2 of 32 images, 1152 values
	// stripes: side must be at least 2 and at most 64, got 1
}
