package prune

import (
	"errors"
	"math/rand/v2"
	"testing"

	"pare/layers"
	"pare/nn"
)

// chain adds layers to a network, each behind the one before unless it names its inputs.
func chain(t *testing.T, input nn.Shape, rng *rand.Rand, list ...link) *nn.Network {
	t.Helper()
	net, err := nn.New("chain", input, rng)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		if err := net.Add(l.name, l.layer, l.inputs...); err != nil {
			t.Fatal(err)
		}
	}
	return net
}

type link struct {
	name   string
	layer  nn.Layer
	inputs []string
}

// valuesOf are the values of parameter i of a layer.
func valuesOf(net *nn.Network, layer string, i int) []float32 {
	node, _ := net.Lookup(layer)
	return node.Layer.Params()[i].Data()
}

// TestConstantsOfASumBehindItsReaders: a product reads units of a sum of which some are constant,
// a pooled branch reads others. The sum holds the constants, and so does the choice among its
// units that pruning puts before each reader, so that a second pass finds nothing to move.
func TestConstantsOfASumBehindItsReaders(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	net := chain(t, nn.Shape{2, 4, 4}, rng,
		link{"conv", &layers.Conv{Out: 6, Pad: layers.Around(1)}, nil},
		link{"residual", &layers.Conv{Out: 6, Pad: layers.Around(1)}, nil},
		link{"sum", &layers.Add{}, []string{"conv", "residual"}},
		link{"pool", &layers.GlobalPool{KeepDims: true}, []string{"sum"}},
		link{"factors", &layers.Conv{Out: 6, Kernel: layers.Square(1)}, nil},
		link{"sigmoid", sigmoid(t), nil},
		link{"mul", &layers.Mul{}, []string{"sum", "sigmoid"}},
		link{"depthwise", &layers.Depthwise{Kernel: layers.Square(3), Pad: layers.Around(1)}, nil},
		link{"head", &layers.GlobalPool{}, nil},
		link{"fc", &layers.Linear{Out: 3}, nil})
	zero := func(layer string, axis nn.Axis, units ...int) {
		node, _ := net.Lookup(layer)
		for _, p := range node.Layer.Params() {
			at := p.FindAxis(axis)
			if at < 0 || p.Role != nn.RoleWeight {
				continue
			}
			n, stride := p.AxisLen(at)
			for i := range p.Data() {
				for _, u := range units {
					if i/stride%n == u {
						p.Data()[i] = 0
					}
				}
			}
		}
	}
	for _, bias := range []string{"conv", "residual", "factors"} {
		for i := range valuesOf(net, bias, 1) {
			valuesOf(net, bias, 1)[i] = rng.Float32()
		}
	}
	zero("conv", nn.AxisOut, 1, 4) // constant in both operands, so in the sum
	zero("residual", nn.AxisOut, 1, 4)
	zero("fc", nn.AxisIn, 0) // the product does not compute unit 0, which the pool reads
	once, _, err := Prune(net, Options{})
	if err != nil {
		t.Fatal(err)
	}
	selected := false
	for _, n := range once.Nodes {
		selected = selected || n.Layer.Kind() == "select"
	}
	if !selected {
		t.Fatalf("no choice among the units of the sum: %s", kinds(once))
	}
	twice, report, err := Prune(once, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if kinds(once) != kinds(twice) || report.Before != report.After {
		t.Errorf("a second pass changed the network:\n%s %+v\n%s %+v", kinds(once), report.Before, kinds(twice), report.After)
	}
}

// cancelling is a network whose output no input changes: a sum of 400 constants that cancel to
// a millionth of the terms.
func cancelling(t *testing.T, rng *rand.Rand) *nn.Network {
	t.Helper()
	const n = 400
	net := chain(t, nn.Shape{3}, rng,
		link{"closed", &layers.Linear{Out: n}, nil},
		link{"sigmoid", sigmoid(t), nil},
		link{"fc", &layers.Linear{Out: 1}, nil})
	clear(valuesOf(net, "closed", 0))
	total := 0.0
	for i := range n {
		bias := &valuesOf(net, "closed", 1)[i]
		*bias = float32(rng.NormFloat64())
		w := &valuesOf(net, "fc", 0)[i]
		*w = float32(rng.NormFloat64())
		y := constantOf(t, *bias)
		if i == n-1 {
			*w = float32((1e-6 - total) / y)
		}
		total += float64(*w) * y
	}
	clear(valuesOf(net, "fc", 1))
	return net
}

func sigmoid(t *testing.T) *layers.Activation {
	t.Helper()
	l, err := nn.Layers.New("sigmoid")
	if err != nil {
		t.Fatal(err)
	}
	return l.(*layers.Activation)
}

// constantOf is the sigmoid of a value.
func constantOf(t *testing.T, v float32) float64 {
	t.Helper()
	return float64(sigmoid(t).Constants([]nn.Known{{Const: []bool{true}, Value: []float32{v}}}).Value[0])
}

// TestConstantOutputIsTheNetworksOwn: the constants that take the place of a network without
// influence are the outputs that it computes, bit for bit. Where they cancel, a sum in another
// order would differ by more than the certificate allows, and it may be no 0 where they are.
func TestConstantOutputIsTheNetworksOwn(t *testing.T) {
	for seed := range uint64(20) {
		net := cancelling(t, rand.New(rand.NewPCG(seed, 3)))
		for _, n := range []int{1, 8, 130} {
			small, report, err := Prune(net, Options{Random: n})
			if err != nil || report.Certificate.MaxAbsDiff != 0 || len(small.Nodes) != 1 {
				t.Errorf("seed %d, %d inputs: %+v, %v\n%s", seed, n, report.Certificate, err, kinds(small))
			}
		}
		if left, err := Remaining(net); err != nil || left.MACs != 0 {
			t.Errorf("%+v would be left: %v", left, err)
		}
	}
}

// TestCertificateOfZeros: a network that gives 0 only is no measure of a difference; another
// output in its place does not pass.
func TestCertificateOfZeros(t *testing.T) {
	build := func(v float32) *nn.Network {
		net := chain(t, nn.Shape{3}, nil, link{"fc", &layers.Linear{Out: 2}, nil})
		valuesOf(net, "fc", 1)[1] = v
		return net
	}
	if c, err := certify(build(0), build(0), Options{}); err != nil || c.MaxRelDiff != 0 {
		t.Errorf("%+v: %v", c, err)
	}
	if c, err := certify(build(0), build(1e-9), Options{}); !errors.Is(err, ErrCertificate) || c.MaxRelDiff != 1 {
		t.Errorf("0 became 1e-9: %+v, %v", c, err)
	}
}
