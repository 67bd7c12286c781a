package attack_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pare/attack"
	"pare/internal/kernel/parallel"
	"pare/layers"
	"pare/nn"
)

// quick are all attacks with few steps.
func quick() map[string]attack.Attack {
	apgd, dlr, targeted := attack.NewAPGD(), attack.NewAPGD(), attack.NewAPGDT()
	fab, nearest, square, standard := attack.NewFAB(), attack.NewFAB(), attack.NewSquare(), attack.NewStandard()
	apgd.Steps, dlr.Steps, dlr.Loss, targeted.Steps, targeted.Targets = 8, 8, "dlr", 5, 3
	fab.Steps, fab.Targets, fab.Restarts, nearest.Steps, nearest.Targets, square.Queries = 5, 3, 2, 4, 0, 30
	standard.Steps, standard.Targets, standard.Queries = 3, 2, 10
	return map[string]attack.Attack{
		"fgsm":     &attack.FGSM{Start: "random", Step: 1.25},
		"pgd":      &attack.PGD{Steps: 4, Restarts: 2, Start: "random"},
		"near":     &attack.PGD{Steps: 3, Restarts: 1, Start: "near", Loss: "kl"},
		"momentum": &attack.PGD{Steps: 3, Restarts: 1, Start: "clean", Momentum: 1, Loss: "margin"},
		"apgd":     apgd, "dlr": dlr, "apgdt": targeted, "fab": fab, "fab of all classes": nearest, "square": square, "standard": standard,
	}
}

// pixels are n examples of values in 0..1, some at the ends, as the network reads them in float32,
// with the classes that it gives them.
func pixels(t testing.TB, m attack.Model, r attack.Range, n int, rng *rand.Rand) attack.Examples {
	t.Helper()
	x := make([]float64, n*m.Shape().Size())
	for i := range x {
		v := float64(rng.IntN(256)) / 255
		if rng.IntN(4) == 0 {
			v = float64(rng.IntN(2))
		}
		if c := i % m.Shape().Units(); r.Std != nil {
			v = (v - r.Mean[c]) / r.Std[c]
		}
		x[i] = float64(float32(v))
	}
	return attack.Examples{X: x, Labels: classes(t, m, x)}
}

func classes(t testing.TB, m attack.Model, x []float64) []int {
	t.Helper()
	n, k := len(x)/m.Shape().Size(), m.Outputs()
	z, labels := make([]float64, n*k), make([]int, n)
	if err := m.Forward(x, z); err != nil {
		t.Fatal(err)
	}
	for i := range labels {
		labels[i] = attack.Predicted(z[i*k:][:k])
	}
	return labels
}

// No attack leaves the ball or the range, in the precision of the model; where it says that the
// model is wrong, it is.
func TestNeverLeavesBallOrRange(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	m, err := attack.NewNetwork(convolutional(t, rng), 24)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []attack.Range{{Upper: 1}, {Upper: 1, Mean: []float64{0.1307, 0.4914}, Std: []float64{0.3081, 0.2471}}} {
		e := pixels(t, m, r, 8, rng)
		for norm, radii := range map[attack.Norm][]float64{attack.Linf: {0, 1.0 / 255, 0.3, 2}, attack.L2: {0, 0.01, 3}} {
			for _, eps := range radii {
				for name, a := range quick() {
					result := run(t, m, attack.Threat{Norm: norm, Eps: eps, Range: r}, a, attack.Options{}, e)
					inside(t, name, norm, eps, r, e.X, result.X, m.Shape().Size(), m.Shape().Units())
					for i, label := range classes(t, m, result.X) {
						if (label != e.Labels[i]) != result.Broken[i] {
							t.Errorf("%s, %s %v: broken %v, but the network gives class %d for %d",
								name, norm, eps, result.Broken[i], label, e.Labels[i])
						}
						if result.Broken[i] != (result.By[i] != "") {
							t.Errorf("%s, %s %v: broken %v by %q", name, norm, eps, result.Broken[i], result.By[i])
						}
					}
					if eps == 0 && (result.Accuracy() != 1 || !slices.Equal(result.X, e.X)) {
						t.Errorf("%s, %s: at eps 0 inputs change", name, norm)
					}
				}
			}
		}
	}
}

// inside checks points against ball and range; the clean input may be out of the range by rounding.
func inside(t *testing.T, name string, norm attack.Norm, eps float64, r attack.Range, clean, x []float64, d, channels int) {
	t.Helper()
	sum := 0.0
	for j, v := range x {
		mean, std := 0.0, 1.0
		if r.Std != nil {
			mean, std = r.Mean[j%channels], r.Std[j%channels]
		}
		if v != float64(float32(v)) {
			t.Fatalf("%s: %v is no float32", name, v)
		}
		delta := (v - clean[j]) * std
		if math.Abs(delta) > eps {
			t.Fatalf("%s, %s: a value moved by %v, eps is %v", name, norm, delta, eps)
		}
		if j%d == 0 {
			sum = 0
		}
		if sum += delta * delta; norm == attack.L2 && math.Sqrt(sum) > eps {
			t.Fatalf("%s: a move of length %v, eps is %v", name, math.Sqrt(sum), eps)
		}
		lower, upper := min(r.Lower, clean[j]*std+mean), max(r.Upper, clean[j]*std+mean)
		if u := v*std + mean; u < lower || u > upper {
			t.Fatalf("%s, %s %v: the value %v is out of %v..%v", name, norm, eps, u, r.Lower, r.Upper)
		}
	}
}

