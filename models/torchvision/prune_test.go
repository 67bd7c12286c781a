package torchvision

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pare/models"
	"pare/nn"
	"pare/prune"
)

// narrow are small networks of every family.
var narrow = []struct {
	kind  string
	width float64
	side  int
}{
	{"vgg11", 0.125, 32}, {"vgg13_bn", 0.125, 64}, {"resnet18", 0.125, 32}, {"resnet50", 0.0625, 32}, {"resnext50_32x4d", 0.25, 32},
	{"densenet121", 0.125, 32}, {"googlenet", 0.0625, 32}, {"mobilenet_v2", 0.25, 32}, {"mobilenet_v3_small", 0.25, 32},
	{"mobilenet_v3_large", 0.25, 32}, {"efficientnet_b0", 0.25, 32},
}

func buildNarrow(t *testing.T, kind string, width float64, side int, rng *rand.Rand) *nn.Network {
	t.Helper()
	m := newModel(t, kind)
	switch m := m.(type) {
	case *VGG:
		m.Width, m.Pool, m.Hidden = width, 1+side/64, 16
	case *ResNet:
		m.Width = width
	case *DenseNet:
		m.Width = width
	case *GoogLeNet:
		m.Width = width
	case *MobileNetV2:
		m.Width = width
	case *MobileNetV3:
		m.Width = width
	case *EfficientNet:
		m.Width = width
	}
	net, err := models.Build(m, images(side, 5), rng)
	if err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	return net
}

// plant gives a network random normalisations and biases, and closes units: some of their
// parameters are 0, or all but the shift, so that they are constant.
func plant(net *nn.Network, rng *rand.Rand) {
	for _, node := range net.Nodes {
		params := node.Layer.Params()
		for _, p := range params {
			if p.Role != nn.RoleWeight {
				p.Uniform(0.2, rng)
			}
			if p.Role == nn.RoleScale || p.Name == "running_var" {
				for i := range p.Data() {
					p.Data()[i] = 0.5 + rng.Float32()
				}
			}
		}
		if rng.IntN(4) > 0 || node == net.Output() {
			continue
		}
		shift := rng.IntN(2) == 0
		for u := range node.Shape.Units() {
			if rng.IntN(3) > 0 {
				continue
			}
			for _, p := range params {
				if p.Role == nn.RoleBuffer || shift && (p.Role == nn.RoleShift || p.Role == nn.RoleBias) {
					continue
				}
				n, stride := p.AxisLen(p.FindAxis(nn.AxisOut))
				for i := range p.Data() {
					if i/stride%n == u {
						p.Data()[i] = 0
					}
				}
			}
		}
	}
}

// TestPlantedZeros: the pruned network computes the same, which the certificate checks, and has
// nothing more to remove.
func TestPlantedZeros(t *testing.T) {
	for _, c := range narrow {
		t.Run(c.kind, func(t *testing.T) {
			for seed := range uint64(2) {
				rng := rand.New(rand.NewPCG(seed, 7))
				net := buildNarrow(t, c.kind, c.width, c.side, rng)
				plant(net, rng)
				small, report, err := prune.Prune(net, prune.Options{Random: 4})
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				if report.After.Params >= report.Before.Params {
					t.Errorf("seed %d: nothing was removed of %+v", seed, report.Before)
				}
				again, second, err := prune.Prune(small, prune.Options{Random: 4})
				if err != nil {
					t.Fatalf("seed %d, second pass: %v", seed, err)
				}
				if second.After != second.Before || len(again.Nodes) != len(small.Nodes) {
					t.Errorf("seed %d: a second pass changed the network: %s", seed, fmt.Sprintf("%+v to %+v", second.Before, second.After))
				}
			}
		})
	}
}
