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
			{"sgd", train.OptimizerSpec{Type: "sgd", LR: 1e-4}, 3},
			{"momentum", train.OptimizerSpec{Type: "sgd", LR: 1e-4, Momentum: 0.9}, 5},
			{"nesterov", train.OptimizerSpec{Type: "sgd", LR: 1e-4, Momentum: 0.9, Nesterov: true, WeightDecay: 1e-4}, 5},
			{"adam", train.OptimizerSpec{Type: "adam", LR: 1e-4}, 7},
			{"adamw", train.OptimizerSpec{Type: "adamw", LR: 1e-4, WeightDecay: 1e-2}, 7},
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