// Results are the same for any number of threads, size of chunks and size of batches, and for an
// example alone.
func TestResultsDependOnExamplesAlone(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	net := convolutional(t, rng)
	r := attack.Range{Upper: 1}
	model := func(batch int) attack.Model {
		m, err := attack.NewNetwork(net, batch)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	e := pixels(t, model(24), r, 30, rng)
	threat := attack.Threat{Eps: 0.02, Range: r}
	d := net.Input.Size()
	for name, a := range quick() {
		options := func(chunk int) attack.Options {
			return attack.Options{Random: rand.New(rand.NewPCG(1, 9)), Chunk: chunk}
		}
		whole := run(t, model(48), threat, a, options(0), e)
		parallel.SetThreads(1)
		chunks := run(t, model(24), threat, a, options(7), e)
		parallel.SetThreads(0)
		if !slices.Equal(whole.X, chunks.X) || !slices.Equal(whole.By, chunks.By) {
			t.Errorf("%s: other points with one thread, batches of 24 and chunks of 7", name)
		}
		const i = 11
		alone := run(t, model(24), threat, a, options(0), attack.Examples{X: e.X[i*d:][:d], Labels: e.Labels[i:][:1], First: i})
		if !slices.Equal(alone.X, whole.X[i*d:][:d]) {
			t.Errorf("%s: another point for an example alone", name)
		}
		other := run(t, model(24), threat, a, attack.Options{Random: rand.New(rand.NewPCG(2, 9))}, e)
		if name == "square" && slices.Equal(other.X, whole.X) {
			t.Errorf("%s: the same points with other random numbers", name)
		}
	}
}

// Radii of any size keep points finite and in the ball.
func TestExtremeRadii(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 10))
	single, err := attack.NewNetwork(network(t, nn.Shape{6}, rng, named{"fc", &layers.Linear{Out: 3}}), 24)
	if err != nil {
		t.Fatal(err)
	}
	sequence, err := attack.NewNetwork(network(t, nn.Shape{2, 3}, rng, named{"flat", &layers.Flatten{}}, named{"fc", &layers.Linear{Out: 3}}), 24)
	if err != nil {
		t.Fatal(err)
	}
	double, err := attack.NewLinear([][]float64{normals(rng, 6), normals(rng, 6), normals(rng, 6)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []attack.Model{single, sequence, double} {
		x := singles(normals(rng, 4*6))
		e := attack.Examples{X: x, Labels: classes(t, m, x)}
		for _, norm := range []attack.Norm{attack.Linf, attack.L2} {
			for _, eps := range []float64{5e-324, 1e-45, 1e-10, 1, 1e10, 1e30} {
				for name, a := range quick() {
					r := run(t, m, attack.Threat{Norm: norm, Eps: eps, Range: attack.Unbounded}, a, attack.Options{}, e)
					for i := range e.Labels {
						sum := 0.0
						for j := range 6 {
							d := r.X[i*6+j] - x[i*6+j]
							sum += d * d
							if !(math.Abs(d) <= eps) {
								t.Fatalf("%s, %s %v: a move of %v", name, norm, eps, d)
							}
						}
						if norm == attack.L2 && math.Sqrt(sum) > eps && eps > 1e-100 {
							t.Fatalf("%s, %s %v: a move of length %v", name, norm, eps, math.Sqrt(sum))
						}
					}
				}
			}
		}
	}
}

// An input whose normalised value is near 0 goes back into a ball that is smaller than its last bit.
func TestBallSmallerThanRounding(t *testing.T) {
	m, err := attack.NewLinear([][]float64{{1, 2}, {2, 1}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := attack.Unbounded
	r.Mean, r.Std = []float64{0.13}, []float64{0.3}
	for _, x := range []float64{1e-6, 1e-9, 1e-30} {
		for _, norm := range []attack.Norm{attack.Linf, attack.L2} {
			for _, eps := range []float64{0, 1e-40, 1e-12} {
				result := run(t, m, attack.Threat{Norm: norm, Eps: eps, Range: r}, &attack.FGSM{Start: "clean", Step: 1},
					attack.Options{Maximise: true}, attack.Examples{X: []float64{x, x / 2}, Labels: []int{1}})
				for j, v := range result.X {
					if d := math.Abs(v-[]float64{x, x / 2}[j]) * 0.3; !(d <= eps) {
						t.Errorf("x %g, %s %g: a value moves by %g", x, norm, eps, d)
					}
				}
			}
		}
	}
}

// Where outputs are flat the boundary that FAB aims at is beyond all numbers of float32: without limits of
// the range it must not go there.
func TestFlatOutputsWithoutRange(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	net := network(t, nn.Shape{6}, rng, named{"fc", &layers.Linear{Out: 8}}, named{"act", sigmoid(t)}, named{"out", &layers.Linear{Out: 4}})
	for i := range net.Params()[0].Data() {
		net.Params()[0].Data()[i] *= 100
	}
	m, err := attack.NewNetwork(net, 24)
	if err != nil {
		t.Fatal(err)
	}
	x := singles(normals(rng, 200*6))
	e := attack.Examples{X: x, Labels: classes(t, m, x)}
	for _, norm := range []attack.Norm{attack.Linf, attack.L2} {
		for _, a := range quick() {
			run(t, m, attack.Threat{Norm: norm, Eps: 0.3, Range: attack.Unbounded}, a, attack.Options{}, e)
		}
	}
}

func sigmoid(t testing.TB) nn.Layer {
	t.Helper()
	l, err := nn.Layers.New("sigmoid")
	if err != nil {
		t.Fatal(err)
	}
	return l
}
