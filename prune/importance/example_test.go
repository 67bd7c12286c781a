package importance_test

import (
	"fmt"
	"math/rand/v2"

	"pare/layers"
	"pare/nn"
	"pare/prune"
	"pare/prune/importance"
)

// Largest is the largest absolute value of a group's parameters.
type Largest struct{}

func (Largest) Score(s *importance.Sample) ([]float64, error) {
	out := make([]float64, len(s.Groups.Slots()))
	s.Groups.Visit(func(g int, p *nn.Param, i int) {
		v := float64(p.Data()[i])
		out[g] = max(out[g], v, -v)
	})
	return out, nil
}

func init() {
	importance.Criteria.Register("largest", "largest absolute value", func() importance.Importance { return Largest{} })
}

// Once registered, your own criterion is known to configs: prune: {method: least,
// importance: largest, budget: {params: 0.5}}.
func Example() {
	net, _ := nn.New("net", nn.Shape{2}, rand.New(rand.NewPCG(1, 1)))
	_ = net.Add("hidden", &layers.Linear{Out: 4, NoBias: true}, nn.InputName)
	_ = net.Add("relu", layers.ReLU(), "hidden")
	_ = net.Add("out", &layers.Linear{Out: 1, NoBias: true}, "relu")
	copy(net.Params()[0].Data(), []float32{3, 0.5, -2, 0.4, 0.1, -0.6, 0, 0.9}) // in × out

	by, _ := importance.Criteria.New("largest")
	if err := (prune.Selection{Importance: by, Params: 0.5}).Zero(net); err != nil {
		panic(err)
	}
	fmt.Println(net.Params()[0].Data())
	// Output: [3 0 -2 0 0.1 0 0 0]
}
