package linear_test

import (
	"fmt"
	"log"

	"pare/stat/linear"
)

// A lasso path over three features, of which the response follows the first two.
func Example() {
	x, err := linear.NewDenseRows([][]float64{
		{1, 1, 1},
		{1, -1, -1},
		{-1, 1, -1},
		{-1, -1, 1},
		{1, 1, -1},
		{1, -1, 1},
		{-1, 1, 1},
		{-1, -1, -1},
	})
	if err != nil {
		log.Fatal(err)
	}
	y := []float64{2.1, 3.9, -3.9, -2.1, 1.9, 4.1, -4.1, -1.9} // about 3x₁ − x₂
	problem := linear.Problem{X: x, Y: y}
	path, err := linear.FitPath(problem, []float64{2, 0.5, 0.1}, linear.PathOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("nothing is selected from lambda %.1f on\n", path.LambdaMax)
	for _, m := range path.Models {
		fmt.Printf("lambda %.1f: coefficients %.2f, gap below 1e-9: %v\n", m.Lambda, m.Coefficients(3), m.Gap < 1e-9)
	}
	// Output:
	// nothing is selected from lambda 3.0 on
	// lambda 2.0: coefficients [1.00 0.00 0.00], gap below 1e-9: true
	// lambda 0.5: coefficients [2.50 -0.50 0.00], gap below 1e-9: true
	// lambda 0.1: coefficients [2.90 -0.90 0.00], gap below 1e-9: true
}
