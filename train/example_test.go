package train_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"pare/datasets"
	"pare/layers"
	"pare/models"
	"pare/nn"
	"pare/train"
)

// A small network learns the sums of the adding problem. A *datasets.Loader is a source of
// batches for training and evaluation.
func Example() {
	ctx := context.Background()
	set, err := datasets.Load(ctx, "adding", &datasets.Adding{Length: 4}, datasets.Options{Train: 512, Validation: 64, Test: 64, Seed: 1})
	if err != nil {
		panic(err)
	}
	training, err := datasets.NewLoader(set.Train, set.Task, 32, 1)
	if err != nil {
		panic(err)
	}
	validation, err := datasets.NewLoader(set.Validation, set.Task, 32, 1)
	if err != nil {
		panic(err)
	}
	task := models.Task{Input: nn.Shape(set.Task.Input), Targets: 1}
	net, err := models.Build(&models.MLP{Hidden: []int{16}}, task, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		panic(err)
	}
	before, err := train.Evaluate(ctx, net, validation, 32, layers.MeanSquare{})
	if err != nil {
		panic(err)
	}
	trainer, err := train.New(net, train.Options{Train: training, Val: validation, Loss: layers.MeanSquare{},
		Optimizer: train.NewAdam(0.01), Schedule: &train.Cosine{Min: 0.1}, Epochs: 5})
	if err != nil {
		panic(err)
	}
	result, err := trainer.Fit(ctx)
	if err != nil {
		panic(err)
	}
	fmt.Println("epochs:", result.Epochs, "steps:", result.Steps)
	fmt.Println("the loss fell below a third:", result.Val.Loss < before.Loss/3)
	// Output:
	// epochs: 5 steps: 80
	// the loss fell below a third: true
}
