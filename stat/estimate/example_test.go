package estimate_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"pare/stat/estimate"
	"pare/stat/estimate/glasso"
)

// The same steps for every estimator: a request names the file and the λ, Run fits, and the
// result is text, JSON or files.
func Example() {
	dir, err := os.MkdirTemp("", "weather")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "weather.csv")
	if err := os.WriteFile(path, []byte("rain,sun,wind\n3,1,2\n0,5,1\n2,2,\n4,0,3\n1,4,1\n"), 0o644); err != nil {
		log.Fatal(err)
	}
	lambda := 0.3
	result, err := glasso.Request{
		Source:      estimate.Source{Path: path, Complete: true}, // a row without wind is left out
		Search:      estimate.Search{Lambda: &lambda},
		Correlation: true,
	}.Run()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Remarks())
	for _, e := range result.Chosen.Edges {
		fmt.Printf("%s – %s %+.2f\n", result.Variables[e.I], result.Variables[e.J], e.Partial)
	}
	files, err := result.Files()
	if err != nil {
		log.Fatal(err)
	}
	if err := estimate.WriteFolder(filepath.Join(dir, "network"), files); err != nil {
		log.Fatal(err)
	}
	// Output:
	// [1 of 5 rows with a missing cell are left out]
	// rain – sun -0.47
	// rain – wind +0.37
	// sun – wind -0.36
}
