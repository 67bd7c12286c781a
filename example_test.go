package pare_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"pare"
)

// A network learns from slices which points lie in a ring, loses half of its work, and is saved,
// read again and asked. Two inputs are noise.
func Example() {
	ctx, rng := context.Background(), rand.New(rand.NewPCG(1, 2))
	data := pare.Data{Shape: []int{4}, Classes: []string{"outside", "ring"}}
	for range 600 {
		x, y := 4*rng.Float32()-2, 4*rng.Float32()-2
		r := x*x + y*y
		data.X = append(data.X, x, y, rng.Float32(), rng.Float32())
		data.Y = append(data.Y, map[bool]float32{r > 0.6 && r < 2.4: 1}[true])
	}
	model, summary, err := pare.Train(ctx, pare.TrainOptions{Data: &data, YAML: `
model: {type: mlp, hidden: [32, 16]}
train: {epochs: 30, batch: 32, optimizer: {type: adam, lr: 0.02}}
penalties: [{type: group_lasso, on: neurons, lambda: 1e-3}]`})
	check(err)
	small, pruning, err := pare.Prune(ctx, model, pare.PruneOptions{MACs: 0.5}, &data)
	check(err)
	file := filepath.Join(os.TempDir(), "ring.onnx")
	defer os.Remove(file)
	check(pare.Export(small, file))
	again, err := pare.Load(file, pare.LoadOptions{})
	check(err)
	answers, err := pare.Predict(ctx, again, []float32{1, 0.5, 0, 0, 0.1, 0.1, 0, 0}) // in the ring, and in its hole
	check(err)
	fmt.Println(summary.AccuracyFinal > 0.9, 2*pruning.Report.After.MACs <= pruning.Report.Before.MACs)
	fmt.Println(answers[0][1] > 0.5, answers[1][0] > 0.5)
	// Output:
	// true true
	// true true
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
