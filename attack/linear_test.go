package attack_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"pare/attack"
	"pare/internal/kernel/parallel"
	"pare/layers"
	"pare/nn"
	"pare/stat/linear"
	"pare/stat/robust"
)

func normals(rng *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	return x
}

func dot(a, b []float64) (s float64) {
	for i, v := range a {
		s += v * b[i]
	}
	return s
}

func run(t *testing.T, m attack.Model, threat attack.Threat, a attack.Attack, o attack.Options, e attack.Examples) *attack.Result {
	t.Helper()
	attacker, err := attack.New(m, threat, a, o)
	if err != nil {
		t.Fatal(err)
	}
	r, err := attacker.Run(context.Background(), e)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// norm2 is the Euclidean length.
func norm2(v []float64) float64 { return math.Sqrt(dot(v, v)) }

// attacksOfLinear are attacks that find the worst point of a linear model.
func attacksOfLinear() map[string]attack.Attack {
	momentum := attack.NewPGD()
	momentum.Steps, momentum.Momentum, momentum.Start = 10, 1, "clean"
	restarts := attack.NewPGD()
	restarts.Restarts = 2
	clean := &attack.PGD{Steps: 5, Restarts: 1, Start: "clean"}
	return map[string]attack.Attack{"fgsm": &attack.FGSM{Start: "clean", Step: 1}, "pgd": clean, "momentum": momentum, "restarts": restarts}
}

// FGSM and PGD reach the worst loss, which duality gives: a perturbation moves the prediction by up
// to ε‖w‖, with the ℓ1 norm for Linf and the ℓ2 norm for L2.
func TestLinearClosedForm(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		d := 1 + rng.IntN(30)
		w, b := normals(rng, d), rng.NormFloat64()
		w[rng.IntN(d)] = 0
		x, y := normals(rng, d), rng.NormFloat64()
		eps := rng.Float64()
		for norm, dual := range map[attack.Norm]float64{attack.Linf: robust.Norm1(w), attack.L2: norm2(w)} {
			for name, a := range attacksOfLinear() {
				if norm == attack.L2 && name == "restarts" {
					continue // converges to the direction of w, but does not reach it
				}
				threat := attack.Threat{Norm: norm, Eps: eps, Range: attack.Unbounded}
				if name != "restarts" { // from a random start the other side of the number may be nearer
					regression, _ := attack.NewLinear([][]float64{w}, []float64{b})
					r := run(t, regression, threat, a, attack.Options{}, attack.Examples{X: x, Values: []float64{y}})
					residual := y - b - dot(w, r.X)
					near(t, name+" "+string(norm)+" square", residual*residual, robust.SquareLoss(y-b-dot(w, x), dual, eps))
				}
				binary, _ := attack.Binary(w, b)
				label := rng.IntN(2)
				r := run(t, binary, threat, a, attack.Options{Maximise: true}, attack.Examples{X: x, Labels: []int{label}})
				sign := float64(2*label - 1)
				loss := math.Log1p(math.Exp(-sign * (dot(w, r.X) + b)))
				near(t, name+" "+string(norm)+" logistic", loss, robust.LogisticLoss(sign*(dot(w, x)+b), dual, eps))
			}
		}
	}
}

func near(t *testing.T, name string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-12*(1+math.Abs(want)) {
		t.Errorf("%s: loss %v, the closed form %v", name, got, want)
	}
}

