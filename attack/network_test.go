package attack_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pare/attack"
	"pare/layers"
	"pare/nn"
)

type named struct {
	name  string
	layer nn.Layer
}

func network(t testing.TB, input nn.Shape, rng *rand.Rand, ls ...named) *nn.Network {
	t.Helper()
	net, err := nn.New("net", input, rng)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range ls {
		if err := net.Add(l.name, l.layer); err != nil {
			t.Fatal(err)
		}
	}
	return net
}

// singles rounds values to float32.
func singles(x []float64) []float64 {
	for i, v := range x {
		x[i] = float64(float32(v))
	}
	return x
}

// convolutional is a small network with a normalisation and a sum, of images of 2 channels.
func convolutional(t testing.TB, rng *rand.Rand) *nn.Network {
	net := network(t, nn.Shape{2, 8, 8}, rng,
		named{"conv1", &layers.Conv{Out: 8, Kernel: layers.Square(3), Pad: layers.Around(1)}},
		named{"bn1", &layers.BatchNorm{}}, named{"relu1", layers.ReLU()},
		named{"conv2", &layers.Conv{Out: 8, Kernel: layers.Square(3), Pad: layers.Around(1)}}, named{"bn2", &layers.BatchNorm{}})
	for _, l := range []struct {
		named
		inputs []string
	}{{named{"add", &layers.Add{}}, []string{"bn2", "relu1"}},
		{named{"relu2", layers.ReLU()}, nil}, {named{"pool", &layers.MaxPool{}}, nil},
		{named{"drop", &layers.Dropout{}}, nil}, {named{"flat", &layers.Flatten{}}, nil}, {named{"fc", &layers.Linear{Out: 5}}, nil}} {
		if err := net.Add(l.name, l.layer, l.inputs...); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range net.Params() { // running statistics and scales other than 0 and 1
		for i := range p.Data() {
			if v := p.Data()[i]; v == 0 || v == 1 {
				p.Data()[i] = v + float32(rng.Float64()/2)
			}
		}
	}
	return net
}

// The gradient by the input agrees with differences of the outputs.
func TestGradientOfInput(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	net := convolutional(t, rng)
	m, err := attack.NewNetwork(net, 4)
	if err != nil {
		t.Fatal(err)
	}
	const n, step = 3, 1e-3
	d, k := m.Shape().Size(), m.Outputs()
	x, gx, z, v := singles(normals(rng, n*d)), make([]float64, n*d), make([]float64, n*k), normals(rng, k)
	if err := m.Backward(x, gx, func(_ int, _, gz []float64) { copy(gz, v) }); err != nil {
		t.Fatal(err)
	}
	value := func(i int) float64 {
		if err := m.Forward(x, z); err != nil {
			t.Fatal(err)
		}
		return dot(v, z[i*k:][:k])
	}
	off := 0
	for range 200 {
		at := rng.IntN(n * d)
		old := x[at]
		x[at] = old + step
		up := value(at / d)
		x[at] = old - step
		down := value(at / d)
		x[at] = old
		if got := (up - down) / (2 * step); math.Abs(got-gx[at]) > 2e-3*(1+math.Abs(got)) {
			off++ // across a kink of a ReLU
		}
	}
	if off > 10 {
		t.Errorf("%d of 200 derivatives differ from differences", off)
	}
}

// Outputs and gradients of an example do not depend on the batch that it is computed in, and both
// passes compute the same outputs.
func TestBatchesAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	net := convolutional(t, rng)
	const n = 131
	d := net.Input.Size()
	x, v := singles(normals(rng, n*d)), normals(rng, 5)
	var z0, g0 []float64
	for _, batch := range []int{64, 24, 40, 90, 250} {
		m, err := attack.NewNetwork(net, batch)
		if err != nil {
			t.Fatal(err)
		}
		z, zb, gx := make([]float64, n*5), make([]float64, n*5), make([]float64, n*d)
		if err := m.Forward(x, z); err != nil {
			t.Fatal(err)
		}
		if err := m.Backward(x, gx, func(i int, out, gz []float64) { copy(zb[i*5:], out); copy(gz, v) }); err != nil {
			t.Fatal(err)
		}
		if z0 == nil {
			z0, g0 = z, gx
		}
		if !slices.Equal(z, zb) {
			t.Errorf("batch %d: outputs of both passes differ by up to %g", batch, distance(z, zb))
		}
		if !slices.Equal(z, z0) || !slices.Equal(gx, g0) {
			t.Errorf("batch %d: outputs differ by %g, gradients by %g from those in a batch of 72",
				batch, distance(z, z0), distance(gx, g0))
		}
	}
}

func distance(a, b []float64) float64 {
	most := 0.0
	for i := range a {
		most = max(most, math.Abs(a[i]-b[i]))
	}
	return most
}

// A network whose outputs no input can change, as penalties that are too strong leave it, is never
// broken.
func TestConstantNetwork(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	net := network(t, nn.Shape{6}, rng, named{"constant", layers.NewConstant(nn.Shape{4}, []float32{0, 1, 3, 2})})
	m, err := attack.NewNetwork(net, 24)
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float64, 5*6)
	e := attack.Examples{X: x, Labels: []int{2, 2, 0, 2, 3}}
	for name, a := range quick() {
		r := run(t, m, attack.Threat{Eps: 0.5, Range: attack.Range{Upper: 1}}, a, attack.Options{}, e)
		if r.Accuracy() != 0.6 {
			t.Errorf("%s: robust accuracy is %v, want 0.6", name, r.Accuracy())
		}
	}
	gx := make([]float64, len(x))
	calls := 0
	err = m.Backward(x, gx, func(row int, z, gz []float64) {
		if gz[0] = 1; row != calls || !slices.Equal(z, []float64{0, 1, 3, 2}) {
			t.Errorf("call %d is of row %d with outputs %v", calls, row, z)
		}
		calls++
	})
	if err != nil || calls != 5 || slices.ContainsFunc(gx, func(g float64) bool { return g != 0 }) {
		t.Errorf("%d calls, gradient %v, error %v", calls, gx, err)
	}
}
