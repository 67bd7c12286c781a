package attack_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"pare/attack"
	"pare/stat/linear"
)

// The adapters of fitted models give the predictions of the models.
func TestLinearModels(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	const n, d = 60, 5
	rows := make([][]float64, n)
	var flat []float64
	for i := range rows {
		rows[i] = normals(rng, d)
		flat = append(flat, rows[i]...)
	}
	x, err := linear.NewDenseRows(rows)
	if err != nil {
		t.Fatal(err)
	}
	for family, classes := range map[linear.Family]int{linear.Gaussian: 1, linear.Binomial: 2, linear.Multinomial: 3, linear.Poisson: 1} {
		y := make([]float64, n)
		for i := range y {
			y[i] = rows[i][0] - rows[i][1] + rng.NormFloat64()
			switch {
			case family == linear.Poisson:
				y[i] = math.Abs(math.Round(y[i]))
			case classes > 1:
				y[i] = float64(min(max(int(y[i]+float64(classes)/2), 0), classes-1))
			}
		}
		path, err := linear.FitPath(linear.Problem{X: x, Y: y, Family: family}, []float64{0.02}, linear.PathOptions{})
		if err != nil {
			t.Fatal(err)
		}
		m, err := attack.LinearModel(path.Models[0], family, d)
		if err != nil || m.Outputs() != classes {
			t.Fatal(m, err)
		}
		z := make([]float64, n*classes)
		if err := m.Forward(flat, z); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			out := z[i*classes:][:classes]
			got, want := out[0], 0.0
			if classes == 1 {
				want = path.Models[0].Predict(x)[i]
			} else {
				sum := 0.0
				for _, v := range out {
					sum += math.Exp(v)
				}
				p := path.Models[0].Probabilities(x)
				got, want = math.Exp(out[classes-1])/sum, p[len(p)-1][i]
			}
			if math.Abs(got-want) > 1e-12*(1+math.Abs(want)) {
				t.Fatalf("%s, row %d: %v, the model %v", family, i, got, want)
			}
		}
	}
	if _, err := attack.LinearModel(nil, linear.Family(99), d); err == nil {
		t.Error("an unknown family has an attack")
	}
}
