package diffusion_test

import (
	"fmt"
	"log"
	"math/rand/v2"

	"pare/stat/diffusion"
)

// One round of consensus on a ring, found again from noisy observations.
func Example() {
	ring, err := diffusion.Ring(12)
	if err != nil {
		log.Fatal(err)
	}
	truth, err := diffusion.Consensus(ring, 0.3, 1)
	if err != nil {
		log.Fatal(err)
	}
	x, y, err := diffusion.Simulate(truth, 80, 20, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		log.Fatal(err)
	}
	problem := diffusion.Problem{X: x, Y: y, Symmetric: true, FreeDiagonal: true}
	cv, err := diffusion.CrossValidate(problem, diffusion.CVOptions{Relaxed: true})
	if err != nil {
		log.Fatal(err)
	}
	model := cv.Path[cv.OneSE]
	score, err := diffusion.Compare(truth, model.Kernel.Dense(), diffusion.CompareOptions{OffDiagonal: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("converged %v, %d edges, F1 %.2f\n", model.Converged, score.TruePositives/2, score.F1)
	// Output: converged true, 12 edges, F1 1.00
}
