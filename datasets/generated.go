package datasets

import (
	"fmt"
	"math/rand/v2"
)

// Sizes of generated parts: training, validation and test, where the options leave them
// open, and the largest that they may be.
var (
	partNames    = [3]string{"train", "validation", "test"}
	defaultSizes = [3]int{20000, 2000, 4000}
)

const generatedMax = 10_000_000

// sizes is the number of examples that each part of a generated dataset gets.
func (o Options) sizes(name string) ([3]int, error) {
	sizes := [3]int{o.Train, o.Validation, o.Test}
	for i, n := range sizes {
		if n == 0 {
			sizes[i] = defaultSizes[i]
		}
		if n > generatedMax {
			return sizes, fmt.Errorf("datasets: %s: %s is %d, must be at most %d", name, partNames[i], n, generatedMax)
		}
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

// generators makes the parts of a dataset whose examples have so many inputs and targets.
func (o Options) generators(name string, inputs, targets int, g generator) (parts [3]Part, err error) {
	sizes, err := o.sizes(name)
	for i, stream := range []uint64{streamTrain, streamValidation, streamTest} {
		parts[i] = &generated{g, sizes[i], inputs, targets, mix(o.Seed, stream)}
	}
	return parts, err
}

// Len implements Part.
func (p *generated) Len() int { return p.n }

// Fill implements Part.
func (p *generated) Fill(x, y []float32, idx []int, draw Draw) error {
	if err := checkFill(x, y, idx, p.n, p.inputs, p.targets); err != nil {
		return err
	}
	seed := p.seed
	if draw.Augment {
		seed = mix(p.seed, draw.Seed, draw.Epoch)
	}
	var pcg rand.PCG
	r := rand.New(&pcg)
	for k, i := range idx {
		pcg.Seed(seed, mix(uint64(i)))
		p.generate(x[k*p.inputs:][:p.inputs], y[k*p.targets:][:p.targets], r)
	}
	return nil
}
