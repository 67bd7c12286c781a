package layers

import (
	"fmt"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/vector"
	"pare/nn"
	"pare/nn/onnx"
)

// Dropout sets values to 0 with probability P while training and scales the
// others by 1/(1−P) (Srivastava et al. 2014). It is the identity otherwise.
type Dropout struct {
	P float64 `yaml:"p" json:"p" doc:"probability of a zero, in [0, 1)"`

	passUnits
}

func init() {
	nn.RegisterLayer("random zeros while training", func() nn.Layer { return &Dropout{P: 0.5} })
}

func (l *Dropout) Kind() string { return "dropout" }

func (l *Dropout) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	if l.P < 0 || l.P >= 1 {
		return nil, fmt.Errorf("dropout: p is %g, it must lie in [0, 1)", l.P)
	}
	return oneInput("dropout", in)
}

func (l *Dropout) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if l.P == 0 {
		return in[0], nil
	}
	state, stream := b.Random()
	if state == nil {
		return in[0], nil
	}
	scale, limit := float32(1/(1-l.P)), uint32(l.P*(1<<32))
	// The mask is a function of seed, step and position, so the gradient computes
	// it again instead of keeping it.
	mask := func(dst []float32, in [][]float32) {
		key := mix(mix(state.Seed^0x9e3779b97f4a7c15*stream) + state.Step)
		vector.Dropout(dst, in[0], key, limit, scale)
	}
	shape := in[0].Shape().Clone()
	grad := nn.Gradient(nn.Op{Name: "dropout/dx", Shape: shape, Run: mask}, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "dropout", Shape: shape, Grad: []nn.GradFunc{grad}, Run: mask}, in[0])
}

// mix is the finaliser of SplitMix64 (Steele, Lea & Flood 2014).
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Combine implements nn.Combiner: in inference the layer passes its input on.
func (l *Dropout) Combine(in []nn.Shape, add func(out, k, i int, factor float64)) {
	gathered(upTo(in[0].Size()), add)
}

func (l *Dropout) Slice(nn.Slicing) (nn.Layer, error) { return &Dropout{P: l.P}, nil }

// ONNX is the input: exported networks are for inference.
func (l *Dropout) ONNX(_ *onnx.Builder, _ string, in []string, _ []nn.Shape) (string, error) {
	return in[0], nil
}
