package infer_test

import (
	"fmt"
	"log"

	"pare/infer"
	"pare/layers"
	"pare/nn"
)

// A predictor is made once and serves any number of goroutines.
func Example() {
	net, err := nn.New("sum and difference", nn.Shape{2}, nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := net.Add("fc", &layers.Linear{Out: 2}); err != nil {
		log.Fatal(err)
	}
	copy(net.Params()[0].Data(), []float32{1, 1, 1, -1}) // [in, out]

	p, err := infer.New(net, infer.Options{})
	if err != nil {
		log.Fatal(err)
	}
	out := make([]float32, 2*p.Output().Size())
	if err := p.Predict(out, []float32{3, 1, 10, 4}, 2); err != nil {
		log.Fatal(err)
	}
	fmt.Println(out)
	// Output: [4 2 14 6]
}
