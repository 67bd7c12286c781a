package datasets

import (
	"cmp"
	"context"
	"math/rand/v2"
)

// defaultLength is the number of steps to remember over where the options leave it open.
const defaultLength = 100

// addingNear is the error up to which an answer is right (Hochreiter & Schmidhuber 1997, section 5.4).
const addingNear = 0.04

// Adding is the problem of Hochreiter & Schmidhuber 1997 (section 5.4) in the form of Le,
// Jaitly & Hinton 2015.
type Adding struct {
	Length int `yaml:"length,omitempty" range:"[2,1048576]" doc:"steps of a sequence; left out: 100"`
}

func init() {
	Kinds.Register("adding", "The adding problem: "+
		"100 steps (length) of a number in 0..1 and a mark; the target is the sum of the two numbers that are marked, "+
		"one in each half. Always answering 1 has a mean square error of 1/6. Training examples are new in each epoch. "+
		"Default sizes 20,000/2,000/4,000. Hochreiter & Schmidhuber 1997; Le, Jaitly & Hinton 2015.",
		func() Dataset { return &Adding{} })
}

// Load implements Dataset.
func (d *Adding) Load(ctx context.Context, o Options) (*Set, error) {
	length := cmp.Or(d.Length, defaultLength)
	return o.generated(ctx, Task{Input: []int{2, length}, Targets: 1, Near: addingNear}, sums{length})
}

// sums draws examples of the adding problem.
type sums struct{ length int }

func (s sums) generate(x, y []float32, r *rand.Rand) {
	for t := range s.length {
		x[2*t], x[2*t+1] = r.Float32(), 0
	}
	half := s.length / 2
	a, b := r.IntN(half), half+r.IntN(s.length-half)
	x[2*a+1], x[2*b+1] = 1, 1
	y[0] = x[2*a] + x[2*b]
}
