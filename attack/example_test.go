package attack_test

import (
	"context"
	"fmt"

	"pare/attack"
)

// A logistic model with weights 2 and −1 holds an example of margin 0.9 against changes of less than
// 0.9/‖w‖₁ = 0.3 of every input.
func Example() {
	model, err := attack.Binary([]float64{2, -1}, 0)
	if err != nil {
		panic(err)
	}
	example := attack.Examples{X: []float64{0.75, 0.6}, Labels: []int{1}}
	for _, eps := range []float64{0.29, 0.31} {
		threat := attack.Threat{Norm: attack.Linf, Eps: eps, Range: attack.Range{Lower: 0, Upper: 1}}
		a, err := attack.New(model, threat, attack.NewPGD(), attack.Options{})
		if err != nil {
			panic(err)
		}
		r, err := a.Run(context.Background(), example)
		if err != nil {
			panic(err)
		}
		fmt.Printf("eps %.2f: broken %v, at %.2f\n", eps, r.Broken[0], r.X)
	}
	// Output:
	// eps 0.29: broken false, at [0.46 0.89]
	// eps 0.31: broken true, at [0.44 0.91]
}
