package infer_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pare/infer"
	"pare/internal/kernel/kerneltest"
	"pare/models"
	"pare/nn"
	"pare/prune"
	"pare/prune/importance"
)

// BenchmarkPruned times predictions of networks as they are and with about 0.3 of their
// multiply-accumulates, of any number of units a layer and of multiples of eight: the least
// processor time of one thread, which other work on the machine disturbs little.
func BenchmarkPruned(b *testing.B) {
	small := models.Task{Input: nn.Shape{1, 28, 28}, Classes: 36}
	budgets := map[string]float64{"lenet5": 0.3, "cnn": 0.3, "inception": 0.3, "resnet20": 0.33} // that multiples of eight meet
	for _, model := range []string{"lenet5", "cnn", "inception", "resnet20"} {
		for _, round := range []int{0, 1, 8} {
			net := network(b, model, small, 3)
			form := "original"
			if round > 0 {
				s := prune.Selection{Importance: importance.Magnitude{}, Scope: "layer", MACs: budgets[model], RoundTo: round}
				choice, err := s.Choose(b.Context(), net)
				if err != nil {
					b.Fatal(err)
				}
				if net, _, err = prune.Prune(net, prune.Options{Random: 4, Held: choice.Held, RoundTo: round}); err != nil {
					b.Fatal(err)
				}
				form = fmt.Sprintf("multiples of %d", round)
			}
			p := predictor(b, net, infer.Options{Zeros: infer.Dense, ChannelsLast: true})
			for _, batch := range []int{1, 64} {
				x, out := examples(net, batch, rand.New(rand.NewPCG(1, 2))), make([]float32, batch*net.Output().Shape.Size())
				kerneltest.Least(b, fmt.Sprintf("%s/%s/batch=%d", model, form, batch), batch*int(net.Count().MACs), func() {
					if err := p.Predict(out, x, batch); err != nil {
						b.Fatal(err)
					}
				})
			}
		}
	}
}
