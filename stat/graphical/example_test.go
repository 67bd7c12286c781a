package graphical_test

import (
	"fmt"

	"pare/stat/graphical"
)

func Example() {
	// Correlations of three variables; the first and the last are linked through the second.
	s := []float64{
		1, 0.5, 0.25,
		0.5, 1, 0.5,
		0.25, 0.5, 1,
	}
	c, err := graphical.FromMatrix(s, 3, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	network, err := graphical.Fit(c, graphical.Penalty{Lambda: 0.2}, graphical.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("objective %.4f, converged %v\n", network.Objective, network.Converged)
	for _, e := range network.Edges {
		fmt.Printf("%d – %d: partial correlation %.2f\n", e.I, e.J, e.Partial)
	}
	// Output:
	// objective 2.8114, converged true
	// 0 – 1: partial correlation 0.29
	// 1 – 2: partial correlation 0.29
}
