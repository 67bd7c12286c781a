package nn_test

import (
	"fmt"
	"math/rand/v2"

	"pare/layers"
	"pare/nn"
)

// A network is described layer by layer, compiled for training, and run: one pass forward
// and one back.
func ExampleNetwork() {
	net, err := nn.New("example", nn.Shape{1, 8, 8}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		panic(err)
	}
	for _, l := range []struct {
		name string
		nn.Layer
	}{
		{"conv", &layers.Conv{Out: 4, Pad: layers.Around(1)}},
		{"relu", layers.ReLU()},
		{"pool", &layers.GlobalPool{}},
		{"fc", &layers.Linear{Out: 3}},
	} {
		if err := net.Add(l.name, l.Layer); err != nil {
			panic(err)
		}
	}
	for _, node := range net.Nodes {
		fmt.Println(node.Name, node.Shape)
	}

	program, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Train, Batch: 2, Loss: layers.CrossEntropy{}})
	if err != nil {
		panic(err)
	}
	for i := range program.X {
		program.X[i] = float32(i % 5)
	}
	copy(program.Target, []float32{0, 2})
	program.Run()
	fmt.Println(len(program.Output()), "logits, a loss:", program.Loss() > 0)
	for _, p := range net.Params() {
		fmt.Println(p.Full, p.Shape(), len(program.Grad(p.Param)), "gradients")
	}
	// Output:
	// conv 4×8×8
	// relu 4×8×8
	// pool 4
	// fc 3
	// 6 logits, a loss: true
	// conv.weight [3 3 1 4] 36 gradients
	// conv.bias [4] 4 gradients
	// fc.weight [4 3] 12 gradients
	// fc.bias [3] 3 gradients
}
