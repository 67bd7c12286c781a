package bench

import (
	"fmt"
	"testing"

	"pare/nn"
	"pare/train"
)

// BenchmarkUpdate runs the optimizers on as many values as resnet20 and a larger
// model have. Each reads value and gradient and moves its moments once.
func BenchmarkUpdate(b *testing.B) {
	for _, n := range []int{272 << 10, 4 << 20} {
		for _, c := range []struct {
			name    string
			spec    train.OptimizerSpec
			touched int // reads and writes of each value
		}{
			{"sgd", &train.SGD{LR: 1e-4}, 3},
			{"momentum", &train.SGD{LR: 1e-4, Momentum: 0.9}, 5},
			{"nesterov", &train.SGD{LR: 1e-4, Momentum: 0.9, Nesterov: true, Decay: train.Decay{WeightDecay: 1e-4}}, 5},
			{"adam", train.NewAdam(1e-4), 7},
			{"adamw", &train.Adam{LR: 1e-4, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decoupled: true, Decay: train.Decay{WeightDecay: 1e-2}}, 7},
		} {
			p := nn.NewParam("weight", nn.RoleWeight, []int{n}, nn.AxisOther)
			copy(p.Data(), values(n))
			grad := values(n + 1)[1:]
			o, err := train.NewOptimizer(c.spec, train.Setup{
				Params: []nn.NamedParam{{Param: p, Full: "fc.weight"}},
				Grad:   func(*nn.Param) []float32 { return grad },
			})
			if err != nil {
				b.Fatal(err)
			}
			move(b, fmt.Sprintf("%s_%d", c.name, n), c.touched*n, func() { o.Step(1e-4, 1) })
		}
	}
}
