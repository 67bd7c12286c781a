package datasets_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"pare/datasets"
)

// stripes is a dataset of one's own: 8×8 images with a bright row or a bright column.
type stripes struct{}

func (stripes) Name() string { return "stripes" }
func (stripes) Doc() string  { return "Rows and columns, 8×8 grey, generated." }

func (s stripes) Load(ctx context.Context, o datasets.Options) (*datasets.Set, error) {
	if err := o.Check(s.Name()); err != nil { // train, test and seed are all it has
		return nil, err
	}
	train := s.make(max(o.Train, 100), rand.New(rand.NewPCG(o.Seed, 1)))
	test := s.make(max(o.Test, 20), rand.New(rand.NewPCG(o.Seed, 2)))
	return datasets.NewImageSet(s.Name(), train, nil, test, []string{"row", "column"})
}

func (stripes) make(n int, r *rand.Rand) *datasets.Split {
	s := &datasets.Split{N: n, H: 8, W: 8, C: 1, Classes: 2,
		Pixels: make([]uint8, n*64), Labels: make([]uint8, n)}
	for i := range n {
		s.Labels[i] = uint8(r.IntN(2))
		at := r.IntN(8)
		for k := range 8 {
			if s.Labels[i] == 0 {
				s.Pixels[i*64+at*8+k] = 255
			} else {
				s.Pixels[i*64+k*8+at] = 255
			}
		}
	}
	return s
}

func Example() {
	fmt.Println(datasets.Register(stripes{}))
	d, _ := datasets.Lookup("stripes")
	set, _ := d.Load(context.Background(), datasets.Options{Seed: 1})
	set, _ = set.Normalized(set.Images().Stats(), datasets.Augment{})
	loader, _ := datasets.NewLoader(set.Train, set.Task, 32, 1)
	for b := range loader.Epoch(context.Background(), 0, 0) {
		fmt.Println("batch", b.Index, "of", b.N, "images,", len(b.X), "values")
	}
	// Output:
	// <nil>
	// batch 0 of 32 images, 2048 values
	// batch 1 of 32 images, 2048 values
	// batch 2 of 32 images, 2048 values
}
