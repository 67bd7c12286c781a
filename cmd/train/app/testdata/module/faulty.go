package main

import (
	"context"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/datasets"
	"pare/nn"
)

// FaultyStripes are Stripes with a mistake.
type FaultyStripes struct {
	Stripes
	In string `yaml:"in" enum:"load,fill" doc:"the method with the mistake"`
}

// FaultyLayer is a layer with a mistake in its kernel.
type FaultyLayer struct{ Softsign }

func init() {
	datasets.Kinds.Register("faulty", "A dataset with a mistake.",
		func() datasets.Dataset { return &FaultyStripes{Stripes: Stripes{Side: 8}, In: "load"} })
	nn.RegisterLayer("a layer with a mistake", func() nn.Layer { return &FaultyLayer{} })
}

// Load implements datasets.Dataset.
func (s *FaultyStripes) Load(ctx context.Context, o datasets.Options) (*datasets.Set, error) {
	if s.In == "load" {
		panic("no stripes")
	}
	set, err := s.Stripes.Load(ctx, o)
	if err == nil {
		set.Train = faultyPart{set.Train}
	}
	return set, err
}

type faultyPart struct{ datasets.Part }

// Fill implements datasets.Part.
func (faultyPart) Fill(x, _ []float32, _ []int, _ datasets.Draw) error {
	x[len(x)] = 1
	return nil
}

func (*FaultyLayer) Kind() string                                       { return "faulty" }
func (*FaultyLayer) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) { return in[0], nil }

// Build implements nn.Layer.
func (*FaultyLayer) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return nn.Apply(nn.Op{Name: "faulty", Shape: in[0].Shape().Clone(), Grad: []nn.GradFunc{nn.Gradient(nn.Op{
		Name: "faulty/dx", Shape: in[0].Shape().Clone(), Run: func([]float32, [][]float32) {}}, 0, nn.OutGrad)},
		Run: func(y []float32, _ [][]float32) { y[len(y)] = 1 }}, in[0])
}
