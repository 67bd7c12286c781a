package models

import (
	"fmt"
	"math/rand/v2"

	"pare/layers"
	"pare/nn"
)

// Inception is a small network of Inception modules (Szegedy et al. 2015, with
// BatchNorm as in Ioffe & Szegedy 2015): a 3×3 convolution, the modules, a mean
// over all positions and one linear layer.
type Inception struct {
	Stem    int               `yaml:"stem" range:"[1,)" doc:"channels of the first convolution"`
	Modules []InceptionModule `yaml:"modules" empty:"no" doc:"modules one behind the other; default three, with 80, 128 and 192 channels out"`
}

// InceptionModule has four branches that read the same value and are
// concatenated. Every convolution keeps the image size and has BatchNorm and
// ReLU.
type InceptionModule struct {
	B1x1       int  `yaml:"b1x1" range:"[1,)" doc:"channels of the 1×1 branch"`
	B3x3Reduce int  `yaml:"b3x3_reduce" range:"[1,)" doc:"channels of the 1×1 convolution before the 3×3 one"`
	B3x3       int  `yaml:"b3x3" range:"[1,)" doc:"channels of the 3×3 branch"`
	B5x5Reduce int  `yaml:"b5x5_reduce" range:"[1,)" doc:"channels of the 1×1 convolution before the 5×5 one"`
	B5x5       int  `yaml:"b5x5" range:"[1,)" doc:"channels of the 5×5 branch"`
	PoolProj   int  `yaml:"pool_proj" range:"[1,)" doc:"channels of the 1×1 convolution behind 3×3 max pooling of stride 1"`
	PoolAfter  bool `yaml:"pool_after" doc:"2×2 max pooling behind the module"`
}

func init() {
	Kinds.Register("inception", "small network of Inception modules with 1×1, 3×3, 5×5 and pooling branches", func() Model {
		return &Inception{Stem: 32, Modules: []InceptionModule{
			{B1x1: 16, B3x3Reduce: 16, B3x3: 32, B5x5Reduce: 8, B5x5: 16, PoolProj: 16, PoolAfter: true},
			{B1x1: 32, B3x3Reduce: 32, B3x3: 64, B5x5Reduce: 8, B5x5: 16, PoolProj: 16, PoolAfter: true},
			{B1x1: 48, B3x3Reduce: 32, B3x3: 96, B5x5Reduce: 8, B5x5: 24, PoolProj: 24},
		}}
	})
}

// Build implements Model.
func (m *Inception) Build(task Task, rng *rand.Rand) (*nn.Network, error) {
	halvings := 0
	for _, module := range m.Modules {
		if module.PoolAfter {
			halvings++
		}
	}
	if err := roomToHalve("inception", task, halvings); err != nil {
		return nil, err
	}
	s := newStack("inception", task, rng)
	last := s.convBNReLU("conv1", m.Stem, 3, "")
	for i, module := range m.Modules {
		last = module.add(s, fmt.Sprintf("inc%d", i+1), last)
		if module.PoolAfter {
			last = s.add(fmt.Sprintf("pool%d", i+1), &layers.MaxPool{}, last)
		}
	}
	s.add("pool", &layers.GlobalPool{}, last)
	s.add("fc", &layers.Linear{Out: task.Outputs()})
	return s.done()
}

// add adds a module that reads x and returns the name of its output. Its layers
// are inc1.b1x1, inc1.b3x3_reduce, …, each with _bn and _relu, and inc1.concat.
func (m InceptionModule) add(s *stack, name, x string) string {
	b1 := s.convBNReLU(name+".b1x1", m.B1x1, 1, x)
	b3 := s.convBNReLU(name+".b3x3_reduce", m.B3x3Reduce, 1, x)
	b3 = s.convBNReLU(name+".b3x3", m.B3x3, 3, b3)
	b5 := s.convBNReLU(name+".b5x5_reduce", m.B5x5Reduce, 1, x)
	b5 = s.convBNReLU(name+".b5x5", m.B5x5, 5, b5)
	window := layers.Window{Kernel: layers.Square(3), Stride: layers.Square(1), Pad: layers.Around(1)}
	pool := s.add(name+".pool", &layers.MaxPool{Window: window}, x)
	pool = s.convBNReLU(name+".pool_proj", m.PoolProj, 1, pool)
	return s.add(name+".concat", &layers.Concat{}, b1, b3, b5, pool)
}
