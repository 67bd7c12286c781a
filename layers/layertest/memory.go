// Package layertest holds layers that several packages' tests need but no network uses.
package layertest

import (
	"fmt"
	"math/rand/v2"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/nn"
)

// Memory reads tokens, {1, T}, and gives {Out, T}: at position t
//
//	h[t] = Decay·h[t−1] + weight[token[t]]
//
// where h goes on from run to run. It is the smallest layer with tokens, state
// and a gradient through time, which ends at the first position of a run. With
// Decay 0 and Out = Tokens it is a bigram model.
type Memory struct {
	Tokens int     `yaml:"tokens" json:"tokens"`
	Out    int     `yaml:"out" json:"out"`
	Decay  float64 `yaml:"decay,omitempty" json:"decay,omitempty"`
	Forget bool    `yaml:"forget,omitempty" json:"forget,omitempty"` // start every run from 0

	weight *nn.Param
	length int
}

func init() {
	nn.RegisterLayer("tokens through a decaying memory, for tests", func() nn.Layer { return &Memory{} })
}

func (l *Memory) Kind() string { return "test-memory" }

func (l *Memory) Init(in []nn.Shape, rng *rand.Rand) (nn.Shape, error) {
	if len(in) != 1 || len(in[0]) != 2 || in[0][0] != 1 {
		return nil, fmt.Errorf("test-memory needs tokens of shape 1×T, got %v", in)
	}
	l.length = in[0][1]
	if l.weight == nil {
		l.weight = nn.NewParam("weight", nn.RoleWeight, []int{l.Tokens, l.Out}, nn.AxisOther, nn.AxisOut).Normal(0.1, rng)
	}
	return nn.Shape{l.Out, l.length}, nil
}

func (l *Memory) Params() []*nn.Param { return []*nn.Param{l.weight} }

func (l *Memory) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	batch, length, units, decay := b.Batch, l.length, l.Out, float32(l.Decay)
	state := b.State("h", batch*units)
	g := make([]float32, units)
	grad := nn.Gradient(nn.Op{Name: "test-memory/dw", Shape: tensor.Shape{l.Tokens, units}, Run: func(dst []float32, in [][]float32) {
		clear(dst)
		for r := range batch {
			clear(g)
			for t := length - 1; t >= 0; t-- {
				at := r*length + t
				row := dst[int(in[0][at])*units:][:units]
				for u := range g {
					g[u] = in[1][at*units+u] + decay*g[u]
					row[u] += g[u]
				}
			}
		}
	}}, 0, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "test-memory", Shape: tensor.Shape{batch, length, units}, Grad: []nn.GradFunc{nil, grad},
		Run: func(dst []float32, in [][]float32) {
			if l.Forget {
				clear(state)
			}
			for r := range batch {
				h := state[r*units:][:units]
				for t := range length {
					at := r*length + t
					for u, w := range in[1][int(in[0][at])*units:][:units] {
						h[u] = decay*h[u] + w
					}
					copy(dst[at*units:], h)
				}
			}
		}}, in[0], b.Param(l.weight))
}
