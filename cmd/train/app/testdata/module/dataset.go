package main

import (
	"context"
	"math/rand/v2"

	"pare/datasets"
)

// Stripes are square images with a bright row or a bright column.
type Stripes struct {
	Side int `yaml:"side" range:"[2,64]" doc:"height and width of an image"`
}

func init() {
	datasets.Kinds.Register("stripes", "Rows and columns, grey, generated.", func() datasets.Dataset { return &Stripes{Side: 8} })
}

// Load implements datasets.Dataset.
func (s *Stripes) Load(_ context.Context, o datasets.Options) (*datasets.Set, error) {
	parts := [3]*datasets.Split{}
	for i, n := range [3]datasets.Amount{max(o.Train, 1000), max(o.Validation, 200), max(o.Test, 200)} {
		parts[i] = s.draw(int(n), rand.New(rand.NewPCG(o.Seed, uint64(i))))
	}
	return datasets.NewImageSet(parts[0], parts[1], parts[2], []string{"row", "column"})
}

func (s *Stripes) draw(n int, r *rand.Rand) *datasets.Split {
	out := &datasets.Split{N: n, H: s.Side, W: s.Side, C: 1, Classes: 2, Pixels: make([]uint8, n*s.Side*s.Side), Labels: make([]int32, n)}
	for i := range n {
		class, at := r.IntN(2), r.IntN(s.Side)
		out.Labels[i] = int32(class)
		for k := range s.Side {
			row, col := at, k
			if class == 1 {
				row, col = k, at
			}
			out.Pixels[(i*s.Side+row)*s.Side+col] = 255
		}
	}
	return out
}
