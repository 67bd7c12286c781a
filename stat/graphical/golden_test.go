package graphical

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// TestGoldens compares with precision matrices of R's glasso and scikit-learn, written by
// testdata/goldens.py.
func TestGoldens(t *testing.T) {
	data, err := os.ReadFile("testdata/goldens.json")
	if err != nil {
		t.Fatal(err)
	}
	var problems []struct {
		Name            string
		P               int
		Lambda          float64
		Diagonal        bool
		S               []float64
		Sklearn, Glasso []float64
	}
	if err := json.Unmarshal(data, &problems); err != nil {
		t.Fatal(err)
	}
	if len(problems) < 10 {
		t.Fatalf("only %d problems", len(problems))
	}
	for _, g := range problems {
		t.Run(fmt.Sprintf("%s λ=%v diagonal=%v", g.Name, g.Lambda, g.Diagonal), func(t *testing.T) {
			pen := Penalty{Lambda: g.Lambda, Diagonal: g.Diagonal}
			n := mustFit(t, covariance(t, g.S, g.P), pen, Options{Tolerance: 1e-12})
			theta := n.Theta()
			// scikit-learn's Θ is asymmetric by some 1e-6 however tight its tolerance.
			compare := func(name string, want []float64, tolerance float64) {
				for k, v := range want {
					if math.Abs(theta[k]-v) > tolerance*(1+math.Abs(v)) {
						t.Errorf("Θ[%d,%d] = %v, %s has %v", k/g.P, k%g.P, theta[k], name, v)
					}
				}
				whole := mat.NewDense(g.P, g.P, want)
				even := mat.NewSymDense(g.P, nil)
				for i := range g.P {
					for j := range i + 1 {
						even.SetSym(i, j, (whole.At(i, j)+whole.At(j, i))/2)
					}
				}
				near(t, "objective beside "+name, n.Objective, objectiveOf(covariance(t, g.S, g.P), pen, even), 1e-9)
			}
			compare("glasso", g.Glasso, 1e-6)
			if !g.Diagonal {
				compare("scikit-learn", g.Sklearn, 1e-5)
			}
		})
	}
}
