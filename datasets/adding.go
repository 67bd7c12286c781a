package datasets

import (
	"context"
	"fmt"
	"math/rand/v2"
)

// defaultLength is the number of steps to remember over where the options leave it open.
const defaultLength = 100

// maxLength bounds sequences that are generated.
const maxLength = 1 << 20

// adding is the problem of Hochreiter & Schmidhuber 1997 (section 5.4) in the form of Le,
// Jaitly & Hinton 2015.
type adding struct{}

func (adding) Name() string { return "adding" }

func (adding) Doc() string {
	return "The adding problem: 100 steps (length) of a number in 0..1 and a mark; the target is the sum of the two numbers that are marked, " +
		"one in each half. Always answering 1 has a mean square error of 1/6. Training examples are new in each epoch. " +
		"Default sizes 20,000/2,000/4,000. Hochreiter & Schmidhuber 1997; Le, Jaitly & Hinton 2015."
}

func (adding) Load(ctx context.Context, o Options) (*Set, error) {
	if err := o.Check("adding", "length"); err != nil {
		return nil, err
	}
	length, err := o.length("adding", 2)
	if err != nil {
		return nil, err
	}
	parts, err := o.generators("adding", length*2, 1, sums{length})
	if err != nil {
		return nil, err
	}
	return &Set{Name: "adding", Task: Task{Input: []int{2, length}, Targets: 1},
		Train: parts[0], Validation: parts[1], Test: parts[2]}, ctx.Err()
}

// length is Options.Length, or its default.
func (o Options) length(name string, least int) (int, error) {
	switch {
	case o.Length == 0:
		return defaultLength, nil
	case o.Length < least || o.Length > maxLength:
		return 0, fmt.Errorf("datasets: %s: length is %d, must be %d to %d", name, o.Length, least, maxLength)
	}
	return o.Length, nil
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
