package datasets

import (
	"cmp"
	"context"
	"math/rand/v2"

	"pare/internal/option"
)

// Sizes of generated parts: training, validation and test, where the options leave them
// open, and the largest that they may be.
var (
	partNames    = [3]string{"train", "validation", "test"}
	defaultSizes = [3]int{20000, 2000, 4000}
)

const generatedMax = 10_000_000

// sizes is the number of examples that each part of a generated dataset gets.
func (o Options) sizes() ([3]int, error) {
	var sizes [3]int
	for i, n := range [3]Amount{o.Train, o.Validation, o.Test} {
		if n > generatedMax {
			return sizes, option.Errorf(partNames[i], "is %v, it must be at most %d", n, generatedMax)
		}
		if n > 0 && n < 1 {
			return sizes, option.Errorf(partNames[i], "is a share, %v; generated data have no end, so give a number", n)
		}
		sizes[i] = cmp.Or(int(n), defaultSizes[i])
	}
	return sizes, nil
}

// generator draws an example.
type generator interface {
	// generate overwrites the inputs x and the targets y of an example.
	generate(x, y []float32, r *rand.Rand)
}

// generated is a Part whose examples are made when they are read: in training anew for
// each epoch, otherwise always the same.
type generated struct {
	generator
	n, inputs, targets int
	seed               uint64
}

var _ Part = (*generated)(nil)

// generated makes a set of a task whose examples g draws.
func (o Options) generated(ctx context.Context, t Task, g generator) (*Set, error) {
	sizes, err := o.sizes()
	if err != nil {
		return nil, err
	}
	part := func(i int, stream uint64) Part {
		return &generated{g, sizes[i], t.Size(), t.Targets, mix(o.Seed, stream)}
	}
	return &Set{Task: t, Train: part(0, streamTrain), Validation: part(1, streamValidation), Test: part(2, streamTest)}, ctx.Err()
}

// Len implements Part.
func (p *generated) Len() int { return p.n }

// Fill implements Part.
func (p *generated) Fill(x, y []float32, idx []int, draw Draw) error {
	if err := checkFill(x, y, idx, p.n, p.inputs, p.targets); err != nil {
		return err
	}
	draw.each(p.seed, idx, func(k, _ int, r *rand.Rand) {
		p.generate(x[k*p.inputs:][:p.inputs], y[k*p.targets:][:p.targets], r)
	})
	return nil
}

// each calls generate for each example idx[k] of a part of the seed, with random numbers that
// depend on seed and example, and in training on the epoch, alone.
func (d Draw) each(seed uint64, idx []int, generate func(k, example int, r *rand.Rand)) {
	if d.Augment {
		seed = mix(seed, d.Seed, d.Epoch)
	}
	var pcg rand.PCG
	r := rand.New(&pcg)
	for k, i := range idx {
		pcg.Seed(seed, mix(uint64(i)))
		generate(k, i, r)
	}
}
