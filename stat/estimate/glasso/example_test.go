package glasso_test

import (
	"fmt"
	"os"

	"pare/report/graph"
	"pare/stat/estimate/glasso"
	"pare/stat/graphical"
)

func ExampleGraph() {
	c, err := graphical.FromMatrix([]float64{1, -0.5, -0.5, 1}, 2, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	network, err := graphical.Fit(c, graphical.Penalty{Lambda: 0.25}, graphical.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	g, err := glasso.Graph(network, []string{"rain", "sun"})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := graph.WriteCSV(os.Stdout, g); err != nil {
		fmt.Println(err)
	}
	// Output:
	// a,b,weight,partial_correlation
	// rain,sun,0.26666666666666666,-0.25
}