// The distance of an example to the boundary of a linear model is margin/‖w‖, in the dual norm: an
// attack of that radius and a little more breaks it, one of a little less does not.
func TestRadiusIsMet(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	parallel.SetThreads(1)
	defer parallel.SetThreads(0)
	for i := range 10000 {
		d := 1 + rng.IntN(20)
		w, b, x := normals(rng, d), rng.NormFloat64(), normals(rng, d)
		margin := dot(w, x) + b
		label := 0
		if margin > 0 {
			label = 1
		}
		norm, dual := attack.Linf, robust.Norm1(w)
		if i%2 == 1 {
			norm, dual = attack.L2, norm2(w)
		}
		radius := math.Abs(margin) / dual
		attacks := map[string]attack.Attack{"fgsm": &attack.FGSM{Start: "clean", Step: 1}, "pgd": &attack.PGD{Steps: 4, Restarts: 1, Start: "clean"}}
		for name, a := range attacks {
			for share, broken := range map[float64]bool{1 + 1e-9: true, 1 - 1e-9: false} {
				m, _ := attack.Binary(w, b)
				threat := attack.Threat{Norm: norm, Eps: radius * share, Range: attack.Unbounded}
				r := run(t, m, threat, a, attack.Options{}, attack.Examples{X: x, Labels: []int{label}})
				if r.Broken[0] != broken {
					t.Fatalf("model %d, %s, %s: broken %v at %v times the radius %v", i, name, norm, r.Broken[0], share, radius)
				}
			}
		}
	}
}

// Attacks on counts raise the loss of Options. At a count of 0 the loss rises with the predictor, so
// that they reach the worst case, where the squared error would mislead them: it falls first.
func TestAttackOnCounts(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 100 {
		d := 1 + rng.IntN(10)
		w, b, x, eps := normals(rng, d), -rng.Float64(), normals(rng, d), rng.Float64()
		m, _ := attack.NewLinear([][]float64{w}, []float64{b})
		eta := b + dot(w, x)
		for norm, dual := range map[attack.Norm]float64{attack.Linf: robust.Norm1(w), attack.L2: norm2(w)} {
			for name, a := range attacksOfLinear() {
				if norm == attack.L2 && name == "restarts" {
					continue
				}
				threat := attack.Threat{Norm: norm, Eps: eps, Range: attack.Unbounded}
				r := run(t, m, threat, a, attack.Options{Loss: attack.Poisson{}}, attack.Examples{X: x, Values: []float64{0}})
				near(t, name+" "+string(norm)+" count", linear.Poisson.Deviance(b+dot(w, r.X), 0),
					robust.Deviance(linear.Poisson, eta, 0, eps*dual, eps*dual))
			}
		}
	}
}

// A network of one linear layer computes in float32.
func TestOneLayerClosedForm(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	const d, n, eps = 40, 20, 0.1
	net := network(t, nn.Shape{d}, rng, named{"fc", &layers.Linear{Out: 2}})
	weight, bias := net.Params()[0].Data(), net.Params()[1].Data() // [in, out]
	w := make([]float64, d)
	for j := range w {
		w[j] = float64(weight[2*j+1]) - float64(weight[2*j])
	}
	b := float64(bias[1]) - float64(bias[0])
	x, labels := singles(normals(rng, n*d)), make([]int, n)
	for i := range labels {
		labels[i] = rng.IntN(2)
	}
	m, err := attack.NewNetwork(net, 8)
	if err != nil {
		t.Fatal(err)
	}
	for norm, dual := range map[attack.Norm]float64{attack.Linf: robust.Norm1(w), attack.L2: norm2(w)} {
		for name, a := range attacksOfLinear() {
			threat := attack.Threat{Norm: norm, Eps: eps, Range: attack.Unbounded}
			r := run(t, m, threat, a, attack.Options{Maximise: true}, attack.Examples{X: x, Labels: labels})
			for i, label := range labels {
				sign := float64(2*label - 1)
				got := robust.LogisticLoss(sign*(dot(w, r.X[i*d:][:d])+b), 0, 0)
				want := robust.LogisticLoss(sign*(dot(w, x[i*d:][:d])+b), dual, eps)
				if norm == attack.L2 && name == "restarts" {
					continue
				}
				if math.Abs(got-want) > 1e-5*(1+want) {
					t.Errorf("%s, %s, example %d: loss %v, the closed form %v", name, norm, i, got, want)
				}
			}
		}
	}
}
