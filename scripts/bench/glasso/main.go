// Command glasso fits a graphical lasso to a covariance in a file of float64 values,
// little-endian, row-major, and prints times and results as one line of JSON; scripts/bench/glasso.py
// runs it beside other solvers.
//
//	glasso -file S.bin -p 500 -lambda 0.1 [-correlation] [-diagonal] [-tolerance T] [-theta OUT.bin]
//	glasso -file X.bin -n 1000 -p 5000 -lambda 0.1     the file holds n observations
package main

import (
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"pare/stat/graphical"
)

type result struct {
	Seconds    float64 `json:"seconds"` // of the fit, with the check of S or the screening of data
	Objective  float64 `json:"objective"`
	Gap        float64 `json:"gap"`
	Tolerance  float64 `json:"tolerance"`
	Edges      int     `json:"edges"`
	Components int     `json:"components"`
	Iterations int     `json:"iterations"`
	Converged  bool    `json:"converged"`
}

func main() {
	file := flag.String("file", "", "matrix of float64 values")
	n := flag.Int("n", 0, "observations; 0: the file holds a covariance")
	p := flag.Int("p", 0, "variables")
	lambda := flag.Float64("lambda", 0, "penalty")
	correlation := flag.Bool("correlation", false, "scale to correlations")
	diagonal := flag.Bool("diagonal", false, "penalise the diagonal")
	tolerance := flag.Float64("tolerance", 0, "duality gap for each variable; 0: the default")
	theta := flag.String("theta", "", "file for the precision matrix; none by default")
	flag.Parse()
	if err := run(*file, *n, *p, *correlation, graphical.Penalty{Lambda: *lambda, Diagonal: *diagonal}, *tolerance, *theta); err != nil {
		fmt.Fprintln(os.Stderr, "glasso:", err)
		os.Exit(1)
	}
}

func run(file string, n, p int, correlation bool, pen graphical.Penalty, tolerance float64, theta string) error {
	rows := n
	if n == 0 {
		rows = p
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	values := make([]float64, rows*p)
	if _, err := binary.Decode(text, binary.LittleEndian, values); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	start := time.Now()
	c, err := covariance(values, n, p)
	if err != nil {
		return err
	}
	if correlation {
		c = c.Correlation()
	}
	net, err := graphical.Fit(c, pen, graphical.Options{Tolerance: tolerance})
	if err != nil {
		return err
	}
	seconds := time.Since(start).Seconds()
	if theta != "" {
		if text, err = binary.Append(nil, binary.LittleEndian, net.Theta()); err == nil {
			err = os.WriteFile(theta, text, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(result{seconds, net.Objective, net.Gap, net.Tolerance,
		len(net.Edges), len(net.Components), net.Iterations, net.Converged})
}

func covariance(values []float64, n, p int) (*graphical.Covariance, error) {
	if n > 0 {
		return graphical.FromData(values, n, p)
	}
	return graphical.FromMatrix(values, p, 0)
}
