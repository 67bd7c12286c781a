package layers_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"pare/layers"
	"pare/nn"
)

// reading is a loss term of 0 that reads outputs of layers, which have to be
// computed for it.
type reading []string

func (reading) Name() string             { return "nothing" }
func (r reading) ReadsOutputs() []string { return r }
func (r reading) Build(b *nn.Builder, _ *nn.Network) (*gorgonia.Node, error) {
	n, _ := b.Output(r[0])
	return nn.Apply(nn.Op{Name: "nothing", Run: func(dst []float32, _ [][]float32) { dst[0] = 0 }}, n)
}

// embedded is an embedding of 6 tokens with two recurrent layers on it.
func embedded(t *testing.T, first, second nn.Layer) *nn.Network {
	t.Helper()
	net, err := nn.New("embedded", nn.Shape{1, 9}, rand.New(rand.NewPCG(5, 6)))
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range []nn.Layer{&layers.Embedding{Vocab: 6, Out: 5}, first, second, &layers.Linear{Out: 6}} {
		if err := net.Add(fmt.Sprint("layer", i), l); err != nil {
			t.Fatal(err)
		}
	}
	return net
}

// TestRecurrentReadsEmbedding: a recurrent layer that reads the rows of an
// embedding itself gives the same results as the two layers one after the other, run
// after run with a carried state.
func TestRecurrentReadsEmbedding(t *testing.T) {
	for kind, first := range recurrentKinds(11) {
		net := embedded(t, first, recurrentKinds(7)[kind])
		other, err := net.Clone()
		if err != nil {
			t.Fatal(err)
		}
		o := nn.CompileOptions{Mode: nn.Train, Batch: 4, Loss: layers.CrossEntropy{}}
		fused := compile(t, net, o)
		o.Terms = []nn.Term{reading{"layer0"}}
		plain := compile(t, other, o)
		has := func(p *nn.Program) bool {
			return strings.Contains(strings.Join(p.Operations(), "; "), "embedding")
		}
		if has(fused) || !has(plain) {
			t.Errorf("%s: operations %v and, with the output of the embedding wanted, %v", kind, fused.Operations(), plain.Operations())
		}
		rng := rand.New(rand.NewPCG(7, 8))
		for range 3 {
			for i := range fused.X {
				fused.X[i], fused.Target[i] = float32(rng.IntN(6)), float32(rng.IntN(6))
			}
			copy(plain.X, fused.X)
			copy(plain.Target, fused.Target)
			fused.Run()
			plain.Run()
			requireClose(t, kind+": output", fused.Output(), plain.Output(), relative)
			for i, p := range net.Params() {
				requireClose(t, kind+": gradient of "+p.Full, fused.Grad(p.Param), plain.Grad(other.Params()[i].Param), relative)
			}
			for i, s := range fused.State() {
				requireClose(t, kind+": state "+s.Name, s.Data, plain.State()[i].Data, relative)
			}
		}
	}
}

// TestLargeEmbeddingsAreLookedUp: rows that hardly occur twice are not multiplied
// ahead.
func TestLargeEmbeddingsAreLookedUp(t *testing.T) {
	net := embedded(t, &layers.LSTM{Hidden: 3}, &layers.GRU{Hidden: 3})
	p := compile(t, net, nn.CompileOptions{Mode: nn.Infer, Batch: 1})
	if ops := p.Operations(); !strings.HasPrefix(ops[0], "embedding") {
		t.Errorf("9 positions, 6 rows: the first operation is %s", ops[0])
	}
}
